"""`crossconnect verify`: the invariants of the log (domain/verification.py), and that every view equals one rebuilt from zero."""

from collections.abc import Callable, Iterator

from adapters.event_log.codec import Codec
from adapters.event_log.port import EventLog
from adapters.projector import Projector
from adapters.read_models.port import ReadModelStore
from domain.recorded import Recorded
from domain.verification import Invariant, Verification
from projections import VIEWS

PAGE = 2_000

# How far (log position), and how far it goes.
Progress = Callable[[int, int], None]


def verify(log: EventLog, codec: Codec, read_models: ReadModelStore, progress: Progress) -> Iterator[Invariant]:
    """One invariant after the other. A server may run meanwhile: the log is read up to where it ended at the beginning."""
    verification = Verification()
    for recorded in _history(log, codec, log.head(), progress):
        verification.learn(recorded)
    yield from verification.report()
    for view, differing in Projector(log, codec, read_models, VIEWS).check(VIEWS, progress).items():
        yield Invariant(f"view {view} equals one rebuilt from zero", 1, tuple(differing))


def _history(log: EventLog, codec: Codec, head: int, progress: Progress) -> Iterator[Recorded]:
    position = 0
    while position < head and (rows := log.since(position, PAGE)):
        yield from (codec.decode(row) for row in rows if row.position <= head)
        position = rows[-1].position
        progress(min(position, head), head)
