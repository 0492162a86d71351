"""The projector: reads the log in pages and keeps every view's rows true up to a position."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from threading import Condition, Thread

import structlog

from adapters.event_log.codec import Codec, UnreadableEvent
from adapters.event_log.port import EventLog, LogUnavailable
from adapters.event_log.tail import Tail
from adapters.folding import Failure, Memory, fold_page
from adapters.read_models.port import Changes, PositionMoved, ReadModelStore, ReadModelsUnavailable
from domain.recorded import Recorded
from projections.view import View

PAGE = 10_000
# A turn costs about as much however long ago the last one was, because a row is written once a page: so the pause grows with what a turn took.
PAUSE_FACTOR = 3.0
LONGEST_PAUSE = 1.0
REBUILD_PAGE = 20_000  # rows of orders that go on beyond a page are written once more
POLL_SECONDS = 0.25
PAUSE_SECONDS = 1.0
ATTEMPTS = 20


Progress = Callable[[int, int], None]
log_of_projector = structlog.get_logger("projector")


class Projector:
    """Folds the log into `views`. One thread of it rests at least `turn` seconds between two turns (under load up to a second), so that pages are full,
    and turns at once when somebody waits.

    Any number of processes may project into one store: whoever writes a page second learns it, and goes on from where the first is. A view that
    cannot fold an event is set aside with a sentence in `failures`, and the others go on.
    """

    def __init__(
        self, log: EventLog, codec: Codec, store: ReadModelStore, views: Sequence[View], turn: float = 0.1, tail: Tail | None = None
    ) -> None:
        self._log = log
        self._tail = tail or Tail()
        self._codec = codec
        self._store = store
        self._views = list(views)
        self._turn = turn
        self._memory = Memory()
        self._positions: dict[str, int] = {}
        self._news = Condition()
        self._waiting = 0
        self._closed = False
        self._behind_since: float | None = None
        self._thread = Thread(target=self._run, name="projector", daemon=True)
        self.failures: dict[str, str] = {}

    def start(self) -> None:
        """Make the tables that are missing and begin. Rows of another log (a position that this one has not reached) are thrown away."""
        self._store.prepare(self._views)
        head, positions = self._log.head(), self._store.positions()
        for view in self._views:
            if positions[view.table] > head:
                log_of_projector.warning("view belongs to another log and starts anew", view=view.name, position=positions[view.table])
                self._store.empty(view)
        self._positions = self._stored_positions()
        self._thread.start()

    def close(self) -> None:
        """Stop after the page in hand."""
        with self._news:
            self._closed = True
            self._news.notify_all()
        if self._thread.ident is not None:
            self._thread.join()

    def position(self) -> int:
        """Up to which log position every view (that is not set aside) is true."""
        return min((self._positions.get(view.table, 0) for view in self._live()), default=0)

    def wait_for(self, position: int, timeout: float) -> bool:
        """Block until every view is true up to `position` (True), or `timeout` seconds passed or the projector was closed (False)."""
        if self.position() >= position:
            return True
        with self._news:
            self._waiting += 1
            self._news.notify_all()
            try:
                self._news.wait_for(lambda: self._closed or self.position() >= position, timeout)
            finally:
                self._waiting -= 1
        return self.position() >= position

    def lag_seconds(self) -> float:
        """For how long there has been something unread; 0 when all was read."""
        since = self._behind_since
        return 0.0 if since is None else time.monotonic() - since

    def rebuild(self, views: Sequence[View], progress: Progress | None = None) -> int:
        """Fold the views from the log's beginning, in one pass, into tables of their own, which then take the place of their rows; answers the position.
        They are read from and written to as ever meanwhile."""
        self._store.prepare(views)
        return self._built(views, self._log.head, progress, lambda view, built, _: self._store.replace(view, built))

    def check(self, views: Sequence[View], progress: Progress | None = None) -> dict[str, list[str]]:
        """By the view's name, the ids of the rows that differ from what the log says, at one position of both."""
        self._store.prepare(views)
        found: dict[str, list[str]] = {}

        def compare(view: View, built: View, position: int) -> None:
            found[view.name] = self._store.differing(view, built, position)

        positions = self._store.positions()
        for position in sorted({positions[view.table] for view in views}):  # one, but for views that were set aside
            alike = [view for view in views if positions[view.table] == position]
            self._built(alike, partial(self._position_of, alike[0]), progress, compare)
        return found

    def _position_of(self, view: View) -> int:
        return self._store.positions()[view.table]

    def _built(
        self, views: Sequence[View], target: Callable[[], int], progress: Progress | None, use: Callable[[View, View, int], None]
    ) -> int:
        """Fold copies of the views to a target and use each; when one has moved on meanwhile, a little further, and again."""
        copies = {view.name: replace(view, name=f"{view.name}_built") for view in views}
        memory, position, frozen = Memory(), 0, 0
        left = list(views)
        try:
            for built in copies.values():
                self._store.drop(built)
            self._store.prepare(list(copies.values()), to_search=False)
            for attempt in range(ATTEMPTS):
                frozen = target()
                folded = [copies[view.name] for view in left]
                while position < frozen:
                    position = self._fold_page(
                        folded, dict.fromkeys((each.table for each in folded), position), memory, REBUILD_PAGE, frozen
                    )
                    if progress is not None:
                        progress(position, frozen)
                left = [view for view in left if not self._is_used(use, view, copies[view.name], frozen)]
                if not left:
                    return frozen
                time.sleep(0.01 * attempt)
        except Failure as failure:
            raise UnreadableEvent(str(failure)) from failure
        finally:
            for built in copies.values():
                self._store.drop(built)
        names = ", ".join(view.name for view in left)
        raise ReadModelsUnavailable(f"View {names} moves too fast to be compared; try again when less is going on.")

    @staticmethod
    def _is_used(use: Callable[[View, View, int], None], view: View, built: View, position: int) -> bool:
        with suppress(PositionMoved):
            use(view, built, position)
            return True
        return False

    # The thread ---------------------------------------------------------------------------------------------------------------------
    def _run(self) -> None:
        while not self._closed:
            try:
                self._follow()
            except PositionMoved:
                self._memory.forget()
                self._pause(self._turn)
            except Failure as failure:
                self._set_aside(failure)
            except Exception as error:
                self._memory.forget()
                if not self._closed:
                    # A store out of reach says so in a sentence; anything else is a defect and shows where it is.
                    expected = isinstance(error, LogUnavailable | ReadModelsUnavailable | UnreadableEvent)
                    log_of_projector.error("views cannot be kept", reason=str(error), exc_info=not expected)
                self._rest(PAUSE_SECONDS)

    def _follow(self) -> None:
        """Turn after turn, until something goes wrong or the projector is closed."""
        self._publish(self._stored_positions())
        while not self._closed:
            if not self._log.wait(self.position(), POLL_SECONDS):
                self._behind_since = None
                continue
            self._behind_since = self._behind_since or time.monotonic()
            started = time.monotonic()
            self._catch_up()
            self._behind_since = None
            self._pause(min(max(self._turn, PAUSE_FACTOR * (time.monotonic() - started)), LONGEST_PAUSE))

    def _catch_up(self) -> None:
        head = self._log.head()
        while self.position() < head and not self._closed:
            self._turn_once(head)

    def _turn_once(self, head: int) -> None:
        positions = {view.table: self._positions[view.table] for view in self._live()}
        position = self._fold_page(self._live(), positions, self._memory, PAGE, head)
        self._publish({**self._positions, **{table: max(before, position) for table, before in positions.items()}})

    def _publish(self, positions: dict[str, int]) -> None:
        with self._news:
            self._positions = positions
            self._news.notify_all()

    def _pause(self, seconds: float) -> None:
        """Until the time has passed, somebody waits, or the projector is closed."""
        with self._news:
            self._news.wait_for(lambda: self._closed or self._waiting > 0, max(seconds, 0.0))

    def _rest(self, seconds: float) -> None:
        """Until the time has passed or the projector is closed, whoever waits."""
        with self._news:
            self._news.wait_for(lambda: self._closed, seconds)

    def _set_aside(self, failure: Failure) -> None:
        self._memory.forget()
        if self._is_moved(failure.view):
            return
        log_of_projector.error("view set aside", view=failure.view.name, reason=str(failure))
        with self._news:
            self.failures = {**self.failures, failure.view.name: str(failure)}
            self._news.notify_all()

    def _is_moved(self, view: View) -> bool:
        """Whether another process has moved the view's rows on meanwhile, so that the fold was of the wrong ones."""
        with suppress(ReadModelsUnavailable):
            return self._store.positions().get(view.table, 0) != self._positions[view.table]
        return True

    def _live(self) -> list[View]:
        return [view for view in self._views if view.name not in self.failures]

    def _stored_positions(self) -> dict[str, int]:
        stored = self._store.positions()
        return {view.table: stored.get(view.table, 0) for view in self._views}

    # One page -----------------------------------------------------------------------------------------------------------------------
    def _fold_page(self, views: Sequence[View], positions: dict[str, int], memory: Memory, size: int, until: int) -> int:
        """Fold the events after the least of `positions` into the views that have not read them, in one transaction; answers the new position."""
        page, end = self._read(views, min(positions.values()), size, until)
        behind = [view for view in views if positions[view.table] < end]
        folds = fold_page(behind, page, positions, memory, self._store)
        self._store.write([Changes(fold.view, positions[fold.view.table], end, fold.changed()) for fold in folds])
        for fold in folds:
            memory.remember(fold.view, fold.after)
        return end

    def _read(self, views: Sequence[View], begin: int, size: int, until: int) -> tuple[list[Recorded], int]:
        """What follows a position, and how far that is: from this process's memory or else from the log."""
        if (recent := self._tail.since(begin, size)) is not None:
            recent = [recorded for recorded in recent if recorded.position <= until]
            return recent, recent[-1].position
        topics = sorted({topic for view in views for event in view.events for topic in self._codec.topics_of(event)})
        rows = [row for row in self._log.since(begin, size, topics) if row.position <= until]
        return [self._codec.decode(row) for row in rows], rows[-1].position if len(rows) == size else until
