"""What arrives by topic: taken in once, answered by an event when refused, set aside with its bytes when it cannot be read."""

import json
from base64 import b64decode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.dead_letters import ATTEMPTS, publish_again
from adapters.engine import Engine
from adapters.engine.port import Request
from adapters.event_log import open_log
from adapters.event_log.codec import Codec
from adapters.event_log.port import EventLog
from adapters.intake import (
    ACTIVATION_RESULTS,
    MOST_DEAD_LETTERS,
    PRODUCT_ORDER_COMMANDS,
    SERVICE_ORDER_COMMANDS,
    WORK_ORDER_RESULTS,
    Feed,
    IntakeStopped,
)
from adapters.topics.port import Batch, Message, Outgoing
from domain.catalog_publication import PublishCatalog
from domain.events import EVENTS
from domain.intake import DeadLettered
from schemas.catalog import catalog_document, catalog_from_document

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
CODEC = Codec(EVENTS)
Headers = tuple[tuple[str, bytes], ...]


class Topics:
    """Delivers to the engine as a source does, and reads the log."""

    def __init__(self, log: EventLog, engine: Engine) -> None:
        self.log, self.engine = log, engine
        ids = count(1)
        self.feed = Feed(engine, lambda: NOW, lambda: f"{next(ids)}")
        self._at: dict[str, int] = {}

    def send(self, topic: str, *values: Any, headers: Headers = (), key: str = "c1") -> None:
        at = self._at.get(topic, -1)
        first = max(at, 0)
        messages = tuple(
            Message(topic, 0, first + n, key, headers, value if isinstance(value, bytes) else json.dumps(value).encode(), 0)
            for n, value in enumerate(values)
        )
        self.feed.deliver(Batch(topic, 0, at, first + len(values), messages)).result(10)
        self._at[topic] = first + len(values)

    def events(self) -> list[str]:
        return [type(CODEC.decode(row).event).__name__ for row in self.log.since(1, 10_000)]

    def dead_letters(self) -> list[DeadLettered]:
        return [event for row in self.log.since(0, 10_000) if isinstance(event := CODEC.decode(row).event, DeadLettered)]

    def streams(self, prefix: str) -> list[str]:
        return list(dict.fromkeys(row.stream for row in self.log.since(0, 10_000) if row.stream.startswith(prefix)))


@pytest.fixture
def topics(tmp_path: Path) -> Iterator[Topics]:
    log = open_log(f"sqlite:///{tmp_path}/log.db")
    engine = Engine(log, CODEC, lambda: NOW, catalog_from_document, 900.0)
    engine.start()
    catalog = catalog_document("sample")
    engine.submit(Request(PublishCatalog("catalog", catalog.version, catalog.digest, catalog.document), "", "publish")).result(10)
    yield Topics(log, engine)
    engine.close()
    log.close()


def order(offering: str = "mobile-line", **more: Any) -> dict[str, Any]:
    return {
        "productOrderItem": [{"id": "1", "action": "add", "productOffering": {"id": offering}}],
        "relatedParty": [{"id": "c1", "role": "Customer", "@referredType": "Customer"}],
        **more,
    }


def cloud_event(verb: str, id: str) -> Headers:
    return (("ce_id", id.encode()), ("ce_source", b"/shop"), ("ce_type", f"crossconnect.product-order.{verb}.v1".encode()))


def test_a_bare_value_is_an_order(topics: Topics) -> None:
    topics.send(PRODUCT_ORDER_COMMANDS, order())
    assert "ProductOrderAcknowledged" in topics.events()


def test_a_structured_cloud_event_is_an_order(topics: Topics) -> None:
    event = {"specversion": "1.0", "id": "e1", "source": "/shop", "type": "crossconnect.product-order.submit.v1", "data": order()}
    topics.send(PRODUCT_ORDER_COMMANDS, event, headers=(("content-type", b"application/cloudevents+json; charset=utf-8"),))
    recorded = CODEC.decode(topics.log.read(topics.streams("po-"))[0])
    assert recorded.meta.correlation == "e1"
    assert recorded.event.requester == "/shop"


def test_the_same_message_twice_makes_one_order(topics: Topics) -> None:
    for _ in range(2):
        topics.send(PRODUCT_ORDER_COMMANDS, order(), headers=cloud_event("submit", "e1"))
    assert len(topics.streams("po-")) == 1
    assert topics.dead_letters() == []


def test_another_message_under_the_same_id_is_set_aside(topics: Topics) -> None:
    topics.send(PRODUCT_ORDER_COMMANDS, order(), headers=cloud_event("submit", "e1"))
    topics.send(PRODUCT_ORDER_COMMANDS, order("legacy-dsl"), headers=cloud_event("submit", "e1"))
    assert len(topics.streams("po-")) == 1
    (letter,) = topics.dead_letters()
    assert "used before" in letter.reason


def test_an_external_id_makes_one_order_whatever_carries_it(topics: Topics) -> None:
    topics.send(PRODUCT_ORDER_COMMANDS, order(externalId="x1"), headers=cloud_event("submit", "e1"))
    topics.send(PRODUCT_ORDER_COMMANDS, order(externalId="x1"), headers=cloud_event("submit", "e2"))
    assert len(topics.streams("po-")) == 1


def test_an_external_id_of_another_order_leaves_a_rejected_order_with_the_reason(topics: Topics) -> None:
    topics.send(PRODUCT_ORDER_COMMANDS, order(externalId="x1"), headers=cloud_event("submit", "e1"))
    (first,) = topics.streams("po-")
    for _ in range(2):  # the message again is no third order
        topics.send(PRODUCT_ORDER_COMMANDS, order("tv", externalId="x1"), headers=cloud_event("submit", "e2"))
    _, second = topics.streams("po-")
    (kept,) = [CODEC.decode(row) for row in topics.log.read([second])]
    assert (type(kept.event).__name__, kept.meta.correlation) == ("ProductOrderRejected", "e2")
    assert kept.event.reasons[0].code == "conflict"
    assert first in kept.event.reasons[0].message
    topics.send(
        PRODUCT_ORDER_COMMANDS, order(externalId="x1"), headers=cloud_event("submit", "e3")
    )  # the external id is still the first order's
    assert topics.streams("po-") == [first, second]
    assert topics.dead_letters() == []


def test_an_order_that_the_catalog_refuses_is_kept_as_rejected(topics: Topics) -> None:
    topics.send(PRODUCT_ORDER_COMMANDS, order("unheard-of"))
    assert topics.events() == ["ProductOrderRejected"]
    assert topics.dead_letters() == []


def test_a_refused_cancel_leaves_the_order_and_says_so(topics: Topics) -> None:
    topics.send(PRODUCT_ORDER_COMMANDS, order())
    (stream,) = topics.streams("po-")
    cancel = {"productOrder": {"id": stream}}
    topics.send(PRODUCT_ORDER_COMMANDS, cancel, headers=cloud_event("cancel", "c1"))
    topics.send(PRODUCT_ORDER_COMMANDS, cancel, headers=cloud_event("cancel", "c2"))
    assert topics.events()[-1] == "ProductOrderChangeRefused"
    assert topics.dead_letters() == []


def amendment(stream: str, **values: Any) -> dict[str, Any]:
    said = [{"name": name, "value": value} for name, value in values.items()]
    return {"productOrder": {"id": stream}, "productOrderItem": [{"id": "1", "product": {"productCharacteristic": said}}]}


def test_an_amendment_by_topic_counts_once(topics: Topics) -> None:
    topics.send(PRODUCT_ORDER_COMMANDS, order())
    (stream,) = topics.streams("po-")
    for _ in range(2):
        topics.send(PRODUCT_ORDER_COMMANDS, amendment(stream, simType="physical"), headers=cloud_event("amend", "a1"))
    assert topics.events().count("ProductOrderAmended") == 1
    assert topics.dead_letters() == []


@pytest.mark.parametrize("wrong", [{"baseVersion": 7}, {"productOrderItem": [{"id": "9"}]}], ids=["base", "item"])
def test_a_refused_amendment_leaves_the_order_and_says_so(topics: Topics, wrong: dict[str, Any]) -> None:
    topics.send(PRODUCT_ORDER_COMMANDS, order())
    (stream,) = topics.streams("po-")
    topics.send(PRODUCT_ORDER_COMMANDS, {**amendment(stream, simType="physical"), **wrong}, headers=cloud_event("amend", "a1"))
    assert topics.events()[-1] == "ProductOrderChangeRefused"
    refused = CODEC.decode(topics.log.read([stream])[-1]).event
    assert (refused.change, refused.kind, bool(refused.reasons[0].message)) == ("a1", "amend", True)
    assert "ProductOrderAmended" not in topics.events()
    assert topics.dead_letters() == []


# Service orders from outside ----------------------------------------------------------------------------------------------------------
def services(specification: str = "mobile-service", **more: Any) -> dict[str, Any]:
    item = {"id": "1", "action": "add", "service": {"serviceSpecification": {"id": specification}}}
    return {"serviceOrderItem": [item], "relatedParty": [{"id": "c1", "role": "customer"}], **more}


def of_services(verb: str, id: str) -> Headers:
    return (("ce_id", id.encode()), ("ce_source", b"/soms"), ("ce_type", f"crossconnect.service-order.{verb}.v1".encode()))


def test_a_service_order_is_taken_in_once(topics: Topics) -> None:
    for _ in range(2):
        topics.send(SERVICE_ORDER_COMMANDS, services(externalId="x1"), headers=of_services("submit", "e1"))
    topics.send(SERVICE_ORDER_COMMANDS, services(externalId="x1"), headers=of_services("submit", "e2"))
    topics.send(PRODUCT_ORDER_COMMANDS, order(externalId="x1"), headers=cloud_event("submit", "e1"))
    assert (len(topics.streams("sr-")), len(topics.streams("po-"))) == (1, 1)  # services are numbered apart
    assert topics.streams("pr-") == ["pr-" + topics.streams("po-")[0][3:] + "-1"]
    assert topics.dead_letters() == []


def test_a_bare_value_on_their_topic_is_a_service_order(topics: Topics) -> None:
    topics.send(SERVICE_ORDER_COMMANDS, services())
    (stream,) = topics.streams("sr-")
    assert topics.streams("so-") == [f"so-{stream}-1"]


def test_a_service_order_that_is_refused_is_kept(topics: Topics) -> None:
    topics.send(SERVICE_ORDER_COMMANDS, services("warp-drive"), services(externalId="x1"), services("tv-service", externalId="x1"))
    kept = [type(CODEC.decode(topics.log.read([stream])[0]).event).__name__ for stream in topics.streams("sr-")]
    assert kept == ["ProductOrderRejected", "ProductOrderAcknowledged", "ProductOrderRejected"]
    assert topics.dead_letters() == []


def test_a_service_order_is_cancelled_by_topic_and_a_refusal_is_told(topics: Topics) -> None:
    topics.send(SERVICE_ORDER_COMMANDS, services())
    (stream,) = topics.streams("sr-")
    cancel = {"serviceOrder": {"id": stream}}
    topics.send(SERVICE_ORDER_COMMANDS, cancel, headers=of_services("cancel", "c1"))
    assert "ProductOrderCancellationAssessed" in topics.events()
    topics.send(SERVICE_ORDER_COMMANDS, cancel, headers=of_services("cancel", "c2"))
    assert topics.events()[-1] == "ProductOrderChangeRefused"
    assert topics.dead_letters() == []


@pytest.mark.parametrize(
    ("topic", "value", "headers", "reason"),
    [
        (SERVICE_ORDER_COMMANDS, {"serviceOrderItem": [{"id": "1", "action": "add"}]}, (), "service is mandatory"),
        (SERVICE_ORDER_COMMANDS, services(), cloud_event("submit", "e1"), "ce_type must be crossconnect.service-order.submit.v1"),
        (SERVICE_ORDER_COMMANDS, {"serviceOrder": {"id": "so-1-1"}}, of_services("cancel", "e1"), "no service order so-1-1"),
        (SERVICE_ORDER_COMMANDS, {"serviceOrder": {"id": "sr-9"}}, of_services("cancel", "e1"), "no service order sr-9"),
        (PRODUCT_ORDER_COMMANDS, b'{"productOrderItem": [', (), "not JSON"),
        (PRODUCT_ORDER_COMMANDS, b"\xff\xfe", (), "not JSON"),
        (PRODUCT_ORDER_COMMANDS, {"productOrderItem": []}, (), "must not be empty"),
        (
            PRODUCT_ORDER_COMMANDS,
            {"productOrderItem": [{"id": "1", "action": "add", "quantity": "2"}]},
            (),
            "quantity must be a whole number",
        ),
        (PRODUCT_ORDER_COMMANDS, order(), cloud_event("explode", "e1"), "ce_type must be"),
        (PRODUCT_ORDER_COMMANDS, {"productOrder": {"id": "po-unknown"}}, cloud_event("cancel", "e1"), "no product order po-unknown"),
        (PRODUCT_ORDER_COMMANDS, amendment("po-unknown", simType="esim"), cloud_event("amend", "e1"), "no product order po-unknown"),
        (PRODUCT_ORDER_COMMANDS, amendment("svc-1", simType="esim"), cloud_event("amend", "e1"), "no product order svc-1"),
        (PRODUCT_ORDER_COMMANDS, {"productOrder": {"id": "po-1"}}, cloud_event("amend", "e1"), "productOrderItem is mandatory"),
        (PRODUCT_ORDER_COMMANDS, {**amendment("po-1"), "mode": "half"}, cloud_event("amend", "e1"), "mode must be one of"),
        (PRODUCT_ORDER_COMMANDS, order(requestedStartDate="tomorrow"), (), "requestedStartDate must be a date-time"),
        (PRODUCT_ORDER_COMMANDS, {"productOrder": {"id": "svc-1"}}, cloud_event("cancel", "e1"), "no product order svc-1"),
        (ACTIVATION_RESULTS, {"activationKey": "so-9-1.1.activate.add.1", "outcome": "completed"}, (), "no service order so-9-1"),
        (ACTIVATION_RESULTS, {"activationKey": "gibberish", "outcome": "completed"}, (), "Nobody has asked for activation key 'gibberish'"),
        (ACTIVATION_RESULTS, {"activationKey": "so-9-1.1.activate.add.1", "outcome": "done"}, (), "outcome must be one of"),
        (ACTIVATION_RESULTS, {"outcome": "completed"}, (), "activationKey is mandatory"),
        (WORK_ORDER_RESULTS, {"workOrderKey": "wo-9-1.1", "outcome": "completed"}, (), "no work order wo-9-1"),
        (WORK_ORDER_RESULTS, {"workOrderKey": "gibberish", "outcome": "completed"}, (), "Nobody has asked for work order key"),
    ],
)
def test_what_cannot_be_taken_in_is_set_aside_as_it_came(topics: Topics, topic: str, value: Any, headers: Headers, reason: str) -> None:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    topics.send(topic, raw, headers=headers, key="c7")
    (letter,) = topics.dead_letters()
    assert reason in letter.reason
    assert (letter.topic, letter.offset, letter.key, b64decode(letter.value)) == (topic, 0, "c7", raw)
    assert letter.headers.keys() == dict(headers).keys()


def test_what_is_set_aside_is_told_with_its_place_and_reason(topics: Topics) -> None:
    with capture_logs() as told:
        topics.send(PRODUCT_ORDER_COMMANDS, order(externalId="1"), b"{")
    (line,) = [each for each in told if each["event"] == "a message was set aside"]
    assert (line["log_level"], line["topic"], line["partition"], line["offset"]) == ("warning", PRODUCT_ORDER_COMMANDS, 0, 1)
    assert "not JSON" in line["reason"]


def test_bad_messages_take_only_themselves_out(topics: Topics) -> None:
    topics.send(PRODUCT_ORDER_COMMANDS, order(externalId="1"), b"{", order(externalId="2"), b"[", order(externalId="3"))
    assert len(topics.streams("po-")) == 3
    assert [letter.offset for letter in topics.dead_letters()] == [1, 3]


def test_a_topic_full_of_bad_messages_stops_the_intake(topics: Topics) -> None:
    topics.send(PRODUCT_ORDER_COMMANDS, *[b"{"] * (MOST_DEAD_LETTERS - 1), order(externalId="1"), b"{")
    assert topics.feed.stopped == {}
    topics.send(PRODUCT_ORDER_COMMANDS, *[b"{"] * MOST_DEAD_LETTERS)
    assert PRODUCT_ORDER_COMMANDS in topics.feed.stopped
    with pytest.raises(IntakeStopped):
        topics.send(PRODUCT_ORDER_COMMANDS, order(externalId="2"))
    topics.send(ACTIVATION_RESULTS, b"{")  # other topics go on


def test_messages_that_are_refused_a_few_at_a_time_stop_the_intake_too(topics: Topics) -> None:
    answers = [{"activationKey": f"so-{number}-1.1.activate.add.1", "outcome": "completed"} for number in range(MOST_DEAD_LETTERS)]
    for start in range(0, MOST_DEAD_LETTERS, 10):
        assert topics.feed.stopped == {}
        topics.send(ACTIVATION_RESULTS, *answers[start : start + 10])
    assert ACTIVATION_RESULTS in topics.feed.stopped


def test_letters_that_are_redriven_and_still_bad_do_not_stop_the_intake(topics: Topics) -> None:
    topics.send(PRODUCT_ORDER_COMMANDS, *[b"{"] * (MOST_DEAD_LETTERS - 1))
    again = redriven(topics.dead_letters())
    topics.send(PRODUCT_ORDER_COMMANDS, *[message.value for message in again], headers=again[0].headers)
    assert topics.feed.stopped == {}
    assert [letter.attempts for letter in topics.dead_letters()] == [1] * len(again) + [2] * len(again)
    assert {tuple(letter.headers) for letter in topics.dead_letters()} == {()}
    topics.send(PRODUCT_ORDER_COMMANDS, b"{")  # they do not end the row that they interrupt either
    assert PRODUCT_ORDER_COMMANDS in topics.feed.stopped


def redriven(letters: list[DeadLettered]) -> list[Outgoing]:
    """What is published when letters are redriven."""
    published: list[Outgoing] = []

    class Target:
        def publish(self, messages: Sequence[Outgoing]) -> None:
            published.extend(messages)

        def close(self) -> None: ...

    for letter in letters:
        publish_again(Target(), letter, 0)
    return published


@pytest.mark.parametrize("said", [b"", b"-1", b"many", b"9" * 5000, b"0", b"\xff"])
def test_a_message_that_says_nonsense_about_its_attempts_is_tried_for_the_first_time(topics: Topics, said: bytes) -> None:
    topics.send(PRODUCT_ORDER_COMMANDS, b"{", headers=((ATTEMPTS, said),))
    assert [letter.attempts for letter in topics.dead_letters()] == [1]


@pytest.mark.parametrize("end", ["add.99", "frobnicate.1"])
def test_an_answer_under_a_key_that_was_never_issued_is_set_aside(topics: Topics, end: str) -> None:
    topics.send(PRODUCT_ORDER_COMMANDS, order())
    key = f"so-1-1.2.activate.{end}"
    topics.send(ACTIVATION_RESULTS, {"activationKey": key, "outcome": "completed"})
    (letter,) = topics.dead_letters()
    assert letter.reason == f"Nobody has asked for activation key '{key}'."


def test_what_is_optional_in_an_answer_may_be_null(topics: Topics) -> None:
    topics.send(PRODUCT_ORDER_COMMANDS, order())
    absent = dict.fromkeys(("attempt", "serviceCharacteristic", "reason", "occurredAt"))
    topics.send(ACTIVATION_RESULTS, {"activationKey": "so-1-1.2.activate.add.1", "outcome": "completed", **absent})
    assert "ProductActivated" in topics.events()
    topics.send(PRODUCT_ORDER_COMMANDS, order("tv"))
    for task in ("reserve", "configure"):
        for service in ("1", "2", "3", "4"):
            topics.send(ACTIVATION_RESULTS, {"activationKey": f"so-2-1.{service}.{task}.add.1", "outcome": "completed"})
    before = len(topics.dead_letters())
    for nothing in (None, {"validFor": None}, {"validFor": {"startDateTime": None, "endDateTime": None}}):
        answer = {"workOrderKey": "wo-2-1.1", "outcome": "scheduled", "appointment": nothing, "occurredAt": None}
        topics.send(WORK_ORDER_RESULTS, {**answer, "reason": {"code": None, "message": None}})
    assert topics.events().count("WorkOrderAnswered") == 3
    assert len(topics.dead_letters()) == before


def test_an_answer_moves_its_order_on_and_a_repeat_changes_nothing(topics: Topics) -> None:
    topics.send(PRODUCT_ORDER_COMMANDS, order())
    (stream,) = topics.streams("so-")
    request = next(event.request for row in topics.log.read([stream]) if hasattr(event := CODEC.decode(row).event, "request"))
    answer = {"activationKey": request["activationKey"], "outcome": "completed"}
    topics.send(ACTIVATION_RESULTS, answer, answer, answer)
    events = topics.events()
    assert events.count("ActivationAnswered") == 1
    assert events.count("ProductActivated") == 1
    assert topics.dead_letters() == []
