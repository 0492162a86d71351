"""Why an order has the services and tasks it has: the rules that were looked at, what they read, and what came of them (domain-rules 2.10, 2.11).

Nothing of this is stored. It is found again from the plan and the catalog that the order is pinned to, which are what decided.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from domain.catalog import Catalog, Child
from domain.catalog.expression import read_by
from domain.decomposition.order import Order
from domain.decomposition.tasks import distribution_of
from domain.plan import Plan, PlannedItem, PlannedService, PlannedTask, PlannedVisit
from domain.record import record


@record
class ExplainedRule:
    """One decomposition rule, looked at for one product order item. `parent` is the specification that it belongs to; `holds` what became of its
    `condition` (None: unknown, something that it reads is absent); `reads` the values that it looked at; `values` those that it sets on the
    services; `services` are the ids of what the item has by it."""

    item: str
    rule: str
    parent: str
    specification: str
    condition: Any
    holds: bool | None
    reads: dict[str, Any]
    values: dict[str, Any]
    services: tuple[str, ...]


@record
class ExplainedTask:
    """Who a task is for: `chosen_by` is the id of the distribution rule, else `task` or `specification`, where the target system stands."""

    task: str
    service: str
    target_system: str
    chosen_by: str


@record
class ExplainedVisit:
    """A work order, by the template that it was made from: `when_new` is the service that is built by this order, `condition` what else had to hold, and
    `reads` what that looked at, of the first of its items."""

    visit: str
    template: str
    when_new: str
    condition: Any
    reads: dict[str, Any]
    items: tuple[str, ...]


def explained_rules(plan: Plan, catalog: Catalog, order: Order) -> tuple[ExplainedRule, ...]:
    """Every rule that decided about an item, in the order of the items. Items that are deleted are taken apart as they were built, without rules; so are
    those of a service order that lists its parts."""
    services = {service.id: service for service in plan.services}
    looked_at = (item for item in plan.items if item.action in ("add", "modify") and not item.waits)
    return tuple([rule for item in looked_at if _is_split(item, plan) for rule in _rules_of(item, services, catalog, order)])


def _is_split(item: PlannedItem, plan: Plan) -> bool:
    """A service order that lists a resource-facing service says itself what its parts are."""
    if item.sells:
        return True
    listed = {each.product for each in plan.items}
    return not any(service.id in listed and service.category == "RFS" for service in plan.services)


def _rules_of(item: PlannedItem, services: dict[str, PlannedService], catalog: Catalog, order: Order) -> Iterator[ExplainedRule]:
    specification = (catalog.products if item.sells else catalog.services).get(item.specification)
    if specification is None:
        return
    inputs = {**item.values, **order.inputs(item.action, _site(item, order.id))}
    todo: list[tuple[str, Child, dict[str, Any]]] = [(specification.id, child, inputs) for child in reversed(specification.children)]
    own = [services[id] for id in item.services if id in services]
    while todo:
        parent, child, given = todo.pop()
        explained = _explained(item, parent, child, given, catalog, own)
        yield explained
        for id in explained.services:
            below = catalog.services[child.specification].children
            todo.extend((child.specification, rule, {**given, **services[id].values}) for rule in reversed(below))


def _explained(
    item: PlannedItem, parent: str, child: Child, inputs: dict[str, Any], catalog: Catalog, own: Sequence[PlannedService]
) -> ExplainedRule:
    holds = True if child.condition is True else catalog.compiled.condition(child.condition)(inputs)
    found = [service.id for service in own if service.specification == child.specification] if holds else []
    values = {each.target: catalog.compiled.expression(each.expression)(inputs) for each in child.mappings} if holds else {}
    read = read_by([child.condition, child.cardinality, *(each.expression for each in child.mappings)])
    reads = {name: inputs.get(name) for name in sorted(read)}
    return ExplainedRule(item.id, child.id, parent, child.specification, child.condition, holds, reads, values, tuple(found))


def _site(item: PlannedItem, order: str) -> str:
    places = sorted((place for place in item.places if place.id), key=lambda place: place.role != "installation")
    return places[0].id if places else order


def explained_tasks(plan: Plan, catalog: Catalog, order: Order) -> tuple[ExplainedTask, ...]:
    """Every task of the plan, with why its target system is what it is."""
    items = {item.id: item for item in plan.items}
    return tuple(
        [
            ExplainedTask(task.id, service.id, task.target_system, chosen_by(task, service, items[service.owner], catalog, order))
            for service in plan.services
            for task in service.tasks
            if service.owner in items
        ]
    )


def chosen_by(task: PlannedTask, service: PlannedService, item: PlannedItem, catalog: Catalog, order: Order) -> str:
    """What chose the target system of a task: the id of a distribution rule, else `task` or `specification`."""
    specification = catalog.services.get(service.specification)
    if specification is None:
        return "specification"  # as it was when the service was built
    if any(each.name == task.name and each.target_system for each in specification.tasks):
        return "task"
    inputs = {**item.values, **service.values, **order.inputs(service.action, service.places[0].id if service.places else None)}
    rule = distribution_of(specification.id, service.action, inputs, catalog)
    return rule.id if rule is not None else "specification"


def explained_visits(plan: Plan, catalog: Catalog, order: Order) -> tuple[ExplainedVisit, ...]:
    """Every visit of the plan whose template the catalog has."""
    items = {item.id: item for item in plan.items}
    return tuple([_explained_visit(visit, items, catalog, order) for visit in plan.visits if visit.template in catalog.work_orders])


def _explained_visit(visit: PlannedVisit, items: dict[str, PlannedItem], catalog: Catalog, order: Order) -> ExplainedVisit:
    template = catalog.work_orders[visit.template]
    item = next((items[id] for id in visit.items if id in items), None)
    inputs = {**item.values, **order.inputs(item.action, visit.place.id)} if item is not None else {}
    reads = {name: inputs.get(name) for name in sorted(read_by(template.condition))}
    return ExplainedVisit(visit.id, template.id, template.when_new, template.condition, reads, visit.items)
