"""How a product changes with each event."""

from dataclasses import replace
from typing import Any, assert_never

from domain.product.events import (
    Event,
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
from domain.product.state import GONE, PENDING_ACTIVE, PENDING_TERMINATE, TERMINATED, Product
from domain.product_loading import (
    CORRECTION,
    Loaded,
    ProductCorrected,
    ProductJoined,
    ProductLoaded,
    ProductRealised,
    ProductStatusCorrected,
)
from domain.values import Place


def evolve(product: Product | None, event: Event) -> Product:
    match event:
        case ProductOrdered():
            return _begun(event)
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


def _begun(event: ProductOrdered) -> Product:
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
