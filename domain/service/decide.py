"""What a service decides on each command."""

from typing import assert_never

from domain.decider import Events, Need, World
from domain.service.commands import (
    AbandonService,
    AmendService,
    AttachService,
    Command,
    CorrectService,
    DetachService,
    FulfilService,
    LoadService,
    OrderService,
    ReopenService,
)
from domain.service.events import (
    ServiceActivated,
    ServiceAmended,
    ServiceAttached,
    ServiceChangeAbandoned,
    ServiceChanged,
    ServiceChangeOrdered,
    ServiceDeactivated,
    ServiceDesigned,
    ServiceDetached,
    ServiceReopened,
    ServiceTerminated,
    ServiceTerminationOrdered,
)
from domain.service.loading import decide as decide_load
from domain.service.state import ACTIVE, DESIGNED, INACTIVE, TERMINATED, Service


def decide(command: Command, service: Service | None, world: World) -> Events | Need:
    match command:
        case OrderService():
            return _order(command, service)
        case FulfilService():
            return _fulfil(command, service)
        case AbandonService():
            return _abandon(command, service)
        case AmendService():
            return _amend(command, service)
        case AttachService():
            free = service is not None and service.is_live and command.product not in service.holders
            return (ServiceAttached(command.order, command.product),) if free else ()
        case DetachService():
            return _detach(command, service)
        case ReopenService():
            return _reopen(command, service)
        case LoadService() | CorrectService():
            return decide_load(command, service, world)
        case _:
            assert_never(command)


def _detach(command: DetachService, service: Service | None) -> Events:
    if service is None or command.product not in service.holders:
        return ()
    if command.undo and service.holders[command.product] != command.order:
        return ()
    return (ServiceDetached(command.order, command.product),)


def _amend(command: AmendService, service: Service | None) -> Events:
    """Products come and go with the plan; what is to be done to the service is told whenever it is not what the service says."""
    if service is None or command.order not in (service.pending, service.last_order):
        return ()
    planned, order = command.planned, command.order
    left = [product for product, by in service.holders.items() if by == order and product not in planned.products]
    joined = [product for product in planned.products if product not in service.holders]
    holds = service.state == DESIGNED
    told = ServiceAmended(order, command.service_order, planned.item, planned.values, planned.places, planned.supporting, holds)
    return (
        *[ServiceDetached(order, product) for product in left],
        *[ServiceAttached(order, product) for product in joined],
        *((told,) if command.otherwise else ()),
    )


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
                planned.external,
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
    leaving = [product for product, by in service.holders.items() if by == command.order and product not in command.keeping]
    detached = tuple([ServiceDetached(command.order, product) for product in leaving])
    return detached if command.action in ("add", "noChange") else (*_change_back(command, service), *detached)


def _keep(command: AbandonService, service: Service) -> Events:
    """A service that was to be ended lives on, or lives again."""
    if service.last_order == command.order and service.state == TERMINATED:
        again = ServiceDeactivated if command.previous_state == INACTIVE else ServiceActivated
        return (again(command.order, command.previous, command.at),)
    return (ServiceChangeAbandoned(command.order, command.at),) if service.pending == command.order else ()


def _change_back(command: AbandonService, service: Service) -> Events:
    state = command.previous_state or ACTIVE
    if service.last_order == command.order and (service.values, service.state) != (command.previous, state):
        again = ServiceDeactivated if state == INACTIVE else ServiceChanged
        return (again(command.order, command.previous, command.at),)
    return (ServiceChangeAbandoned(command.order, command.at),) if service.pending == command.order else ()
