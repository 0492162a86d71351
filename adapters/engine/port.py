"""What callers and sources hand to the engine, and what they learn after the commit."""

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any, NamedTuple, Protocol


class Identity(NamedTuple):
    """By which a message is known again. A repeat (same digest) gets `status` (0 = the first answer's) and the first answer's resource; another
    message under the same identity is refused with the code `mismatch` (`invalid` or `conflict`)."""

    source: str
    id: str
    digest: bytes
    mismatch: str = "invalid"
    status: int = 0


class Request(NamedTuple):
    """One message. `command.stream` names the stream it is for; `customer` is the shard key; `causation` the id of the message, which also becomes
    the correlation of the order that it makes; `status` what its caller is answered the first time."""

    command: Any
    customer: str
    causation: str
    identities: tuple[Identity, ...] = ()
    status: int = 200


class Outcome(NamedTuple):
    """After the commit: `resource` is the stream that was made or changed, `position` the log position to wait for in read models (0 = nothing was
    written), `repeated` whether the message had been accepted before."""

    status: int
    resource: str
    position: int
    repeated: bool


class RefusalHandler(Protocol):
    """What becomes of a message of a topic that was refused: another request (a dead letter, a refusal event), or None when nothing is owed."""

    def __call__(self, request: Request, error: Exception) -> Request | None: ...


class Delivery(NamedTuple):
    """Consecutive messages of one partition. `name` is its position in the log, which must be at `expected`; once request n has been taken in it is at
    `next[n]`, and commits together with the effects."""

    requests: Sequence[Request]
    name: str
    expected: int
    next: Sequence[int]
    refused: RefusalHandler


class EngineClosed(Exception):
    """The engine takes nothing in any more: this process is stopping."""


class Intake(Protocol):
    """The engine as its callers see it. Both calls return at once."""

    def submit(self, request: Request) -> "Future[Outcome]":
        """One message. The future's exceptions: domain.values.Rejected (refused, nothing stored), adapters.event_log.port.LogUnavailable (unknown
        whether it was stored: send it again under the same identity), EngineClosed."""
        ...

    def deliver(self, delivery: Delivery) -> "Future[None]":
        """Messages of a partition. Fails with PositionConflict when another reader owns the position, LogUnavailable, EngineClosed."""
        ...


class Clock(Protocol):
    """The time, aware and in UTC."""

    def __call__(self) -> datetime: ...
