"""What must be there for a product that was built elsewhere and names no services: what an `add` by its own catalog would have made (domain-rules 6.0).

Without a catalog nobody knows what was built. Then one service stands for all of it; its specification is in no catalog, so a person takes it down.
"""

from collections.abc import Sequence
from typing import Any

from domain.catalog import Catalog
from domain.decider import Facts, World
from domain.decomposition.configuration import configure
from domain.decomposition.drafts import ServiceDraft
from domain.decomposition.identity import place_of, shared_id
from domain.decomposition.item import Item
from domain.decomposition.order import Order
from domain.decomposition.services import services_of
from domain.external_id import SERVICE, loaded_id
from domain.order_document import OrderLine
from domain.product_loading import ProductLoaded
from domain.service import ACTIVE, INACTIVE, LoadService, ServiceLoaded
from domain.values import Place, Rejected

AS_FOUND = "as-found"

What = tuple[str, str, str, str, dict[str, Any], tuple[Place, ...]]


def services_assumed(product: str, loaded: ProductLoaded, world: World) -> list[LoadService]:
    """The services to be loaded with the product, those that support others first. A bundle has none: its parts have."""
    if loaded.bundles:
        return []
    catalog = world.catalogs.get(loaded.catalog)
    if catalog is None or loaded.specification not in catalog.products:
        return [] if catalog is not None and _is_bundle(loaded, catalog) else [_as_found(product, loaded)]
    try:
        drafts = services_of(_item(product, loaded, catalog), Order(product, loaded.customer), catalog, Facts(world.loaded))
    except Rejected:  # its values are not such that the catalog could make it
        return [_as_found(product, loaded)]
    return [_assumed(product, loaded, draft) for draft in reversed(drafts.values())]


def _is_bundle(loaded: ProductLoaded, catalog: Catalog) -> bool:
    offering = catalog.offerings.get(loaded.offering)
    return offering is not None and not offering.specification


def _item(product: str, loaded: ProductLoaded, catalog: Catalog) -> Item:
    """The item of the order that would have made it."""
    known = {each.name for each in catalog.products[loaded.specification].characteristics}
    values = {name: value for name, value in loaded.values.items() if name in known}
    line = OrderLine("1", "add", "", "", loaded.offering, "", loaded.specification, values, loaded.places, (), (), "", "full")
    item = Item(line, None, product)
    item.product = product
    configure(item, catalog)
    return item


def _assumed(product: str, loaded: ProductLoaded, draft: ServiceDraft) -> LoadService:
    of = draft.specification
    what = (of.id, of.version, of.name, of.category, draft.values, draft.places)
    return _load(draft.id, product, loaded, what, tuple(draft.children))


def _as_found(product: str, loaded: ProductLoaded) -> LoadService:
    what = (AS_FOUND, "", f"{loaded.offering or 'Product'} as found", "CFS", loaded.values, loaded.places[:1])
    return _load(f"svc-{product.removeprefix('pr-')}-{AS_FOUND}", product, loaded, what, ())


def _load(id: str, product: str, loaded: ProductLoaded, what: What, supporting: tuple[str, ...]) -> LoadService:
    state = ACTIVE if loaded.status == "active" else INACTIVE
    made = ServiceLoaded("", "", loaded.customer, *what, (product,), supporting, state, {}, {}, "", loaded.at)
    return LoadService(id, made, product=product)


# Services that are loaded --------------------------------------------------------------------------------------------------------------
def service_id(specification: str, customer: str, places: Sequence[Place], external: str, source: str, catalog: Catalog) -> str:
    """The id of a service that was built elsewhere; empty when nothing tells one. What products of one site share is found there by its own id, so that
    later orders share it too."""
    known = catalog.services.get(specification)
    if known is not None and known.scope == "site":
        site = place_of(tuple(places), known.place_role) or next((place for place in places if place.id), None)
        if site is not None:
            return shared_id(known, customer, site.id)
    return loaded_id(SERVICE, customer, external, source) if external else ""
