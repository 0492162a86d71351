"""Deadlines: obligations that fell due go back to the engine as messages.

The table of what is due when is kept like a view (so that its position commits with it) but is no view that `rebuild` empties. A timer that fires too
often does no harm: the decider checks the deadline again.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog

from adapters.engine.port import Clock, Intake, Request
from adapters.looking import MOST_AT_ONCE, Looking
from adapters.read_models.port import Filter, ReadModelStore, Sort
from domain.fallout import FalloutRaised, FalloutResolved
from domain.product_order import (
    ProductOrderCancellationAssessed,
    ProductOrderItemsChanged,
    ProductOrderJeopardyAssessed,
    ProductOrderReviewed,
    ProductOrderStarted,
    ProductOrderStartScheduled,
    ProductOrderStepReleased,
    ProductOrderStepScheduled,
    ReleaseStep,
    ReviewProductOrder,
    StartProductOrder,
)
from domain.recorded import Recorded
from domain.service_order import (
    ActivationAnswered,
    ActivationRequested,
    ActivationTimedOut,
    ManualTaskOverdue,
    ManualTaskRequested,
    PassDeadline,
    RetryScheduled,
    TaskCompletedByHand,
    TaskParked,
    TaskWithdrawn,
)
from domain.states import TERMINAL
from domain.work_order import WorkOrderAnswered, WorkOrderClosed, WorkOrderParked, WorkOrderRequested, WorkOrderTimedOut
from projections.view import Column, Document, View

LOOK_EVERY = 0.2  # seconds
AGAIN_AFTER = timedelta(seconds=10)  # a timer that fired and is still there
REVIEW = "review"  # stands where a task would

log = structlog.get_logger()


def _keys(recorded: Recorded) -> tuple[str, ...]:
    """One timer a task; one a work order; one a product order, one for each step of it that waits for a moment, and one for its next review."""
    stream, event = recorded.stream, recorded.event
    task = getattr(event, "task", "") or getattr(event, "node", "")
    if task and task != stream:
        return (f"{stream}/{task}",)
    if isinstance(event, ProductOrderJeopardyAssessed | ProductOrderReviewed):
        return (f"{stream}/{REVIEW}",)
    return (stream, f"{stream}/{REVIEW}") if _ends(event) else (stream,)


def _ends(event: Any) -> bool:
    if isinstance(event, ProductOrderCancellationAssessed):
        return event.accepted
    return isinstance(event, ProductOrderItemsChanged) and event.state in TERMINAL


def _evolve(timer: Document | None, recorded: Recorded, key: str) -> Document | None:
    event: Any = recorded.event
    match event:
        case ActivationRequested() | RetryScheduled():
            return _timer(key, recorded, event.task, event.key, event.attempt, event.due)
        case ManualTaskRequested():
            return _timer(key, recorded, event.task, event.key, 1, event.due) if event.due else None
        case WorkOrderRequested():
            return _timer(key, recorded, recorded.stream, event.key, event.attempt, event.due)
        case WorkOrderAnswered():
            ends = event.outcome in ("completed", "cancelled", "failed") or timer is None
            return None if ends else {**(timer or {}), "due": event.due or (timer or {})["due"]}
        case ProductOrderStartScheduled():
            return _timer(key, recorded, "", "", 0, event.due)
        case ProductOrderStepScheduled():
            return _timer(key, recorded, event.node, "", 0, event.due)
        case ProductOrderJeopardyAssessed():
            return _timer(key, recorded, REVIEW, "", 0, event.review)
        case ProductOrderItemsChanged() | ProductOrderCancellationAssessed():
            return None if _ends(event) else timer
        case FalloutResolved():
            return timer  # what it leads to says what is due now
        case _:
            return None


def _timer(key: str, recorded: Recorded, task: str, activation: str, attempt: int, due: Any) -> Document:
    return {"id": key, "stream": recorded.stream, "task": task, "key": activation, "attempt": attempt, "due": due}


TIMERS = View(
    name="timers",
    generation=2,
    events=(
        ActivationRequested,
        ActivationAnswered,
        ActivationTimedOut,
        RetryScheduled,
        ManualTaskRequested,
        ManualTaskOverdue,
        TaskCompletedByHand,
        TaskParked,
        TaskWithdrawn,
        FalloutRaised,
        FalloutResolved,
        WorkOrderRequested,
        WorkOrderParked,
        WorkOrderAnswered,
        WorkOrderTimedOut,
        WorkOrderClosed,
        ProductOrderStartScheduled,
        ProductOrderStarted,
        ProductOrderStepScheduled,
        ProductOrderStepReleased,
        ProductOrderJeopardyAssessed,
        ProductOrderReviewed,
        ProductOrderItemsChanged,
        ProductOrderCancellationAssessed,
    ),
    keys=_keys,
    evolve=_evolve,
    columns=(Column("due", "due", "time"),),
)


def command_of(timer: Document) -> PassDeadline | StartProductOrder | ReleaseStep | ReviewProductOrder:
    """What to tell the engine when a timer falls due."""
    if timer["key"]:
        return PassDeadline(timer["stream"], timer["task"], timer["key"], timer["attempt"])
    if timer["task"] == REVIEW:
        return ReviewProductOrder(timer["stream"])
    return ReleaseStep(timer["stream"], timer["task"]) if timer["task"] else StartProductOrder(timer["stream"])


class Timers(Looking):
    """Looks for due timers and fires them. `caught_up(at)` says whether all answers that were sent before `at` (time.time()) have been read: after a
    down time, waiting answers come before deadlines."""

    def __init__(self, store: ReadModelStore, engine: Intake, clock: Clock, caught_up: Callable[[float], bool]) -> None:
        super().__init__("timers", LOOK_EVERY, self.fire)
        self._store = store
        self._engine = engine
        self._clock = clock
        self._caught_up = caught_up
        self._fired: dict[str, Any] = {}

    def fire(self) -> int:
        """Fire what is due now; answers how many."""
        now = self._clock()
        self._fired = {id: until for id, until in self._fired.items() if until > now}
        limit = MOST_AT_ONCE + len(self._fired)  # those that have fired and are still there must not hide the others
        due = self._store.select(TIMERS, [Filter("due", "lte", (now.isoformat(),))], [Sort("due", False)], limit=limit, count=False)
        timers = [timer for timer in due.documents if self._is_new(timer)]
        if not timers or not self._caught_up(now.timestamp()):
            return 0
        futures = [self._engine.submit(Request(command_of(timer), "", f"timer:{timer['id']}:{timer['attempt']}")) for timer in timers]
        self._fired |= {_occasion(timer): now + AGAIN_AFTER for timer in timers}
        for timer, future in zip(timers, futures, strict=True):
            if (error := future.exception()) is not None:
                log.warning("a deadline could not be told", timer=timer["id"], reason=str(error))
        return len(timers)

    def _is_new(self, timer: Document) -> bool:
        return _occasion(timer) not in self._fired


def _occasion(timer: Document) -> str:
    return f"{timer['id']}@{timer['attempt']}@{timer['due']}"
