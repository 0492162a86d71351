"""Work order (TMF697): a visit to a site by field service, asked for under a stable key and gating the service orders that need it."""

from datetime import datetime, timedelta
from typing import Any, assert_never

from domain import fallout
from domain.decider import Decider, Events, World
from domain.fallout import FalloutRaised, FalloutResolved, ResolveTask
from domain.plan import PlannedVisit
from domain.record import record
from domain.service_order import PassDeadline
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


Command = AcknowledgeWorkOrder | RequestWorkOrder | AnswerWorkOrder | CancelWorkOrder | PassDeadline | ResolveTask


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
    | WorkOrderAnswered
    | WorkOrderAnswerRecorded
    | WorkOrderTimedOut
    | WorkOrderClosed
    | FalloutRaised
    | FalloutResolved
)


# State --------------------------------------------------------------------------------------------------------------------------------
@record
class WorkOrder:
    """`first_attempt` is where the present retry budget began; `cancelling`: a cancel has been asked for and not been answered yet;
    `final`: the key has its final answer."""

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
            return () if order.decision else (_requested(command.stream, order, world, "create", 1, 1),)
        case AnswerWorkOrder():
            return _answer(command, order, world)
        case CancelWorkOrder():
            return _cancel(command, order, world)
        case PassDeadline():
            return _pass_deadline(command, order, world)
        case ResolveTask():
            return _resolve(command, order, world)
        case _:
            assert_never(command)


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
        return (answered, *closed) if order.state == HELD else (answered,)
    reason = Reason(command.reason.code or command.outcome, command.reason.message or f"Field service answered {command.outcome}")
    return (answered, *(() if order.state == HELD else (_raised(command.stream, order, reason),)))


def _raised(stream: str, order: WorkOrder, reason: Reason) -> FalloutRaised:
    served = order.visit.items
    return FalloutRaised(stream, order.fallouts + 1, reason, "", {}, HELD, owner=served[0] if len(served) == 1 else "")


def _cancel(command: CancelWorkOrder, order: WorkOrder, world: World) -> Events:
    if order.state in TERMINAL or order.cancelling:
        return ()
    resolved = FalloutResolved(command.stream, order.fallouts, fallout.WITHDRAWN, Who("crossconnect"), "", {}, "")
    ended = (resolved,) if order.state == HELD else ()
    if not order.decision or order.final:
        return (*ended, WorkOrderClosed(Who("crossconnect"), "cancel", CANCELLED))
    return (*ended, _requested(command.stream, order, world, "cancel", order.decision + 1, 1))


def _pass_deadline(command: PassDeadline, order: WorkOrder, world: World) -> Events:
    running = order.state == IN_PROGRESS and not order.final
    same = order.key == command.key and order.attempt == command.attempt
    if not (running and same and order.due is not None and order.due <= world.now):
        return ()
    timed_out = WorkOrderTimedOut(order.key, order.attempt)
    used = order.attempt - order.first_attempt + 1
    if used < order.visit.attempts:
        action = "cancel" if order.cancelling else "create"
        return timed_out, _requested(command.stream, order, world, action, order.decision, order.attempt + 1)
    reason = Reason("no-answer", f"No answer from {order.visit.target_system} after {used} attempt{'s' if used > 1 else ''}")
    return timed_out, _raised(command.stream, order, reason)


def _resolve(command: ResolveTask, order: WorkOrder, world: World) -> Events:
    if command.action not in fallout.OPERATOR_ACTIONS:
        raise Rejected("invalid", f"{command.action!r} is not one of {', '.join(fallout.OPERATOR_ACTIONS)}.")
    if order.state != HELD and not (command.action == fallout.COMPLETE and order.state == IN_PROGRESS):
        raise Rejected("conflict", f"Work order {command.stream} is {order.state}: it cannot be resolved by {command.action} now.")
    resolved = FalloutResolved(command.stream, order.fallouts, command.action, command.who, "", {}, "")
    first = (resolved,) if order.state == HELD else ()
    if command.action == fallout.RETRY:
        decision, attempt = (order.decision + 1, 1) if order.final else (order.decision, order.attempt + 1)
        return (*first, _requested(command.stream, order, world, "cancel" if order.cancelling else "create", decision, attempt))
    if command.action == fallout.ABORT:
        return (*first, WorkOrderClosed(command.who, command.action, CANCELLED))
    return (*first, WorkOrderClosed(command.who, command.action, COMPLETED))


def evolve(order: WorkOrder | None, event: Event) -> WorkOrder:
    if isinstance(event, WorkOrderAcknowledged):
        return WorkOrder(event.product_order, event.customer, event.visit, ACKNOWLEDGED, requested_start=event.requested_start)
    assert order is not None, "a work order's history begins with WorkOrderAcknowledged"
    match event:
        case WorkOrderRequested():
            return _requested_again(order, event)
        case WorkOrderAnswered():
            return _with(order, event.state, event.due or order.due, order.final or event.outcome in ENDING)
        case WorkOrderAnswerRecorded() | WorkOrderTimedOut() | FalloutResolved():
            return order
        case FalloutRaised():
            return _with(order, HELD, None, order.final, event.number)
        case WorkOrderClosed():
            return _with(order, event.state, None, order.final)
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
    )


def _with(order: WorkOrder, state: str, due: datetime | None, final: bool, fallouts: int = 0) -> WorkOrder:
    return WorkOrder(
        order.product_order,
        order.customer,
        order.visit,
        state or order.state,
        order.key,
        order.attempt,
        order.first_attempt,
        order.decision,
        due,
        order.cancelling,
        final,
        fallouts or order.fallouts,
        order.requested_start,
    )


def is_over(order: WorkOrder) -> bool:
    return order.state in TERMINAL


decider = Decider("wo", decide, evolve, is_over)
