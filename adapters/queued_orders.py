"""Orders that wait for another one to be over, or have become part of it: when it is, the engine is told.

The table of who waits for whom is kept like a view. To tell the engine too often does no harm: the decider looks again.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from adapters.engine.port import Clock, Intake, Request
from adapters.looking import MOST_AT_ONCE, Looking
from adapters.read_models.port import ReadModelStore, Sort
from adapters.timers import AGAIN_AFTER
from domain.order_document import by_id
from domain.product_order import (
    PlanQueuedItems,
    ProductOrderCancellationAssessed,
    ProductOrderItemsChanged,
    ProductOrderItemsRefused,
    ProductOrderMerged,
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
    known = queued or {"id": key, "since": recorded.meta.time, "items": {}, "merged": {}}
    match event:
        case ProductOrderQueued():
            return _row({**known, "items": {**known["items"], **{id: list(behind) for id, behind in event.items.items()}}})
        case ProductOrderMerged():
            return {**known, "merged": {**known["merged"], **{id: [event.order, item] for id, item in event.items.items()}}}
        case ProductOrderItemsChanged():
            return None if event.state in TERMINAL else queued
        case ProductOrderCancellationAssessed() if not event.accepted:
            return queued
        case _:  # cancelled or refused: what has become part of another order is not among these items
            return _row({**known, "items": {id: behind for id, behind in known["items"].items() if id not in event.items}})


def _row(known: Document) -> Document | None:
    """None once nothing waits any more."""
    items = {id: behind for id, behind in known["items"].items() if behind}
    merged = {id: there for id, there in known["merged"].items() if id in items}
    behind = list(dict.fromkeys(other for each in items.values() for other in each))
    return {**known, "items": items, "merged": merged, "behind": behind} if items else None


QUEUED_ORDERS = View(
    name="queued_orders",
    generation=2,
    events=(
        ProductOrderQueued,
        ProductOrderMerged,
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


class QueuedOrders(Looking):
    """Looks for orders whose predecessors are over, and has them planned."""

    def __init__(self, store: ReadModelStore, engine: Intake, clock: Clock) -> None:
        super().__init__("queued orders", LOOK_EVERY, self.plan)
        self._store = store
        self._engine = engine
        self._clock = clock
        self._told: dict[tuple[str, ...], datetime] = {}

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
        """Those of which an order that they waited for is over, or an item that they have become is; or the other one is no product order: then only the
        decider knows."""
        others = list(dict.fromkeys(other for row in rows for other in row["behind"]))
        known = self._store.load(PRODUCT_ORDERS, others) if others else {}
        return [
            row
            for row in rows
            if any(other not in known or known[other]["state"] in TERMINAL for other in row["behind"]) or _has_ended(row, known)
        ]


def _has_ended(row: Document, orders: Mapping[str, Document]) -> bool:
    """Whether an item that one of this order has become part of is at its end, or gone."""
    for other, item in row["merged"].values():
        found = by_id(orders[other]["productOrderItem"]).get(item)
        if found is None or found["state"] in TERMINAL:
            return True
    return False
