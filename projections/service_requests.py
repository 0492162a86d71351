"""Service orders from outside as TMF641 shows them: as they were sent, with the states they and their items have come to, and the service orders that
were made of them."""

from collections.abc import Mapping
from typing import Any

from domain.order_document import with_personal
from domain.plan import Plan, PlannedItem, service_order_id
from domain.product_order import (
    PointOfNoReturnPassed,
    ProductOrderAcknowledged,
    ProductOrderCancellationAssessed,
    ProductOrderDecomposed,
    ProductOrderItemsChanged,
    ProductOrderJeopardyAssessed,
    ProductOrderRejected,
)
from domain.recorded import Recorded
from domain.states import ACKNOWLEDGED, CANCELLED, COMPLETED, IN_PROGRESS, REJECTED, TERMINAL
from projections.jeopardy import with_jeopardy
from projections.references import href, present, resource
from projections.view import Document

EVENTS = (
    ProductOrderAcknowledged,
    ProductOrderRejected,
    ProductOrderDecomposed,
    ProductOrderItemsChanged,
    ProductOrderJeopardyAssessed,
    PointOfNoReturnPassed,
    ProductOrderCancellationAssessed,
)
ITEMS = "serviceOrderItem"

# What only the server says; a sender's values for these are ignored.
SERVER_SET = frozenset(
    {
        "id",
        "href",
        "orderDate",
        "state",
        "startDate",
        "completionDate",
        "expectedCompletionDate",
        "cancellationDate",
        "errorMessage",
        "jeopardyAlert",
    }
)


def evolve(document: Document | None, recorded: Recorded) -> Document | None:
    """The document after an event of its own stream."""
    event = recorded.event
    match event:
        case ProductOrderAcknowledged():
            return _begun(event, recorded, ACKNOWLEDGED)
        case ProductOrderRejected():
            errors = [
                {"@type": "ServiceOrderErrorMessage", **present(code=r.code, reason=r.message, message=r.message)} for r in event.reasons
            ]
            return {**_begun(event, recorded, REJECTED), "errorMessage": errors}
    if document is None:
        return None
    match event:
        case ProductOrderDecomposed():
            return _planned(document, recorded.stream, event.plan)
        case ProductOrderItemsChanged():
            return {**document, ITEMS: _moved(document[ITEMS], event.items), **_dates(document, event.state, event.at)}
        case PointOfNoReturnPassed():
            return {**document, "milestone": [*document.get("milestone", ()), milestone(recorded.stream, event)]}
        case ProductOrderJeopardyAssessed():
            return with_jeopardy(document, event, "ServiceOrder")
        case ProductOrderCancellationAssessed() if event.accepted:
            return {**document, "state": event.state, **present(cancellationReason=event.request.get("cancellationReason"))}
    return document


def _begun(event: ProductOrderAcknowledged | ProductOrderRejected, recorded: Recorded, state: str) -> Document:
    sent = {name: value for name, value in with_personal(event.order, event.personal).items() if name not in SERVER_SET}
    return {
        **resource("ServiceOrder", recorded.stream),
        **sent,
        **present(relatedParty=[{"@type": "RelatedParty", "@referredType": "Party", **party} for party in sent.get("relatedParty", ())]),
        "state": state,
        "orderDate": recorded.meta.time,
        ITEMS: [_item(item, state) for item in sent[ITEMS]],
    }


def _item(item: Document, state: str) -> Document:
    shown = {"@type": "ServiceOrderItem", **item, "state": state}
    return {**shown, ITEMS: [_item(each, state) for each in item[ITEMS]]} if item.get(ITEMS) else shown


def _planned(document: Document, order: str, plan: Plan) -> Document:
    """Items name the service that they are about, and the order names the service orders that it is carried out by."""
    by_id = {item.id: item for item in plan.items}
    numbers = dict.fromkeys(service.number for service in plan.services if service.number)
    made = [relation(service_order_id(order, number)) for number in numbers]
    relations = [*document.get("orderRelationship", ()), *made]
    return {**document, ITEMS: [_with_service(item, by_id) for item in document[ITEMS]], **present(orderRelationship=relations)}


def relation(order: str) -> Document:
    """A reference from one service order to another."""
    return {
        "id": order,
        "href": href("ServiceOrder", order),
        "relationshipType": "cross-ref",
        "@type": "ServiceOrderRelationship",
        "@referredType": "ServiceOrder",
    }


def _with_service(item: Document, by_id: Mapping[str, PlannedItem]) -> Document:
    planned = by_id[str(item["id"])]
    shown = {**item, "service": {**item["service"], **resource("Service", planned.product)}}
    if planned.action == "noChange":
        shown["state"] = COMPLETED  # nothing is to be done
    return {**shown, ITEMS: [_with_service(each, by_id) for each in item[ITEMS]]} if item.get(ITEMS) else shown


def _moved(items: list[Document], states: Mapping[str, str]) -> list[Document]:
    moved = []
    for item in items:
        shown = {**item, "state": states.get(str(item["id"]), item["state"])}
        moved.append({**shown, ITEMS: _moved(item[ITEMS], states)} if item.get(ITEMS) else shown)
    return moved


def _dates(document: Document, state: str, at: Any) -> Document:
    """What an order says once its state has changed; empty when it has not."""
    if not state:
        return {}
    if state == IN_PROGRESS and "startDate" not in document:
        return {"state": state, "startDate": at}
    if state not in TERMINAL:
        return {"state": state}
    return {"state": state, "cancellationDate" if state == CANCELLED else "completionDate": at}


def milestone(order: str, event: PointOfNoReturnPassed) -> Document:
    """The point after which an item cannot go back."""
    item = {
        "id": event.item,
        "itemId": event.item,
        "serviceOrderId": order,
        "@type": "ServiceOrderItemRef",
        "@referredType": "ServiceOrder",
    }
    return {
        "id": event.task,
        "@type": "ServiceOrderMilestone",
        "name": "pointOfNoReturn",
        "status": "passed",
        "milestoneDate": event.at,
        ITEMS: [item],
    }
