"""Lines that become part of another open order: which item of it each of theirs is from now on (domain-rules 2.8)."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.decider import Facts
from domain.decomposition.conflict import InTheWay
from domain.decomposition.item import Item
from domain.decomposition.order import Order
from domain.plan import PlannedItem


def merge(order: Order, items: Sequence[Item], facts: Facts, is_amended: bool) -> None:
    """Every item of a line that joins another order learns which item it is there. An order is taken in when it comes, and when it may start: later, and
    before, its items wait [choice]. Raises the conflict for an amendment."""
    for top in [item for item in items if isinstance(item.joins, InTheWay)]:
        assert isinstance(top.joins, InTheWay)
        if is_amended:
            raise top.joins
        if order.merges:
            theirs = _by_product(facts.get(top.joins.other))
            for item in top.with_nested():
                item.merge(top.joins.other, counterpart(item, order.id, theirs))


def _by_product(other: Any) -> Mapping[str, PlannedItem]:
    plan = other.plan if other is not None else None
    return {item.product: item for item in plan.items if item.product} if plan is not None else {}


def counterpart(item: Item, order: str, theirs: Mapping[str, PlannedItem]) -> str:
    """The item of the other order that is about the same product; else a new one, whose id nobody else can have given."""
    known = theirs.get(item.product) if item.line.action != "add" else None
    return known.id if known is not None else f"{order.removeprefix('po-')}-{item.line.id}"
