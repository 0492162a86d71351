"""Withdrawal: taking back part of an order, because it was cancelled or an item was aborted.

What has not started is discarded, what runs is waited for (its answer counts), what is done is undone one step at a time in reverse order of
completion, and only then are products, services and items closed (domain-rules 4.5, 4.7, 5.5).
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from domain.service_order import DispatchTask
from domain.states import COMPLETED, TERMINAL

if TYPE_CHECKING:
    from domain.processes.fulfillment import Fulfillment


class Withdrawal:
    """`items` maps each withdrawn item to the state it will end in."""

    def __init__(self, fulfillment: "Fulfillment") -> None:
        self._of = fulfillment
        self.items: dict[str, str] = {}
        self._stopping: list[Any] = []
        self._undoing = ""
        self._undone: set[str] = set()
        self._closed: set[str] = set()

    def start(self, items: Iterable[str], outcome: str, include_completed: bool) -> None:
        """Withdraw these items, and what cannot go on without them."""
        for id in self._closure(items, include_completed):
            self.items.setdefault(id, outcome)
        of = self._of
        for task in of.tasks:
            if self.covers(task) and task not in of.finished and self._may_be_dropped(task):
                self._stopping.append(of.withdraw_task(task))
        for visit, state in of.visit_states.items():
            if self.covers(visit) and state not in TERMINAL:
                self._stopping.append(of.cancel_visit(visit))

    def _may_be_dropped(self, task: str) -> bool:
        """A request that is out is waited for; one that nobody will answer (not started, by hand, in fallout) is dropped."""
        of = self._of
        held = any(task in item.held for item in of.items_of(task))
        return task not in of.running or held or of.tasks[task].kind == "manual"

    def _closure(self, items: Iterable[str], include_completed: bool) -> Iterator[str]:
        """The items, what is nested in them, and the items that need a service only they would have built."""
        of = self._of
        found: dict[str, None] = {}
        todo = [id for id in items if id in of.items]
        while todo:
            id = todo.pop(0)
            ended = of.items[id].state in TERMINAL and not (include_completed and of.items[id].state == COMPLETED)
            if id in found or ended:
                continue
            found[id] = None
            todo.extend(other.planned.id for other in of.items.values() if other.planned.parent == id)
            built = [s.planned.id for s in of.services.values() if s.planned.owner == id and s.state not in TERMINAL]
            for service in built:
                todo.extend(other for other in of.used_by.get(service, ()) if other not in found)
        yield from found

    def covers(self, node: str) -> bool:
        """Whether a task or visit serves nobody but withdrawn items."""
        owners = self._of.items_of(node)
        return bool(owners) and all(item.planned.id in self.items for item in owners)

    def is_undoing(self, task: str) -> bool:
        return self._undoing == task

    def undone(self, task: str) -> None:
        """The undo of `task` has been answered, or given up by an operator."""
        self._undone.add(task)
        self._undoing = ""

    def take(self) -> list[Any]:
        """The next step, once the one before is over."""
        if self._stopping:
            stopping, self._stopping = self._stopping, []
            return stopping
        if self._undoing or self._waiting():
            return []
        of = self._of
        for task in reversed(of.finished):
            if task in of.tasks and task not in self._undone and self.covers(task) and self._needs_undo(task):
                self._undoing = task
                return [DispatchTask(of.service_order(task), task, undo=True)]
        return list(self._close())

    def _waiting(self) -> bool:
        of = self._of
        tasks = any(self.covers(task) for task in of.running if task in of.tasks)
        return tasks or any(self.covers(visit) and state not in TERMINAL for visit, state in of.visit_states.items())

    def _needs_undo(self, task: str) -> bool:
        planned = self._of.tasks[task]
        return planned.kind == "automatic" and planned.undo and not self._of.finished[task]

    def _close(self) -> Iterator[Any]:
        for outcome in dict.fromkeys(self.items.values()):
            closing = [id for id, end in self.items.items() if end == outcome and id not in self._closed]
            if closing:
                self._closed.update(closing)
                yield from self._of.commands_to_close(closing, outcome, self._of.now)
