"""What stands at the end of topics: the log positions up to which they hold what the relay has published."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from adapters.topics.kafka.broker import sentence
from adapters.topics.kafka.connection import Connection
from adapters.topics.kafka.endings import UNREACHABLE
from adapters.topics.port import TopicsUnavailable

PATIENCE = 30.0
LOOK_BACK = 10  # records at the end of a partition among which one of the relay's is looked for
SEQUENCE = "ce_sequence"


async def read_ends(connection: Connection, topics: Sequence[str]) -> dict[str, list[int | None]]:
    """For each topic and partition the `ce_sequence` of the last record that has one. Raises TopicsUnavailable."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await _read(connection, topics)
    except UNREACHABLE as error:
        raise TopicsUnavailable(f"The ends of topics on Kafka at {connection.bootstrap} cannot be read: {sentence(error)}.") from error


async def _read(connection: Connection, topics: Sequence[str]) -> dict[str, list[int | None]]:
    consumer = AIOKafkaConsumer(**connection.client(), enable_auto_commit=False, auto_offset_reset="none", isolation_level="read_committed")
    try:
        await consumer.start()
        places = [TopicPartition(topic, partition) for topic in topics for partition in await _partitions(consumer, topic)]
        found = await _last_sequences(consumer, places)
    finally:
        await consumer.stop()
    return {topic: [found.get(place) for place in places if place.topic == topic] for topic in topics}


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[int]:
    """A client that has just started may not know every topic yet."""
    while True:
        await consumer._client._wait_on_metadata(topic)
        partitions = consumer.partitions_for_topic(topic)
        if partitions:
            return sorted(partitions)
        await asyncio.sleep(0.1)


async def _last_sequences(consumer: AIOKafkaConsumer, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    consumer.assign(list(places))
    begins, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
    left = {place for place in places if begins[place] < ends[place]}
    for place in places:
        consumer.seek(place, max(begins[place], ends[place] - LOOK_BACK))
    consumer.pause(*(place for place in places if place not in left))
    found: dict[TopicPartition, int] = {}
    while left:
        for place, records in (await consumer.getmany(*left, timeout_ms=200)).items():
            for record in records:
                sequence = dict(record.headers).get(SEQUENCE)
                if sequence is not None:
                    found[place] = int(sequence)
        for place in list(left):
            if await consumer.position(place) >= ends[place]:
                left.discard(place)
    return found
