"""Publishing to Kafka: an idempotent producer that is built anew after anything goes wrong with it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.partitioner import murmur2

from adapters.topics.kafka.broker import sentence
from adapters.topics.kafka.connection import Connection
from adapters.topics.kafka.endings import UNREACHABLE, end_refresh
from adapters.topics.kafka.ends import read_ends
from adapters.topics.kafka.loop import LoopThread
from adapters.topics.port import MessageTooLarge, Outgoing, TopicsUnavailable
from schemas.topics import LARGEST_BATCH, LARGEST_MESSAGE

PATIENCE = 30.0  # seconds for one publish; an idempotent send never gives up by itself
STOP_SECONDS = 2.0
# A batch is closed at this size; a message that is larger makes a batch of its own.
BATCH_SIZE = 1024 * 1024


@lru_cache(maxsize=50_000)
def partition_of(key: str, partitions: int) -> int:
    """The partition of a key, as aiokafka and Java compute it."""
    return int((murmur2(key.encode()) & 0x7FFFFFFF) % partitions)


class KafkaProducer:
    """See the port. Batches are built by hand: a send for each record costs six times as much."""

    def __init__(self, connection: Connection, loop: LoopThread) -> None:
        self._connection = connection
        self._loop = loop
        self._producer: AIOKafkaProducer | None = None
        self._partitions: dict[str, int] = {}

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """See the port. Order is kept within a key; TopicsUnavailable leaves it open which of them were published."""
        for message in messages:
            if len(message.value) > LARGEST_MESSAGE:
                raise MessageTooLarge(f"A message for {message.topic} has {len(message.value)} bytes, more than {LARGEST_MESSAGE}.")
        if messages:
            self._loop.run(self._publish(messages), PATIENCE)

    async def _publish(self, messages: Sequence[Outgoing]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._send(messages)
        except MessageSizeTooLargeError as error:
            await self._drop()
            raise MessageTooLarge(f"A message for {messages[0].topic} is too large for Kafka: {sentence(error)}.") from error
        except (*UNREACHABLE, AssertionError) as error:
            await self._drop()
            raise TopicsUnavailable(f"Kafka at {self._connection.bootstrap} did not take the messages: {sentence(error)}.") from error
        except asyncio.CancelledError:
            await self._drop()
            raise

    async def _send(self, messages: Sequence[Outgoing]) -> None:
        producer = self._producer or await self._build()
        batches: dict[tuple[str, int], list[Any]] = {}
        for message in messages:
            place = (
                message.topic,
                partition_of(message.key, self._partitions.get(message.topic) or await self._count(producer, message.topic)),
            )
            _append(producer, batches.setdefault(place, []), message)
        futures = []
        # The first batch of every partition before the second of any: the client takes one of a partition at a time, and what waits together goes together.
        for round in range(max(len(each) for each in batches.values())):
            for (topic, partition), each in batches.items():
                if round < len(each):
                    futures.append(await producer.send_batch(each[round], self._connection.topic(topic), partition=partition))
        outcomes = await asyncio.gather(*futures, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _count(self, producer: AIOKafkaProducer, topic: str) -> int:
        self._partitions[topic] = len(await producer.partitions_for(self._connection.topic(topic)))
        return self._partitions[topic]

    async def _build(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **self._connection.client(),
            enable_idempotence=True,
            compression_type=self._connection.options.compression,
            max_batch_size=BATCH_SIZE,
            max_request_size=LARGEST_BATCH,
            linger_ms=0,
            request_timeout_ms=15_000,
        )
        self._producer = producer  # before it is started, so that a failure drops it
        await producer.start()
        return producer

    async def _drop(self) -> None:
        """After an error the broker refuses what follows the gap, so this producer is done; the next publish builds another."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await stop(producer)

    def partition_of(self, message: Outgoing) -> int:
        """See the port."""
        return partition_of(message.key, self._partitions[message.topic])

    def last_sequences(self, topics: Sequence[str]) -> dict[tuple[str, int], int]:
        """See the port."""
        names = {self._connection.topic(topic): topic for topic in topics}
        ends = self._loop.run(read_ends(self._connection, list(names)), PATIENCE)
        self._partitions |= {names[topic]: len(partitions) for topic, partitions in ends.items()}
        return {
            (names[topic], partition): sequence
            for topic, partitions in ends.items()
            for partition, sequence in enumerate(partitions)
            if sequence is not None
        }

    def close(self) -> None:
        """See the port."""
        self._loop.run(self._drop(), STOP_SECONDS)


def _append(producer: AIOKafkaProducer, batches: list[Any], message: Outgoing) -> None:
    if batches and _fits(batches[-1], message):
        return
    batch = producer.create_batch()
    batches.append(batch)
    assert _fits(batch, message), "an empty batch takes any message"


def _fits(batch: Any, message: Outgoing) -> bool:
    added = batch.append(timestamp=message.timestamp, key=message.key.encode(), value=message.value, headers=list(message.headers))
    return added is not None


async def stop(producer: AIOKafkaProducer) -> None:
    """Also one that waits for a broker that is gone: then what it holds is given up."""
    with suppress(*UNREACHABLE, AssertionError):
        async with asyncio.timeout(STOP_SECONDS):
            await end_refresh(producer.client)
            await producer.stop()
            return
    with suppress(*UNREACHABLE, AssertionError, AttributeError):
        async with asyncio.timeout(STOP_SECONDS):
            await producer._sender.close()
            await producer.client.close()
