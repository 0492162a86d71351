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
from domain.plan import Plan, service_order_id
from domain.processes.amending import Amending
from domain.processes.holding import HOLD, Holding
from domain.processes.opening import opening
from domain.processes.outlook import Watch
from domain.processes.progress import ItemProgress, Progress, ServiceProgress, later_of, undo_node
from domain.processes.withdrawal import Withdrawal
from domain.product import AbandonProduct, FulfilProduct
from domain.product_order import (
    FinishAmendment,
    PassPointOfNoReturn,
    ProductOrderAcknowledged,
    ProductOrderAmended,
    ProductOrderCancellationAssessed,
    ProductOrderDecomposed,
    ProductOrderItemsHeld,
    ProductOrderItemsReleased,
    ProductOrderStarted,
    ProductOrderStartScheduled,
    ProductOrderStepReleased,
    ProductOrderStepScheduled,
    ReleaseStep,
    ReportItems,
    ScheduleStep,
)
from domain.recorded import Recorded
from domain.service import INACTIVE, DetachService, FulfilService
from domain.service_order import (
    ActivationAnswered,
    ActivationRequested,
    CloseServiceOrderItems,
    DispatchTask,
    ManualTaskRequested,
    ReleaseServiceOrder,
    ServiceOrderItemValuesSet,
    TaskCompletedByHand,
    TaskParked,
    TaskWithdrawn,
    UndoSpared,
)
from domain.states import ACKNOWLEDGED, CANCELLED, COMPLETED, FAILED, HELD, IN_PROGRESS, TERMINAL
from domain.work_order import (
    RequestWorkOrder,
    WorkOrderAnswered,
    WorkOrderClosed,
    WorkOrderParked,
    WorkOrderRequested,
)


class Fulfillment:
    """The progress of one order. `take()` answers what is due now; `evolve` learns what happened."""

    def __init__(self, order: str) -> None:
        self.order = order
        self.customer = ""
        self.catalog = ""
        self.requested_start: datetime | None = None
        self.requested_completion: datetime | None = None
        self.gate_closed = False
        self.progress = Progress()
        self.withdrawal: Withdrawal | None = None
        self.holding = Holding(order, self.progress)
        self.now = datetime.min
        self._due: list[Any] = []
        self._ready: list[str] = []
        self._changed: dict[str, ItemProgress] = {}
        self._watch: Watch | None = None
        self._amendment = ""
        self._again: set[str] = set()  # tasks that an amendment wants done again, and have not been yet
        self._finishing: set[str] = set()  # those among them that are out as they were asked for before

    # What is due ----------------------------------------------------------------------------------------------------------------------
    def take(self) -> list[Any]:
        """The commands that are due, each handed out once; empty when the order waits for somebody."""
        due, self._due = self._due, []
        if self._ready and not self.gate_closed:
            ready, self._ready = self.holding.part(self._ready)
            due.extend([self._dispatch(node) for node in ready])
        if not due and self.withdrawal is not None:
            due = self.withdrawal.take(self.now)
            for item in self.withdrawal.take_closed():
                self._changed[item.planned.id] = item
                self._tell_parent(item)
        return due or self._reports() or self._finished_amendment()

    def _finished_amendment(self) -> list[Any]:
        if not self._amendment or (self.withdrawal is not None and not self.withdrawal.is_over()):
            return []
        if any(self.withdrawal is None or not self.withdrawal.covers(task) for task in self._again):
            return []
        amendment, self._amendment = self._amendment, ""
        return [FinishAmendment(self.order, amendment)]

    def settle(self) -> None:
        """Forget what was due: after a fold from the log it has all been done, since a unit of work commits only when nothing is due."""
        while self.take():
            pass

    def touched(self) -> list[str]:
        """The streams of the products and services that this order works on."""
        progress = self.progress
        return [*(item.planned.product for item in progress.items.values()), *progress.services]

    def _dispatch(self, node: str) -> Any:
        if node in self.progress.visits:
            return RequestWorkOrder(node)
        return DispatchTask(service_order_id(self.order, self.progress.service_of[node].planned.number), node)

    def _reports(self) -> list[Any]:
        changed = {id: item.state for id, item in self._changed.items() if item.state != item.reported}
        self._changed = {}
        for id, state in changed.items():
            self.progress.items[id].reported = state
        jeopardy = self._watch.report() if self._watch is not None else None
        return [*([ReportItems(self.order, changed)] if changed else ()), *([jeopardy] if jeopardy is not None else ())]

    # What happened --------------------------------------------------------------------------------------------------------------------
    def evolve(self, recorded: Recorded) -> None:
        """Learn one fact of the order's family of streams."""
        react = _REACTIONS.get(type(recorded.event))
        if react is not None:
            self.now = recorded.meta.time
            react(self, recorded)
        if self._watch is not None:
            self._watch.evolve(recorded)

    def _acknowledged(self, recorded: Recorded) -> None:
        event: ProductOrderAcknowledged = recorded.event
        self.customer, self.catalog = event.customer, event.catalog
        self.requested_start, self.requested_completion = event.requested_start, event.requested_completion
        self._watch = Watch(self.order) if event.requested_completion is not None else None

    def _start_scheduled(self, recorded: Recorded) -> None:
        self.gate_closed = True

    def _started(self, recorded: Recorded) -> None:
        self.gate_closed = False
        self._settle_all()

    def _decomposed(self, recorded: Recorded) -> None:
        plan: Plan = recorded.event.plan
        joined = self._joins_withdrawn(plan)
        for node in self.progress.add(plan):
            self._make_ready(node)
        self._due.extend(opening(plan, self))
        if self.holding.items:
            self._due.extend(self.holding.tell())
        for item in plan.items:
            if item.action != "noChange":
                self._changed[item.id] = self.progress.items[item.id]
        if not self.progress.items:
            self._due.append(ReportItems(self.order, {}))  # an order in which nothing changes is completed
        if joined:
            self._withdraw(joined, FAILED, False)
        if not self.gate_closed:
            self._settle_all()

    def _joins_withdrawn(self, plan: Plan) -> list[str]:
        if self.withdrawal is None:
            return []
        ending = {
            id
            for id, service in self.progress.services.items()
            if service.planned.action != "noChange" and self.withdrawal.takes_back(service)
        }
        return [item.id for item in plan.items if not ending.isdisjoint(item.services)]

    # Tasks ----------------------------------------------------------------------------------------------------------------------------
    def _requested(self, recorded: Recorded) -> None:
        event: ActivationRequested = recorded.event
        self._is_out(event.task)
        if event.undo:
            assert self.withdrawal is not None, "only a withdrawal undoes"
            self.withdrawal.undoing(event.task)
        elif event.attempt == 1:
            self._finishing.discard(event.task)
            self._pass_point_of_no_return(event.task)

    def _handed_out(self, recorded: Recorded) -> None:
        event: ManualTaskRequested = recorded.event
        self._is_out(event.task)
        if event.undo:
            assert self.withdrawal is not None, "only a withdrawal undoes"
            self.withdrawal.undoing(event.task)
        else:
            self._pass_point_of_no_return(event.task)

    def _is_out(self, task: str) -> None:
        self.progress.running.add(task)
        for item in self.progress.items_of(task):
            item.held.discard(task)
            self._show(item, IN_PROGRESS)

    def _pass_point_of_no_return(self, task: str) -> None:
        if self.progress.tasks[task].point_of_no_return:
            self._due.append(PassPointOfNoReturn(self.order, task, self.progress.service_of[task].planned.owner))

    def _answered(self, recorded: Recorded) -> None:
        event: ActivationAnswered = recorded.event
        if event.outcome == "completed":
            self._task_done(event.task, event.values, event.undo, False, min(event.at, self.now))

    def _by_hand(self, recorded: Recorded) -> None:
        event: TaskCompletedByHand = recorded.event
        self._finishing.discard(event.task)
        self._task_done(event.task, event.values, event.undo, event.skipped, self.now)

    def _task_done(self, task: str, values: dict[str, Any], undo: bool, skipped: bool, at: datetime) -> None:
        self._is_in(task)
        if undo:
            self._undone(task)
            return
        service = self.progress.service_of[task]
        service.assigned.update(values)
        service.done_at = later_of(service.done_at, at)
        if task in self._finishing:
            self._done_as_before(task, skipped)
            return
        self._again.discard(task)
        service.inactive |= skipped
        service.open.discard(task)
        self._finish(task, at, skipped)
        self._settle_service(service)

    def _done_as_before(self, task: str, skipped: bool) -> None:
        """What was out when an amendment came is done as it was asked for then: now it is undone, or done as it is wanted."""
        self._finishing.discard(task)
        if self.withdrawal is not None and self.withdrawal.covers(task):
            self.progress.finished[task] = skipped
            return
        self.progress.built[task] = skipped
        if not self.progress.waits.get(task):
            self._ready.append(task)

    def _is_in(self, task: str) -> None:
        self.progress.running.discard(task)
        for item in self.progress.items_of(task):
            item.held.discard(task)
            self._show(item, IN_PROGRESS)

    def _undone(self, task: str) -> None:
        assert self.withdrawal is not None, "only a withdrawal undoes"
        self.withdrawal.undone(task)
        self._free(undo_node(task))

    def _spared(self, recorded: Recorded) -> None:
        event: UndoSpared = recorded.event
        self.progress.service_of[event.task].kept = True
        self._undone(event.task)

    # Operators ------------------------------------------------------------------------------------------------------------------------
    def _parked(self, recorded: Recorded) -> None:
        """Its target system is offline: nobody has been asked."""
        event: TaskParked = recorded.event
        self.progress.running.discard(event.task)
        self._is_stuck(event.task)

    def _set(self, recorded: Recorded) -> None:
        """What an operator overrides outranks what was ordered, like what fulfilment assigns (domain-rules 4.6)."""
        event: ServiceOrderItemValuesSet = recorded.event
        self.progress.services[event.service].assigned.update(event.after)

    def _held(self, recorded: Recorded) -> None:
        event: ProductOrderItemsHeld = recorded.event
        for item in self.holding.hold(event.items):
            if not item.planned.missing:
                self._show(item, HELD)
        self._due.extend(self.holding.tell())

    def _released(self, recorded: Recorded) -> None:
        event: ProductOrderItemsReleased = recorded.event
        for item in self.holding.release(event.items):
            if not item.planned.missing:
                self._show(item, IN_PROGRESS if self.progress.has_begun(item) else ACKNOWLEDGED)
            if not self.gate_closed:
                self._settle_item(item)
        self._due.extend(self.holding.tell())

    # Nodes ----------------------------------------------------------------------------------------------------------------------------
    def _finish(self, node: str, at: datetime | None = None, skipped: bool = False) -> None:
        """A node is done: what waited for it alone may start."""
        self.progress.finish(node, at or self.now, skipped)
        self._free(node)

    def _make_ready(self, node: str) -> None:
        """A node waits for no other one; its moment may still have to come (domain-rules 3.1)."""
        due = self.progress.moments.get(node)
        if due is None or due <= self.now:
            self._ready.append(node)
        else:
            self._due.append(ScheduleStep(self.order, node, due))

    def _step_scheduled(self, recorded: Recorded) -> None:
        self.progress.scheduled.add(recorded.event.node)

    def _step_released(self, recorded: Recorded) -> None:
        event: ProductOrderStepReleased = recorded.event
        self.progress.scheduled.discard(event.node)
        if not event.withdrawn:
            self._ready.append(event.node)

    def _free(self, node: str) -> None:
        if node in self.progress.scheduled:
            self._due.append(ReleaseStep(self.order, node, withdrawn=True))
        for follower in self.progress.free(node):
            if follower.startswith("item:"):
                item = self.progress.items[follower[5:]]
                item.open.discard(follower)
                self._settle_item(item)
            elif self._may_start(follower):
                self._make_ready(follower)

    def _may_start(self, node: str) -> bool:
        """Whether a node that waits for nothing is wanted, and not still out as it was wanted before."""
        out = node in self._finishing and not self.progress.is_stuck(node)
        return not out and (self.withdrawal is None or not self.withdrawal.covers(node))

    def _settle_all(self) -> None:
        for service in self.progress.services.values():
            self._settle_service(service)
        for item in self.progress.items.values():
            self._settle_item(item)

    def _settle_service(self, service: ServiceProgress) -> None:
        if service.open or service.state in TERMINAL:
            return
        service.state = COMPLETED
        planned, progress = service.planned, self.progress
        values = {**planned.values, **service.assigned}
        inactive = service.inactive or planned.state == INACTIVE
        self._due.append(FulfilService(planned.id, self.order, planned.action, values, inactive, service.done_at or self.now))
        if not planned.tasks:
            self._due.append(CloseServiceOrderItems(service_order_id(self.order, planned.number), (planned.item,), COMPLETED))
        for id in service.holders:
            holder = progress.services[id]
            holder.open.discard(planned.id)
            holder.done_at = later_of(holder.done_at, service.done_at)
            self._settle_service(holder)
        for id in service.users:
            item = progress.items[id]
            item.open.discard(planned.id)
            item.done_at = later_of(item.done_at, service.done_at)
            self._settle_item(item)

    def _settle_item(self, item: ItemProgress) -> None:
        planned = item.planned
        if item.is_bundle:
            self._settle_bundle(item)
        if item.open or item.is_bundle or item.state in TERMINAL or planned.missing:
            return
        if HOLD in item.held and not self.progress.has_begun(item):
            return
        if self.withdrawal is not None and planned.id in self.withdrawal.items:
            return
        self._complete(item)

    def _complete(self, item: ItemProgress) -> None:
        planned = item.planned
        item.state = COMPLETED
        self._changed[planned.id] = item
        if planned.sells:
            self._due.append(FulfilProduct(planned.product, self.order, planned, self._values(item), item.done_at or self.now))
        for id in planned.detached:
            service = self.progress.services.get(id)
            if service is None or service.planned.action != "delete" or (self.withdrawal and self.withdrawal.takes_back(service)):
                self._due.append(DetachService(id, self.order, planned.product))
        self._finish(f"item:{planned.id}")
        self._tell_parent(item)

    def _values(self, item: ItemProgress) -> dict[str, Any]:
        """The ordered values, overlaid by those that fulfilment assigned (domain-rules 6.2)."""
        values = dict(item.planned.values)
        for id in item.planned.services:
            assigned = self.progress.services[id].assigned
            values.update((name, value) for name, value in assigned.items() if name in values)
        return values

    def _tell_parent(self, item: ItemProgress) -> None:
        parent = self.progress.items.get(item.planned.parent)
        if parent is not None and parent.is_bundle:
            parent.done_at = later_of(parent.done_at, item.done_at)
            self._settle_bundle(parent)

    def _settle_bundle(self, bundle: ItemProgress) -> None:
        """A bundle that is added lives while one of its parts does; one that is changed or ended is so when all of them are [choice]."""
        states = {self.progress.items[id].state for id in bundle.children}
        if not states <= TERMINAL:
            return
        some, every = COMPLETED in states, states == {COMPLETED}
        outcome = COMPLETED if every or (some and bundle.planned.action == "add") else FAILED if FAILED in states else CANCELLED
        if outcome == bundle.state:
            return
        if outcome == COMPLETED:
            self._complete(bundle)
            return
        planned = bundle.planned
        bundle.state = outcome
        self._changed[planned.id] = bundle
        status = "cancelled" if outcome == CANCELLED else "aborted"
        self._due.append(AbandonProduct(planned.product, self.order, planned, status, self.now))
        if relying := self.progress.relying_on(planned.id):
            self._withdraw(relying, outcome, False)
        self._tell_parent(bundle)

    # Visits ---------------------------------------------------------------------------------------------------------------------------
    def _visit_requested(self, recorded: Recorded) -> None:
        self._is_out(recorded.stream)

    def _visit_parked(self, recorded: Recorded) -> None:
        self.progress.running.discard(recorded.stream)
        self._is_stuck(recorded.stream)

    def _visit_answered(self, recorded: Recorded) -> None:
        event: WorkOrderAnswered | WorkOrderClosed = recorded.event
        if not event.state:
            return
        progress, visit = self.progress, recorded.stream
        progress.visit_states[visit] = event.state
        progress.running.discard(visit)
        for number in progress.visits[visit].numbers:
            self._due.append(ReleaseServiceOrder(service_order_id(self.order, number), visit))
        items, at = progress.items_of(visit), min(event.at, self.now) if isinstance(event, WorkOrderAnswered) else None
        for item in items:
            item.held.discard(visit)
            item.open.discard(visit)
            item.done_at = later_of(item.done_at, at)
        if isinstance(event, WorkOrderClosed) and event.action == fallout.ABORT:
            self._withdraw(progress.visits[visit].items, FAILED, False)
        self._finish(visit, at)
        for item in items:
            self._settle_item(item)

    # Fallout, abort, cancel -------------------------------------------------------------------------------------------------------------
    def _fallout_raised(self, recorded: Recorded) -> None:
        event: FalloutRaised = recorded.event
        self._is_stuck(event.task)

    def _is_stuck(self, task: str) -> None:
        for item in self.progress.items_of(task):
            item.held.add(task)
            self._show(item, HELD)
        if self.withdrawal is not None and task in self.progress.tasks:
            self.withdrawal.fell_out(task)
        if task in self._finishing and self._may_start(task) and not self.progress.waits.get(task):
            self._ready.append(task)  # nobody need repair what is not wanted like this any more

    def _fallout_resolved(self, recorded: Recorded) -> None:
        event: FalloutResolved = recorded.event
        if event.action != fallout.ABORT or event.task not in self.progress.tasks:
            return
        self._is_in(event.task)
        if event.task in self.progress.finished:
            self._undone(event.task)
            return
        self._withdraw([item.planned.id for item in self.progress.items_of(event.task)], FAILED, False)
        self._free(event.task)

    def _task_withdrawn(self, recorded: Recorded) -> None:
        event: TaskWithdrawn = recorded.event
        self._is_in(event.task)
        self._finishing.discard(event.task)
        if event.task in self.progress.built:  # it was done once, which has to be undone
            self.progress.finished[event.task] = self.progress.built.pop(event.task)
        if undo_node(event.task) in self.progress.after:
            self._undone(event.task)
        else:
            self._free(event.task)

    def _amended(self, recorded: Recorded) -> None:
        event: ProductOrderAmended = recorded.event
        amending = Amending(event, self.progress)
        startable = amending.take_in()
        self._again, self._finishing = set(amending.again), {task for task in amending.again if task in self.progress.running}
        self._amendment = event.amendment if event.is_under_way else ""
        self._due.extend(amending.due(self))
        if event.removed:
            self._withdraw(event.removed, CANCELLED, include_completed=True)
        if amending.leaving or amending.leaving_tasks or amending.undo_first or amending.leaving_visits:
            withdrawal = self._begin_withdrawal()
            withdrawal.leave(amending.leaving, [*amending.leaving_tasks, *sorted(amending.undo_first)], amending.leaving_visits)
        self._ready = []
        for node in startable:
            if self._may_start(node):
                self._make_ready(node)
        for item in event.plan.items:
            if item.action != "noChange":
                self._changed[item.id] = self.progress.items[item.id]
        self._forget_held(amending.leaving)
        if not self.gate_closed:
            self._settle_all()

    def _forget_held(self, leaving: Iterable[ServiceProgress]) -> None:
        """Items that stay are not held by what they do without."""
        tasks = {task.id for service in leaving for task in service.planned.tasks}
        for item in self.progress.items.values():
            if not item.held.isdisjoint(tasks):
                item.held -= tasks
                self._show(item, IN_PROGRESS)

    def _cancelled(self, recorded: Recorded) -> None:
        event: ProductOrderCancellationAssessed = recorded.event
        if event.accepted:
            self._withdraw(event.items, CANCELLED, event.include_completed)

    def _withdraw(self, items: Iterable[str], outcome: str, include_completed: bool) -> None:
        withdrawal = self._begin_withdrawal()
        withdrawal.start(items, outcome, include_completed)
        self._ready = [node for node in self._ready if not withdrawal.covers(node)]
        for item in withdrawal.take_freed():
            self._settle_item(item)

    def _begin_withdrawal(self) -> Withdrawal:
        if self.withdrawal is None:
            self.withdrawal = Withdrawal(self.order, self.progress)
        return self.withdrawal

    def _show(self, item: ItemProgress, state: str) -> None:
        if item.closed or (item.state in TERMINAL and not (self.withdrawal and item.planned.id in self.withdrawal.items)):
            return
        item.state = HELD if item.held else state
        self._changed[item.planned.id] = item


_REACTIONS: dict[type[Any], Callable[[Fulfillment, Recorded], None]] = {
    ProductOrderAcknowledged: Fulfillment._acknowledged,
    ProductOrderStartScheduled: Fulfillment._start_scheduled,
    ProductOrderStarted: Fulfillment._started,
    ProductOrderStepScheduled: Fulfillment._step_scheduled,
    ProductOrderStepReleased: Fulfillment._step_released,
    ProductOrderDecomposed: Fulfillment._decomposed,
    ProductOrderCancellationAssessed: Fulfillment._cancelled,
    ProductOrderAmended: Fulfillment._amended,
    ActivationRequested: Fulfillment._requested,
    ManualTaskRequested: Fulfillment._handed_out,
    ActivationAnswered: Fulfillment._answered,
    TaskCompletedByHand: Fulfillment._by_hand,
    TaskParked: Fulfillment._parked,
    ServiceOrderItemValuesSet: Fulfillment._set,
    ProductOrderItemsHeld: Fulfillment._held,
    ProductOrderItemsReleased: Fulfillment._released,
    TaskWithdrawn: Fulfillment._task_withdrawn,
    UndoSpared: Fulfillment._spared,
    FalloutRaised: Fulfillment._fallout_raised,
    FalloutResolved: Fulfillment._fallout_resolved,
    WorkOrderRequested: Fulfillment._visit_requested,
    WorkOrderParked: Fulfillment._visit_parked,
    WorkOrderAnswered: Fulfillment._visit_answered,
    WorkOrderClosed: Fulfillment._visit_answered,
}
