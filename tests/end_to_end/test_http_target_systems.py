"""Operators over HTTP: target systems switched, items held, values set, fallouts raised and described, forms filled in (contract, "Our own API")."""

from typing import Any

import httpx
import pytest

from adapters.engine.port import Request
from api.http.errors import HttpError
from api.http.own.actions import stream_of
from api.http.own.meaning import Meaning, meant
from api.wiring import System
from domain.fallout import ResolveTask
from domain.values import Who
from tests.end_to_end.http_system import OURS, app, at_site, client, in_state, order, system, until
from tests.end_to_end.test_http_operators import act, stopped, submitted, tree_of

__all__ = ["app", "client", "system"]

TARGETS = f"{OURS}/targetSystems"


def switch(client: httpx.AsyncClient, name: str, action: str, **more: Any) -> Any:
    body = {"action": action, "reason": "A new release"}
    return client.post(f"{TARGETS}/{name}/actions", json=body, headers={"X-Operator": "kim", **more})


async def obligations(client: httpx.AsyncClient, id: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await client.get(f"{OURS}/obligations", params={"productOrder.id": id})).json()
    return rows


# Target systems -----------------------------------------------------------------------------------------------------------------------
async def test_what_is_sent_while_a_target_system_is_offline_goes_on_when_it_is_back(client: httpx.AsyncClient) -> None:
    response = await switch(client, "hlr", "offline")
    assert response.status_code == 200, response.text
    assert {name: response.json()[name] for name in ("id", "state", "who", "reason", "parkedTasks")} == {
        "id": "hlr",
        "state": "offline",
        "who": "kim",
        "reason": "A new release",
        "parkedTasks": 0,
    }
    ids = [await submitted(client, order(f"parked-{number}")) for number in range(3)]
    for id in ids:
        await in_state(client, id, "held")
    assert [row["id"] for row in (await client.get(TARGETS, params={"state": "offline"})).json()] == ["hlr"]
    assert (await client.get(f"{TARGETS}/hlr")).json()["parkedTasks"] == 3
    (row,) = await obligations(client, ids[0])
    assert (row["kind"], row["targetSystem"], row["reason"]["code"]) == ("parked", "hlr", "target-offline")
    assert (await switch(client, "hlr", "online")).json()["state"] == "online"
    for id in ids:
        await in_state(client, id, "completed")
    assert (await client.get(f"{TARGETS}/hlr")).json()["parkedTasks"] == 0


async def test_the_target_systems_of_the_catalog_are_online_until_they_are_switched(client: httpx.AsyncClient) -> None:
    rows = {row["id"]: row for row in (await client.get(TARGETS, params={"sort": "name"})).json()}
    assert {"gpon", "field-service", "assurance"} <= set(rows)
    assert rows["gpon"] == {"id": "gpon", "@type": "TargetSystem", "name": "gpon", "state": "online", "parkedTasks": 0}


async def test_switching_is_refused_where_it_makes_no_sense(client: httpx.AsyncClient) -> None:
    assert (await switch(client, "warp", "offline")).status_code == 404
    assert (await client.get(f"{TARGETS}/warp")).status_code == 404
    assert (await switch(client, "pbx", "online")).status_code == 409
    assert (await switch(client, "pbx", "sideways")).status_code == 400
    response = await client.post(f"{TARGETS}/pbx/actions", json={"action": "offline"}, headers={"X-Operator-Roles": "auditor"})
    assert response.status_code == 403


async def test_switching_is_done_once_under_its_key(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        assert (await switch(client, "pbx", "offline", **{"Idempotency-Key": "pbx-1"})).status_code == 200
    assert (await switch(client, "pbx", "offline")).status_code == 409
    assert (await switch(client, "pbx", "online")).status_code == 200


# Hold and release ---------------------------------------------------------------------------------------------------------------------
async def test_a_held_order_sends_nothing_new_until_it_is_released(client: httpx.AsyncClient) -> None:
    id = await submitted(client, order("hold-1", "fibre-broadband", item=at_site("hold-1")))
    response = await act(client, id, action="hold", item="1", reason="The customer is abroad")
    assert response.json()["tasks"] == [{"productOrder": {"id": id}, "task": "item:1", "action": "hold", "outcome": "accepted"}]
    await in_state(client, id, "held")

    async def waiting() -> dict[str, str]:
        return {row["kind"]: row["task"] for row in await obligations(client, id)}

    kinds = await until(waiting, lambda found: "hold" in found and "activation" in found)
    assert kinds["hold"] == "item:1"
    assert (await tree_of(client, id))["items"]["1"]["heldBy"] == {"name": "kim", "reason": "The customer is abroad"}
    assert (await act(client, id, action="complete", item=kinds["activation"])).status_code == 200
    assert set(await waiting()) == {"hold"}
    assert (await act(client, id, action="release")).json()["tasks"][0]["task"] == "order"
    await until(waiting, lambda found: "activation" in found)


# Values -------------------------------------------------------------------------------------------------------------------------------
async def test_a_value_is_set_and_asked_for_by_the_retry(client: httpx.AsyncClient, system: System) -> None:
    id = await stopped(client, "refused-set")
    values = [{"name": "simType", "value": "physical"}]
    response = await act(client, id, action="set", item="1", values=values, reason="No eSIM for this phone")
    assert response.status_code == 200, response.text
    (told,) = response.json()["tasks"]
    assert told["task"].startswith("so-")
    assert (await tree_of(client, id))["state"] == "held"
    assert (await act(client, id, action="set", item="1", values=[{"name": "simType", "value": 7}])).status_code == 422
    await act(client, id, action="retry", item="1")
    await in_state(client, id, "completed")
    timeline = (await client.get(f"{OURS}/orders/{id}/timeline")).json()
    (set,) = [line["data"] for line in timeline if line["type"] == "ServiceOrderItemValuesSet"]
    assert (set["before"], set["after"], set["who"]) == (
        {"simType": "esim"},
        {"simType": "physical"},
        {"name": "kim", "reason": "No eSIM for this phone"},
    )
    asked = [
        line["data"]["request"] if "request" in line["data"] else line["data"] for line in timeline if line["type"] == "ActivationRequested"
    ]
    assert [each["service"]["serviceCharacteristic"][0]["value"] for each in asked] == ["esim", "physical"]
    products = (await client.get("/tmf-api/productInventory/v4/product", params={"relatedParty.id": "refused-set"})).json()
    assert [each["value"] for each in products[0]["productCharacteristic"]] == ["physical"]


async def test_without_a_stop_the_services_that_have_such_a_value_are_meant(client: httpx.AsyncClient) -> None:
    later = order("set-2", "fibre-broadband", item=at_site("set-2"), requestedStartDate="2099-01-01T00:00:00Z")
    id = await submitted(client, later)
    response = await act(client, id, action="set", item="1", values=[{"name": "downstream", "value": 1000}])
    assert response.status_code == 200, response.text
    assert len(response.json()["tasks"]) == 3  # internet access, the port and the session
    tree = await tree_of(client, id)
    services = [each["characteristics"].get("downstream") for each in tree["services"].values()]
    assert sorted(filter(None, services)) == [1000, 1000, 1000]


# Fallouts -----------------------------------------------------------------------------------------------------------------------------
async def test_a_fallout_is_raised_by_hand_and_described(client: httpx.AsyncClient) -> None:
    id = await submitted(client, order("raise-1", "fibre-broadband", item=at_site("raise-1")))

    async def running() -> list[dict[str, Any]]:
        return [row for row in await obligations(client, id) if row["kind"] == "activation"]

    (row,) = await until(running, bool)
    raised = {"action": "raise", "type": "wrongPort", "severity": "minor", "group": "desk", "reason": "It is the neighbour's"}
    assert (await act(client, id, item=row["task"], **raised)).status_code == 200
    await in_state(client, id, "held")
    for body in (
        {"action": "note", "note": "Asked the field team"},
        {"action": "assign", "assignee": "lee", "group": "desk"},
        {"action": "severity", "severity": "critical"},
    ):
        assert (await act(client, id, item="1", **body)).status_code == 200
    (found,) = (await client.get(f"{OURS}/fallouts", params={"productOrder.id": id, "assignee": "lee"})).json()
    assert {name: found[name] for name in ("type", "severity", "assignee", "group", "raisedBy", "targetSystem", "specification")} == {
        "type": "wrongPort",
        "severity": "critical",
        "assignee": "lee",
        "group": "desk",
        "raisedBy": "kim",
        "targetSystem": "gpon",
        "specification": "gpon-port",
    }
    assert found["reason"] == {"code": "wrongPort", "message": "It is the neighbour's"}
    assert [(note["text"], note["author"]) for note in found["note"]] == [("Asked the field team", "kim")]


async def test_the_bulk_form_finds_by_target_specification_and_age_and_describes_too(client: httpx.AsyncClient) -> None:
    id = await stopped(client, "refused-known")
    filter = {"customer": "refused-known", "targetSystem": "hlr", "specification": "hlr-subscription", "reason.code": "no-number"}

    async def bulk(**body: Any) -> list[dict[str, Any]]:
        response = await client.post(f"{OURS}/fallouts/actions", json={"filter": filter, **body})
        assert response.status_code == 200, response.text
        tasks: list[dict[str, Any]] = response.json()["tasks"]
        return tasks

    assert await bulk(action="retry", olderThan=3600, dryRun=True) == []
    assert [each["productOrder"]["id"] for each in await bulk(action="retry", olderThan=0.001, dryRun=True)] == [id]
    assert [each["outcome"] for each in await bulk(action="assign", assignee="lee")] == ["accepted"]
    assert [each["outcome"] for each in await bulk(action="retry")] == ["accepted"]
    await in_state(client, id, "completed")


async def test_a_bulk_action_tells_what_was_refused_and_does_the_rest(client: httpx.AsyncClient) -> None:
    ids = {await stopped(client, "refused-partly") for _ in range(2)}
    body = {"action": "complete", "filter": {"customer": "refused-partly"}, "values": [{"name": "msisdn", "value": "+44"}]}
    first, second = sorted(ids)
    found = (await client.get(f"{OURS}/fallouts", params={"productOrder.id": first})).json()[0]
    context = app_context(client)
    original = context.system.read_models.select

    def stale(*arguments: Any, **named: Any) -> Any:
        """The rows as they were read a moment ago: one of them has been decided on since."""
        page = original(*arguments, **named)
        context.system.read_models.select = original
        task = found["task"]
        command = ResolveTask(stream_of(first, task), task, "skip", {}, Who("lee"), context.system.clock())
        context.system.engine.submit(Request(command, "", "meanwhile")).result(10)
        return page

    context.system.read_models.select = stale
    told = (await client.post(f"{OURS}/fallouts/actions", json=body)).json()["tasks"]
    assert {(each["productOrder"]["id"], each["outcome"]) for each in told} == {(first, "refused"), (second, "accepted")}
    assert "cannot be resolved" in next(each["message"] for each in told if each["outcome"] == "refused")


def app_context(client: httpx.AsyncClient) -> Any:
    return client._transport.app.state.context  # type: ignore[attr-defined]


# Forms --------------------------------------------------------------------------------------------------------------------------------
async def test_a_task_for_people_is_completed_with_what_its_form_asks_for(client: httpx.AsyncClient) -> None:
    item = at_site("form-1", numberPorting=True, portingNumber="+31201234567")
    id = await submitted(client, order("form-1", "voice-line", item=item))

    async def waiting() -> list[dict[str, Any]]:
        rows = await obligations(client, id)
        for row in rows:
            if row["kind"] == "activation" and row["targetSystem"] == "gpon":
                await act(client, id, action="complete", item=row["task"])
        return [row for row in rows if row["kind"] == "manualTask"]

    (row,) = await until(waiting, bool)
    assert row["dueAt"] is not None
    assert (await act(client, id, action="complete")).status_code == 422
    wrong = [{"name": "portedNumber", "value": "555"}]
    response = await act(client, id, action="complete", item="1", values=wrong)
    assert (response.status_code, "portingDate is missing" in response.json()["message"]) == (422, True)
    right = [{"name": "portingDate", "value": "2026-12-01"}]
    assert (await act(client, id, action="complete", item="1", values=right)).status_code == 200
    await in_state(client, id, "completed")


# What is meant ------------------------------------------------------------------------------------------------------------------------
TREE: dict[str, Any] = {
    "id": "po-1",
    "items": {"1": {}, "1.1.port": {}},
    "tasks": {"1.1.port": {}, "1.2.port": {}},
    "workOrders": {"wo-1-1": {}},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", Meaning("item", "1")),
        ("1.2.port", Meaning("task", "1.2.port")),
        ("wo-1-1", Meaning("task", "wo-1-1")),
        ("item:1.1.port", Meaning("item", "1.1.port")),
        ("task:1.1.port", Meaning("task", "1.1.port")),
    ],
)
def test_an_id_means_an_item_or_a_task(text: str, expected: Meaning) -> None:
    assert meant(TREE, text, "retry") == expected


def test_an_id_that_means_two_things_is_refused_with_both() -> None:
    with pytest.raises(HttpError, match=r"say item:1\.1\.port or task:1\.1\.port to retry") as refused:
        meant(TREE, "1.1.port", "retry")
    assert refused.value.status == 409
    with pytest.raises(HttpError) as unknown:
        meant(TREE, "item:1.2.port", "retry")
    assert unknown.value.status == 404
