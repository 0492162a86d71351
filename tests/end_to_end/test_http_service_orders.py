"""Service orders from outside over HTTP: accepted, repeated, refused, read, repaired, cancelled (contract, "Over HTTP")."""

import json
from typing import Any

import httpx
import pytest

from adapters.intake import SERVICE_ORDER_COMMANDS
from adapters.verify import verify
from api.http.examples import HOME_INTERNET
from api.wiring import System
from tests.end_to_end.http_system import OURS, app, client, system, until
from tests.end_to_end.test_http_dead_letters import publish
from tests.wire.tmf import faults

__all__ = ["app", "client", "system"]

SERVICE_ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"
CANCELS = "/tmf-api/serviceOrdering/v4/cancelServiceOrder"
SERVICES = "/tmf-api/serviceInventory/v4/service"


def services(customer: str, specification: str = "mobile-service", **more: Any) -> dict[str, Any]:
    """A service order of one item."""
    item = {"id": "1", "action": "add", "service": {"serviceSpecification": {"id": specification}}, **more.pop("item", {})}
    return {"relatedParty": [{"id": customer, "role": "customer"}], "serviceOrderItem": [item], **more}


async def submitted(client: httpx.AsyncClient, document: dict[str, Any], **headers: str) -> dict[str, Any]:
    response = await client.post(SERVICE_ORDERS, json=document, headers=headers)
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def in_state(client: httpx.AsyncClient, id: str, *states: str) -> dict[str, Any]:
    async def read() -> dict[str, Any]:
        document: dict[str, Any] = (await client.get(f"{SERVICE_ORDERS}/{id}")).json()
        return document

    found: dict[str, Any] = await until(read, lambda document: document["state"] in states)
    return found


async def test_a_service_order_runs_to_its_end_and_makes_services_only(client: httpx.AsyncClient) -> None:
    response = await client.post(SERVICE_ORDERS, json=HOME_INTERNET)
    assert response.status_code == 201
    made = response.json()
    assert response.headers["location"] == made["href"] == f"{SERVICE_ORDERS}/{made['id']}"
    assert made["externalId"] == "soms-1001"
    completed = await in_state(client, made["id"], "completed")
    assert faults("ServiceOrder", completed) == []
    (item,) = completed["serviceOrderItem"]
    assert item["state"] == "completed"
    service = (await client.get(item["service"]["href"])).json()
    assert (service["state"], faults("Service", service)) == ("active", [])
    (relation,) = completed["orderRelationship"]
    part = (await client.get(relation["href"])).json()
    assert part["orderRelationship"][0]["href"] == made["href"]
    assert [each["service"]["serviceSpecification"]["id"] for each in part["serviceOrderItem"]] == ["internet-access", "ip-session"]
    assert (await client.get(f"/tmf-api/productInventory/v4/product?relatedParty.id={HOME_INTERNET['relatedParty'][0]['id']}")).json() == []
    listed = (await client.get(f"{SERVICE_ORDERS}?externalId=soms-1001")).json()
    assert [each["id"] for each in listed] == [made["id"]]


async def test_repeats_are_known(client: httpx.AsyncClient) -> None:
    sent, headers = services("s-again", externalId="e-1"), {"Idempotency-Key": "s-again"}
    first = await submitted(client, sent, **headers)
    again = await client.post(SERVICE_ORDERS, json=sent, headers=headers)
    assert (again.status_code, again.json()) == (201, first)
    same = await client.post(SERVICE_ORDERS, json=sent)
    assert (same.status_code, same.json()["id"]) == (200, first["id"])
    other = await client.post(SERVICE_ORDERS, json={**sent, "description": "other"})
    assert other.status_code == 409
    assert first["id"] in other.json()["message"]
    changed = await client.post(SERVICE_ORDERS, json=services("s-again"), headers=headers)
    assert changed.status_code == 422


@pytest.mark.parametrize(
    ("document", "status", "words"),
    [
        (services("s-no", "warp-drive"), 422, ("Item 1", "service.serviceSpecification", "warp-drive")),
        (services("s-no", item={"action": "delete", "service": {"id": "svc-none"}}), 422, ("Item 1", "service.id", "svc-none")),
        (services("s-no", item={"service": {}}), 422, ("Item 1", "service.serviceSpecification")),
        ({"relatedParty": []}, 400, ("serviceOrderItem is mandatory",)),
        ({"serviceOrderItem": [{"id": "1", "action": "add"}]}, 400, ("serviceOrderItem[0].service is mandatory",)),
        (services("s-no", item={"action": "mend"}), 400, ("serviceOrderItem[0].action",)),
        (services("s-no", requestedStartDate="soon"), 400, ("requestedStartDate",)),
    ],
)
async def test_what_is_refused_leaves_nothing(
    client: httpx.AsyncClient, document: dict[str, Any], status: int, words: tuple[str, ...]
) -> None:
    response = await client.post(SERVICE_ORDERS, json=document)
    assert response.status_code == status, response.text
    assert all(word in response.json()["message"] for word in words), response.text
    assert (await client.get(f"{SERVICE_ORDERS}?relatedParty.id=s-no")).json() == []


async def test_operators_repair_it_like_any_order(client: httpx.AsyncClient) -> None:
    order = await submitted(client, services("refused-1"))
    await in_state(client, order["id"], "held")
    (row,) = (await client.get(f"{OURS}/fallouts?productOrder.id={order['id']}&state=open")).json()
    assert row["productOrder"] == {"id": order["id"], "itemId": "1"}
    tree = (await client.get(f"{OURS}/orders/{order['id']}/tree")).json()
    assert tree["items"]["1"]["service"] == row_service(tree)
    response = await client.post(f"{OURS}/orders/{order['id']}/actions", json={"action": "retry", "item": "1", "reason": "again"})
    assert response.status_code == 200, response.text
    await in_state(client, order["id"], "completed")
    timeline = (await client.get(f"{OURS}/orders/{order['id']}/timeline")).json()
    assert {line["productOrder"]["id"] for line in timeline} == {order["id"]}
    explained = (await client.get(f"{OURS}/orders/{order['id']}/explanation")).json()
    assert [(rule["parent"], rule["serviceSpecification"]) for rule in explained["rules"]] == [("mobile-service", "hlr-subscription")]


def row_service(tree: dict[str, Any]) -> str:
    (found,) = [id for id, service in tree["services"].items() if service["specification"] == "mobile-service"]
    return str(found)


async def test_it_is_cancelled_by_its_own_task(client: httpx.AsyncClient) -> None:
    order = await submitted(client, services("s-cancel", "access-line"))  # GPON never answers
    cancel = {"serviceOrder": {"id": order["id"]}, "cancellationReason": "Changed their mind"}
    response = await client.post(CANCELS, json=cancel, headers={"Idempotency-Key": "s-cancel-1"})
    assert response.status_code == 201, response.text
    assert (response.json()["state"], faults("CancelServiceOrder", response.json())) == ("done", [])
    assert (await client.get(response.json()["href"])).json() == response.json()
    assert (await client.get(f"{SERVICE_ORDERS}/{order['id']}")).json()["state"] == "pendingCancellation"
    again = await client.post(CANCELS, json=cancel)
    assert again.status_code == 409


async def test_what_was_made_of_a_product_order_is_cancelled_with_that(client: httpx.AsyncClient) -> None:
    for order in ("so-1-1", "sr-none", "po-1"):
        response = await client.post(CANCELS, json={"serviceOrder": {"id": order}})
        assert response.status_code == 404, response.text


async def test_an_order_by_topic_runs_to_its_end_and_its_services_keep_their_names(client: httpx.AsyncClient, system: System) -> None:
    sent = services("s-topic", item={"service": {"serviceSpecification": {"id": "mobile-service"}, "externalId": "sim/9"}})
    publish(system, SERVICE_ORDER_COMMANDS, json.dumps(sent).encode(), key="s-topic")

    async def found() -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = (await client.get(f"{SERVICE_ORDERS}?relatedParty.id=s-topic&state=completed&sort=id")).json()
        return [each for each in listed if each["id"].startswith("sr-")]

    (order,) = await until(found, bool)
    service = (await client.get(order["serviceOrderItem"][0]["service"]["href"])).json()
    assert (service["state"], service["externalId"]) == ("active", "sim/9")
    ended = await submitted(client, services("s-topic", item={"action": "delete", "service": {"id": "sim/9"}}))
    await in_state(client, ended["id"], "completed")
    assert (await client.get(service["href"])).json()["state"] == "terminated"


async def test_a_preview_stores_nothing(client: httpx.AsyncClient) -> None:
    response = await client.post(f"{OURS}/orders/preview", json=services("s-preview", "tv-service"))
    assert response.status_code == 200, response.text
    assert sorted(each["specification"] for each in response.json()["tree"]["services"].values()) == ["iptv-stream", "tv-service"]
    assert (await client.get(f"{SERVICES}?relatedParty.id=s-preview")).json() == []


async def test_every_invariant_holds_after_all_this(client: httpx.AsyncClient, system: System) -> None:
    found = list(verify(system.log, system.codec, system.read_models, lambda at, of: None))
    assert [each for each in found if each.offenders] == []
