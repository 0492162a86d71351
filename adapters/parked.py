"""Parked tasks: once their target system is online they go back to the engine as messages, those that have waited longest first.

What is parked stands in the obligations, and who is offline in the view of target systems: so a restart, or another process, goes on with what is left. A
task that is released too early stays parked, because the decider asks once more; one that is released twice has gone on already.
"""

from datetime import timedelta
from typing import Any

import structlog

from adapters.engine.port import Clock, Intake, Request
from adapters.looking import MOST_AT_ONCE, Looking
from adapters.read_models.port import Filter, ReadModelStore, Sort
from domain.service_order import ReleaseTask
from projections.obligations import OBLIGATIONS, PARKED
from projections.target_systems import OFFLINE, TARGET_SYSTEMS
from projections.view import Document

LOOK_EVERY = 0.5  # seconds
AGAIN_AFTER = timedelta(seconds=2)  # a task that was released and is still there: its process may not know yet who is back

log = structlog.get_logger()


class ParkedTasks(Looking):
    """Looks for tasks whose target system is back, and releases them."""

    def __init__(self, store: ReadModelStore, engine: Intake, clock: Clock) -> None:
        super().__init__("parked tasks", LOOK_EVERY, self.release)
        self._store = store
        self._engine = engine
        self._clock = clock
        self._released: dict[str, Any] = {}

    def release(self) -> int:
        """Release what can go on now; answers how many."""
        now = self._clock()
        self._released = {occasion: until for occasion, until in self._released.items() if until > now}
        tasks = [row for row in self._waiting() if _occasion(row) not in self._released]
        futures = [self._engine.submit(Request(_command(row), "", f"online:{_occasion(row)}")) for row in tasks]
        self._released |= {_occasion(row): now + AGAIN_AFTER for row in tasks}
        for row, future in zip(tasks, futures, strict=True):
            if (error := future.exception()) is not None:
                log.warning("a parked task could not be released", task=row["id"], reason=str(error))
        return len(tasks)

    def _waiting(self) -> list[Document]:
        """The parked tasks of target systems that are not offline. Those that were released and are still there must not hide the others."""
        filters = [Filter("kind", "eq", (PARKED,))]
        offline = [row["id"] for row in self._store.select(TARGET_SYSTEMS, [Filter("state", "eq", (OFFLINE,))], count=False).documents]
        if offline:
            filters.append(Filter("targetSystem", "ne", tuple(offline)))
        limit = MOST_AT_ONCE + len(self._released)
        return self._store.select(OBLIGATIONS, filters, [Sort("since", False)], limit=limit, count=False).documents


def _command(row: Document) -> ReleaseTask:
    """A work order is a stream of its own, a task stands in its service order's."""
    return ReleaseTask(row["serviceOrder"]["id"] if "serviceOrder" in row else row["workOrder"]["id"], row["task"])


def _occasion(row: Document) -> str:
    return f"{row['id']}@{row['since']}"
