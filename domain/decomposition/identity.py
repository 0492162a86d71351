"""Which instance a child is: its stream id follows from what it is, what it is shared by, and where it stands (domain-rules 2.4)."""

import hashlib

from domain.catalog import ServiceSpecification
from domain.decomposition.item import Item
from domain.values import Place

SITE_ROLE = "installation"


def identity_of(item: Item, specification: ServiceSpecification, parent: str, number: int, order: str, customer: str) -> str:
    """The stream id from the child key: specification, scope instance, discriminator. Scopes account and site lie within one customer."""
    role, suffix = specification.place_role, f"-{number + 1}" if number else ""
    match specification.scope:
        case "item" if parent:
            return f"{parent}.{specification.id}{suffix}"
        case "item":
            return f"svc-{item.product.removeprefix('pr-')}-{specification.id}{_elsewhere(item, role)}{suffix}"
        case "topItem":
            return f"svc-{item.top.product.removeprefix('pr-').removeprefix('svc-')}-{specification.id}{_elsewhere(item.top, role)}{suffix}"
        case "order":
            return f"svc-{order.removeprefix('po-')}-{specification.id}{suffix}"
        case "account":
            instance = item.line.account
        case "site":
            instance = site_of(item, role, order)
        case _:
            instance = ",".join(item.line.relies_on)
    return shared_id(specification, customer, instance, number)


def shared_id(specification: ServiceSpecification, customer: str, instance: str, number: int = 0) -> str:
    """The id of a service that products share: whoever wants the same one comes to the same id."""
    key = "\x1f".join((specification.id, specification.scope, customer, instance, str(number)))
    return f"svc-{hashlib.sha256(key.encode()).hexdigest()[:20]}"


def moves(item: Item, specification: ServiceSpecification) -> bool:
    """Whether the item takes a service of this specification to another place."""
    if not item.moved or item.held is None or specification.scope in ("account", "reliesOn"):
        return False
    role = specification.place_role
    return place_of(item.places, role) != place_of(item.held.places, role)


def _elsewhere(item: Item, role: str) -> str:
    """A product that has moved has other services of its own than it had first: they are told apart by where they stand."""
    if item.held is None:
        return ""
    place, first = place_of(item.places, role), place_of(item.held.origin or item.held.places, role)
    return "" if place == first or place is None else f"-at-{hashlib.sha256(place.id.encode()).hexdigest()[:8]}"


def place_of(places: tuple[Place, ...], role: str) -> Place | None:
    """The place of this role; else the site, which for a service that only wants a site is whatever place there is. Nobody is sent to the A end
    instead of the Z end."""
    for wanted in (role, SITE_ROLE):
        for place in places:
            if place.role == wanted and place.id:
                return place
    return next((place for place in places if place.id), None) if role == SITE_ROLE else None


def site_of(item: Item, role: str, order: str) -> str:
    """The site of an item; an order that names no place has one of its own."""
    place = place_of(item.places, role) or next((place for place in item.places if place.id), None)
    return place.id if place else order
