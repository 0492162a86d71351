"""Product orders as TMF622 shows them: the order as it was sent, with the states it and its items have come to."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from domain.order_document import amended_items, by_id, described, with_personal
from domain.plan import PlannedItem
from domain.product_order import (
    ProductOrderAcknowledged,
    ProductOrderAmended,
    ProductOrderAmendmentFinished,
    ProductOrderApprovalRefused,
    ProductOrderCancellationAssessed,
    ProductOrderDecomposed,
    ProductOrderDescribed,
    ProductOrderInformationSupplied,
    ProductOrderItemsChanged,
    ProductOrderJeopardyAssessed,
    ProductOrderMerged,
    ProductOrderRejected,
)
from domain.recorded import Recorded
from domain.states import ACKNOWLEDGED, CANCELLED, COMPLETED, PENDING, REJECTED, TERMINAL
from projections.jeopardy import with_jeopardy
from projections.references import characteristics, places, present, reference, resource
from projections.view import Column, Document, View

# What only the server says; a sender's values for these are ignored.
SERVER_SET = frozenset(
    {
        "id",
        "href",
        "orderDate",
        "state",
        "completionDate",
        "expectedCompletionDate",
        "cancellationDate",
        "version",
        "subState",
        "productOrderErrorMessage",
        "productOrderJeopardyAlert",
    }
)

EVENTS = (
    ProductOrderAcknowledged,
    ProductOrderApprovalRefused,
    ProductOrderRejected,
    ProductOrderDecomposed,
    ProductOrderInformationSupplied,
    ProductOrderDescribed,
    ProductOrderItemsChanged,
    ProductOrderJeopardyAssessed,
    ProductOrderCancellationAssessed,
    ProductOrderMerged,
    ProductOrderAmended,
    ProductOrderAmendmentFinished,
)


def keys(recorded: Recorded) -> tuple[str, ...]:
    return (recorded.stream,) if recorded.stream.startswith("po-") else ()  # service orders from outside have the same events


def evolve(document: Document | None, recorded: Recorded, key: str) -> Document | None:
    event = recorded.event
    match event:
        case ProductOrderAcknowledged():
            return _begun(event, recorded, ACKNOWLEDGED)
        case ProductOrderRejected():
            errors = [{"@type": "ProductOrderErrorMessage", **present(code=r.code, message=r.message, path=r.path)} for r in event.reasons]
            return {**_begun(event, recorded, REJECTED), "productOrderErrorMessage": errors}
    if document is None:
        return None
    match event:
        case ProductOrderDecomposed():
            return {**document, "productOrderItem": _planned(document["productOrderItem"], event.plan.items)}
        case ProductOrderApprovalRefused():
            return _with_error(document, event)
        case ProductOrderInformationSupplied():
            states = dict(_states(document["productOrderItem"]))
            items = [_supplied(item, event.items, states) for item in document["productOrderItem"]]
            return _with_ours(_people(with_personal({**document, "productOrderItem": items}, event.personal)), document)
        case ProductOrderDescribed():
            return _with_ours(described(document, event.order, event.personal, event.unsaid), document)
        case ProductOrderItemsChanged():
            items = _without_removed(_moved(document["productOrderItem"], event.items))
            return _in_state({**document, "productOrderItem": items}, event.state, event.at)
        case ProductOrderJeopardyAssessed():
            return with_jeopardy(document, event, "ProductOrder")
        case ProductOrderMerged():
            return _noted(document, _part_of(event), recorded.meta.time)
        case ProductOrderAmended():
            amended = _amended(document, event)
            return _noted(amended, f"Order {event.merges} has become part of this one.", recorded.meta.time) if event.merges else amended
        case ProductOrderAmendmentFinished():
            return _in_state(_without_sub_state(document), event.state, event.at)
        case ProductOrderCancellationAssessed() if event.accepted:
            reason = present(cancellationReason=event.request.get("cancellationReason"))
            return {**_without_sub_state(document), "state": event.state, **reason}
    return document


def _with_error(document: Document, event: ProductOrderApprovalRefused) -> Document:
    """Why an item was cancelled that nobody has cancelled."""
    message = f"Item {event.item} was not approved by {event.role}{': ' if event.who.reason else '.'}{event.who.reason}"
    error = {"@type": "ProductOrderErrorMessage", "code": "not-approved", "message": message, "path": f"productOrderItem[{event.item}]"}
    return {**document, "productOrderErrorMessage": [*document.get("productOrderErrorMessage", ()), error]}


OURS = "crossconnect"  # the author of notes that nobody has sent


def _part_of(event: ProductOrderMerged) -> str:
    there = [f"item {id} is item {other} of it" for id, other in event.items.items()]
    return f"This has become part of order {event.order}: {', '.join(there)}."


def _noted(document: Document, text: str, at: datetime) -> Document:
    """TMF622 has no relationship between orders: each of the two says in a note which the other one is [choice]."""
    note = {"@type": "Note", "author": OURS, "date": at, "text": text}
    return {**document, "note": [*document.get("note", ()), note]}


def _with_ours(described: Document, before: Document) -> Document:
    """Who changes the notes of an order does not change ours."""
    ours = [note for note in before.get("note", ()) if note.get("author") == OURS]
    theirs = [note for note in described.get("note", ()) if note.get("author") != OURS]
    return {**described, "note": [*theirs, *ours]} if ours else described


def _begun(event: ProductOrderAcknowledged | ProductOrderRejected, recorded: Recorded, state: str) -> Document:
    sent = {name: value for name, value in with_personal(event.order, event.personal).items() if name not in SERVER_SET}
    return {
        **resource("ProductOrder", recorded.stream),
        **_people(sent),
        "state": state,
        "orderDate": recorded.meta.time,
        "version": 1,
        "productOrderItem": [_item(item, state) for item in sent["productOrderItem"]],
    }


def _people(sent: Mapping[str, Any]) -> Document:
    """Senders may leave out of what type a party is; TMF622 demands it of those who answer."""
    if "relatedParty" not in sent:
        return dict(sent)
    return {**sent, "relatedParty": [{"@type": "RelatedParty", "@referredType": "Party", **party} for party in sent["relatedParty"]]}


def _item(item: Document, state: str) -> Document:
    shown = {"@type": "ProductOrderItem", **item, "state": state}
    if "relatedParty" in item.get("product", ()):
        shown["product"] = _people(item["product"])
    if nested := item.get("productOrderItem"):
        shown["productOrderItem"] = [_item(each, state) for each in nested]
    return shown


# Amendments ---------------------------------------------------------------------------------------------------------------------------
AMENDING = "amending"


def _amended(document: Document, event: ProductOrderAmended) -> Document:
    """The order as it reads now. What it had before keeps its state; what is taken out stays to be seen until it is taken back."""
    before = by_id(document["productOrderItem"])
    states = {**dict(_states(document["productOrderItem"])), **event.shown}
    items = [_item_now(item, states) for item in amended_items(event.items, event.personal, before)]
    items = _parts_in_full(_planned(items, event.plan.items), {item.id: item for item in event.plan.items})
    for id in event.removed:
        parent = next((str(each["id"]) for each in before.values() if id in _ids(each.get("productOrderItem", ()))), "")
        if id in before and parent not in event.removed:
            items = _with_removed(items, parent, {**before[id], "state": states[id], "removedBy": event.amendment})
    shown = {**document, "productOrderItem": items, "version": event.version, **({"subState": AMENDING} if event.is_under_way else {})}
    return _in_state(shown, event.state, event.at)


def _item_now(item: Document, states: Mapping[str, str]) -> Document:
    shown = {"@type": "ProductOrderItem", **item, "state": states.get(str(item["id"]), ACKNOWLEDGED)}
    if "relatedParty" in item.get("product", ()):
        shown["product"] = _people(item["product"])
    if nested := item.get("productOrderItem"):
        shown["productOrderItem"] = [_item_now(each, states) for each in nested]
    return shown


def _parts_in_full(items: list[Document], planned: Mapping[str, PlannedItem]) -> list[Document]:
    """Parts of bundles show all that they are, as they did before they were named."""
    full = []
    for item in items:
        plan = planned.get(str(item["id"]))
        if plan is not None and plan.parent and plan.action == "add" and not plan.missing:
            item = {
                **item,
                "product": {**_expanded(plan)["product"], **item["product"], **present(productCharacteristic=characteristics(plan.values))},
            }
        if nested := item.get("productOrderItem"):
            item = {**item, "productOrderItem": _parts_in_full(nested, planned)}
        full.append(item)
    return full


def _ids(items: Iterable[Document]) -> list[str]:
    return [str(item["id"]) for item in items]


def _with_removed(items: list[Document], parent: str, removed: Document) -> list[Document]:
    if not parent:
        return [*items, removed]
    shown = []
    for item in items:
        nested = item.get("productOrderItem", [])
        nested = [*nested, removed] if str(item["id"]) == parent else _with_removed(nested, parent, removed) if nested else nested
        shown.append({**item, "productOrderItem": nested} if nested else item)
    return shown


def _without_removed(items: list[Document]) -> list[Document]:
    """What was taken out and has been taken back is no longer part of the order."""
    if not any("removedBy" in item or "productOrderItem" in item for item in items):
        return items
    kept = []
    for item in items:
        if "removedBy" in item and item["state"] in TERMINAL:
            continue
        nested = _without_removed(item.get("productOrderItem", []))
        kept.append(
            {**item, "productOrderItem": nested} if nested else {name: each for name, each in item.items() if name != "productOrderItem"}
        )
    return kept


def _without_sub_state(document: Document) -> Document:
    return {name: value for name, value in document.items() if name != "subState"}


# What the plan says -------------------------------------------------------------------------------------------------------------------
def _planned(items: list[Document], planned: tuple[PlannedItem, ...]) -> list[Document]:
    """Items name the product that they make, and bundles show what they were expanded to."""
    by_id = {item.id: item for item in planned}
    nested: dict[str, list[PlannedItem]] = {}
    for item in planned:
        nested.setdefault(item.parent, []).append(item)
    return [_with_product(item, by_id, nested) for item in items]


def _with_product(item: Document, by_id: Mapping[str, PlannedItem], nested: Mapping[str, list[PlannedItem]]) -> Document:
    id = str(item["id"])
    planned = by_id.get(id)
    if planned is None:
        return item
    shown = {**item, "product": {**item.get("product", {}), **_product(planned)}}
    if planned.action == "noChange":
        shown["state"] = COMPLETED  # nothing is to be done
    children = list(item.get("productOrderItem", ()))
    listed = {str(child["id"]) for child in children}
    children.extend(_expanded(each) for each in nested.get(id, ()) if each.id not in listed)
    if children:
        shown["productOrderItem"] = [_with_product(child, by_id, nested) for child in children]
    return shown


def _product(planned: PlannedItem) -> Document:
    return {} if planned.waits or not planned.product else resource("Product", planned.product)


def _expanded(planned: PlannedItem) -> Document:
    """An item that the catalog added to a bundle."""
    specification = {"productSpecification": reference("ProductSpecification", planned.specification)} if planned.specification else {}
    product = present(productCharacteristic=characteristics(planned.values), place=places(planned.places))
    return {
        "id": planned.id,
        "@type": "ProductOrderItem",
        "action": planned.action,
        "state": ACKNOWLEDGED,
        "productOffering": reference("ProductOffering", planned.offering),
        "product": {**product, **specification},
    }


def _states(items: Iterable[Document]) -> Iterator[tuple[str, str]]:
    for item in items:
        yield str(item["id"]), item["state"]
        yield from _states(item.get("productOrderItem", ()))


def _supplied(item: Document, supplied: Mapping[str, Document], states: Mapping[str, str]) -> Document:
    """The item as it reads now, where information for it or what is nested in it has come; states stay as they were."""
    now = supplied.get(str(item["id"]), item)
    shown = {"@type": "ProductOrderItem", **now, "state": states.get(str(item["id"]), PENDING)}
    if nested := now.get("productOrderItem"):
        shown["productOrderItem"] = [_supplied(each, supplied, states) for each in nested]
    return shown


def _moved(items: list[Document], states: Mapping[str, str]) -> list[Document]:
    moved = []
    for item in items:
        state = states.get(str(item["id"]))
        shown = item if state is None else {**item, "state": state}
        if nested := item.get("productOrderItem"):
            shown = {**shown, "productOrderItem": _moved(nested, states)}
        moved.append(shown)
    return moved


def _in_state(document: Document, state: str, at: Any) -> Document:
    """The order once its state has changed; as it is when it has not."""
    if not state:
        return document
    if state not in TERMINAL:
        return {**document, "state": state}
    return {**_without_sub_state(document), "state": state, "cancellationDate" if state == CANCELLED else "completionDate": at}


PRODUCT_ORDERS = View(
    name="product_orders",
    generation=3,
    events=EVENTS,
    keys=keys,
    evolve=evolve,
    columns=(
        Column("state", "state"),
        Column("customer", "relatedParty.id"),
        Column("external_id", "externalId"),
        Column("order_date", "orderDate", "time"),
    ),
)
