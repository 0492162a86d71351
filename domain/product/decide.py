"""What a product decides on each command."""

from typing import assert_never

from domain import product_loading as loading
from domain.decider import Events, Need, World
from domain.product.commands import AbandonProduct, AmendProduct, Command, FulfilProduct, OrderProduct, ReopenProduct
from domain.product.events import (
    ProductAbandoned,
    ProductActivated,
    ProductAmended,
    ProductChangeAbandoned,
    ProductChanged,
    ProductChangeOrdered,
    ProductOrdered,
    ProductReopened,
    ProductTerminated,
    ProductTerminationOrdered,
)
from domain.product.state import ACTIVE, GONE, PENDING_ACTIVE, PENDING_TERMINATE, TERMINATED, Product
from domain.product_loading import CorrectProduct, JoinProduct, LoadProduct, RealiseProduct


def decide(command: Command, product: Product | None, world: World) -> Events | Need:
    match command:
        case OrderProduct():
            return _order(command, product)
        case FulfilProduct():
            return _fulfil(command, product)
        case AbandonProduct():
            return _abandon(command, product)
        case AmendProduct():
            return _amend(command, product)
        case ReopenProduct():
            done = product is not None and not product.pending and product.last_order == command.order
            return (ProductReopened(command.order),) if done else ()
        case LoadProduct() | RealiseProduct() | CorrectProduct() | JoinProduct():
            return loading.decide(command, product, world)
        case _:
            assert_never(command)


def _order(command: OrderProduct, product: Product | None) -> Events:
    item = command.item
    if item.action == "add":
        return () if product is not None else (_ordered(command),)
    if product is not None and command.order in (product.pending, product.last_order):
        return ()
    if item.action == "modify":
        return (ProductChangeOrdered(command.order, item.id, item.values),)
    return (ProductTerminationOrdered(command.order, item.id),)


def _ordered(command: OrderProduct) -> ProductOrdered:
    item = command.item
    return ProductOrdered(
        command.order,
        item.id,
        command.customer,
        item.offering,
        item.specification,
        command.catalog,
        item.values,
        item.places,
        item.bundles,
        item.term,
        item.part_of,
        item.bought,
        item.external,
    )


def _amend(command: AmendProduct, product: Product | None) -> Events:
    if product is None or command.order not in (product.pending, product.last_order):
        return ()
    item, holds = command.item, product.status == PENDING_ACTIVE
    return (ProductAmended(command.order, item.id, item.values, item.places, item.bundles, holds),)


def _fulfil(command: FulfilProduct, product: Product | None) -> Events:
    item = command.item
    if product is None or product.pending != command.order:
        return ()
    if item.action == "add":
        return (ProductActivated(command.order, item.id, command.values, item.services, command.at, assigned=command.assigned),)
    if item.action == "modify":
        return (_changed(command),)
    return (ProductTerminated(command.order, item.id, "ordered", command.at),)


def _changed(command: FulfilProduct) -> ProductChanged:
    item = command.item
    return ProductChanged(
        command.order,
        item.id,
        command.values,
        item.services,
        command.at,
        item.bundles,
        item.status,
        item.places if item.moved else None,
        item.term or None,
        command.assigned,
        item.bought,
    )


def _abandon(command: AbandonProduct, product: Product | None) -> Events:
    item = command.item
    if product is None:
        return ()
    if product.last_order == command.order:
        return _undone(command, product)
    if product.pending == command.order:
        if item.action == "add":
            return (ProductAbandoned(command.order, item.id, command.outcome, command.at),)
        return (ProductChangeAbandoned(command.order, item.id, command.at, _status_before(product)),)
    return ()


def _status_before(product: Product) -> str:
    """The status of a product before its end was ordered."""
    if product.status != PENDING_TERMINATE:
        return product.status
    return product.before.status if product.before is not None else ACTIVE


def _undone(command: AbandonProduct, product: Product) -> Events:
    """Compensating facts for an item that had been completed (domain-rules 6.2)."""
    item, before = command.item, product.before
    if item.action == "delete" and product.status == TERMINATED:
        status = product.before.status if product.before is not None else ACTIVE
        return (ProductActivated(command.order, item.id, product.values, product.services, command.at, status),)
    if item.action == "add" and product.status not in GONE:
        return (ProductTerminated(command.order, item.id, "undone", command.at),)
    if item.action == "modify" and before is not None:
        return (_changed_back(command, product, before),)
    return ()


def _changed_back(command: AbandonProduct, product: Product, before: Product) -> ProductChanged:
    return ProductChanged(
        command.order,
        command.item.id,
        before.values,
        before.services,
        command.at,
        before.bundles,
        before.status if before.status != product.status else "",
        before.places if before.places != product.places else None,
        before.term if before.term != product.term else None,
    )
