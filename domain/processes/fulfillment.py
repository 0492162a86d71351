"""Fulfillment: drives the plan of one product order, task by task, until every item is at its end.

A process manager as a to-do list: facts of the product order, its service orders and work orders tick things off or make new ones due. It decides
nothing that a decider decides; it only knows what must follow what. It is rebuilt from the log at any time and, unlike every other state in the
domain, changes in place, because a plan may have thousands of nodes (ADR 0008).
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from domain import fallout
from domain.fallout import FalloutRaised, FalloutResolved
from domain.plan import Plan, PlannedItem, PlannedService, PlannedTask, PlannedVisit, service_order_id
from domain.processes.withdrawal import Withdrawal
from domain.product import AbandonProduct, FulfilProduct, OrderProduct
from domain.product_order import (
    PassPointOfNoReturn,
    ProductOrderAcknowledged,
    ProductOrderCancellationAssessed,
    ProductOrderDecomposed,
    ProductOrderStarted,
    ProductOrderStartScheduled,
    ReportItems,
)
from domain.recorded import Recorded
from domain.service import AbandonService, DetachService, FulfilService, OrderService
from domain.service_order import (
    AcknowledgeServiceOrder,
    ActivationAnswered,
    ActivationRequested,
    CloseServiceOrderItems,
    DispatchTask,
    ManualTaskRequested,
    ReleaseServiceOrder,
    TaskCompletedByHand,
    TaskWithdrawn,
    WithdrawTask,
)
from domain.states import ACKNOWLEDGED, CANCELLED, COMPLETED, FAILED, HELD, IN_PROGRESS, PENDING, TERMINAL
from domain.work_order import (
    AcknowledgeWorkOrder,
    CancelWorkOrder,
    RequestWorkOrder,
    WorkOrderAnswered,
    WorkOrderClosed,
    WorkOrderRequested,
)


class ItemProgress:
    """One product order item: `open` are the services and visits it still waits for, `held` its tasks in fallout."""

    __slots__ = ("held", "open", "planned", "reported", "state")

    def __init__(self, planned: PlannedItem) -> None:
        self.planned = planned
        self.open: set[str] = set()
        self.held: set[str] = set()
        self.state = PENDING if planned.missing else ACKNOWLEDGED
        self.reported = ACKNOWLEDGED


class ServiceProgress:
    """One service the order works on: `open` are its tasks and supporting services that are not done."""

    __slots__ = ("assigned", "holders", "inactive", "open", "planned", "state")

    def __init__(self, planned: PlannedService) -> None:
        self.planned = planned
        self.open: set[str] = {task.id for task in planned.tasks}
        self.holders: list[str] = []
        self.assigned: dict[str, Any] = {}
        self.inactive = False
        self.state = ACKNOWLEDGED


class Fulfillment:
    """The progress of one order. `take()` answers what is due now; `evolve` learns what happened."""

    def __init__(self, order: str) -> None:
        self.order = order
        self.customer = ""
        self.catalog = ""
        self.requested_start: datetime | None = None
        self.requested_completion: datetime | None = None
        self.gate_closed = False
        self.items: dict[str, ItemProgress] = {}
        self.services: dict[str, ServiceProgress] = {}
        self.tasks: dict[str, PlannedTask] = {}
        self.service_of: dict[str, str] = {}
        self.visits: dict[str, PlannedVisit] = {}
        self.visit_states: dict[str, str] = {}
        self.used_by: dict[str, list[str]] = {}
        self.waits: dict[str, int] = {}
        self.after: dict[str, list[str]] = {}
        self.running: set[str] = set()
        self.finished: dict[str, bool] = {}
        self.withdrawal: Withdrawal | None = None
        self.now = datetime.min
        self._due: list[Any] = []
        self._ready: list[str] = []

    # What is due ----------------------------------------------------------------------------------------------------------------------
    def take(self) -> list[Any]:
        """The commands that are due, each handed out once; empty when the order waits for somebody."""
        due, self._due = self._due, []
        if not self.gate_closed and self._ready:
            ready, self._ready = self._ready, []
            due.extend(self._dispatch(node) for node in ready)
        if self.withdrawal is not None and not due:
            due.extend(self.withdrawal.take())
        if not due:
            due.extend(self._reports())
        return due

    def settle(self) -> None:
        """Forget what was due: after a fold from the log it has all been done, since a unit of work commits only when nothing is due."""
        while self.take():
            pass

    def _dispatch(self, node: str) -> Any:
        if node in self.visits:
            return RequestWorkOrder(node)
        return DispatchTask(self.service_order(node), node)

    def _reports(self) -> Iterable[Any]:
        changed = {id: item.state for id, item in self.items.items() if item.state != item.reported}
        if not changed:
            return ()
        for id in changed:
            self.items[id].reported = changed[id]
        return (ReportItems(self.order, changed),)

    def touched(self) -> list[str]:
        """The streams of the products and services that this order works on."""
        return [*(item.planned.product for item in self.items.values()), *self.services]

    def service_order(self, task: str) -> str:
        """The stream of the service order that a task belongs to."""
        return service_order_id(self.order, int(task.partition(".")[0]))

    # What happened --------------------------------------------------------------------------------------------------------------------
    def evolve(self, recorded: Recorded) -> None:
        """Learn one fact of the order's family of streams."""
        react = _REACTIONS.get(type(recorded.event))
        if react is not None:
            self.now = recorded.meta.time
            react(self, recorded)

    def _acknowledged(self, recorded: Recorded) -> None:
        event: ProductOrderAcknowledged = recorded.event
        self.customer, self.catalog = event.customer, event.catalog
        self.requested_start, self.requested_completion = event.requested_start, event.requested_completion

    def _start_scheduled(self, recorded: Recorded) -> None:
        self.gate_closed = True

    def _started(self, recorded: Recorded) -> None:
        self.gate_closed = False

    def _decomposed(self, recorded: Recorded) -> None:
        plan: Plan = recorded.event.plan
        for item in plan.items:
            if item.action != "noChange":
                self.items[item.id] = ItemProgress(item)
        self._add_services(plan)
        self._add_visits(plan)
        self._add_edges(plan)
        self._due.extend(self._orders(plan))
        touched = {node for edge in plan.edges for node in edge}
        for id in [*self.tasks, *self.visits]:
            if id not in self.finished and id not in self.running and (not self.waits.get(id) or id not in touched):
                self._ready.append(id)
        for service in plan.services:
            self._settle_service(service.id, recorded.meta.time)
        for planned in plan.items:
            self._settle_item(planned.id, recorded.meta.time)

    def _add_services(self, plan: Plan) -> None:
        for service in plan.services:
            self.services[service.id] = ServiceProgress(service)
            for task in service.tasks:
                self.tasks[task.id] = task
                self.service_of[task.id] = service.id
        for service in plan.services:
            progress = self.services[service.id]
            if service.action == "noChange":
                progress.state = COMPLETED
                continue
            if service.action != "delete" or not service.tasks:
                below = {id for id in service.supporting if id in self.services and self.services[id].planned.action != "noChange"}
                progress.open |= below
                for id in below:
                    self.services[id].holders.append(service.id)
        for item in plan.items:
            needed = (*item.services, *item.detached)
            for id in needed:
                if id in self.services and self.services[id].planned.action != "noChange":
                    self.used_by.setdefault(id, []).append(item.id)
                    self.items[item.id].open.add(id)

    def _add_visits(self, plan: Plan) -> None:
        for visit in plan.visits:
            self.visits[visit.id], self.visit_states[visit.id] = visit, ACKNOWLEDGED
            for item in visit.items:
                self.items[item].open.add(visit.id)

    def _add_edges(self, plan: Plan) -> None:
        for first, second in plan.edges:
            if first in self.finished:
                continue
            self.after.setdefault(first, []).append(second)
            self.waits[second] = self.waits.get(second, 0) + 1
            if second.startswith("item:"):
                self.items[second[5:]].open.add(second)

    def _orders(self, plan: Plan) -> Iterable[Any]:
        """What the plan makes at once: products and services on order, service orders and work orders."""
        for item in plan.items:
            if item.action != "noChange" and not item.missing:
                yield OrderProduct(item.product, self.order, self.customer, self.catalog, item)
                for service in item.detached:
                    if service not in self.services or self.services[service].planned.action == "noChange":
                        yield DetachService(service, self.order, item.product)
        numbers: dict[int, list[PlannedService]] = {}
        for planned in plan.services:
            yield OrderService(planned.id, self.order, service_order_id(self.order, planned.number), self.customer, planned)
            if planned.number:
                numbers.setdefault(planned.number, []).append(planned)
        for number, services in numbers.items():
            gates = tuple(visit.id for visit in plan.visits if number in visit.numbers)
            yield AcknowledgeServiceOrder(
                service_order_id(self.order, number),
                self.order,
                self.customer,
                tuple(services),
                gates,
                self.requested_start,
                self.requested_completion,
            )
        for visit in plan.visits:
            yield AcknowledgeWorkOrder(visit.id, self.order, self.customer, visit, self.requested_start)

    def _requested(self, recorded: Recorded) -> None:
        event: ActivationRequested | ManualTaskRequested = recorded.event
        self.running.add(event.task)
        for item in self.items_of(event.task):
            item.held.discard(event.task)
            self._show(item, IN_PROGRESS)
        task = self.tasks[event.task]
        undo = isinstance(event, ActivationRequested) and event.undo
        if task.point_of_no_return and not undo and (not isinstance(event, ActivationRequested) or event.attempt == event.decision == 1):
            self._due.append(PassPointOfNoReturn(self.order, event.task, self.services[self.service_of[event.task]].planned.owner))

    def _answered(self, recorded: Recorded) -> None:
        event: ActivationAnswered = recorded.event
        if event.outcome == "completed":
            self._task_done(event.task, event.values, event.undo, False, recorded.meta.time)

    def _by_hand(self, recorded: Recorded) -> None:
        event: TaskCompletedByHand = recorded.event
        undo = self.withdrawal is not None and self.withdrawal.is_undoing(event.task)
        self._task_done(event.task, event.values, undo, event.skipped, recorded.meta.time)

    def _task_done(self, task: str, values: dict[str, Any], undo: bool, skipped: bool, at: datetime) -> None:
        self.running.discard(task)
        for item in self.items_of(task):
            item.held.discard(task)
            self._show(item, IN_PROGRESS)
        if undo:
            assert self.withdrawal is not None, "only a withdrawal undoes"
            self.withdrawal.undone(task)
            return
        service = self.services[self.service_of[task]]
        service.assigned.update(values)
        service.inactive |= skipped
        service.open.discard(task)
        self._finish(task, at, skipped)
        self._settle_service(service.planned.id, at)

    def _finish(self, node: str, at: datetime, skipped: bool = False) -> None:
        """A node is done: what waited for it alone may start."""
        self.finished[node] = skipped
        self.running.discard(node)
        for follower in self.after.pop(node, ()):
            self.waits[follower] -= 1
            if self.waits[follower] == 0:
                self._release(follower, at)

    def _release(self, node: str, at: datetime) -> None:
        if node.startswith("item:"):
            self.items[node[5:]].open.discard(node)
            self._settle_item(node[5:], at)
        elif self.withdrawal is None or not self.withdrawal.covers(node):
            self._ready.append(node)

    def _settle_service(self, id: str, at: datetime) -> None:
        service = self.services[id]
        if service.open or service.state in TERMINAL:
            return
        service.state = COMPLETED
        planned = service.planned
        values = {**planned.values, **service.assigned}
        self._due.append(FulfilService(id, self.order, planned.action, values, service.inactive, at))
        for holder in service.holders:
            self.services[holder].open.discard(id)
            self._settle_service(holder, at)
        for item in self.used_by.get(id, ()):
            self.items[item].open.discard(id)
            self._settle_item(item, at)

    def _settle_item(self, id: str, at: datetime) -> None:
        item = self.items.get(id)
        if item is None or item.open or item.state in TERMINAL or item.planned.missing:
            return
        if self.withdrawal is not None and id in self.withdrawal.items:
            return
        item.state = COMPLETED
        values = dict(item.planned.values)
        self._due.append(FulfilProduct(item.planned.product, self.order, item.planned, values, at))
        self._finish(f"item:{id}", at)

    # Visits ---------------------------------------------------------------------------------------------------------------------------
    def _visit_requested(self, recorded: Recorded) -> None:
        visit = recorded.stream
        self.running.add(visit)
        for item in self.visits[visit].items:
            self.items[item].held.discard(visit)
            self._show(self.items[item], IN_PROGRESS)

    def _visit_answered(self, recorded: Recorded) -> None:
        event: WorkOrderAnswered | WorkOrderClosed = recorded.event
        if not event.state:
            return
        visit = recorded.stream
        self.visit_states[visit] = event.state
        for number in self.visits[visit].numbers:
            self._due.append(ReleaseServiceOrder(service_order_id(self.order, number), visit))
        for id in self.visits[visit].items:
            self.items[id].held.discard(visit)
            self.items[id].open.discard(visit)
        if event.state == COMPLETED:
            self._finish(visit, recorded.meta.time)
        elif isinstance(event, WorkOrderClosed) and event.action == fallout.ABORT:
            self._withdraw(self.visits[visit].items, FAILED, False)
        self.running.discard(visit)
        for id in self.visits[visit].items:
            self._settle_item(id, recorded.meta.time)

    # Fallout, abort, cancel -------------------------------------------------------------------------------------------------------------
    def _fallout_raised(self, recorded: Recorded) -> None:
        event: FalloutRaised = recorded.event
        for item in self.items_of(event.task):
            item.held.add(event.task)
            self._show(item, HELD)

    def _fallout_resolved(self, recorded: Recorded) -> None:
        event: FalloutResolved = recorded.event
        if event.action == fallout.ABORT and event.task in self.tasks:
            self.running.discard(event.task)
            owners = [item.planned.id for item in self.items_of(event.task)]
            if self.withdrawal is not None and self.withdrawal.is_undoing(event.task):
                self.withdrawal.undone(event.task)
            else:
                self._withdraw(owners, FAILED, False)

    def _task_withdrawn(self, recorded: Recorded) -> None:
        event: TaskWithdrawn = recorded.event
        self.running.discard(event.task)
        for item in self.items_of(event.task):
            item.held.discard(event.task)

    def _cancelled(self, recorded: Recorded) -> None:
        event: ProductOrderCancellationAssessed = recorded.event
        if event.accepted:
            self.gate_closed = False
            self._withdraw(event.items, CANCELLED, event.include_completed)

    def _withdraw(self, items: Iterable[str], outcome: str, include_completed: bool) -> None:
        if self.withdrawal is None:
            self.withdrawal = Withdrawal(self)
        self.withdrawal.start(items, outcome, include_completed)
        self._ready = [node for node in self._ready if not self.withdrawal.covers(node)]

    # Shared with the withdrawal -------------------------------------------------------------------------------------------------------
    def items_of(self, node: str) -> list[ItemProgress]:
        """The items that a task or visit is for."""
        if node in self.visits:
            return [self.items[item] for item in self.visits[node].items]
        return [self.items[item] for item in self.used_by.get(self.service_of.get(node, ""), ())]

    def _show(self, item: ItemProgress, state: str) -> None:
        if item.state in TERMINAL and not (self.withdrawal and item.planned.id in self.withdrawal.items):
            return
        item.state = HELD if item.held else state

    def commands_to_close(self, items: Iterable[str], outcome: str, at: datetime) -> Iterable[Any]:
        """Products, services and service orders of items that have been withdrawn, once everything is taken back."""
        wanted = set(items)
        status = "cancelled" if outcome == CANCELLED else "aborted"
        closing: dict[int, list[str]] = {}
        for id, service in self.services.items():
            planned = service.planned
            if planned.action != "noChange" and set(self.used_by.get(id, ())) <= wanted:
                done = service.state == COMPLETED or any(task.id in self.finished for task in planned.tasks)
                service.state = outcome
                yield AbandonService(id, self.order, planned.action, planned.previous, done, at)
                closing.setdefault(planned.number, []).append(planned.item)
        for number, numbers in closing.items():
            yield CloseServiceOrderItems(service_order_id(self.order, number), tuple(numbers), outcome)
        for id in items:
            item = self.items[id]
            item.state, item.open, item.held = outcome, set(), set()
            if not item.planned.missing:
                yield AbandonProduct(item.planned.product, self.order, item.planned, status, at)

    def cancel_visit(self, visit: str) -> CancelWorkOrder:
        return CancelWorkOrder(visit)

    def withdraw_task(self, task: str) -> WithdrawTask:
        return WithdrawTask(self.service_order(task), task)


_REACTIONS: dict[type[Any], Callable[[Fulfillment, Recorded], None]] = {
    ProductOrderAcknowledged: Fulfillment._acknowledged,
    ProductOrderStartScheduled: Fulfillment._start_scheduled,
    ProductOrderStarted: Fulfillment._started,
    ProductOrderDecomposed: Fulfillment._decomposed,
    ProductOrderCancellationAssessed: Fulfillment._cancelled,
    ActivationRequested: Fulfillment._requested,
    ManualTaskRequested: Fulfillment._requested,
    ActivationAnswered: Fulfillment._answered,
    TaskCompletedByHand: Fulfillment._by_hand,
    TaskWithdrawn: Fulfillment._task_withdrawn,
    FalloutRaised: Fulfillment._fallout_raised,
    FalloutResolved: Fulfillment._fallout_resolved,
    WorkOrderRequested: Fulfillment._visit_requested,
    WorkOrderAnswered: Fulfillment._visit_answered,
    WorkOrderClosed: Fulfillment._visit_answered,
}
