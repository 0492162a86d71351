"""Tables of earlier generations of views: kept while a process of an earlier version may use them, dropped when none does."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from adapters.read_models.port import ReadModelStore
from projections.view import View


class Generations:
    """The earlier generations of `views` in a store. A process that uses one keeps it as far as the log is, so one that stands still while its
    successor goes on is used by nobody."""

    def __init__(self, store: ReadModelStore, views: Sequence[View]) -> None:
        self._store = store
        self._views = views
        self._before: Mapping[str, int] = {}

    def drop_abandoned(self) -> list[str]:
        """Drop those that have stood still since the last call, which should be long enough ago for any process to move its own; answers the tables."""
        positions = self._store.positions()
        old = self._earlier(positions)
        still = [each for each, now in old if self._before.get(each.table) == positions[each.table] < positions.get(now.table, 0)]
        self._before = {each.table: positions[each.table] for each, _ in old}
        return self._drop(still)

    def drop_all(self) -> list[str]:
        """For whoever knows that nobody uses them: drop every one that its successor has caught up with; answers the tables."""
        positions = self._store.positions()
        return self._drop([each for each, now in self._earlier(positions) if positions[each.table] <= positions.get(now.table, 0)])

    def _earlier(self, positions: Mapping[str, int]) -> list[tuple[View, View]]:
        """Every earlier generation that there is, with the present one. A later one belongs to a later version of Crossconnect."""
        found = []
        for view in self._views:
            numbers = (re.fullmatch(rf"{view.name}_(\d+)", table) for table in sorted(positions))
            generations = [int(number[1]) for number in numbers if number is not None]
            found += [(replace(view, generation=each), view) for each in generations if each < view.generation]
        return found

    def _drop(self, views: Sequence[View]) -> list[str]:
        for view in views:
            self._store.drop(view)
        return [view.table for view in views]
