"""Changing: cancels, aborts and amendments of an order that is under way, and what comes back from them (domain-rules 4)."""

from collections.abc import Iterable
from typing import Any

from domain.plan import Plan
from domain.processes.amending import Amending
from domain.processes.progress import ServiceProgress, undo_node
from domain.processes.settling import Settling
from domain.product_order import FinishAmendment, ProductOrderAmended, ProductOrderApprovalRefused, ProductOrderCancellationAssessed
from domain.recorded import Recorded
from domain.service_order import TaskWithdrawn, UndoSpared
from domain.states import CANCELLED, HELD, IN_PROGRESS


class Changing(Settling):
    """What an order does when it is wanted otherwise; `amendment` is the one that is being applied, empty when none is."""

    def __init__(self, order: str) -> None:
        super().__init__(order)
        self.amendment = ""

    def finished_amendment(self) -> list[Any]:
        """Tell that an amendment is applied, once everything is undone and done again."""
        if not self.amendment or (self.withdrawal is not None and not self.withdrawal.is_over()):
            return []
        if any(self.withdrawal is None or not self.withdrawal.covers(task) for task in self.again):
            return []
        amendment, self.amendment = self.amendment, ""
        return [FinishAmendment(self.order, amendment)]

    def done_as_before(self, task: str, skipped: bool) -> None:
        """What was out when an amendment came is done as it was asked for then: now it is undone, or done as it is wanted."""
        self.finishing.discard(task)
        if self.withdrawal is not None and self.withdrawal.covers(task):
            self.progress.finished[task] = skipped
            return
        self.progress.built[task] = skipped
        if not self.progress.waits.get(task):
            self.ready.append(task)

    def undone(self, task: str) -> None:
        """A task has been taken back, or nobody insists on it any more."""
        assert self.withdrawal is not None, "only a withdrawal undoes"
        self.withdrawal.undone(task)
        self.free(undo_node(task))

    def spared(self, recorded: Recorded) -> None:
        """A task is not taken back, because others use what it built."""
        event: UndoSpared = recorded.event
        self.progress.service_of[event.task].kept = True
        self.undone(event.task)

    def task_withdrawn(self, recorded: Recorded) -> None:
        """A task will not be done."""
        event: TaskWithdrawn = recorded.event
        self.is_in(event.task)
        self.finishing.discard(event.task)
        if event.task in self.progress.built:  # it was done once, which has to be undone
            self.progress.finished[event.task] = self.progress.built.pop(event.task)
        if undo_node(event.task) in self.progress.after:
            self.undone(event.task)
        else:
            self.free(event.task)

    def amended(self, recorded: Recorded) -> None:
        """The order says something else: another plan takes the place of the present one."""
        event: ProductOrderAmended = recorded.event
        amending = Amending(event, self.progress)
        startable = amending.take_in()
        self.again, self.finishing = set(amending.again), {task for task in amending.again if task in self.progress.running}
        self.amendment = event.amendment if event.is_under_way else ""
        self.due.extend(amending.due(self))
        if event.removed:
            self.withdraw(event.removed, CANCELLED, include_completed=True)
        if amending.leaving or amending.leaving_tasks or amending.undo_first or amending.leaving_visits:
            withdrawal = self.begin_withdrawal()
            withdrawal.leave(amending.leaving, [*amending.leaving_tasks, *sorted(amending.undo_first)], amending.leaving_visits)
        self.ready = []
        for node in startable:
            if self.may_start(node):
                self.make_ready(node)
        for item in event.plan.items:
            if item.action != "noChange":
                self.changed[item.id] = self.progress.items[item.id]
        self._forget_held(amending.leaving)
        if self.holding.items:
            self.due.extend(self.holding.tell())
        if not self.gate_closed:
            self.settle_all()

    def _forget_held(self, leaving: Iterable[ServiceProgress]) -> None:
        """Items that stay are not held by what they do without."""
        tasks = {task.id for service in leaving for task in service.planned.tasks}
        for item in self.progress.items.values():
            if not item.held.isdisjoint(tasks):
                item.held -= tasks
                self.show(item, IN_PROGRESS)

    def cancelled(self, recorded: Recorded) -> None:
        """A cancel was accepted."""
        event: ProductOrderCancellationAssessed = recorded.event
        if event.accepted:
            self.withdraw(event.items, CANCELLED, event.include_completed)

    def refused(self, recorded: Recorded) -> None:
        """Items that were not approved."""
        event: ProductOrderApprovalRefused = recorded.event
        self.withdraw(event.items, CANCELLED, False)

    def is_in(self, task: str) -> None:
        """A task is not out any more."""
        self.progress.running.discard(task)
        for item in self.progress.items_of(task):
            item.held.discard(task)
            self.show(item, IN_PROGRESS)

    def is_stuck(self, task: str) -> None:
        """A task or visit waits for a person, or for its target system."""
        for item in self.progress.items_of(task):
            item.held.add(task)
            self.show(item, HELD)
        if self.withdrawal is not None and task in self.progress.tasks:
            self.withdrawal.fell_out(task)
        if task in self.finishing and self.may_start(task) and not self.progress.waits.get(task):
            self.ready.append(task)  # nobody need repair what is not wanted like this any more

    def joins_withdrawn(self, plan: Plan) -> list[str]:
        """The items of a later plan that need what is being taken back: they are lost with it."""
        if self.withdrawal is None:
            return []
        ending = {
            id
            for id, service in self.progress.services.items()
            if service.planned.action != "noChange" and self.withdrawal.takes_back(service)
        }
        return [item.id for item in plan.items if not ending.isdisjoint(item.services)]
