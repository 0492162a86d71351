"""How a service changes with each event."""

from dataclasses import replace
from typing import Any, assert_never

from domain.product_loading import CORRECTION
from domain.service.events import (
    Event,
    ServiceActivated,
    ServiceAmended,
    ServiceAttached,
    ServiceChangeAbandoned,
    ServiceChanged,
    ServiceChangeOrdered,
    ServiceCorrected,
    ServiceDeactivated,
    ServiceDesigned,
    ServiceDetached,
    ServiceLoaded,
    ServiceReopened,
    ServiceStateCorrected,
    ServiceTerminated,
    ServiceTerminationOrdered,
)
from domain.service.state import ACTIVE, DESIGNED, INACTIVE, TERMINATED, Service
from domain.values import Place


def evolve(service: Service | None, event: Event) -> Service:
    match event:
        case ServiceDesigned():
            return _designed(event)
        case ServiceLoaded():
            return _loaded(event)
        case _:
            assert service is not None, "a service's history begins with ServiceDesigned or ServiceLoaded"
    match event:
        case ServiceAmended():
            return _amended(service, event)
        case ServiceActivated() | ServiceChanged():
            return _with(service, state=ACTIVE, values=event.values, last=event.order)
        case ServiceDeactivated():
            return _with(service, state=INACTIVE, values=event.values, last=event.order)
        case ServiceChangeOrdered() | ServiceTerminationOrdered() | ServiceReopened():
            return _with(service, pending=event.order)
        case ServiceChangeAbandoned():
            return _with(service)
        case ServiceTerminated():
            return _with(service, state=TERMINATED, last=event.order)
        case ServiceAttached():
            return _with(service, holders={**service.holders, event.product: event.order}, pending=service.pending)
        case ServiceDetached():
            left = {product: order for product, order in service.holders.items() if product != event.product}
            return _with(service, holders=left, pending=service.pending)
        case ServiceCorrected():
            return _with(service, values=event.values, places=event.places, supporting=event.supporting, last=CORRECTION)
        case ServiceStateCorrected():
            return _with(service, state=event.state, last=CORRECTION)
        case _:
            assert_never(event)


def _designed(event: ServiceDesigned) -> Service:
    return Service(
        DESIGNED,
        event.customer,
        event.specification,
        event.version,
        event.name,
        event.category,
        event.values,
        event.places,
        dict.fromkeys(event.products, event.order),
        event.supporting,
        event.order,
    )


def _loaded(event: ServiceLoaded) -> Service:
    what = (event.customer, event.specification, event.version, event.name, event.category, event.values, event.places)
    return Service(event.state, *what, dict.fromkeys(event.products, ""), event.supporting, "", "", event.digest)


def _amended(service: Service, event: ServiceAmended) -> Service:
    """What exists keeps its values until the change is done."""
    values = event.values if service.state == DESIGNED else service.values
    return replace(service, values=values, places=event.places, supporting=event.supporting, pending=event.order)


def _with(
    service: Service,
    state: str = "",
    values: dict[str, Any] | None = None,
    holders: dict[str, str] | None = None,
    pending: str = "",
    last: str = "",
    places: tuple[Place, ...] | None = None,
    supporting: tuple[str, ...] | None = None,
) -> Service:
    return Service(
        state or service.state,
        service.customer,
        service.specification,
        service.version,
        service.name,
        service.category,
        service.values if values is None else values,
        service.places if places is None else places,
        service.holders if holders is None else holders,
        service.supporting if supporting is None else supporting,
        pending,
        last or service.last_order,
        service.loaded,
    )
