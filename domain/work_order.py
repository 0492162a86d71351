"""Work order (TMF697): a visit to a site by field service, asked for under a stable key and gating the service orders that need it."""

from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import Any, assert_never

from domain import fallout
from domain.decider import Decider, Events, World
from domain.fallout import (
    AssignFallout,
    FalloutAssigned,
    FalloutNoted,
    FalloutRaised,
    FalloutRated,
    FalloutResolved,
    NoteFallout,
    Open,
    RaiseFallout,
    RateFallout,
    ResolveTask,
)
from domain.plan import PlannedVisit
from domain.record import record
from domain.service_order import PassDeadline, ReleaseTask
from domain.states import ACKNOWLEDGED, CANCELLED, COMPLETED, HELD, IN_PROGRESS, TERMINAL
from domain.values import Reason, Rejected, Who

ENDING = ("completed", "cancelled", "failed")


# Commands -------------------------------------------------------------------------------------------------------------------------
@record
class AcknowledgeWorkOrder:
    """Take on a visit; it is requested from field service when its turn comes."""

    stream: str
    product_order: str
    customer: str
    visit: PlannedVisit
    requested_start: datetime | None


@record
class RequestWorkOrder:
    """Ask field service for the visit."""

    stream: str


@record
class AnswerWorkOrder:
    """What field service answered. `appointment` is the agreed period (start, end) or None."""

    stream: str
    key: str
    outcome: str
    appointment: tuple[datetime, datetime] | None
    reason: Reason
    at: datetime


@record
class CancelWorkOrder:
    """The visit is no longer needed."""

    stream: str


@record
class HoldWorkOrder:
    """Whether an operator holds all that the visit is for: then it stays parked."""

    stream: str
    held: bool


Command = (
    AcknowledgeWorkOrder
    | RequestWorkOrder
    | AnswerWorkOrder
    | CancelWorkOrder
    | PassDeadline
    | ReleaseTask
    | HoldWorkOrder
    | ResolveTask
    | RaiseFallout
    | NoteFallout
    | AssignFallout
    | RateFallout
)


# Events: names and fields are storage format; `state` is the state that follows, empty when it does not change ----------------------------
@record
class WorkOrderAcknowledged:
    product_order: str
    customer: str
    visit: PlannedVisit
    requested_start: datetime | None


@record
class WorkOrderRequested:
    """`request` is the message as sent (contract, "Field service"), its `action` create or cancel."""

    key: str
    attempt: int
    decision: int
    due: datetime
    request: dict[str, Any]
    state: str


@record
class WorkOrderParked:
    """The visit was due, and field service is offline. Once that is back, `attempt` of `decision` is asked for: `action` is create or cancel."""

    target_system: str
    decision: int
    attempt: int
    action: str
    state: str


@record
class WorkOrderHoldChanged:
    held: bool


@record
class WorkOrderAnswered:
    """`outcome`: scheduled, inProgress, completed, cancelled or failed. `due` is the new deadline after an appointment was made."""

    key: str
    outcome: str
    appointment: tuple[datetime, datetime] | None
    due: datetime | None
    reason: Reason
    at: datetime
    state: str


@record
class WorkOrderAnswerRecorded:
    """An answer that changes nothing, because the key has its final answer or is not the present one."""

    key: str
    outcome: str
    at: datetime


@record
class WorkOrderTimedOut:
    key: str
    attempt: int


@record
class WorkOrderClosed:
    """Ended without an answer of field service: completed or skipped by an operator, cancelled before it was requested."""

    who: Who
    action: str
    state: str


Event = (
    WorkOrderAcknowledged
    | WorkOrderRequested
    | WorkOrderParked
    | WorkOrderHoldChanged
    | WorkOrderAnswered
    | WorkOrderAnswerRecorded
    | WorkOrderTimedOut
    | WorkOrderClosed
    | FalloutRaised
    | FalloutResolved
    | FalloutNoted
    | FalloutAssigned
    | FalloutRated
)


# State --------------------------------------------------------------------------------------------------------------------------------
@record
class WorkOrder:
    """`first_attempt` is where the present retry budget began; `cancelling`: a cancel has been asked for and not been answered yet;
    `final`: the key has its final answer; `parked` the decision, attempt and action that wait for field service to be online again."""

    product_order: str
    customer: str
    visit: PlannedVisit
    state: str
    key: str = ""
    attempt: int = 0
    first_attempt: int = 1
    decision: int = 0
    due: datetime | None = None
    cancelling: bool = False
    final: bool = False
    fallouts: int = 0
    requested_start: datetime | None = None
    parked: tuple[int, int, str] | None = None
    open_fallouts: Open = field(default_factory=dict)
    held: bool = False


def work_order_key(stream: str, decision: int) -> str:
    """Stable for every attempt of one decision."""
    return f"{stream}.{decision}"


def decide(command: Command, order: WorkOrder | None, world: World) -> Events:
    if isinstance(command, AcknowledgeWorkOrder):
        visit = command.visit
        fresh = WorkOrderAcknowledged(command.product_order, command.customer, visit, command.requested_start)
        return (fresh,) if order is None else ()
    if order is None:
        raise Rejected("unknown", f"There is no work order {command.stream}.")
    match command:
        case RequestWorkOrder():
            return () if order.decision or order.parked else (_asked(command.stream, order, world, "create", 1, 1),)
        case AnswerWorkOrder():
            return _answer(command, order, world)
        case CancelWorkOrder():
            return _cancel(command, order, world)
        case PassDeadline():
            return _pass_deadline(command, order, world)
        case ReleaseTask():
            return _release(command, order, world)
        case HoldWorkOrder():
            return (WorkOrderHoldChanged(command.held),) if command.held != order.held and order.state not in TERMINAL else ()
        case ResolveTask():
            return _resolve(command, order, world)
        case RaiseFallout():
            return _raise_by_hand(command, order)
        case NoteFallout() | AssignFallout() | RateFallout():
            return fallout.document(command, order.open_fallouts)
        case _:
            assert_never(command)


def _asked(stream: str, order: WorkOrder, world: World, action: str, decision: int, attempt: int) -> WorkOrderRequested | WorkOrderParked:
    """Field service is asked, or will be once it is online."""
    target = order.visit.target_system
    if target in world.offline:
        return WorkOrderParked(target, decision, attempt, action, "" if order.state == HELD else HELD)
    return _requested(stream, order, world, action, decision, attempt)


def _release(command: ReleaseTask, order: WorkOrder, world: World) -> Events:
    if order.parked is None or order.open_fallouts or order.visit.target_system in world.offline:
        return ()
    decision, attempt, action = order.parked
    if order.held and action == "create":
        return ()
    return (_requested(command.stream, order, world, action, decision, attempt),)


def _requested(stream: str, order: WorkOrder, world: World, action: str, decision: int, attempt: int) -> WorkOrderRequested:
    due = world.now + timedelta(seconds=order.visit.answer_within)
    key = work_order_key(stream, decision)
    request = {
        "workOrderKey": key,
        "targetSystem": order.visit.target_system,
        "action": action,
        "workOrder": work_order_document(stream, order),
        "productOrder": {"id": order.product_order},
        "answerBy": due,
    }
    return WorkOrderRequested(key, attempt, decision, due, request, IN_PROGRESS if order.state in (ACKNOWLEDGED, HELD) else "")


def work_order_document(stream: str, order: WorkOrder) -> dict[str, Any]:
    """The TMF697 work order as field service gets it; what is not known is left out."""
    visit, start = order.visit, order.requested_start
    place = {"id": visit.place.id, "role": visit.place.role, "@type": "Place", "@referredType": "GeographicSite"}
    steps = visit.tasks or (visit.name,)
    return {
        "id": stream,
        "@type": "WorkOrder",
        "category": visit.template,
        "description": visit.name,
        **({"place": place} if visit.place.id else {}),
        **({"requestedStartDate": start} if start is not None else {}),
        "order": [{"id": order.product_order, "@referredType": "ProductOrder"}],
        "workOrderItem": [
            {"id": str(number), "action": "add", "work": {"@type": "Work", "name": step}} for number, step in enumerate(steps, 1)
        ],
    }


def _answer(command: AnswerWorkOrder, order: WorkOrder, world: World) -> Events:
    if all(command.key != work_order_key(command.stream, decision) for decision in range(order.decision, 0, -1)):
        raise Rejected("unknown", f"Nobody has asked for work order key {command.key!r}.")
    if command.key != order.key or order.final or order.state in TERMINAL:
        return (WorkOrderAnswerRecorded(command.key, command.outcome, command.at),)
    if command.outcome not in ENDING:
        until = command.appointment[1] if command.appointment else None
        due = max(until, world.now) + timedelta(seconds=order.visit.answer_within) if until else None
        return (WorkOrderAnswered(command.key, command.outcome, command.appointment, due, command.reason, command.at, ""),)
    state = COMPLETED if command.outcome == "completed" else CANCELLED if order.cancelling else ""
    answered = WorkOrderAnswered(command.key, command.outcome, command.appointment, None, command.reason, command.at, state)
    if state:
        closed = (FalloutResolved(command.stream, order.fallouts, fallout.ANSWERED, Who("field service"), "", {}, ""),)
        return (answered, *closed) if order.open_fallouts else (answered,)
    reason = Reason(command.reason.code or command.outcome, command.reason.message or f"Field service answered {command.outcome}")
    type = fallout.REFUSED if command.outcome == "cancelled" else fallout.FAILED
    return (answered, *(() if order.open_fallouts else (_raised(command.stream, order, reason, type),)))


def _raised(
    stream: str, order: WorkOrder, reason: Reason, type: str, severity: str = "major", group: str = "", who: Who | None = None
) -> FalloutRaised:
    visit = order.visit
    owner = visit.items[0] if len(visit.items) == 1 else ""
    return FalloutRaised(
        stream, order.fallouts + 1, reason, "", {}, HELD, severity, owner, type, group, visit.target_system, visit.template, who
    )


def _raise_by_hand(command: RaiseFallout, order: WorkOrder) -> Events:
    fallout.check_severity(command.severity)
    if order.open_fallouts or not (order.parked or (order.state == IN_PROGRESS and not order.final)):
        raise Rejected("conflict", f"Work order {command.stream} is {order.state}: no fallout can be raised for it now.")
    return (_raised(command.stream, order, command.reason, command.type, command.severity, command.group, command.who),)


def _cancel(command: CancelWorkOrder, order: WorkOrder, world: World) -> Events:
    if order.state in TERMINAL or order.cancelling:
        return ()
    resolved = FalloutResolved(command.stream, order.fallouts, fallout.WITHDRAWN, Who("crossconnect"), "", {}, "")
    ended = (resolved,) if order.open_fallouts else ()
    if not order.decision or order.final:
        return (*ended, WorkOrderClosed(Who("crossconnect"), "cancel", CANCELLED))
    return (*ended, _asked(command.stream, order, world, "cancel", order.decision + 1, 1))


def _pass_deadline(command: PassDeadline, order: WorkOrder, world: World) -> Events:
    running = order.state == IN_PROGRESS and not order.final
    same = order.key == command.key and order.attempt == command.attempt
    if not (running and same and order.due is not None and order.due <= world.now):
        return ()
    timed_out = WorkOrderTimedOut(order.key, order.attempt)
    used = order.attempt - order.first_attempt + 1
    if used < order.visit.attempts or order.visit.target_system in world.offline:
        action = "cancel" if order.cancelling else "create"
        return timed_out, _asked(command.stream, order, world, action, order.decision, order.attempt + 1)
    reason = Reason("no-answer", f"No answer from {order.visit.target_system} after {used} attempt{'s' if used > 1 else ''}")
    return timed_out, _raised(command.stream, order, reason, fallout.NO_ANSWER)


def _resolve(command: ResolveTask, order: WorkOrder, world: World) -> Events:
    if command.action not in fallout.OPERATOR_ACTIONS:
        raise Rejected("invalid", f"{command.action!r} is not one of {', '.join(fallout.OPERATOR_ACTIONS)}.")
    waits = order.open_fallouts or (order.parked and command.action != fallout.RETRY)
    if not waits and not (command.action == fallout.COMPLETE and order.state == IN_PROGRESS):
        raise Rejected("conflict", f"Work order {command.stream} is {order.state}: it cannot be resolved by {command.action} now.")
    resolved = FalloutResolved(command.stream, order.fallouts, command.action, command.who, "", {}, "")
    first = (resolved,) if order.open_fallouts else ()
    if command.action == fallout.RETRY:
        return (*first, _asked(command.stream, order, world, "cancel" if order.cancelling else "create", *_again(order)))
    if command.action == fallout.ABORT:
        return (*first, WorkOrderClosed(command.who, command.action, CANCELLED))
    return (*first, WorkOrderClosed(command.who, command.action, COMPLETED))


def _again(order: WorkOrder) -> tuple[int, int]:
    """Decision and attempt of the next request: a new key when the present one has its answer, what it was parked with, or one more attempt."""
    if order.final:
        return order.decision + 1, 1
    return order.parked[:2] if order.parked else (order.decision, order.attempt + 1)


def evolve(order: WorkOrder | None, event: Event) -> WorkOrder:
    if isinstance(event, WorkOrderAcknowledged):
        return WorkOrder(event.product_order, event.customer, event.visit, ACKNOWLEDGED, requested_start=event.requested_start)
    assert order is not None, "a work order's history begins with WorkOrderAcknowledged"
    match event:
        case WorkOrderRequested():
            return _requested_again(order, event)
        case WorkOrderParked():
            parked = (event.decision, event.attempt, event.action)
            return replace(order, state=HELD, due=None, parked=parked, cancelling=event.action == "cancel")
        case WorkOrderAnswered():
            final = order.final or event.outcome in ENDING
            return replace(order, state=event.state or order.state, due=event.due or order.due, final=final)
        case WorkOrderAnswerRecorded() | WorkOrderTimedOut():
            return order
        case WorkOrderHoldChanged():
            return replace(order, held=event.held)
        case FalloutRaised():
            stopped = replace(order, state=HELD, due=None, fallouts=event.number)
            return replace(stopped, open_fallouts=fallout.open_after(order.open_fallouts, event))
        case FalloutResolved() | FalloutNoted() | FalloutAssigned() | FalloutRated():
            return replace(order, open_fallouts=fallout.open_after(order.open_fallouts, event))
        case WorkOrderClosed():
            return replace(order, state=event.state, due=None, parked=None)
        case _:
            assert_never(event)


def _requested_again(order: WorkOrder, event: WorkOrderRequested) -> WorkOrder:
    new_budget = event.decision != order.decision or order.state == HELD
    return WorkOrder(
        order.product_order,
        order.customer,
        order.visit,
        event.state or order.state,
        event.key,
        event.attempt,
        event.attempt if new_budget else order.first_attempt,
        event.decision,
        event.due,
        event.request["action"] == "cancel",
        False,
        order.fallouts,
        order.requested_start,
        None,
        order.open_fallouts,
        order.held,
    )


def is_over(order: WorkOrder) -> bool:
    return order.state in TERMINAL


decider = Decider("wo", decide, evolve, is_over)
