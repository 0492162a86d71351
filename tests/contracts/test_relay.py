"""The relay on a real broker: everything once, in order, whatever happens to it."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from adapters import outgoing
from adapters.event_log import open_log
from adapters.event_log.port import EventLog, NewRow
from adapters.relay import LANES, HistoryForked, Relay
from adapters.topics.kafka import KafkaTopics
from domain.events import EVENTS
from schemas.topics import LARGEST_MESSAGE, MANIFEST
from tests.contracts.relaying import CODEC, CUSTOMERS, Read, append, meta, read_all, relay, request
from tests.servers.kafka import Kafka

pytestmark = pytest.mark.servers

REQUESTS = outgoing.ACTIVATION_REQUESTS
LOG = outgoing.DOMAIN_EVENTS_TOPIC
PATIENCE = 30.0


class Stage:
    """A log, topics of its own, and relays that are closed in the end."""

    def __init__(self, folder: Path, kafka: Kafka, closing: ExitStack) -> None:
        self.store = f"sqlite:///{folder}/store.db"
        self.kafka = kafka
        self.log: EventLog = open_log(self.store)
        closing.callback(self.log.close)
        self.topics = KafkaTopics(kafka.bootstrap, kafka.options)
        closing.callback(self.topics.close)
        self._closing = closing

    def relay(self, lane: str = "requests", accept_history_fork: bool = False) -> Relay:
        made = relay(self.log, self.topics, lane, accept_history_fork=accept_history_fork)
        self._closing.callback(made.close)
        return made

    def read(self, topic: str = REQUESTS) -> list[Read]:
        return read_all(self.kafka, topic)

    def await_records(self, count: int, topic: str = REQUESTS) -> list[Read]:
        give_up = time.monotonic() + PATIENCE
        while len(found := self.read(topic)) < count:
            assert time.monotonic() < give_up, f"{len(found)} of {count} records came to {topic}"
            time.sleep(0.05)
        return found

    def await_saved(self, position: int, lane: str = "requests") -> None:
        give_up = time.monotonic() + PATIENCE
        while self.log.positions().get(f"relay.{lane}", -1) < position:
            assert time.monotonic() < give_up, f"{lane} stands at {self.log.positions()}"
            time.sleep(0.02)


@pytest.fixture
def stage(tmp_path: Path, kafka: Callable[[], Kafka]) -> Iterator[Stage]:
    with ExitStack() as closing:
        yield Stage(tmp_path, kafka(), closing)


def sequences(records: list[Read]) -> list[int]:
    return sorted(record.sequence for record in records)


def are_in_order(records: list[Read]) -> bool:
    by_partition: dict[int, list[int]] = {}
    for record in records:
        by_partition.setdefault(record.partition, []).append(record.sequence)
    return all(each == sorted(each) for each in by_partition.values())


def test_every_topic_that_leads_out_has_a_lane() -> None:
    carried = [topic for lane in LANES.values() for topic in lane.topics]
    assert sorted(carried) == sorted(outgoing.EVENTS)
    assert sorted(carried) == sorted(topic.name for topic in MANIFEST if topic.leads == "out")


def test_what_the_log_says_stands_on_the_topics_once_and_in_order(stage: Stage) -> None:
    append(stage.log, range(20))
    stage.relay().start()
    stage.await_records(20)
    append(stage.log, range(20, 50))
    records = stage.await_records(50)
    assert sequences(records) == list(range(1, 51))
    assert are_in_order(records)


def test_a_request_is_keyed_by_customer_and_says_what_it_is(stage: Stage) -> None:
    append(stage.log, [7])
    stage.relay().start()
    (record,) = stage.await_records(1)
    assert record.key == "cust-2"
    assert record.headers["ce_id"] == "so-7-1:1"
    assert record.headers["targetSystem"] == "gpon"
    assert json.loads(record.value)["activationKey"] == "so-7-1.1.activate.add.1"


def test_a_customers_messages_meet_in_one_partition_of_every_topic(stage: Stage) -> None:
    append(stage.log, range(CUSTOMERS * 3))
    stage.relay("requests").start()
    stage.relay("facts").start()
    requests, facts = stage.await_records(CUSTOMERS * 3), stage.await_records(CUSTOMERS * 3, LOG)
    placed = {(record.key, record.partition) for record in (*requests, *facts)}
    assert len(placed) == CUSTOMERS


def test_events_of_one_unit_of_work_and_stream_share_a_record(stage: Stage) -> None:
    shared = CODEC.encode_meta(meta(1))
    events = [("so-1-1", 1), ("so-1-1", 2), ("so-1-2", 1), ("so-1-1", 3)]
    stage.log.append([NewRow(stream, version, CODEC.topic(request(1)), CODEC.encode(request(1), shared)) for stream, version in events])
    stage.relay("facts").start()
    records = stage.await_records(3, LOG)
    lines = [[json.loads(line) for line in record.value.splitlines()] for record in records]
    assert [[(line["stream"], line["version"]) for line in each] for each in lines] == [
        [("so-1-1", 1), ("so-1-1", 2)],
        [("so-1-2", 1)],
        [("so-1-1", 3)],
    ]
    assert [record.sequence for record in records] == [2, 3, 4]


def test_a_relay_that_saved_nothing_goes_on_where_the_topics_end(stage: Stage) -> None:
    append(stage.log, range(10))
    first = stage.relay()
    first._take_over()
    assert first.turn() == 10  # and then it is gone, without a saved position
    append(stage.log, range(10, 13))
    second = stage.relay()
    second._take_over()
    assert second.turn() == 3
    records = stage.read()
    assert sequences(records) == list(range(1, 14))


def test_a_position_is_saved_and_found_again(stage: Stage) -> None:
    last = append(stage.log, range(5))
    first = stage.relay()
    first.start()
    stage.await_records(5)
    first.close()
    stage.await_saved(last)
    assert stage.log.positions()["relay.requests"] == last
    second = stage.relay()
    second.start()
    append(stage.log, range(5, 8))
    assert sequences(stage.await_records(8)) == list(range(1, 9))


def test_the_lanes_do_not_wait_for_each_other(stage: Stage) -> None:
    append(stage.log, range(5))
    stage.relay("facts").start()
    stage.await_records(5, LOG)
    assert stage.read(REQUESTS) == []
    stage.relay("requests").start()
    stage.await_records(5)


def test_a_restored_log_is_refused_until_the_fork_is_accepted(stage: Stage, tmp_path: Path) -> None:
    append(stage.log, range(10))
    stage.relay().start()
    stage.await_records(10)
    restored = open_log(f"sqlite:///{tmp_path}/restored.db")
    append(restored, range(4))
    refused = relay(restored, stage.topics, "requests")
    with pytest.raises(HistoryForked, match="position 10, but the log ends at 4"):
        refused.start()
    refused.close()
    accepted = relay(restored, stage.topics, "requests", accept_history_fork=True)
    accepted.start()
    records = stage.await_records(14)
    assert sorted(record.sequence for record in records)[:8] == [1, 1, 2, 2, 3, 3, 4, 4]
    accepted.close()
    restored.close()


def test_whoever_starts_last_carries_the_lane(stage: Stage) -> None:
    first = stage.relay()
    first.start()
    append(stage.log, range(5))
    stage.await_records(5)
    second = stage.relay()
    second.start()
    give_up = time.monotonic() + PATIENCE
    number = 5
    while first.problem != "Another process carries this lane.":
        assert time.monotonic() < give_up
        append(stage.log, [number])
        number += 1
        time.sleep(0.1)
    append(stage.log, range(number, number + 5))
    records = stage.await_records(number + 5)
    assert {record.sequence for record in records} == set(range(1, number + 6))
    assert second.problem == ""


def test_a_message_that_no_topic_takes_is_left_out_loudly_and_others_go_on(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    append(stage.log, [0])
    append(stage.log, [1], padding=LARGEST_MESSAGE)
    append(stage.log, [2])
    stage.relay().start()
    assert sequences(stage.await_records(2)) == [1, 3]


def test_lag_is_the_age_of_the_oldest_event_that_waits(stage: Stage) -> None:
    idle = stage.relay()
    assert idle.lag_seconds() == 0
    append(stage.log, range(3))
    idle.start()
    stage.await_records(3)
    give_up = time.monotonic() + PATIENCE
    while idle.lag_seconds():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_a_relay_that_is_killed_at_any_point_loses_nothing(stage: Stage) -> None:
    """The seed is printed. A repeat is possible only when a record was on its way to the broker at the kill; its id is the same then."""
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    number = 0
    for _ in range(8):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.contracts.relaying", stage.store, stage.kafka.bootstrap, json.dumps(stage.kafka.options)],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"carrying\n"
        stop = time.monotonic() + chance.uniform(0.02, 0.5)
        while time.monotonic() < stop:
            append(stage.log, range(number, number + 20))
            number += 20
            time.sleep(0.005)  # the pace of the load
        process.kill()
        process.wait()
        process.stdout.close()
    stage.relay("requests").start()
    stage.relay("facts").start()
    for topic in (REQUESTS, LOG):
        records = stage.await_records(number, topic)
        print(f"{topic}: seed {seed}, {number} events, {len(records)} records after 8 kills")
        assert {record.sequence for record in records} == set(range(1, number + 1))
        assert len({record.headers["ce_id"] for record in records}) == number
        first_seen = dict.fromkeys((record.partition, record.sequence) for record in records)
        assert are_in_order([Read(partition, 0, "", {"ce_sequence": str(sequence)}, b"") for partition, sequence in first_seen])
        assert len(records) - number <= 8 * 2000


def test_the_codec_knows_every_event_that_leads_out() -> None:
    assert {event for events in outgoing.EVENTS.values() for event in events} <= set(EVENTS)
