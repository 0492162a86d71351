"""Products that were built elsewhere: loaded as facts, and corrected where what is known of a product is wrong (domain-rules 6.0).

A load is idempotent by the id that the product had elsewhere, from which ours is made (`domain.external_id`). What an order is changing is left alone.
"""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.catalog import Catalog
from domain.decider import Events, Facts, Need, World
from domain.record import record
from domain.values import Place, Reason, Rejected

if TYPE_CHECKING:
    from domain.product import Product
    from domain.service import Service

# TMF637's arrows between states, without those that only an order of ours takes.
TRANSITIONS: dict[str, frozenset[str]] = {
    "created": frozenset({"active", "cancelled", "aborted"}),
    "active": frozenset({"suspended", "terminated"}),
    "suspended": frozenset({"active", "terminated"}),
    "terminated": frozenset(),
    "cancelled": frozenset(),
    "aborted": frozenset(),
}
LIVE = frozenset({"active", "suspended"})
# Who changed a product last, when it was no order: none that did so before can be undone any more.
CORRECTION = "a correction"


# Commands -----------------------------------------------------------------------------------------------------------------------------
@record
class LoadProduct:
    """Take in a product as it is elsewhere; `ended` is when it came to its end there."""

    stream: str
    loaded: "ProductLoaded"
    ended: datetime | None = None


@record
class RealiseProduct:
    """Services have been found or made for a loaded product that named none."""

    product: str
    services: tuple[str, ...]
    at: datetime


@record
class CorrectProduct:
    """Say how a product really is: None and empty for what stays. In `values` a null removes; `said` is a merge patch (RFC 7396) of everything that
    nothing is decided on."""

    stream: str
    values: dict[str, Any]
    places: tuple[Place, ...] | None
    services: tuple[str, ...] | None
    bundles: tuple[str, ...] | None
    status: str
    said: dict[str, Any]
    personal: dict[str, Any]
    at: datetime


@record
class JoinProduct:
    """The product is a part of another one, `whole`; empty: of none any more."""

    product: str
    whole: str


Command = LoadProduct | RealiseProduct | CorrectProduct | JoinProduct


# Events: names and fields are storage format -------------------------------------------------------------------------------------------
@record
class ProductLoaded:
    """A product that was built elsewhere, so since `at`. `catalog` is the version that it was built by, empty when nobody knows; `said` what was sent
    beyond that, `personal` what says who the people are and where they live; `digest` tells whether a repeat says the same."""

    source: str
    external: str
    customer: str
    offering: str
    specification: str
    catalog: str
    values: dict[str, Any]
    places: tuple[Place, ...]
    services: tuple[str, ...]
    bundles: tuple[str, ...]
    status: str
    said: dict[str, Any]
    personal: dict[str, Any]
    digest: str
    at: datetime


@record
class ProductRealised:
    """The services by which a loaded product is taken to be realised."""

    services: tuple[str, ...]
    at: datetime


@record
class ProductCorrected:
    """Everything as it really is since `at`; `detached` are services that it does not rest on after all, `left` products that are no parts of it;
    `said` and `personal` are merge patches."""

    values: dict[str, Any]
    places: tuple[Place, ...]
    services: tuple[str, ...]
    bundles: tuple[str, ...]
    detached: tuple[str, ...]
    said: dict[str, Any]
    personal: dict[str, Any]
    at: datetime
    left: tuple[str, ...] = ()


@record
class ProductJoined:
    """A part of `whole` from now on, or of nothing when that is empty."""

    whole: str


@record
class ProductStatusCorrected:
    """The product is in another state than was known, since `at`; `detached` are the services that one which has ended lets go."""

    status: str
    at: datetime
    detached: tuple[str, ...] = ()


Event = ProductLoaded | ProductRealised | ProductCorrected | ProductStatusCorrected | ProductJoined


@record
class Loaded:
    """What must be remembered of a load: whether a repeat says the same, and by which catalog the product was built."""

    digest: str
    catalog: str = ""


# Decisions ----------------------------------------------------------------------------------------------------------------------------
def decide(command: Command, product: "Product | None", world: World) -> Events | Need:
    match command:
        case LoadProduct():
            return _load(command, product, world)
        case RealiseProduct():
            return (ProductRealised(command.services, command.at),) if product is not None and not product.services else ()
        case JoinProduct(whole=whole):
            return (ProductJoined(whole),) if product is not None and product.part_of != whole else ()
        case CorrectProduct():
            if product is None:
                raise Rejected("unknown", f"There is no product {command.stream}.")
            return _correct(command, product, world)


def _load(command: LoadProduct, product: "Product | None", world: World) -> Events | Need:
    loaded = command.loaded
    if product is not None:
        if product.loaded is not None and product.loaded.digest == loaded.digest:
            return ()
        raise Rejected(
            "conflict", f"externalId {loaded.external!r} is that of product {command.stream}, which was loaded as something else."
        )
    if loaded.catalog:
        _check_catalog(loaded, world.catalog(loaded.catalog))
    facts = Facts(world.loaded)
    services = services_below(loaded.services, loaded.customer, loaded.status in LIVE, facts)
    check_products(loaded.bundles, loaded.customer, facts)
    if facts.need is not None:
        return facts.need
    if command.ended is None:
        return (replace(loaded, services=services),)
    return replace(loaded, services=services, status="active"), ProductStatusCorrected(loaded.status, command.ended, services)


def _check_catalog(loaded: ProductLoaded, catalog: Catalog) -> None:
    """What was built by a version of the catalog is something that this version has."""
    offering = catalog.offerings.get(loaded.offering)
    if loaded.offering and offering is None:
        raise wrong("productOffering.id", f"{loaded.offering!r} is not in catalog {catalog.version}")
    specification = catalog.products.get(loaded.specification)
    if specification is None:
        if offering is None or loaded.specification:
            raise wrong("productSpecification.id", f"{loaded.specification!r} is not in catalog {catalog.version}")
        return  # a bundle has no specification of its own
    known = {each.name: each for each in specification.characteristics}
    for name, value in loaded.values.items():
        if name in known and (problem := known[name].problem(value)):
            raise wrong(f"productCharacteristic[{name}]", problem)


def services_below(named: tuple[str, ...], customer: str, live: bool, facts: Facts) -> tuple[str, ...]:
    """The services that are named, with all that supports them: what a product rests on. A `live` one rests on what is there."""
    found: dict[str, None] = {}
    todo = [(id, f"realizingService[{number}].id") for number, id in reversed([*enumerate(named)])]
    while todo:
        id, path = todo.pop()
        if id in found:
            continue
        service: Service | None = facts.get(id)
        if id in facts.missing:
            continue
        if service is None or service.customer != customer:
            raise wrong(path, f"{id!r} is no service of customer {customer}")
        if live and not service.is_live:
            raise wrong(path, f"service {id!r} is {service.state}, and nothing can rest on it")
        if live and service.pending:
            raise Rejected("conflict", f"{path}: service {id} is being changed by order {service.pending}.")
        found[id] = None
        todo.extend((each, path) for each in reversed(service.supporting))
    return tuple(found)


def check_products(named: tuple[str, ...], customer: str, facts: Facts) -> None:
    """The parts of a bundle are products of the same customer. Raises Rejected."""
    for id in named:
        product: Product | None = facts.get(id)
        if id not in facts.missing and (product is None or product.customer != customer):
            raise wrong("productRelationship", f"{id!r} is no product of customer {customer}")


def _correct(command: CorrectProduct, product: "Product", world: World) -> Events | Need:
    if product.pending:
        raise Rejected("conflict", f"Product {command.stream} is being changed by order {product.pending}.")
    check_step(command.status, product.status, TRANSITIONS, f"product {command.stream}")
    facts = Facts(world.loaded)
    live, begins = (command.status or product.status) in LIVE, product.status not in LIVE
    services = product.services if command.services is None else command.services
    if command.services is not None or (live and begins):
        services = services_below(services, product.customer, live, facts)
    check_products(command.bundles or (), product.customer, facts)
    if facts.need is not None:
        return facts.need
    corrected = _corrected(command, product, services)
    status = command.status
    if not status or status == product.status:
        return corrected
    return (*corrected, ProductStatusCorrected(status, command.at, () if status in LIVE else services))


def _corrected(command: CorrectProduct, product: "Product", services: tuple[str, ...]) -> Events:
    values = merged(product.values, command.values)
    places = product.places if command.places is None else command.places
    bundles = product.bundles if command.bundles is None else command.bundles
    same = (values, places, services, bundles) == (product.values, product.places, product.services, product.bundles)
    if same and not command.said and not command.personal:
        return ()
    detached = tuple([id for id in product.services if id not in services])
    left = tuple([id for id in product.bundles if id not in bundles])
    return (ProductCorrected(values, places, services, bundles, detached, command.said, command.personal, command.at, left),)


# What products and services have in common ------------------------------------------------------------------------------------------------
def merged(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Values with changes, where null removes."""
    return {name: value for name, value in {**values, **changes}.items() if value is not None}


def check_step(wanted: str, present: str, transitions: dict[str, frozenset[str]], what: str) -> None:
    """Whether a state may be said to be another one. Raises Rejected."""
    if wanted and wanted != present and wanted not in transitions.get(present, frozenset()):
        raise Rejected("conflict", f"The {what} is {present} and cannot become {wanted}.")


def wrong(path: str, what: str) -> Rejected:
    """The refusal of one attribute."""
    sentence = f"{path}: {what}."
    return Rejected("invalid", sentence, (Reason("invalid", sentence, path),))
