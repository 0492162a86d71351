"""The engine's reader of Kafka: a group places the partitions, the log alone holds the positions."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import NoOffsetForPartitionError
from aiokafka.structs import ConsumerRecord

from adapters.engine.port import EngineClosed
from adapters.event_log.port import PositionConflict
from adapters.telemetry import INBOX_LAG
from adapters.topics.kafka.broker import sentence
from adapters.topics.kafka.connection import Connection, Instance
from adapters.topics.kafka.consumer import message_of, stop
from adapters.topics.kafka.endings import UNREACHABLE
from adapters.topics.kafka.loop import LoopThread
from adapters.topics.kafka.partition import Partition
from adapters.topics.port import Batch, TopicsUnavailable
from adapters.topics.store import BATCH_BYTES

log = structlog.get_logger("topics")

GROUP = "engine"
POLL_MS = 1000
REST_SECONDS = 0.5  # after something went wrong
ASK_SECONDS = 5.0  # for one question to the broker
CHECK_SECONDS = 5.0  # between looks of the watchdog
STUCK_SECONDS = 30.0  # with messages on the broker and a position that does not move, the consumer is built anew
LONGEST_COMMIT = 10.0  # of batches in flight, when a partition or the process is given up
MOST_REBALANCES = 3  # a minute, before it is an alarm


class KafkaSource(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is not typed
    """See the port. `problem` says what keeps it from reading, empty when nothing does."""

    def __init__(self, connection: Connection, loop: LoopThread, topics: Sequence[str], positions: Callable[[], Mapping[str, int]]) -> None:
        self.problem = ""
        self._connection = connection
        self._loop = loop
        self._topics = [connection.topic(topic) for topic in topics]
        self._positions = positions
        self._instance = Instance(connection, GROUP, topics)
        self._deliver: Callable[[Batch], Future[None]] | None = None
        self._partitions: dict[TopicPartition, Partition] = {}
        self._rebalances: deque[float] = deque(maxlen=MOST_REBALANCES + 1)
        self._rebuild = False
        self._troubled_since: float | None = None
        self._closed = False
        self._landed = asyncio.Event()
        self._consumer: AIOKafkaConsumer | None = None
        self._running: Future[None] | None = None

    def start(self, deliver: Callable[[Batch], "Future[None]"]) -> None:
        """See the port."""
        self._deliver = deliver
        self._running = self._loop.submit(self._run())

    async def _run(self) -> None:
        watchdog = asyncio.ensure_future(self._watch())
        try:
            while not self._closed:
                try:
                    await self._read()
                except UNREACHABLE as error:
                    self._trouble(f"Kafka at {self._connection.bootstrap} cannot be read: {sentence(error)}.")
                await self._drop()
                if not self._closed:
                    await asyncio.sleep(REST_SECONDS)
        finally:
            watchdog.cancel()

    def _trouble(self, problem: str) -> None:
        self._troubled_since = self._troubled_since or time.time()
        if problem != self.problem:
            log.warning("topics.source_waits", problem=problem)
        self.problem = problem

    async def _read(self) -> None:
        """With one consumer, until it is to be built anew."""
        self._rebuild = False
        self._consumer = consumer = AIOKafkaConsumer(
            **self._connection.client(),
            group_id=self._connection.group(GROUP),
            group_instance_id=self._instance.name,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            max_partition_fetch_bytes=BATCH_BYTES,
            session_timeout_ms=30_000,
            max_poll_interval_ms=300_000,
        )
        consumer.subscribe(self._topics, listener=self)
        async with asyncio.timeout(ASK_SECONDS * 6):
            await consumer.start()
        while not (self._closed or self._rebuild):
            try:
                read = await consumer.getmany(timeout_ms=POLL_MS)
            except NoOffsetForPartitionError:  # it looked for Kafka's position before the listener had set ours
                continue
            self._take(read)
            if self.problem and self._partitions and all(each.positioned for each in self._partitions.values()):
                self.problem, self._troubled_since = "", None

    def _take(self, read: "Mapping[TopicPartition, Sequence[ConsumerRecord[Any, Any]]]") -> None:
        for place, records in read.items():
            found = self._partitions.get(place)
            if found is not None and found.positioned:
                found.take([message_of(record, self._connection) for record in records])
                self._advance(found)

    def _advance(self, found: Partition) -> None:
        """Give the engine what it can have, and keep what waits within bounds."""
        assert self._deliver is not None
        batch = found.next_batch()
        if batch is not None:
            try:
                future = self._deliver(batch)
            except Exception as error:  # as if the future had failed
                future = Future()
                future.set_exception(error)
            future.add_done_callback(partial(self._committed, found, batch))
        if found.is_over_full() and not found.full:
            found.full = True
            self._pause(found)
        elif found.full and found.has_room():
            found.full = False
            self._resume(found)

    def _pause(self, *partitions: Partition) -> None:
        assert self._consumer is not None
        self._consumer.pause(*(each.place for each in partitions))

    def _resume(self, *partitions: Partition) -> None:
        assert self._consumer is not None
        self._consumer.resume(*(each.place for each in partitions))

    # From the engine -----------------------------------------------------------------------------------------------------------------
    def _committed(self, found: Partition, batch: Batch, future: "Future[None]") -> None:
        """Called by the engine's thread."""
        error = future.exception() if not future.cancelled() else EngineClosed("The delivery was cancelled.")
        if not self._loop.loop.is_closed():
            self._loop.loop.call_soon_threadsafe(self._land, found, batch, error)

    def _land(self, found: Partition, batch: Batch, error: BaseException | None) -> None:
        is_ours = self._has(found)
        self._landed.set()
        if error is None:
            found.land(batch)
            if is_ours:
                self._advance(found)
            return
        found.in_flight = None
        if isinstance(error, EngineClosed):
            self._closed = True
        elif is_ours and not self._closed:
            found.positioned = False
            if not isinstance(error, PositionConflict):
                self._trouble(f"Messages of {batch.topic} from offset {batch.expected} were not taken in: {error}")
            asyncio.ensure_future(self._reposition(found, 0.0 if isinstance(error, PositionConflict) else REST_SECONDS))  # noqa: RUF006

    async def _reposition(self, found: Partition, rest: float) -> None:
        """Read again from the stored position."""
        await asyncio.sleep(rest)
        if self._has(found):
            self._pause(found)
            await self._position([found])

    # From the group ------------------------------------------------------------------------------------------------------------------
    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """The pause comes before anything is awaited: the client fetches already, and from the wrong position."""
        assert self._consumer is not None
        self._consumer.pause(*assigned)
        self._partitions = {place: Partition(place, self._connection.name(place.topic)) for place in assigned}
        self._count_rebalance()
        await self._position(list(self._partitions.values()))

    async def _position(self, partitions: list[Partition]) -> None:
        """Set the client where the log is. Whatever goes wrong leaves them paused and the consumer to be built anew: the client would swallow it."""
        if not partitions:
            return
        consumer = self._consumer
        assert consumer is not None
        try:
            stored = await asyncio.to_thread(self._positions)
            begins = await self._begins(consumer, [each.place for each in partitions if each.name not in stored])
            for each in partitions:
                begin = stored.get(each.name, begins.get(each.place, 0))
                each.place_at(stored.get(each.name, -1), begin)
                consumer.seek(each.place, begin)
            consumer.resume(*(each.place for each in partitions))
        except Exception as error:
            if self._consumer is not consumer:
                return  # it was given up meanwhile
            self._trouble(f"The positions of the topics cannot be read: {sentence(error)}.")
            self._rebuild = True

    async def _begins(self, consumer: AIOKafkaConsumer, places: list[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Where partitions without a stored position are begun."""
        if not places:
            return {}
        ask = consumer.beginning_offsets if self._connection.options.start == "earliest" else consumer.end_offsets
        async with asyncio.timeout(ASK_SECONDS):
            begins: Mapping[TopicPartition, int] = await ask(places)
        return begins

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """The batches in flight are waited for, what is only read is dropped."""
        leaving = list(self._partitions.values())
        for each in leaving:
            each.positioned = False
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_COMMIT):
                while any(each.in_flight is not None for each in leaving):
                    self._landed.clear()
                    await self._landed.wait()
        self._partitions = {}

    def _count_rebalance(self) -> None:
        now = time.monotonic()
        self._rebalances.append(now)
        if len(self._rebalances) > MOST_REBALANCES and now - self._rebalances[0] < 60:
            log.error(
                "topics.rebalances",
                problem=f"The group was rearranged {len(self._rebalances)} times within a minute: are there two processes named {self._instance.name}?",
            )

    # Watchdog ------------------------------------------------------------------------------------------------------------------------
    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            try:
                await self._measure()
                await self._tell_kafka()
            except (*UNREACHABLE, AssertionError) as error:
                log.info("topics.watchdog", problem=sentence(error))
            for topic, lag in self._lags().items():
                INBOX_LAG.labels(topic).set(lag)

    async def _measure(self) -> None:
        """Ask for the ends; a partition that has something to read and does not move is stuck."""
        consumer, partitions = self._consumer, dict(self._partitions)
        if consumer is None or not partitions:
            return
        at = time.time()
        async with asyncio.timeout(ASK_SECONDS):
            ends = await consumer.end_offsets(list(partitions))
        for each in partitions.values():
            if self._has(each) and each.positioned and each.place in consumer.assignment():
                async with asyncio.timeout(ASK_SECONDS):
                    self._judge(each, at, ends[each.place], await consumer.position(each.place))

    def _judge(self, found: Partition, at: float, end: int, position: int) -> None:
        found.measure(at, end, position)
        if position != found.seen_position or position >= end or found.full:
            found.seen_position, found.moved_at = position, at
        elif at - found.moved_at > STUCK_SECONDS:
            self._trouble(f"{found.name} stands at {position}, though it goes on to {end}: the consumer is built anew.")
            self._rebuild = True

    def _has(self, found: Partition) -> bool:
        """Whether it is (still) this process's to read."""
        return self._partitions.get(found.place) is found

    async def _tell_kafka(self) -> None:
        """Kafka's own positions are only there for the tools that show lag."""
        offsets = {each.place: each.committed for each in self._partitions.values() if each.positioned and each.committed >= 0}
        if offsets and self._consumer is not None:
            async with asyncio.timeout(ASK_SECONDS):
                await self._consumer.commit(offsets)

    # For health and timers -----------------------------------------------------------------------------------------------------------
    def _lags(self) -> dict[str, float]:
        now = time.time()
        lags = dict.fromkeys((self._connection.name(topic) for topic in self._topics), 0.0)
        for each in list(self._partitions.values()):
            oldest = each.oldest()
            if oldest is not None:
                lags[each.topic] = max(lags[each.topic], now - oldest / 1000)
        return lags

    def behind(self) -> float:
        """See the port. As long as nothing can be read, the seconds since that began."""
        trouble = time.time() - self._troubled_since if self._troubled_since is not None else 0.0
        return max(trouble, *self._lags().values())

    def caught_up(self, at: float) -> bool:
        """See the port, of the partitions that this process has."""
        if not self._is_proven(at):
            try:
                self._loop.run(self._measure(), ASK_SECONDS)
            except (*UNREACHABLE, AssertionError, TopicsUnavailable):
                return False
        return self._is_proven(at)

    def _is_proven(self, at: float) -> bool:
        partitions = list(self._partitions.values())
        return bool(partitions) and all(each.positioned and each.proven_until >= at for each in partitions)

    def close(self) -> None:
        """See the port."""
        self._loop.run(self._end(), LONGEST_COMMIT)
        self._instance.release()

    async def _end(self) -> None:
        self._closed = True
        if self._running is not None:
            await asyncio.wrap_future(self._running)

    async def _drop(self) -> None:
        consumer, self._consumer = self._consumer, None
        await self.on_partitions_revoked([])
        if consumer is not None:
            await stop(consumer)
