"""Dead letters over HTTP: a bad message is set aside, its cause is removed, and it is sent again and works; or it is given up."""

import json
import time
from base64 import b64decode
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import httpx
import pytest

from adapters.dead_letters import kept, publish_again
from adapters.intake import ACTIVATION_RESULTS, PRODUCT_ORDER_COMMANDS, WORK_ORDER_RESULTS
from adapters.topics.port import Outgoing, TopicsUnavailable
from api.app import create_app
from api.settings import Settings
from api.wiring import System, build
from domain.intake import DeadLettered
from tests.end_to_end.http_system import ORDERS, OURS, app, at_site, client, order, system, until
from tests.servers.kafka import Kafka

__all__ = ["app", "client", "system"]

LETTERS = f"{OURS}/deadLetters"
Headers = tuple[tuple[str, bytes], ...]


def publish(system: System, topic: str, *values: Any, key: str = "c1", headers: Headers = ()) -> None:
    now = int(time.time() * 1000)
    messages = [Outgoing(topic, key, headers, v if isinstance(v, bytes) else json.dumps(v).encode(), now, 0) for v in values]
    with closing(system.topics.producer()) as producer:
        producer.publish(messages)


async def letters(client: httpx.AsyncClient, count: int, **filter: str) -> list[dict[str, Any]]:
    """The open letters that match, the oldest first, once there are so many."""

    async def read() -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = (await client.get(LETTERS, params={"state": "open", "sort": "position", **filter})).json()
        return rows

    found: list[dict[str, Any]] = await until(read, lambda rows: len(rows) == count)
    return found


async def act(client: httpx.AsyncClient, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
    return await client.post(f"{LETTERS}/actions", json=body, headers={"X-Operator": "olga", **(headers or {})})


async def decided(client: httpx.AsyncClient, **body: Any) -> list[str]:
    response = await act(client, **body)
    assert response.status_code == 200, response.text
    return [each["outcome"] for each in response.json()["deadLetters"]]


def stored(system: System, rows: Sequence[dict[str, Any]]) -> list[DeadLettered]:
    return [kept(system.log, system.codec, row).event for row in rows]


async def waiting(client: httpx.AsyncClient, id: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await client.get(f"{OURS}/obligations", params={"productOrder.id": id, "targetSystem": "gpon"})).json()
    return rows


async def ordered(client: httpx.AsyncClient, site: str) -> dict[str, Any]:
    """The first request to the silent access network that a new order makes."""
    document = order(site, "fibre-broadband", item=at_site(site, downstream=500))
    made = await client.post(ORDERS, json=document)
    assert made.status_code == 201, made.text
    (asked,) = await until(lambda: waiting(client, made.json()["id"]), lambda rows: len(rows) == 1)
    found: dict[str, Any] = asked
    return found


# Sending again ------------------------------------------------------------------------------------------------------------------------
async def test_an_answer_that_came_before_its_order_works_when_it_is_redriven(
    client: httpx.AsyncClient, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it was published before, by a process that died before it could record that."""
    earlier = await ordered(client, "early-1")
    key = earlier["activationKey"].replace(earlier["productOrder"]["id"].removeprefix("po-"), "known-beforehand")
    publish(system, ACTIVATION_RESULTS, {"activationKey": key, "outcome": "completed"}, key="early-2")
    (letter,) = await letters(client, 1, key="early-2")
    assert "no service order so-known-beforehand-1" in letter["reason"]

    monkeypatch.setattr(system, "new_id", lambda: "known-beforehand")
    first = await ordered(client, "early-2")
    monkeypatch.undo()
    assert first["activationKey"] == key
    with closing(system.topics.producer()) as producer:
        publish_again(producer, stored(system, [letter])[0], int(time.time() * 1000))
    await until(lambda: waiting(client, "po-known-beforehand"), lambda rows: [row["task"] for row in rows] not in ([], [first["task"]]))

    assert await decided(client, action="redrive", ids=[letter["id"]], reason="The order is here now") == ["accepted"]
    redriven = (await client.get(f"{LETTERS}/{letter['id']}")).json()
    assert (redriven["state"], redriven["resolution"]) == ("redriven", {"who": "olga", "reason": "The order is here now"})
    await until_read(system)
    assert await letters(client, 0, key="early-2") == []
    timeline = (await client.get(f"{OURS}/orders/po-known-beforehand/timeline")).json()
    assert [line["data"]["key"] for line in timeline if line["type"] == "ActivationAnswered"].count(key) == 1


async def until_read(system: System) -> None:
    """Everything that was published by now has been taken in."""
    at = time.time()

    async def caught_up() -> bool:
        return system.source.caught_up(at)

    await until(caught_up, bool)


async def test_a_message_goes_back_as_it_came(client: httpx.AsyncClient, system: System) -> None:
    headers = (("ce_id", b"e1"), ("traceparent", b"\x00\xff"))
    publish(system, PRODUCT_ORDER_COMMANDS, b"\xff\xfe{", key="bytes", headers=headers)
    (letter,) = await letters(client, 1, key="bytes")
    assert (letter["size"], letter["headers"], "value" in letter) == (3, ["ce_id", "traceparent"], False)
    assert await decided(client, action="redrive", ids=[letter["id"]]) == ["accepted"]
    (again,) = await letters(client, 1, key="bytes")
    assert again["id"] != letter["id"]
    assert again["offset"] > letter["offset"]
    first, second = stored(system, [letter, again])
    assert (second.key, second.headers, second.value) == (first.key, first.headers, first.value)
    assert b64decode(second.headers["traceparent"]) == b"\x00\xff"
    assert await decided(client, action="drop", ids=[again["id"]]) == ["accepted"]


@pytest.mark.servers
async def test_a_message_goes_back_to_its_partition_of_a_broker(kafka: Callable[[], Kafka], postgres: Callable[[], str]) -> None:
    topics = kafka()
    system = build(Settings(store=postgres(), kafka=topics.bootstrap, kafka_options=topics.options))
    try:
        system.start()
        transport = httpx.ASGITransport(create_app(system))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            publish(system, PRODUCT_ORDER_COMMANDS, b"\x00{", key="nul\0", headers=(("ce_id", b"e1"),))
            (letter,) = await letters(client, 1)
            assert await decided(client, action="redrive", ids=[letter["id"]]) == ["accepted"]
            (again,) = await letters(client, 1)
            first, second = stored(system, [letter, again])
            assert (second.key, second.headers, second.value) == (first.key, first.headers, first.value)
            assert (again["partition"], again["offset"]) == (letter["partition"], letter["offset"] + 1)
            assert await decided(client, action="drop", filter={}) == ["accepted"]
    finally:
        system.close()


async def test_many_are_redriven_by_a_filter_the_oldest_first(client: httpx.AsyncClient, system: System) -> None:
    values = [f"{number}{{" for number in (3, 1, 2)]
    publish(system, WORK_ORDER_RESULTS, *(value.encode() for value in values), key="many")
    rows = await letters(client, 3, topic=WORK_ORDER_RESULTS)
    filter = {"topic": WORK_ORDER_RESULTS, "key": "many"}
    assert await decided(client, action="redrive", filter=filter, dryRun=True) == ["planned"] * 3
    await until_read(system)
    assert [row["id"] for row in await letters(client, 3, topic=WORK_ORDER_RESULTS)] == [row["id"] for row in rows]
    assert await decided(client, action="redrive", filter=filter) == ["accepted"] * 3
    again = await letters(client, 3, topic=WORK_ORDER_RESULTS)
    assert {row["id"] for row in again}.isdisjoint(row["id"] for row in rows)
    assert [row["value"] for row in again] == values
    assert await decided(client, action="drop", filter=filter) == ["accepted"] * 3
    assert await decided(client, action="drop", filter=filter) == []


async def test_a_letter_stays_open_while_the_topics_are_away(
    client: httpx.AsyncClient, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(system, PRODUCT_ORDER_COMMANDS, b"{", key="away")
    (letter,) = await letters(client, 1, key="away")

    def nobody() -> Any:
        raise TopicsUnavailable("The topics cannot be reached.")

    monkeypatch.setattr(system.topics, "producer", nobody)
    refused = await act(client, action="redrive", ids=[letter["id"]])
    assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
    await letters(client, 1, key="away")
    assert await decided(client, action="drop", ids=[letter["id"]]) == ["accepted"]


# Giving up, and what is refused -------------------------------------------------------------------------------------------------------
async def test_a_letter_is_decided_once(client: httpx.AsyncClient, system: System) -> None:
    publish(system, PRODUCT_ORDER_COMMANDS, b"{", b"[", key="once")
    one, two = [row["id"] for row in await letters(client, 2, key="once")]
    body = {"action": "drop", "ids": [one], "reason": "A test of the shop's"}
    for _ in range(2):
        response = await act(client, {"Idempotency-Key": "drop-once"}, **body)
        assert response.json()["deadLetters"] == [{"id": one, "topic": PRODUCT_ORDER_COMMANDS, "action": "drop", "outcome": "accepted"}]
    assert (await act(client, {"Idempotency-Key": "drop-once"}, **{**body, "reason": "Another"})).status_code == 422
    assert (await act(client, action="redrive", ids=[one])).status_code == 409
    assert await decided(client, action="drop", ids=[two, one, two]) == ["refused", "accepted"]
    assert (await client.get(f"{LETTERS}/{one}")).json()["state"] == "dropped"
    await until_read(system)
    assert await letters(client, 0, key="once") == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"action": "redrive"}, 400),
        ({"action": "redrive", "ids": [], "filter": {}}, 400),
        ({"action": "retry", "filter": {}}, 400),
        ({"action": "drop", "filter": {"colour": "red"}}, 400),
        ({"action": "drop", "ids": ["x"] * 1001}, 400),
        ({"action": "drop", "ids": ["dead-x-0:1"]}, 404),
        ({"action": "redrive", "ids": ["po-1"]}, 404),
    ],
)
async def test_a_request_says_what_is_meant(client: httpx.AsyncClient, body: dict[str, Any], status: int) -> None:
    assert (await act(client, **body)).status_code == status


async def test_deciding_needs_the_role_of_an_operator(client: httpx.AsyncClient) -> None:
    assert (await act(client, {"X-Operator-Roles": "auditor"}, action="drop", filter={})).status_code == 403
    assert (await client.get(f"{LETTERS}/dead-x-0:1")).status_code == 404
