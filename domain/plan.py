"""The fulfilment plan of an order: products, services, tasks and visits, and what must be finished before what starts.

A plan is a value. It is stored as the outcome of decomposition, so that fulfilment, previews and explanations all speak of the same one.
Node ids: a task is `<service order>.<item>.<task>` (`1.2.configure`), a visit the id of its work order, an item `item:<id>`.
"""

from collections.abc import Collection
from dataclasses import field
from datetime import datetime
from typing import Any

from domain.record import record
from domain.values import Place

# What a point of no return closes to changes: the item, everything that had to come before it, the bundle around the item, or the order.
ITEM, CLOSURE, BUNDLE, ORDER = "item", "closure", "bundle", "order"
CLOSES = (ITEM, CLOSURE, BUNDLE, ORDER)


@record
class Clearance:
    """What our own people must still say before an item is planned: technical values (`paths`) that somebody of `group` adds, and the approval of
    `role`; `approved` is the role that has approved, `refused` the one that has not (domain-rules 2.13)."""

    group: str = ""
    paths: tuple[str, ...] = ()
    role: str = ""
    approved: str = ""
    refused: str = ""


APPROVAL = "approval"


def is_approval(path: str) -> bool:
    """Whether what an item lacks is an approval: the path ends so."""
    return path.rpartition(".")[2] == APPROVAL


@record
class PlannedItem:
    """An order item with everything known about it. `product` holds the services of the item: a product, or, in a service order from outside, the
    service that is ordered. `services` are all services it needs, shared ones included; `missing` the paths of information that the customer still has
    to supply: then nothing else of the item is planned yet. `status` is what a suspend or resume makes of the product, `term` what a renewal agrees on,
    `moved` whether `places` are new, `part_of` the product that an added one is a part of; `closes` what its point of no return closes. `clearance` says what
    of `missing` is asked of our own people, and not of the customer; `bought` the prices and the account as the line says them; `behind` are the orders
    that have to be over first, `merged` the item of that order which it has become part of; `external` is what the sender calls a product that is added."""

    id: str
    parent: str
    action: str
    product: str
    offering: str
    specification: str
    values: dict[str, Any]
    places: tuple[Place, ...]
    services: tuple[str, ...] = ()
    detached: tuple[str, ...] = ()
    bundles: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    status: str = ""
    term: tuple[dict[str, Any], ...] = ()
    moved: bool = False
    part_of: str = ""
    closes: str = CLOSURE
    clearance: Clearance | None = None
    bought: dict[str, Any] = field(default_factory=dict)
    behind: tuple[str, ...] = ()
    external: str = ""
    merged: str = ""

    @property
    def waits(self) -> bool:
        """Whether nothing else of it is planned yet: for information, or for other orders to be over."""
        return bool(self.missing or self.behind)

    @property
    def is_unplanned(self) -> bool:
        """Whether it will be planned once it waits no more: what has become part of another order will not."""
        return self.waits and not self.merged

    @property
    def sells(self) -> bool:
        """Whether the item is about a product: one that orders a service makes none (domain-rules 2.14)."""
        return not self.product.startswith("svc-")


@record
class PlannedTask:
    """One step of a service order item; see `TaskSpecification` for the fields. `repeatable`: what it did can be changed by doing it again, with action
    modify; else it has to be undone first."""

    id: str
    name: str
    action: str
    kind: str
    target_system: str
    answer_within: float
    attempts: int
    retry_after: tuple[float, ...]
    point_of_no_return: bool
    undo: bool
    group: str
    form: tuple[str, ...]
    duration: float = 0.0
    repeatable: bool = True


@record
class PlannedService:
    """A service order item: the action on one service instance and its tasks. `number` is the service order within the product order, `item` the
    item id within it, `owner` the product order item it was made for; `products` hold the service from now on; `rule` says why it is here. `state` is
    active or inactive where the action decides it, `previous_state` where the service was not active before; `external` what a service order
    from outside calls it."""

    id: str
    specification: str
    version: str
    name: str
    category: str
    action: str
    values: dict[str, Any]
    previous: dict[str, Any]
    places: tuple[Place, ...]
    products: tuple[str, ...]
    supporting: tuple[str, ...]
    number: int
    item: str
    owner: str
    rule: str
    tasks: tuple[PlannedTask, ...]
    state: str = ""
    previous_state: str = ""
    external: str = ""


@record
class PlannedVisit:
    """A work order: one visit to a site, for all items that need it. It gates the service orders `numbers`."""

    id: str
    template: str
    name: str
    target_system: str
    place: Place
    items: tuple[str, ...]
    numbers: tuple[int, ...]
    tasks: tuple[str, ...]
    skills: tuple[str, ...]
    duration: float
    answer_within: float
    attempts: int


@record
class Lag:
    """An edge whose second node waits so many seconds more once the first is done."""

    before: str
    after: str
    seconds: float


@record
class NotBefore:
    """A node that waits for a date, whatever else it waits for."""

    node: str
    due: datetime


@record
class Plan:
    """Everything an order asks for. `edges` are finish→start: the second node waits for the first; `lags` those of them that take longer."""

    items: tuple[PlannedItem, ...]
    services: tuple[PlannedService, ...]
    visits: tuple[PlannedVisit, ...]
    edges: tuple[tuple[str, str], ...]
    lags: tuple[Lag, ...] = ()
    not_before: tuple[NotBefore, ...] = ()

    def without(self, gone: Collection[str]) -> "Plan":
        """This plan once these items are taken back: without the services and visits that nobody else wants, and without ends that not all want."""
        users: dict[str, list[bool]] = {}
        for item in self.items:
            for id in (*item.services, *item.detached):
                users.setdefault(id, []).append(item.id in gone)
        services = [
            each for each in self.services if not (any if each.action == "delete" else all)(users.get(each.id, ())) or each.id not in users
        ]
        visits = [visit for visit in self.visits if not all(id in gone for id in visit.items)]
        return Plan(
            tuple([item for item in self.items if item.id not in gone]),
            tuple(services),
            tuple(visits),
            self.edges,
            self.lags,
            self.not_before,
        )

    def extended(self, more: "Plan") -> "Plan":
        """This plan with what was planned later: items that waited are replaced, and services that are made anew."""
        items = {item.id: item for item in self.items} | {item.id: item for item in more.items}
        services = {service.id: service for service in self.services}
        services.update((service.id, service) for service in more.services if service.number or service.id not in services)
        return Plan(
            tuple(items.values()),
            tuple(services.values()),
            (*self.visits, *more.visits),
            (*self.edges, *more.edges),
            (*self.lags, *more.lags),
            (*self.not_before, *more.not_before),
        )


def service_node(service: PlannedService) -> str:
    """The node of a service order item within its order: `<service order>.<item>`, which its tasks' ids begin with."""
    return f"{service.number}.{service.item}"


def item_node(item: str) -> str:
    """The node that is done when a product order item is."""
    return f"item:{item}"


def service_order_id(order: str, number: int) -> str:
    """`so-…-<number>`: service orders are named after the order that makes them (`so-sr-…` where that came from outside), so that a repeat collides."""
    return f"so-{order.removeprefix('po-')}-{number}"


def work_order_id(order: str, number: int) -> str:
    """`wo-…-<number>`."""
    return f"wo-{order.removeprefix('po-')}-{number}"


def product_id(order: str, item: str) -> str:
    """The id of the product that an `add` makes."""
    return f"pr-{order.removeprefix('po-')}-{item}"


def cycle_in(edges: Collection[tuple[str, str]]) -> tuple[str, ...]:
    """Nodes that wait for themselves; empty for a plan that can run."""
    after: dict[str, list[str]] = {}
    waits: dict[str, int] = {}
    for first, second in edges:
        after.setdefault(first, []).append(second)
        waits[second] = waits.get(second, 0) + 1
        waits.setdefault(first, 0)
    free = [node for node, count in waits.items() if count == 0]
    while free:
        for node in after.get(free.pop(), ()):
            waits[node] -= 1
            if waits[node] == 0:
                free.append(node)
    return tuple(sorted(node for node, count in waits.items() if count > 0))
