"""Last step of decomposition: what waits for what.

Realisation (a CFS after its RFS; backwards when deleting), the order of a service's tasks, the catalog's dependencies, and items that rely on others.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from domain.catalog import Catalog, Dependency
from domain.decomposition.items import Item
from domain.decomposition.services import ServiceDraft, ServiceDrafts
from domain.plan import PlannedVisit

Edge = tuple[str, str]


def edges_of(items: Sequence[Item], services: ServiceDrafts, visits: tuple[PlannedVisit, ...], catalog: Catalog) -> tuple[Edge, ...]:
    """All finish→start edges, without repeats, in a fixed order."""
    ends = _Ends(services)
    edges: dict[Edge, None] = {}
    for draft in services.values():
        edges.update(dict.fromkeys(_own_edges(draft, services, ends)))
    for dependency in catalog.dependencies:
        edges.update(dict.fromkeys(_dependency_edges(dependency, services, visits, ends)))
    for item in items:
        edges.update(dict.fromkeys(_item_edges(item, items, services, ends)))
    return tuple(edges)


class _Ends:
    """Where the work on a service with all that supports it begins and ends."""

    def __init__(self, services: ServiceDrafts) -> None:
        self._services = services
        self._starts: dict[str, tuple[str, ...]] = {}
        self._finishes: dict[str, tuple[str, ...]] = {}
        for draft in _children_first(services):
            parts = [services[child] for child in draft.children if child in services]
            first = tuple(node for part in parts for node in self._starts.get(part.id, ()))
            last = tuple(node for part in parts for node in self._finishes.get(part.id, ()))
            own = tuple(task.id for task in draft.tasks)
            if draft.action == "delete":
                self._starts[draft.id], self._finishes[draft.id] = own[:1] or first, last or own[-1:]
            else:
                self._starts[draft.id], self._finishes[draft.id] = first or own[:1], own[-1:] or last

    def starts(self, draft: ServiceDraft) -> tuple[str, ...]:
        return self._starts[draft.id]

    def finishes(self, draft: ServiceDraft) -> tuple[str, ...]:
        return self._finishes[draft.id]


def _children_first(services: ServiceDrafts) -> list[ServiceDraft]:
    ordered: dict[str, ServiceDraft] = {}
    for root in services.values():
        todo = [(root, False)]
        while todo:
            draft, seen = todo.pop()
            if draft.id in ordered:
                continue
            if seen:
                ordered[draft.id] = draft
                continue
            todo.append((draft, True))
            todo.extend((services[child], False) for child in draft.children if child in services)
    return list(ordered.values())


def _own_edges(draft: ServiceDraft, services: ServiceDrafts, ends: _Ends) -> Iterator[Edge]:
    own = [task.id for task in draft.tasks]
    yield from pairwise(own)
    for child in draft.children:
        part = services.get(child)
        if part is None or not own:
            continue
        if part.action == draft.action == "delete":
            yield from ((own[-1], node) for node in ends.starts(part))
        elif part.action != "delete" and draft.action != "delete":
            yield from ((node, own[0]) for node in ends.finishes(part))


def _dependency_edges(dependency: Dependency, services: ServiceDrafts, visits: tuple[PlannedVisit, ...], ends: _Ends) -> Iterator[Edge]:
    for before in _instances(dependency.before, services, visits):
        for after in _instances(dependency.after, services, visits):
            if not _together(before, after):
                continue
            if _deletes(before) and _deletes(after):
                before_ends = _nodes(dependency.after, after, ends, finish=True)
                after_starts = _nodes(dependency.before, before, ends, finish=False)
            elif _deletes(before) or _deletes(after):
                continue
            else:
                before_ends = _nodes(dependency.before, before, ends, finish=True)
                after_starts = _nodes(dependency.after, after, ends, finish=False)
            yield from ((first, second) for first in before_ends for second in after_starts)


Node = ServiceDraft | PlannedVisit


def _instances(name: str, services: ServiceDrafts, visits: tuple[PlannedVisit, ...]) -> Iterator[Node]:
    specification = name.partition("/")[0]
    yield from (draft for draft in services.values() if draft.specification.id == specification and draft.action != "noChange")
    yield from (visit for visit in visits if visit.template == specification)


def _together(one: Node, other: Node) -> bool:
    """Whether two nodes belong to a common product: only then does a dependency of their specifications concern them."""
    if isinstance(one, PlannedVisit):
        return isinstance(other, PlannedVisit) or _together(other, one)
    if isinstance(other, PlannedVisit):
        return one.owner.line.id in other.items
    return any(product in other.products for product in one.products)


def _deletes(node: Node) -> bool:
    return isinstance(node, ServiceDraft) and node.action == "delete"


def _nodes(name: str, node: Node, ends: _Ends, finish: bool) -> tuple[str, ...]:
    if isinstance(node, PlannedVisit):
        return (node.id,)
    task = name.partition("/")[2]
    if task:
        return tuple(each.id for each in node.tasks if each.name == task)
    return ends.finishes(node) if finish else ends.starts(node)


def _item_edges(item: Item, items: Sequence[Item], services: ServiceDrafts, ends: _Ends) -> Iterator[Edge]:
    relied = list(item.line.relies_on)
    if item.offering is not None and not relied and item.line.action == "add":
        relied = [each.line.id for each in items if each.offering is not None and each.offering.id in item.offering.relies_on]
    for other in relied:
        first = [node for id in item.services if id in services and services[id].owner is item for node in ends.starts(services[id])]
        yield from ((f"item:{other}", node) for node in dict.fromkeys(first))
        if not first:
            yield (f"item:{other}", f"item:{item.line.id}")
