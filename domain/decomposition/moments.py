"""What a plan waits for besides other work: lags of its edges, and dates that the customer named (domain-rules 3.1)."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.catalog import Catalog, Dependency
from domain.decomposition.drafts import ServiceDraft, ServiceDrafts
from domain.decomposition.graph import Edge, Ends, Node, dependency_edges, instances_of, nodes_of, specification_of
from domain.decomposition.item import Item
from domain.plan import Lag, NotBefore, PlannedVisit
from domain.values import Rejected, moment_of


def lags_of(services: ServiceDrafts, visits: tuple[PlannedVisit, ...], catalog: Catalog, edges: Sequence[Edge]) -> tuple[Lag, ...]:
    """Which of the edges take longer: a lag holds whichever way the work runs, building or taking down [choice]; of several the longest counts."""
    lagging = catalog.compiled.lagging
    if not lagging:
        return ()
    ends, instances, known = Ends(services), instances_of(services, visits), set(edges)
    longest: dict[Edge, float] = {}
    for dependency in lagging:
        before, after = instances.get(specification_of(dependency.before)), instances.get(specification_of(dependency.after))
        if before and after:
            for edge in dependency_edges(dependency, before, after, ends):
                longest[edge] = max(longest.get(edge, 0.0), dependency.lag)
    return tuple([Lag(*edge, seconds) for edge, seconds in longest.items() if edge in known])


def dates_of(items: Sequence[Item], services: ServiceDrafts, visits: tuple[PlannedVisit, ...], catalog: Catalog) -> tuple[NotBefore, ...]:
    """Dates before which work must not begin, whatever its action [choice]; of several the latest counts. Raises Rejected for what is no date."""
    dated = catalog.compiled.dated
    if not dated:
        return ()
    ends, instances = Ends(services), instances_of(services, visits)
    by_id = {item.line.id: item for item in items}
    latest: dict[str, datetime] = {}
    for dependency in dated:
        for node in instances.get(specification_of(dependency.after), ()):
            for due in _dates(dependency, node, by_id, catalog):
                for first in nodes_of(dependency.after, node, ends, finish=False):
                    latest[first] = max(latest.get(first, due), due)
    return tuple([NotBefore(node, due) for node, due in latest.items()])


def _dates(dependency: Dependency, node: Node, items: dict[str, Item], catalog: Catalog) -> Iterator[datetime]:
    """One date for each item that needs the node and names one; what is planned already keeps the date that it has."""
    if isinstance(node, ServiceDraft) and node.under_way is not None:
        return
    own = node.values if isinstance(node, ServiceDraft) else {}
    for item in (items[id] for id in node.items):
        value = catalog.compiled.expression(dependency.date)({**item.values, **own, "action": item.line.action})
        if value is not None:
            yield _date(value, item, dependency)


def _date(value: Any, item: Item, dependency: Dependency) -> datetime:
    moment = moment_of(value)
    try:
        if moment is not None:
            return moment + timedelta(seconds=dependency.lag)
    except OverflowError:
        pass
    sentence = f"Item {item.line.id}: {dependency.after} waits for a date, which {value!r} is not. Write it as 2026-12-01T09:00:00Z."
    raise Rejected("invalid", sentence)
