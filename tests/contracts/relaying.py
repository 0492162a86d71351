"""What relay tests share: facts to carry, a reader that is none of our code, and a relay in a process of its own that can be killed.

`python -m tests.contracts.relaying STORE BOOTSTRAP OPTIONS` carries both lanes until it is stopped.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Event
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from adapters.event_log import open_log
from adapters.event_log.codec import Codec
from adapters.event_log.port import EventLog, NewRow
from adapters.relay import LANES, Relay
from adapters.topics.kafka import KafkaTopics
from domain.events import EVENTS
from domain.recorded import Meta
from domain.service_order import ActivationRequested
from tests.servers.kafka import Kafka

CODEC = Codec(EVENTS)
CUSTOMERS = 5


def request(number: int, padding: int = 0) -> ActivationRequested:
    key = f"so-{number}-1.1.activate.add.1"
    asked = {
        "activationKey": key,
        "attempt": 1,
        "targetSystem": "gpon",
        "productOrder": {"id": f"po-{number}", "itemId": "1"},
        "padding": "x" * padding,
    }
    at = datetime(2026, 11, 22, tzinfo=UTC)
    return ActivationRequested("activate", "1", key, 1, 1, False, at, asked, {}, "inProgress")


def meta(number: int) -> Meta:
    return Meta(datetime.now(UTC), f"cust-{number % CUSTOMERS}", f"po-{number}", f"corr-{number}", f"cause-{number}")


def append(log: EventLog, numbers: Sequence[int], padding: int = 0, version: int = 1) -> int:
    """One request a number, each in a stream of its own; answers the last position."""
    rows = []
    for number in numbers:
        event = request(number, padding)
        rows.append(NewRow(f"so-{number}-1", version, CODEC.topic(event), CODEC.encode(event, CODEC.encode_meta(meta(number)))))
    return log.append(rows)


class Read(NamedTuple):
    """A record, as a plain client sees it."""

    partition: int
    offset: int
    key: str
    headers: dict[str, str]
    value: bytes

    @property
    def sequence(self) -> int:
        return int(self.headers["ce_sequence"])


def read_all(kafka: Kafka, topic: str) -> list[Read]:
    """Everything that stands on a topic now, partition by partition."""
    return asyncio.run(_read_all(kafka, kafka.topic(topic)))


async def _read_all(kafka: Kafka, topic: str) -> list[Read]:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, isolation_level="read_committed", auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = [TopicPartition(topic, partition) for partition in range(kafka.options["partitions"])]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        found: list[Read] = []
        for place in places:
            consumer.seek(place, 0)
            while await consumer.position(place) < ends[place]:
                for record in (await consumer.getmany(place, timeout_ms=500)).get(place, ()):
                    headers = {name: value.decode() for name, value in record.headers}
                    found.append(Read(record.partition, record.offset, record.key.decode(), headers, record.value))
        return found
    finally:
        await consumer.stop()


def relay(log: EventLog, topics: KafkaTopics, lane: str, **how: Any) -> Relay:
    return Relay(log, CODEC, topics.producer(), lane, **how)


def main(store: str, bootstrap: str, options: str) -> None:
    stopped = Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    log, topics = open_log(store), KafkaTopics(bootstrap, json.loads(options))
    relays = [relay(log, topics, lane) for lane in LANES]
    for each in relays:
        each.start()
    print("carrying", flush=True)
    stopped.wait()
    for each in relays:
        each.close()
    topics.close()
    log.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
