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
