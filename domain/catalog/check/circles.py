"""Circles: bundles and services that would contain themselves, work that would wait for itself (domain-rules 3.1)."""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from domain.catalog import Catalog, ServiceSpecification
from domain.catalog.check.problem import Problem, Problems
from domain.catalog.check.reach import Reach

Circle = tuple[str, ...]
Edges = dict[tuple[str, str], str]


def circles(graph: Mapping[str, Sequence[str]]) -> Iterator[Circle]:
    """Circles of a graph, each node in one at most; none for a graph without any. Written from the first node that the graph lists."""
    left, order = dict(graph), {node: number for number, node in enumerate(graph)}
    while True:
        try:
            TopologicalSorter({node: [other for other in others if other in left] for node, others in left.items()}).prepare()
        except CycleError as error:
            found = tuple(reversed(error.args[1][1:]))
            start = min(range(len(found)), key=lambda at: order[found[at]])
            yield found[start:] + found[:start]
            for node in found:
                del left[node]
        else:
            return


def circles_of(catalog: Catalog) -> Problems:
    """Every circle of the catalog, at the place where it closes."""
    yield from _contained(_bundles(catalog), "contains itself")
    yield from _contained(_relied(catalog), "relies on itself")
    parts = list(_contained(_children(catalog), "is a part of itself"))
    yield from parts
    if not parts:
        yield from _waiting(catalog)


def _contained(places: Edges, what: str) -> Problems:
    graph: dict[str, list[str]] = {}
    for one, other in places:
        graph.setdefault(one, []).append(other)
    for circle in circles(graph):
        yield Problem(places[circle[-1], circle[0]], f"closes a circle: {circle[0]!r} {what}{_through(circle)}")


def _through(circle: Circle) -> str:
    return f" through {' → '.join(circle[1:])}" if len(circle) > 1 else ""


def _bundles(catalog: Catalog) -> Edges:
    return {
        (offering.id, part.offering): f"offerings[{offering.id}].{name}[{number}].offering"
        for offering in catalog.offerings.values()
        for name, parts in (("bundled", offering.bundled), ("optional", offering.optional))
        for number, part in enumerate(parts)
    }


def _relied(catalog: Catalog) -> Edges:
    return {
        (offering.id, other): f"offerings[{offering.id}].reliesOn[{number}]"
        for offering in catalog.offerings.values()
        for number, other in enumerate(offering.relies_on)
    }


def _children(catalog: Catalog) -> Edges:
    return {
        (service.id, child.specification): f"services[{service.id}].children[{number}].specification"
        for service in catalog.services.values()
        for number, child in enumerate(service.children)
    }


# ---- work that waits


def _waiting(catalog: Catalog) -> Problems:
    """Circles of the dependencies together with realisation and the order of tasks, as `domain.decomposition.graph` joins them. Each product by
    itself, for a dependency concerns what belongs to a common product; a circle through several products is refused with the order."""
    for action in ("add", "modify"):  # a delete runs the same edges backwards
        graph, _ = _waits(catalog, list(catalog.services.values()), set(catalog.work_orders), action)
        if not any(circles(graph)):
            continue  # then no product alone has one, and a catalog may have thousands
        for product, services in Reach(catalog).services_of.items():
            visits = {template.id for template in catalog.work_orders.values() if product in template.products}
            yield from _circles_of_product(catalog, product, [catalog.services[each] for each in sorted(services)], visits, action)


def _circles_of_product(
    catalog: Catalog, product: str, services: Sequence[ServiceSpecification], visits: set[str], action: str
) -> Problems:
    graph, places = _waits(catalog, services, visits, action)
    for circle in circles(graph):
        steps = [*pairwise(circle), (circle[-1], circle[0])]
        place = next((places[step] for step in reversed(steps) if step in places), f"products[{product}]")
        yield Problem(place, f"closes a circle in product {product!r}: {' → '.join((*circle, circle[0]))}")


def _waits(catalog: Catalog, services: Sequence[ServiceSpecification], visits: set[str], action: str) -> tuple[dict[str, list[str]], Edges]:
    """What comes after each task and visit, and where the dependency stands that says so. Visits are for what is new."""
    work = _Work(services, visits if action == "add" else set(), action)
    places: Edges = {}
    for number, dependency in enumerate(catalog.dependencies):
        if dependency.before != dependency.after:
            for first in work.ends(dependency.before, finish=True):
                places.update({(first, second): f"dependencies[{number}]" for second in work.ends(dependency.after, finish=False)})
    graph: dict[str, list[str]] = {}
    for one, other in (*places, *work.edges()):
        graph.setdefault(one, []).append(other)
    return graph, places


class _Work:
    """The tasks of services, `service/task`, for one action, and the visits."""

    def __init__(self, services: Sequence[ServiceSpecification], visits: set[str], action: str) -> None:
        self._visits = visits
        self._tasks = {service.id: _names(service, action) for service in services}
        self._parts = {
            service.id: [each.specification for each in service.children if each.specification in self._tasks] for service in services
        }
        self._starts: dict[str, list[str]] = {}
        self._finishes: dict[str, list[str]] = {}
        for id in TopologicalSorter(self._parts).static_order():
            own = self._tasks[id]
            self._starts[id] = _joined(self._starts, self._parts[id]) or own[:1]
            self._finishes[id] = own[-1:] or _joined(self._finishes, self._parts[id])

    def edges(self) -> Iterator[tuple[str, str]]:
        """A service's tasks follow each other, and come after the services that it is made of."""
        for id, own in self._tasks.items():
            yield from pairwise(own)
            yield from ((node, own[0]) for node in _joined(self._finishes, self._parts[id]) if own)

    def ends(self, name: str, *, finish: bool) -> list[str]:
        """The tasks with which one end of a dependency finishes or starts."""
        id, _, task = name.partition("/")
        if id in self._visits:
            return [id]
        if task:
            return [node for node in self._tasks.get(id, ()) if node == name]
        return (self._finishes if finish else self._starts).get(id, [])


def _names(service: ServiceSpecification, action: str) -> list[str]:
    return list(dict.fromkeys(f"{service.id}/{task.name}" for task in service.tasks if action in task.actions))


def _joined(nodes: Mapping[str, list[str]], parts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(node for part in parts for node in nodes[part]))
