"""What a plan makes at once: products and services on order, service orders and work orders."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol

from domain.plan import Plan, PlannedService, service_order_id
from domain.product import OrderProduct
from domain.service import OrderService
from domain.service_order import AcknowledgeServiceOrder
from domain.work_order import AcknowledgeWorkOrder


class Opened(Protocol):
    """What all parts of an order are told about it."""

    order: str
    customer: str
    catalog: str
    requested_start: datetime | None
    requested_completion: datetime | None


def opening(plan: Plan, of: Opened) -> Iterator[Any]:
    """The commands that open everything in the plan, in the order of the plan."""
    for item in plan.items:
        if item.action != "noChange" and not item.waits and item.sells:
            yield OrderProduct(item.product, of.order, of.customer, of.catalog, item)
    numbers: dict[int, list[PlannedService]] = {}
    for planned in plan.services:
        yield OrderService(planned.id, of.order, service_order_id(of.order, planned.number), of.customer, planned)
        if planned.number:
            numbers.setdefault(planned.number, []).append(planned)
    gates = _gates(plan)
    for number, services in numbers.items():
        stream = service_order_id(of.order, number)
        waits_for = tuple(gates.get(number, ()))
        yield AcknowledgeServiceOrder(
            stream, of.order, of.customer, tuple(services), waits_for, of.requested_start, of.requested_completion
        )
    for visit in plan.visits:
        yield AcknowledgeWorkOrder(visit.id, of.order, of.customer, visit, of.requested_start)


def _gates(plan: Plan) -> dict[int, list[str]]:
    """The work orders that each service order waits for."""
    gates: dict[int, list[str]] = {}
    for visit in plan.visits:
        for number in visit.numbers:
            gates.setdefault(number, []).append(visit.id)
    return gates
