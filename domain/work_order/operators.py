"""What operators decide about a visit (domain-rules 3.7)."""

from domain import fallout
from domain.decider import Events, World
from domain.fallout import FalloutRaised, FalloutResolved, RaiseFallout, ResolveTask
from domain.states import CANCELLED, COMPLETED, HELD, IN_PROGRESS
from domain.values import Reason, Rejected, Who
from domain.work_order.asking import asked
from domain.work_order.events import WorkOrderClosed
from domain.work_order.state import WorkOrder


def raised(
    stream: str, order: WorkOrder, reason: Reason, type: str, severity: str = "major", group: str = "", who: Who | None = None
) -> FalloutRaised:
    visit = order.visit
    owner = visit.items[0] if len(visit.items) == 1 else ""
    return FalloutRaised(
        stream, order.fallouts + 1, reason, "", {}, HELD, severity, owner, type, group, visit.target_system, visit.template, who
    )


def raise_by_hand(command: RaiseFallout, order: WorkOrder) -> Events:
    fallout.check_severity(command.severity)
    if order.open_fallouts or not (order.parked or (order.state == IN_PROGRESS and not order.final)):
        raise Rejected("conflict", f"Work order {command.stream} is {order.state}: no fallout can be raised for it now.")
    return (raised(command.stream, order, command.reason, command.type, command.severity, command.group, command.who),)


def resolve(command: ResolveTask, order: WorkOrder, world: World) -> Events:
    if command.action not in fallout.OPERATOR_ACTIONS:
        raise Rejected("invalid", f"{command.action!r} is not one of {', '.join(fallout.OPERATOR_ACTIONS)}.")
    waits = order.open_fallouts or (order.parked and command.action != fallout.RETRY)
    if not waits and not (command.action == fallout.COMPLETE and order.state == IN_PROGRESS):
        raise Rejected("conflict", f"Work order {command.stream} is {order.state}: it cannot be resolved by {command.action} now.")
    resolved = FalloutResolved(command.stream, order.fallouts, command.action, command.who, "", {}, "")
    first = (resolved,) if order.open_fallouts else ()
    if command.action == fallout.RETRY:
        return (*first, asked(command.stream, order, world, "cancel" if order.cancelling else "create", *_again(order)))
    if command.action == fallout.ABORT:
        return (*first, WorkOrderClosed(command.who, command.action, CANCELLED))
    return (*first, WorkOrderClosed(command.who, command.action, COMPLETED))


def _again(order: WorkOrder) -> tuple[int, int]:
    """Decision and attempt of the next request: a new key when the present one has its answer, what it was parked with, or one more attempt."""
    if order.final:
        return order.decision + 1, 1
    return order.parked[:2] if order.parked else (order.decision, order.attempt + 1)
