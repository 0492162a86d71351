"""The customer's order as it arrived (TMF622 `ProductOrder_Create`), read into lines that can be decided on.

The document itself is kept as sent, unknown attributes included; this is the reading of the attributes that matter here.
"""

from collections.abc import Mapping
from typing import Any

from domain.record import record
from domain.values import Place, Reason, Rejected

ACTIONS = ("add", "modify", "delete", "noChange")
PERSONAL = ("relatedParty", "note", "notificationContact")
LARGEST_ORDER = 20_000  # items


@record
class OrderLine:
    """One product order item. `path` is where it stands in the document, for messages; `parent` the id of the item it is nested in."""

    id: str
    action: str
    path: str
    parent: str
    offering: str
    product: str
    specification: str
    characteristics: dict[str, Any]
    places: tuple[Place, ...]
    relies_on: tuple[str, ...]
    children: tuple[str, ...]
    status: str
    modify_mode: str


def read_lines(document: Mapping[str, Any]) -> tuple[OrderLine, ...]:
    """All items, nested ones after their parent. Raises Rejected when ids repeat or an item relies on one that is not there."""
    lines: list[OrderLine] = []
    todo = [("", f"productOrderItem[{n}]", item) for n, item in enumerate(document["productOrderItem"])]
    todo.reverse()
    while todo:
        parent, path, item = todo.pop()
        lines.append(_line(parent, path, item))
        nested = item.get("productOrderItem") or ()
        todo.extend((str(item["id"]), f"{path}.productOrderItem[{n}]", nested[n]) for n in range(len(nested) - 1, -1, -1))
        if len(lines) > LARGEST_ORDER:
            raise Rejected("invalid", f"An order has at most {LARGEST_ORDER} items.")
    _check_references(lines)
    return tuple(lines)


def document_items(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The items of a document by id, nested ones included."""
    found: dict[str, dict[str, Any]] = {}
    todo = list(document["productOrderItem"])
    while todo:
        item = todo.pop()
        found[str(item["id"])] = item
        todo.extend(item.get("productOrderItem") or ())
    return found


def _line(parent: str, path: str, item: Mapping[str, Any]) -> OrderLine:
    product = item.get("product") or {}
    offering = (item.get("productOffering") or product.get("productOffering") or {}).get("id") or ""
    return OrderLine(
        id=str(item["id"]),
        action=item["action"],
        path=path,
        parent=parent,
        offering=offering,
        product=product.get("id") or "",
        specification=(product.get("productSpecification") or {}).get("id") or "",
        characteristics={c["name"]: c.get("value") for c in product.get("productCharacteristic") or ()},
        places=tuple(_place(place) for place in product.get("place") or ()),
        relies_on=tuple(
            relation["id"]
            for relation in item.get("productOrderItemRelationship") or ()
            if relation.get("relationshipType") == "reliesOn" and relation.get("id")
        ),
        children=tuple(str(child["id"]) for child in item.get("productOrderItem") or ()),
        status=product.get("status") or "",
        modify_mode=item.get("modifyMode") or "delta",
    )


def _place(place: Mapping[str, Any]) -> Place:
    return Place(id=str(place.get("id") or ""), role=place.get("role") or "installation")


def _check_references(lines: list[OrderLine]) -> None:
    seen: set[str] = set()
    for line in lines:
        if line.id in seen:
            raise invalid(line, "id", f"id {line.id!r} is used twice")
        seen.add(line.id)
        if line.action not in ACTIONS:
            raise invalid(line, "action", f"action must be one of {', '.join(ACTIONS)}, not {line.action!r}")
    for line in lines:
        for other in line.relies_on:
            if other not in seen:
                raise invalid(line, "productOrderItemRelationship", f"relies on item {other!r}, which is not in the order")


def invalid(line: OrderLine, attribute: str, what: str) -> Rejected:
    """The refusal of one item: names the item and the attribute."""
    path = f"{line.path}.{attribute}"
    sentence = f"Item {line.id}: {attribute} {what}." if not what.startswith(attribute) else f"Item {line.id}: {what}."
    return Rejected("invalid", sentence, (Reason("invalid", sentence, path),))


def customer_of(document: Mapping[str, Any], otherwise: str = "") -> str:
    """The customer: the first related party with role customer (any case), else the first, else `otherwise` (contract, "Over HTTP")."""
    parties = [party for party in document.get("relatedParty") or () if party.get("id")]
    for party in parties:
        if str(party.get("role", "")).lower() == "customer":
            return str(party["id"])
    return str(parties[0]["id"]) if parties else otherwise


def split_personal(document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The document without what says who the people are, and that part (kept apart so that it can be erased)."""
    order = {name: value for name, value in document.items() if name not in PERSONAL}
    return order, {name: document[name] for name in PERSONAL if name in document}
