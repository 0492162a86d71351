"""Fulfillment: drives the plan of one product order, task by task, until every item is at its end.

A process manager as a to-do list: facts of the product order, its service orders and work orders tick things off or make new ones due. It decides
nothing that a decider decides; it only knows what must follow what. It is rebuilt from the log at any time and, unlike every other state in the
domain, changes in place, because a plan may have thousands of nodes (ADR 0008).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from domain import fallout
from domain.fallout import FalloutRaised, FalloutResolved
from domain.plan import Plan, service_order_id
from domain.processes.changing import Changing
from domain.processes.opening import opening
from domain.processes.outlook import Watch
from domain.processes.progress import later_of
from domain.product_order import (
    PassPointOfNoReturn,
    ProductOrderAcknowledged,
    ProductOrderAmended,
    ProductOrderApprovalRefused,
    ProductOrderCancellationAssessed,
    ProductOrderDecomposed,
    ProductOrderItemsHeld,
    ProductOrderItemsRefused,
    ProductOrderItemsReleased,
    ProductOrderMergedItemsEnded,
    ProductOrderStarted,
    ProductOrderStartScheduled,
    ProductOrderStepReleased,
    ProductOrderStepScheduled,
    ReportItems,
)
from domain.recorded import Recorded
from domain.service_order import (
    ActivationAnswered,
    ActivationRequested,
    DispatchTask,
    ManualTaskRequested,
    ReleaseServiceOrder,
    ServiceOrderItemValuesSet,
    TaskCompletedByHand,
    TaskParked,
    TaskWithdrawn,
    UndoSpared,
)
from domain.states import ACKNOWLEDGED, CANCELLED, COMPLETED, FAILED, HELD, IN_PROGRESS
from domain.work_order import (
    RequestWorkOrder,
    WorkOrderAnswered,
    WorkOrderClosed,
    WorkOrderParked,
    WorkOrderRequested,
)


class Fulfillment(Changing):
    """The progress of one order. `take()` answers what is due now; `evolve` learns what happened."""

    def __init__(self, order: str) -> None:
        super().__init__(order)
        self._watch: Watch | None = None

    # What is due ----------------------------------------------------------------------------------------------------------------------
    def take(self) -> list[Any]:
        """The commands that are due, each handed out once; empty when the order waits for somebody."""
        due, self.due = self.due, []
        if self.ready and not self.gate_closed:
            ready, self.ready = self.holding.part(self.ready)
            due.extend([self._dispatch(node) for node in ready])
        if not due and self.withdrawal is not None:
            due = self.withdrawal.take(self.now)
            for item in self.withdrawal.take_closed():
                self.changed[item.planned.id] = item
                self.tell_parent(item)
            if not due:  # an item that was never planned has nothing to close, but the bundle around it may be done now
                due, self.due = self.due, []
        return due or self._reports() or self.finished_amendment()

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
        changed = {id: item.state for id, item in self.changed.items() if item.state != item.reported}
        self.changed = {}
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
        self.settle_all()

    def _decomposed(self, recorded: Recorded) -> None:
        plan: Plan = recorded.event.plan
        joined = self.joins_withdrawn(plan)
        for node in self.progress.add(plan):
            self.make_ready(node)
        self.due.extend(opening(plan, self))
        if self.holding.items:
            self.due.extend(self.holding.tell())
        for item in plan.items:
            if item.action != "noChange":
                self.changed[item.id] = self.progress.items[item.id]
        if not self.progress.items:
            self.due.append(ReportItems(self.order, {}))  # an order in which nothing changes is completed
        if joined:
            self.withdraw(joined, FAILED, False)
        if not self.gate_closed:
            self.settle_all()

    # Tasks ----------------------------------------------------------------------------------------------------------------------------
    def _requested(self, recorded: Recorded) -> None:
        event: ActivationRequested = recorded.event
        self._is_out(event.task)
        if event.undo:
            assert self.withdrawal is not None, "only a withdrawal undoes"
            self.withdrawal.undoing(event.task)
        elif event.attempt == 1:
            self.finishing.discard(event.task)
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
            self.show(item, IN_PROGRESS)

    def _pass_point_of_no_return(self, task: str) -> None:
        if self.progress.tasks[task].point_of_no_return:
            self.due.append(PassPointOfNoReturn(self.order, task, self.progress.service_of[task].planned.owner))

    def _answered(self, recorded: Recorded) -> None:
        event: ActivationAnswered = recorded.event
        if event.outcome == "completed":
            self._task_done(event.task, event.values, event.undo, False, min(event.at, self.now))

    def _by_hand(self, recorded: Recorded) -> None:
        event: TaskCompletedByHand = recorded.event
        self.finishing.discard(event.task)
        self._task_done(event.task, event.values, event.undo, event.skipped, self.now)

    def _task_done(self, task: str, values: dict[str, Any], undo: bool, skipped: bool, at: datetime) -> None:
        self.is_in(task)
        if undo:
            self.undone(task)
            return
        service = self.progress.service_of[task]
        service.assigned.update(values)
        service.done_at = later_of(service.done_at, at)
        if task in self.finishing:
            self.done_as_before(task, skipped)
            return
        self.again.discard(task)
        service.inactive |= skipped
        service.open.discard(task)
        self.finish(task, at, skipped)
        self.settle_service(service)

    # Operators ------------------------------------------------------------------------------------------------------------------------
    def _parked(self, recorded: Recorded) -> None:
        """Its target system is offline. It is out of the plan's hands, like one that is in fallout."""
        event: TaskParked = recorded.event
        self.progress.running.add(event.task)
        self.is_stuck(event.task)

    def _set(self, recorded: Recorded) -> None:
        """What an operator overrides outranks what was ordered, like what fulfilment assigns (domain-rules 4.6)."""
        event: ServiceOrderItemValuesSet = recorded.event
        self.progress.services[event.service].assigned.update(event.after)

    def _refused(self, recorded: Recorded) -> None:
        """They waited for another order, and what that left does not allow them."""
        event: ProductOrderItemsRefused = recorded.event
        self.withdraw(event.items, FAILED, False)

    def _ended_elsewhere(self, recorded: Recorded) -> None:
        """They had become part of another order, and are what they have become there."""
        event: ProductOrderMergedItemsEnded = recorded.event
        for id, state in event.items.items():
            if state == COMPLETED:
                self.complete_elsewhere(self.progress.items[id])
        for outcome in (FAILED, CANCELLED):
            if lost := [id for id, state in event.items.items() if state == outcome]:
                self.withdraw(lost, outcome, False)

    def _held(self, recorded: Recorded) -> None:
        event: ProductOrderItemsHeld = recorded.event
        for item in self.holding.hold(event.items):
            if not item.planned.waits:
                self.show(item, HELD)
        self.due.extend(self.holding.tell())

    def _released(self, recorded: Recorded) -> None:
        event: ProductOrderItemsReleased = recorded.event
        for item in self.holding.release(event.items):
            if not item.planned.waits:
                self.show(item, IN_PROGRESS if self.progress.has_begun(item) else ACKNOWLEDGED)
            if not self.gate_closed:
                self.settle_item(item)
        self.due.extend(self.holding.tell())

    # Nodes ----------------------------------------------------------------------------------------------------------------------------
    def _step_scheduled(self, recorded: Recorded) -> None:
        self.progress.scheduled.add(recorded.event.node)

    def _step_released(self, recorded: Recorded) -> None:
        event: ProductOrderStepReleased = recorded.event
        self.progress.scheduled.discard(event.node)
        if not event.withdrawn:
            self.ready.append(event.node)

    # Visits ---------------------------------------------------------------------------------------------------------------------------
    def _visit_requested(self, recorded: Recorded) -> None:
        self._is_out(recorded.stream)

    def _visit_parked(self, recorded: Recorded) -> None:
        self.progress.running.add(recorded.stream)
        self.is_stuck(recorded.stream)

    def _visit_answered(self, recorded: Recorded) -> None:
        event: WorkOrderAnswered | WorkOrderClosed = recorded.event
        if not event.state:
            return
        progress, visit = self.progress, recorded.stream
        progress.visit_states[visit] = event.state
        progress.running.discard(visit)
        for number in progress.visits[visit].numbers:
            self.due.append(ReleaseServiceOrder(service_order_id(self.order, number), visit))
        items, at = progress.items_of(visit), min(event.at, self.now) if isinstance(event, WorkOrderAnswered) else None
        for item in items:
            item.held.discard(visit)
            item.open.discard(visit)
            item.done_at = later_of(item.done_at, at)
        if isinstance(event, WorkOrderClosed) and event.action == fallout.ABORT:
            self.withdraw(progress.visits[visit].items, FAILED, False)
        self.finish(visit, at)
        for item in items:
            self.settle_item(item)

    # Fallout, abort, cancel -------------------------------------------------------------------------------------------------------------
    def _fallout_raised(self, recorded: Recorded) -> None:
        event: FalloutRaised = recorded.event
        self.is_stuck(event.task)

    def _fallout_resolved(self, recorded: Recorded) -> None:
        event: FalloutResolved = recorded.event
        if event.action != fallout.ABORT or event.task not in self.progress.tasks:
            return
        self.is_in(event.task)
        if event.task in self.progress.finished:
            self.undone(event.task)
            return
        self.withdraw([item.planned.id for item in self.progress.items_of(event.task)], FAILED, False)
        self.free(event.task)


_REACTIONS: dict[type[Any], Callable[[Fulfillment, Recorded], None]] = {
    ProductOrderAcknowledged: Fulfillment._acknowledged,
    ProductOrderStartScheduled: Fulfillment._start_scheduled,
    ProductOrderStarted: Fulfillment._started,
    ProductOrderStepScheduled: Fulfillment._step_scheduled,
    ProductOrderStepReleased: Fulfillment._step_released,
    ProductOrderDecomposed: Fulfillment._decomposed,
    ProductOrderCancellationAssessed: Fulfillment.cancelled,
    ProductOrderApprovalRefused: Fulfillment.refused,
    ProductOrderAmended: Fulfillment.amended,
    ActivationRequested: Fulfillment._requested,
    ManualTaskRequested: Fulfillment._handed_out,
    ActivationAnswered: Fulfillment._answered,
    TaskCompletedByHand: Fulfillment._by_hand,
    TaskParked: Fulfillment._parked,
    ServiceOrderItemValuesSet: Fulfillment._set,
    ProductOrderItemsHeld: Fulfillment._held,
    ProductOrderItemsRefused: Fulfillment._refused,
    ProductOrderMergedItemsEnded: Fulfillment._ended_elsewhere,
    ProductOrderItemsReleased: Fulfillment._released,
    TaskWithdrawn: Fulfillment.task_withdrawn,
    UndoSpared: Fulfillment.spared,
    FalloutRaised: Fulfillment._fallout_raised,
    FalloutResolved: Fulfillment._fallout_resolved,
    WorkOrderRequested: Fulfillment._visit_requested,
    WorkOrderParked: Fulfillment._visit_parked,
    WorkOrderAnswered: Fulfillment._visit_answered,
    WorkOrderClosed: Fulfillment._visit_answered,
}
