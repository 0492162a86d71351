"""Past orders read from the log for a comparison of catalogs, each with the install base as it was then (domain/decomposition/over_orders.py)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from adapters.event_log.codec import Codec
from adapters.event_log.port import EventLog, Row
from domain.catalog import Catalog
from domain.decomposition.over_orders import Candidate, OverOrders, PastOrder, likely_streams
from domain.order_document import with_items
from domain.plan import Plan
from domain.product_order import ProductOrderAcknowledged, ProductOrderDecomposed, ProductOrderInformationSupplied
from domain.recorded import Recorded
from domain.unit_of_work import decider_of

PAGE = 1_000  # events

# How far (log position), and how far it goes.
Progress = Callable[[int, int], None]


class Span(NamedTuple):
    """Which orders are looked at: acknowledged at or after `since` and before `until`, and the first `limit` of them."""

    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None

    def holds(self, time: datetime) -> bool:
        """Whether it is within the span."""
        return (self.since is None or time >= self.since) and (self.until is None or time < self.until)


class Found(NamedTuple):
    """An order, the position at which it was decomposed, and what that is likely to have asked for."""

    position: int
    order: PastOrder
    outline: "_Outline"


def over_orders(
    log: EventLog,
    codec: Codec,
    candidate: Catalog,
    catalogs: Mapping[str, Catalog],
    answer_within: float,
    span: Span = Span(),
    progress: Progress = lambda done, total: None,
) -> OverOrders:
    """The report over the orders of the span. A server may run meanwhile: the log is read up to where it ended at the beginning."""
    comparison = Candidate(candidate, catalogs, answer_within)
    left = span.limit
    for page in _pages(log, codec, span, progress):
        chosen = page if left is None else page[:left]
        _compare(comparison, chosen, _InstallBase(log, codec), candidate)
        if left is not None and (left := left - len(chosen)) <= 0:
            break
    return comparison.report()


def _compare(comparison: Candidate, page: list[Found], base: "_InstallBase", candidate: Catalog) -> None:
    """The orders of one page, in order of the log: what most of them ask for is read at once."""
    likely = [tuple(likely_streams(found.outline, candidate)) for found in page]
    base.load(stream for streams in likely for stream in streams)
    for (position, order, _), streams in zip(page, likely, strict=True):
        loaded = base.at(position, streams)
        while (need := comparison.look(order, loaded)) is not None:
            base.load(need.streams)
            loaded |= base.at(position, need.streams)


class _InstallBase:
    """The states of streams as they were at one position of the log after the other."""

    def __init__(self, log: EventLog, codec: Codec) -> None:
        self._log, self._codec = log, codec
        self._rows: dict[str, list[Row]] = {}  # those that have not come yet, the next one last
        self._states: dict[str, Any] = {}

    def load(self, streams: Iterable[str]) -> None:
        missing = {stream for stream in streams if stream not in self._rows}
        if not missing:
            return
        self._rows.update((stream, []) for stream in missing)
        for row in reversed(self._log.read(sorted(missing))):
            self._rows[row.stream].append(row)

    def at(self, position: int, streams: Iterable[str]) -> dict[str, Any]:
        """Positions must not go back."""
        for stream in streams:
            rows = self._rows[stream]
            while rows and rows[-1].position < position:
                event = self._codec.decode(rows.pop()).event
                self._states[stream] = decider_of(stream).evolve(self._states.get(stream), event)
        return {stream: self._states.get(stream) for stream in streams}


# ---- the orders


class _OutlinedItem(msgspec.Struct, gc=False):
    action: str
    product: str
    bundles: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()


class _OutlinedService(msgspec.Struct, gc=False):
    id: str
    specification: str
    action: str
    supporting: tuple[str, ...] = ()


class _Outline(msgspec.Struct, gc=False):
    items: tuple[_OutlinedItem, ...]
    services: tuple[_OutlinedService, ...]


class _Planned(msgspec.Struct, gc=False):
    plan: msgspec.Raw


class _Decomposed(msgspec.Struct, gc=False):
    data: _Planned


_decomposed = msgspec.json.Decoder(_Decomposed).decode
_outline = msgspec.json.Decoder(_Outline).decode
_encode = msgspec.json.Encoder().encode


class _Recorded:
    """A plan as the log has it (see RecordedPlan). Most plans are what the candidate makes too, and comparing their bytes is faster than reading them."""

    __slots__ = ("_codec", "_row", "bytes")

    def __init__(self, row: Row, codec: Codec) -> None:
        self._row, self._codec = row, codec
        present = row.topic == codec.topics_of(ProductOrderDecomposed)[0]
        self.bytes = bytes(_decomposed(row.state).data.plan) if present else _encode(self.read())

    def is_same(self, plan: Plan) -> bool:
        return _encode(plan) == self.bytes or self.read() == plan

    def read(self) -> Plan:
        plan: Plan = self._codec.decode(self._row).event.plan
        return plan


def _pages(log: EventLog, codec: Codec, span: Span, progress: Progress) -> Iterator[list[Found]]:
    topics = [topic for event in (ProductOrderAcknowledged, ProductOrderDecomposed) for topic in codec.topics_of(event)]
    head = log.head()
    position = _first(log, codec, span.since, head) if span.since else 0
    acknowledged: dict[str, Recorded] = {}
    while position < head and (rows := log.since(position, PAGE, topics)):
        yield list(_found([row for row in rows if row.position <= head], acknowledged, log, codec, span))
        position = rows[-1].position
        progress(min(position, head), head)
        if span.until and codec.decode(rows[-1]).meta.time >= span.until:
            return


def _found(rows: list[Row], acknowledged: dict[str, Recorded], log: EventLog, codec: Codec, span: Span) -> Iterator[Found]:
    """Orders whose first plan is among the rows."""
    begun = frozenset(codec.topics_of(ProductOrderAcknowledged))
    for row in rows:
        if row.topic in begun:
            acknowledged[row.stream] = codec.decode(row)
            continue
        first = acknowledged.pop(row.stream, None)
        if first is not None and span.holds(first.meta.time):
            yield _past_order(first, row, log, codec)


def _past_order(first: Recorded, row: Row, log: EventLog, codec: Codec) -> Found:
    event: ProductOrderAcknowledged = first.event
    recorded = _Recorded(row, codec)
    outline = _outline(recorded.bytes)
    source = event.requester if event.requester != event.customer else ""
    past = PastOrder(first.stream, event.customer, event.catalog, event.order, recorded, first.meta.time, source)
    if any(item.missing or item.behind for item in outline.items):
        past = _with_what_was_supplied(past, log, codec)
    return Found(row.position, past, outline)


def _with_what_was_supplied(past: PastOrder, log: EventLog, codec: Codec) -> PastOrder:
    """The order as its customer said it in the end."""
    document, plan = past.document, past.plan
    for row in log.read([past.id]):
        event = codec.decode(row).event
        if isinstance(event, ProductOrderInformationSupplied):
            document, plan = with_items(document, event.items), None
    return PastOrder(past.id, past.customer, past.catalog, document, plan, past.at, past.source)


def _first(log: EventLog, codec: Codec, since: datetime, head: int) -> int:
    """A position before the first event of that time, found by halving: times grow with positions, but for clocks that were set."""
    low, high = 0, head
    while low < high:
        middle = (low + high) // 2
        rows = log.since(middle, 1)
        if rows and codec.decode(rows[0]).meta.time < since:
            low = middle + 1
        else:
            high = middle
    return max(low - 1, 0)
