"""`crossconnect verify`: the invariants of the log (domain/verification.py), and that every view equals one rebuilt from zero."""

from collections.abc import Callable, Iterator, Sequence

from adapters.event_log.codec import Codec
from adapters.event_log.port import EventLog
from domain.recorded import Recorded
from domain.verification import Invariant, Verification
from projections.view import View

PAGE = 2_000

# What is being checked, how far (log position), and how far it goes.
Progress = Callable[[str, int, int], None]


def verify(
    log: EventLog, codec: Codec, views: Sequence[View], check: Callable[[View], list[str]], progress: Progress
) -> Iterator[Invariant]:
    """One invariant after the other. `check` answers the ids of a view's rows that differ from what the log says."""
    verification = Verification()
    head = log.head()
    for recorded in _history(log, codec, head, progress):
        verification.learn(recorded)
    yield from verification.report()
    for view in views:
        progress(view.name, 0, head)
        differing = check(view)
        yield Invariant(f"view {view.name} equals one rebuilt from zero", 1, tuple(f"{row}: differs" for row in differing))


def _history(log: EventLog, codec: Codec, head: int, progress: Progress) -> Iterator[Recorded]:
    position = 0
    while position < head:
        rows = log.since(position, PAGE)
        if not rows:
            return
        for row in rows:
            if row.position > head:
                return
            yield codec.decode(row)
        position = rows[-1].position
        progress("log", position, head)
