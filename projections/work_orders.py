"""Work orders as TMF697 shows them: a visit to a site, its appointment and its outcome."""

from datetime import datetime

from domain.fallout import FalloutRaised
from domain.plan import PlannedVisit
from domain.recorded import Recorded
from domain.states import ACKNOWLEDGED, CANCELLED, IN_PROGRESS, TERMINAL
from domain.work_order import WorkOrderAcknowledged, WorkOrderAnswered, WorkOrderClosed, WorkOrderParked, WorkOrderRequested
from projections.references import customer_party, href, places, present, reference, resource
from projections.view import Column, Document, View

EVENTS = (WorkOrderAcknowledged, WorkOrderRequested, WorkOrderParked, WorkOrderAnswered, WorkOrderClosed, FalloutRaised)


def keys(recorded: Recorded) -> tuple[str, ...]:
    return (recorded.stream,) if recorded.stream.startswith("wo-") else ()  # service orders have fallouts too


def evolve(document: Document | None, recorded: Recorded, key: str) -> Document | None:
    event, time = recorded.event, recorded.meta.time
    if isinstance(event, WorkOrderAcknowledged):
        return _begun(key, event, time)
    if document is None:
        return None
    document = _moved(document, event.state, time)
    if isinstance(event, WorkOrderAnswered) and event.appointment is not None:
        return {**document, "appointment": _appointment(event.key, event.appointment), "expectedCompletionDate": event.appointment[1]}
    return document


def _begun(id: str, event: WorkOrderAcknowledged, time: datetime) -> Document:
    visit = event.visit
    order = event.product_order
    return {
        **resource("WorkOrder", id),
        "state": ACKNOWLEDGED,
        "orderDate": time,
        "stateChangeDate": time,
        "category": visit.template,
        "description": visit.name,
        **present(requestedStartDate=event.requested_start),
        **({"place": places([visit.place])[0]} if visit.place.id else {}),
        "order": [reference("ProductOrder", order)],
        **customer_party(event.customer),
        "workOrderItem": [_item(str(number), step, order, visit) for number, step in enumerate(visit.tasks or (visit.name,), 1)],
    }


def _item(id: str, step: str, order: str, visit: PlannedVisit) -> Document:
    skills = [{"name": "skill", "valueType": "string", "value": skill} for skill in visit.skills]
    duration = {"amount": visit.duration, "units": "seconds"}
    return {
        "id": id,
        "@type": "WorkOrderItem",
        "action": "add",
        "state": ACKNOWLEDGED,
        "work": {"@type": "Work", "name": step, "plannedDuration": duration, **present(workCharacteristic=skills)},
        "orderItem": [
            {
                "id": item,
                "orderId": order,
                "href": href("ProductOrder", order),
                "@type": "OrderItemRef",
                "@referredType": "ProductOrderItem",
            }
            for item in visit.items
        ],
    }


def _appointment(key: str, period: tuple[datetime, datetime]) -> Document:
    """The period that field service agreed; TMF697 refers to an appointment, so the work order key stands for one."""
    start, end = period
    return {
        "id": key,
        "@type": "AppointmentRef",
        "@referredType": "Appointment",
        "validFor": {"startDateTime": start, "endDateTime": end},
    }


def _moved(document: Document, state: str, time: datetime) -> Document:
    if not state or state == document["state"]:
        return document
    items = [{**item, "state": state} for item in document["workOrderItem"]]
    changed = {**document, "state": state, "stateChangeDate": time, "workOrderItem": items}
    if state == IN_PROGRESS:
        changed.setdefault("startDate", time)
    elif state in TERMINAL:
        changed["cancellationDate" if state == CANCELLED else "completionDate"] = time
    return changed


WORK_ORDERS = View(
    name="work_orders",
    generation=3,
    events=EVENTS,
    keys=keys,
    evolve=evolve,
    columns=(
        Column("state", "state"),
        Column("product_order", "order.id"),
        Column("customer", "relatedParty.id"),
        Column("place", "place.id"),
        Column("order_date", "orderDate", "time"),
    ),
)
