"""Second step of decomposition: the services that each product needs, which of them exist, and what to do to each.

A shared child is one service order item however many products hold it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.catalog import Catalog, Child, ServiceSpecification
from domain.catalog.expression import characteristics_of
from domain.decider import Facts
from domain.decomposition.actions import choose_action, keep, leavers, release
from domain.decomposition.conflict import InTheWay, wait_behind
from domain.decomposition.drafts import ServiceDraft, ServiceDrafts
from domain.decomposition.grouping import keep_numbers, number_service_orders
from domain.decomposition.identity import SITE_ROLE, identity_of, moves, place_of, site_of
from domain.decomposition.item import Item
from domain.decomposition.order import Order
from domain.decomposition.tasks import tasks_of
from domain.external_id import SERVICE, loaded_id
from domain.order_document import invalid
from domain.plan import Plan, PlannedService
from domain.service import Service
from domain.values import Rejected

LARGEST_PLAN = 200_000  # services
OWN = ("item", "topItem")  # scopes within which a service is no other item's
ORDERED = "ordered"  # the rule by which a service is there that a service order asks for


def plan_services(
    order: Order,
    items: Sequence[Item],
    catalog: Catalog,
    facts: Facts,
    answer_within: float,
    earlier: Plan | None = None,
    amended: Plan | None = None,
) -> ServiceDrafts:
    """Decide for every service of every item that is not settled."""
    under_way = {service.id: service for service in earlier.services if service.number} if earlier is not None else {}
    while True:
        changing = [item for item in items if item.is_open]
        drafts = _selected(order, changing, catalog, facts, under_way)
        if all(item.is_open for item in changing) and _decided(order.id, items, changing, drafts, catalog, facts):
            break  # else again, without those whose rules nobody can evaluate yet, or who wait for another order
    if facts.need is not None:
        return drafts  # it will be asked again
    if amended is not None:
        keep_numbers(drafts, amended)
    number_service_orders(items, drafts, catalog, order)
    for draft in drafts.values():
        if draft.under_way is None and draft.action != "noChange":
            draft.tasks = tasks_of(draft, catalog, order, answer_within)
    return drafts


def _decided(order: str, items: Sequence[Item], changing: Sequence[Item], drafts: ServiceDrafts, catalog: Catalog, facts: Facts) -> bool:
    """Decide what is done to each service; False when an item turns out to wait for another order."""
    leaving = leavers(items)
    for draft in list(drafts.values()):
        try:
            choose_action(draft, leaving, facts, order)
        except InTheWay as conflict:
            wait_behind(conflict, draft.users, facts, order)
    for item in changing:
        if item.is_open and item.line.action in ("modify", "delete") and item.held is not None:
            try:
                release(item, leaving, drafts, facts, catalog, order)
            except InTheWay as conflict:
                wait_behind(conflict, [item], facts, order)
    return all(item.is_open for item in changing)


def _selected(
    order: Order, changing: Sequence[Item], catalog: Catalog, facts: Facts, under_way: Mapping[str, PlannedService]
) -> ServiceDrafts:
    """The services that these items need."""
    drafts = ServiceDrafts()
    finder = _Finder(order, catalog, facts, drafts, under_way)
    for item in changing:
        item.services.clear()
        item.detached.clear()
        if item.keeps_services:
            keep(item, drafts, facts, catalog)
        elif item.line.action in ("add", "modify"):
            finder.select(item)
        if item.missing:
            item.services.clear()
    return drafts


def services_of(item: Item, order: Order, catalog: Catalog, facts: Facts) -> ServiceDrafts:
    """The services that one item needs, whatever there is already."""
    drafts = ServiceDrafts()
    _Finder(order, catalog, facts, drafts, {}).select(item)
    return drafts


def _check_new(item: Item, draft: ServiceDraft) -> None:
    """What its sender calls a service is the name of one service; what is shared is there under its own."""
    if draft.external and draft.specification.scope in OWN and draft.held is not None and draft.held.is_live:
        raise Rejected(
            "conflict", f"Item {item.line.id}: externalId {draft.external!r} is that of service {draft.id}, which is there already."
        )


class _Finder:
    """Walks from product to CFS to RFS (domain-rules 2.1), without recursion: bundles and services nest without limit."""

    def __init__(
        self, order: Order, catalog: Catalog, facts: Facts, drafts: ServiceDrafts, under_way: Mapping[str, PlannedService]
    ) -> None:
        self.asked, self.order, self.customer, self.source = order, order.id, order.customer, order.source
        self.catalog, self.facts, self.drafts, self.under_way = catalog, facts, drafts, under_way

    def select(self, item: Item) -> None:
        if item.ordered is not None:
            self._select_ordered(item, item.ordered)
        elif (specification := self.catalog.products.get(item.specification)) is not None:
            self._walk(item, specification.children, None)

    def _select_ordered(self, item: Item, specification: ServiceSpecification) -> None:
        """The service that an item of a service order asks for, which holds itself; and, unless the order lists its parts, all that it needs."""
        above = self.drafts.get(item.under.product) if item.under is not None else None
        if item.line.action == "add":
            item.product = self._ordered_id(item, specification, above)
        if item.product in self.drafts:
            owner = self.drafts[item.product].owner.line.id
            raise invalid(item.line, "service", f"is the same as that of item {owner}: {specification.id} is shared")
        place = place_of(item.places, specification.place_role)
        draft = ServiceDraft(item.product, specification, item, ORDERED, (place,) if place else ())
        self._meet(draft, True)
        if item.line.action == "add":
            draft.external = item.line.external
            _check_new(item, draft)
        self.drafts[draft.id] = draft
        draft.want(self._values(Child(ORDERED, specification.id), specification, item.values), item)
        item.services.append(draft.id)
        if above is not None and draft.id not in above.children:
            above.children.append(draft.id)
        whole = item.under if above is not None else None
        while whole is not None:  # without its part it cannot be
            whole.services.append(draft.id)
            draft.items.append(whole.line.id)
            whole = whole.under
        if item.splits:
            self._walk(item, specification.children, draft)

    def _ordered_id(self, item: Item, specification: ServiceSpecification, above: ServiceDraft | None) -> str:
        """By what its sender calls it; else, and where it is shared, as if the catalog had made it, so that later orders meet it."""
        if item.line.external and specification.scope in OWN:
            return loaded_id(SERVICE, self.customer, item.line.external, self.source)
        number = 0
        while (
            (id := self._identity(item, specification, above, number)) in self.drafts
            and above is not None
            and specification.scope == "item"
        ):
            number += 1
        return id

    def _walk(self, item: Item, rules: Sequence[Child], above: ServiceDraft | None) -> None:
        """All that these rules need, and what that needs."""
        inputs = {**item.values, **self.asked.inputs(item.line.action, site_of(item, SITE_ROLE, self.order))}
        todo: list[tuple[Child, dict[str, Any], ServiceDraft | None]] = [(child, inputs, above) for child in reversed(rules)]
        while todo:
            child, given, parent = todo.pop()
            for draft, values in self._instances(item, child, given, parent):
                if below := draft.specification.children:
                    carried = {**given, **values}
                    todo.extend([(rule, carried, draft) for rule in reversed(below)])

    def _instances(
        self, item: Item, child: Child, inputs: dict[str, Any], parent: ServiceDraft | None
    ) -> Iterator[tuple[ServiceDraft, dict[str, Any]]]:
        count = self._count(item, child, inputs)
        if not count:
            return
        specification = self.catalog.services[child.specification]
        values = self._values(child, specification, inputs)
        for number in range(count):
            draft = self._draft(item, child, specification, parent, number)
            draft.want(values, item)
            if draft.id not in item.services:
                item.services.append(draft.id)
            if parent is not None and draft.id not in parent.children:
                parent.children.append(draft.id)
            yield draft, values

    def _count(self, item: Item, child: Child, inputs: dict[str, Any]) -> int:
        """How many a rule makes. Raises Rejected for more or fewer than it allows."""
        if child.condition is not True:
            holds = self.catalog.compiled.condition(child.condition)(inputs)
            if not holds:
                if holds is None and child.mandatory:
                    self._ask_for(item, child.condition, inputs)
                return 0
        fixed = isinstance(child.cardinality, int)
        count = child.cardinality if fixed else self.catalog.compiled.expression(child.cardinality)(inputs)
        if count is None and self._ask_for(item, child.cardinality, inputs):
            return 0
        if not isinstance(count, int) or isinstance(count, bool) or not child.minimum <= count <= child.maximum:
            raise Rejected("invalid", f"Item {item.line.id}: {child.id} allows {child.minimum} to {child.maximum}, not {count}.")
        return count

    def _ask_for(self, item: Item, data: Any, inputs: dict[str, Any]) -> bool:
        """What a rule reads and nobody has said: the item waits for it. A rule that reads what nobody can say does not hold [choice]."""
        specification = self.catalog.products.get(item.specification) if item.ordered is None else None
        known = {each.name for each in specification.characteristics} if specification is not None else ()
        absent = [name for name in sorted(characteristics_of(data)) if name in known and inputs.get(name) is None]
        paths = [f"{item.line.path}.product.productCharacteristic[{name}]" for name in absent]
        item.missing.extend(path for path in paths if path not in item.missing)
        return bool(paths)

    def _values(self, child: Child, specification: ServiceSpecification, inputs: dict[str, Any]) -> dict[str, Any]:
        mapped = {each.target: self.catalog.compiled.expression(each.expression)(inputs) for each in child.mappings}
        values: dict[str, Any] = {}
        for each in specification.characteristics:
            value = mapped.get(each.name, inputs.get(each.name))
            if value is None and each.default is not None:
                value = self.catalog.compiled.expression(each.default)({**inputs, **values})
            if value is not None:
                values[each.name] = value
        return values

    def _draft(
        self, item: Item, child: Child, specification: ServiceSpecification, parent: ServiceDraft | None, number: int
    ) -> ServiceDraft:
        id = self._identity(item, specification, parent, number)
        draft = self.drafts.get(id)
        if draft is None:
            place = place_of(item.places, specification.place_role)
            draft = ServiceDraft(id, specification, item, child.id, (place,) if place else ())
            if len(self.drafts) >= LARGEST_PLAN:
                raise Rejected("invalid", f"An order makes at most {LARGEST_PLAN} services.")
            self._meet(draft, self._may_exist(item, specification, parent))
            self.drafts[id] = draft
        return draft

    def _meet(self, draft: ServiceDraft, may_exist: bool) -> None:
        """Look for the service in the install base; one that this order is at work on, or has made, is joined."""
        planned = self.under_way.get(draft.id)
        if planned is None and not may_exist:
            return
        held: Service | None = self.facts.get(draft.id)
        ours = held is not None and (held.pending == self.order or (held.is_live and not held.pending and held.last_order == self.order))
        if planned is not None and ours:
            draft.recall(planned)
        else:
            draft.held = held

    def _may_exist(self, item: Item, specification: ServiceSpecification, parent: ServiceDraft | None) -> bool:
        """A service of a product that this order makes cannot exist yet, so nothing need be loaded for it."""
        match specification.scope:
            case "item" if parent is not None and (
                parent.held is not None or parent.specification.scope not in ("item", "topItem", "order")
            ):
                return True
            case "item" | "order":
                return item.line.action != "add"
            case "topItem":
                return item.top.line.action != "add"
        return True

    def _identity(self, item: Item, specification: ServiceSpecification, parent: ServiceDraft | None, number: int) -> str:
        """The stream id from the child key; a product that is there keeps what was built for it, whatever the key would be today: its order, its account or
        what it relied on need not be named again. Only what stands at a place that changes is another one."""
        id = identity_of(item, specification, parent.id if parent is not None else "", number, self.order, self.customer)
        held = item.held
        if held is None or id in held.services or moves(item, specification):
            return id
        built = [other for other in held.services if self._realises(other, specification)]
        if parent is not None and parent.held is not None:
            built = [other for other in built if other in parent.held.supporting]
        return built[number] if number < len(built) else id

    def _realises(self, id: str, specification: ServiceSpecification) -> bool:
        service: Service | None = self.facts.get(id)
        return service is not None and service.is_live and service.specification == specification.id
