"""What the engine decides together and commits as one transaction."""

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any

from adapters.engine.port import Outcome, RefusalHandler, Request
from adapters.event_log.codec import Codec
from adapters.event_log.port import Advance, InboxEntry, NewRow
from domain.recorded import Recorded


class Work:
    """What a caller or a source handed in: its messages and the future by which it learns their outcome. Only a source has the rest (see Delivery)."""

    __slots__ = ("expected", "future", "name", "next", "refused", "requests")

    def __init__(
        self,
        requests: Sequence[Request],
        future: "Future[Any]",
        refused: RefusalHandler | None = None,
        name: str = "",
        expected: int = -1,
        next: Sequence[int] = (),
    ) -> None:
        self.requests = requests
        self.future = future
        self.refused = refused
        self.name = name
        self.expected = expected
        self.next = next

    def parts(self) -> "list[Work]":
        """The same, one message each; the last has the future."""
        begins = (self.expected, *self.next)
        last = len(self.requests) - 1
        return [
            Work(
                (request,),
                self.future if n == last else Future(),
                self.refused,
                self.name,
                begins[n] if self.name else -1,
                self.next[n : n + 1],
            )
            for n, request in enumerate(self.requests)
        ]


class Batch:
    """Facts, accepted identities and positions of some works. `over` are the orders that came to their end in it."""

    def __init__(self, now: datetime, works: Sequence[Work]) -> None:
        self.now = now
        self.works = works
        self.facts: list[Recorded] = []
        self.inbox: dict[tuple[str, str], InboxEntry] = {}
        self.advances: dict[str, Advance] = {}
        self.done: list[tuple[Work, Outcome | Exception]] = []
        self.over: list[str] = []
        self.error: Exception | None = None
        self.position = 0

    def accept(self, request: Request, resource: str) -> None:
        """Remember the message by its identities."""
        for identity in request.identities:
            key = (identity.source, identity.id)
            self.inbox[key] = InboxEntry(identity.source, identity.id, identity.digest, request.status, resource, self.now)

    def joins(self, work: Work) -> bool:
        """Whether a work goes on where the one before it of the same position ends."""
        before = self.advances.get(work.name)
        return before is None or before.new == work.expected

    def finish(self, work: Work, outcome: Outcome | Exception, taken: int) -> None:
        """A work is decided, that many of its messages with an effect that counts; its caller learns it after the commit."""
        if work.name and taken:
            before = self.advances.get(work.name)
            self.advances[work.name] = Advance(work.name, work.expected if before is None else before.expected, work.next[taken - 1])
        self.done.append((work, outcome))

    def rows(self, codec: Codec) -> list[NewRow]:
        """The facts as the log stores them. Facts of one unit of work share their envelope, which is encoded once."""
        rows, meta, envelope = [], None, b""
        for fact in self.facts:
            if fact.meta is not meta:
                meta = fact.meta
                envelope = codec.encode_meta(meta)
            rows.append(NewRow(fact.stream, fact.version, codec.topic(fact.event), codec.encode(fact.event, envelope)))
        return rows

    def tell(self) -> None:
        """Every caller learns its outcome: after the commit."""
        for work, outcome in self.done:
            if work.future.cancelled():
                continue
            if isinstance(outcome, Outcome):
                work.future.set_result(None if work.refused is not None else outcome._replace(position=self.position))
            else:
                work.future.set_exception(outcome)
