"""How fast a log is read: reading and decoding it alone, and rebuilding views from it."""

import gc
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
    before it. `rebuild` is all views in one pass; the log's events are counted once."""
    codec = Codec(EVENTS, UPCASTERS)
    cases = {"rebuild": VIEWS} | {f"rebuild-{view.name}": (view,) for view in VIEWS}
    read, ratios, rates = [], {name: [] for name in cases}, {name: [] for name in cases}  # type: ignore[var-annotated]
    with closing(open_log(store)) as log, closing(open_read_models(store)) as read_models:
        projector = Projector(log, codec, read_models, VIEWS)
        events = log.head()
        gc.disable()  # as the verb does
        for _ in range(rounds):
            for name, views in cases.items():
                read.append(bare_read(log, codec))
                began = perf_counter()
                projector.rebuild(views)
                seconds = perf_counter() - began
                rates[name].append(events / seconds)
                ratios[name].append(read[-1] / seconds)
    gc.enable()
    rebuilt = [{"name": name, "events_per_second": median(rates[name]), "ratio_to_bare": median(ratios[name])} for name in cases]
    return [{"name": "bare-read", "events_per_second": events / median(read), "ratio_to_bare": 1.0}, *rebuilt]


def bare_read(log: EventLog, codec: Codec) -> float:
    """Seconds for reading and decoding every event."""
    began, position = perf_counter(), 0
    while rows := log.since(position, PAGE):
        for row in rows:
            codec.decode(row)
        position = rows[-1].position
    return perf_counter() - began
