"""An order whose items become part of another one: the amendment that takes them there (domain-rules 2.8).

The other order is amended in the same unit of work, so that the two never disagree about it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.decider import Facts, Need, World
from domain.order_document import split_personal
from domain.plan import Plan, PlannedItem
from domain.product_order.amendment import CHARACTERISTIC, ITEMS, PRODUCT, Statements, statements
from domain.product_order.change import assess_amendment
from domain.product_order.commands import AmendProductOrder
from domain.product_order.events import ProductOrderMerged
from domain.product_order.state import ProductOrder
from domain.record import record
from domain.values import Rejected

Document = Mapping[str, Any]


def merged(stream: str, plan: Plan, document: Document, world: World) -> tuple[ProductOrderMerged, ...] | Need:
    """What becomes part of which other orders, once all of them agree. Raises Rejected, with the reasons of the first that does not."""
    if not any(item.merged for item in plan.items):
        return ()
    items, facts = split_personal(document)[0][ITEMS], Facts(world.loaded)
    found = []
    for other in dict.fromkeys(item.behind[0] for item in plan.items if item.merged):
        into: ProductOrder | None = facts.get(other)
        if into is None:
            return Need((other,))
        mine = {item.id: item.merged for item in plan.items if item.merged and item.behind[0] == other}
        if (need := _check(stream, other, plan, items, into, world)) is not None:
            return need
        found.append(ProductOrderMerged(other, mine))
    return tuple(found)


def _check(stream: str, other: str, plan: Plan, items: Sequence[Document], into: ProductOrder, world: World) -> Need | None:
    """Whether the other order can be amended so. Raises Rejected."""
    try:
        assessed = assess_amendment(amendment_of(stream, other, plan, items, into), into, world)
    except Rejected as refused:
        raise Rejected(refused.code, _sentence(other, refused.sentence), refused.reasons) from None
    if isinstance(assessed, Need):
        return assessed
    if assessed is not None and assessed.reasons:
        raise Rejected("invalid", _sentence(other, assessed.reasons[0].message), assessed.reasons)
    return None


def _sentence(other: str, why: str) -> str:
    return f"This cannot become part of order {other}, which is at work on the same: {why}"


# The amendment ------------------------------------------------------------------------------------------------------------------------
def amendment_of(stream: str, other: str, plan: Plan, items: Sequence[Document], into: ProductOrder) -> AmendProductOrder:
    """What makes the order say what these items say of it. Raises Rejected for what it contradicts."""
    assert into.plan is not None, "an order that changes something has been planned"
    mine = {item.id: item for item in plan.items if item.merged and item.behind[0] == other}
    theirs = {item.id: item for item in into.plan.items}
    translation = _Translation(other, mine, theirs, statements(into.documents[-1]))
    return AmendProductOrder(other, f"merge-{stream}", tuple(translation.items(items)), merges=stream)


@record
class _Translation:
    """Items of one order as those of another: `mine` are the planned ones that are merged, `theirs` those of the other order, `said` what it says."""

    order: str
    mine: Mapping[str, PlannedItem]
    theirs: Mapping[str, PlannedItem]
    said: Statements

    def items(self, items: Sequence[Document]) -> Iterator[dict[str, Any]]:
        for item in items:
            mine = self.mine.get(str(item["id"]))
            if mine is not None:
                own = self._change(item, mine) if mine.merged in self.theirs else self._addition(item)
                nested = list(self.items(item.get(ITEMS) or ()))
                yield {**own, "id": mine.merged, **({ITEMS: nested} if nested else {})}

    def _addition(self, item: Document) -> dict[str, Any]:
        """An item that the other order does not have."""
        relations = item.get(RELATIONS) or ()
        added = {name: value for name, value in item.items() if name not in (ITEMS, RELATIONS)}
        return {**added, RELATIONS: [{**each, "id": self._renamed(each, item)} for each in relations]} if relations else added

    def _renamed(self, relation: Document, item: Document) -> str:
        other = self.mine.get(str(relation.get("id")))
        if other is None:
            sentence = f"Item {item['id']} relies on item {relation.get('id')}, which does not become part of it."
            raise Rejected("conflict", sentence)
        return other.merged

    def _change(self, item: Document, mine: PlannedItem) -> dict[str, Any]:
        """What the other order is to say otherwise of a product that it is at work on already."""
        theirs = self.theirs[mine.merged]
        if theirs.action == mine.action == "delete" or mine.action == "noChange":
            return {}
        if (theirs.action, mine.action) == ("add", "delete"):
            return {"action": "delete"}  # which takes it out of the order
        if mine.action != "modify" or theirs.action not in ("add", "modify"):
            raise Rejected("conflict", f"Item {theirs.id} of it has action {theirs.action}, item {mine.id} of this order {mine.action}.")
        changed = {name: value for name, value in item.items() if name not in (*NOT_CHANGED, "modifyMode")}
        if theirs.action == "modify" and _is_snapshot(item):
            changed["modifyMode"] = "full"
        return {**changed, PRODUCT: self._product(item, theirs)}

    def _product(self, item: Document, theirs: PlannedItem) -> dict[str, Any]:
        product = item.get(PRODUCT) or {}
        if product.get("status") and theirs.action == "add":
            raise Rejected("conflict", f"Item {theirs.id} of it makes the product: it has no other status yet.")
        changed = {name: value for name, value in product.items() if name not in ("id", "productOffering")}
        if places := changed.get("place"):
            changed["place"] = self._places(places, theirs.id)
        if _is_snapshot(item):
            changed[CHARACTERISTIC] = [*(product.get(CHARACTERISTIC) or ()), *self._unsaid(product, theirs.id)]
        return changed

    def _places(self, places: Sequence[Document], item: str) -> list[Document]:
        """A place that is named replaces the one of its role."""
        named = {place.get("role") for place in places}
        return [*[place for place in self.said.get((item, PRODUCT, "place"), ()) if place.get("role") not in named], *places]

    def _unsaid(self, product: Document, item: str) -> Iterator[dict[str, Any]]:
        """Characteristics that a snapshot does not name go back to their defaults."""
        named = {each["name"] for each in product.get(CHARACTERISTIC) or ()}
        said = [path[3] for path in self.said if len(path) == 4 and path[0] == item and path[3] not in named]
        return ({"name": name, "value": None} for name in said)


RELATIONS = "productOrderItemRelationship"
NOT_CHANGED = ("id", "action", ITEMS, PRODUCT, RELATIONS, "productOffering", "quantity")


def _is_snapshot(item: Document) -> bool:
    return item.get("modifyMode") == "full"
