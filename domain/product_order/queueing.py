"""Items that wait for another order, because it is at work on what they need, or that have become part of it (domain-rules 2.8)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from domain.decider import Events, Facts, Need, World
from domain.decomposition import Order, decompose
from domain.decomposition.order import segment_of
from domain.order_document import read_lines
from domain.plan import Plan, PlannedItem
from domain.product_order import clearance
from domain.product_order.commands import PlanQueuedItems
from domain.product_order.events import (
    ProductOrderDecomposed,
    ProductOrderInformationRequired,
    ProductOrderItemsRefused,
    ProductOrderMergedItemsEnded,
    ProductOrderQueued,
)
from domain.product_order.state import ProductOrder
from domain.states import CANCELLED, COMPLETED, FAILED, TERMINAL
from domain.values import Rejected


def decomposed(plan: Plan, before: Plan | None = None) -> Iterator[Any]:
    """A plan, and what it makes known."""
    yield ProductOrderDecomposed(plan)
    yield from announced(plan, before)


def announced(plan: Plan, before: Plan | None) -> Iterator[Any]:
    """One event for each thing that the customer has to say, because TMF's event has room for one; what is asked of our own people; and who waits for
    whom, or does so no more."""
    for item in plan.items:
        if item.missing:
            yield from (ProductOrderInformationRequired(item.id, (path,)) for path in clearance.asked_of_customer(item))
            yield from clearance.required(item)
    waited = {item.id for item in before.items if item.behind and not item.merged} if before is not None else set[str]()
    if queued := {item.id: item.behind for item in plan.items if item.behind or item.id in waited}:
        yield ProductOrderQueued(queued)


def as_made(stream: str, order: ProductOrder, segment: str) -> Order:
    """What decomposition must know about an order that has been decomposed before."""
    return Order(stream, order.customer, "", max(order.service_orders, default=0), len(order.work_orders), segment)


def plan_queued(command: PlanQueuedItems, order: ProductOrder, world: World) -> Events | Need:
    """End the items that have become part of another order as they have ended there, and plan those that waited."""
    ended = ended_elsewhere(order, world)
    if isinstance(ended, Need):
        return ended
    told = (ProductOrderMergedItemsEnded(ended), ProductOrderQueued(dict.fromkeys(ended, ()))) if ended else ()
    planned = _plan_waiting(command, order, world)
    return planned if isinstance(planned, Need) else (*told, *planned)


def _plan_waiting(command: PlanQueuedItems, order: ProductOrder, world: World) -> Events | Need:
    """Decompose the items that waited; those that can no longer be done, now that the other order is over, fail together [choice]."""
    if order.plan is None or order.state in TERMINAL or order.cancelling:
        return ()
    document = document_of(order)
    made, earlier = as_made(command.stream, order, segment_of(document)), planned_so_far(order)
    waiting = [item for item in earlier.items if item.is_unplanned]
    queued = tuple([item.id for item in waiting if item.behind])
    if not queued:
        return ()
    try:
        plan = decompose(made, read_lines(document), order.catalog, world, earlier)
    except Rejected as refused:
        return (ProductOrderItemsRefused(queued, refused.reasons),)
    if isinstance(plan, Need):
        return plan
    if [replace(item, bought={}) for item in plan.items] == [replace(item, bought={}) for item in waiting]:
        return ()
    return tuple(decomposed(plan, earlier))


def document_of(order: ProductOrder) -> Mapping[str, Any]:
    """The order as it reads now, as far as it is decomposed."""
    return {**order.about, "productOrderItem": order.documents[-1]}


def planned_so_far(order: ProductOrder) -> Plan:
    """The plan, in which items that came to their end while they waited wait no more."""
    assert order.plan is not None, "an order that has been decomposed has a plan"
    ended = {id for id, state in order.own.items() if state in TERMINAL}
    items = [replace(item, missing=(), behind=()) if item.waits and item.id in ended else item for item in order.plan.items]
    return replace(order.plan, items=tuple(items))


# Items that have become part of another order ------------------------------------------------------------------------------------------
def ended_elsewhere(order: ProductOrder, world: World) -> dict[str, str] | Need:
    """The merged items that have come to their end in the other order, and the states that they end in."""
    facts, found = Facts(world.loaded), dict[str, str]()
    for item in order.merged.values():
        other: ProductOrder | None = facts.get(item.behind[0])
        state = _state_in(other, item, order.merged) if other is not None else ""
        if state in TERMINAL:
            found[item.id] = state
    return facts.need or found


def _state_in(other: ProductOrder, item: PlannedItem, merged: Mapping[str, PlannedItem]) -> str:
    """Who orders the end of what was about to be made has it when that is not made. An item that the other order does not know (the part of a bundle that
    nobody named) is what the one around it is."""
    around: PlannedItem | None = item
    while around is not None and around.merged not in other.shown:
        around = merged.get(around.parent)
    state = other.shown[around.merged] if around is not None else CANCELLED if other.state in TERMINAL else ""
    theirs = other.parts[around.merged] if around is not None else None
    is_taken_out = item.action == "delete" and theirs is not None and theirs.product == item.product and theirs.removed
    if is_taken_out:
        return {CANCELLED: COMPLETED, COMPLETED: FAILED}.get(state, state)
    return state if state in TERMINAL or other.state not in TERMINAL else CANCELLED
