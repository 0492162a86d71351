"""What-if and why over HTTP: a preview is what the order then becomes, and an explanation says which rules decided."""

import json
import re
from typing import Any

import httpx

from tests.end_to_end.http_system import ORDERS, OURS, app, at_site, client, order, system

__all__ = ["app", "client", "system"]


def without_ids(tree: dict[str, Any]) -> Any:
    """Ids are made of the order's: with another word for that, two orders can be compared."""
    text = json.dumps({part: tree[part] for part in ("items", "services", "serviceOrders", "workOrders", "edges")}, sort_keys=True)
    return json.loads(text.replace(tree["id"].removeprefix("po-"), "ORDER"))


def moves(key: str) -> bool:
    """Whether it is another thing a moment later."""
    return bool(re.search("state|date|expected|latest|slack|critical|leadtime", key.lower()))


def shape_of(tree: dict[str, Any]) -> Any:
    """What was planned, without states and times."""

    def stripped(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: stripped(each) for key, each in value.items() if not moves(key)}
        return value

    return stripped(without_ids(tree))


async def test_a_preview_is_what_the_order_then_becomes(client: httpx.AsyncClient) -> None:
    document = order("preview-1", "fibre-broadband", item=at_site("preview-1", downstream=500))
    preview = (await client.post(f"{OURS}/orders/preview", json=document)).json()
    made = await client.post(ORDERS, json=document)
    assert made.status_code == 201
    tree = (await client.get(f"{OURS}/orders/{made.json()['id']}/tree")).json()
    assert shape_of(preview["tree"]) == shape_of(tree)
    assert preview["tree"]["state"] == "inProgress"
    explained = (await client.get(f"{OURS}/orders/{tree['id']}/explanation")).json()
    assert {**preview["explanation"], "id": ""} == json.loads(
        json.dumps({**explained, "id": ""}).replace(tree["id"][3:], preview["tree"]["id"][3:])
    )


async def test_a_preview_stores_nothing(client: httpx.AsyncClient) -> None:
    head = (await client.get(f"{OURS}/events?after=0&limit=10000")).json()[-1]["position"]
    preview = await client.post(f"{OURS}/orders/preview", json=order("preview-2"))
    assert preview.status_code == 200
    assert (await client.get(f"{OURS}/events?after={head}")).json() == []
    assert (await client.get(f"{ORDERS}/{preview.json()['tree']['id']}")).status_code == 404


async def test_what_would_be_refused_is_refused_in_a_preview(client: httpx.AsyncClient) -> None:
    response = await client.post(f"{OURS}/orders/preview", json=order("preview-4", "no-such-thing"))
    assert response.status_code == 422
    assert "no-such-thing" in response.json()["message"]


async def test_an_explanation_names_every_rule_and_who_chose_the_target_systems(client: httpx.AsyncClient) -> None:
    made = await client.post(ORDERS, json=order("explain-1", "triple-play", item=at_site("explain-1")))
    explained = (await client.get(f"{OURS}/orders/{made.json()['id']}/explanation")).json()
    assert all(rule["services"] for rule in explained["rules"] if rule["holds"])
    assert {rule["productOrderItem"] for rule in explained["rules"]} == {"1.1", "1.2", "1.3"}
    assert {task["chosenBy"] for task in explained["tasks"]} == {"specification", "task"}


async def test_an_order_that_is_not_there_has_no_explanation(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"{OURS}/orders/po-none/explanation")).status_code == 404
