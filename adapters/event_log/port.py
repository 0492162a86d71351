"""The event log's port: the one place where every fact is written, and where readers follow it in order."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol


class NewRow(NamedTuple):
    """One event to append. `topic` is the event's short name with its version (`ServiceActivated/1`), `state` its JSON."""

    stream: str
    version: int
    topic: str
    state: bytes


class Row(NamedTuple):
    """One event as stored. Positions grow with commit order and may have gaps."""

    position: int
    stream: str
    version: int
    topic: str
    state: bytes


class InboxEntry(NamedTuple):
    """One accepted message. `(source, id)` is unique; `digest` tells a repeat from a misuse of the same id; `status` is the HTTP-like
    status it was answered with; `resource` the stream it made or changed; `time` lets old answers expire."""

    source: str
    id: str
    digest: bytes
    status: int
    resource: str
    time: datetime


class Advance(NamedTuple):
    """Compare-and-set of one input or reader position: stored value must equal `expected` (-1 = none stored yet)."""

    name: str
    expected: int
    new: int


class Conflict(Exception):
    """Nothing was written, because somebody else wrote first."""


class VersionConflict(Conflict):
    """A stream version exists already: reload and decide again."""


class PositionConflict(Conflict):
    """A position was not where this writer believed it to be: another reader owns it now."""


class InboxConflict(Conflict):
    """A message with one of these (source, id) was accepted before."""


class LogUnavailable(Exception):
    """The store cannot be reached, locked or written. After a failed `append` it is unknown whether it was stored: read again before deciding."""


class EventLog(Protocol):
    """Append-only log of events with the positions and message ids that must change together with them. Calls block; each may be used from any
    thread, `append` from one thread at a time."""

    def append(self, events: Sequence[NewRow], inbox: Sequence[InboxEntry] = (), positions: Sequence[Advance] = ()) -> int:
        """Write everything in one durable transaction and return the position of the last event (0 when `events` is empty). The events of
        one call get contiguous positions in the order given. Order inside: lock, positions, inbox, events. Raises Conflict; then nothing was written.
        Raises LogUnavailable when the store is out of reach."""
        ...

    def read(self, streams: Sequence[str]) -> list[Row]:
        """All events of these streams in one query, in order of position."""
        ...

    def since(self, position: int, limit: int, topics: Sequence[str] | None = None) -> list[Row]:
        """Up to `limit` events with a greater position, in order; only of these topics if given."""
        ...

    def head(self) -> int:
        """Position of the last event, 0 when empty."""
        ...

    def positions(self) -> dict[str, int]:
        """Every stored input and reader position by name."""
        ...

    def inbox(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], InboxEntry]:
        """The accepted messages among these (source, id), in one query."""
        ...

    def forget_inbox(self, before: datetime) -> int:
        """Delete inbox entries older than `before`; returns how many."""
        ...

    def wait(self, position: int, timeout: float) -> bool:
        """Block until an event after `position` may exist (True) or `timeout` seconds passed (False). Works across processes; never waits longer than a
        safety poll for an event that is already there."""
        ...

    def close(self) -> None:
        """Release connections, threads and wake-up sockets."""
        ...
