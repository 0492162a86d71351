"""What a candidate catalog would have made of the orders of the past: which it would decompose otherwise or refuse, and by which of its rules.

Every order meets the install base as it was when it was decomposed, so that an order differs only where the catalogs do.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from domain.catalog import Catalog
from domain.decider import Need, World
from domain.decomposition import Order, decompose
from domain.decomposition.comparison import Difference, differences
from domain.decomposition.order import segment_of
from domain.decomposition.service_items import decompose_services
from domain.order_document import read_lines
from domain.plan import Plan
from domain.record import record
from domain.service_order_document import read_service_lines
from domain.values import Rejected, moment_of

EXAMPLES = 5  # orders that are named of each group


class RecordedPlan(Protocol):
    """What came of an order. To tell whether it is another plan takes less than to read it."""

    def is_same(self, plan: Plan) -> bool: ...

    def read(self) -> Plan: ...


@record
class PastOrder:
    """An order as it was decomposed under `catalog`, at a time. `plan` is None when it did not come at once (information was supplied since): then it
    is decomposed once more under the catalog that it had."""

    id: str
    customer: str
    catalog: str
    document: Mapping[str, Any]
    plan: RecordedPlan | None
    at: datetime
    source: str = ""


@record
class Example:
    """One order of a group, with the values of the attribute that differs."""

    order: str
    before: Any
    after: Any


@record
class Group:
    """Differences of one kind with one cause (see `Difference`), in how many orders, and the first of them."""

    cause: str
    node: str
    kind: str
    what: str
    attribute: str
    orders: int
    examples: tuple[Example, ...]


@record
class Refusal:
    """Why orders that were accepted would be refused, how many, and the first of them."""

    reason: str
    orders: int
    examples: tuple[str, ...]


@record
class OverOrders:
    """The report: how many orders were looked at, and what would become of them. Groups and refusals with most orders come first."""

    candidate: str
    orders: int
    same: int
    different: int
    refused: int
    groups: tuple[Group, ...]
    refusals: tuple[Refusal, ...]


class Candidate:
    """`look` at one past order after the other, then ask for the `report`."""

    def __init__(self, candidate: Catalog, catalogs: Mapping[str, Catalog], answer_within: float) -> None:
        self._catalog, self._catalogs, self._answer_within = candidate, catalogs, answer_within
        self._orders = self._different = 0
        self._groups: dict[tuple[str, str, str, str, str], tuple[list[Example], list[int]]] = {}
        self._refusals: dict[str, list[str]] = {}

    def look(self, past: PastOrder, loaded: Mapping[str, Any]) -> Need | None:
        """Decompose one order under the candidate and keep what is otherwise; Need when states of streams at its time are missing in `loaded`."""
        after = self._outcome(past, self._catalog, loaded)
        if isinstance(after, Need):
            return after
        before = past.plan or self._outcome(past, self._catalogs[past.catalog], loaded)
        if isinstance(before, Need):
            return before
        if not isinstance(before, Rejected):  # else it cannot be said any more what the catalog it had makes of it
            self._compare(past, before, after)
        return None

    def _outcome(self, past: PastOrder, catalog: Catalog, loaded: Mapping[str, Any]) -> Plan | Need | Rejected:
        try:
            return self._decomposed(past, catalog, loaded)
        except Rejected as rejected:
            return rejected

    def _compare(self, past: PastOrder, before: Plan | RecordedPlan, after: Plan | Rejected) -> None:
        self._orders += 1
        if isinstance(after, Rejected):
            self._refusals.setdefault(after.sentence, []).append(past.id)
        elif isinstance(before, Plan) or not before.is_same(after):
            planned = before if isinstance(before, Plan) else before.read()
            found = differences(planned, after, self._catalogs[past.catalog], self._catalog, _order(past))
            self._different += bool(found)
            self._note(past.id, found)

    def _decomposed(self, past: PastOrder, catalog: Catalog, loaded: Mapping[str, Any]) -> Plan | Need:
        world = World(past.at, {catalog.version: catalog}, catalog.version, loaded, self._answer_within)
        order = _order(past)
        if "serviceOrderItem" in past.document:  # it came from outside
            return decompose_services(order, read_service_lines(past.document), world)
        return decompose(order, read_lines(past.document), catalog.version, world)

    def _note(self, order: str, found: Sequence[Difference]) -> None:
        counted = set()
        for each in found:
            key = (each.cause, each.node, each.kind, each.what, each.attribute)
            examples, count = self._groups.setdefault(key, ([], [0]))
            if key not in counted:
                counted.add(key)
                count[0] += 1
                if len(examples) < EXAMPLES:
                    examples.append(Example(order, each.before, each.after))

    def report(self) -> OverOrders:
        """What has come of the orders so far."""
        groups = [Group(*key, count[0], tuple(examples)) for key, (examples, count) in self._groups.items()]
        refusals = [Refusal(reason, len(orders), tuple(orders[:EXAMPLES])) for reason, orders in self._refusals.items()]
        refused = sum(map(len, self._refusals.values()))
        return OverOrders(
            self._catalog.version,
            self._orders,
            self._orders - self._different - refused,
            self._different,
            refused,
            tuple(sorted(groups, key=lambda each: (-each.orders, each.cause, each.node, each.what, each.attribute))),
            tuple(sorted(refusals, key=lambda each: (-each.orders, each.reason))),
        )


def _order(past: PastOrder) -> Order:
    start = moment_of(past.document.get("requestedStartDate"))
    is_now = start is None or start <= past.at
    return Order(past.id, past.customer, segment=segment_of(past.document), source=past.source, merges=is_now)


class Outline(Protocol):
    """As much of a plan as says what it was about."""

    @property
    def items(self) -> Sequence[Any]: ...

    @property
    def services(self) -> Sequence[Any]: ...


def likely_streams(plan: Outline, candidate: Catalog) -> Iterator[str]:
    """Streams that decomposing again will most likely ask for, so that they can be loaded for many orders at once: what was changed or could be
    shared."""
    for item in plan.items:
        if item.action != "add":
            yield item.product
            yield from item.bundles
    below: set[str] = set()  # what a shared service is made of is as old as that
    for service in plan.services:
        if service.action != "add" or service.id in below or _is_shared(service.specification, candidate):
            below.update(service.supporting)
            yield service.id


def _is_shared(service: str, catalog: Catalog) -> bool:
    specification = catalog.services.get(service)
    return specification is not None and specification.scope not in ("item", "topItem", "order")
