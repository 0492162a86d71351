"""What happens to topics when the broker dies under them, and when a second process joins the group."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from adapters import outgoing
from adapters.event_log import open_log
from adapters.topics.kafka import KafkaTopics
from adapters.topics.kafka.producer import partition_of
from adapters.topics.port import TopicsUnavailable
from schemas.topics import MANIFEST, Change
from tests.contracts.relaying import append, read_all, relay
from tests.contracts.test_topics import COMMANDS, Positions, await_true, numbered
from tests.servers import missing
from tests.servers.kafka import Kafka, KafkaMissing, LocalKafka, local_kafka

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def broker() -> Iterator[LocalKafka]:
    """A broker that these tests may kill."""
    with ExitStack() as stack:
        try:
            yield stack.enter_context(local_kafka())
        except KafkaMissing as error:
            missing("Kafka to kill", str(error))


@pytest.fixture
def topics(broker: LocalKafka, request: pytest.FixtureRequest) -> Iterator[KafkaTopics]:
    topics = KafkaTopics(broker.bootstrap, options(request))
    try:
        yield topics
    finally:
        topics.close()


def options(request: pytest.FixtureRequest) -> dict[str, object]:
    return {"prefix": f"{request.node.name.replace('_', '-')}.", "partitions": 3}


def test_producer_and_source_heal_after_the_broker_was_killed(broker: LocalKafka, topics: KafkaTopics) -> None:
    positions, producer = Positions(), topics.producer()
    source = topics.source([COMMANDS], positions.stored)
    source.start(positions.deliver)
    producer.publish(numbered(0, 100, [f"cust-{number}" for number in range(9)]))
    positions.wait_for(lambda: len(positions.messages) == 100)
    published = Event()

    def publish() -> None:
        for start in range(100, 400, 20):
            while True:
                try:
                    producer.publish(numbered(start, start + 20, [f"cust-{number}" for number in range(9)]))
                    break
                except TopicsUnavailable:
                    time.sleep(0.1)
        published.set()

    publisher = Thread(target=publish)
    publisher.start()
    broker.kill()
    broker.start()
    publisher.join(60)
    assert published.is_set()
    positions.wait_for(lambda: len(set(positions.values())) == 400)
    for key in {message.key for message in positions.messages}:
        numbers = list(dict.fromkeys(int(message.value) for message in positions.messages if message.key == key))
        assert numbers == sorted(numbers)
    await_true(lambda: source.behind() == 0)
    producer.close()
    source.close()


def test_the_relay_heals_after_the_broker_was_killed(
    broker: LocalKafka, topics: KafkaTopics, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    log = open_log(f"sqlite:///{tmp_path}/store.db")
    lanes = [relay(log, topics, lane) for lane in ("requests", "facts")]
    for lane in lanes:
        lane.start()
    for start in range(0, 300, 10):
        append(log, range(start, start + 10))
        if start == 150:
            broker.kill()
    broker.start()
    kafka = Kafka(broker.bootstrap, dict(options(request)))
    for topic in (outgoing.ACTIVATION_REQUESTS, outgoing.DOMAIN_EVENTS_TOPIC):
        await_true(lambda: {record.sequence for record in read_all(kafka, topic)} == set(range(1, 301)))  # noqa: B023
    await_true(lambda: all(lane.lag_seconds() == 0 for lane in lanes))
    for lane in lanes:
        lane.close()
    log.close()


def test_a_broker_that_is_away_is_one_sentence(broker: LocalKafka, topics: KafkaTopics) -> None:
    topics.producer().close()
    broker.stop()
    away = KafkaTopics(broker.bootstrap, {})
    try:
        with pytest.raises(TopicsUnavailable, match=r"^Kafka at 127\.0\.0\.1:\d+ is out of reach: [^\n]+\.$"):
            away.producer()
    finally:
        away.close()
        broker.start()


def test_two_members_share_the_partitions_and_lose_nothing_when_one_joins_and_leaves(
    broker: LocalKafka, request: pytest.FixtureRequest
) -> None:
    """Both write into one log, as two processes would."""
    keys = [f"cust-{number}" for number in range(30)]
    positions = Positions()
    with ExitStack() as closing:
        members = []
        for instance in ("one", "two"):
            topics = KafkaTopics(broker.bootstrap, {**options(request), "instance": instance})
            closing.callback(topics.close)
            members.append(topics)
        producer = members[0].producer()
        closing.callback(producer.close)
        first = members[0].source([COMMANDS], positions.stored)
        first.start(positions.deliver)
        closing.callback(first.close)
        producer.publish(numbered(0, 300, keys))
        positions.wait_for(lambda: len(positions.messages) >= 100)
        second = members[1].source([COMMANDS], positions.stored)
        second.start(positions.deliver)
        closing.callback(second.close)
        for start in range(300, 900, 50):
            producer.publish(numbered(start, start + 50, keys))
        positions.wait_for(lambda: len(positions.messages) >= 900)
        await_true(lambda: 0 < len(second._partitions) < 3)
        assert sorted(int(value) for value in positions.values()) == list(range(900))
        for key in keys:
            numbers = [int(message.value) for message in positions.messages if message.key == key]
            assert numbers == sorted(numbers)


def test_two_members_of_one_name_on_one_host_cannot_be(broker: LocalKafka, topics: KafkaTopics) -> None:
    first, second = topics.source([COMMANDS], dict), topics.source([COMMANDS], dict)
    assert first._instance.name != second._instance.name
    name = first._instance.name
    first.close()
    third = topics.source([COMMANDS], dict)
    assert third._instance.name == name
    second.close()
    third.close()


def test_the_manifest_is_planned_and_applied(broker: LocalKafka, request: pytest.FixtureRequest) -> None:
    topics = KafkaTopics(broker.bootstrap, options(request))
    wider = KafkaTopics(broker.bootstrap, {**options(request), "partitions": 4})
    try:
        planned = topics.broker.plan()
        assert [change.kind for change in planned] == ["create"] * len(MANIFEST)
        topics.broker.apply(planned)
        assert topics.broker.plan() == []
        assert {change.kind for change in wider.broker.plan()} == {"refuse"}
        with pytest.raises(TopicsUnavailable, match="has 3 partitions, not 4"):
            wider.producer()
    finally:
        wider.close()
        topics.close()


def test_settings_that_differ_are_put_right_and_others_stay(broker: LocalKafka, topics: KafkaTopics) -> None:
    topics.broker.create_missing()
    name = MANIFEST[0].name
    changed = Change("configure", name, "", {**MANIFEST[0].config, "retention.ms": "1000", "segment.bytes": "20000000"})
    topics.broker.apply([changed])
    await_true(lambda: len(topics.broker.plan()) == 1)
    (change,) = topics.broker.plan()
    assert change.sentence == f"Change {name}: retention.ms from 1000 to {MANIFEST[0].retention}."
    topics.broker.apply([change])
    await_true(lambda: topics.broker.plan() == [])
    assert topics.broker.settings(name)["segment.bytes"] == "20000000"


def test_unread_messages_that_retention_deleted_stop_the_source_loudly(
    broker: LocalKafka, topics: KafkaTopics, request: pytest.FixtureRequest
) -> None:
    """What is lost is not skipped: a person decides."""
    producer = topics.producer()
    producer.publish(numbered(0, 30, ["cust-1"]))
    producer.close()
    asyncio.run(delete_records(broker.bootstrap, f"{options(request)['prefix']}{COMMANDS}", 10))
    positions = Positions()
    positions.at = {f"{COMMANDS}:{partition}": 0 for partition in range(3)}
    source = topics.source([COMMANDS], positions.stored)
    source.start(positions.deliver)
    await_true(lambda: "OffsetOutOfRange" in source.problem)
    await_true(lambda: source.behind() > 0)
    assert not source.caught_up(time.time())
    assert positions.messages == []
    source.close()


async def delete_records(bootstrap: str, topic: str, before: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        place = TopicPartition(topic, partition_of("cust-1", 3))
        await admin.delete_records({place: RecordsToDelete(before_offset=before)})
    finally:
        await admin.close()
