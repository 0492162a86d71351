"""Decomposition: what an order asks for, split by the catalog into services, tasks and visits.

A pure function of the order, the pinned catalog and the install base (domain-rules 2): same inputs, same plan. It asks for the streams it needs
(`Need`) instead of reading any store.
"""

from domain.decider import Facts, Need, World
from domain.decomposition.graph import edges_of
from domain.decomposition.items import resolve_items
from domain.decomposition.services import plan_services
from domain.decomposition.visits import plan_visits
from domain.order_document import OrderLine
from domain.plan import Plan, cycle_in
from domain.record import record
from domain.values import Rejected


@record
class Order:
    """What decomposition must know about the order: its id, its customer and account, and the service and work orders it has already."""

    id: str
    customer: str
    account: str = ""
    service_orders: int = 0
    work_orders: int = 0


def decompose(order: Order, lines: tuple[OrderLine, ...], catalog_version: str, world: World) -> Plan | Need:
    """The plan for these lines. Raises Rejected when the order contradicts the catalog or the install base."""
    catalog, facts = world.catalog(catalog_version), Facts(world.loaded)
    items = resolve_items(order.id, order.customer, lines, catalog, facts)
    services = plan_services(order.id, order.customer, order.account, items, catalog, facts, order.service_orders, world.answer_within)
    if facts.need is not None:
        return facts.need
    visits = plan_visits(order.id, items, services, catalog, order.work_orders, world.answer_within)
    edges = edges_of(items, services, visits, catalog)
    if stuck := cycle_in(edges):
        raise Rejected("invalid", f"These steps wait for each other: {', '.join(stuck)}.")
    return Plan(tuple(item.planned() for item in items), tuple(services.planned()), visits, edges)
