"""What a `modify` asks of a product that the customer has: a suspend, a resume, a move, a renewal, or other values (domain-rules 2.12)."""

from collections.abc import Mapping

from domain.decider import Facts
from domain.decomposition.item import Item
from domain.order_document import invalid
from domain.product import ACTIVE, GONE, SUSPENDED, Product
from domain.values import Place


def read_change(item: Item, held: Product) -> None:
    """Learn what is to become of the product: its status and its places. Raises Rejected for what no order can ask."""
    line = item.line
    if line.offering and line.offering != held.offering:
        raise invalid(line, "productOffering", f"cannot be changed from {held.offering!r} to {line.offering!r}")
    item.status = _status(item, held)
    item.places = _places(item, held)
    item.moved = item.places != held.places
    if item.status and (item.moved or any(held.values.get(name) != value for name, value in line.characteristics.items())):
        raise invalid(line, "product.status", "cannot be changed together with other things: to suspend or resume is all that an item does")


def _status(item: Item, held: Product) -> str:
    """What the bundle around it is to be outranks what its part says [choice]."""
    line, around = item.line, item.parent
    if around is not None and around.status:
        return around.status
    wanted = line.status
    if wanted in ("", held.status):
        return ""
    if wanted not in (ACTIVE, SUSPENDED):
        raise invalid(
            line, "product.status", f"cannot be changed from {held.status!r} to {wanted!r}: a product can be suspended or made active again"
        )
    return wanted


def _places(item: Item, held: Product) -> tuple[Place, ...]:
    """Where the product will be: a place that is named replaces the one of its role, also where it is named for the bundle around."""
    line, around = item.line, item.parent
    moving = around.places if around is not None and around.moved else ()
    for place in line.places:
        if not place.id and place not in held.places:
            raise invalid(line, "product.place", f"needs the id of the {place.role} place")
        if any(other.role == place.role and other != place for other in moving):
            raise invalid(line, "product.place", "is another than that of the bundle around it: a move takes all of a product to one place")
    named = {place.role: place for place in (*moving, *line.places) if place.id}
    kept = tuple([named.pop(place.role, place) for place in held.places])
    return (*kept, *named.values())


def check_moves(items: Mapping[str, Item], facts: Facts) -> None:
    """A move takes every part of a product to one place, or is refused (domain-rules 2.12)."""
    moved = {item.product: item for item in items.values() if item.moved}
    for item in moved.values():
        around = item.held.part_of if item.held is not None else ""
        if around and around not in moved:
            whole: Product | None = facts.get(around)
            if whole is not None and whole.status not in GONE and _is_at_one_place(item, whole):
                raise invalid(
                    item.line, "product.place", f"cannot be changed alone: product {around} that it is a part of has to move with it"
                )
        for part in item.children:
            if part.line.action == "add" and not set(part.places) <= {*item.places}:
                raise invalid(part.line, "product.place", "is another than that of the product around it")


def _is_at_one_place(part: Item, whole: Product) -> bool:
    assert part.held is not None
    return set(part.held.places) <= set(whole.places)
