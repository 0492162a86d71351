"""Items that our own people have to clear, over HTTP and on the command line: values added, approved, refused (domain-rules 2.13)."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.verify import verify
from api.app import create_app
from api.settings import Settings
from api.wiring import System, build
from schemas.catalog import catalog_document
from tests.end_to_end.http_system import ORDERS, OURS, in_state, order

APPROVER = {"X-Operator": "carla", "X-Operator-Roles": "operator, credit-manager"}


def with_policies(folder: Path) -> Path:
    """The sample catalog, in which mobile lines have a profile that planning adds, and need an approval."""
    document = json.loads(json.dumps(catalog_document("sample").document))
    mobile = next(each for each in document["products"] if each["id"] == "mobile-line")
    mobile["characteristics"].append({"name": "profile"})
    mobile["enrichment"] = {"characteristics": ["profile"], "group": "network-planning"}
    mobile["approval"] = {"role": "credit-manager", "when": {"eq": [{"input": "action"}, "add"]}}
    file = folder / "catalog.json"
    file.write_text(json.dumps({**document, "version": "policies"}))
    return file


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("clearance")
    running = build(Settings(store=f"sqlite:///{folder}/store.db", simulators=frozenset({"all"}), catalog=str(with_policies(folder))))
    try:
        running.start()
        yield running
    finally:
        running.close()


@pytest.fixture
async def client(system: System) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(system)), base_url="http://127.0.0.1") as each:
        yield each


async def submitted(client: httpx.AsyncClient, customer: str, **more: Any) -> str:
    response = await client.post(ORDERS, json=order(customer, **more))
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def act(client: httpx.AsyncClient, id: str, status: int = 200, headers: dict[str, str] | None = None, **body: Any) -> dict[str, Any]:
    response = await client.post(f"{OURS}/orders/{id}/actions", json={"item": "1", **body}, headers=headers or {})
    assert response.status_code == status, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def item_of(client: httpx.AsyncClient, id: str) -> dict[str, Any]:
    item: dict[str, Any] = (await client.get(f"{OURS}/orders/{id}/tree")).json()["items"]["1"]
    return item


async def waiting(client: httpx.AsyncClient, id: str) -> list[str]:
    rows = (await client.get(f"{OURS}/obligations?productOrder.id={id}&sort=kind")).json()
    return [row["kind"] for row in rows if row["kind"] in ("approval", "enrichment", "information")]


async def test_an_item_goes_on_once_it_has_its_values_and_its_approval(client: httpx.AsyncClient) -> None:
    id = await submitted(client, "clear-1")
    pending = await in_state(client, id, "pending")
    assert pending["productOrderItem"][0]["state"] == "pending"
    item = await item_of(client, id)
    assert (item["subState"], item["group"], item["approval"]) == ("awaitingEnrichment", "network-planning", "credit-manager")
    assert await waiting(client, id) == ["approval", "enrichment"]
    done = await act(client, id, action="complete", values=[{"name": "profile", "value": "gold"}], reason="planned")
    assert done["tasks"][0]["outcome"] == "accepted"
    assert ((await item_of(client, id))["subState"], await waiting(client, id)) == ("awaitingApproval", ["approval"])
    await act(client, id, headers=APPROVER, action="approve")
    completed = await in_state(client, id, "completed")
    values = {each["name"]: each["value"] for each in completed["productOrderItem"][0]["product"]["productCharacteristic"]}
    assert values["profile"] == "gold"
    assert "subState" not in await item_of(client, id)
    assert await waiting(client, id) == []
    timeline = (await client.get(f"{OURS}/orders/{id}/timeline")).json()
    who = {line["type"]: line["data"]["who"]["name"] for line in timeline if "who" in line["data"]}
    assert who == {"ProductOrderInformationSupplied": "anonymous", "ProductOrderApproved": "carla"}


async def test_a_refused_item_is_cancelled_and_says_why(client: httpx.AsyncClient) -> None:
    id = await submitted(client, "clear-2")
    await act(client, id, headers=APPROVER, action="refuse", reason="over the limit")
    cancelled = await in_state(client, id, "cancelled")
    (error,) = cancelled["productOrderErrorMessage"]
    assert error["message"] == "Item 1 was not approved by credit-manager: over the limit"
    assert await waiting(client, id) == []


async def test_only_who_has_the_role_approves_and_only_what_waits(client: httpx.AsyncClient) -> None:
    id = await submitted(client, "clear-3")
    for headers in ({}, {"X-Operator-Roles": "operator"}, {"X-Operator-Roles": "credit-manager"}):
        await act(client, id, 403, headers, action="approve")
    await act(client, id, 404, APPROVER, action="approve", item="9")
    await act(client, id, headers={**APPROVER, "Idempotency-Key": "clear-3"}, action="approve")
    await act(client, id, 409, APPROVER, action="approve")
    await act(client, id, 409, APPROVER, action="refuse")
    await act(client, id, 422, action="complete", values=[{"name": "colour", "value": "red"}])
    assert await waiting(client, id) == ["enrichment"]


async def test_the_order_may_say_the_values_itself(client: httpx.AsyncClient) -> None:
    product = {"product": {"productCharacteristic": [{"name": "profile", "value": "gold"}]}}
    id = await submitted(client, "clear-4", item=product)
    assert await waiting(client, id) == ["approval"]


async def test_every_invariant_holds_after_all_this(client: httpx.AsyncClient, system: System) -> None:
    found = list(verify(system.log, system.codec, system.read_models, lambda at, of: None))
    assert [each for each in found if each.offenders] == []
