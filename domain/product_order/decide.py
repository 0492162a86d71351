"""What a product order decides on each command."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, assert_never

from domain.decider import Events, Need, World
from domain.decomposition import Order, decompose
from domain.decomposition.order import segment_of
from domain.decomposition.service_items import decompose_services
from domain.order_document import DESCRIPTIVE, document_items, read_lines, split_personal
from domain.plan import Plan
from domain.product_order import clearance
from domain.product_order.change import assess_amendment, assess_cancel, check_hash
from domain.product_order.commands import (
    AmendProductOrder,
    ApproveItem,
    CancelProductOrder,
    Command,
    DescribeProductOrder,
    FinishAmendment,
    HoldItems,
    PassPointOfNoReturn,
    PlanQueuedItems,
    RefuseChange,
    RefuseItem,
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
    ProductOrderAmended,
    ProductOrderAmendmentFinished,
    ProductOrderCancellationAssessed,
    ProductOrderChangeRefused,
    ProductOrderDescribed,
    ProductOrderInformationSupplied,
    ProductOrderItemsChanged,
    ProductOrderRejected,
    ProductOrderStartScheduled,
)
from domain.product_order.evolve import evolve
from domain.product_order.holding import hold, let_go, release
from domain.product_order.in_time import in_time
from domain.product_order.merging import merged
from domain.product_order.queueing import announced, as_made, decomposed, document_of, plan_queued, planned_so_far
from domain.product_order.state import ProductOrder, order_state, rolled_up, shown_changes
from domain.service_order_document import read_service_lines
from domain.states import PENDING_CANCELLATION, TERMINAL
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
            return () if command.cancel in order.changes else _cancel(command, order, world)
        case AmendProductOrder():
            return () if command.amendment in order.changes else _amend(command, order, world)
        case FinishAmendment():
            return _finish_amendment(command, order, world)
        case SupplyInformation():
            return _supply(command, order, world)
        case DescribeProductOrder():
            return _describe(command)
        case PlanQueuedItems():
            return plan_queued(command, order, world)
        case StartProductOrder() | ScheduleStep() | ReleaseStep() | ReviewProductOrder() | ReportJeopardy():
            return in_time(command, order, world)
        case PassPointOfNoReturn():
            return () if command.task in order.passed else (PointOfNoReturnPassed(command.task, command.item, world.now),)
        case RefuseChange():
            refused = ProductOrderChangeRefused(command.change, command.kind, command.reasons)
            return () if command.change in order.changes else (refused,)
        case ApproveItem():
            return _approve(command, order, world)
        case RefuseItem():
            return (clearance.approval(command, order),)
        case HoldItems() | ReleaseItems():
            return hold(command, order) if isinstance(command, HoldItems) else release(command, order)
        case _:
            assert_never(command)


def _submit(command: SubmitProductOrder | SubmitServiceOrder, world: World) -> Events | Need:
    try:
        plan = _planned(command, world)
        merging = plan if isinstance(plan, Need) else merged(command.stream, plan, command.document, world)
    except Rejected as refused:
        if not command.keep_refusal:
            raise
        return (_rejected(command, refused.reasons),)
    if isinstance(plan, Need) or isinstance(merging, Need):
        return plan if isinstance(plan, Need) else merging
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
    return (acknowledged, *scheduled, *decomposed(plan), *merging)


def _planned(command: SubmitProductOrder | SubmitServiceOrder, world: World) -> Plan | Need:
    segment = segment_of(command.document)
    if isinstance(command, SubmitServiceOrder):
        source = command.requester if command.requester != command.customer else ""
        order = Order(command.stream, command.customer, segment=segment, source=source)
        return decompose_services(order, read_service_lines(command.document), world)
    is_now = command.requested_start is None or command.requested_start <= world.now
    order = Order(command.stream, command.customer, segment=segment, merges=is_now)
    return decompose(order, read_lines(command.document), "", world)


def _rejected(command: SubmitProductOrder | SubmitServiceOrder | RejectProductOrder, reasons: tuple[Reason, ...]) -> ProductOrderRejected:
    return ProductOrderRejected(command.customer, command.requester, *split_personal(command.document), reasons)


def _supply(command: SupplyInformation, order: ProductOrder, world: World) -> Events | Need:
    """Decompose the items that waited; all else must read as before (contract: items that lack something are pending until it is supplied)."""
    if order.plan is None or not order.waits_for_information or order.state in TERMINAL or order.cancelling:
        raise Rejected("conflict", f"Order {command.stream} waits for no information: its items can only be changed by an amendment.")
    earlier = planned_so_far(order)
    decided = {item.id for item in earlier.items if not item.is_unplanned}
    for id in sorted(command.changed & decided):
        raise Rejected("conflict", f"Item {id} has been decided on: it can only be changed by an amendment.")
    made = as_made(command.stream, order, segment_of(command.document))
    plan = decompose(made, read_lines(command.document), order.catalog, world, earlier)
    if isinstance(plan, Need):
        return plan
    waiting = [replace(item, bought={}) for item in earlier.items if item.is_unplanned]
    if [replace(item, bought={}) for item in plan.items] == waiting:
        if command.changed:
            raise Rejected(
                "conflict", f"Nothing of this is what item {min(command.changed)} waits for: all else can only be changed by an amendment."
            )
        return ()
    documents, (_, personal) = document_items(command.document), split_personal(command.document)
    changed = {item.id: documents[item.id] for item in plan.items if item.id in documents}
    return (ProductOrderInformationSupplied(changed, personal, command.who), *decomposed(plan, earlier))


def _describe(command: DescribeProductOrder) -> Events:
    """Whoever asks has compared it with what the order says: only what differs is named."""
    for name in command.attributes.keys() - DESCRIPTIVE:
        raise Rejected("invalid", f"{name} cannot be changed: an order under way is amended in its items.")
    said = {name: value for name, value in command.attributes.items() if value is not None}
    unsaid = tuple(sorted(command.attributes.keys() - said.keys()))
    order, personal = split_personal(said)
    return (ProductOrderDescribed(order, personal, unsaid),) if command.attributes else ()


def _approve(command: ApproveItem, order: ProductOrder, world: World) -> Events | Need:
    """Decompose the items that waited once more: the one that is approved may need nothing else."""
    approved = clearance.approval(command, order)
    order = evolve(order, approved)
    earlier, document = planned_so_far(order), document_of(order)
    plan = decompose(as_made(command.stream, order, segment_of(document)), read_lines(document), order.catalog, world, earlier)
    return plan if isinstance(plan, Need) else (approved, *decomposed(plan, earlier))


# Cancel and amendment -----------------------------------------------------------------------------------------------------------------
def _cancel(command: CancelProductOrder, order: ProductOrder, world: World) -> Events | Need:
    """A cancel is an amendment to nothing (domain-rules 4.8); behind a point of no return it is refused."""
    found = assess_cancel(command, order, world)
    if isinstance(found, Need):
        return found
    assessed, items = found
    check_hash(command.plan_hash, assessed)
    reasons = assessed.reasons
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
            command.override,
        ),
        *(() if reasons else let_go(order, items, "cancelled")),
    )


def _amend(command: AmendProductOrder, order: ProductOrder, world: World) -> Events | Need:
    assessed = assess_amendment(command, order, world)
    if isinstance(assessed, Need):
        return assessed
    if assessed is None:
        return ()
    check_hash(command.plan_hash, assessed)
    if assessed.reasons:
        raise Rejected("invalid", f"The amendment is blocked: {assessed.reasons[0].message}", assessed.reasons)
    amended = ProductOrderAmended(
        command.amendment,
        order.version + 1,
        command.mode,
        assessed.items,
        assessed.personal,
        assessed.plan,
        assessed.impact,
        assessed.plan_hash,
        assessed.removed,
        command.override,
        "",
        world.now,
        merges=command.merges,
    )
    after = evolve(order, amended)
    state, shown = rolled_up(after), {id: state for id, state in after.shown.items() if state != order.shown.get(id)}
    return (replace(amended, state="" if state == order.state else state, shown=shown), *announced(assessed.plan, order.plan))


def _finish_amendment(command: FinishAmendment, order: ProductOrder, world: World) -> Events:
    if command.amendment != order.amending:
        return ()
    state = order_state(order.parts, order.own, order.cancelling)
    return (ProductOrderAmendmentFinished(command.amendment, "" if state == order.state else state, world.now),)


# Roll-up ------------------------------------------------------------------------------------------------------------------------------
def _report(command: ReportItems, order: ProductOrder, world: World) -> Events:
    own = {**order.own, **command.items}
    changed = shown_changes(order, own, command.items)
    nested = _nested_changes(order, command.items)
    state = order_state(order.parts, own, order.cancelling, order.amending)
    if not changed and not nested and state == order.state:
        return ()
    ended = let_go(order, [id for id, state in command.items.items() if state in TERMINAL], "ended") if order.held else ()
    return (ProductOrderItemsChanged(changed, nested, "" if state == order.state else state, world.now), *ended)


def _nested_changes(order: ProductOrder, items: Mapping[str, str]) -> dict[str, Any]:
    """Items with nested ones have a state of their own behind the one that is shown."""
    return {item: state for item, state in items.items() if order.parts[item].children and order.own[item] != state}
