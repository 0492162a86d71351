"""The fallout queue: every step that stopped and waited for a person, open ones and those that have been resolved."""

from domain.fallout import FalloutAssigned, FalloutNoted, FalloutRaised, FalloutRated, FalloutResolved
from domain.recorded import Recorded
from projections.references import present
from projections.view import Column, Document, View

OPEN, CLOSED = "open", "closed"


def keys(recorded: Recorded) -> tuple[str, ...]:
    return (f"{recorded.stream}.{recorded.event.number}",)


def evolve(document: Document | None, recorded: Recorded, key: str) -> Document | None:
    event = recorded.event
    if isinstance(event, FalloutRaised):
        return _opened(key, event, recorded)
    if document is None or document["state"] == CLOSED:
        return document
    match event:
        case FalloutNoted():
            note = {"text": event.note, "date": recorded.meta.time, "author": event.who.name}
            return {**document, "note": [*document.get("note", ()), note]}
        case FalloutAssigned():
            return {**document, "assignee": event.assignee, "group": event.group}
        case FalloutRated():
            return {**document, "severity": event.severity}
        case _:
            return _closed(document, event, recorded)


def _closed(document: Document, event: FalloutResolved, recorded: Recorded) -> Document:
    resolution = {"action": event.action, **present(who=event.who.name, reason=event.who.reason)}
    return {**document, "state": CLOSED, "resolvedAt": recorded.meta.time, "resolution": resolution}


def _opened(key: str, event: FalloutRaised, recorded: Recorded) -> Document:
    return {
        "id": key,
        "@type": "Fallout",
        "number": event.number,
        **present(type=event.type),
        "state": OPEN,
        "productOrder": order_item(recorded.meta.order, event.owner),
        **place_of(recorded.stream, event.item),
        "task": event.task,
        **present(targetSystem=event.target_system, specification=event.specification),
        "severity": event.severity,
        "assignee": "",
        "group": event.group,
        "reason": {"code": event.reason.code, "message": event.reason.message},
        "customer": recorded.meta.customer,
        **present(raisedBy=event.who.name if event.who is not None else ""),
        "raisedAt": recorded.meta.time,
        "dueAt": None,
    }


def order_item(order: str, item: str) -> Document:
    """The product order item that something waits for; only the order where it waits for several."""
    return {"id": order, "itemId": item} if item else {"id": order}


def place_of(stream: str, item: str) -> Document:
    """The order in which something waits: a service order and its item, or a work order."""
    if stream.startswith("wo-"):
        return {"workOrder": {"id": stream}}
    return {"serviceOrder": {"id": stream, "itemId": item}}


FALLOUTS = View(
    name="fallouts",
    generation=2,
    events=(FalloutRaised, FalloutResolved, FalloutNoted, FalloutAssigned, FalloutRated),
    keys=keys,
    evolve=evolve,
    columns=(
        Column("state", "state"),
        Column("product_order", "productOrder.id"),
        Column("task", "task"),
        Column("severity", "severity"),
        Column("target_system", "targetSystem"),
        Column("specification", "specification"),
        Column("reason", "reason.code"),
        Column("customer", "customer"),
        Column("raised_at", "raisedAt", "time"),
    ),
)
