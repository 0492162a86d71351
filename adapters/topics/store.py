"""Where embedded topics are kept: the port of the two stores that can carry topics without a broker."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from adapters.topics.port import Message, Outgoing

# What one batch holds at most, whatever carries the topics.
BATCH_MESSAGES = 500
BATCH_BYTES = 4 * 1024 * 1024

Headers = tuple[tuple[str, bytes], ...]

encode_headers = msgspec.msgpack.Encoder().encode
decode_headers = msgspec.msgpack.Decoder(Headers).decode


class TopicStore(Protocol):
    """Messages by topic, each topic one partition whose offsets count from 0 without gaps. Everything raises TopicsUnavailable."""

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """Append all in one durable transaction and wake whoever listens."""
        ...

    def read(self, wanted: Sequence[tuple[str, int]]) -> list[Message]:
        """For each (topic, offset) the messages from that offset on, up to BATCH_MESSAGES and about BATCH_BYTES a topic, in order."""
        ...

    def ends(self) -> dict[str, int]:
        """The next offset of every topic that was ever published to."""
        ...

    def waiting_since(self, topic: str, offset: int) -> int | None:
        """The earliest timestamp among the next messages of a topic from `offset` on; None when there are none."""
        ...

    def committed(self, group: str) -> dict[str, int]:
        """The next offset of a consumer group by topic."""
        ...

    def commit(self, group: str, positions: Mapping[str, int]) -> None:
        """Remember the next offsets of a group. A crash may lose the last ones: their messages are then read again."""
        ...

    def forget(self, topic: str, below: int, before: int) -> int:
        """Delete messages of a topic with an offset below `below` and a timestamp before `before` (milliseconds); answers how many."""
        ...

    def ear(self) -> "Ear":
        """One for each thread that waits for messages."""
        ...

    def close(self) -> None: ...


class Ear(Protocol):
    """What wakes one reader of a topic store."""

    def heard(self, timeout: float) -> object:
        """Block until something was published, `rouse` was called or `timeout` seconds have passed."""
        ...

    def rouse(self) -> None:
        """Wake the thread that is in `heard`."""
        ...

    def close(self) -> None: ...
