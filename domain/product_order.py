"""Product order (TMF622): what the customer asked for, and how far each item has come."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, assert_never

from domain.decider import Decider, Events, Need, World
from domain.decomposition import Order, decompose
from domain.order_document import OrderLine, read_lines, split_personal
from domain.plan import Plan
from domain.record import record
from domain.states import (
    ACKNOWLEDGED,
    COMPLETED,
    FAILED,
    PARTIAL,
    PENDING_CANCELLATION,
    REJECTED,
    TERMINAL,
    roll_up,
)
from domain.values import Reason, Rejected


# Commands -------------------------------------------------------------------------------------------------------------------------
@record
class SubmitProductOrder:
    """Take on an order. `keep_refusal`: a refused order is kept as rejected (it came by topic) instead of being turned away."""

    stream: str
    document: Mapping[str, Any]
    customer: str
    requester: str
    requested_start: datetime | None
    requested_completion: datetime | None
    keep_refusal: bool


@record
class CancelProductOrder:
    """Stop the order. `include_completed` also undoes items that are completed; `request` is the TMF622 cancel as received."""

    stream: str
    cancel: str
    include_completed: bool
    request: Mapping[str, Any]


@record
class StartProductOrder:
    """The requested start has come."""

    stream: str


@record
class ReportItems:
    """Fulfilment reports item states (an item's own, without its nested items)."""

    stream: str
    items: Mapping[str, str]


@record
class PassPointOfNoReturn:
    """A task after which the item cannot go back has been dispatched."""

    stream: str
    task: str
    item: str


@record
class RefuseChange:
    """A cancel or amendment that was refused: the order stays as it was, and says so."""

    stream: str
    change: str
    kind: str
    reasons: tuple[Reason, ...]


Command = SubmitProductOrder | CancelProductOrder | StartProductOrder | ReportItems | PassPointOfNoReturn | RefuseChange


# Events: names and fields are storage format -----------------------------------------------------------------------------------------
@record
class ProductOrderAcknowledged:
    """`order` is the document as sent, without what is in `personal` (parties and notes)."""

    customer: str
    requester: str
    catalog: str
    order: dict[str, Any]
    personal: dict[str, Any]
    requested_start: datetime | None
    requested_completion: datetime | None


@record
class ProductOrderRejected:
    customer: str
    requester: str
    order: dict[str, Any]
    personal: dict[str, Any]
    reasons: tuple[Reason, ...]


@record
class ProductOrderStartScheduled:
    due: datetime


@record
class ProductOrderStarted:
    pass


@record
class ProductOrderDecomposed:
    plan: Plan


@record
class ProductOrderInformationRequired:
    item: str
    paths: tuple[str, ...]


@record
class ProductOrderItemsChanged:
    """`items` are the item states that changed, as the customer sees them; `own` the own states of items that have nested ones; `state` the
    order's, empty when it did not change."""

    items: dict[str, str]
    own: dict[str, str]
    state: str
    at: datetime


@record
class PointOfNoReturnPassed:
    task: str
    item: str
    at: datetime


@record
class ProductOrderCancellationAssessed:
    """A cancel has been looked at. `state` is the order's state when it was accepted, else empty; `items` those that will be withdrawn."""

    cancel: str
    accepted: bool
    include_completed: bool
    items: tuple[str, ...]
    reasons: tuple[Reason, ...]
    request: dict[str, Any]
    state: str
    at: datetime


@record
class ProductOrderChangeRefused:
    change: str
    kind: str
    reasons: tuple[Reason, ...]


Event = (
    ProductOrderAcknowledged
    | ProductOrderRejected
    | ProductOrderStartScheduled
    | ProductOrderStarted
    | ProductOrderDecomposed
    | ProductOrderInformationRequired
    | ProductOrderItemsChanged
    | PointOfNoReturnPassed
    | ProductOrderCancellationAssessed
    | ProductOrderChangeRefused
)


# State --------------------------------------------------------------------------------------------------------------------------------
@record
class Part:
    """How an item counts in the roll-up: its nested items, and whether it has work of its own."""

    children: tuple[str, ...]
    own: bool


@record
class ProductOrder:
    customer: str
    catalog: str
    state: str
    parts: dict[str, Part]
    own: dict[str, str]
    shown: dict[str, str]
    cancelling: str
    passed: dict[str, str]
    scheduled: datetime | None
    service_orders: tuple[int, ...]
    work_orders: tuple[str, ...]


# Decide -------------------------------------------------------------------------------------------------------------------------------
def decide(command: Command, order: ProductOrder | None, world: World) -> Events | Need:
    if isinstance(command, SubmitProductOrder):
        return () if order is not None else _submit(command, world)
    if order is None:
        raise Rejected("unknown", f"There is no product order {command.stream}.")
    match command:
        case CancelProductOrder():
            return (_assess_cancel(command, order, world),)
        case StartProductOrder():
            due = order.scheduled is not None and order.scheduled <= world.now and order.state not in TERMINAL
            return (ProductOrderStarted(),) if due else ()
        case ReportItems():
            return _report(command, order, world)
        case PassPointOfNoReturn():
            return () if command.task in order.passed else (PointOfNoReturnPassed(command.task, command.item, world.now),)
        case RefuseChange():
            return (ProductOrderChangeRefused(command.change, command.kind, command.reasons),)
        case _:
            assert_never(command)


def _submit(command: SubmitProductOrder, world: World) -> Events | Need:
    document, personal = split_personal(command.document)
    try:
        plan = decompose(Order(command.stream, command.customer), read_lines(command.document), "", world)
    except Rejected as refused:
        if not command.keep_refusal:
            raise
        return (ProductOrderRejected(command.customer, command.requester, document, personal, refused.reasons),)
    if isinstance(plan, Need):
        return plan
    start = command.requested_start
    scheduled = (ProductOrderStartScheduled(start),) if start is not None and start > world.now else ()
    missing = tuple(ProductOrderInformationRequired(item.id, item.missing) for item in plan.items if item.missing)
    acknowledged = ProductOrderAcknowledged(
        command.customer,
        command.requester,
        world.current,
        document,
        personal,
        start,
        command.requested_completion,
    )
    return (acknowledged, *scheduled, ProductOrderDecomposed(plan), *missing)


def _assess_cancel(command: CancelProductOrder, order: ProductOrder, world: World) -> ProductOrderCancellationAssessed:
    """A cancel reaches the items that are not at their end, or all (domain-rules 5.5); behind a point of no return it is refused."""
    if order.state in TERMINAL and not (command.include_completed and order.state in (COMPLETED, PARTIAL)):
        raise Rejected("conflict", f"Order {command.stream} is {order.state} and cannot be cancelled.")
    if order.cancelling:
        raise Rejected("conflict", f"Order {command.stream} is being cancelled already.")
    ended = TERMINAL - {COMPLETED} if command.include_completed else TERMINAL
    items = tuple(item for item in order.parts if order.own.get(item, order.shown[item]) not in ended)
    reasons = tuple(
        Reason("point-of-no-return", f"Item {item} has passed its point of no return with task {task}.")
        for task, item in order.passed.items()
        if item in items
    )
    state = "" if reasons else PENDING_CANCELLATION
    accepted = not reasons
    request = dict(command.request)
    return ProductOrderCancellationAssessed(command.cancel, accepted, command.include_completed, items, reasons, request, state, world.now)


def _report(command: ReportItems, order: ProductOrder, world: World) -> Events:
    own = {**order.own, **command.items}
    shown = _shown(order.parts, own)
    changed = {item: state for item, state in shown.items() if order.shown.get(item) != state}
    state = _order_state(order.parts, shown, order.cancelling)
    if not changed and state == order.state:
        return ()
    nested = {item: value for item, value in command.items.items() if order.parts[item].children}
    return (ProductOrderItemsChanged(changed, nested, state if state != order.state else "", world.now),)


def _shown(parts: Mapping[str, Part], own: Mapping[str, str]) -> dict[str, str]:
    """What the customer sees of each item: nested items roll up to their parent first."""
    shown: dict[str, str] = {}
    for id in reversed(parts):  # parents stand before their nested items
        part = parts[id]
        states = [shown[child] for child in part.children if child in shown]
        if part.own or not states:
            states.append(own[id])
        state = roll_up(states)
        shown[id] = FAILED if state == PARTIAL else state  # TMF622 v4 items know no partial [choice]
    return {id: shown[id] for id in parts}


def _order_state(parts: Mapping[str, Part], shown: Mapping[str, str], cancelling: str) -> str:
    return roll_up([shown[id] for id, part in parts.items() if not part.children or part.own], cancelling)


# Evolve -------------------------------------------------------------------------------------------------------------------------------
def evolve(order: ProductOrder | None, event: Event) -> ProductOrder:
    if isinstance(event, ProductOrderAcknowledged):
        parts = _parts(read_lines(event.order))
        states = dict.fromkeys(parts, ACKNOWLEDGED)
        return ProductOrder(event.customer, event.catalog, ACKNOWLEDGED, parts, states, states, "", {}, None, (), ())
    if isinstance(event, ProductOrderRejected):
        return ProductOrder(event.customer, "", REJECTED, {}, {}, {}, "", {}, None, (), ())
    assert order is not None, "a product order's history begins with ProductOrderAcknowledged or ProductOrderRejected"
    match event:
        case ProductOrderDecomposed():
            return _decomposed(order, event.plan)
        case ProductOrderItemsChanged():
            own = {**order.own, **event.items, **event.own}
            shown = {**order.shown, **event.items}
            state = event.state or order.state
            return _with(order, state=state, own=own, shown=shown, cancelling="" if state in TERMINAL else order.cancelling)
        case PointOfNoReturnPassed():
            return _with(order, passed={**order.passed, event.task: event.item})
        case ProductOrderCancellationAssessed():
            if not event.accepted:
                return order
            return _with(order, state=event.state, cancelling=event.state)
        case ProductOrderStartScheduled():
            return _with(order, scheduled=event.due)
        case ProductOrderStarted():
            return _with(order, started=True)
        case ProductOrderInformationRequired() | ProductOrderChangeRefused():
            return order
        case _:
            assert_never(event)


def _parts(lines: tuple[OrderLine, ...]) -> dict[str, Part]:
    return {line.id: Part(line.children, True) for line in lines if line.action != "noChange"}


def _decomposed(order: ProductOrder, plan: Plan) -> ProductOrder:
    """The plan says which parts there are (bundles expand) and which have work of their own."""
    children: dict[str, list[str]] = {}
    for item in plan.items:
        if item.parent and item.action != "noChange":
            children.setdefault(item.parent, []).append(item.id)
    parts = {
        item.id: Part(tuple(children.get(item.id, ())), bool(item.services or item.detached or item.missing or item.id not in children))
        for item in plan.items
        if item.action != "noChange"
    }
    states = {id: order.own.get(id, ACKNOWLEDGED) for id in parts}
    numbers = {service.number for service in plan.services if service.number}
    return ProductOrder(
        order.customer,
        order.catalog,
        order.state,
        parts,
        states,
        states,
        order.cancelling,
        order.passed,
        order.scheduled,
        (*order.service_orders, *sorted(numbers)),
        (*order.work_orders, *(visit.id for visit in plan.visits)),
    )


def _with(
    order: ProductOrder,
    state: str = "",
    own: dict[str, str] | None = None,
    shown: dict[str, str] | None = None,
    cancelling: str | None = None,
    passed: dict[str, str] | None = None,
    scheduled: datetime | None = None,
    started: bool = False,
) -> ProductOrder:
    return ProductOrder(
        order.customer,
        order.catalog,
        state or order.state,
        order.parts,
        order.own if own is None else own,
        order.shown if shown is None else shown,
        order.cancelling if cancelling is None else cancelling,
        order.passed if passed is None else passed,
        None if started else scheduled or order.scheduled,
        order.service_orders,
        order.work_orders,
    )


def is_over(order: ProductOrder) -> bool:
    return order.state in TERMINAL


decider = Decider("po", decide, evolve, is_over)
