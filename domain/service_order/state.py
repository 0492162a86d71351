"""Where a service order is: its items, the tasks of each, and the states that follow from them."""

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import Any

from domain.fallout import Open
from domain.plan import PlannedService, PlannedTask
from domain.record import record
from domain.states import ACKNOWLEDGED, CANCELLED, COMPLETED, FAILED, HELD, IN_PROGRESS, roll_up
from domain.values import Rejected

WAITING, RUNNING, RETRYING, FALLOUT, PARKED = "waiting", "running", "retrying", "fallout", "parked"
DONE, SKIPPED, GONE, UNDONE = "done", "skipped", "gone", "undone"
ENDED = frozenset({DONE, SKIPPED, GONE, UNDONE})
CLOSED = frozenset({CANCELLED, FAILED})
STOPPED = frozenset({FALLOUT, PARKED})


@record
class Task:
    """Where one step is. `first_attempt` is where the present retry budget began; `rejected` that the key has its final answer;
    `fallout` the number of the fallout it is in; `keys` those that were issued for it, the present one last; `overridden` that values were
    set since the key was issued, so that what is asked next is a new decision; `next` the decision and attempt that a parked step waits to ask for; `built`
    whether what it does is there; `redo` that an amendment wants it done once more when what is out has been answered."""

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
    keys: tuple[str, ...] = ()
    overridden: bool = False
    next: tuple[int, int] = (0, 0)
    built: bool = False
    redo: bool = False

    def in_state(
        self,
        state: str,
        due: datetime | None = None,
        rejected: bool = False,
        fallout: int = 0,
        built: bool | None = None,
        redo: bool | None = None,
    ) -> "Task":
        """The same step somewhere else on its way. (Written out: `replace` takes five times as long, and every answer comes through here.)"""
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
            self.keys,
            self.overridden,
            self.next if state in (FALLOUT, GONE) else (0, 0),
            self.built if built is None else built,
            self.redo if redo is None else redo,
        )

    def requested(self, key: str, attempt: int, decision: int, undo: bool, due: datetime | None) -> "Task":
        """The step once a request is out. A new decision, or a retry by an operator, begins a new budget of attempts."""
        new_budget = decision != self.decision or self.state in STOPPED
        first = attempt if new_budget else self.first_attempt
        keys = self.keys if key in self.keys else (*self.keys, key)
        redo = self.redo and decision == self.decision
        return Task(
            self.planned, self.item, RUNNING, key, attempt, first, decision, undo, False, due, 0, keys, False, (0, 0), self.built, redo
        )

    def parked(self, decision: int, attempt: int, undo: bool) -> "Task":
        """The step while its target system is offline."""
        return replace(self, state=PARKED, due=None, undo=undo, next=(decision, attempt))

    def again(self) -> tuple[int, int]:
        """Decision and attempt of the next request: the same key with one more attempt, unless that key has its answer or other values."""
        if not self.decision or self.rejected or self.overridden or self.planned.kind == "manual":
            return self.decision + 1, 1
        if self.next[0]:  # it was parked, so that its turn has not come yet
            return self.next
        return self.decision, self.attempt + 1

    def ended(self, skipped: bool = False) -> "Task":
        """The step once it is done, or taken back; one that an amendment wants otherwise waits for its turn."""
        state = UNDONE if self.undo else WAITING if self.redo else SKIPPED if skipped else DONE
        return self.in_state(state, built=not self.undo and (self.built or not skipped), redo=False)

    def ended_by_hand(self, skipped: bool) -> "Task":
        """The step once an operator has ended it, who knows how it is wanted now."""
        return (replace(self, redo=False) if self.redo else self).ended(skipped)

    def to_do_again(self) -> "Task":
        """The step once it is known that it has to be done once more."""
        return replace(self, state=WAITING) if self.state in (DONE, SKIPPED) else replace(self, redo=True)


@record
class Item:
    """One service order item: `values` are the ordered ones overlaid by what fulfilment assigned."""

    service: PlannedService
    values: dict[str, Any]
    state: str
    tasks: tuple[str, ...]


@record
class ServiceOrder:
    """`above` names, for each item, the items whose services rest on its service; `below` those that its service rests on; `held` the items that an
    operator holds; `removed` those that an amendment takes back."""

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
    held: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()


def task_of(order: ServiceOrder, id: str) -> Task:
    """Raises Rejected when there is no such task."""
    task = order.tasks.get(id)
    if task is None:
        raise Rejected("unknown", f"There is no task {id} in this service order.")
    return task


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


def states_anew(order: ServiceOrder, before: ServiceOrder) -> tuple[dict[str, str], str]:
    """The item states that change when the order's items are planned otherwise than `before`, and the order's state (empty when that stays)."""
    changed: dict[str, str] = {}
    todo = list(order.items)
    while todo:
        id = todo.pop()
        state = _item_state(order, id, None, changed)
        if state != changed.get(id, before.items[id].state):
            changed[id] = state
            todo.extend(order.above[id])
    return changed, order_state(order, changed, order.gates)


def order_state(order: ServiceOrder, changed: Mapping[str, str], gates: frozenset[str]) -> str:
    """The order's state once item states have changed, empty when it stays. An open work order holds it back from its end (domain-rules 3.8)."""
    states = {id: changed.get(id, item.state) for id, item in order.items.items()}
    if order.removed:  # an order forgets what was taken back, unless nothing else is left
        states = {id: state for id, state in states.items() if not (id in order.removed and state in CLOSED)} or states
    state = roll_up(states.values())
    if gates and state == COMPLETED:
        state = IN_PROGRESS
    return "" if state == order.state else state


def _item_state(order: ServiceOrder, id: str, moved: Task | None, changed: Mapping[str, str]) -> str:
    item = order.items[id]
    if item.state in CLOSED:
        return item.state
    states = {moved.state if moved is not None and task == moved.planned.id else order.tasks[task].state for task in item.tasks}
    below = {changed.get(other, order.items[other].state) for other in order.below[id]}
    if not states.isdisjoint(STOPPED):
        return HELD
    if states <= {DONE, SKIPPED} and below <= {COMPLETED}:
        return COMPLETED
    if states <= {WAITING} and below <= {ACKNOWLEDGED}:
        return ACKNOWLEDGED
    waits_for_held = HELD in below and IN_PROGRESS not in below and RUNNING not in states and RETRYING not in states
    return HELD if waits_for_held else IN_PROGRESS
