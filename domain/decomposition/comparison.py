"""Two plans of one order side by side: what a candidate catalog would make otherwise, and which of its rules would be the cause."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Literal, NamedTuple

from domain.catalog import Catalog, TaskSpecification
from domain.catalog.difference import camel
from domain.decomposition.explanation import chosen_by
from domain.decomposition.order import Order
from domain.plan import Plan, PlannedItem, PlannedService, PlannedTask, PlannedVisit
from domain.record import record

# What tells nodes apart in both plans, or follows from other differences, and so is no difference of its own.
_ITEM = frozenset({"id", "parent", "product", "services", "detached", "bundles"})
_SERVICE = frozenset({"id", "specification", "name", "previous", "products", "supporting", "number", "item", "owner", "rule", "tasks"})
_TASK = frozenset({"id", "name", "action"})
_VISIT = frozenset({"id", "template", "name", "numbers"})

Kind = Literal["added", "removed", "changed"]


@record
class Difference:
    """One thing that is otherwise. `node` is item, service, task, visit, wait (what starts after what) or serviceOrder (what is grouped with what);
    `what` names it by specification (`gpon-port/configure`); `attribute` is empty for what only one of the plans has. `cause` is the rule or part of
    the catalog that says so (`voice-line: voice-service` is rule voice-service of voice-line)."""

    node: str
    kind: Kind
    what: str
    attribute: str
    before: Any
    after: Any
    cause: str


def differences(before: Plan, after: Plan, old: Catalog, new: Catalog, order: Order) -> tuple[Difference, ...]:
    """What is in only one of the plans, and what is otherwise in both; nothing for plans that do the same."""
    return () if before == after else tuple(_differences(_Side(before, old, order), _Side(after, new, order)))


class _Side:
    """One plan, with its parts by what they have in common with those of the other."""

    def __init__(self, plan: Plan, catalog: Catalog, order: Order) -> None:
        self.plan, self.catalog, self.order = plan, catalog, order
        self.items = {item.id: item for item in plan.items}
        self.services = {service.id: service for service in plan.services}
        self.tasks = {(service.id, task.name): task for service in plan.services for task in service.tasks}
        self.visits = {(visit.template, visit.place.id): visit for visit in plan.visits}
        self._parents = {child: service.specification for service in plan.services for child in service.supporting}

    def rule(self, service: PlannedService) -> str:
        item = self.items.get(service.owner)
        return f"{self._parents.get(service.id) or (item.specification if item else '')}: {service.rule}"

    def specification(self, service: str, task: str) -> TaskSpecification | None:
        found = self.catalog.services.get(self.services[service].specification)
        return next((each for each in found.tasks if each.name == task), None) if found else None

    def chosen(self, service: str, task: PlannedTask) -> str:
        """The distribution rule that chose who gets a task, empty when none did."""
        planned = self.services[service]
        if planned.specification not in self.catalog.services or planned.owner not in self.items:
            return ""
        by = chosen_by(task, planned, self.items[planned.owner], self.catalog, self.order)
        return "" if by in ("task", "specification") else by

    def nodes(self) -> dict[str, tuple[str, Any]]:
        """The name of every node, and what it has in common with that of the other plan."""
        nodes: dict[str, tuple[str, Any]] = {f"item:{id}": (f"item {item.offering}", id) for id, item in self.items.items()}
        for (service, name), task in self.tasks.items():
            nodes[task.id] = (f"{self.services[service].specification}/{name}", (service, name))
        nodes.update((visit.id, (visit.template, key)) for key, visit in self.visits.items())
        return nodes

    def has(self, node: Any) -> bool:
        return node in self.tasks or node in self.visits or node in self.items


def _differences(old: _Side, new: _Side) -> Iterator[Difference]:
    yield from _items(old, new)
    yield from _services(old, new)
    yield from _tasks(old, new)
    yield from _visits(old, new)
    yield from _waits(old, new)


def _items(old: _Side, new: _Side) -> Iterator[Difference]:
    for kind, before, after in _pairs(old.items, new.items):
        item: PlannedItem = after or before
        what = item.offering or item.specification or item.id
        for attribute, one, other in _changes(before, after, _ITEM):
            yield Difference("item", kind, what, attribute, one, other, f"{item.specification or what}: {attribute or 'bundle'}")


def _services(old: _Side, new: _Side) -> Iterator[Difference]:
    for kind, before, after in _pairs(old.services, new.services):
        service: PlannedService = after or before
        cause = new.rule(after) if after else old.rule(before)
        for attribute, one, other in _changes(before, after, _SERVICE):
            yield Difference("service", kind, service.specification, attribute, one, other, cause)
    yield from _grouping(old, new)


def _grouping(old: _Side, new: _Side) -> Iterator[Difference]:
    """Services of one service order that come apart, or the other way round."""
    common = old.services.keys() & new.services.keys()
    for id in (each for each in new.services if each in common):
        service = new.services[id]
        before, after = (_company(service, side, common) for side in (old, new))
        if before != after:
            yield Difference("serviceOrder", "changed", service.specification, "with", before, after, "serviceOrderPer")


def _company(service: PlannedService, side: _Side, common: frozenset[str] | set[str]) -> tuple[str, ...]:
    number = side.services[service.id].number
    if not number:
        return ()
    return tuple(sorted(each.specification for each in side.plan.services if each.number == number and each.id in common))


def _tasks(old: _Side, new: _Side) -> Iterator[Difference]:
    for key in dict.fromkeys((*old.tasks, *new.tasks)):
        service, name = key
        before, after = old.tasks.get(key), new.tasks.get(key)
        side = new if after else old
        what = f"{side.services[service].specification}/{name}"
        for attribute, one, other in _changes(before, after, _TASK):
            if attribute == "answerWithin" and _as_set(old, key) and _as_set(new, key):
                continue
            chosen = side.chosen(service, after or before) if attribute == "targetSystem" and (after or before) else ""  # type: ignore[arg-type]
            yield Difference("task", _kind(before, after), what, attribute, one, other, f"distribution {chosen}" if chosen else what)


def _as_set(side: _Side, key: tuple[str, str]) -> bool:
    """Whether the time for an answer is that of the settings, which no catalog changes."""
    specification = side.specification(*key)
    return specification is not None and specification.answer_within is None


def _visits(old: _Side, new: _Side) -> Iterator[Difference]:
    for kind, before, after in _pairs(old.visits, new.visits):
        visit: PlannedVisit = after or before
        for attribute, one, other in _changes(before, after, _VISIT):
            if not (attribute == "answerWithin" and _visit_as_set(old, visit) and _visit_as_set(new, visit)):
                yield Difference("visit", kind, visit.template, attribute, one, other, visit.template)


def _visit_as_set(side: _Side, visit: PlannedVisit) -> bool:
    template = side.catalog.work_orders.get(visit.template)
    return template is not None and template.answer_within is None


def _waits(old: _Side, new: _Side) -> Iterator[Difference]:
    """What waits otherwise, of what both plans have: that something new is waited for goes without saying."""
    for kind, before, after in _pairs(_edges(old, new), _edges(new, old)):
        if before is None or after is None:
            yield Difference("wait", kind, (after or before).name, "", None, None, "dependencies")
        elif before.seconds != after.seconds:
            yield Difference("wait", kind, after.name, "lag", before.seconds, after.seconds, "dependencies")
    for kind, one, other in _pairs(_dates(old, new), _dates(new, old)):
        if one != other:
            name, _ = other or one
            yield Difference("wait", kind, name, "notBefore", one and one[1], other and other[1], "dependencies")


class _Wait(NamedTuple):
    name: str
    seconds: float


def _edges(side: _Side, other: _Side) -> dict[Any, _Wait]:
    nodes, lags = side.nodes(), {(lag.before, lag.after): lag.seconds for lag in side.plan.lags}
    found: dict[Any, _Wait] = {}
    for edge in side.plan.edges:
        if edge[0] in nodes and edge[1] in nodes:
            (first, one), (second, two) = nodes[edge[0]], nodes[edge[1]]
            if other.has(one) and other.has(two):
                found[one, two] = _Wait(f"{second} after {first}", lags.get(edge, 0.0))
    return found


def _dates(side: _Side, other: _Side) -> dict[Any, tuple[str, datetime]]:
    nodes = side.nodes()
    dated = [(nodes[each.node], each.due) for each in side.plan.not_before if each.node in nodes]
    return {node: (name, due) for (name, node), due in dated if other.has(node)}


# ---- any two records


def _pairs(old: Mapping[Any, Any], new: Mapping[Any, Any]) -> Iterator[tuple[Kind, Any, Any]]:
    for key in dict.fromkeys((*old, *new)):
        before, after = old.get(key), new.get(key)
        yield _kind(before, after), before, after


def _kind(before: Any, after: Any) -> Kind:
    return "added" if before is None else "removed" if after is None else "changed"


def _changes(before: Any, after: Any, ignored: frozenset[str]) -> Iterator[tuple[str, Any, Any]]:
    """Attributes that differ; one nameless change for what only one side has."""
    if before is None or after is None:
        yield "", None, None
    elif before != after:
        for each in fields(before):
            if each.name not in ignored:
                yield from _of_attribute(camel(each.name), getattr(before, each.name), getattr(after, each.name))


def _of_attribute(name: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*before, *after)):
            if before.get(key) != after.get(key):
                yield key, before.get(key), after.get(key)
    else:
        yield name, before, after
