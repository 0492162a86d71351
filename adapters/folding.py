"""One page of the log folded into views: the rows before, the rows after, and those that are kept at hand for the next page."""

from collections.abc import Iterable, Sequence
from itertools import islice

from adapters.event_log.port import LogUnavailable
from adapters.read_models.port import ReadModelStore, ReadModelsUnavailable
from domain.product import ACTIVE
from domain.recorded import Recorded
from domain.states import TERMINAL
from projections.view import Document, View

REMEMBERED = 3_000  # rows of each view
# Rows in these states are seldom touched again.
FINAL = TERMINAL | {ACTIVE}


class Memory:
    """The rows that are likely to be touched again, the least recently touched forgotten first."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, Document]] = {}

    def recall(self, view: View, keys: Iterable[str]) -> dict[str, Document]:
        """Those of the rows that are known."""
        rows = self._tables.get(view.table, {})
        return {key: rows[key] for key in keys if key in rows}

    def remember(self, view: View, changed: dict[str, Document | None]) -> None:
        """Keep the rows that a page has left, but for those that are final."""
        rows = self._tables.setdefault(view.table, {})
        for key, document in changed.items():
            rows.pop(key, None)
            if document is not None and document.get("state") not in FINAL and document.get("status") not in FINAL:
                rows[key] = document
        if len(rows) > REMEMBERED:
            for key in list(islice(rows, len(rows) - REMEMBERED)):
                del rows[key]

    def forget(self) -> None:
        self._tables.clear()


class Failure(Exception):
    """A view that cannot fold an event; the others go on without it."""

    def __init__(self, view: View, sentence: str) -> None:
        super().__init__(sentence)
        self.view = view


class Fold:
    """One view over one page: its rows before and after."""

    __slots__ = ("after", "before", "keys", "position", "touched", "view")

    def __init__(self, view: View, position: int) -> None:
        self.view = view
        self.keys = view.keys
        self.position = position
        self.touched: list[tuple[Recorded, str]] = []
        self.before: dict[str, Document] = {}
        self.after: dict[str, Document | None] = {}

    def run(self, memory: Memory, store: ReadModelStore) -> None:
        view, after = self.view, self.after
        self.before = _before(view, {key for _, key in self.touched}, memory, store)
        after.update(self.before)
        evolve, known = view.evolve, after.get
        for recorded, key in self.touched:
            after[key] = evolve(known(key), recorded, key)

    def changed(self) -> dict[str, Document | None]:
        """The rows that the page changes; one that it both makes and ends is none of them."""
        return {key: document for key, document in self.after.items() if document is not None or key in self.before}


def fold_page(
    views: Sequence[View], page: Iterable[Recorded], positions: dict[str, int], memory: Memory, store: ReadModelStore
) -> list[Fold]:
    folds = [Fold(view, positions[view.table]) for view in views]
    by_event: dict[type, list[Fold]] = {}
    for fold in folds:
        for event in fold.view.events:
            by_event.setdefault(event, []).append(fold)
    current: Fold | None = None
    try:
        for recorded in page:
            for fold in by_event.get(type(recorded.event), ()):
                current = fold
                if recorded.position > fold.position:
                    fold.touched.extend([(recorded, key) for key in fold.keys(recorded)])
        for fold in folds:
            current = fold
            fold.run(memory, store)
    except (LogUnavailable, ReadModelsUnavailable):
        raise
    except Exception as error:
        assert current is not None, "only a fold fails so"
        raise Failure(current.view, f"View {current.view.name} cannot be kept: {type(error).__name__}: {error}") from error
    return folds


def _before(view: View, keys: Iterable[str], memory: Memory, store: ReadModelStore) -> dict[str, Document]:
    known = memory.recall(view, keys)
    missing = [key for key in keys if key not in known]
    if missing:
        known.update(store.load(view, missing))
    return known
