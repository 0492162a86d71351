"""What a change of an order under way comes to before anybody agrees to it: the assessment of an amendment or a cancel (domain-rules 4.2)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.decider import Facts, Need, World
from domain.decomposition import decompose
from domain.decomposition.order import segment_of
from domain.impact import UNDER_WAY, Impact, Progress, blocked, impact, plan_hash
from domain.order_document import read_lines, split_personal
from domain.plan import Plan, PlannedService, item_node, service_node, service_order_id
from domain.point_of_no_return import Closed
from domain.product import Product
from domain.product_order.amendment import FULL, MODES, Statements, as_planned, desired, items_of, rebased, statements, touched
from domain.product_order.commands import AmendProductOrder, CancelProductOrder
from domain.product_order.queueing import as_made
from domain.product_order.state import Part, ProductOrder
from domain.record import record
from domain.service import Service
from domain.states import COMPLETED, PARTIAL, TERMINAL
from domain.values import Reason, Rejected, Who

ITEMS = "productOrderItem"


@record
class Assessment:
    """`items` and `personal` are the order as it would read, `plan` what it would be planned as, `impact` what that does to each node; `reasons` say why
    it cannot be, empty when it can."""

    items: tuple[dict[str, Any], ...]
    personal: dict[str, dict[str, Any]]
    plan: Plan
    impact: tuple[Impact, ...]
    plan_hash: str
    removed: tuple[str, ...]
    reasons: tuple[Reason, ...] = ()


Change = AmendProductOrder | CancelProductOrder


def assess(command: Change, order: ProductOrder, world: World) -> Assessment | Need | None:
    """What a change would do; None when it changes nothing. Raises Rejected."""
    if isinstance(command, AmendProductOrder):
        return assess_amendment(command, order, world)
    found = assess_cancel(command, order, world)
    return found if isinstance(found, Need) else found[0]


# Amendments ---------------------------------------------------------------------------------------------------------------------------
def assess_amendment(command: AmendProductOrder, order: ProductOrder, world: World) -> Assessment | Need | None:
    """What the amendment would do; None when it says only what the order says already. Raises Rejected."""
    plan = _amendable(command.stream, order)
    progress = _progress(command.stream, order, world)
    if isinstance(progress, Need):
        return progress
    _check_whole(command.stream, order, plan, progress)
    kept, personal = _asked(command.items)
    wanted = _wanted(command, kept, order, plan)
    if wanted is None:
        return None
    items = tuple(items_of(wanted))
    lines = read_lines({**order.about, ITEMS: items})
    for line in lines:
        if line.id in order.parts and order.parts[line.id].removed:
            raise Rejected("conflict", f"Item {line.id} has been taken out of the order: a new item needs an id of its own.")
    made = as_made(command.stream, order, segment_of(order.about))
    new = decompose(made, lines, order.catalog, world, amended=plan)
    if isinstance(new, Need):
        return new
    _check_says_all(plan, new)
    removed = tuple([id for id, part in order.parts.items() if not part.removed and id not in {item.id for item in new.items}])
    assessed = _assessed(command.stream, order, plan, new, items, personal, removed, world, command.override)
    if isinstance(assessed, Need):
        return assessed
    return _check_still_ours(command.stream, plan, assessed, world) or assessed


def _check_says_all(old: Plan, new: Plan) -> None:
    """What has been planned cannot wait for information again: an amendment says all that it takes."""
    planned = {item.id for item in old.items if not item.missing}
    for item in new.items:
        if item.missing and item.id in planned:
            sentence = f"Item {item.id}: {item.missing[0]} is missing for what the amendment asks."
            raise Rejected("invalid", sentence, (Reason("invalid", sentence, item.missing[0]),))


def _check_still_ours(stream: str, plan: Plan, assessed: Assessment, world: World) -> Need | None:
    """What other orders have changed since this one built it, or are changing, is not this one's to change any more. Raises Rejected."""
    facts = Facts(world.loaded)
    kinds = {each.node: each.kind for each in assessed.impact}
    after = {service_node(service): service for service in assessed.plan.services if service.number}
    for item in plan.items:
        if kinds.get(item_node(item.id)) in UNDER_WAY:
            _check_product(stream, item.id, facts.get(item.product))
    for service in plan.services:
        if not service.number:
            continue
        wanted = after.get(service_node(service))
        joined = wanted is not None and not set(wanted.products) <= set(service.products)
        if joined or kinds[service_node(service)] in UNDER_WAY:
            _check_service(stream, service, facts.get(service.id))
    return facts.need


def _check_service(stream: str, planned: PlannedService, service: Service | None) -> None:
    if service is None:
        return
    changing = service.pending not in ("", stream)
    if changing or (planned.action == "add" and service.last_order not in ("", stream)):
        other = service.pending if changing else service.last_order
        raise Rejected("conflict", f"Item {planned.owner}: service {planned.id} has been changed by order {other} since.")


def _check_product(stream: str, item: str, product: Product | None) -> None:
    if product is None:
        return
    if product.pending not in ("", stream) or product.last_order != stream:
        other = product.pending or product.last_order
        raise Rejected("conflict", f"Item {item}: its product has been changed by order {other} since.")


def _amendable(stream: str, order: ProductOrder) -> Plan:
    if not stream.startswith("po-"):
        raise Rejected("conflict", f"Order {stream} is a service order from outside: it can be cancelled, not amended.")
    if order.plan is None or order.state in TERMINAL:
        raise Rejected("conflict", f"Order {stream} is {order.state} and cannot be amended.")
    if order.cancelling:
        raise Rejected("conflict", f"Order {stream} is being cancelled and cannot be amended.")
    if any(item.clearance is not None and item.clearance.refused for item in order.plan.items):
        raise Rejected("conflict", f"Order {stream} has an item that was not approved and cannot be amended: order what is wanted anew.")
    if order.amending:
        raise Rejected("conflict", f"Amendment {order.amending} of order {stream} is still being applied: amend it when that is over.")
    if merged := order.merged:
        item = next(iter(merged.values()))
        raise Rejected(
            "conflict", f"Item {item.id} of order {stream} has become item {item.merged} of order {item.behind[0]}: amend that one."
        )
    return order.plan


def _check_whole(stream: str, order: ProductOrder, plan: Plan, progress: Progress) -> None:
    """An order of which something has failed, or is being taken back because of that, cannot be amended any more: what it leaves undone is ordered
    anew [choice]. Raises Rejected."""
    for id, part in order.parts.items():
        if not part.removed and order.own[id] in TERMINAL and order.own[id] != COMPLETED:
            raise Rejected("conflict", f"Item {id} of order {stream} is {order.own[id]}: the order cannot be amended any more.")
    if progress.takes_back(plan):
        raise Rejected("conflict", f"Part of order {stream} is being taken back: the order cannot be amended.")


def _asked(items: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """The items without what says who people are and where they live, and that part by item."""
    kept, personal = split_personal({ITEMS: list(items)})
    found: dict[str, dict[str, Any]] = {}
    todo = list(zip(kept[ITEMS], personal.get(ITEMS, ()), strict=False))
    while todo:
        item, apart = todo.pop()
        if own := {name: value for name, value in apart.items() if name != ITEMS}:
            found[str(item["id"])] = own
        todo.extend(zip(item.get(ITEMS, ()), apart.get(ITEMS, ()), strict=False))
    return kept[ITEMS], found


def _wanted(command: AmendProductOrder, items: Sequence[Mapping[str, Any]], order: ProductOrder, plan: Plan) -> Statements | None:
    if command.mode not in MODES:
        raise Rejected("invalid", f"mode must be one of {', '.join(MODES)}, not {command.mode!r}.")
    if not 0 <= command.base_version <= order.version:
        sentence = f"Order {command.stream} is at version {order.version} and has no version {command.base_version}."
        raise Rejected("conflict", sentence, (Reason("unknown-base", sentence, "baseVersion"),))
    current = as_planned(statements(order.documents[-1]), plan)
    base = current
    if command.base_version not in (0, order.version):
        base = as_planned(statements(order.documents[command.base_version - 1]), plan)
    wanted = desired(base, items, command.mode)
    if command.mode == FULL:
        wanted = as_planned(wanted, plan)
    if base is not current:
        wanted = rebased(base, current, wanted)
    return wanted if touched(current, wanted) else None


# Cancels ------------------------------------------------------------------------------------------------------------------------------
def assess_cancel(command: CancelProductOrder, order: ProductOrder, world: World) -> tuple[Assessment, tuple[str, ...]] | Need:
    """What the cancel would do, and the items that it reaches: those that are not at their end, or all (domain-rules 5.5). Raises Rejected."""
    if order.state in TERMINAL and not (command.include_completed and order.state in (COMPLETED, PARTIAL)):
        raise Rejected("conflict", f"Order {command.stream} is {order.state} and cannot be cancelled.")
    if order.cancelling:
        raise Rejected("conflict", f"Order {command.stream} is being cancelled already.")
    assert order.plan is not None, "an order that can be cancelled has been planned"
    ended = TERMINAL - {COMPLETED} if command.include_completed else TERMINAL
    merged = order.merged
    items = tuple([id for id, part in order.parts.items() if order.own[id] not in ended and not part.removed and id not in merged])
    if not items and merged:
        into = ", ".join(sorted(order.behind))
        raise Rejected("conflict", f"What is left of order {command.stream} has become part of order {into}: amend or cancel that one.")
    if not items:
        raise Rejected("conflict", f"Nothing of order {command.stream} can be cancelled.")
    new = order.plan.without(items)
    facts = Facts(world.loaded)
    completed = [order.parts[item] for item in items if order.own[item] == COMPLETED]
    reasons = tuple([reason for part in completed for reason in _built_upon(command.stream, part, facts)])
    assessed = _assessed(command.stream, order, order.plan, new, order.documents[-1], {}, items, world, command.override, reasons)
    if isinstance(assessed, Need):
        return Need(tuple(sorted({*assessed.streams, *facts.missing})))
    return facts.need or (assessed, items)


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


# Both ---------------------------------------------------------------------------------------------------------------------------------
def _assessed(
    stream: str,
    order: ProductOrder,
    old: Plan,
    new: Plan,
    items: tuple[dict[str, Any], ...],
    personal: dict[str, dict[str, Any]],
    removed: tuple[str, ...],
    world: World,
    override: Who | None,
    reasons: tuple[Reason, ...] = (),
) -> Assessment | Need:
    progress = _progress(stream, order, world)
    if isinstance(progress, Need):
        return progress
    found = impact(old, new, progress, Closed(old, order.passed), override is not None)
    against = {
        each.reasons: Reason("point-of-no-return", f"{'; '.join(each.reasons)}.", f"{ITEMS}[{each.item}]") for each in blocked(found)
    }
    return Assessment(items, personal, new, found, plan_hash(stream, order.version, found, new), removed, (*reasons, *against.values()))


def _progress(stream: str, order: ProductOrder, world: World) -> Progress | Need:
    facts = Facts(world.loaded)
    service_orders = {number: facts.get(service_order_id(stream, number)) for number in order.service_orders}
    work_orders = {visit: facts.get(visit) for visit in order.work_orders}
    return facts.need or Progress(service_orders, work_orders, order.own)


def check_hash(expected: str, assessed: Assessment) -> None:
    """Whoever has seen an impact plan agrees to that one and no other (domain-rules 4.3)."""
    if expected and expected != assessed.plan_hash:
        sentence = "The order has moved on since the impact plan was made: ask for it again."
        raise Rejected("conflict", sentence, (Reason("stale-plan", sentence, "planHash"),))
