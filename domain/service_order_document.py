"""A service order from outside as it arrived (TMF641 `ServiceOrder_Create`), read into lines that can be decided on.

The lines are those of a product order, with a service where that has a product: what is decided of both is the same.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.order_document import ACTIONS, LARGEST_ORDER, ONE, OrderLine, invalid, place_of
from domain.values import Rejected

ITEMS = "serviceOrderItem"
WAITS = ("dependency", "reliesOn")  # relationships that say that an item waits for another one


def read_service_lines(document: Mapping[str, Any]) -> tuple[OrderLine, ...]:
    """All items, nested ones after their parent. Raises Rejected when ids repeat, an item wants several services at once, or waits for one that is
    not there."""
    lines: list[OrderLine] = []
    todo = [("", f"{ITEMS}[{n}]", item) for n, item in enumerate(document[ITEMS])]
    todo.reverse()
    while todo:
        parent, path, item = todo.pop()
        lines.append(_line(parent, path, item))
        if item.get("quantity", ONE) != ONE:
            raise invalid(lines[-1], "quantity", f"must be {ONE}, not {item['quantity']}: each service is an item of its own")
        nested = item.get(ITEMS) or ()
        todo.extend((str(item["id"]), f"{path}.{ITEMS}[{n}]", nested[n]) for n in range(len(nested) - 1, -1, -1))
        if len(lines) > LARGEST_ORDER:
            raise Rejected("invalid", f"An order has at most {LARGEST_ORDER} items.")
    _check_references(lines)
    return tuple(lines)


def _line(parent: str, path: str, item: Mapping[str, Any]) -> OrderLine:
    service = item.get("service") or {}
    return OrderLine(
        id=str(item["id"]),
        action=item["action"],
        path=path,
        parent=parent,
        offering="",
        product=service.get("id") or "",
        specification=(service.get("serviceSpecification") or {}).get("id") or "",
        characteristics={each["name"]: each.get("value") for each in service.get("serviceCharacteristic") or ()},
        places=tuple(place_of(place) for place in service.get("place") or ()),
        relies_on=tuple(_waits_for(item)),
        children=tuple(str(child["id"]) for child in item.get(ITEMS) or ()),
        status=service.get("state") or "",
        modify_mode=item.get("modifyMode") or "delta",
        external=service.get("externalId") or "",
    )


def _waits_for(item: Mapping[str, Any]) -> Iterator[str]:
    """The items of this order that an item waits for. TMF641 demands `id` of a reference but defines `itemId`: either will do."""
    for relation in item.get("serviceOrderItemRelationship") or ():
        other = relation.get("orderItem") or {}
        id = other.get("itemId") or other.get("id")
        if relation.get("relationshipType") in WAITS and id:
            yield str(id)


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
                raise invalid(line, "serviceOrderItemRelationship", f"waits for item {other!r}, which is not in the order")
