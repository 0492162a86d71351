"""Service orders as TMF641 shows them: the services of one product order item, how far each is, and what went wrong; and those that come from outside
(`projections.service_requests`)."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from domain.fallout import FalloutRaised, FalloutResolved
from domain.plan import PlannedService
from domain.recorded import Recorded
from domain.service_order import (
    ActivationAnswered,
    ActivationRequested,
    ManualTaskRequested,
    ServiceOrderAcknowledged,
    ServiceOrderAmended,
    ServiceOrderItemsClosed,
    ServiceOrderItemValuesSet,
    ServiceOrderReleased,
    TaskCompletedByHand,
    TaskParked,
    TaskWithdrawn,
)
from domain.states import ACKNOWLEDGED, CANCELLED, IN_PROGRESS, TERMINAL
from projections import service_requests
from projections.references import characteristics, customer_party, href, places, present, resource, value_type, versioned
from projections.view import Column, Document, View

EVENTS = (
    ServiceOrderAcknowledged,
    ActivationRequested,
    ActivationAnswered,
    ManualTaskRequested,
    TaskParked,
    ServiceOrderItemValuesSet,
    TaskCompletedByHand,
    TaskWithdrawn,
    ServiceOrderReleased,
    ServiceOrderItemsClosed,
    ServiceOrderAmended,
    FalloutRaised,
    FalloutResolved,
    *service_requests.EVENTS,
)


def keys(recorded: Recorded) -> tuple[str, ...]:
    return (recorded.stream,) if recorded.stream.startswith(("so-", "sr-")) else ()  # work orders and product orders have such events too


def evolve(document: Document | None, recorded: Recorded, key: str) -> Document | None:
    event, time = recorded.event, recorded.meta.time
    if recorded.stream.startswith("sr-"):
        return service_requests.evolve(document, recorded)
    if isinstance(event, ServiceOrderAcknowledged):
        return _begun(key, event, time)
    if document is None:
        return None
    if isinstance(event, ServiceOrderItemValuesSet):
        return _assigned(document, event.item, event.after)
    document = _moved(document, event.items, event.state, time)
    match event:
        case ActivationRequested() | ManualTaskRequested() if document.get("milestone"):
            return {**document, "milestone": [_passed(milestone, event.task, time) for milestone in document["milestone"]]}
        case ActivationAnswered(outcome="completed", undo=False) | TaskCompletedByHand() if event.values:
            return _assigned(document, event.item, event.values)
        case FalloutRaised():
            return _failed(document, event, time)
        case ServiceOrderAmended():
            return _amended(document, event)
    return document


def _begun(id: str, event: ServiceOrderAcknowledged, time: datetime) -> Document:
    numbers = {service.id: service.item for service in event.services}
    return {
        **resource("ServiceOrder", id),
        "state": ACKNOWLEDGED,
        "orderDate": time,
        **present(requestedStartDate=event.requested_start, requestedCompletionDate=event.requested_completion),
        **_made_of(event.product_order),
        **customer_party(event.customer),
        "serviceOrderItem": [_item(id, service, numbers) for service in event.services],
        **present(milestone=[each for service in event.services for each in _milestones(id, service)]),
    }


def _made_of(order: str) -> Document:
    """The order that this one carries out: a product order, or a service order from outside."""
    relation = service_requests.relation(order)
    if order.startswith("sr-"):
        return {"orderRelationship": [relation]}
    return {
        "externalReference": [{"id": order, "externalReferenceType": "productOrder", "name": "productOrder"}],
        "orderRelationship": [{**relation, "href": href("ProductOrder", order), "@referredType": "ProductOrder"}],
    }


def _item(order: str, service: PlannedService, numbers: Mapping[str, str]) -> Document:
    after = [numbers[id] for id in service.supporting if id in numbers] if service.action != "delete" else []
    relations = [
        {"relationshipType": "dependency", "orderItem": item_reference(order, item), "@type": "ServiceOrderItemRelationship"}
        for item in after
    ]
    return {
        "id": service.item,
        "@type": "ServiceOrderItem",
        "action": service.action,
        "state": ACKNOWLEDGED,
        "service": {
            **resource("Service", service.id),
            "name": service.name,
            "category": service.category,
            "serviceSpecification": versioned("ServiceSpecification", service.specification, service.version),
            "serviceCharacteristic": characteristics(service.values),
            **present(place=places(service.places), supportingService=[resource("Service", id) for id in service.supporting]),
        },
        **present(serviceOrderItemRelationship=relations),
    }


def item_reference(order: str, item: str) -> Document:
    """TMF641 demands `id` here but defines `itemId`: both are said."""
    return {
        "id": item,
        "itemId": item,
        "serviceOrderId": order,
        "serviceOrderHref": href("ServiceOrder", order),
        "@type": "ServiceOrderItemRef",
        "@referredType": "ServiceOrder",
    }


def _milestones(order: str, service: PlannedService) -> Iterator[Document]:
    for task in service.tasks:
        if task.point_of_no_return:
            yield {
                "id": task.id,
                "@type": "ServiceOrderMilestone",
                "name": "pointOfNoReturn",
                "description": f"Once {task.name} of {service.name} has been dispatched, the item cannot go back.",
                "status": "ahead",
                "serviceOrderItem": [item_reference(order, service.item)],
            }


def _passed(milestone: Document, task: str, time: datetime) -> Document:
    if milestone["id"] != task or milestone["status"] == "passed":
        return milestone
    return {**milestone, "status": "passed", "milestoneDate": time}


def _moved(document: Document, states: Mapping[str, str], state: str, time: datetime) -> Document:
    if not states and not state:
        return document
    items = [{**item, "state": states[item["id"]]} if item["id"] in states else item for item in document["serviceOrderItem"]]
    return {**document, "serviceOrderItem": items, **_dates(document, state, time)}


def _dates(document: Document, state: str, time: datetime) -> Document:
    if not state:
        return {}
    if state == IN_PROGRESS and "startDate" not in document:
        return {"state": state, "startDate": time}
    if state not in TERMINAL:
        return {"state": state}
    return {"state": state, "cancellationDate" if state == CANCELLED else "completionDate": time}


def _assigned(document: Document, id: str, values: Mapping[str, Any]) -> Document:
    """What fulfilment assigned overlays what was ordered."""
    items = [{**item, "service": _overlaid(item["service"], values)} if item["id"] == id else item for item in document["serviceOrderItem"]]
    return {**document, "serviceOrderItem": items}


def _overlaid(service: Document, values: Mapping[str, Any]) -> Document:
    known = {each["name"]: each for each in service["serviceCharacteristic"]}
    known.update({name: {"name": name, "valueType": value_type(value), "value": value} for name, value in values.items()})
    return {**service, "serviceCharacteristic": list(known.values())}


def _amended(document: Document, event: ServiceOrderAmended) -> Document:
    """The items as they are wanted now; a point of no return that was passed stays so."""
    services = {service.item: service for service in event.services}
    items = [_item_now(item, services.get(item["id"]), event) for item in document["serviceOrderItem"]]
    known = [
        each for each in document.get("milestone", ()) if each["status"] == "passed" or each["serviceOrderItem"][0]["id"] not in services
    ]
    ids = {each["id"] for each in known}
    ahead = [each for service in event.services for each in _milestones(document["id"], service) if each["id"] not in ids]
    rest = {name: value for name, value in document.items() if name != "milestone"}
    return {**rest, "serviceOrderItem": items, **present(milestone=[*known, *ahead])}


def _item_now(item: Document, planned: PlannedService | None, event: ServiceOrderAmended) -> Document:
    if planned is None:
        return item
    service = {name: value for name, value in item["service"].items() if name not in ("place", "supportingService")}
    around = present(place=places(planned.places), supportingService=[resource("Service", id) for id in planned.supporting])
    return {
        **item,
        "service": {**service, "serviceCharacteristic": characteristics(event.values.get(item["id"], planned.values)), **around},
    }


def _failed(document: Document, event: FalloutRaised, time: datetime) -> Document:
    """The order and the item both say what went wrong; what was repaired stays to be read, dated."""
    error = {"code": event.reason.code, "reason": event.reason.message, "message": f"Task {event.task} stopped: {event.reason.message}"}
    told = {**error, "timestamp": time}
    items = [_with_error(item, told) if item["id"] == event.item else item for item in document["serviceOrderItem"]]
    of_order = {**told, "@type": "ServiceOrderErrorMessage", "serviceOrderItem": [item_reference(document["id"], event.item)]}
    return {**document, "serviceOrderItem": items, "errorMessage": [*document.get("errorMessage", ()), of_order]}


def _with_error(item: Document, told: Document) -> Document:
    return {**item, "errorMessage": [*item.get("errorMessage", ()), {**told, "@type": "ServiceOrderItemErrorMessage"}]}


SERVICE_ORDERS = View(
    name="service_orders",
    generation=3,
    events=EVENTS,
    keys=keys,
    evolve=evolve,
    columns=(
        Column("state", "state"),
        Column("product_order", "orderRelationship.id"),
        Column("customer", "relatedParty.id"),
        Column("external_id", "externalId"),
        Column("order_date", "orderDate", "time"),
    ),
)
