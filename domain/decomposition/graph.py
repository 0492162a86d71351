"""Last step of decomposition: what waits for what.

Realisation (a CFS after its RFS; backwards when deleting), the order of a service's tasks, the catalog's dependencies, and items that rely on others.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from domain.catalog import Catalog, Dependency
from domain.decomposition.drafts import ServiceDraft, ServiceDrafts
from domain.decomposition.item import Item
from domain.plan import Plan, PlannedVisit, cycle_in
from domain.values import Rejected

Edge = tuple[str, str]
Node = ServiceDraft | PlannedVisit


def edges_of(
    items: Sequence[Item], services: ServiceDrafts, visits: tuple[PlannedVisit, ...], catalog: Catalog, earlier: Plan | None = None
) -> tuple[Edge, ...]:
    """All finish→start edges, without repeats, in a fixed order; with an earlier plan only those to what is new. Raises Rejected for a circle."""
    ends = Ends(services)
    edges: dict[Edge, None] = {}
    for draft in services.values():
        _add(edges, _own_edges(draft, services, ends))
    instances = instances_of(services, visits)
    for dependency in catalog.dependencies:
        before, after = instances.get(specification_of(dependency.before)), instances.get(specification_of(dependency.after))
        if before and after:
            _add(edges, dependency_edges(dependency, before, after, ends))
    relied = _relied(items)
    for item, others in relied:
        _add(edges, _item_edges(item, others, services, ends))
    for item in items:
        if item.moved and not item.settled:
            _add(edges, _move_edges(item, services, visits, ends))
    if earlier is not None:
        edges = _only_new(edges, earlier)
    _check_circles(edges, relied, items, services, ends, earlier)
    return tuple(edges)


def _add(edges: dict[Edge, None], more: Iterable[Edge]) -> None:
    for edge in more:
        edges[edge] = None


def _only_new(edges: dict[Edge, None], earlier: Plan) -> dict[Edge, None]:
    known = {task.id for service in earlier.services for task in service.tasks}
    known.update(f"item:{item.id}" for item in earlier.items if not item.waits)
    return {edge: None for edge in edges if edge[1] not in known}


class Ends:
    """Where the work on a service with all that supports it begins and ends."""

    def __init__(self, services: ServiceDrafts) -> None:
        self._starts: dict[str, tuple[str, ...]] = {}
        self._finishes: dict[str, tuple[str, ...]] = {}
        for draft in _children_first(services):
            own = tuple([task.id for task in draft.tasks])
            first, last = own[:1], own[-1:]
            parts = [child for child in draft.children if child in services]
            if parts:
                below_first = tuple([node for part in parts for node in self._starts[part]])
                below_last = tuple([node for part in parts for node in self._finishes[part]])
                deletes = draft.action == "delete"
                first = (first or below_first) if deletes else (below_first or first)
                last = (below_last or last) if deletes else (last or below_last)
            self._starts[draft.id], self._finishes[draft.id] = first, last

    def starts(self, draft: ServiceDraft) -> tuple[str, ...]:
        return self._starts[draft.id]

    def finishes(self, draft: ServiceDraft) -> tuple[str, ...]:
        return self._finishes[draft.id]


def _children_first(services: ServiceDrafts) -> Iterable[ServiceDraft]:
    ordered: dict[str, ServiceDraft] = {}
    for root in services.values():
        if not root.children:
            ordered[root.id] = root
            continue
        todo = [(root, False)]
        while todo:
            draft, seen = todo.pop()
            if draft.id in ordered:
                continue
            if seen:
                ordered[draft.id] = draft
                continue
            todo.append((draft, True))
            todo.extend([(services[child], False) for child in draft.children if child in services])
    return ordered.values()


def _own_edges(draft: ServiceDraft, services: ServiceDrafts, ends: Ends) -> Iterator[Edge]:
    if not draft.tasks:
        return
    own = [task.id for task in draft.tasks]
    yield from pairwise(own)
    for child in draft.children:
        part = services.get(child)
        if part is None:
            continue
        if part.action == draft.action == "delete":
            yield from ((own[-1], node) for node in ends.starts(part))
        elif part.action != "delete" and draft.action != "delete":
            yield from ((node, own[0]) for node in ends.finishes(part))


# Dependencies of the catalog ------------------------------------------------------------------------------------------------------------
def instances_of(services: ServiceDrafts, visits: tuple[PlannedVisit, ...]) -> dict[str, list[Node]]:
    """What the order works on, by specification and template."""
    found: dict[str, list[Node]] = {}
    for draft in services.values():
        if draft.action != "noChange":
            found.setdefault(draft.specification.id, []).append(draft)
    for visit in visits:
        found.setdefault(visit.template, []).append(visit)
    return found


def specification_of(name: str) -> str:
    """The specification in `gpon-port/reserve`."""
    return name.partition("/")[0]


def dependency_edges(dependency: Dependency, befores: Sequence[Node], afters: Sequence[Node], ends: Ends) -> Iterator[Edge]:
    """The edges that one dependency makes between what there is of its ends; backwards between what is deleted."""
    for before, after in _pairs(befores, afters):
        if _deletes(before) and _deletes(after):
            firsts = nodes_of(dependency.after, after, ends, finish=True)
            seconds = nodes_of(dependency.before, before, ends, finish=False)
        elif _deletes(before) or _deletes(after):
            continue
        else:
            firsts = nodes_of(dependency.before, before, ends, finish=True)
            seconds = nodes_of(dependency.after, after, ends, finish=False)
        for first in firsts:
            for second in seconds:
                yield first, second


def _pairs(befores: Sequence[Node], afters: Sequence[Node]) -> Iterator[tuple[Node, Node]]:
    """Nodes that serve a common item: only then does a dependency of their specifications concern them."""
    if len(befores) == 1 and len(afters) == 1:
        if not set(befores[0].items).isdisjoint(afters[0].items):
            yield befores[0], afters[0]
        return
    by_item: dict[str, list[Node]] = {}
    for before in befores:
        for item in before.items:
            by_item.setdefault(item, []).append(before)
    for after in afters:
        near = {id(before): before for item in after.items for before in by_item.get(item, ())}
        for before in near.values():
            yield before, after


def _deletes(node: Node) -> bool:
    return isinstance(node, ServiceDraft) and node.action == "delete"


def nodes_of(name: str, node: Node, ends: Ends, finish: bool) -> tuple[str, ...]:
    """The nodes with which an end of a dependency finishes or starts: those of the whole service or visit, or the task that is named."""
    if isinstance(node, PlannedVisit):
        return (node.id,)
    task = name.partition("/")[2]
    if task:
        return tuple([each.id for each in node.tasks if each.name == task])
    return ends.finishes(node) if finish else ends.starts(node)


# Items that rely on others --------------------------------------------------------------------------------------------------------------
def _relied(items: Sequence[Item]) -> list[tuple[Item, list[Item]]]:
    """Which items wait for which: those they name, else those that their offering relies on."""
    named = [item for item in items if item.line.relies_on or (item.offering is not None and item.offering.relies_on)]
    if not named:
        return []
    by_id = {item.line.id: item for item in items}
    found = []
    for item in named:
        others = [by_id[id] for id in item.line.relies_on if id in by_id and by_id[id].under is not item]  # it waits for its parts anyway
        if not others and item.offering is not None and item.line.action == "add":
            others = [each for each in items if each.offering is not None and each.offering.id in item.offering.relies_on]
        found.append((item, [other for other in others if other.line.action != "noChange"]))
    return found


def _item_edges(item: Item, others: Sequence[Item], services: ServiceDrafts, ends: Ends) -> Iterator[Edge]:
    """What an item has to itself waits until the other item is done; a service that both use belongs to neither."""
    for other in others:
        own = [services[id] for id in item.services if id in services and id not in other.services]
        first = dict.fromkeys([node for draft in own if draft.owner is item for node in ends.starts(draft)])
        yield from ((f"item:{other.line.id}", node) for node in first)
        if not first:
            yield f"item:{other.line.id}", f"item:{item.line.id}"


# Items that move ----------------------------------------------------------------------------------------------------------------------
def _move_edges(item: Item, services: ServiceDrafts, visits: tuple[PlannedVisit, ...], ends: Ends) -> Iterator[Edge]:
    """What is at the old place is taken down once all at the new one is built and visited: until then the customer has the old (domain-rules 2.5)."""
    built = [services[id] for id in item.services if services[id].action != "noChange"]
    lasts = dict.fromkeys([node for draft in built for node in ends.finishes(draft)])
    lasts.update((visit.id, None) for visit in visits if item.line.id in visit.items)
    left = [services[id] for id in item.detached if id in services and services[id].action == "delete"]
    firsts = dict.fromkeys([node for draft in left for node in ends.starts(draft)])
    yield from ((last, first) for last in lasts for first in firsts)


def _check_circles(
    edges: dict[Edge, None],
    relied: Sequence[tuple[Item, list[Item]]],
    items: Sequence[Item],
    services: ServiceDrafts,
    ends: Ends,
    earlier: Plan | None,
) -> None:
    """An item is done when its services and, in a bundle, its nested items are: that closes circles too."""
    all_edges = [*edges, *(earlier.edges if earlier is not None else ())]
    if relied or any(second.startswith("item:") for _, second in all_edges):
        for item in items:
            node = f"item:{item.line.id}"
            used = [services[id] for id in (*item.services, *item.detached) if id in services]
            all_edges.extend([(task, node) for draft in used for task in ends.finishes(draft)])
            all_edges.extend([(f"item:{child.line.id}", node) for child in item.children])
    if stuck := cycle_in(all_edges):
        raise Rejected("invalid", f"These steps wait for each other: {', '.join(stuck)}.")
