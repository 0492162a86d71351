"""How a product order changes with each event."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, assert_never

from domain.order_document import READ_OF_ORDERS
from domain.plan import Plan
from domain.product_order import clearance
from domain.product_order.events import (
    Event,
    PointOfNoReturnPassed,
    ProductOrderAcknowledged,
    ProductOrderAmended,
    ProductOrderAmendmentFinished,
    ProductOrderApprovalRefused,
    ProductOrderApprovalRequired,
    ProductOrderApproved,
    ProductOrderCancellationAssessed,
    ProductOrderChangeRefused,
    ProductOrderDecomposed,
    ProductOrderDescribed,
    ProductOrderEnrichmentRequired,
    ProductOrderInformationRequired,
    ProductOrderInformationSupplied,
    ProductOrderItemsChanged,
    ProductOrderItemsHeld,
    ProductOrderItemsRefused,
    ProductOrderItemsReleased,
    ProductOrderJeopardyAssessed,
    ProductOrderMerged,
    ProductOrderMergedItemsEnded,
    ProductOrderQueued,
    ProductOrderRejected,
    ProductOrderReviewed,
    ProductOrderStarted,
    ProductOrderStartScheduled,
    ProductOrderStepReleased,
    ProductOrderStepScheduled,
)
from domain.product_order.state import Part, ProductOrder, shown_states
from domain.states import ACKNOWLEDGED, REJECTED, TERMINAL

Timed = (
    ProductOrderStartScheduled
    | ProductOrderStarted
    | ProductOrderStepScheduled
    | ProductOrderStepReleased
    | ProductOrderJeopardyAssessed
    | ProductOrderReviewed
)


def evolve(order: ProductOrder | None, event: Event) -> ProductOrder:
    """The order after `event`."""
    match event:
        case ProductOrderAcknowledged():
            about = {name: event.order[name] for name in READ_OF_ORDERS if name in event.order}
            return _begun(event.customer, event.catalog, ACKNOWLEDGED, tuple(event.order.get("productOrderItem", ())), about)
        case ProductOrderRejected():
            return _begun(event.customer, "", REJECTED)
        case _:
            assert order is not None, "a product order's history begins with ProductOrderAcknowledged or ProductOrderRejected"
    match event:
        case ProductOrderDecomposed():
            return _decomposed(order, event.plan)
        case ProductOrderItemsChanged():
            return _changed(order, event)
        case PointOfNoReturnPassed():
            return replace(order, passed={**order.passed, event.task: event.item})
        case ProductOrderCancellationAssessed():
            return _assessed(order, event)
        case ProductOrderChangeRefused():
            return replace(order, changes=order.changes | {event.change})
        case ProductOrderItemsHeld() | ProductOrderItemsReleased():
            return replace(order, held=_held(order, event))
        case ProductOrderAmended():
            return _amended(order, event)
        case ProductOrderAmendmentFinished():
            return replace(order, amending="", state=event.state or order.state)
        case ProductOrderInformationSupplied():
            return replace(order, documents=(*order.documents[:-1], _supplied(order.documents[-1], event.items)))
        case ProductOrderApproved() | ProductOrderApprovalRefused():
            return replace(order, plan=clearance.decided(order.plan, event) if order.plan is not None else None)
        case ProductOrderInformationRequired() | ProductOrderEnrichmentRequired() | ProductOrderApprovalRequired():
            return order
        case ProductOrderQueued() | ProductOrderItemsRefused() | ProductOrderDescribed():
            return order
        case ProductOrderMerged() | ProductOrderMergedItemsEnded():
            return order
        case _:
            return _in_time(order, event)


def _begun(
    customer: str, catalog: str, state: str, items: tuple[dict[str, Any], ...] = (), about: Mapping[str, Any] | None = None
) -> ProductOrder:
    none: dict[str, Any] = {}
    documents = (items,)
    return ProductOrder(
        customer, catalog, state, none, none, none, "", frozenset(), none, None, (), (), None, documents=documents, about=about or none
    )


def _assessed(order: ProductOrder, event: ProductOrderCancellationAssessed) -> ProductOrder:
    """What is being taken back is not looked at any more: it can be late no more."""
    known = replace(order, changes=order.changes | {event.cancel})
    return replace(known, state=event.state, cancelling=event.state, review=None) if event.accepted else known


def _in_time(order: ProductOrder, event: Timed) -> ProductOrder:
    """What the order waits for, and when it is expected to be done."""
    match event:
        case ProductOrderStartScheduled():
            return replace(order, scheduled=event.due)
        case ProductOrderStarted():
            return replace(order, scheduled=None)
        case ProductOrderStepScheduled():
            return replace(order, steps={**order.steps, event.node: event.due})
        case ProductOrderStepReleased():
            return replace(order, steps={node: due for node, due in order.steps.items() if node != event.node})
        case ProductOrderJeopardyAssessed():
            return replace(order, jeopardy=event, review=event.review)
        case ProductOrderReviewed():
            return replace(order, review=None)
        case _:
            assert_never(event)


def _held(order: ProductOrder, event: ProductOrderItemsHeld | ProductOrderItemsReleased) -> frozenset[str]:
    return order.held.union(event.items) if isinstance(event, ProductOrderItemsHeld) else order.held.difference(event.items)


def _changed(order: ProductOrder, event: ProductOrderItemsChanged) -> ProductOrder:
    own, parts = dict(order.own), order.parts
    own.update((id, state) for id, state in event.items.items() if not parts[id].children)
    own.update(event.own)
    state = event.state or order.state
    return ProductOrder(
        order.customer,
        order.catalog,
        state,
        parts,
        own,
        {**order.shown, **event.items},
        "" if state in TERMINAL else order.cancelling,
        order.changes,
        order.passed,
        order.scheduled,
        order.service_orders,
        order.work_orders,
        order.plan,
        order.steps,
        order.held,
        order.jeopardy,
        None if state in TERMINAL else order.review,
        order.documents,
        "" if state in TERMINAL else order.amending,
        order.about,
    )


def _decomposed(order: ProductOrder, plan: Plan) -> ProductOrder:
    """The plan says which parts there are (bundles expand) and which have work of their own; a later plan adds to the first."""
    whole = plan if order.plan is None else order.plan.extended(plan)
    removed = {id: part for id, part in order.parts.items() if part.removed}
    return _planned(order, whole, {**_parts(whole), **removed})


def _planned(order: ProductOrder, plan: Plan, parts: dict[str, Part]) -> ProductOrder:
    own = {id: order.own.get(id, ACKNOWLEDGED) for id in parts}
    numbers = {service.number for service in plan.services if service.number}
    visits = [visit.id for visit in plan.visits if visit.id not in order.work_orders]
    return replace(
        order,
        parts=parts,
        own=own,
        shown=shown_states(parts, own),
        service_orders=(*order.service_orders, *sorted(numbers.difference(order.service_orders))),
        work_orders=(*order.work_orders, *visits),
        plan=plan,
    )


def _amended(order: ProductOrder, event: ProductOrderAmended) -> ProductOrder:
    parts = _parts(event.plan)
    leaving = {id: part for id, part in order.parts.items() if id in event.removed or part.removed}
    parts.update({id: replace(part, parent=part.parent if part.parent in leaving else "", removed=True) for id, part in leaving.items()})
    return replace(
        _planned(order, event.plan, parts),
        documents=(*order.documents, event.items),
        changes=order.changes | {event.amendment},
        amending=event.amendment if event.is_under_way else "",
        state=event.state or order.state,
    )


def _supplied(items: Iterable[dict[str, Any]], supplied: Mapping[str, dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """The items as they read once information for some of them, or for what is nested in them, has come."""
    return tuple([_with_nested(supplied.get(str(item["id"]), item), supplied) for item in items])


def _with_nested(item: dict[str, Any], supplied: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    nested = item.get("productOrderItem")
    return {**item, "productOrderItem": list(_supplied(nested, supplied))} if nested else item


def _parts(plan: Plan) -> dict[str, Part]:
    acting = {item.id for item in plan.items if item.action != "noChange"}
    children: dict[str, list[str]] = {}
    for item in plan.items:
        if item.parent in acting and item.id in acting:
            children.setdefault(item.parent, []).append(item.id)
    worked = {service.id for service in plan.services if service.action != "noChange"}
    return {
        item.id: Part(
            item.parent if item.parent in acting else "",
            tuple(children.get(item.id, ())),
            bool(item.services or item.detached or item.waits or item.id not in children),
            item.product,
            tuple([id for id in (*item.services, *item.detached) if id in worked]),
            tuple([id for id in item.detached if id not in worked]),
        )
        for item in plan.items
        if item.id in acting
    }
