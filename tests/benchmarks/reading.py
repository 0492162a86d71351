"""How fast a log is read: reading and decoding it alone, and rebuilding views from it."""

from contextlib import closing
from statistics import median
from time import perf_counter

from adapters.event_log import open_log
from adapters.event_log.codec import Codec
from adapters.event_log.port import EventLog
from adapters.event_log.upcasters import UPCASTERS
from adapters.projector import Projector
from adapters.read_models import open_read_models
from domain.events import EVENTS
from projections import VIEWS
from tests.benchmarks.results import Row

PAGE = 5_000


def read_and_rebuild(store: str, rounds: int) -> list[Row]:
    """Rows for a log that nobody writes now, with its views up to date: reading between any two rebuilds, each rebuild divided by the reading
    before it. `rebuild` is all views, one after the other; the log's events are counted once."""
    codec = Codec(EVENTS, UPCASTERS)
    read, ratios, rates = [], {view.name: [] for view in VIEWS}, {view.name: [] for view in VIEWS}  # type: ignore[var-annotated]
    with closing(open_log(store)) as log, closing(open_read_models(store)) as read_models:
        projector = Projector(log, codec, read_models, VIEWS)
        events = log.head()
        for _ in range(rounds):
            for view in VIEWS:
                read.append(bare_read(log, codec))
                began = perf_counter()
                projector.rebuild(view)
                seconds = perf_counter() - began
                rates[view.name].append(events / seconds)
                ratios[view.name].append(read[-1] / seconds)
    rebuilt = [
        {"name": f"rebuild-{view.name}", "events_per_second": median(rates[view.name]), "ratio_to_bare": median(ratios[view.name])}
        for view in VIEWS
    ]
    return [{"name": "bare-read", "events_per_second": events / median(read), "ratio_to_bare": 1.0}, _together(rebuilt), *rebuilt]


def bare_read(log: EventLog, codec: Codec) -> float:
    """Seconds for reading and decoding every event."""
    began, position = perf_counter(), 0
    while rows := log.since(position, PAGE):
        for row in rows:
            codec.decode(row)
        position = rows[-1].position
    return perf_counter() - began


def _together(rebuilt: list[Row]) -> Row:
    """All views one after the other: their times add up."""
    together = {name: 1 / sum(1 / row[name] for row in rebuilt) for name in ("events_per_second", "ratio_to_bare")}
    return {"name": "rebuild", **together}
