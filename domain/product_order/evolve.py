"""How a product order changes with each event."""

from dataclasses import replace
from typing import assert_never

from domain.plan import Plan
from domain.product_order.events import (
    Event,
    PointOfNoReturnPassed,
    ProductOrderAcknowledged,
    ProductOrderCancellationAssessed,
    ProductOrderChangeRefused,
    ProductOrderDecomposed,
    ProductOrderInformationRequired,
    ProductOrderInformationSupplied,
    ProductOrderItemsChanged,
    ProductOrderItemsHeld,
    ProductOrderItemsReleased,
    ProductOrderJeopardyAssessed,
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
            return ProductOrder(event.customer, event.catalog, ACKNOWLEDGED, {}, {}, {}, "", frozenset(), {}, None, (), (), None)
        case ProductOrderRejected():
            return ProductOrder(event.customer, "", REJECTED, {}, {}, {}, "", frozenset(), {}, None, (), (), None)
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
        case ProductOrderInformationRequired() | ProductOrderInformationSupplied():
            return order
        case _:
            return _in_time(order, event)


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
        order.waiting,
        order.steps,
        order.held,
        order.jeopardy,
        None if state in TERMINAL else order.review,
    )


def _decomposed(order: ProductOrder, plan: Plan) -> ProductOrder:
    """The plan says which parts there are (bundles expand) and which have work of their own; a later plan adds to the first."""
    whole = plan if order.waiting is None else order.waiting.extended(plan)
    parts = _parts(whole)
    own = {id: order.own.get(id, ACKNOWLEDGED) for id in parts}
    numbers = {service.number for service in plan.services if service.number}
    return ProductOrder(
        order.customer,
        order.catalog,
        order.state,
        parts,
        own,
        shown_states(parts, own),
        order.cancelling,
        order.changes,
        order.passed,
        order.scheduled,
        (*order.service_orders, *sorted(numbers)),
        (*order.work_orders, *[visit.id for visit in plan.visits]),
        whole if any(item.missing for item in whole.items) else None,
        order.steps,
        order.held,
        order.jeopardy,
        order.review,
    )


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
            bool(item.services or item.detached or item.missing or item.id not in children),
            item.product,
            tuple([id for id in (*item.services, *item.detached) if id in worked]),
            tuple([id for id in item.detached if id not in worked]),
        )
        for item in plan.items
        if item.id in acting
    }
