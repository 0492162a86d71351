"""Service (TMF638): a customer-facing or resource-facing service that realises products, and who holds it.

feasibilityChecked, designed, reserved, inactive, active, terminated. A service shared by several products counts them: it lives while one holds it
(domain-rules 6.3). Its stream id derives from its child key, so the stream is the lookup (domain-rules 2.4).
"""

from datetime import datetime
from typing import Any, assert_never

from domain.decider import Decider, Events, World
from domain.plan import PlannedService
from domain.record import record
from domain.values import Place

DESIGNED, ACTIVE, INACTIVE, TERMINATED = "designed", "active", "inactive", "terminated"


# Commands -------------------------------------------------------------------------------------------------------------------------
@record
class OrderService:
    """An order is about to build, change or end this service, or only to hold it (`noChange`)."""

    service: str
    order: str
    service_order: str
    customer: str
    planned: PlannedService


@record
class FulfilService:
    """The service order item is done. `inactive`: an operator skipped part of it, so the service exists but does not run."""

    service: str
    order: str
    action: str
    values: dict[str, Any]
    inactive: bool
    at: datetime


@record
class AbandonService:
    """The service order item will not be done, or has been undone."""

    service: str
    order: str
    action: str
    previous: dict[str, Any]
    undone: bool
    at: datetime


@record
class DetachService:
    """A product no longer holds this service."""

    service: str
    order: str
    product: str


Command = OrderService | FulfilService | AbandonService | DetachService


# Events: names and fields are storage format -----------------------------------------------------------------------------------------
@record
class ServiceDesigned:
    """A service that an order will build; `products` hold it."""

    order: str
    service_order: str
    item: str
    customer: str
    specification: str
    version: str
    name: str
    category: str
    values: dict[str, Any]
    places: tuple[Place, ...]
    products: tuple[str, ...]
    supporting: tuple[str, ...]


@record
class ServiceActivated:
    order: str
    values: dict[str, Any]
    at: datetime


@record
class ServiceDeactivated:
    order: str
    values: dict[str, Any]
    at: datetime


@record
class ServiceChangeOrdered:
    order: str
    service_order: str
    item: str
    values: dict[str, Any]


@record
class ServiceChanged:
    order: str
    values: dict[str, Any]
    at: datetime


@record
class ServiceChangeAbandoned:
    order: str
    at: datetime


@record
class ServiceTerminationOrdered:
    order: str
    service_order: str
    item: str


@record
class ServiceTerminated:
    """`reason` is `ordered`, `undone` (compensating), `cancelled` or `failed` (never built)."""

    order: str
    reason: str
    at: datetime


@record
class ServiceAttached:
    order: str
    product: str


@record
class ServiceDetached:
    order: str
    product: str


Event = (
    ServiceDesigned
    | ServiceActivated
    | ServiceDeactivated
    | ServiceChangeOrdered
    | ServiceChanged
    | ServiceChangeAbandoned
    | ServiceTerminationOrdered
    | ServiceTerminated
    | ServiceAttached
    | ServiceDetached
)


# State --------------------------------------------------------------------------------------------------------------------------------
@record
class Service:
    """`pending` is the order that builds, changes or ends the service now, empty when none."""

    state: str
    customer: str
    specification: str
    version: str
    name: str
    category: str
    values: dict[str, Any]
    places: tuple[Place, ...]
    products: tuple[str, ...]
    supporting: tuple[str, ...]
    pending: str

    @property
    def is_live(self) -> bool:
        """Whether the service exists in the network (or is being ended)."""
        return self.state in (ACTIVE, INACTIVE)


def decide(command: Command, service: Service | None, world: World) -> Events:
    match command:
        case OrderService():
            return _order(command, service)
        case FulfilService():
            return _fulfil(command, service)
        case AbandonService():
            return _abandon(command, service)
        case DetachService():
            held = service is not None and command.product in service.products
            return (ServiceDetached(command.order, command.product),) if held else ()
        case _:
            assert_never(command)


def _order(command: OrderService, service: Service | None) -> Events:
    planned = command.planned
    if planned.action == "add":
        if service is not None and service.pending == command.order:
            return ()
        return (
            ServiceDesigned(
                command.order,
                command.service_order,
                planned.item,
                command.customer,
                planned.specification,
                planned.version,
                planned.name,
                planned.category,
                planned.values,
                planned.places,
                planned.products,
                planned.supporting,
            ),
        )
    held = service.products if service is not None else ()
    attached = tuple(ServiceAttached(command.order, product) for product in planned.products if product not in held)
    if planned.action == "noChange" or (service is not None and service.pending == command.order):
        return attached
    if planned.action == "modify":
        return (*attached, ServiceChangeOrdered(command.order, command.service_order, planned.item, planned.values))
    return (*attached, ServiceTerminationOrdered(command.order, command.service_order, planned.item))


def _fulfil(command: FulfilService, service: Service | None) -> Events:
    if service is None or service.pending != command.order:
        return ()
    if command.inactive:
        return (ServiceDeactivated(command.order, command.values, command.at),)
    if command.action == "add":
        return (ServiceActivated(command.order, command.values, command.at),)
    if command.action == "modify":
        return (ServiceChanged(command.order, command.values, command.at),)
    return (ServiceTerminated(command.order, "ordered", command.at),)


def _abandon(command: AbandonService, service: Service | None) -> Events:
    if service is None:
        return ()
    if service.state == TERMINATED:
        undo_of_delete = command.action == "delete" and command.undone
        return (ServiceActivated(command.order, command.previous, command.at),) if undo_of_delete else ()
    if command.action == "add":
        return (ServiceTerminated(command.order, "undone" if command.undone else "cancelled", command.at),)
    if service.pending == command.order:
        return (ServiceChangeAbandoned(command.order, command.at),)
    if command.undone:
        return (ServiceChanged(command.order, command.previous, command.at),)
    return ()


def evolve(service: Service | None, event: Event) -> Service:
    match event:
        case ServiceDesigned():
            return Service(
                DESIGNED,
                event.customer,
                event.specification,
                event.version,
                event.name,
                event.category,
                event.values,
                event.places,
                event.products,
                event.supporting,
                event.order,
            )
        case _:
            assert service is not None, "a service's history begins with ServiceDesigned"
    match event:
        case ServiceActivated() | ServiceChanged():
            return _with(service, state=ACTIVE, values=event.values)
        case ServiceDeactivated():
            return _with(service, state=INACTIVE, values=event.values)
        case ServiceChangeOrdered() | ServiceTerminationOrdered():
            return _with(service, pending=event.order)
        case ServiceChangeAbandoned():
            return _with(service)
        case ServiceTerminated():
            return _with(service, state=TERMINATED)
        case ServiceAttached():
            return _with(service, products=(*service.products, event.product), pending=service.pending)
        case ServiceDetached():
            return _with(service, products=tuple(p for p in service.products if p != event.product), pending=service.pending)
        case _:
            assert_never(event)


def _with(
    service: Service,
    state: str = "",
    values: dict[str, Any] | None = None,
    products: tuple[str, ...] | None = None,
    pending: str = "",
) -> Service:
    return Service(
        state or service.state,
        service.customer,
        service.specification,
        service.version,
        service.name,
        service.category,
        service.values if values is None else values,
        service.places,
        service.products if products is None else products,
        service.supporting,
        pending,
    )


def is_over(service: Service) -> bool:
    return service.state == TERMINATED


decider = Decider("svc", decide, evolve, is_over)
