"""Orders that wait for another one to be over: when it is, the engine is told.

The table of who waits for whom is kept like a view. To tell the engine too often does no harm: the decider looks again.
"""

from datetime import datetime
from threading import Event, Thread
from typing import Any

import structlog

from adapters.engine.port import Clock, Intake, Request
from adapters.read_models.port import ReadModelStore, Sort
from adapters.timers import AGAIN_AFTER, MOST_AT_ONCE, REST_SECONDS
from domain.product_order import (
    PlanQueuedItems,
    ProductOrderCancellationAssessed,
    ProductOrderItemsChanged,
    ProductOrderItemsRefused,
    ProductOrderQueued,
)
from domain.recorded import Recorded
from domain.states import TERMINAL
from projections.product_orders import PRODUCT_ORDERS
from projections.view import Column, Document, View

LOOK_EVERY = 0.5  # seconds

log = structlog.get_logger()


def _keys(recorded: Recorded) -> tuple[str, ...]:
    return (recorded.stream,)


def _evolve(queued: Document | None, recorded: Recorded, key: str) -> Document | None:
    event: Any = recorded.event
    match event:
        case ProductOrderQueued():
            others = dict.fromkeys(other for behind in event.items.values() for other in behind)
            return {"id": key, "behind": list(others), "since": recorded.meta.time} if others else None
        case ProductOrderItemsChanged():
            return None if event.state in TERMINAL else queued
        case ProductOrderCancellationAssessed():
            return None if event.accepted else queued
        case _:
            return None


QUEUED_ORDERS = View(
    name="queued_orders",
    generation=1,
    events=(
        ProductOrderQueued,
        ProductOrderItemsRefused,
        ProductOrderItemsChanged,
        ProductOrderCancellationAssessed,
    ),
    keys=_keys,
    evolve=_evolve,
    columns=(Column("since", "since", "time"),),
)


def _wait(row: Document) -> tuple[str, ...]:
    """What was told once: an order that was planned and now waits for another one is a new wait."""
    return (row["id"], *row["behind"])


class QueuedOrders:
    """Looks for orders whose predecessors are over, and has them planned."""

    def __init__(self, store: ReadModelStore, engine: Intake, clock: Clock) -> None:
        self._store = store
        self._engine = engine
        self._clock = clock
        self._told: dict[tuple[str, ...], datetime] = {}
        self._stop = Event()
        self._thread = Thread(target=self._run, name="queued-orders", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Stop, after what is being told."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY):
            try:
                self.plan()
            except Exception as error:  # the store may be out of reach for a while: orders wait
                log.error("queued orders", reason=str(error))
                self._stop.wait(REST_SECONDS)

    def plan(self) -> int:
        """Have those planned that need not wait any more; answers how many."""
        now = self._clock()
        self._told = {wait: until for wait, until in self._told.items() if until > now}
        limit = MOST_AT_ONCE + len(self._told)  # those that have been told and are still there must not hide the others
        rows = self._store.select(QUEUED_ORDERS, (), [Sort("since", False)], limit=limit, count=False).documents
        waits = {_wait(row): row["id"] for row in self._free([row for row in rows if _wait(row) not in self._told])}
        free = list(waits.values())
        futures = [self._engine.submit(Request(PlanQueuedItems(id), "", f"queue:{id}:{now.isoformat()}")) for id in free]
        self._told |= dict.fromkeys(waits, now + AGAIN_AFTER)
        for id, future in zip(free, futures, strict=True):
            if (error := future.exception()) is not None:
                log.warning("a queued order could not be planned", order=id, reason=str(error))
        return len(free)

    def _free(self, rows: list[Document]) -> list[Document]:
        """Those of which an order that they waited for is over, or is no product order: then only the decider knows."""
        others = list(dict.fromkeys(other for row in rows for other in row["behind"]))
        known = self._store.load(PRODUCT_ORDERS, others) if others else {}
        return [row for row in rows if any(other not in known or known[other]["state"] in TERMINAL for other in row["behind"])]
