"""Topics without a broker: inward topics are kept in a topic store beside the log, outward topics are a view over the log and copy nothing."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from threading import Event, Lock, Thread

import structlog

from adapters import outgoing
from adapters.engine.port import EngineClosed
from adapters.event_log.codec import Codec
from adapters.event_log.port import EventLog, LogUnavailable, PositionConflict
from adapters.telemetry import INBOX_LAG
from adapters.topics.port import Batch, Message, MessageTooLarge, Outgoing, TopicsUnavailable
from adapters.topics.store import BATCH_MESSAGES, TopicStore
from schemas.topics import LARGEST_MESSAGE

log_of_topics = structlog.get_logger("topics")

POLL_SECONDS = 0.02  # a ring may be lost, so everybody also looks by themselves
REST_SECONDS = 0.5  # after the store or the engine could not be reached
HOUSEKEEPING_SECONDS = 5.0
LONGEST_COMMIT = 10.0  # of the batch in flight when the source is closed
RETENTION_SECONDS = 24 * 3600  # how long a message stays after its effects have been committed


class EmbeddedProducer:
    """Publishes to inward topics (see the port); outward topics are written by nobody, they are the log."""

    def __init__(self, store: TopicStore) -> None:
        self._store = store

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """See the port."""
        for message in messages:
            if message.topic in outgoing.EVENTS:
                raise ValueError(f"The embedded topic {message.topic} is a view over the log: nothing can be published to it.")
            if len(message.value) > LARGEST_MESSAGE:
                raise MessageTooLarge(f"A message for {message.topic} has {len(message.value)} bytes, more than {LARGEST_MESSAGE}.")
        if messages:
            self._store.publish(messages)

    def partition_of(self, message: Outgoing) -> int:
        """See the port."""
        return 0

    def last_sequences(self, topics: Sequence[str]) -> dict[tuple[str, int], int]:
        """See the port. Nothing that comes from the log is published here."""
        return {}

    def close(self) -> None:
        """See the port. The store belongs to whoever opened it."""


class EmbeddedSource:
    """Feeds the engine (see the port): one thread, one batch of each topic at a time, everything that waits in one read."""

    def __init__(self, store: TopicStore, topics: Sequence[str], positions: Callable[[], Mapping[str, int]]) -> None:
        self._store = store
        self._topics = tuple(topics)
        self._positions = positions
        self._ear = store.ear()
        self._at: dict[str, int] = {}  # what is committed; -1 before the first message of a topic
        self._in_flight: set[str] = set()
        self._lost = True  # whether the positions must be read (again)
        self._problem = ""  # why a batch was not committed, when it was not another reader's doing
        self._changing = Lock()
        self._idle = Event()  # nothing is in flight
        self._idle.set()
        self._closed = False
        self._cleaned = 0.0
        self._deliver: Callable[[Batch], Future[None]] | None = None
        self._thread = Thread(target=self._run, name="topics-source", daemon=True)

    def start(self, deliver: Callable[[Batch], "Future[None]"]) -> None:
        """See the port."""
        self._deliver = deliver
        self._thread.start()

    def _run(self) -> None:
        while not self._closed:
            try:
                if not self._turn():
                    self._ear.heard(POLL_SECONDS)
                if self._problem:
                    problem, self._problem = self._problem, ""
                    self._rest(problem)
            except (TopicsUnavailable, LogUnavailable) as error:
                self._rest(str(error))
            except EngineClosed:
                return

    def _rest(self, problem: str) -> None:
        log_of_topics.warning("topics.source_waits", problem=problem)
        give_up = time.monotonic() + REST_SECONDS
        while not self._closed and time.monotonic() < give_up:
            self._ear.heard(POLL_SECONDS)

    def _turn(self) -> bool:
        """Deliver what waits on the topics that have nothing in flight; answers whether anything did."""
        if self._lost and not self._find_positions():
            return False
        if time.monotonic() - self._cleaned > HOUSEKEEPING_SECONDS:
            self._keep_house()
        wanted = [(topic, max(self._at[topic], 0)) for topic in self._topics if topic not in self._in_flight]
        messages = self._store.read(wanted) if wanted else []
        for topic, _ in wanted:
            batch = tuple(message for message in messages if message.topic == topic)
            if batch:
                self._hand_over(Batch(topic, 0, self._at[topic], batch[-1].offset + 1, batch))
        return bool(messages)

    def _find_positions(self) -> bool:
        """Only while nothing is in flight: what is would move them."""
        if self._in_flight:
            return False
        stored = self._positions()
        self._at = {topic: stored.get(f"{topic}:0", -1) for topic in self._topics}
        self._lost = False
        return True

    def _hand_over(self, batch: Batch) -> None:
        assert self._deliver is not None
        with self._changing:
            self._in_flight.add(batch.topic)
            self._idle.clear()
        try:
            future = self._deliver(batch)
        except BaseException:
            self._land(batch.topic)
            raise
        future.add_done_callback(partial(self._delivered, batch))

    def _delivered(self, batch: Batch, future: "Future[None]") -> None:
        """Called by the engine once a batch is committed, or was not."""
        error = future.exception() if not future.cancelled() else EngineClosed("The delivery was cancelled.")
        if error is None:
            self._at[batch.topic] = batch.next
        else:
            self._lost = True
            if isinstance(error, EngineClosed):
                self._closed = True
            elif not isinstance(error, PositionConflict):
                self._problem = f"Messages of {batch.topic} from offset {batch.expected} were not taken in: {error}"
        self._land(batch.topic)
        self._ear.rouse()

    def _land(self, topic: str) -> None:
        with self._changing:
            self._in_flight.discard(topic)
            if not self._in_flight:
                self._idle.set()

    def _keep_house(self) -> None:
        self._cleaned = time.monotonic()
        before = int((time.time() - RETENTION_SECONDS) * 1000)
        for topic, offset in self._at.items():
            INBOX_LAG.labels(topic).set(self._behind(topic))
            if offset > 0:
                self._store.forget(topic, offset, before)

    def _behind(self, topic: str) -> float:
        since = self._store.waiting_since(topic, max(self._at.get(topic, 0), 0))
        return max(0.0, time.time() - since / 1000) if since is not None else 0.0

    def behind(self) -> float:
        """See the port."""
        return max((self._behind(topic) for topic in self._topics), default=0.0)

    def caught_up(self, at: float) -> bool:
        """See the port."""
        if self._lost:
            return False
        waiting = (self._store.waiting_since(topic, max(self._at[topic], 0)) for topic in self._topics)
        return all(since is None or since > at * 1000 for since in waiting)

    def close(self) -> None:
        """See the port."""
        self._closed = True
        with suppress(FileNotFoundError):  # somebody removed the store: what waits looks by itself in a moment
            self._ear.rouse()
        if self._thread.ident is not None:
            self._thread.join()
        self._idle.wait(LONGEST_COMMIT)
        self._ear.close()


class EmbeddedConsumer:
    """Reads topics for a group (see the port). All of them must be inward, or all outward: those it finds in the log, by their position there."""

    def __init__(self, store: TopicStore, group: str, topics: Sequence[str], log: EventLog | None, codec: Codec | None) -> None:
        outward = [topic for topic in topics if topic in outgoing.EVENTS]
        if outward and (len(outward) < len(topics) or log is None or codec is None):
            raise ValueError(
                "A consumer of embedded topics reads either topics that lead in, or, with the log at hand, topics that lead out."
            )
        self._store = store
        self._group = group
        self._at = dict.fromkeys(topics, 0) | {topic: next for topic, next in store.committed(group).items() if topic in topics}
        self._outward = {topic: _event_topics(topic, codec) for topic in outward} if codec is not None else {}
        self._log = log
        self._codec = codec
        self._ear = None if outward else store.ear()

    def poll(self, timeout: float) -> list[Message]:
        """See the port."""
        give_up = time.monotonic() + timeout
        while True:
            found = self._look()
            left = give_up - time.monotonic()
            if found or left <= 0:
                return found
            self._wait(left)

    def _look(self) -> list[Message]:
        if self._outward:
            return [message for topic in self._outward for message in self._from_log(topic)]
        messages = self._store.read(list(self._at.items()))
        self._at.update((message.topic, message.offset + 1) for message in messages)
        return messages

    def _from_log(self, topic: str) -> list[Message]:
        assert self._log is not None
        assert self._codec is not None
        try:
            head = self._log.head()
            rows = self._log.since(self._at[topic] - 1, BATCH_MESSAGES, self._outward[topic])
        except LogUnavailable as error:
            raise TopicsUnavailable(str(error)) from error
        messages = [
            Message(topic, 0, row.position, message.key, message.headers, message.value, message.timestamp)
            for row in rows
            for message in outgoing.render(topic, self._codec.decode(row))
        ]
        # Past everything that was looked at, so that the wait is for what comes after.
        seen = rows[-1].position if rows else 0
        self._at[topic] = max(seen, head if len(rows) < BATCH_MESSAGES else 0, self._at[topic] - 1) + 1
        return messages

    def _wait(self, timeout: float) -> None:
        if self._ear is not None:
            self._ear.heard(min(timeout, POLL_SECONDS))
        elif self._log is not None:
            self._log.wait(min(self._at.values()) - 1, timeout)

    def commit(self, positions: Mapping[tuple[str, int], int]) -> None:
        """See the port."""
        if positions:
            self._store.commit(self._group, {topic: next for (topic, _), next in positions.items()})

    def close(self) -> None:
        """See the port. Store and log belong to whoever opened them."""
        if self._ear is not None:
            self._ear.close()


def _event_topics(topic: str, codec: Codec) -> list[str]:
    """The names that the events of an outward topic have in the log."""
    return [name for event in outgoing.EVENTS[topic] for name in codec.topics_of(event)]


class EmbeddedTopics:
    """The topics beside one store (see the port): the file `<store>.topics.db`, or tables in the same PostgreSQL database."""

    def __init__(self, store: str, log: EventLog | None = None, codec: Codec | None = None) -> None:
        self._store = _open_store(store)
        self._log = log
        self._codec = codec

    def producer(self) -> EmbeddedProducer:
        """See the port."""
        return EmbeddedProducer(self._store)

    def source(self, topics: Sequence[str], positions: Callable[[], Mapping[str, int]]) -> EmbeddedSource:
        """See the port."""
        return EmbeddedSource(self._store, topics, positions)

    def consumer(self, group: str, topics: Sequence[str]) -> EmbeddedConsumer:
        """See the port."""
        return EmbeddedConsumer(self._store, group, topics, self._log, self._codec)

    def close(self) -> None:
        """See the port."""
        self._store.close()


def _open_store(store: str) -> TopicStore:
    if store.startswith("postgresql://"):
        from adapters.topics.postgres import PostgresTopics

        return PostgresTopics(store)
    from adapters.topics.sqlite import SqliteTopics

    return SqliteTopics(f"{store.removeprefix('sqlite:///')}.topics.db")
