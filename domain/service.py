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
    """The service order item is done. `inactive`: an operator skipped part of building it, so the service exists but does not run."""

    service: str
    order: str
    action: str
    values: dict[str, Any]
    inactive: bool
    at: datetime


@record
class AbandonService:
    """The service order item will not be done, or has been undone: `outcome` is cancelled or failed. Products that this order made hold it let go."""

    service: str
    order: str
    action: str
    previous: dict[str, Any]
    undone: bool
    outcome: str
    at: datetime


@record
class AttachService:
    """A product holds this service (again)."""

    service: str
    order: str
    product: str


@record
class DetachService:
    """A product no longer holds this service. `undo`: only when it came to hold it by this order."""

    service: str
    order: str
    product: str
    undo: bool = False


@record
class ReopenService:
    """The order takes back what it did to this service: until that is over nobody else may change it. What it built stays when others hold it."""

    service: str
    order: str
    action: str


Command = OrderService | FulfilService | AbandonService | AttachService | DetachService | ReopenService


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
class ServiceReopened:
    """An order is about to take back what it did to this service."""

    order: str


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
    | ServiceReopened
    | ServiceAttached
    | ServiceDetached
)


# State --------------------------------------------------------------------------------------------------------------------------------
@record
class Service:
    """`pending` is the order that builds, changes or ends the service now, empty when none; `holders` maps each product that holds it to the order
    by which it came to do so; `last_order` is the last that built, changed or ended it."""

    state: str
    customer: str
    specification: str
    version: str
    name: str
    category: str
    values: dict[str, Any]
    places: tuple[Place, ...]
    holders: dict[str, str]
    supporting: tuple[str, ...]
    pending: str
    last_order: str = ""

    @property
    def is_live(self) -> bool:
        """Whether the service exists in the network (or is being ended)."""
        return self.state in (ACTIVE, INACTIVE)

    def is_held_by_others(self, order: str) -> bool:
        """Whether a product holds it that came to do so by another order."""
        return any(by != order for by in self.holders.values())


def decide(command: Command, service: Service | None, world: World) -> Events:
    match command:
        case OrderService():
            return _order(command, service)
        case FulfilService():
            return _fulfil(command, service)
        case AbandonService():
            return _abandon(command, service)
        case AttachService():
            free = service is not None and service.is_live and command.product not in service.holders
            return (ServiceAttached(command.order, command.product),) if free else ()
        case DetachService():
            return _detach(command, service)
        case ReopenService():
            return _reopen(command, service)
        case _:
            assert_never(command)


def _detach(command: DetachService, service: Service | None) -> Events:
    if service is None or command.product not in service.holders:
        return ()
    if command.undo and service.holders[command.product] != command.order:
        return ()
    return (ServiceDetached(command.order, command.product),)


def _reopen(command: ReopenService, service: Service | None) -> Events:
    if service is None or service.pending or service.last_order != command.order:
        return ()
    spared = command.action == "add" and service.is_held_by_others(command.order)
    return () if spared else (ServiceReopened(command.order),)


def _order(command: OrderService, service: Service | None) -> Events:
    planned = command.planned
    if planned.action == "add":
        if service is not None and service.state != TERMINATED:
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
    assert service is not None, "only a service that exists is changed, ended or shared"
    attached = tuple([ServiceAttached(command.order, product) for product in planned.products if product not in service.holders])
    if planned.action == "noChange" or command.order in (service.pending, service.last_order):
        return attached
    if planned.action == "modify":
        return (*attached, ServiceChangeOrdered(command.order, command.service_order, planned.item, planned.values))
    return (*attached, ServiceTerminationOrdered(command.order, command.service_order, planned.item))


def _fulfil(command: FulfilService, service: Service | None) -> Events:
    if service is None or service.pending != command.order:
        return ()
    if command.action == "delete":
        return (ServiceTerminated(command.order, "ordered", command.at),)
    if command.inactive:
        return (ServiceDeactivated(command.order, command.values, command.at),)
    if command.action == "add":
        return (ServiceActivated(command.order, command.values, command.at),)
    return (ServiceChanged(command.order, command.values, command.at),)


def _abandon(command: AbandonService, service: Service | None) -> Events:
    if service is None:
        return ()
    if command.action == "delete":
        return _keep(command, service)
    if service.state == TERMINATED:
        return ()
    if command.action == "add" and not service.is_held_by_others(command.order):
        return (ServiceTerminated(command.order, "undone" if command.undone else command.outcome, command.at),)
    detached = tuple([ServiceDetached(command.order, product) for product, by in service.holders.items() if by == command.order])
    return detached if command.action in ("add", "noChange") else (*_change_back(command, service), *detached)


def _keep(command: AbandonService, service: Service) -> Events:
    """A service that was to be ended lives on, or lives again."""
    if service.last_order == command.order and service.state == TERMINATED:
        return (ServiceActivated(command.order, command.previous, command.at),)
    return (ServiceChangeAbandoned(command.order, command.at),) if service.pending == command.order else ()


def _change_back(command: AbandonService, service: Service) -> Events:
    if service.last_order == command.order and service.values != command.previous:
        return (ServiceChanged(command.order, command.previous, command.at),)
    return (ServiceChangeAbandoned(command.order, command.at),) if service.pending == command.order else ()


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
                dict.fromkeys(event.products, event.order),
                event.supporting,
                event.order,
            )
        case _:
            assert service is not None, "a service's history begins with ServiceDesigned"
    match event:
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
        case _:
            assert_never(event)


def _with(
    service: Service,
    state: str = "",
    values: dict[str, Any] | None = None,
    holders: dict[str, str] | None = None,
    pending: str = "",
    last: str = "",
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
        service.holders if holders is None else holders,
        service.supporting,
        pending,
        last or service.last_order,
    )


def is_over(service: Service) -> bool:
    return service.state == TERMINATED


decider = Decider("svc", decide, evolve, is_over)
