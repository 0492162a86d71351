"""Product (TMF637): what a customer has bought and holds, as the install base knows it.

created → pendingActive → active ⇄ suspended → pendingTerminate → terminated; cancelled, aborted (domain-rules 6.1).
"""

from dataclasses import field, replace
from datetime import datetime
from typing import Any, assert_never

from domain import product_loading as loading
from domain.decider import Decider, Events, Need, World
from domain.plan import PlannedItem
from domain.product_loading import (
    CORRECTION,
    CorrectProduct,
    JoinProduct,
    Loaded,
    LoadProduct,
    ProductCorrected,
    ProductJoined,
    ProductLoaded,
    ProductRealised,
    ProductStatusCorrected,
    RealiseProduct,
)
from domain.record import record
from domain.values import Place

PENDING_ACTIVE, ACTIVE, SUSPENDED = "pendingActive", "active", "suspended"
PENDING_TERMINATE, TERMINATED, CANCELLED, ABORTED = "pendingTerminate", "terminated", "cancelled", "aborted"
GONE = frozenset({TERMINATED, CANCELLED, ABORTED})


# Commands -------------------------------------------------------------------------------------------------------------------------
@record
class OrderProduct:
    """An accepted order item is about to add, change or end this product."""

    product: str
    order: str
    customer: str
    catalog: str
    item: PlannedItem


@record
class FulfilProduct:
    """The item is done: what it asked for is now so. `values` overlay the ordered ones with what fulfilment assigned, `assigned` is the rest of that."""

    product: str
    order: str
    item: PlannedItem
    values: dict[str, Any]
    at: datetime
    assigned: dict[str, Any] = field(default_factory=dict)


@record
class AbandonProduct:
    """The item will not be done, or what it did has been undone: `outcome` is cancelled or aborted."""

    product: str
    order: str
    item: PlannedItem
    outcome: str
    at: datetime


@record
class ReopenProduct:
    """The order takes back what it did to this product: until that is over no other order may change it."""

    product: str
    order: str


@record
class AmendProduct:
    """The order that works on this product, or has just done so, says something else of it."""

    product: str
    order: str
    item: PlannedItem


Command = OrderProduct | FulfilProduct | AbandonProduct | ReopenProduct | AmendProduct | loading.Command


# Events: names and fields are storage format -----------------------------------------------------------------------------------------
@record
class ProductOrdered:
    """A product that an order adds: pendingActive. `external` is what the order's sender calls it."""

    order: str
    item: str
    customer: str
    offering: str
    specification: str
    catalog: str
    values: dict[str, Any]
    places: tuple[Place, ...]
    bundles: tuple[str, ...] = ()
    term: tuple[dict[str, Any], ...] = ()
    part_of: str = ""
    bought: dict[str, Any] = field(default_factory=dict)
    external: str = ""


@record
class ProductActivated:
    """`status` is other than active only when the end of a suspended product is taken back. `assigned` is what fulfilment gave its services beyond its
    own values: a serial number, a port."""

    order: str
    item: str
    values: dict[str, Any]
    services: tuple[str, ...]
    at: datetime
    status: str = ACTIVE
    assigned: dict[str, Any] = field(default_factory=dict)


@record
class ProductChangeOrdered:
    order: str
    item: str
    values: dict[str, Any]


@record
class ProductChanged:
    """Everything as it is from now on. `status` is empty, `places` and `term` are None where they stay as they were."""

    order: str
    item: str
    values: dict[str, Any]
    services: tuple[str, ...]
    at: datetime
    bundles: tuple[str, ...] = ()
    status: str = ""
    places: tuple[Place, ...] | None = None
    term: tuple[dict[str, Any], ...] | None = None
    assigned: dict[str, Any] = field(default_factory=dict)
    bought: dict[str, Any] = field(default_factory=dict)


@record
class ProductTerminationOrdered:
    order: str
    item: str


@record
class ProductTerminated:
    """`reason` is `ordered`, or `undone` for a compensating fact."""

    order: str
    item: str
    reason: str
    at: datetime


@record
class ProductAbandoned:
    """An add that did not happen: `status` is cancelled or aborted."""

    order: str
    item: str
    status: str
    at: datetime


@record
class ProductChangeAbandoned:
    """A change or termination that did not happen: the product stays as it was, in the status that it had."""

    order: str
    item: str
    at: datetime
    status: str = ACTIVE


@record
class ProductReopened:
    """An order is about to take back what it did to this product."""

    order: str


@record
class ProductAmended:
    """What the order that works on the product wants it to be from now on."""

    order: str
    item: str
    values: dict[str, Any]
    places: tuple[Place, ...]
    bundles: tuple[str, ...] = ()


Event = (
    ProductOrdered
    | ProductAmended
    | ProductActivated
    | ProductChangeOrdered
    | ProductChanged
    | ProductTerminationOrdered
    | ProductTerminated
    | ProductAbandoned
    | ProductChangeAbandoned
    | ProductReopened
    | loading.Event
)


# State --------------------------------------------------------------------------------------------------------------------------------
@record
class Product:
    """`pending` is the order that is changing the product now, empty when none; `last_order` the last that was fulfilled; `before` the product to
    return to when that order is undone; `origin` where it was first; `part_of` the product that it is a part of;
    `loaded` says how it came in when it was built elsewhere."""

    status: str
    customer: str
    offering: str
    specification: str
    values: dict[str, Any]
    places: tuple[Place, ...]
    services: tuple[str, ...]
    bundles: tuple[str, ...]
    pending: str
    last_order: str
    before: "Product | None"
    term: tuple[dict[str, Any], ...] = ()
    origin: tuple[Place, ...] = ()
    part_of: str = ""
    loaded: Loaded | None = None


def decide(command: Command, product: Product | None, world: World) -> Events | Need:
    match command:
        case OrderProduct():
            return _order(command, product)
        case FulfilProduct():
            return _fulfil(command, product)
        case AbandonProduct():
            return _abandon(command, product)
        case AmendProduct():
            ours = product is not None and command.order in (product.pending, product.last_order)
            item = command.item
            return (ProductAmended(command.order, item.id, item.values, item.places, item.bundles),) if ours else ()
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


def evolve(product: Product | None, event: Event) -> Product:
    match event:
        case ProductOrdered():
            return Product(
                PENDING_ACTIVE,
                event.customer,
                event.offering,
                event.specification,
                event.values,
                event.places,
                (),
                event.bundles,
                event.order,
                "",
                None,
                event.term,
                event.places,
                event.part_of,
            )
        case ProductLoaded():
            return _loaded(event)
        case _:
            assert product is not None, "a product's history begins with ProductOrdered or ProductLoaded"
    match event:
        case ProductActivated():
            return _with(product, event.status, event.values, event.services, last=event.order)
        case ProductAmended():
            return _amended(product, event)
        case ProductChanged():
            before = product.before if product.last_order == event.order else product
            changed = _with(product, event.status, event.values, event.services, last=event.order, before=before, bundles=event.bundles)
            return _moved_or_renewed(changed, event)
        case ProductChangeOrdered():
            return _with(product, pending=event.order, before=product.before)
        case ProductReopened():
            return _with(product, pending=event.order, before=product.before)
        case ProductTerminationOrdered():
            return _with(product, status=PENDING_TERMINATE, pending=event.order, before=product)
        case ProductTerminated():
            return _with(product, status=TERMINATED, last=event.order, before=product.before)
        case ProductAbandoned():
            return _with(product, status=event.status)
        case ProductChangeAbandoned():
            return _kept(product, event)
        case ProductRealised():
            return _with(product, services=event.services)
        case ProductJoined():
            return replace(product, part_of=event.whole)
        case ProductCorrected():
            return _corrected(product, event)
        case ProductStatusCorrected():
            return _with(product, status=event.status, last=CORRECTION)
        case _:
            assert_never(event)


def _kept(product: Product, event: ProductChangeAbandoned) -> Product:
    """As if nothing had been ordered: the order before can still be undone."""
    if product.status != PENDING_TERMINATE:
        return _with(product, before=product.before)
    return _with(product, status=event.status, before=product.before.before if product.before is not None else None)


def _loaded(event: ProductLoaded) -> Product:
    held = (event.customer, event.offering, event.specification, event.values, event.places, event.services, event.bundles)
    term = tuple(event.said.get("productTerm") or ())
    return Product(event.status, *held, "", "", None, term, event.places, "", Loaded(event.digest, event.catalog))


def _corrected(product: Product, event: ProductCorrected) -> Product:
    term = product.term if "productTerm" not in event.said else tuple(event.said["productTerm"] or ())
    known = _with(product, "", event.values, event.services, "", CORRECTION, None, event.bundles, event.places)
    return replace(known, term=term)


def _moved_or_renewed(product: Product, event: ProductChanged) -> Product:
    if event.places is None and event.term is None:
        return product
    places = product.places if event.places is None else event.places
    return replace(product, places=places, term=product.term if event.term is None else event.term)


def _amended(product: Product, event: ProductAmended) -> Product:
    """What the customer has keeps its values until the change is done."""
    values = event.values if product.status == PENDING_ACTIVE else product.values
    return replace(product, values=values, places=event.places, bundles=event.bundles, pending=event.order)


def _with(
    product: Product,
    status: str = "",
    values: dict[str, Any] | None = None,
    services: tuple[str, ...] | None = None,
    pending: str = "",
    last: str = "",
    before: Product | None = None,
    bundles: tuple[str, ...] | None = None,
    places: tuple[Place, ...] | None = None,
) -> Product:
    return Product(
        status or product.status,
        product.customer,
        product.offering,
        product.specification,
        product.values if values is None else values,
        product.places if places is None else places,
        product.services if services is None else services,
        product.bundles if bundles is None else bundles,
        pending,
        last or product.last_order,
        before,
        product.term,
        product.origin,
        product.part_of,
        product.loaded,
    )


def is_over(product: Product) -> bool:
    return product.status in GONE


decider = Decider("pr", decide, evolve, is_over)
