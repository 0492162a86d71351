"""What a product order decides about time: when it starts, which of its steps wait for a moment, and whether it will be late."""

from typing import assert_never

from domain.decider import Events, World
from domain.product_order.commands import ReleaseStep, ReportJeopardy, ReviewProductOrder, ScheduleStep, StartProductOrder
from domain.product_order.events import (
    ProductOrderJeopardyAssessed,
    ProductOrderReviewed,
    ProductOrderStarted,
    ProductOrderStepReleased,
    ProductOrderStepScheduled,
)
from domain.product_order.state import ProductOrder
from domain.states import TERMINAL

InTime = StartProductOrder | ScheduleStep | ReleaseStep | ReviewProductOrder | ReportJeopardy


def in_time(command: InTime, order: ProductOrder, world: World) -> Events:
    """The events that follow from `command`. A timer may fire twice, or too early: then none do."""
    match command:
        case StartProductOrder():
            due = order.scheduled is not None and order.scheduled <= world.now and order.state not in TERMINAL
            return (ProductOrderStarted(),) if due else ()
        case ScheduleStep():
            return () if command.node in order.steps else (ProductOrderStepScheduled(command.node, command.due),)
        case ReleaseStep():
            return _release(command, order, world)
        case ReviewProductOrder():
            due = order.review is not None and order.review <= world.now and _is_watched(order)
            return (ProductOrderReviewed(),) if due else ()
        case ReportJeopardy():
            return _report_jeopardy(command, order, world)
        case _:
            assert_never(command)


def _release(command: ReleaseStep, order: ProductOrder, world: World) -> Events:
    due = order.steps.get(command.node)
    if due is None or not (command.withdrawn or due <= world.now):
        return ()
    return (ProductOrderStepReleased(command.node, command.withdrawn),)


def _is_watched(order: ProductOrder) -> bool:
    """What is at its end, or is being taken back, can be late no more."""
    return order.state not in TERMINAL and not order.cancelling


def _report_jeopardy(command: ReportJeopardy, order: ProductOrder, world: World) -> Events:
    before, found = order.jeopardy, (command.level, command.expected, command.requested, command.critical, command.review)
    known = (before.level, before.expected, before.requested, before.critical, order.review) if before is not None else None
    if found == known or not _is_watched(order):
        return ()
    return (ProductOrderJeopardyAssessed(command.level, before.level if before is not None else "", *found[1:], world.now),)
