"""Reading Kafka from outside the engine: an ordinary member of a group, whose position is Kafka's."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError
from aiokafka.structs import ConsumerRecord

from adapters.topics.kafka.broker import sentence
from adapters.topics.kafka.connection import Connection, Instance
from adapters.topics.kafka.endings import UNREACHABLE, end_refresh
from adapters.topics.kafka.loop import LoopThread
from adapters.topics.port import Message, TopicsUnavailable
from adapters.topics.store import BATCH_BYTES, BATCH_MESSAGES

log = structlog.get_logger("topics")

PATIENCE = 20.0
STOP_SECONDS = 3.0


class KafkaConsumer:
    """See the port."""

    def __init__(self, connection: Connection, loop: LoopThread, group: str, topics: Sequence[str]) -> None:
        self._connection = connection
        self._loop = loop
        self._group = group
        self._topics = [connection.topic(topic) for topic in topics]
        self._instance = Instance(connection, group, topics)
        self._consumer: AIOKafkaConsumer | None = None

    def poll(self, timeout: float) -> list[Message]:
        """See the port."""
        return self._loop.run(self._poll(int(timeout * 1000)), PATIENCE + timeout)

    async def _poll(self, milliseconds: int) -> list[Message]:
        try:
            async with asyncio.timeout(PATIENCE + milliseconds / 1000):
                consumer = self._consumer or await self._build()
                found = await consumer.getmany(timeout_ms=milliseconds, max_records=BATCH_MESSAGES)
        except UNREACHABLE as error:
            await self._drop()
            raise TopicsUnavailable(f"Kafka at {self._connection.bootstrap} cannot be read: {sentence(error)}.") from error
        return [message_of(record, self._connection) for records in found.values() for record in records]

    async def _build(self) -> AIOKafkaConsumer:
        self._consumer = consumer = AIOKafkaConsumer(
            *self._topics,
            **self._connection.client(),
            group_id=self._connection.group(self._group),
            group_instance_id=self._instance.name,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=BATCH_BYTES,
            session_timeout_ms=30_000,
        )
        await consumer.start()
        return consumer

    def commit(self, positions: Mapping[tuple[str, int], int]) -> None:
        """See the port. A position whose partition has gone to another member is its business now."""
        if positions:
            self._loop.run(self._commit(positions), PATIENCE)

    async def _commit(self, positions: Mapping[tuple[str, int], int]) -> None:
        consumer = self._consumer
        if consumer is None:
            return
        ours = consumer.assignment()
        offsets = {TopicPartition(self._connection.topic(topic), partition): next for (topic, partition), next in positions.items()}
        offsets = {place: next for place, next in offsets.items() if place in ours}
        try:
            async with asyncio.timeout(PATIENCE):
                if offsets:
                    await consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            log.info("topics.position_not_committed", group=self._group, problem=sentence(error))
        except UNREACHABLE as error:
            raise TopicsUnavailable(f"Kafka at {self._connection.bootstrap} did not take the position: {sentence(error)}.") from error

    async def _drop(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await stop(consumer)

    def close(self) -> None:
        """See the port."""
        self._loop.run(self._drop(), STOP_SECONDS)
        self._instance.release()


def message_of(record: "ConsumerRecord[Any, Any]", connection: Connection) -> Message:
    """A record as the port knows it. What is not UTF-8 in a key is written as escapes."""
    return Message(
        connection.name(record.topic),
        record.partition,
        record.offset,
        record.key.decode(errors="backslashreplace") if record.key is not None else "",
        tuple((name.lower(), value if value is not None else b"") for name, value in record.headers),
        record.value if record.value is not None else b"",
        record.timestamp,
    )


async def stop(consumer: AIOKafkaConsumer) -> None:
    """Also one whose broker is gone."""
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await end_refresh(consumer._client)
            await consumer.stop()
    except UNREACHABLE as error:
        log.info("topics.consumer_left_without_answer", problem=sentence(error))
