"""Outlook: what the facts of an order say about when its steps are done, and whether that is in time.

An order that names a `requestedCompletionDate` is watched: its jeopardy is assessed when its plan is made, when an appointment is made or moved, when the step
that decides its end is over, and when so much time has passed that the level would be another one. Orders without a date cost nothing.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from domain import fallout
from domain.fallout import FalloutResolved
from domain.impact import UNDER_WAY
from domain.jeopardy import NORMAL, level_of, review_of
from domain.plan import Plan
from domain.product_order import (
    ProductOrderAcknowledged,
    ProductOrderAmended,
    ProductOrderCancellationAssessed,
    ProductOrderDecomposed,
    ProductOrderJeopardyAssessed,
    ProductOrderReviewed,
    ProductOrderStarted,
    ProductOrderStartScheduled,
    ReportJeopardy,
)
from domain.recorded import Recorded
from domain.schedule import NEVER, Forecast, Network, Standing, forecast, moment
from domain.service_order import ActivationAnswered, ActivationRequested, ManualTaskRequested, TaskCompletedByHand, TaskWithdrawn
from domain.work_order import WorkOrderAnswered, WorkOrderClosed, WorkOrderRequested

REST_SECONDS = 60.0  # between two looks at an order in jeopardy of which one step after the other ends: it may have thousands


class Outlook:
    """Learns the facts of an order's streams, and can be asked for its forecast at any time."""

    def __init__(self) -> None:
        self.requested: datetime | None = None
        self.standing = Standing()
        self._plan: Plan | None = None
        self._network: Network | None = None

    def learn(self, recorded: Recorded) -> None:
        """One fact of the order's family of streams."""
        learn = _LEARNT.get(type(recorded.event))
        if learn is not None:
            learn(self, recorded)

    def forecast(self, now: datetime) -> Forecast | None:
        """When all that is not done is expected; None before there is a plan."""
        if self._plan is None:
            return None
        if self._network is None:
            self._network = Network(self._plan)
        until = self.requested.timestamp() if self.requested is not None else None
        return forecast(self._network, self.standing, now.timestamp(), until)

    def _acknowledged(self, recorded: Recorded) -> None:
        self.requested = recorded.event.requested_completion

    def _decomposed(self, recorded: Recorded) -> None:
        plan: Plan = recorded.event.plan
        self._plan = plan if self._plan is None else self._plan.extended(plan)
        self._network = None

    def _amended(self, recorded: Recorded) -> None:
        """What is to be done again has not been done, as far as the new plan goes."""
        event: ProductOrderAmended = recorded.event
        self._plan, self._network = event.plan, None
        for each in event.impact:
            for task in each.tasks if each.kind in UNDER_WAY else ():
                self.standing.started.pop(task, None)
                self.standing.ended.pop(task, None)

    def _start_scheduled(self, recorded: Recorded) -> None:
        self.standing.gate = recorded.event.due.timestamp()

    def _started(self, recorded: Recorded) -> None:
        self.standing.gate = NEVER

    def _is_out(self, recorded: Recorded) -> None:
        event: ActivationRequested | ManualTaskRequested = recorded.event
        if isinstance(event, ManualTaskRequested) or not event.undo:
            again = self.standing.ended.pop(event.task, None) is not None
            if again or event.task not in self.standing.started:
                self.standing.started[event.task] = recorded.meta.time.timestamp()

    def _visit_requested(self, recorded: Recorded) -> None:
        self.standing.started.setdefault(recorded.stream, recorded.meta.time.timestamp())

    def _answered(self, recorded: Recorded) -> None:
        event: ActivationAnswered = recorded.event
        if event.outcome == "completed" and not event.undo:
            self._end(event.task, min(event.at, recorded.meta.time))

    def _by_hand(self, recorded: Recorded) -> None:
        event: TaskCompletedByHand = recorded.event
        if not event.undo:
            self._end(event.task, recorded.meta.time)

    def _given_up(self, recorded: Recorded) -> None:
        event: TaskWithdrawn | FalloutResolved = recorded.event
        if isinstance(event, TaskWithdrawn) or event.action == fallout.ABORT:
            self._end(event.task, recorded.meta.time)

    def _visit_answered(self, recorded: Recorded) -> None:
        """An appointment that is moved moves everything behind it (domain-rules 3.8); one that falls through leaves none."""
        event: WorkOrderAnswered = recorded.event
        appointments = self.standing.appointments
        if event.appointment is not None:
            start, end = event.appointment
            appointments[recorded.stream] = start.timestamp(), end.timestamp()
        elif event.outcome in ("cancelled", "failed"):
            appointments.pop(recorded.stream, None)
        if event.state:
            self._end(recorded.stream, min(event.at, recorded.meta.time))

    def _visit_closed(self, recorded: Recorded) -> None:
        self._end(recorded.stream, recorded.meta.time)

    def _end(self, node: str, at: datetime) -> None:
        self.standing.ended.setdefault(node, at.timestamp())


_LEARNT: dict[type[Any], Callable[[Outlook, Recorded], None]] = {
    ProductOrderAcknowledged: Outlook._acknowledged,
    ProductOrderStartScheduled: Outlook._start_scheduled,
    ProductOrderStarted: Outlook._started,
    ProductOrderDecomposed: Outlook._decomposed,
    ProductOrderAmended: Outlook._amended,
    ActivationRequested: Outlook._is_out,
    ManualTaskRequested: Outlook._is_out,
    ActivationAnswered: Outlook._answered,
    TaskCompletedByHand: Outlook._by_hand,
    TaskWithdrawn: Outlook._given_up,
    FalloutResolved: Outlook._given_up,
    WorkOrderRequested: Outlook._visit_requested,
    WorkOrderAnswered: Outlook._visit_answered,
    WorkOrderClosed: Outlook._visit_closed,
}


class Watch:
    """Keeps the jeopardy of one order that has a date to keep. `evolve` learns what happened, `report` says what is to be told, once."""

    def __init__(self, order: str) -> None:
        self._order = order
        self._outlook = Outlook()
        self._level = NORMAL
        self._deciding = ""
        self._assessed = NEVER
        self._now = datetime.min
        self._is_due = False
        self._is_over = False

    def evolve(self, recorded: Recorded) -> None:
        """Learn one fact of the order's family of streams."""
        self._now, ended = recorded.meta.time, len(self._outlook.standing.ended)
        self._outlook.learn(recorded)
        match recorded.event:
            case ProductOrderDecomposed() | ProductOrderAmended() | ProductOrderReviewed():
                self._is_due = True
            case WorkOrderAnswered() if recorded.event.appointment is not None:
                self._is_due = True
            case ProductOrderCancellationAssessed() if recorded.event.accepted:
                self._is_over = True
            case ProductOrderJeopardyAssessed():
                self._assessed_as(recorded.event)
            case _ if len(self._outlook.standing.ended) > ended:
                self._is_due |= self._is_relieved()

    def _assessed_as(self, event: ProductOrderJeopardyAssessed) -> None:
        self._level, self._assessed = event.level, event.at.timestamp()
        self._deciding = event.critical[0] if event.critical else ""

    def _is_relieved(self) -> bool:
        """A step has ended, and the one that the rest was waiting for is over: what is in jeopardy may look better now. That it looks worse, only time
        can bring about."""
        over = self._level != NORMAL and self._deciding in self._outlook.standing.ended
        return over and self._now.timestamp() >= self._assessed + REST_SECONDS

    def report(self) -> ReportJeopardy | None:
        """The assessment, when it is due."""
        if not self._is_due or self._is_over:
            return None
        self._is_due = False
        found = self._outlook.forecast(self._now)
        if found is None:
            return None
        return ReportJeopardy(
            self._order, level_of(found.risk), moment(found.finish), moment(found.until), found.critical, review_of(found)
        )
