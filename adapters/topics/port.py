"""The topics' port: how messages reach Crossconnect and leave it, whether a broker carries them or the store itself."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import NamedTuple, Protocol


class Message(NamedTuple):
    """One message as received. Header names are lower case; `timestamp` is milliseconds since 1970."""

    topic: str
    partition: int
    offset: int
    key: str
    headers: tuple[tuple[str, bytes], ...]
    value: bytes
    timestamp: int


class Outgoing(NamedTuple):
    """One message to publish. `sequence` is the log position it renders, 0 for messages that do not come from the log."""

    topic: str
    key: str
    headers: tuple[tuple[str, bytes], ...]
    value: bytes
    timestamp: int
    sequence: int


class Batch(NamedTuple):
    """Consecutive messages of one partition. `expected` and `next` are the offsets to compare and set when their effects commit."""

    topic: str
    partition: int
    expected: int
    next: int
    messages: tuple[Message, ...]


class Producer(Protocol):
    """Publishes messages; a result is only returned when they are durable."""

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """Block until all are durable, in order per key. Raises TopicsUnavailable (nothing or a prefix was published: send again) or
        MessageTooLarge."""
        ...

    def close(self) -> None: ...


class Target(Producer, Protocol):
    """A producer that can be asked what has come through: what the relay needs to go on after a crash without repeating itself."""

    def partition_of(self, message: Outgoing) -> int:
        """Where a message will stand (once something was published to its topic, or its last sequences were asked for)."""
        ...

    def last_sequences(self, topics: Sequence[str]) -> dict[tuple[str, int], int]:
        """By (topic, partition), the `ce_sequence` of the last message there that has one. Raises TopicsUnavailable."""
        ...


class Source(Protocol):
    """Delivers batches of the topics it was made for, each partition in order, from the positions it was given."""

    def start(self, deliver: Callable[[Batch], "Future[None]"]) -> None:
        """Begin. `deliver` is called with one batch per partition at a time; its future ends when the batch's effects and offsets are committed, or
        fails with adapters.event_log.port.PositionConflict: then the source reads the positions again and goes on from there."""
        ...

    def behind(self) -> float:
        """Seconds since the oldest message that waits unread was published; 0 when caught up."""
        ...

    def caught_up(self, at: float) -> bool:
        """Whether everything published before the moment `at` (time.time()) has been committed."""
        ...

    def close(self) -> None:
        """Stop reading, wait for the batch in flight, release connections."""
        ...


class Consumer(Protocol):
    """Reads topics from outside the engine (simulators, tools): at least once, from the position that was committed for `group`."""

    def poll(self, timeout: float) -> list[Message]:
        """What has arrived, in order per partition; blocks up to `timeout` seconds when nothing has."""
        ...

    def commit(self, positions: Mapping[tuple[str, int], int]) -> None:
        """Remember the next offset by (topic, partition)."""
        ...

    def close(self) -> None: ...


class Topics(Protocol):
    """The topics of one process, and everything that is made on them."""

    def producer(self) -> Target: ...

    def source(self, topics: Sequence[str], positions: Callable[[], Mapping[str, int]]) -> Source:
        """Reads `topics` for the engine; `positions` answers the log's positions, in which those of topics are named `topic:partition`."""
        ...

    def consumer(self, group: str, topics: Sequence[str]) -> Consumer:
        """Reads `topics` as one member of `group`, from the beginning where nothing was committed."""
        ...

    def close(self) -> None:
        """Release what is shared. Producers, sources and consumers must be closed first."""
        ...


class TopicsUnavailable(Exception):
    """The broker or the topics file cannot be reached now."""


class MessageTooLarge(Exception):
    """A message is over the topic's limit and can never be published."""
