"""Orders changed under way over HTTP: preview, agree, refuse, override, and PATCH."""

from itertools import count
from typing import Any

import httpx
import pytest

from api.wiring import System
from tests.end_to_end.http_system import CANCELS, ORDERS, OURS, PATIENCE, app, at_site, client, in_state, order, system, until

__all__ = ["app", "client", "system"]
pytestmark = pytest.mark.anyio

SUPERVISOR = {"X-Operator": "boss", "X-Operator-Roles": "operator, supervisor"}


SITES = count()


def says(id: str, **values: Any) -> dict[str, Any]:
    return {"id": id, "product": {"productCharacteristic": [{"name": name, "value": value} for name, value in values.items()]}}


async def fibre(client: httpx.AsyncClient, customer: str, **more: Any) -> str:
    """A fibre line of which GPON never answers: it stays under way."""
    sent = order(customer, "fibre-broadband", item=at_site(f"site-{customer}-{next(SITES)}", downstream=100), **more)
    made = await client.post(ORDERS, json=sent)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def ethernet(client: httpx.AsyncClient, customer: str) -> str:
    """A line that is past its point of no return and waits."""
    made = await client.post(ORDERS, json=order(customer, "business-ethernet", item=at_site(f"site-{customer}", bandwidth=100)))
    return str(made.json()["id"])


async def test_what_was_previewed_is_what_is_done(client: httpx.AsyncClient) -> None:
    id = await fibre(client, "preview")
    body = {"productOrderItem": [says("1", downstream=1000)]}
    preview = (await client.post(f"{OURS}/orders/{id}/impact", json=body)).json()
    assert (preview["@type"], preview["accepted"], preview["baseVersion"]) == ("ImpactPlan", True, 1)
    kinds = {each["name"]: each["kind"] for each in preview["items"]}
    assert (kinds["gpon-port"], kinds["fibre-broadband"], kinds["access-line"]) == ("letFinishThenRedo", "amend", "keep")
    assert set(preview["expectedCompletionDate"]) == {"before", "after"}
    unchanged = await client.get(f"{ORDERS}/{id}")
    assert unchanged.json()["version"] == 1
    done = await client.post(f"{OURS}/orders/{id}/amendments", json={**body, "planHash": preview["planHash"]})
    assert (done.status_code, done.headers["location"]) == (201, f"{ORDERS}/{id}")
    assert done.json()["version"] == 2
    assert done.json()["impactPlan"]["planHash"] == preview["planHash"]
    assert done.json()["impactPlan"]["items"] == preview["items"]
    shown = await client.get(f"{ORDERS}/{id}")
    assert shown.headers["etag"] == done.headers["etag"] != unchanged.headers["etag"]
    assert (shown.json()["version"], shown.json()["state"], shown.json()["subState"]) == (2, "pending", "amending")
    tree = (await client.get(f"{OURS}/orders/{id}/tree")).json()
    assert (tree["subState"], tree["changes"][0]["planHash"]) == ("amending", preview["planHash"])


async def test_a_plan_that_is_no_longer_so_is_refused(client: httpx.AsyncClient) -> None:
    id = await fibre(client, "stale")
    stale = await client.post(
        f"{OURS}/orders/{id}/amendments", json={"productOrderItem": [says("1", downstream=1000)], "planHash": "0" * 64}
    )
    assert (stale.status_code, stale.json()["errors"][0]["code"]) == (409, "stale-plan")
    assert (await client.get(f"{ORDERS}/{id}")).json()["version"] == 1


async def test_the_same_key_gets_the_same_answer_and_counts_once(client: httpx.AsyncClient) -> None:
    id, headers = await fibre(client, "again"), {"Idempotency-Key": "amendment-again"}
    body = {"productOrderItem": [says("1", downstream=1000)]}
    first = await client.post(f"{OURS}/orders/{id}/amendments", json=body, headers=headers)
    second = await client.post(f"{OURS}/orders/{id}/amendments", json=body, headers=headers)
    assert (second.status_code, second.json()) == (201, first.json())
    assert first.json()["id"] == "amendment-again"
    other = await client.post(f"{OURS}/orders/{id}/amendments", json={"productOrderItem": [says("1", downstream=500)]}, headers=headers)
    assert other.status_code == 422


async def test_behind_a_point_of_no_return_only_a_supervisor_changes_anything(client: httpx.AsyncClient) -> None:
    id = await ethernet(client, "ponr")

    async def tree() -> Any:
        return (await client.get(f"{OURS}/orders/{id}/tree")).json()

    await until(tree, lambda found: bool(found["milestones"]))
    body = {"productOrderItem": [says("1", bandwidth=200)]}
    preview = (await client.post(f"{OURS}/orders/{id}/impact", json=body)).json()
    assert not preview["accepted"]
    blocked = [each for each in preview["items"] if each["kind"] == "blocked"]
    assert blocked[0]["reasons"][-1].endswith("has passed its point of no return")
    refused = await client.post(f"{OURS}/orders/{id}/amendments", json=body)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "point-of-no-return")
    assert len(refused.json()["errors"]) == len(preview["reasons"])
    insisted = {**body, "override": {"reason": "The customer insists"}}
    assert (await client.post(f"{OURS}/orders/{id}/amendments", json=insisted)).status_code == 403
    assert (await client.post(f"{OURS}/orders/{id}/amendments", json=insisted, headers={"X-Operator-Roles": "operator"})).status_code == 403
    done = await client.post(f"{OURS}/orders/{id}/amendments", json=insisted, headers=SUPERVISOR)
    assert (done.status_code, done.json()["override"]) == (201, {"name": "boss", "reason": "The customer insists"})
    (change,) = (await tree())["changes"]
    assert change["override"] == {"name": "boss", "reason": "The customer insists"}


async def test_a_cancel_is_previewed_blocked_and_overridden_like_an_amendment(client: httpx.AsyncClient) -> None:
    id = await ethernet(client, "cancelled")

    async def tree() -> Any:
        return (await client.get(f"{OURS}/orders/{id}/tree")).json()

    await until(tree, lambda found: bool(found["milestones"]))
    body = {"cancel": {"cancellationReason": "moved away"}}
    preview = (await client.post(f"{OURS}/orders/{id}/impact", json=body)).json()
    assert (preview["accepted"], preview["removedItems"]) == (False, ["1"])
    refused = await client.post(f"{OURS}/orders/{id}/amendments", json=body, headers={"Idempotency-Key": "cancel-no"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "point-of-no-return")
    done = await client.post(f"{OURS}/orders/{id}/amendments", json={**body, "override": {"reason": "Fraud"}}, headers=SUPERVISOR)
    assert (done.status_code, done.json()["@type"], done.json()["state"]) == (201, "CancelProductOrder", "done")
    assert done.headers["location"].startswith(CANCELS)
    assert (await client.get(f"{ORDERS}/{id}")).json()["state"] in ("pendingCancellation", "cancelled")


async def test_a_rejected_plan_leaves_the_order_as_it_is_and_is_told(client: httpx.AsyncClient) -> None:
    id = await fibre(client, "rejected")
    body = {"reject": {"planHash": "f" * 64, "reason": "Too late for the customer"}}
    told = await client.post(f"{OURS}/orders/{id}/amendments", json=body, headers={"X-Operator": "olga"})
    assert (told.status_code, told.json()["rejected"]) == (200, True)
    (change,) = (await client.get(f"{OURS}/orders/{id}/tree")).json()["changes"]
    assert (change["accepted"], change["reasons"][0]["code"]) == (False, "rejected")
    assert "olga" in change["reasons"][0]["message"]
    assert (await client.get(f"{ORDERS}/{id}")).json()["version"] == 1


async def test_an_amendment_that_says_nothing_new_changes_nothing(client: httpx.AsyncClient) -> None:
    id = await fibre(client, "nothing")
    body = {"productOrderItem": [{**says("1", downstream=100), "state": "completed"}]}
    assert (await client.post(f"{OURS}/orders/{id}/impact", json=body)).json()["planHash"] == ""
    told = await client.post(f"{OURS}/orders/{id}/amendments", json=body)
    assert (told.status_code, told.json()["changed"], told.json()["version"]) == (200, False, 1)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"productOrderItem": [{"id": "1"}], "cancel": {}}, 422),
        ({"productOrderItem": []}, 400),
        ({"productOrderItem": [{"action": "add"}]}, 400),
        ({"productOrder": {"id": "po-other"}, "productOrderItem": [{"id": "1"}]}, 422),
        ({"productOrderItem": [says("1", downstream=1000)], "baseVersion": 7}, 409),
        ({"productOrderItem": [says("1", downstream=-7)]}, 422),
        ({"productOrderItem": [says("1", downstream=500), says("1", downstream=1000)]}, 422),
        ({"productOrderItem": [{"id": "9", "productOffering": {"id": "tv"}}]}, 422),
        ({"productOrderItem": [{"id": "9", "action": "add", "productOffering": {"id": "no-such-offering"}}]}, 422),
    ],
)
async def test_what_cannot_be_is_refused_alike_when_it_is_asked_and_when_it_is_done(
    client: httpx.AsyncClient, body: dict[str, Any], status: int
) -> None:
    id = await fibre(client, "wrong")
    for what in ("impact", "amendments"):
        answer = await client.post(f"{OURS}/orders/{id}/{what}", json=body)
        assert answer.status_code == status, answer.text


async def test_an_order_that_is_over_and_one_that_is_not_there(client: httpx.AsyncClient) -> None:
    made = (await client.post(ORDERS, json=order("over"))).json()
    await in_state(client, made["id"], "completed")
    body = {"productOrderItem": [says("1", simType="physical")]}
    for what in ("impact", "amendments"):
        assert (await client.post(f"{OURS}/orders/{made['id']}/{what}", json=body)).status_code == 409
        for unknown in ("po-nowhere", "x"):
            assert (await client.post(f"{OURS}/orders/{unknown}/{what}", json=body)).status_code == 404


# PATCH ----------------------------------------------------------------------------------------------------------------------------------
async def test_a_patch_of_what_an_item_says_is_an_amendment(client: httpx.AsyncClient) -> None:
    id = await fibre(client, "patched")
    read = await client.get(f"{ORDERS}/{id}")
    patch = {"productOrderItem": [says("1", downstream=1000)]}
    done = await client.patch(f"{ORDERS}/{id}", json=patch, headers={"If-Match": read.headers["etag"]})
    assert (done.status_code, done.json()["version"]) == (200, 2)
    assert (await client.patch(f"{ORDERS}/{id}", json=patch, headers={"If-Match": read.headers["etag"]})).status_code == 412
    (item,) = done.json()["productOrderItem"]
    assert {each["name"]: each["value"] for each in item["product"]["productCharacteristic"]}["downstream"] == 1000


async def test_a_patch_adds_items_takes_them_out_and_unsays_values(client: httpx.AsyncClient) -> None:
    made = await client.post(ORDERS, json={**order("patches", item=at_site("s-9")), "productOrderItem": [
        {"id": "1", "action": "add", "productOffering": {"id": "fibre-broadband"}, **at_site("s-9", downstream=100, upstream=50)},
        {"id": "2", "action": "add", "productOffering": {"id": "tv"}, **at_site("s-9")},
    ]})  # fmt: skip
    id = made.json()["id"]
    new = {"id": "3", "action": "add", "productOffering": {"id": "mobile-line"}}
    patch = {"productOrderItem": [says("1", upstream=None), {"id": "2", "action": "delete"}, new]}
    done = await client.patch(f"{ORDERS}/{id}", json=patch)
    assert done.status_code == 200, done.text
    items = {each["id"]: each for each in done.json()["productOrderItem"]}
    assert "2" not in items or "removedBy" in items["2"]
    assert [each["name"] for each in items["1"]["product"]["productCharacteristic"]] == ["downstream"]
    assert items["3"]["state"] in ("acknowledged", "inProgress", "completed")


@pytest.mark.parametrize("nested", [True, False], ids=["within its bundle", "by itself"])
async def test_a_patch_of_a_part_of_a_bundle_that_nobody_named(client: httpx.AsyncClient, nested: bool) -> None:
    made = await client.post(ORDERS, json=order("parts", "triple-play", item=at_site(f"site-parts-{next(SITES)}")))
    part = says("1.3", setTopBoxes=3)
    patch = {"productOrderItem": [{"id": "1", "productOrderItem": [part]} if nested else part]}
    done = await client.patch(f"{ORDERS}/{made.json()['id']}", json=patch)
    assert (done.status_code, done.json().get("version")) == (200, 2), done.text
    (bundle,) = done.json()["productOrderItem"]
    parts = {each["id"]: each["product"]["productCharacteristic"] for each in bundle["productOrderItem"]}
    assert {each["name"]: each["value"] for each in parts["1.3"]}["setTopBoxes"] == 3


async def test_the_whole_order_as_it_was_answered_with_one_value_changed_is_that_amendment(client: httpx.AsyncClient) -> None:
    id = await fibre(client, "echoed")
    items = (await client.get(f"{ORDERS}/{id}")).json()["productOrderItem"]
    items[0]["product"]["productCharacteristic"][0]["value"] = 1000
    done = await client.patch(f"{ORDERS}/{id}", json={"productOrderItem": items})
    assert (done.status_code, done.json().get("version")) == (200, 2), done.text


async def test_a_full_amendment_of_an_older_version_is_put_on_top_unless_both_say_the_same_thing(client: httpx.AsyncClient) -> None:
    id = await fibre(client, "rebased")
    other = {"id": "2", "action": "add", "productOffering": {"id": "mobile-line"}}
    assert (await client.post(f"{OURS}/orders/{id}/amendments", json={"productOrderItem": [other]})).json()["version"] == 2
    another = {"id": "2", "action": "add", "productOffering": {"id": "business-ethernet"}}
    stale = await client.post(f"{OURS}/orders/{id}/impact", json={"baseVersion": 1, "productOrderItem": [another]})
    assert (stale.status_code, {each["code"] for each in stale.json()["errors"]}) == (409, {"stale-base"})
    (line,) = [each for each in (await client.get(f"{OURS}/orders/{id}/timeline")).json() if each["type"] == "ProductOrderAcknowledged"]
    first = line["data"]["order"]["productOrderItem"][0]
    first["product"]["productCharacteristic"] = [{"name": "downstream", "value": 1000}]
    done = await client.post(f"{OURS}/orders/{id}/amendments", json={"mode": "full", "baseVersion": 1, "productOrderItem": [first]})
    assert (done.status_code, done.json().get("version")) == (201, 3), done.text
    assert {each["id"] for each in (await client.get(f"{ORDERS}/{id}")).json()["productOrderItem"]} == {"1", "2"}


async def test_a_patch_still_supplies_what_an_item_waits_for(client: httpx.AsyncClient) -> None:
    made = (await client.post(ORDERS, json=order("waits", "business-ethernet", item=at_site("s-w")))).json()
    patch = {"productOrderItem": [says("1", bandwidth=100)]}
    done = await client.patch(f"{ORDERS}/{made['id']}", json=patch)
    assert (done.status_code, done.json()["version"]) == (200, 1)


async def test_a_patch_behind_a_point_of_no_return_says_why_not(client: httpx.AsyncClient) -> None:
    id = await ethernet(client, "patch-ponr")

    async def tree() -> Any:
        return (await client.get(f"{OURS}/orders/{id}/tree")).json()

    await until(tree, lambda found: bool(found["milestones"]))
    refused = await client.patch(f"{ORDERS}/{id}", json={"productOrderItem": [says("1", bandwidth=200)]})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "point-of-no-return")


async def test_what_is_asked_before_is_told_of_every_thread(system: System, client: httpx.AsyncClient) -> None:
    """Assessing stores nothing, however often it is asked."""
    id = await fibre(client, "quiet")
    head = system.log.head()
    for _ in range(3):
        assert (await client.post(f"{OURS}/orders/{id}/impact", json={"productOrderItem": [says("1", downstream=1000)]})).status_code == 200
    history = [row for row in system.log.read([id]) if row.position > head]
    assert history == []
    assert PATIENCE
