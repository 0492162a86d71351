"""What the world is told about products and services."""

from collections.abc import Callable
from typing import Any

from adapters.notifications.making import STATE, VALUES, Table, Told, changed, created, taken_in
from domain import product as products_domain
from domain import service as services_domain
from domain.product import (
    ProductAbandoned,
    ProductActivated,
    ProductAmended,
    ProductChangeAbandoned,
    ProductChanged,
    ProductOrdered,
    ProductTerminated,
    ProductTerminationOrdered,
)
from domain.product_loading import ProductCorrected, ProductLoaded, ProductRealised, ProductStatusCorrected
from domain.recorded import Recorded
from domain.service import (
    ServiceActivated,
    ServiceAmended,
    ServiceChanged,
    ServiceCorrected,
    ServiceDeactivated,
    ServiceDesigned,
    ServiceLoaded,
    ServiceStateCorrected,
    ServiceTerminated,
)
from projections import products, services
from projections.references import characteristics, places, present, reference, resource
from schemas.notification import Notification, by_reference


def _product_active(recorded: Recorded) -> Told:
    event = recorded.event
    services = [reference("Service", id) for id in event.services]
    return changed("Product", STATE, recorded, status=event.status, realizingService=services)


def _product_amended(recorded: Recorded) -> Told:
    """What the product will be is told once it is so; where it is, and what it is from the beginning, at once."""
    event: ProductAmended = recorded.event
    values = {"productCharacteristic": characteristics(event.values)} if event.holds else {}
    told = {**values, **present(place=places(event.places))}
    return changed("Product", VALUES, recorded, **told) if told else None


def _service_amended(recorded: Recorded) -> Told:
    event: ServiceAmended = recorded.event
    values = {"serviceCharacteristic": characteristics(event.values)} if event.holds else {}
    supporting = [resource("Service", id) for id in event.supporting]
    return changed("Service", VALUES, recorded, **values, **present(place=places(event.places)), supportingService=supporting)


def _product_changed(recorded: Recorded) -> Told:
    """A suspend or resume is a change of state; all else one of values."""
    event: ProductChanged = recorded.event
    services = [reference("Service", id) for id in event.services]
    if event.status:
        return changed("Product", STATE, recorded, status=event.status, realizingService=services)
    other = present(place=places(event.places or ()), productTerm=list(event.term or ()))
    return changed("Product", VALUES, recorded, productCharacteristic=characteristics(event.values), realizingService=services, **other)


def _product_was_kept(recorded: Recorded) -> Told:
    return changed("Product", STATE, recorded, status=recorded.event.status)


def _product_realised(recorded: Recorded) -> Told:
    return changed("Product", VALUES, recorded, realizingService=[reference("Service", id) for id in recorded.event.services])


def _product_corrected(recorded: Recorded) -> Told:
    event: ProductCorrected = recorded.event
    services = [reference("Service", id) for id in event.services]
    return _corrected("Product", recorded, productCharacteristic=characteristics(event.values), realizingService=services)


def _service_corrected(recorded: Recorded) -> Told:
    event: ServiceCorrected = recorded.event
    supporting = [resource("Service", id) for id in event.supporting]
    return _corrected("Service", recorded, serviceCharacteristic=characteristics(event.values), supportingService=supporting)


def _corrected(type: str, recorded: Recorded, **attributes: Any) -> Notification:
    """An attribute that has gone is in the path alone."""
    event: ProductCorrected | ServiceCorrected = recorded.event
    attributes = {**attributes, "place": places(event.places), **by_reference(event.said)}
    told = {name: value for name, value in attributes.items() if value not in (None, [])}
    return Notification(type, VALUES, recorded.stream, {**resource(type, recorded.stream), **told}, ",".join(attributes))


def _product_is(status: str) -> Callable[[Recorded], Told]:
    return lambda recorded: changed("Product", STATE, recorded, status=status)


def _service_is(state: str) -> Callable[[Recorded], Told]:
    return lambda recorded: changed("Service", STATE, recorded, state=state)


def _service_changed(recorded: Recorded) -> Told:
    return changed("Service", VALUES, recorded, serviceCharacteristic=characteristics(recorded.event.values))


PRODUCT: Table = {
    ProductOrdered: created("Product", products.PRODUCTS),
    ProductActivated: _product_active,
    ProductChanged: _product_changed,
    ProductAmended: _product_amended,
    ProductTerminationOrdered: _product_is(products_domain.PENDING_TERMINATE),
    ProductTerminated: _product_is(products_domain.TERMINATED),
    ProductChangeAbandoned: _product_was_kept,
    ProductAbandoned: lambda recorded: changed("Product", STATE, recorded, status=recorded.event.status),
    ProductLoaded: taken_in("Product", products.PRODUCTS),
    ProductRealised: _product_realised,
    ProductCorrected: _product_corrected,
    ProductStatusCorrected: lambda recorded: changed("Product", STATE, recorded, status=recorded.event.status),
}
SERVICE: Table = {
    ServiceDesigned: created("Service", services.SERVICES),
    ServiceActivated: _service_is(services_domain.ACTIVE),
    ServiceDeactivated: _service_is(services_domain.INACTIVE),
    ServiceChanged: _service_changed,
    ServiceAmended: _service_amended,
    ServiceTerminated: _service_is(services_domain.TERMINATED),
    ServiceLoaded: taken_in("Service", services.SERVICES),
    ServiceCorrected: _service_corrected,
    ServiceStateCorrected: lambda recorded: changed("Service", STATE, recorded, state=recorded.event.state),
}
