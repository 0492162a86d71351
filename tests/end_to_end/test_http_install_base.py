"""The install base over HTTP: what somebody has, and had."""

from typing import Any

import httpx
import pytest

from tests.end_to_end.http_system import ORDERS, OURS, app, at_site, client, in_state, order, system

__all__ = ["app", "client", "system"]

BASE = f"{OURS}/installBase"


async def completed(client: httpx.AsyncClient, document: dict[str, Any]) -> dict[str, Any]:
    made = await client.post(ORDERS, json=document)
    assert made.status_code == 201, made.text
    return await in_state(client, made.json()["id"], "completed")


async def test_what_a_customer_and_a_site_have_and_had(client: httpx.AsyncClient) -> None:
    done = await completed(client, order("base-1", item=at_site("base-site-1")))
    of_customer = (await client.get(BASE, params={"customer": "base-1"})).json()
    assert [(each["productOffering"]["id"], each["status"]) for each in of_customer["product"]] == [("mobile-line", "active")]
    assert {each["state"] for each in of_customer["service"]} == {"active"}
    assert {each["id"] for each in of_customer["service"]} == {each["id"] for each in of_customer["product"][0]["realizingService"]}
    of_site = (await client.get(BASE, params={"site": "base-site-1"})).json()
    assert of_site["product"] == of_customer["product"]
    before = {"customer": "base-1", "at": done["orderDate"].replace("2", "1", 1)}
    assert (await client.get(BASE, params=before)).json()["product"] == []
    unknown_then = {"customer": "base-1", "knownAt": "1999-01-01"}
    assert (await client.get(BASE, params=unknown_then)).json()["product"] == []
    assert (await client.get(BASE, params={"customer": "nobody-at-all"})).json()["product"] == []


@pytest.mark.parametrize("query", ["", "at=2026-03-03", "customer=c&at=yesterday", "customer=c&since=2026-03-03", "customer="])
async def test_a_question_that_is_none_is_refused(client: httpx.AsyncClient, query: str) -> None:
    response = await client.get(f"{BASE}?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "invalidQuery")


async def test_what_was_sold_and_what_was_configured_are_read_and_found(client: httpx.AsyncClient) -> None:
    await completed(client, order("halves-1", item=at_site("halves-site-1")))
    (sold,) = (await client.get(f"{OURS}/soldProduct", params={"relatedParty.id": "halves-1", "productOffering.id": "mobile-line"})).json()
    assert (sold["@type"], sold["status"], sold["productOrderItem"][0]["orderItemId"]) == ("SoldProduct", "active", "1")
    assert (await client.get(sold["href"])).json() == sold
    (reference,) = sold["installBaseItem"]
    item = (await client.get(reference["href"])).json()
    assert (item["@type"], item["productSpecification"]["id"], item["soldProduct"]["href"]) == (
        "InstallBaseItem",
        "mobile-line",
        sold["href"],
    )
    for query in (
        {"place.id": "halves-site-1"},
        {"soldProduct.id": sold["id"]},
        {"productCharacteristic.name": "simType", "place.id": "halves-site-1"},
    ):
        assert (await client.get(f"{OURS}/installBaseItem", params=query)).json() == [item]
    assert (await client.get(f"{OURS}/soldProduct", params={"place.id": "halves-site-1"})).status_code == 400
    assert (await client.get(f"{OURS}/soldProduct/pr-nobody")).status_code == 404


async def test_a_bundle_is_no_configured_instance(client: httpx.AsyncClient) -> None:
    lines = {"@catalogVersion": "1.0", "status": "active", "relatedParty": [{"id": "halves-2", "role": "customer"}]}
    products = "/tmf-api/productInventory/v4/product"
    part = (await client.post(products, json={**lines, "externalId": "part", "productOffering": {"id": "tv"}})).json()
    related = [{"relationshipType": "bundles", "product": {"id": "part"}}]
    bundle = (await client.post(products, json={**lines, "productOffering": {"id": "triple-play"}, "productRelationship": related})).json()
    found = await client.get(f"{OURS}/installBaseItem", params={"relatedParty.id": "halves-2"})
    assert ([each["id"] for each in found.json()], found.headers["x-total-count"]) == ([part["id"]], "1")
    assert (await client.get(f"{OURS}/installBaseItem/{bundle['id']}")).status_code == 404
    sold = (await client.get(f"{OURS}/soldProduct/{bundle['id']}")).json()
    assert [each["id"] for each in sold["installBaseItem"]] == [part["id"]]
