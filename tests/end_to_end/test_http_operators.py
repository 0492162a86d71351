"""Our own API over HTTP: trees, timelines, fallouts and what operators do about them, the log, catalogs (contract, "Our own API")."""

import asyncio
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from adapters.event_log.port import LogUnavailable
from api.app import create_app
from api.wiring import System
from tests.end_to_end.http_system import ORDERS, OURS, app, at_site, client, in_state, order, system, until

__all__ = ["app", "client", "system"]


async def submitted(client: httpx.AsyncClient, document: dict[str, Any]) -> str:
    response = await client.post(ORDERS, json=document)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def stopped(client: httpx.AsyncClient, customer: str) -> str:
    """An order that the target system has refused."""
    id = await submitted(client, order(customer))
    await in_state(client, id, "held")
    return id


async def tree_of(client: httpx.AsyncClient, id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"{OURS}/orders/{id}/tree")).json()
    return found


def act(client: httpx.AsyncClient, id: str, **body: Any) -> Any:
    return client.post(f"{OURS}/orders/{id}/actions", json=body, headers={"X-Operator": "kim"})


# One order ----------------------------------------------------------------------------------------------------------------------------
async def test_a_tree_shows_plan_states_and_obligations(client: httpx.AsyncClient) -> None:
    id = await submitted(client, order("tree-1", "fibre-broadband", item=at_site("tree-1", downstream=500)))

    async def read() -> dict[str, Any]:
        return await tree_of(client, id)

    tree = await until(read, lambda found: any(row["kind"] == "activation" for row in found["obligations"].values()))
    assert set(tree["items"]) == {"1"}
    assert tree["workOrders"]
    assert tree["edges"]
    waiting = next(row for row in tree["obligations"].values() if row["kind"] == "activation")
    assert waiting["activationKey"]
    assert waiting["dueAt"]


async def test_a_timeline_tells_what_caused_what(client: httpx.AsyncClient) -> None:
    id = await submitted(client, order("timeline-1"))
    await in_state(client, id, "completed")
    lines = (await client.get(f"{OURS}/orders/{id}/timeline")).json()
    assert [line["position"] for line in lines] == sorted(line["position"] for line in lines)
    assert lines[0]["type"] == "ProductOrderAcknowledged"
    assert {"ActivationRequested", "ActivationAnswered", "ProductOrderItemsChanged"} <= {line["type"] for line in lines}
    assert len({line["causationId"] for line in lines}) == 2
    assert {line["productOrder"]["id"] for line in lines} == {id}


async def test_an_order_that_is_not_there_is_404_everywhere(client: httpx.AsyncClient) -> None:
    for call in (client.get(f"{OURS}/orders/po-x/tree"), client.get(f"{OURS}/orders/po-x/timeline"), act(client, "po-x", action="retry")):
        assert (await call).status_code == 404


# Fallout ------------------------------------------------------------------------------------------------------------------------------
async def test_a_refused_activation_is_repaired_by_a_retry(client: httpx.AsyncClient) -> None:
    id = await stopped(client, "refused-1")
    rows = (await client.get(f"{OURS}/fallouts", params={"productOrder.id": id, "state": "open"})).json()
    assert [row["reason"]["code"] for row in rows] == ["no-number"]
    response = await act(client, id, action="retry", item="1", reason="A number was freed")
    assert response.status_code == 200, response.text
    assert [task["outcome"] for task in response.json()["tasks"]] == ["accepted"]
    await in_state(client, id, "completed")
    closed = (await client.get(f"{OURS}/fallouts/{rows[0]['id']}")).json()
    assert closed["state"] == "closed"
    assert closed["resolution"] == {"action": "retry", "who": "kim", "reason": "A number was freed"}


@pytest.mark.parametrize(("action", "state"), [("skip", "completed"), ("complete", "completed"), ("abort", "failed")])
async def test_what_stopped_can_be_ended_by_hand(client: httpx.AsyncClient, action: str, state: str) -> None:
    id = await stopped(client, f"refused-{action}")
    (row,) = (await client.get(f"{OURS}/fallouts", params={"productOrder.id": id})).json()
    values = {"values": [{"name": "msisdn", "value": "+44"}]} if action == "complete" else {}
    assert (await act(client, id, action=action, item=row["task"], **values)).status_code == 200
    await in_state(client, id, state)


async def test_a_visit_and_a_request_that_is_out_can_be_completed_by_hand(client: httpx.AsyncClient) -> None:
    id = await submitted(client, order("by-hand-1", "fibre-broadband", item=at_site("by-hand-1", downstream=500)))

    async def waiting() -> list[str]:
        rows = (await client.get(f"{OURS}/obligations", params={"productOrder.id": id, "targetSystem": "gpon"})).json()
        return [row["task"] for row in rows]

    for _ in range(2):  # reserve, then configure
        (task,) = await until(waiting, lambda tasks: len(tasks) == 1)
        assert (await act(client, id, action="complete", item=task)).status_code == 200
    await in_state(client, id, "completed")


async def test_an_action_is_taken_once_under_its_key(client: httpx.AsyncClient) -> None:
    id = await stopped(client, "refused-key")
    (row,) = (await client.get(f"{OURS}/fallouts", params={"productOrder.id": id})).json()
    body = {"action": "skip", "item": row["task"]}
    for _ in range(2):
        response = await client.post(f"{OURS}/orders/{id}/actions", json=body, headers={"Idempotency-Key": "skip-once"})
        assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"action": "retry", "item": "9"}, 404),
        ({"action": "retry", "item": "1.1.nothing"}, 404),
        ({"action": "dance"}, 400),
        ({"item": "1"}, 400),
        ({"action": "hold", "item": "9"}, 404),
        ({"action": "hold", "item": "1"}, 409),
        ({"action": "release"}, 409),
        ({"action": "set", "item": "1", "values": []}, 422),
        ({"action": "set", "item": "1", "values": [{"name": "colour", "value": 1}]}, 422),
        ({"action": "note", "item": "1"}, 422),
        ({"action": "assign", "item": "1"}, 422),
        ({"action": "severity", "item": "1", "severity": "bad"}, 400),
        ({"action": "note", "item": "1", "note": "Too late"}, 409),
        ({"action": "raise", "item": "1"}, 409),
        ({"action": "retry", "values": [{"name": "a", "value": 1}]}, 422),
        ({"action": "complete", "values": [{"name": "a"}]}, 400),
        ({"action": "retry", "item": "1"}, 409),
    ],
)
async def test_an_action_that_makes_no_sense_is_refused(client: httpx.AsyncClient, body: dict[str, Any], status: int) -> None:
    id = await submitted(client, order("sense-1"))
    await in_state(client, id, "completed")
    response = await act(client, id, **body)
    assert (response.status_code, response.json()["status"]) == (status, str(status))


async def test_roles_that_are_given_must_include_operator(client: httpx.AsyncClient) -> None:
    id = await stopped(client, "refused-roles")
    body = {"action": "skip", "item": "1"}
    for roles in ("auditor", "", "operators"):
        response = await client.post(f"{OURS}/orders/{id}/actions", json=body, headers={"X-Operator-Roles": roles})
        assert response.status_code == 403
    response = await client.post(f"{OURS}/orders/{id}/actions", json=body, headers={"X-Operator-Roles": "auditor, operator"})
    assert response.status_code == 200


async def test_many_fallouts_are_resolved_at_once_after_a_dry_run(client: httpx.AsyncClient) -> None:
    ids = {await stopped(client, "refused-bulk") for _ in range(3)}
    body: dict[str, Any] = {"action": "retry", "filter": {"customer": "refused-bulk", "reason.code": ["no-number", "x"]}}
    dry = (await client.post(f"{OURS}/fallouts/actions", json={**body, "dryRun": True})).json()
    assert dry["dryRun"] is True
    assert {(task["productOrder"]["id"], task["outcome"]) for task in dry["tasks"]} == {(id, "planned") for id in ids}
    for id in ids:
        await in_state(client, id, "held")
    done = (await client.post(f"{OURS}/fallouts/actions", json=body)).json()
    assert [task["outcome"] for task in done["tasks"]] == ["accepted"] * 3
    for id in ids:
        await in_state(client, id, "completed")
    assert (await client.post(f"{OURS}/fallouts/actions", json=body)).json()["tasks"] == []


@pytest.mark.parametrize(
    "body", [{"action": "retry"}, {"filter": {}}, {"action": "retry", "filter": {"colour": "red"}}, {"action": "set", "filter": {}}]
)
async def test_a_bulk_action_says_what_is_meant(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await client.post(f"{OURS}/fallouts/actions", json=body)).status_code == 400


# The log ------------------------------------------------------------------------------------------------------------------------------
async def test_the_log_is_read_in_pages_without_gap_or_repeat(client: httpx.AsyncClient, system: System) -> None:
    await submitted(client, order("log-1"))
    positions: list[int] = []
    address = f"{OURS}/events?after=0&limit=3"
    while lines := (page := await client.get(address)).json():
        positions += [line["position"] for line in lines]
        address = page.links["next"]["url"]
    rows = system.log.since(0, 100_000)
    assert positions == [row.position for row in rows][: len(positions)]
    assert len(positions) > 3


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=1.5", "after=99999999999999999999"])
async def test_a_position_is_a_whole_number(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"{OURS}/events?{query}")).status_code == 400


class Streaming:
    """A client of the stream. Without a network httpx would wait for the end of the answer, so the application is called as a server calls it."""

    def __init__(self, app: Any, last_id: int) -> None:
        self.received = ""
        self.leave = asyncio.Event()
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": f"{OURS}/events/stream",
            "raw_path": b"",
            "query_string": b"after=0",
            "root_path": "",
            "headers": [(b"last-event-id", str(last_id).encode()), (b"host", b"127.0.0.1")],
        }
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        await self.leave.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        self.received += message.get("body", b"").decode()

    async def text(self) -> str:
        return self.received


async def test_a_stream_begins_where_the_client_was_and_ends_when_it_leaves(app: Any, client: httpx.AsyncClient) -> None:
    last = (await client.get(f"{OURS}/events", params={"after": 0, "limit": 2})).json()[-1]["position"]
    stream = Streaming(app, last)
    id = await submitted(client, order("stream-1"))
    text = await until(stream.text, lambda so_far: f'"id":"{id}:1"' in so_far)
    stream.leave.set()
    await asyncio.wait_for(stream.task, 5)
    told = [int(line.removeprefix("id: ")) for line in text.splitlines() if line.startswith("id: ")]
    assert told[0] == last + 1
    assert told == sorted(set(told))
    assert "event: ProductOrderAcknowledged\n" in text


async def test_streams_end_when_the_server_is_about_to_stop(system: System) -> None:
    app = create_app(system)
    stream = Streaming(app, 0)
    await until(stream.text, bool)
    app.state.context.end_streams()
    await asyncio.wait_for(stream.task, 5)
    assert stream.received.endswith("\n\n")


# Catalogs -----------------------------------------------------------------------------------------------------------------------------
async def test_a_catalog_is_published_found_and_taken_back(client: httpx.AsyncClient) -> None:
    (first,) = (await client.get(f"{OURS}/catalogs", params={"current": "true"})).json()
    document = (await client.get(first["href"])).json()["document"]
    same = await client.post(f"{OURS}/catalogs", json=document)
    assert (same.status_code, same.json()["version"]) == (200, first["version"])
    offerings = [{**each, "lifecycleStatus": "Retired"} if each["id"] == "tv" else each for each in document["offerings"]]
    response = await client.post(f"{OURS}/catalogs", json={**document, "version": "next", "offerings": offerings})
    assert response.status_code == 201, response.text
    assert response.headers["location"] == f"{OURS}/catalogs/next"
    assert [each["id"] for each in (await client.get(f"{OURS}/catalogs?current=true")).json()] == ["next"]
    assert (await client.get("/tmf-api/productCatalogManagement/v4/productOffering/tv")).json()["lifecycleStatus"] == "Retired"
    assert (await client.post(ORDERS, json=order("tv-1", "tv", item=at_site("tv-1")))).status_code == 422
    assert (await client.post(f"{OURS}/catalogs", json={**document, "version": "next"})).status_code == 409
    assert (await client.post(f"{OURS}/catalogs", json=document)).status_code == 201


async def test_a_wrong_catalog_is_refused_with_every_finding(client: httpx.AsyncClient) -> None:
    (current,) = (await client.get(f"{OURS}/catalogs?current=true")).json()
    document = (await client.get(current["href"])).json()["document"]
    wrong = {**document, "version": "wrong", "products": [], "colour": "red"}
    response = await client.post(f"{OURS}/catalogs", json=wrong)
    assert response.status_code == 422
    assert response.json()["code"] == "invalidCatalog"
    assert response.json()["errors"][0]["path"]
    without_products = await client.post(f"{OURS}/catalogs", json={**document, "version": "wrong", "products": []})
    assert len(without_products.json()["errors"]) > 3
    assert (await client.post(f"{OURS}/catalogs", content=b"{", headers={"Content-Type": "application/json"})).status_code in (400, 422)
    assert (await client.get(f"{OURS}/catalogs/wrong")).status_code == 404


# When the store is out of reach -----------------------------------------------------------------------------------------------------------
async def test_a_log_out_of_reach_is_503_with_a_sentence(
    client: httpx.AsyncClient, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(_: Any) -> Any:
        raise LogUnavailable("The event log is locked by another program")

    monkeypatch.setattr(system.log, "read", unavailable)
    response = await client.get(f"{ORDERS}/po-1")
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert "locked" in response.json()["message"]


async def test_a_fault_of_the_program_is_500_and_tells_nothing_of_its_inside(
    client: httpx.AsyncClient, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Any) -> Any:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(system.log, "read", broken)
    with capture_logs() as logged:
        response = await client.get(f"{ORDERS}/po-1")
    assert (response.status_code, response.json()["@type"]) == (500, "Error")
    assert [str(entry["exc_info"]) for entry in logged] == ["secret"]
    assert "secret" not in response.text
    assert "Traceback" not in response.text
