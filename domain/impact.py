"""What a change of an order under way would do to each node of its plan: the impact plan, a value (domain-rules 4.2).

It is made from two plans, the present and the wanted one, and from how far the present one has come. What is previewed and what is applied is this same
value: accepting a change compares the hash.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Final

from domain.plan import Plan, PlannedItem, PlannedService, PlannedVisit, item_node, service_node
from domain.point_of_no_return import Closed
from domain.record import record
from domain.service_order import DONE, FALLOUT, GONE, RETRYING, RUNNING, SKIPPED, UNDONE, ServiceOrder, Task
from domain.states import CANCELLED, COMPLETED, TERMINAL
from domain.work_order import WorkOrder

KEEP: Final = "keep"
DISCARD: Final = "discard"
LET_FINISH_THEN_REDO: Final = "letFinishThenRedo"
UNDO: Final = "undo"
UNDO_THEN_DO: Final = "undoThenDo"
REDO: Final = "redo"
AMEND: Final = "amend"
NEW: Final = "new"
BLOCKED: Final = "blocked"

BEGUN: Final = frozenset({DONE, SKIPPED, RUNNING, RETRYING, FALLOUT})
# What has begun and is not simply kept: the order is pending until it is over.
UNDER_WAY: Final = frozenset({LET_FINISH_THEN_REDO, UNDO, UNDO_THEN_DO, REDO})


@record
class Impact:
    """What happens to one node. `item` is the product order item that it belongs to; `node` is `item:<id>` for the product of an item,
    `<service order>.<item>` for a service order item, the id of a work order for a visit; `name` the specification, offering or template; `tasks` the
    steps that have been sent, and are taken back or taken again. `reasons`
    say what blocks it: a chain of steps that ends with a point of no return."""

    item: str
    node: str
    kind: str
    name: str
    reasons: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()


@record
class Progress:
    """How far an order has come, as the assessment sees it: its service orders by number, its work orders by id, the states of its items."""

    service_orders: Mapping[int, ServiceOrder]
    work_orders: Mapping[str, WorkOrder]
    items: Mapping[str, str]

    def tasks(self, service: PlannedService) -> list[Task]:
        """The tasks of a service order item as they are."""
        order = self.service_orders[service.number]
        return [order.tasks[id] for id in order.items[service.item].tasks]

    def takes_back(self, plan: Plan) -> bool:
        """Whether something of the plan that had begun is being taken back."""
        tasks = (task for service in plan.services if service.number for task in self.tasks(service))
        return any(task.state == GONE or (task.undo and task.state != UNDONE) for task in tasks) or any(
            self.work_orders[visit.id].state == CANCELLED for visit in plan.visits
        )


def impact(old: Plan, new: Plan, progress: Progress, closed: Closed, overridden: bool = False) -> tuple[Impact, ...]:
    """Every node of both plans, in the order of the plans: products, services, visits. `overridden`: somebody who has the right to goes back behind
    points of no return; the reasons against it stay."""
    found = [*_products(old, new, progress), *_services(old, new, progress), *_visits(old, new, progress)]
    return tuple([_judged(each, closed.why(each.node), overridden) for each in found])


def _judged(found: Impact, why: tuple[str, ...], overridden: bool) -> Impact:
    if not why or found.kind in (KEEP, NEW):
        return found
    return Impact(found.item, found.node, found.kind if overridden else BLOCKED, found.name, why, found.tasks)


def plan_hash(order: str, version: int, items: tuple[Impact, ...], plan: Plan) -> str:
    """SHA-256 over the order, the version that is changed, what happens to each node and what it should be."""
    wanted = [[service_node(each), each.specification, each.action, each.values] for each in plan.services]
    content = [order, version, [[each.item, each.node, each.kind, each.reasons, each.tasks] for each in items], wanted]
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), default=str).encode()).hexdigest()


def blocked(items: tuple[Impact, ...]) -> tuple[Impact, ...]:
    """What stands in the way of the change."""
    return tuple([each for each in items if each.kind == BLOCKED])


# Products -----------------------------------------------------------------------------------------------------------------------------
def _products(old: Plan, new: Plan, progress: Progress) -> Iterator[Impact]:
    before, after = {item.id: item for item in old.items}, {item.id: item for item in new.items}
    for item in before.values():
        if item.action != "noChange":
            yield _product(item, after.get(item.id), progress.items.get(item.id, ""))
    for item in after.values():
        if item.id not in before and item.action != "noChange":
            yield Impact(item.id, item_node(item.id), NEW, item.offering)


def _product(item: PlannedItem, wanted: PlannedItem | None, state: str) -> Impact:
    completed = state == COMPLETED
    if wanted is None:
        kind = UNDO if completed else DISCARD
    elif is_same_product(item, wanted):
        kind = KEEP
    else:
        kind = REDO if completed else AMEND
    return Impact(item.id, item_node(item.id), kind, item.offering)


def is_same_product(item: PlannedItem, wanted: PlannedItem) -> bool:
    """Whether the product is to be the same, whatever becomes of the services below it."""
    return (
        (item.action, item.offering, item.values, item.places) == (wanted.action, wanted.offering, wanted.values, wanted.places)
        and (item.services, item.detached, item.bundles) == (wanted.services, wanted.detached, wanted.bundles)
        and (item.missing, item.behind) == (wanted.missing, wanted.behind)
        and (item.status, item.term, item.moved) == (wanted.status, wanted.term, wanted.moved)
    )


# Services -----------------------------------------------------------------------------------------------------------------------------
def _services(old: Plan, new: Plan, progress: Progress) -> Iterator[Impact]:
    after = {service_node(service): service for service in new.services if service.number}
    before = {service_node(service) for service in old.services if service.number}
    for service in old.services:
        if service.number:
            yield _service(service, after.get(service_node(service)), progress.tasks(service))
    for node, service in after.items():
        if node not in before:
            yield Impact(service.owner, node, NEW, service.specification)


def _service(service: PlannedService, wanted: PlannedService | None, tasks: list[Task]) -> Impact:
    begun = [task for task in tasks if task.state in BEGUN]
    kind = _kind(service, wanted, begun)
    touched = tuple([task.planned.id for task in begun]) if kind in UNDER_WAY else ()
    return Impact(service.owner, service_node(service), kind, service.specification, (), touched)


def _kind(service: PlannedService, wanted: PlannedService | None, begun: list[Task]) -> str:
    if wanted is None:
        return UNDO if begun else DISCARD
    if _is_same_service(service, wanted):
        return KEEP
    if not begun:
        return AMEND
    if any(task.state != FALLOUT and not _can_be_redone(service, wanted, task) for task in begun):
        return UNDO_THEN_DO
    running = any(task.state in (RUNNING, RETRYING) for task in begun)
    return LET_FINISH_THEN_REDO if running else REDO


def _is_same_service(service: PlannedService, wanted: PlannedService) -> bool:
    same = (service.specification, service.values, service.places) == (wanted.specification, wanted.values, wanted.places)
    return same and service.tasks == wanted.tasks


def _can_be_redone(service: PlannedService, wanted: PlannedService, task: Task) -> bool:
    """A step can be taken again where it leaves nothing behind, or what it left can be modified where it is."""
    return not task.planned.undo or (service.places == wanted.places and task.planned.repeatable)


# Visits -------------------------------------------------------------------------------------------------------------------------------
def _visits(old: Plan, new: Plan, progress: Progress) -> Iterator[Impact]:
    after = {visit.id for visit in new.visits}
    before = {visit.id for visit in old.visits}
    for visit in old.visits:
        yield _visit(visit, visit.id in after, progress.work_orders[visit.id])
    for visit in new.visits:
        if visit.id not in before:
            yield Impact(visit.items[0], visit.id, NEW, visit.template)


def _visit(visit: PlannedVisit, stays: bool, order: WorkOrder) -> Impact:
    kind = KEEP if stays or order.state in TERMINAL else UNDO if order.decision else DISCARD
    return Impact(visit.items[0], visit.id, kind, visit.template)
