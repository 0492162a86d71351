"""What leads out reads the same, whether it is a view over the log or was carried to a broker by the relay."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from adapters import outgoing
from adapters.event_log import open_log
from adapters.event_log.port import EventLog
from adapters.relay import LANES
from adapters.topics import open_topics
from adapters.topics.embedded import RETENTION_SECONDS
from adapters.topics.kafka import KafkaTopics
from adapters.topics.port import Consumer, Outgoing
from adapters.topics.sqlite import SqliteTopics
from tests.contracts.relaying import CODEC, append, relay
from tests.contracts.test_topics import COMMANDS, polled
from tests.servers.kafka import Kafka

REQUESTS = outgoing.ACTIVATION_REQUESTS
LOG = outgoing.DOMAIN_EVENTS_TOPIC


class Outside:
    """A log, and consumers that see it through topics."""

    def __init__(self, store: str, kafka: Kafka | None, closing: ExitStack) -> None:
        self.log: EventLog = open_log(store)
        closing.callback(self.log.close)
        self._closing = closing
        self._topics = open_topics(store, kafka.bootstrap if kafka else "", kafka.options if kafka else None, self.log, CODEC)
        closing.callback(self._topics.close)
        if isinstance(self._topics, KafkaTopics):
            for lane in LANES:
                carrying = relay(self.log, self._topics, lane)
                carrying.start()
                closing.callback(carrying.close)

    def consumer(self, group: str, *topics: str) -> Consumer:
        consumer = self._topics.consumer(group, topics)
        self._closing.callback(consumer.close)
        return consumer


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.servers)])
def outside(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Outside]:
    kafka: Callable[[], Kafka] | None = request.getfixturevalue("kafka") if request.param == "kafka" else None
    with ExitStack() as closing:
        yield Outside(f"sqlite:///{tmp_path}/store.db", kafka() if kafka else None, closing)


def test_requests_come_with_key_headers_and_value(outside: Outside) -> None:
    append(outside.log, range(20))
    messages = polled(outside.consumer("network", REQUESTS), 20)
    assert {message.topic for message in messages} == {REQUESTS}
    by_key = {json.loads(message.value)["activationKey"]: message for message in messages}
    assert len(by_key) == 20
    message = by_key["so-7-1.1.activate.add.1"]
    assert (message.key, dict(message.headers)["ce_id"], dict(message.headers)["ce_sequence"]) == ("cust-2", b"so-7-1:1", b"8")


def test_a_consumer_that_waits_is_woken_by_a_commit(outside: Outside) -> None:
    consumer = outside.consumer("network", REQUESTS)
    assert consumer.poll(0.05) == []
    append(outside.log, [1])
    assert len(polled(consumer, 1)) == 1


def test_a_group_goes_on_where_it_committed(outside: Outside) -> None:
    append(outside.log, range(10))
    first = outside.consumer("network", REQUESTS)
    messages = polled(first, 10)
    first.commit({(REQUESTS, message.partition): message.offset + 1 for message in messages})
    first.close()
    append(outside.log, range(10, 13))
    second = outside.consumer("network", REQUESTS)
    assert sorted(int(dict(message.headers)["ce_sequence"]) for message in polled(second, 3)) == [11, 12, 13]


def test_the_whole_log_is_lines_in_order_of_their_streams(outside: Outside) -> None:
    append(outside.log, range(1500))
    lines: list[str] = []
    consumer = outside.consumer("analysts", LOG)
    while len(lines) < 1500:
        for message in polled(consumer, 1):
            lines += [json.loads(line)["id"] for line in message.value.splitlines()]
    assert sorted(lines) == sorted(f"so-{number}-1:1" for number in range(1500))


def test_what_is_committed_and_old_is_forgotten(tmp_path: Path) -> None:
    store = SqliteTopics(str(tmp_path / "topics.db"))
    now = int(time.time() * 1000)
    old = now - (RETENTION_SECONDS + 60) * 1000
    store.publish([Outgoing(COMMANDS, "k", (), b"%d" % number, at, 0) for number, at in enumerate([old, old, old, now])])
    assert store.forget(COMMANDS, below=2, before=now - RETENTION_SECONDS * 1000) == 2
    assert [message.offset for message in store.read([(COMMANDS, 0)])] == [2, 3]
    store.publish([Outgoing(COMMANDS, "k", (), b"4", now, 0)])
    assert store.ends() == {COMMANDS: 5}
    store.close()


def test_nothing_is_published_to_what_is_a_view_over_the_log(tmp_path: Path) -> None:
    topics = open_topics(f"sqlite:///{tmp_path}/store.db")
    with pytest.raises(ValueError, match="is a view over the log"):
        topics.producer().publish([Outgoing(REQUESTS, "k", (), b"", 0, 0)])
    topics.close()
