"""Asking field service: for a visit, or to cancel one; nothing yet while it is offline (domain-rules 3.6)."""

from datetime import timedelta
from typing import Any

from domain.decider import Events, World
from domain.service_order import ReleaseTask
from domain.states import ACKNOWLEDGED, HELD, IN_PROGRESS
from domain.work_order.events import WorkOrderParked, WorkOrderRequested
from domain.work_order.state import WorkOrder, work_order_key


def asked(stream: str, order: WorkOrder, world: World, action: str, decision: int, attempt: int) -> WorkOrderRequested | WorkOrderParked:
    """Field service is asked, or will be once it is online."""
    target = order.visit.target_system
    if target in world.offline:
        return WorkOrderParked(target, decision, attempt, action, "" if order.state == HELD else HELD)
    return _requested(stream, order, world, action, decision, attempt)


def release(command: ReleaseTask, order: WorkOrder, world: World) -> Events:
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
