"""An install base of elsewhere over HTTP: loaded, repeated, refused, corrected, ordered against (contract, "Over HTTP")."""

from typing import Any

import httpx
import pytest

from api.http.examples import PRODUCT, PRODUCT_CORRECTION, SERVICE, SERVICE_CORRECTION
from tests.end_to_end.http_system import ORDERS, OURS, app, client, in_state, system
from tests.wire.tmf import faults

__all__ = ["app", "client", "system"]

PRODUCTS = "/tmf-api/productInventory/v4/product"
SERVICES = "/tmf-api/serviceInventory/v4/service"
COLLECTIONS = [(PRODUCTS, PRODUCT, PRODUCT_CORRECTION, "Product"), (SERVICES, SERVICE, SERVICE_CORRECTION, "Service")]


def of(customer: str, document: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**document, "relatedParty": [{"id": customer, "role": "customer", "@referredType": "Customer"}], **more}


async def loaded(client: httpx.AsyncClient, path: str, document: dict[str, Any]) -> dict[str, Any]:
    response = await client.post(path, json=document)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


@pytest.mark.parametrize(("path", "document", "correction", "name"), COLLECTIONS)
async def test_what_was_built_elsewhere_is_loaded_read_found_and_corrected(
    client: httpx.AsyncClient, path: str, document: dict[str, Any], correction: dict[str, Any], name: str
) -> None:
    sent = of(f"load-{name}", document, **{"x-colour": {"deep": [1]}})
    response = await client.post(path, json=sent)
    made = response.json()
    assert (response.status_code, response.headers["location"]) == (201, made["href"])
    assert faults(name, made) == []
    assert (made["externalId"], made["startDate"], made["x-colour"]) == (document["externalId"], document["startDate"], {"deep": [1]})
    assert (await client.get(path, params={"externalId": document["externalId"], "relatedParty.id": f"load-{name}"})).json() == [made]
    corrected = await client.patch(made["href"], json={**correction, "description": "as it really is", "x-colour": None})
    assert corrected.status_code == 200, corrected.text
    assert faults(name, corrected.json()) == []
    assert "x-colour" not in corrected.json()
    assert corrected.json() == (await client.get(made["href"])).json() | {"description": "as it really is"}


@pytest.mark.parametrize(("path", "document", "correction", "name"), COLLECTIONS)
async def test_the_same_again_is_the_same_and_something_else_is_refused(
    client: httpx.AsyncClient, path: str, document: dict[str, Any], correction: dict[str, Any], name: str
) -> None:
    sent = of(f"again-{name}", document)
    made = await loaded(client, path, sent)
    again = await client.post(path, json=sent)
    assert (again.status_code, again.json()) == (200, made)
    other = await client.post(path, json={**sent, "description": "another"})
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert made["id"] in other.json()["message"]
    elsewhere = await client.post(path, json={**of(f"again-{name}-2", document), "description": "another"})
    assert elsewhere.status_code == 201


@pytest.mark.parametrize(
    ("path", "changed", "status", "field"),
    [
        (PRODUCTS, {"status": None}, 400, "status"),
        (PRODUCTS, {"status": "gone"}, 400, "status"),
        (PRODUCTS, {"status": "pendingActive"}, 422, "status"),
        (PRODUCTS, {"relatedParty": []}, 422, "relatedParty"),
        (PRODUCTS, {"startDate": "yesterday"}, 400, "startDate"),
        (PRODUCTS, {"startDate": "2999-01-01T00:00:00Z"}, 400, "startDate"),
        (PRODUCTS, {"productOffering": {"id": "smoke-signals"}}, 422, "productOffering.id"),
        (PRODUCTS, {"productCharacteristic": [{"name": "simType", "value": "paper"}]}, 422, "productCharacteristic[simType]"),
        (PRODUCTS, {"realizingService": [{"id": "nobody"}]}, 422, "realizingService[0].id"),
        (SERVICES, {"serviceSpecification": None}, 400, "serviceSpecification"),
        (SERVICES, {"state": "gone"}, 400, "state"),
        (SERVICES, {"supportingService": [{"id": "nobody"}]}, 422, "supportingService[0].id"),
    ],
)
async def test_what_is_wrong_is_refused_with_the_field(
    client: httpx.AsyncClient, path: str, changed: dict[str, Any], status: int, field: str
) -> None:
    base = PRODUCT if path == PRODUCTS else SERVICE
    sent = {name: value for name, value in {**of("wrong", base), **changed}.items() if value is not None}
    response = await client.post(path, json=sent)
    assert response.status_code == status, response.text
    assert field in response.json()["message"]
    assert response.json()["errors"][0]["path"].startswith(field)


@pytest.mark.parametrize(
    ("patch", "status"),
    [
        ({"id": "other"}, 400),
        ({"productOffering": {"id": "tv"}}, 400),
        ({"relatedParty": [{"id": "somebody-else", "role": "customer"}]}, 400),
        ({"status": "pendingTerminate"}, 409),
        ({"status": "created"}, 409),
        ({"productCharacteristic": "esim"}, 400),
    ],
)
async def test_a_correction_says_nothing_that_makes_it_another_product(client: httpx.AsyncClient, patch: Any, status: int) -> None:
    response = await client.post(PRODUCTS, json=of("fixed", PRODUCT))
    refused = await client.patch(response.json()["href"], json=patch)
    assert refused.status_code == status, refused.text
    assert (await client.get(response.json()["href"])).json() == response.json()


async def test_what_has_ended_stays_so(client: httpx.AsyncClient) -> None:
    made = await loaded(client, PRODUCTS, of("ended", PRODUCT, status="terminated", terminationDate="2024-05-01T00:00:00Z"))
    assert (made["status"], made["terminationDate"]) == ("terminated", "2024-05-01T00:00:00Z")
    assert (await client.patch(made["href"], json={"status": "active"})).status_code == 409
    base = {"customer": "ended"}
    assert (await client.get(f"{OURS}/installBase", params=base)).json()["product"] == []
    then = (await client.get(f"{OURS}/installBase", params={**base, "at": "2023-01-01"})).json()["product"]
    assert [each["status"] for each in then] == ["active"]


async def test_an_order_ends_what_was_never_built_here_and_meanwhile_nobody_corrects_it(client: httpx.AsyncClient) -> None:
    made = await loaded(client, PRODUCTS, of("ending", PRODUCT))
    order = {
        **of("ending", {}),
        "requestedStartDate": "2999-01-01T00:00:00Z",
        "productOrderItem": [{"id": "1", "action": "modify", "product": {"id": made["id"]}}],
    }
    waiting = (await client.post(ORDERS, json=order)).json()
    refused = await client.patch(made["href"], json={"status": "suspended"})
    assert (refused.status_code, waiting["id"] in refused.json()["message"]) == (409, True)
    cancels = ORDERS.replace("productOrder", "cancelProductOrder", 2).replace("cancelProductOrdering", "productOrdering")
    assert (await client.post(cancels, json={"productOrder": {"id": waiting["id"]}})).status_code == 201
    del order["requestedStartDate"]
    ending = await client.post(
        ORDERS, json={**order, "productOrderItem": [{"id": "1", "action": "delete", "product": {"id": "legacy-4711"}}]}
    )
    assert ending.status_code == 201, ending.text
    await in_state(client, ending.json()["id"], "completed")
    ended = (await client.get(made["href"])).json()
    assert (ended["status"], ended["startDate"]) == ("terminated", "2021-03-01T00:00:00Z")
    for service in ended["realizingService"]:
        assert (await client.get(service["href"])).json()["state"] == "terminated"


# Many at once -------------------------------------------------------------------------------------------------------------------------
async def test_many_are_loaded_with_one_request_and_those_that_are_refused_keep_nobody_out(client: httpx.AsyncClient) -> None:
    port = of("bulk", SERVICE, externalId="port")
    line = of("bulk", SERVICE, externalId="line", serviceSpecification={"id": "access-line"}, supportingService=[{"id": "port"}])
    product = of(
        "bulk", PRODUCT, externalId="tv", productOffering={"id": "tv"}, productCharacteristic=[], realizingService=[{"id": "line"}]
    )
    wrong = of("bulk", PRODUCT, externalId="wrong", realizingService=[{"id": "nobody"}])
    sent = {"items": [port, line, wrong, {"status": "active"}, {"nothing": 1}, product, product]}
    answer = (await client.post(f"{OURS}/installBase", json=sent)).json()["items"]
    assert [each["outcome"] for each in answer] == ["loaded", "loaded", "refused", "refused", "refused", "loaded", "known"]
    assert "realizingService[0].id" in answer[2]["message"]
    assert (await client.get(f"{SERVICES}/{answer[1]['id']}")).json()["relatedEntity"][0]["id"] == answer[5]["id"]
    again = (await client.post(f"{OURS}/installBase", json={"items": [port, line, product]})).json()["items"]
    assert [(each["outcome"], each["id"]) for each in again] == [("known", answer[n]["id"]) for n in (0, 1, 5)]
    too_many = await client.post(f"{OURS}/installBase", json={"items": [{}] * 1001})
    assert too_many.status_code == 400
