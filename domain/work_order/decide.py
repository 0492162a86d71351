"""What a work order decides on each command."""

from datetime import timedelta
from typing import assert_never

from domain import fallout
from domain.decider import Events, World
from domain.fallout import AssignFallout, FalloutResolved, NoteFallout, RaiseFallout, RateFallout, ResolveTask
from domain.service_order import PassDeadline, ReleaseTask
from domain.states import CANCELLED, COMPLETED, IN_PROGRESS, TERMINAL
from domain.values import Reason, Rejected, Who
from domain.work_order.asking import asked, release
from domain.work_order.commands import AcknowledgeWorkOrder, AnswerWorkOrder, CancelWorkOrder, Command, HoldWorkOrder, RequestWorkOrder
from domain.work_order.events import (
    WorkOrderAcknowledged,
    WorkOrderAnswered,
    WorkOrderAnswerRecorded,
    WorkOrderClosed,
    WorkOrderHoldChanged,
    WorkOrderTimedOut,
)
from domain.work_order.operators import raise_by_hand, raised, resolve
from domain.work_order.state import ENDING, WorkOrder, work_order_key


def decide(command: Command, order: WorkOrder | None, world: World) -> Events:
    if isinstance(command, AcknowledgeWorkOrder):
        visit = command.visit
        fresh = WorkOrderAcknowledged(command.product_order, command.customer, visit, command.requested_start)
        return (fresh,) if order is None else ()
    if order is None:
        raise Rejected("unknown", f"There is no work order {command.stream}.")
    match command:
        case RequestWorkOrder():
            return () if order.decision or order.parked else (asked(command.stream, order, world, "create", 1, 1),)
        case AnswerWorkOrder():
            return _answer(command, order, world)
        case CancelWorkOrder():
            return _cancel(command, order, world)
        case PassDeadline():
            return _pass_deadline(command, order, world)
        case ReleaseTask():
            return release(command, order, world)
        case HoldWorkOrder():
            return (WorkOrderHoldChanged(command.held),) if command.held != order.held and order.state not in TERMINAL else ()
        case ResolveTask():
            return resolve(command, order, world)
        case RaiseFallout():
            return raise_by_hand(command, order)
        case NoteFallout() | AssignFallout() | RateFallout():
            return fallout.document(command, order.open_fallouts)
        case _:
            assert_never(command)


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
    return (answered, *(() if order.open_fallouts else (raised(command.stream, order, reason, type),)))


def _cancel(command: CancelWorkOrder, order: WorkOrder, world: World) -> Events:
    if order.state in TERMINAL or order.cancelling:
        return ()
    resolved = FalloutResolved(command.stream, order.fallouts, fallout.WITHDRAWN, Who("crossconnect"), "", {}, "")
    ended = (resolved,) if order.open_fallouts else ()
    if not order.decision or order.final:
        return (*ended, WorkOrderClosed(Who("crossconnect"), "cancel", CANCELLED))
    return (*ended, asked(command.stream, order, world, "cancel", order.decision + 1, 1))


def _pass_deadline(command: PassDeadline, order: WorkOrder, world: World) -> Events:
    running = order.state == IN_PROGRESS and not order.final
    same = order.key == command.key and order.attempt == command.attempt
    if not (running and same and order.due is not None and order.due <= world.now):
        return ()
    timed_out = WorkOrderTimedOut(order.key, order.attempt)
    used = order.attempt - order.first_attempt + 1
    if used < order.visit.attempts or order.visit.target_system in world.offline:
        action = "cancel" if order.cancelling else "create"
        return timed_out, asked(command.stream, order, world, action, order.decision, order.attempt + 1)
    reason = Reason("no-answer", f"No answer from {order.visit.target_system} after {used} attempt{'s' if used > 1 else ''}")
    return timed_out, raised(command.stream, order, reason, fallout.NO_ANSWER)
