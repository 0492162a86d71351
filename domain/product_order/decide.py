"""What a product order decides on each command."""

from collections.abc import Iterator, Mapping
from typing import Any, assert_never

from domain.decider import Events, Facts, Need, World
from domain.decomposition import Order, decompose
from domain.decomposition.order import segment_of
from domain.decomposition.service_items import decompose_services
from domain.order_document import document_items, read_lines, split_personal
from domain.plan import Plan
from domain.product import Product
from domain.product_order.commands import (
    CancelProductOrder,
    Command,
    HoldItems,
    PassPointOfNoReturn,
    RefuseChange,
    RejectProductOrder,
    ReleaseItems,
    ReleaseStep,
    ReportItems,
    ReportJeopardy,
    ReviewProductOrder,
    ScheduleStep,
    StartProductOrder,
    SubmitProductOrder,
    SubmitServiceOrder,
    SupplyInformation,
)
from domain.product_order.events import (
    PointOfNoReturnPassed,
    ProductOrderAcknowledged,
    ProductOrderCancellationAssessed,
    ProductOrderChangeRefused,
    ProductOrderDecomposed,
    ProductOrderInformationRequired,
    ProductOrderInformationSupplied,
    ProductOrderItemsChanged,
    ProductOrderRejected,
    ProductOrderStartScheduled,
)
from domain.product_order.holding import hold, let_go, release
from domain.product_order.in_time import in_time
from domain.product_order.state import Part, ProductOrder, order_state, shown_changes
from domain.service import Service
from domain.service_order_document import read_service_lines
from domain.states import COMPLETED, PARTIAL, PENDING_CANCELLATION, TERMINAL
from domain.values import Reason, Rejected


def decide(command: Command, order: ProductOrder | None, world: World) -> Events | Need:
    """The events that follow from `command`. Raises Rejected."""
    if isinstance(command, SubmitProductOrder | SubmitServiceOrder):
        return () if order is not None else _submit(command, world)
    if isinstance(command, RejectProductOrder):
        return () if order is not None else (_rejected(command, command.reasons),)
    if order is None:
        raise Rejected("unknown", f"There is no {'service' if command.stream.startswith('sr-') else 'product'} order {command.stream}.")
    match command:
        case ReportItems():
            return _report(command, order, world)
        case CancelProductOrder():
            return () if command.cancel in order.changes else _assess_cancel(command, order, world)
        case SupplyInformation():
            return _supply(command, order, world)
        case StartProductOrder() | ScheduleStep() | ReleaseStep() | ReviewProductOrder() | ReportJeopardy():
            return in_time(command, order, world)
        case PassPointOfNoReturn():
            return () if command.task in order.passed else (PointOfNoReturnPassed(command.task, command.item, world.now),)
        case RefuseChange():
            refused = ProductOrderChangeRefused(command.change, command.kind, command.reasons)
            return () if command.change in order.changes else (refused,)
        case HoldItems():
            return hold(command, order)
        case ReleaseItems():
            return release(command, order)
        case _:
            assert_never(command)


def _submit(command: SubmitProductOrder | SubmitServiceOrder, world: World) -> Events | Need:
    try:
        plan = _planned(command, world)
    except Rejected as refused:
        if not command.keep_refusal:
            raise
        return (_rejected(command, refused.reasons),)
    if isinstance(plan, Need):
        return plan
    document, personal = split_personal(command.document)
    start = command.requested_start
    scheduled = (ProductOrderStartScheduled(start),) if start is not None and start > world.now else ()
    acknowledged = ProductOrderAcknowledged(
        command.customer,
        command.requester,
        world.current,
        document,
        personal,
        start,
        command.requested_completion,
    )
    return (acknowledged, *scheduled, ProductOrderDecomposed(plan), *_required(plan))


def _planned(command: SubmitProductOrder | SubmitServiceOrder, world: World) -> Plan | Need:
    order = Order(command.stream, command.customer, segment=segment_of(command.document))
    if isinstance(command, SubmitServiceOrder):
        return decompose_services(order, read_service_lines(command.document), world)
    return decompose(order, read_lines(command.document), "", world)


def _rejected(command: SubmitProductOrder | SubmitServiceOrder | RejectProductOrder, reasons: tuple[Reason, ...]) -> ProductOrderRejected:
    return ProductOrderRejected(command.customer, command.requester, *split_personal(command.document), reasons)


def _required(plan: Plan) -> Iterator[ProductOrderInformationRequired]:
    """One event for each thing that is missing, because TMF's event has room for one."""
    return (ProductOrderInformationRequired(item.id, (path,)) for item in plan.items for path in item.missing)


def _supply(command: SupplyInformation, order: ProductOrder, world: World) -> Events | Need:
    """Decompose the items that waited; all else must read as before (contract: items that lack something are pending until it is supplied)."""
    if order.waiting is None or order.state in TERMINAL or order.cancelling:
        raise Rejected("conflict", f"Order {command.stream} waits for no information: its items can only be changed by an amendment.")
    decided = {item.id for item in order.waiting.items if not item.missing}
    for id in sorted(command.changed & decided):
        raise Rejected("conflict", f"Item {id} has been decided on: it can only be changed by an amendment.")
    segment = segment_of(command.document)
    made = Order(command.stream, order.customer, "", max(order.service_orders, default=0), len(order.work_orders), segment)
    plan = decompose(made, read_lines(command.document), order.catalog, world, order.waiting)
    if isinstance(plan, Need):
        return plan
    if plan.items == tuple([item for item in order.waiting.items if item.missing]):
        if command.changed:
            raise Rejected(
                "conflict", f"Nothing of this is what item {min(command.changed)} waits for: all else can only be changed by an amendment."
            )
        return ()
    documents, (_, personal) = document_items(command.document), split_personal(command.document)
    changed = {item.id: documents[item.id] for item in plan.items if item.id in documents}
    return (ProductOrderInformationSupplied(changed, personal), ProductOrderDecomposed(plan), *_required(plan))


# Cancel -------------------------------------------------------------------------------------------------------------------------------
def _assess_cancel(command: CancelProductOrder, order: ProductOrder, world: World) -> Events | Need:
    """A cancel reaches the items that are not at their end, or all (domain-rules 5.5); behind a point of no return it is refused."""
    if order.state in TERMINAL and not (command.include_completed and order.state in (COMPLETED, PARTIAL)):
        raise Rejected("conflict", f"Order {command.stream} is {order.state} and cannot be cancelled.")
    if order.cancelling:
        raise Rejected("conflict", f"Order {command.stream} is being cancelled already.")
    ended = TERMINAL - {COMPLETED} if command.include_completed else TERMINAL
    items = tuple([item for item in order.parts if order.own[item] not in ended])
    if not items:
        raise Rejected("conflict", f"Nothing of order {command.stream} can be cancelled.")
    facts = Facts(world.loaded)
    completed = [order.parts[item] for item in items if order.own[item] == COMPLETED]
    reasons = (*_past_return(order, items), *(reason for part in completed for reason in _built_upon(command.stream, part, facts)))
    if facts.need is not None:
        return facts.need
    return (
        ProductOrderCancellationAssessed(
            command.cancel,
            not reasons,
            command.include_completed,
            items,
            reasons,
            dict(command.request),
            "" if reasons else PENDING_CANCELLATION,
            world.now,
        ),
        *(() if reasons else let_go(order, items, "cancelled")),
    )


def _past_return(order: ProductOrder, items: tuple[str, ...]) -> Iterator[Reason]:
    for task, item in order.passed.items():
        if item in items:
            yield Reason("point-of-no-return", f"Item {item} has passed its point of no return with task {task}.")


def _built_upon(order: str, part: Part, facts: Facts) -> Iterator[Reason]:
    """Why what an order completed can no longer be undone: later orders have changed it."""
    product: Product | None = facts.get(part.product) if not part.product.startswith("svc-") else None
    if product is not None and product.pending not in ("", order):
        yield Reason("changed-since", f"Product {part.product} is being changed by order {product.pending}.")
    elif product is not None and product.last_order != order:
        yield Reason("changed-since", f"Product {part.product} has been changed since, by {product.last_order}.")
    for id in part.services:
        service: Service | None = facts.get(id)
        if service is not None and (service.pending not in ("", order) or service.last_order != order):
            yield Reason("changed-since", f"Service {id} has been changed since, by {service.pending or service.last_order}.")
        for holder in service.holders if service is not None else ():
            other: Product | None = facts.get(holder)
            if other is not None and other.pending not in ("", order):
                yield Reason("changed-since", f"Service {id} is used by order {other.pending}, which is not finished.")
    for id in part.detached:
        service = facts.get(id)
        if service is not None and not (service.is_live and service.pending in ("", order)):
            yield Reason("changed-since", f"Service {id}, which product {part.product} needs, is no longer there to return to.")


# Roll-up ------------------------------------------------------------------------------------------------------------------------------
def _report(command: ReportItems, order: ProductOrder, world: World) -> Events:
    own = {**order.own, **command.items}
    changed = shown_changes(order, own, command.items)
    nested = _nested_changes(order, command.items)
    state = order_state(order.parts, own, order.cancelling)
    if not changed and not nested and state == order.state:
        return ()
    ended = let_go(order, [id for id, state in command.items.items() if state in TERMINAL], "ended") if order.held else ()
    return (ProductOrderItemsChanged(changed, nested, "" if state == order.state else state, world.now), *ended)


def _nested_changes(order: ProductOrder, items: Mapping[str, str]) -> dict[str, Any]:
    """Items with nested ones have a state of their own behind the one that is shown."""
    return {item: state for item, state in items.items() if order.parts[item].children and order.own[item] != state}
