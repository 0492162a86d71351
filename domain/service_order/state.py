"""Where a service order is: its items, the tasks of each, and the states that follow from them."""

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import Any

from domain.fallout import Open
from domain.plan import PlannedService, PlannedTask
from domain.record import record
from domain.states import ACKNOWLEDGED, CANCELLED, COMPLETED, FAILED, HELD, IN_PROGRESS, roll_up

WAITING, RUNNING, RETRYING, FALLOUT, PARKED = "waiting", "running", "retrying", "fallout", "parked"
DONE, SKIPPED, GONE, UNDONE = "done", "skipped", "gone", "undone"
ENDED = frozenset({DONE, SKIPPED, GONE, UNDONE})
CLOSED = frozenset({CANCELLED, FAILED})
STOPPED = frozenset({FALLOUT, PARKED})


@record
class Task:
    """Where one step is. `first_attempt` is where the present retry budget began; `rejected` that the key has its final answer;
    `fallout` the number of the fallout it is in; `first_undo` the first decision that takes it back, 0 when none does; `overridden` that values were
    set since the key was issued, so that what is asked next is a new decision; `next` the decision and attempt that a parked step waits to ask for."""

    planned: PlannedTask
    item: str
    state: str = WAITING
    key: str = ""
    attempt: int = 0
    first_attempt: int = 1
    decision: int = 0
    undo: bool = False
    rejected: bool = False
    due: datetime | None = None
    fallout: int = 0
    first_undo: int = 0
    overridden: bool = False
    next: tuple[int, int] = (0, 0)

    def in_state(self, state: str, due: datetime | None = None, rejected: bool = False, fallout: int = 0) -> "Task":
        """The same step somewhere else on its way."""
        return Task(
            self.planned,
            self.item,
            state,
            self.key,
            self.attempt,
            self.first_attempt,
            self.decision,
            self.undo,
            rejected or self.rejected,
            due,
            fallout or self.fallout,
            self.first_undo,
            self.overridden,
        )

    def requested(self, key: str, attempt: int, decision: int, undo: bool, due: datetime | None) -> "Task":
        """The step once a request is out. A new decision, or a retry by an operator, begins a new budget of attempts."""
        new_budget = decision != self.decision or self.state in STOPPED
        first = attempt if new_budget else self.first_attempt
        first_undo = self.first_undo or (decision if undo else 0)
        return Task(self.planned, self.item, RUNNING, key, attempt, first, decision, undo, False, due, 0, first_undo)

    def parked(self, decision: int, attempt: int, undo: bool) -> "Task":
        """The step while its target system is offline."""
        return replace(self, state=PARKED, due=None, undo=undo, next=(decision, attempt))

    def again(self) -> tuple[int, int]:
        """Decision and attempt of the next request: the same key with one more attempt, unless that key has its answer or other values."""
        if self.rejected or self.overridden or self.planned.kind == "manual":
            return self.decision + 1, 1
        return self.decision, self.attempt + 1

    def ended(self, skipped: bool = False) -> "Task":
        """The step once it is done, or taken back."""
        return self.in_state(UNDONE if self.undo else SKIPPED if skipped else DONE)


@record
class Item:
    """One service order item: `values` are the ordered ones overlaid by what fulfilment assigned."""

    service: PlannedService
    values: dict[str, Any]
    state: str
    tasks: tuple[str, ...]


@record
class ServiceOrder:
    """`above` names, for each item, the items whose services rest on its service; `below` those that its service rests on."""

    product_order: str
    customer: str
    items: dict[str, Item]
    tasks: dict[str, Task]
    above: dict[str, tuple[str, ...]]
    below: dict[str, tuple[str, ...]]
    gates: frozenset[str]
    fallouts: int
    requested_start: datetime | None
    state: str
    open_fallouts: Open = field(default_factory=dict)


def states_after(order: ServiceOrder, moved: Task) -> tuple[dict[str, str], str]:
    """The item states that change when a task moves, and the order's state (empty when that stays)."""
    changed: dict[str, str] = {}
    todo = [moved.item]
    while todo:
        id = todo.pop()
        state = _item_state(order, id, moved, changed)
        if state != changed.get(id, order.items[id].state):
            changed[id] = state
            todo.extend(order.above[id])
    return changed, order_state(order, changed, order.gates) if changed else ""


def order_state(order: ServiceOrder, changed: Mapping[str, str], gates: frozenset[str]) -> str:
    """The order's state once item states have changed, empty when it stays. An open work order holds it back from its end (domain-rules 3.8)."""
    state = roll_up([changed.get(id, item.state) for id, item in order.items.items()])
    if gates and state == COMPLETED:
        state = IN_PROGRESS
    return "" if state == order.state else state


def _item_state(order: ServiceOrder, id: str, moved: Task, changed: Mapping[str, str]) -> str:
    item = order.items[id]
    if item.state in CLOSED:
        return item.state
    states = {moved.state if task == moved.planned.id else order.tasks[task].state for task in item.tasks}
    below = {changed.get(other, order.items[other].state) for other in order.below[id]}
    if not states.isdisjoint(STOPPED):
        return HELD
    if states <= {DONE, SKIPPED} and below <= {COMPLETED}:
        return COMPLETED
    if states <= {WAITING} and below <= {ACKNOWLEDGED}:
        return ACKNOWLEDGED
    waits_for_held = HELD in below and IN_PROGRESS not in below and RUNNING not in states and RETRYING not in states
    return HELD if waits_for_held else IN_PROGRESS
