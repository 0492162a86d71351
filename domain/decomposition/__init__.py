"""Decomposition: what an order asks for, split by the catalog into services, tasks and visits.

A pure function of the order, the pinned catalog and the install base (domain-rules 2): same inputs, same plan. It asks for the streams it needs
(`Need`) instead of reading any store.
"""

from domain.decider import Facts, Need, World
from domain.decomposition.base import BaseWithout
from domain.decomposition.clearance import ask_for_clearance
from domain.decomposition.graph import edges_of
from domain.decomposition.items import resolve_items
from domain.decomposition.merging import merge
from domain.decomposition.moments import dates_of, lags_of
from domain.decomposition.order import Order
from domain.decomposition.services import plan_services
from domain.decomposition.validity import check_valid
from domain.decomposition.visits import plan_visits
from domain.order_document import OrderLine
from domain.plan import Plan


def decompose(
    order: Order,
    lines: tuple[OrderLine, ...],
    catalog_version: str,
    world: World,
    earlier: Plan | None = None,
    amended: Plan | None = None,
) -> Plan | Need:
    """The plan for these lines; with an `earlier` plan of the same order, what is to be added to it for the items that waited for information; with one
    that is `amended`, the plan that takes its place, in which what stays has the service order item, the tasks and the visit that it had.

    Raises Rejected when the order contradicts the catalog or the install base."""
    catalog = world.catalog(catalog_version)
    facts = Facts(world.loaded) if amended is None else BaseWithout(world.loaded, order.id, amended)
    items = resolve_items(order.id, order.customer, lines, catalog, facts, earlier)
    check_valid(items, catalog, world.now, earlier if amended is None else amended)
    ask_for_clearance(order, items, catalog, earlier or amended)
    services = plan_services(order, items, catalog, facts, world.answer_within, earlier, amended)
    if facts.need is not None:
        return facts.need
    merge(order, items, facts, amended is not None)
    visits = plan_visits(order, items, services, catalog, world.answer_within, amended)
    edges = edges_of(items, services, visits, catalog, earlier)
    planned = tuple([item.planned() for item in items if not item.settled])
    lags, dates = lags_of(services, visits, catalog, edges), dates_of(items, services, visits, catalog)
    return Plan(planned, services.planned(), visits, edges, lags, dates)


__all__ = ["Order", "decompose"]
