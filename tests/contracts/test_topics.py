"""The contract of the topics' port, the same for everything that carries topics."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from threading import Condition, Lock

import pytest

from adapters.event_log.port import PositionConflict
from adapters.topics import open_topics
from adapters.topics.port import Batch, Message, MessageTooLarge, Outgoing, Producer, Source, Topics
from adapters.topics.store import BATCH_BYTES, BATCH_MESSAGES
from schemas.topics import LARGEST_MESSAGE

COMMANDS = "crossconnect.product-order.commands.v1"
RESULTS = "crossconnect.activation.results.v1"
PATIENCE = 30.0


class World:
    """The topics of one test, opened as often as it likes (as processes would), and closed in the end."""

    def __init__(self, open: Callable[[], Topics]) -> None:
        self._open = open
        self._closing = ExitStack()

    def topics(self) -> Topics:
        topics = self._open()
        self._closing.callback(topics.close)
        return topics

    def producer(self) -> Producer:
        producer = self.topics().producer()
        self._closing.callback(producer.close)
        return producer

    def source(self, *topics: str, positions: "Positions") -> Source:
        source = self.topics().source(topics, positions.stored)
        self._closing.callback(source.close)
        return source

    def close(self) -> None:
        self._closing.close()


class Positions:
    """An engine that writes down what it was given: positions compared and set as in the log, and the messages whose batch came through."""

    def __init__(self) -> None:
        self._news = Condition(Lock())
        self.at: dict[str, int] = {}
        self.batches: list[Batch] = []
        self.messages: list[Message] = []
        self.failures: list[Exception] = []  # to answer to the next batches
        self.held: list[tuple[Batch, Future[None]]] | None = None  # batches that wait for `let_go`

    def stored(self) -> Mapping[str, int]:
        with self._news:
            return dict(self.at)

    def deliver(self, batch: Batch) -> "Future[None]":
        future: Future[None] = Future()
        with self._news:
            if self.held is not None:
                self.held.append((batch, future))
                self._news.notify_all()
                return future
        self._settle(batch, future)
        return future

    def let_go(self) -> None:
        with self._news:
            held, self.held = self.held or [], None
        for batch, future in held:
            self._settle(batch, future)

    def _settle(self, batch: Batch, future: "Future[None]") -> None:
        error = self._store(batch)
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(None)

    def _store(self, batch: Batch) -> Exception | None:
        name = f"{batch.topic}:{batch.partition}"
        with self._news:
            self._news.notify_all()
            if self.failures:
                return self.failures.pop(0)
            if self.at.get(name, -1) != batch.expected:
                return PositionConflict(f"{name} is at {self.at.get(name, -1)}, not {batch.expected}.")
            self.at[name] = batch.next
            self.batches.append(batch)
            self.messages.extend(batch.messages)
        return None

    def wait_for(self, reached: Callable[[], bool]) -> None:
        with self._news:
            assert self._news.wait_for(reached, PATIENCE), f"{len(self.messages)} messages came: {self.at}"

    def values(self) -> list[bytes]:
        return [message.value for message in self.messages]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers), pytest.param("kafka", marks=pytest.mark.servers)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "kafka":
        kafka = request.getfixturevalue("kafka")()
        world = World(lambda: open_topics("", kafka.bootstrap, kafka.options))
    else:
        url = f"sqlite:///{tmp_path}/store.db" if request.param == "sqlite" else request.getfixturevalue("postgres")()
        world = World(lambda: open_topics(url))
    try:
        yield world
    finally:
        world.close()


def command(value: bytes | str, key: str = "cust-1", topic: str = COMMANDS, headers: tuple[tuple[str, bytes], ...] = ()) -> Outgoing:
    return Outgoing(topic, key, headers, value.encode() if isinstance(value, str) else value, int(time.time() * 1000), 0)


def numbered(first: int, last: int, keys: Sequence[str] = ("cust-1",)) -> list[Outgoing]:
    return [command(str(number), keys[number % len(keys)]) for number in range(first, last)]


def test_what_is_published_arrives_as_it_was(world: World) -> None:
    positions = Positions()
    value = bytes(range(256)) * 3
    headers = (("ce_id", b"1"), ("ce_source", b"/crm"), ("x", b"\x00\x1f\xff"), ("empty", b""))
    world.source(COMMANDS, positions=positions).start(positions.deliver)
    sent = command(value, "Kündin 7", headers=headers)
    world.producer().publish([sent])
    positions.wait_for(lambda: len(positions.messages) == 1)
    (message,) = positions.messages
    assert (message.topic, message.key, message.headers, message.value) == (COMMANDS, "Kündin 7", headers, value)
    assert message.timestamp == sent.timestamp


def test_messages_of_a_key_stay_in_order(world: World) -> None:
    positions = Positions()
    keys = [f"cust-{number}" for number in range(7)]
    world.source(COMMANDS, positions=positions).start(positions.deliver)
    producer = world.producer()
    for start in range(0, 1000, 100):
        producer.publish(numbered(start, start + 100, keys))
    positions.wait_for(lambda: len(positions.messages) >= 1000)
    for key in keys:
        numbers = [int(message.value) for message in positions.messages if message.key == key]
        assert numbers == sorted(numbers)
    assert sorted(int(value) for value in positions.values()) == list(range(1000))


def test_a_batch_is_bounded_by_count(world: World) -> None:
    world.producer().publish(numbered(0, BATCH_MESSAGES * 2 + 10))
    positions = Positions()
    world.source(COMMANDS, positions=positions).start(positions.deliver)
    positions.wait_for(lambda: len(positions.messages) == BATCH_MESSAGES * 2 + 10)
    assert max(len(batch.messages) for batch in positions.batches) <= BATCH_MESSAGES


def test_a_batch_is_bounded_by_size(world: World) -> None:
    producer = world.producer()
    for _ in range(12):
        producer.publish([command(os.urandom(BATCH_BYTES // 4))])
    positions = Positions()
    world.source(COMMANDS, positions=positions).start(positions.deliver)
    positions.wait_for(lambda: len(positions.messages) == 12)
    assert max(sum(len(message.value) for message in batch.messages) for batch in positions.batches) <= BATCH_BYTES * 1.3


def test_a_message_over_the_limit_is_refused_and_others_go_on(world: World) -> None:
    producer = world.producer()
    producer.publish([command("before")])
    with pytest.raises(MessageTooLarge):
        producer.publish([command(b"x" * (LARGEST_MESSAGE + 1))])
    producer.publish([command("after")])
    positions = Positions()
    world.source(COMMANDS, positions=positions).start(positions.deliver)
    positions.wait_for(lambda: len(positions.messages) == 2)
    assert positions.values() == [b"before", b"after"]


def test_a_large_message_passes(world: World) -> None:
    value = os.urandom(LARGEST_MESSAGE - 10_000)
    world.producer().publish([command(value)])
    positions = Positions()
    world.source(COMMANDS, positions=positions).start(positions.deliver)
    positions.wait_for(lambda: len(positions.messages) == 1)
    assert positions.values() == [value]


def test_reading_goes_on_at_the_stored_position(world: World) -> None:
    producer, positions = world.producer(), Positions()
    first = world.source(COMMANDS, positions=positions)
    first.start(positions.deliver)
    producer.publish(numbered(0, 10))
    positions.wait_for(lambda: len(positions.messages) == 10)
    first.close()
    producer.publish(numbered(10, 20))
    world.source(COMMANDS, positions=positions).start(positions.deliver)
    positions.wait_for(lambda: len(positions.messages) == 20)
    assert [int(value) for value in positions.values()] == list(range(20))


def test_batches_of_a_partition_follow_each_other_without_overlap(world: World) -> None:
    producer, positions = world.producer(), Positions()
    world.source(COMMANDS, positions=positions).start(positions.deliver)
    for start in range(0, 300, 30):
        producer.publish(numbered(start, start + 30))
    positions.wait_for(lambda: len(positions.messages) == 300)
    at = -1
    for batch in positions.batches:
        assert (batch.expected, batch.next) == (at, batch.messages[-1].offset + 1)
        at = batch.next


def test_one_batch_of_a_partition_is_in_flight(world: World) -> None:
    producer, positions = world.producer(), Positions()
    positions.held = []
    world.source(COMMANDS, positions=positions).start(positions.deliver)
    producer.publish([command("first")])
    positions.wait_for(lambda: len(positions.held or ()) == 1)
    producer.publish([command("second")])
    producer.publish([command("elsewhere", topic=RESULTS)])
    assert len(positions.held) == 1
    positions.let_go()
    positions.wait_for(lambda: len(positions.messages) == 2)
    assert positions.values() == [b"first", b"second"]


def test_a_slow_topic_does_not_hold_up_another(world: World) -> None:
    producer, positions = world.producer(), Positions()
    held: list[tuple[Batch, Future[None]]] = []
    positions.held = held
    world.source(COMMANDS, RESULTS, positions=positions).start(positions.deliver)
    producer.publish([command("slow")])
    positions.wait_for(lambda: len(held) == 1)
    producer.publish([command("quick", topic=RESULTS)])
    positions.wait_for(lambda: len(held) == 2)
    assert {batch.topic for batch, _ in held} == {COMMANDS, RESULTS}
    positions.let_go()


@pytest.mark.parametrize("failure", [PositionConflict("another reader"), RuntimeError("the engine stumbled")], ids=["conflict", "failure"])
def test_a_batch_that_was_not_committed_comes_again(world: World, failure: Exception) -> None:
    producer, positions = world.producer(), Positions()
    positions.failures = [failure]
    world.source(COMMANDS, positions=positions).start(positions.deliver)
    producer.publish(numbered(0, 5))
    positions.wait_for(lambda: len(positions.messages) == 5)
    producer.publish(numbered(5, 8))
    positions.wait_for(lambda: len(positions.messages) == 8)
    assert [int(value) for value in positions.values()] == list(range(8))


def test_a_position_that_another_reader_has_moved_is_taken_over(world: World) -> None:
    producer, positions = world.producer(), Positions()
    world.source(COMMANDS, positions=positions).start(positions.deliver)
    producer.publish([command("0")])
    positions.wait_for(lambda: len(positions.messages) == 1)
    name, next = next_of(positions)
    positions.at[name] = next + 1  # the other one took in "1", which comes now
    producer.publish([command("1")])
    producer.publish([command("2")])
    positions.wait_for(lambda: len(positions.messages) == 2)
    assert positions.values() == [b"0", b"2"]


def next_of(positions: Positions) -> tuple[str, int]:
    ((name, next),) = positions.at.items()
    return name, next


def test_behind_is_the_age_of_the_oldest_waiting_message(world: World) -> None:
    producer, positions = world.producer(), Positions()
    positions.held = []
    source = world.source(COMMANDS, positions=positions)
    source.start(positions.deliver)
    old = command("old")._replace(timestamp=int(time.time() * 1000) - 60_000)
    producer.publish([old])
    positions.wait_for(lambda: len(positions.held or ()) == 1)
    assert 59 < source.behind() < 120
    assert not source.caught_up(time.time())
    positions.let_go()
    positions.wait_for(lambda: len(positions.messages) == 1)
    await_true(lambda: source.behind() == 0)
    await_true(lambda: source.caught_up(time.time()))


def await_true(reached: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_an_empty_topic_is_caught_up(world: World) -> None:
    positions = Positions()
    source = world.source(COMMANDS, positions=positions)
    source.start(positions.deliver)
    await_true(lambda: source.caught_up(time.time()))
    assert source.behind() == 0


def test_close_waits_for_the_batch_in_flight(world: World) -> None:
    positions = Positions()
    source = world.source(COMMANDS, positions=positions)
    source.start(positions.deliver)
    world.producer().publish([command("1")])
    positions.wait_for(lambda: len(positions.messages) == 1)
    source.close()
    assert positions.values() == [b"1"]


def test_a_group_goes_on_where_it_committed(world: World) -> None:
    world.producer().publish(numbered(0, 10))
    first = world.topics().consumer("readers", [RESULTS, COMMANDS])
    seen = polled(first, 10)
    assert [int(message.value) for message in seen] == list(range(10))
    first.commit({(COMMANDS, seen[0].partition): seen[5].offset + 1})
    first.close()
    second = world.topics().consumer("readers", [RESULTS, COMMANDS])
    assert [int(message.value) for message in polled(second, 4)] == [6, 7, 8, 9]
    assert second.poll(0) == []
    second.close()


def test_groups_do_not_disturb_each_other(world: World) -> None:
    world.producer().publish(numbered(0, 3))
    topics = world.topics()
    for group in ("one", "two"):
        consumer = topics.consumer(group, [COMMANDS])
        seen = polled(consumer, 3)
        consumer.commit({(COMMANDS, seen[-1].partition): seen[-1].offset + 1})
        consumer.close()
        assert len(seen) == 3


def test_a_consumer_that_waits_is_woken(world: World) -> None:
    consumer = world.topics().consumer("readers", [COMMANDS])
    assert consumer.poll(0.05) == []
    world.producer().publish([command("1")])
    assert [message.value for message in polled(consumer, 1)] == [b"1"]
    consumer.close()


def polled(consumer: object, count: int) -> list[Message]:
    messages: list[Message] = []
    give_up = time.monotonic() + PATIENCE
    while len(messages) < count:
        assert time.monotonic() < give_up, f"{len(messages)} of {count} messages came"
        messages += consumer.poll(1.0)  # type: ignore[attr-defined]
    return messages
