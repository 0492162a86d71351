"""How a work order changes with each event."""

from dataclasses import replace
from typing import assert_never

from domain import fallout
from domain.fallout import FalloutAssigned, FalloutNoted, FalloutRaised, FalloutRated, FalloutResolved
from domain.states import ACKNOWLEDGED, HELD, TERMINAL
from domain.work_order.events import (
    Event,
    WorkOrderAcknowledged,
    WorkOrderAnswered,
    WorkOrderAnswerRecorded,
    WorkOrderClosed,
    WorkOrderHoldChanged,
    WorkOrderParked,
    WorkOrderRequested,
    WorkOrderTimedOut,
)
from domain.work_order.state import ENDING, WorkOrder


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
    """Whether nothing is expected to happen to it any more."""
    return order.state in TERMINAL
