"""Withdrawal: taking back part of an order, because it was cancelled or an item was aborted.

What has not started is discarded, what runs is waited for (its answer counts), what is done is undone one step at a time in reverse order of
completion, and only then are products, services and items closed (domain-rules 4.5, 4.7, 5.5).
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from domain.plan import service_node, service_order_id
from domain.processes.progress import ItemProgress, Progress, ServiceProgress
from domain.product import AbandonProduct, ReopenProduct
from domain.service import AbandonService, AttachService, DetachService, ReopenService
from domain.service_order import CloseServiceOrderItems, DispatchTask, WithdrawTask
from domain.states import CANCELLED, COMPLETED, TERMINAL
from domain.work_order import CancelWorkOrder


class Withdrawal:
    """`items` maps each withdrawn item to the state it will end in. An amendment withdraws less: services of items that stay, single tasks, visits."""

    def __init__(self, order: str, progress: Progress) -> None:
        self.items: dict[str, str] = {}
        self._order = order
        self._of = progress
        self._stopping: list[Any] = []
        self._closed: list[ItemProgress] = []
        self._freed: list[ItemProgress] = []
        self._undoing = ""
        self._undone: set[str] = set()
        self._to_undo: list[str] = []
        self._sized = (0, 0, 0, 0)
        self._services: dict[str, ServiceProgress] = {}
        self._tasks: set[str] = set()
        self._visits: set[str] = set()
        self._ended: set[str] = set()

    # Beginning ------------------------------------------------------------------------------------------------------------------------
    def start(self, items: Iterable[str], outcome: str, include_completed: bool) -> None:
        """Withdraw these items, and what cannot go on without them."""
        new = [id for id in self._closure(items, include_completed) if id not in self.items]
        self.items.update(dict.fromkeys(new, outcome))
        touched = dict.fromkeys(id for item in new for id in self._needs(item))
        for service in (self._of.services[id] for id in touched):
            if service.planned.action != "noChange" and self.takes_back(service):
                self._stop_service(service)
        for visit, state in self._of.visit_states.items():
            if state not in TERMINAL and self.covers(visit):
                self._stopping.append(CancelWorkOrder(visit))
        for item in (self._of.items[id] for id in new):
            if item.state == COMPLETED and item.planned.sells:
                self._stopping.append(ReopenProduct(item.planned.product, self._order))
                self._stopping.extend(AttachService(id, self._order, item.planned.product) for id in item.planned.detached)

    def leave(self, services: Iterable[ServiceProgress], tasks: Iterable[str], visits: Iterable[str]) -> None:
        """Take back what an amended plan does not have any more, or wants otherwise."""
        for service in services:
            node = service_node(service.planned)
            if node not in self._services:
                self._services[node] = service
                self._stop_service(service)
        for task in tasks:
            self._tasks.add(task)
            if task not in self._of.finished and self._may_be_dropped(task):
                self._stopping.append(WithdrawTask(service_order_id(self._order, self._of.service_of[task].planned.number), task))
        for visit in visits:
            self._visits.add(visit)
            self._stopping.append(CancelWorkOrder(visit))

    def _needs(self, item: str) -> list[str]:
        planned = self._of.items[item].planned
        return [id for id in (*planned.services, *planned.detached) if id in self._of.services]

    def _stop_service(self, service: ServiceProgress) -> None:
        planned = service.planned
        for item in (self._of.items[id] for id in service.users if id not in self.items):
            item.open.discard(planned.id)
            self._freed.append(item)
        if service.state == COMPLETED:
            self._stopping.append(ReopenService(planned.id, self._order, planned.action))
        for task in planned.tasks:
            if task.id in self._of.built and task.id not in self._of.running:
                self._of.finished.setdefault(task.id, self._of.built.pop(task.id))
            if task.id not in self._of.finished and self._may_be_dropped(task.id):
                self._stopping.append(WithdrawTask(service_order_id(self._order, planned.number), task.id))

    def _may_be_dropped(self, task: str) -> bool:
        """A request that is out is waited for; one that nobody will answer (not started, by hand, in fallout) is dropped."""
        held = any(task in item.held for item in self._of.items_of(task))
        return held or task not in self._of.running or self._of.tasks[task].kind == "manual"

    def fell_out(self, task: str) -> None:
        """A task is in fallout: when only withdrawn items wanted it, nobody need repair it."""
        if task not in self._of.finished and self.covers(task):
            planned = self._of.service_of[task].planned
            self._stopping.append(WithdrawTask(service_order_id(self._order, planned.number), task))

    def _closure(self, items: Iterable[str], include_completed: bool) -> Iterator[str]:
        """The items, what is nested in them, and what relies on them; bundles are what their parts are."""
        of, found, todo = self._of, set[str](), list(items)
        while todo:
            id = todo.pop(0)
            item = of.items.get(id)
            if item is None or id in found:
                continue
            found.add(id)
            todo.extend(item.children)
            if item.is_bundle or (item.state in TERMINAL and not (include_completed and item.state == COMPLETED)):
                continue
            todo.extend(of.relying_on(id))
            yield id

    # Under way ------------------------------------------------------------------------------------------------------------------------
    def covers(self, node: str) -> bool:
        """Whether a task or visit serves nobody but withdrawn items."""
        of = self._of
        visit = of.visits.get(node)
        if visit is not None:
            return node in self._visits or all(id in self.items for id in visit.items)
        service = of.service_of.get(node)
        return node in self._tasks or (service is not None and self.takes_back(service))

    def takes_back(self, service: ServiceProgress) -> bool:
        """Whether nobody but withdrawn items wants what is done to a service; to end it, all have to want that."""
        if self._services and self._services.get(service_node(service.planned)) is service:
            return True
        one = any if service.planned.action == "delete" else all
        return bool(service.users) and one(id in self.items for id in service.users)

    def undoing(self, task: str) -> None:
        """The undo of `task` has been requested."""
        self._undoing = task

    def undone(self, task: str) -> None:
        """The undo of `task` has been answered, spared, or given up by an operator."""
        if self._undoing == task:
            self._undoing = ""
        self._of.built.pop(task, None)
        if task in self._tasks:  # its service stays, and may want it again
            self._tasks.discard(task)
            self._of.finished.pop(task, None)
        else:
            self._undone.add(task)

    def is_over(self) -> bool:
        """Whether everything is taken back; asked when `take` has nothing."""
        return not (self._stopping or self._undoing or self._waiting())

    def take(self, now: datetime) -> list[Any]:
        """The next step, once the one before is over."""
        if self._stopping:
            stopping, self._stopping = self._stopping, []
            return stopping
        if self._undoing or self._waiting():
            return []
        task = self._next_undo()
        if task:
            self._undoing = task
            return [DispatchTask(service_order_id(self._order, self._of.service_of[task].planned.number), task, undo=True)]
        return list(self._close(now))

    def take_freed(self) -> list[ItemProgress]:
        """Items that go on without a service that was to be ended for them too; asked after `start`."""
        freed, self._freed = self._freed, []
        return freed

    def take_closed(self) -> list[ItemProgress]:
        """The items that came to their end since it was asked last."""
        closed, self._closed = self._closed, []
        return closed

    def _waiting(self) -> bool:
        of = self._of
        if any(task in of.tasks and self.covers(task) for task in of.running):
            return True
        return any(state not in TERMINAL and self.covers(visit) for visit, state in of.visit_states.items())

    def _next_undo(self) -> str:
        size = (len(self.items), len(self._of.finished), len(self._services), len(self._tasks))
        if size != self._sized:
            self._sized = size
            self._to_undo = [task for task in self._of.finished if task in self._of.tasks and self._needs_undo(task)]
        return self._to_undo.pop() if self._to_undo else ""

    def _needs_undo(self, task: str) -> bool:
        planned, skipped = self._of.tasks[task], self._of.finished[task]
        return planned.undo and not skipped and task not in self._undone and self.covers(task)

    # The end --------------------------------------------------------------------------------------------------------------------------
    def _close(self, now: datetime) -> Iterator[Any]:
        """Products, services and service order items, once everything is taken back."""
        closing = [item for id in self.items if not (item := self._of.items[id]).closed]
        leaving = {node: service for node, service in self._services.items() if node not in self._ended}
        if not closing and not leaving:
            return
        self._ended.update(leaving)
        ending = dict.fromkeys(id for item in closing for id in self._needs(item.planned.id))
        services = [service for id in ending if self.takes_back(service := self._of.services[id])]
        more = [service for node, service in leaving.items() if all(service is not each for each in services)]
        yield from self._close_services([*services, *more], now)
        for item in closing:
            yield from self._close_item(item, now)

    def _close_services(self, services: Iterable[ServiceProgress], now: datetime) -> Iterator[Any]:
        orders: dict[tuple[int, str], list[str]] = {}
        for service in services:
            planned = service.planned
            outcome = self.items.get(planned.owner, CANCELLED)
            undone = service.state == COMPLETED or any(task.id in self._of.finished for task in planned.tasks)
            current = self._of.services[planned.id]
            left_as_it_was = planned.action in ("modify", "delete") and current.planned.action == "noChange"
            if current is service or left_as_it_was:  # else the amended plan does something else to it
                keeping = current.planned.products if current is not service else ()
                back = planned.previous, undone, outcome, now, planned.previous_state, keeping
                yield AbandonService(planned.id, self._order, planned.action, *back)
            for item in (self._of.items[id] for id in service.users if id not in self.items):
                if item.state == COMPLETED and planned.id not in item.planned.services:
                    yield DetachService(planned.id, self._order, item.planned.product)
            if planned.action != "noChange" and not service.kept:
                service.state = outcome
                orders.setdefault((planned.number, outcome), []).append(planned.item)
        for (number, outcome), items in orders.items():
            yield CloseServiceOrderItems(service_order_id(self._order, number), tuple(items), outcome)

    def _close_item(self, item: ItemProgress, now: datetime) -> Iterator[Any]:
        planned = item.planned
        outcome = self.items[planned.id]
        item.state, item.closed, item.open, item.held = outcome, True, set(), set()
        self._closed.append(item)
        for id in planned.services:
            if not self.takes_back(self._of.services[id]):
                yield DetachService(id, self._order, planned.product, undo=True)
        for id in planned.detached:
            yield AttachService(id, self._order, planned.product)
        if planned.sells:  # an item that waits may have been planned before it was amended
            yield AbandonProduct(planned.product, self._order, planned, "cancelled" if outcome == CANCELLED else "aborted", now)
