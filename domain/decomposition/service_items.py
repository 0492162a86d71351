"""Decomposition of a service order from outside: its lines against the service catalog and the service inventory (domain-rules 2.14).

From here on they are items like those of a product order, but that each is held by the service that it asks for: no product is made.
"""

from collections.abc import Iterable, Iterator, Sequence

from domain.catalog import Catalog, CharacteristicSpecification, ServiceSpecification
from domain.decider import Facts, Need, World
from domain.decomposition.actions import as_built
from domain.decomposition.configuration import configure_service
from domain.decomposition.drafts import ServiceDrafts
from domain.decomposition.graph import edges_of
from domain.decomposition.item import Item
from domain.decomposition.moments import dates_of, lags_of
from domain.decomposition.order import Order
from domain.decomposition.services import plan_services
from domain.decomposition.validity import check_valid
from domain.external_id import SERVICE, loaded_id
from domain.order_document import OrderLine, invalid
from domain.plan import Plan
from domain.product import GONE, Product
from domain.service import ACTIVE, TERMINATED, Service
from domain.values import Rejected

RFS = "RFS"


def decompose_services(order: Order, lines: tuple[OrderLine, ...], world: World) -> Plan | Need:
    """The plan for the lines of a service order. Raises Rejected when they contradict the catalog or the service inventory."""
    catalog, facts = world.catalog(""), Facts(world.loaded)
    items = _resolved(order, lines, catalog, facts)
    if facts.need is not None:
        return facts.need
    check_valid(items, catalog, world.now)
    services = plan_services(order, items, catalog, facts, world.answer_within)
    if facts.need is not None:
        return facts.need
    _check_holders(items, services)
    edges = edges_of(items, services, (), catalog)
    lags, dates = lags_of(services, (), catalog, edges), dates_of(items, services, (), catalog)
    return Plan(tuple([item.planned() for item in items]), services.planned(), (), edges, lags, dates)


# Lines against catalog and inventory --------------------------------------------------------------------------------------------------
def _resolved(order: Order, lines: Sequence[OrderLine], catalog: Catalog, facts: Facts) -> list[Item]:
    """Every line as an item, those that others are parts of first."""
    items: dict[str, Item] = {}
    for line in lines:
        item = items[line.id] = Item(line, items.get(line.parent), order.id)
        if item.parent is not None:
            item.parent.children.append(item)
        _find(item, order, catalog, facts)
    if facts.need is None:
        _check_named_once(items.values())
        _find_wholes(items, catalog)
        for item in items.values():
            _configure(item, catalog)
            _check_free(item, items.values(), facts)
    return sorted(items.values(), key=_depth)


def _find(item: Item, order: Order, catalog: Catalog, facts: Facts) -> None:
    line = item.line
    if line.action == "add":
        item.ordered = _specification(line, catalog)
    else:
        item.product = _named(line, order, facts)
        held = _held(line, item.product, order, facts)
        if held is None:
            return
        item.ordered = catalog.services.get(held.specification) or as_built(held)
        item.held, item.places = _as_holder(item.product, held, facts), line.places or held.places
        item.holds = bool(item.held.services)
    item.specification = item.ordered.id


def _specification(line: OrderLine, catalog: Catalog) -> ServiceSpecification:
    if not line.specification:
        raise invalid(line, "service.serviceSpecification", "is mandatory for an add")
    found = catalog.services.get(line.specification)
    if found is None:
        raise invalid(line, "service.serviceSpecification", f"{line.specification!r} is not in the service catalog")
    return found


def _named(line: OrderLine, order: Order, facts: Facts) -> str:
    """The id of the service that a line is about: as we call it, or as its sender does, who may have had it loaded under that name."""
    named = line.product or line.external
    if not named:
        raise invalid(line, "service.id", f"is mandatory for a {line.action}")
    if named.startswith("svc-"):
        return named
    ids = dict.fromkeys(loaded_id(SERVICE, order.customer, named, source) for source in (order.source, ""))
    known = [id for id in ids if facts.get(id) is not None]
    return known[0] if known else next(iter(ids))


def _held(line: OrderLine, id: str, order: Order, facts: Facts) -> Service | None:
    """The service that a line is about; None when it has to be loaded first."""
    held: Service | None = facts.get(id)
    named = line.product or line.external
    if held is None and id in facts.missing:
        return None
    if held is None or held.customer != order.customer:
        raise invalid(line, "service.id", f"service {named!r} is not in the service inventory of customer {order.customer}")
    if held.state == TERMINATED:
        raise invalid(line, "service.id", f"service {named!r} is {TERMINATED}")
    if line.action == "noChange":
        return held
    if held.pending:
        raise Rejected("conflict", f"Item {line.id}: service {line.product} is being changed by order {held.pending}.")
    if line.specification not in ("", held.specification):
        raise invalid(line, "service.serviceSpecification", f"cannot be changed from {held.specification!r} to {line.specification!r}")
    if line.places and line.places != held.places:
        raise invalid(line, "service.place", "cannot be changed: order the service anew at the other place")
    if line.action == "modify" and line.status not in ("", held.state):
        raise invalid(line, "service.state", f"cannot be changed from {held.state!r} to {line.status!r}")
    return held


def _as_holder(id: str, held: Service, facts: Facts) -> Product:
    """A service that was ordered as such is to its parts what a product is to its services."""
    services = tuple(_parts(id, facts))
    return Product(
        ACTIVE, held.customer, "", held.specification, held.values, held.places, services, (), held.pending, held.last_order, None
    )


def _parts(id: str, facts: Facts) -> Iterator[str]:
    """The service and all below it that are there because it was ordered; or for no reason that is known, as they were built elsewhere."""
    todo, found = [id], {id: None}
    while todo:
        part = todo.pop()
        service: Service | None = facts.get(part)
        if service is None or (service.holders and id not in service.holders):
            continue
        yield part
        new = [each for each in service.supporting if each not in found]
        found.update(dict.fromkeys(new))
        todo.extend(reversed(new))


def _check_named_once(items: Iterable[Item]) -> None:
    named: dict[str, str] = {}
    for item in items:
        if item.line.action != "add" and named.setdefault(item.product, item.line.id) != item.line.id:
            raise invalid(item.line, "service.id", f"service {item.product!r} is the subject of item {named[item.product]} already")


# Wholes and parts ---------------------------------------------------------------------------------------------------------------------
def _find_wholes(items: dict[str, Item], catalog: Catalog) -> None:
    """An order that lists resource-facing services says itself what is built of what: nothing of it is split again."""
    lists_parts = any(item.ordered is not None and item.ordered.category == RFS for item in items.values())
    for item in items.values():
        item.splits = not lists_parts
        if lists_parts:
            item.under = _whole_of(item, items)
            item.places = item.places or (item.under.places if item.under is not None else ())


def _whole_of(item: Item, items: dict[str, Item]) -> Item | None:
    """The item whose service this one is a part of: the one it is nested in, else the one that waits for it and may have such a part, else the only one
    that may."""
    if item.parent is not None:
        return item.parent
    able = [each for each in items.values() if each is not item and _may_have(each, item)]
    waiting = [each for each in able if item.line.id in each.line.relies_on]
    return waiting[0] if waiting else able[0] if len(able) == 1 else None


def _may_have(whole: Item, part: Item) -> bool:
    same = part.line.action == whole.line.action and part.places in ((), whole.places)
    return same and whole.ordered is not None and any(child.specification == part.specification for child in whole.ordered.children)


def _depth(item: Item) -> int:
    depth, seen = 0, {item}
    while item.under is not None and item.under not in seen:
        item = item.under
        seen.add(item)
        depth += 1
    return depth


# Characteristics ----------------------------------------------------------------------------------------------------------------------
def _configure(item: Item, catalog: Catalog) -> None:
    assert item.ordered is not None
    if item.line.action in ("add", "modify"):
        configure_service(item, item.ordered.characteristics, tuple(_below(item.ordered, catalog)) if item.splits else (), catalog)
    elif item.held is not None:
        item.values = dict(item.held.values)


def _below(specification: ServiceSpecification, catalog: Catalog) -> Iterator[CharacteristicSpecification]:
    """The characteristics of all that a service may be built of."""
    todo, seen = [child.specification for child in specification.children], {specification.id}
    while todo:
        id = todo.pop()
        if id not in seen:
            seen.add(id)
            yield from catalog.services[id].characteristics
            todo.extend(child.specification for child in catalog.services[id].children)


# Who holds what -----------------------------------------------------------------------------------------------------------------------
def _check_free(item: Item, items: Iterable[Item], facts: Facts) -> None:
    """Only what was ordered as a service is ended as one: what a product or another service was built on ends with that."""
    if item.line.action != "delete" or item.holds:
        return
    held: Service | None = facts.get(item.product)
    leaving = {each.product for each in items if each.line.action == "delete"}
    for holder in held.holders if held is not None else ():
        other = facts.get(holder)
        if other is not None and other.status not in GONE and holder not in leaving:
            raise Rejected("conflict", f"Item {item.line.id}: service {item.product} is needed by {holder}: it ends when that does.")


def _check_holders(items: Iterable[Item], services: ServiceDrafts) -> None:
    """A service that was built for a product can be changed by a service order, but not be given parts that the product would know nothing of."""
    for item in items:
        if item.line.action != "modify" or item.holds:
            continue
        for draft in (services[id] for id in item.services):
            if draft.action == "add":
                sentence = f"needs {draft.specification.id} now: order that by the product that service {item.product} is built for"
                raise invalid(item.line, "service", sentence)
