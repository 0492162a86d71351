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
    ServiceAmended,
    ServiceAttached,
    ServiceChanged,
    ServiceChangeOrdered,
    ServiceCorrected,
    ServiceDeactivated,
    ServiceDesigned,
    ServiceDetached,
    ServiceLoaded,
    ServiceStateCorrected,
    ServiceTerminated,
    ServiceTerminationOrdered,
)
from projections.references import characteristics, customer_party, href, patched, placed, places, present, reference, resource, versioned
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
    ServiceLoaded,
    ServiceCorrected,
    ServiceStateCorrected,
    ServiceAmended,
)


def keys(recorded: Recorded) -> tuple[str, ...]:
    return (recorded.stream,)


def evolve(document: Document | None, recorded: Recorded, key: str) -> Document | None:
    event = recorded.event
    if isinstance(event, ServiceDesigned):
        return _begun(document, key, event, recorded.meta.time)
    if isinstance(event, ServiceLoaded):
        return _loaded(key, event)
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
        case ServiceAmended():
            return _amended(document, event)
        case ServiceCorrected():
            return _corrected(document, event)
        case ServiceStateCorrected():
            return _in_state(document, event.state, event.at)
    return document


def _begun(before: Document | None, id: str, event: ServiceDesigned, time: datetime) -> Document:
    """A shared service that had ended may be built again: it remembers the orders of its earlier lives."""
    earlier = before.get("serviceOrderItem", ()) if before is not None else ()
    return {
        **resource("Service", id),
        **present(externalId=event.external),
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


def _loaded(id: str, event: ServiceLoaded) -> Document:
    """What was sent beyond what is decided on is shown as it was sent."""
    others = event.said.get("relatedEntity") or []
    document = {
        **event.said,
        **resource("Service", id),
        **present(externalId=event.external, name=event.name, category=event.category),
        "hasStarted": False,
        "serviceSpecification": _specification(event),
        "serviceCharacteristic": characteristics(event.values),
        **present(place=places(event.places), supportingService=[resource("Service", other) for other in event.supporting]),
        **customer_party(event.customer),
        "relatedEntity": [*others, *(_holder(product) for product in event.products)],
    }
    return _in_state(patched(document, event.personal), event.state, event.at)


def _specification(event: ServiceLoaded) -> Document:
    if event.version:
        return versioned("ServiceSpecification", event.specification, event.version)
    return reference("ServiceSpecification", event.specification)


def _in_state(document: Document, state: str, at: datetime) -> Document:
    changed = {**document, "state": state, "isServiceEnabled": state == ACTIVE}
    if state == ACTIVE:
        changed["hasStarted"] = True
        changed.setdefault("startDate", at)
    if state == TERMINATED:
        changed["endDate"] = at
    return changed


def _corrected(document: Document, event: ServiceCorrected) -> Document:
    changed = {name: value for name, value in document.items() if name != "supportingService"}
    changed["serviceCharacteristic"] = characteristics(event.values)
    below = present(supportingService=[resource("Service", other) for other in event.supporting])
    corrected: Document = patched(placed({**changed, **below}, event.places), {**event.said, **event.personal})
    return corrected


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
    return {**document, "serviceOrderItem": [*document.get("serviceOrderItem", ()), _order_item(order, item, action)]}


def _amended(document: Document, event: ServiceAmended) -> Document:
    """What the order wants now; values that are not yet so are told once they are."""
    ordered = any(
        each["serviceOrderId"] == event.service_order and each["itemId"] == event.item for each in document.get("serviceOrderItem", ())
    )
    shown = document if ordered else _ordered(document, event.service_order, event.item, "modify")
    shown = {name: value for name, value in shown.items() if name != "supportingService"}
    values = {"serviceCharacteristic": characteristics(event.values)} if event.holds else {}
    below = present(supportingService=[resource("Service", other) for other in event.supporting])
    return placed({**shown, **values, **below}, event.places)


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
    generation=2,
    events=EVENTS,
    keys=keys,
    evolve=evolve,
    columns=(
        Column("state", "state"),
        Column("customer", "relatedParty.id"),
        Column("specification", "serviceSpecification.id"),
    ),
)
