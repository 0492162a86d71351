"""The customer's order as it arrived (TMF622 `ProductOrder_Create`), read into lines that can be decided on.

The document itself is kept as sent, unknown attributes included; this is the reading of the attributes that matter here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any

from domain.record import record
from domain.values import Place, Reason, Rejected

ACTIONS = ("add", "modify", "delete", "noChange")
PERSONAL = ("relatedParty", "note", "notificationContact")
# What is said of an order that nothing is decided by: it may be said otherwise at any time.
DESCRIPTIVE = frozenset({"category", "channel", "description", "note", "notificationContact", "priority"})
REFERENCE = frozenset({"id", "href", "role", "@type", "@baseType", "@referredType", "@schemaLocation"})
LARGEST_ORDER = 20_000  # items
READ_OF_ORDERS = ("billingAccount", "category")  # what decomposition reads of an order besides its items
ONE = 1  # quantity of an item: a product has an id, a state and a life of its own


@record
class OrderLine:
    """One product order item. `path` is where it stands in the document, for messages; `parent` the id of the item it is nested in; `account` the billing
    account of the item, else of its product, else of the order; `external` what the sender calls the product or service that it orders;
    `bought` the prices and the account as the line says them."""

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
    term: tuple[dict[str, Any], ...] = ()
    account: str = ""
    external: str = ""
    bought: dict[str, Any] = field(default_factory=dict)


def read_lines(document: Mapping[str, Any]) -> tuple[OrderLine, ...]:
    """All items, nested ones after their parent. Raises Rejected when ids repeat, an item wants several products at once,
    or relies on one that is not there."""
    lines: list[OrderLine] = []
    todo = [("", f"productOrderItem[{n}]", item) for n, item in enumerate(document["productOrderItem"])]
    todo.reverse()
    account = _id_of(document.get("billingAccount"))
    while todo:
        parent, path, item = todo.pop()
        lines.append(_line(parent, path, item, account))
        if item.get("quantity", ONE) != ONE:
            raise invalid(lines[-1], "quantity", f"must be {ONE}, not {item['quantity']}: each product is an item of its own")
        if nested := item.get("productOrderItem"):
            todo.extend((str(item["id"]), f"{path}.productOrderItem[{n}]", nested[n]) for n in range(len(nested) - 1, -1, -1))
        if len(lines) > LARGEST_ORDER:
            raise Rejected("invalid", f"An order has at most {LARGEST_ORDER} items.")
    _check_references(lines)
    return tuple(lines)


def document_items(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The items of a document by id, nested ones included, as events hold them: without what `split_personal` keeps apart."""
    found: dict[str, dict[str, Any]] = {}
    todo = list(split_personal(document)[0]["productOrderItem"])
    while todo:
        item = todo.pop()
        found[str(item["id"])] = item
        todo.extend(item.get("productOrderItem") or ())
    return found


def with_items(document: Mapping[str, Any], items: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The document with these items, nested ones too, as they read now."""
    return {**document, "productOrderItem": [_as_now(item, items) for item in document["productOrderItem"]]}


def _as_now(item: dict[str, Any], items: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    item = items.get(str(item["id"]), item)
    return with_items(item, items) if "productOrderItem" in item else item


def _line(parent: str, path: str, item: Mapping[str, Any], account: str) -> OrderLine:
    product = item.get("product") or {}
    offering = (item.get("productOffering") or product.get("productOffering") or {}).get("id") or ""
    account = _account(item, product) or account
    return OrderLine(
        id=str(item["id"]),
        action=item["action"],
        path=path,
        parent=parent,
        offering=offering,
        product=product.get("id") or "",
        specification=(product.get("productSpecification") or {}).get("id") or "",
        characteristics={c["name"]: c.get("value") for c in product.get("productCharacteristic") or ()},
        places=tuple([place_of(place) for place in product.get("place") or ()]),
        relies_on=tuple(
            [
                relation["id"]
                for relation in item.get("productOrderItemRelationship") or ()
                if relation.get("relationshipType") == "reliesOn" and relation.get("id")
            ]
        ),
        children=tuple([str(child["id"]) for child in item.get("productOrderItem") or ()]),
        status=product.get("status") or "",
        modify_mode=item.get("modifyMode") or "delta",
        external=product.get("externalId") or "",
        term=tuple(product.get("productTerm") or ()),
        account=account,
        bought=_bought(item, product, account),
    )


def _account(item: Mapping[str, Any], product: Mapping[str, Any]) -> str:
    own = _id_of(item["billingAccount"]) if "billingAccount" in item else ""
    return own or (_id_of(product["billingAccount"]) if "billingAccount" in product else "")


def _bought(item: Mapping[str, Any], product: Mapping[str, Any], account: str) -> dict[str, Any]:
    """What the line says of prices, and who pays."""
    said = {
        "itemPrice": item.get("itemPrice") or product.get("productPrice"),
        "itemTotalPrice": item.get("itemTotalPrice"),
        "billingAccount": account,
    }
    return {name: value for name, value in said.items() if value}


def _id_of(reference: Any) -> str:
    """The id of a reference; of the first one where TMF lets several stand."""
    first = reference[0] if isinstance(reference, list | tuple) and reference else reference
    return str(first.get("id") or "") if isinstance(first, Mapping) else ""


def place_of(place: Mapping[str, Any]) -> Place:
    """A place as an order names it."""
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


# People -------------------------------------------------------------------------------------------------------------------------------
def split_personal(document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The document without what says who the people are and where they live, and that part, kept apart so that it can be erased. What was within an
    item stands in the same place of the part; the item keeps a reference to who or what it was."""
    order, personal = _split(document, _OF_ORDERS)
    return dict(order), personal


def with_personal(order: Mapping[str, Any], personal: Mapping[str, Any]) -> dict[str, Any]:
    """The document as it was before it was split."""
    items = "productOrderItem" if "productOrderItem" in order else "serviceOrderItem"
    return {**order, **personal, items: _joined(order[items], personal.get(items, []))}


def described(document: Mapping[str, Any], order: Mapping[str, Any], personal: Mapping[str, Any], unsaid: Iterable[str]) -> dict[str, Any]:
    """The document with what is said of it now, and without what is unsaid."""
    gone = frozenset(unsaid)
    return {**{name: value for name, value in document.items() if name not in gone}, **order, **personal}


def _joined(kept: Any, apart: Any) -> Any:
    if isinstance(kept, dict) and isinstance(apart, dict):
        return {**kept, **{name: _joined(kept[name], each) if name in kept else each for name, each in apart.items()}}
    if isinstance(kept, list) and isinstance(apart, list):  # items that were added since come last
        return [*map(_joined, kept, apart), *kept[len(apart) :]]
    return apart or kept


def still_with_personal(item: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """An item or product that reads otherwise now, with what was known before of the people and places that it still names; what is nested in it is left
    as it is."""
    known = dict(item)
    for name, value in before.items():
        rule = _OF_ITEMS.get(name)
        if rule is _all:
            known.setdefault(name, value)
        elif rule is _all_but_references and name in item and _references(item[name]) == _references(value):
            known[name] = value
        elif rule is _within and isinstance(value, dict) and isinstance(item.get(name), dict):
            known[name] = still_with_personal(item[name], value)
    return known


def _references(values: Any) -> list[Any]:
    return (
        [(each.get("id"), each.get("role")) if isinstance(each, dict) else each for each in values]
        if isinstance(values, list)
        else [values]
    )


def amended_items(
    items: Iterable[Mapping[str, Any]], personal: Mapping[str, Any], before: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The items of an amended order with what is personal in them: what the amendment said, else what was known `before`, by item."""
    made = []
    for item in items:
        id = str(item["id"])
        known = still_with_personal(item, before.get(id, {}))
        said = _with_said(known, personal.get(id, {}))
        nested = item.get("productOrderItem")
        made.append({**said, "productOrderItem": amended_items(nested, personal, before)} if nested else said)
    return made


def _with_said(known: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """The item with what is said of people now; lists of theirs as `split_personal` keeps them apart."""
    return {**known, **{name: _joined(known[name], each) if name in known else each for name, each in said.items()}}


def by_id(items: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Items by id, nested ones included."""
    found: dict[str, Mapping[str, Any]] = {}
    todo = list(items)
    while todo:
        item = todo.pop()
        found[str(item["id"])] = item
        todo.extend(item.get("productOrderItem") or ())
    return found


# What stays of a value and what is personal in it, empty when nothing is.
Split = Callable[[Any], tuple[Any, Any]]
GONE = object()


def _split(document: Mapping[str, Any], rules: Mapping[str, Split]) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """What has nothing personal in it stays the same object."""
    kept: dict[str, Any] = {}
    personal: dict[str, Any] = {}
    for name, value in document.items():
        if name in rules and value:
            stays, apart = rules[name](value)
            if apart:
                kept[name], personal[name] = stays, apart
    if not personal:
        return document, personal
    return {name: kept.get(name, value) for name, value in document.items() if kept.get(name) is not GONE}, personal


def _all(value: Any) -> tuple[Any, Any]:
    return GONE, value


def _all_but_references(values: Any) -> tuple[Any, Any]:
    """Where nobody has checked what it is, it may be anything."""
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        return GONE, values
    apart = [{name: each for name, each in value.items() if name not in REFERENCE} for value in values]
    if not any(apart):
        return values, []
    return [{name: each for name, each in value.items() if name in REFERENCE} for value in values], apart


def _within(value: Any) -> tuple[Any, Any]:
    """An item, a product, or several; several have their personal parts in their order."""
    if isinstance(value, dict):
        return _split(value, _OF_ITEMS)
    if not isinstance(value, list):
        return value, {}
    pairs = [_within(each) for each in value]
    apart = [apart for _, apart in pairs]
    return ([kept for kept, _ in pairs], apart) if any(apart) else (value, [])


_OF_ORDERS: Mapping[str, Split] = {**dict.fromkeys(PERSONAL, _all), "productOrderItem": _within, "serviceOrderItem": _within}
_OF_ITEMS: Mapping[str, Split] = {
    "note": _all,
    "relatedParty": _all_but_references,
    "place": _all_but_references,
    "product": _within,
    "productOrderItem": _within,
    "service": _within,
    "serviceOrderItem": _within,
    "productRelationship": _within,
}
