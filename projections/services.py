"""The service inventory as TMF638 shows it: what runs in the network, for which products, built by which service orders."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.recorded import Recorded
from domain.service import (
    ACTIVE,
    DESIGNED,
    INACTIVE,
    TERMINATED,
    ServiceActivated,
    ServiceAttached,
    ServiceChanged,
    ServiceChangeOrdered,
    ServiceDeactivated,
    ServiceDesigned,
    ServiceDetached,
    ServiceTerminated,
    ServiceTerminationOrdered,
)
from projections.references import characteristics, customer_party, href, places, present, resource, versioned
from projections.view import Column, Document, View

EVENTS = (
    ServiceDesigned,
    ServiceActivated,
    ServiceDeactivated,
    ServiceChangeOrdered,
    ServiceChanged,
    ServiceTerminationOrdered,
    ServiceTerminated,
    ServiceAttached,
    ServiceDetached,
)


def keys(recorded: Recorded) -> tuple[str, ...]:
    return (recorded.stream,)


def evolve(document: Document | None, recorded: Recorded, key: str) -> Document | None:
    event = recorded.event
    if isinstance(event, ServiceDesigned):
        return _begun(document, key, event, recorded.meta.time)
    if document is None:
        return None
    match event:
        case ServiceActivated() | ServiceChanged():
            return _running(document, ACTIVE, event.values, event.at)
        case ServiceDeactivated():
            return _running(document, INACTIVE, event.values, event.at)
        case ServiceChangeOrdered():
            return _ordered(document, event.service_order, event.item, "modify")
        case ServiceTerminationOrdered():
            return _ordered(document, event.service_order, event.item, "delete")
        case ServiceTerminated():
            return {**document, "state": TERMINATED, "isServiceEnabled": False, "endDate": event.at}
        case ServiceAttached():
            return {**document, "relatedEntity": [*document["relatedEntity"], _holder(event.product)]}
        case ServiceDetached():
            return {**document, "relatedEntity": [each for each in document["relatedEntity"] if each["id"] != event.product]}
    return document


def _begun(before: Document | None, id: str, event: ServiceDesigned, time: datetime) -> Document:
    """A shared service that had ended may be built again: it remembers the orders of its earlier lives."""
    earlier = before["serviceOrderItem"] if before is not None else ()
    return {
        **resource("Service", id),
        "name": event.name,
        "category": event.category,
        "state": DESIGNED,
        "hasStarted": False,
        "isServiceEnabled": False,
        "serviceDate": time.date().isoformat(),
        "serviceSpecification": versioned("ServiceSpecification", event.specification, event.version),
        "serviceCharacteristic": characteristics(event.values),
        **present(place=places(event.places), supportingService=[resource("Service", other) for other in event.supporting]),
        **customer_party(event.customer),
        "relatedEntity": [_holder(product) for product in event.products],
        "serviceOrderItem": [*earlier, _order_item(event.service_order, event.item, "add")],
    }


def _holder(product: str) -> Document:
    """A product that holds the service: TMF638 has no attribute for it, so it is a related entity."""
    return {
        "id": product,
        "href": href("Product", product),
        "role": "product",
        "@type": "RelatedEntityRefOrValue",
        "@referredType": "Product",
    }


def _order_item(order: str, item: str, action: str) -> Document:
    return {
        "serviceOrderId": order,
        "serviceOrderHref": href("ServiceOrder", order),
        "itemId": item,
        "itemAction": action,
        "role": "fulfillment",
        "@referredType": "ServiceOrder",
    }


def _ordered(document: Document, order: str, item: str, action: str) -> Document:
    return {**document, "serviceOrderItem": [*document["serviceOrderItem"], _order_item(order, item, action)]}


def _running(document: Document, state: str, values: Mapping[str, Any], at: datetime) -> Document:
    enabled = state == ACTIVE
    changed = {**document, "state": state, "isServiceEnabled": enabled, "serviceCharacteristic": characteristics(values)}
    if enabled:
        changed["hasStarted"] = True
        changed.setdefault("startDate", at)
    changed.pop("endDate", None)
    return changed


SERVICES = View(
    name="services",
    generation=1,
    events=EVENTS,
    keys=keys,
    evolve=evolve,
    columns=(
        Column("state", "state"),
        Column("customer", "relatedParty.id"),
        Column("specification", "serviceSpecification.id"),
    ),
)
