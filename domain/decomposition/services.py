"""Second step of decomposition: the services that each product needs, which of them exist, and what to do to each.

The action of a child follows the table of domain-rules 2.5; a shared child is one service order item however many products hold it.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.catalog import Catalog, Child, ServiceSpecification, TaskSpecification
from domain.decider import Facts
from domain.decomposition.items import Item
from domain.decomposition.order import Order
from domain.plan import Plan, PlannedService, PlannedTask
from domain.product import GONE, Product
from domain.service import ACTIVE, Service
from domain.values import Place, Rejected

LARGEST_PLAN = 200_000  # services


class ServiceDraft:
    """One service instance that the order touches, while parents add what they want of it. `under_way`: the order is at work on it already."""

    def __init__(self, id: str, specification: ServiceSpecification, owner: Item, rule: str, places: tuple[Place, ...]) -> None:
        self.id = id
        self.specification = specification
        self.owner = owner
        self.rule = rule
        self.places = places
        self.values: dict[str, Any] = {}
        self.products: list[str] = []
        self.items: list[str] = []
        self.children: list[str] = []
        self.held: Service | None = None
        self.action = ""
        self.number = 0
        self.item = ""
        self.tasks: tuple[PlannedTask, ...] = ()
        self.under_way: PlannedService | None = None

    def recall(self, planned: PlannedService) -> None:
        """What the order does with it has been planned before: others can only join."""
        self.under_way, self.action, self.values = planned, planned.action, dict(planned.values)
        self.number, self.item, self.tasks = planned.number, planned.item, planned.tasks

    def join(self, item: Item) -> None:
        """The service is one that this item works on."""
        if item.product not in self.products:
            self.products.append(item.product)
            self.items.append(item.line.id)

    def want(self, values: dict[str, Any], item: Item) -> None:
        """Another parent wants these values: agree, or merge as each characteristic declares."""
        self.join(item)
        if not self.values:
            self.values = dict(values)
            return
        for name, value in values.items():
            mine = self.values.get(name)
            if mine is None:
                self.values[name] = value
            elif mine != value:
                self.values[name] = _merged(self, name, mine, value)

    def planned(self) -> PlannedService:
        joins = self.under_way is not None
        return PlannedService(
            self.id,
            self.specification.id,
            self.specification.version,
            self.specification.name,
            self.specification.category,
            "noChange" if joins else self.action,
            self.values,
            self.held.values if self.held else {},
            self.places,
            tuple(self.products),
            tuple(self.children),
            0 if joins else self.number,
            "" if joins else self.item,
            self.owner.line.id,
            self.rule,
            () if joins else self.tasks,
        )


def _merged(draft: ServiceDraft, name: str, mine: Any, other: Any) -> Any:
    policy = next((each.merge for each in draft.specification.characteristics if each.name == name), "equal")
    if policy == "max":
        return max(mine, other)
    if policy == "union":
        both = [*(mine if isinstance(mine, list) else [mine]), *(other if isinstance(other, list) else [other])]
        return list(dict.fromkeys(both))
    message = f"Two items want different values of {name} for the shared {draft.specification.id}: {mine!r} and {other!r}."
    raise Rejected("invalid", message)


class ServiceDrafts(dict[str, ServiceDraft]):
    """All services the order touches, by id, in the order in which they were found."""

    def planned(self) -> tuple[PlannedService, ...]:
        return tuple([draft.planned() for draft in self.values()])


def plan_services(
    order: Order, items: Sequence[Item], catalog: Catalog, facts: Facts, answer_within: float, earlier: Plan | None = None
) -> ServiceDrafts:
    """Decide for every service of every item that is not settled."""
    drafts = ServiceDrafts()
    under_way = {service.id: service for service in earlier.services if service.number} if earlier is not None else {}
    finder = _Finder(order, catalog, facts, drafts, under_way)
    changing = [item for item in items if not item.settled and not item.missing]
    for item in changing:
        if item.line.action in ("add", "modify"):
            finder.select(item)
    for draft in drafts.values():
        _choose_action(draft, order.id, facts)
    for item in changing:
        if item.line.action in ("modify", "delete") and item.held is not None:
            _release(item, items, drafts, facts, catalog, order.id)
    _number(items, drafts, order.service_orders)
    for draft in drafts.values():
        if draft.under_way is None and draft.action != "noChange":
            draft.tasks = _tasks(draft, catalog, answer_within)
    return drafts


class _Finder:
    """Walks from product to CFS to RFS (domain-rules 2.1), without recursion: bundles and services nest without limit."""

    def __init__(
        self, order: Order, catalog: Catalog, facts: Facts, drafts: ServiceDrafts, under_way: Mapping[str, PlannedService]
    ) -> None:
        self.order, self.customer, self.account = order.id, order.customer, order.account
        self.catalog, self.facts, self.drafts, self.under_way = catalog, facts, drafts, under_way

    def select(self, item: Item) -> None:
        specification = self.catalog.products.get(item.specification)
        if specification is None:
            return
        inputs = {**item.values, "action": item.line.action, "site": _site(item, "installation", self.order)}
        todo: list[tuple[Child, dict[str, Any], ServiceDraft | None]] = [
            (child, inputs, None) for child in reversed(specification.children)
        ]
        while todo:
            child, given, parent = todo.pop()
            for draft, values in self._instances(item, child, given, parent):
                todo.extend((rule, {**given, **values}, draft) for rule in reversed(draft.specification.children))

    def _instances(
        self, item: Item, child: Child, inputs: dict[str, Any], parent: ServiceDraft | None
    ) -> Iterator[tuple[ServiceDraft, dict[str, Any]]]:
        if child.condition is not True and not self.catalog.compiled.condition(child.condition)(inputs):
            return
        count = child.cardinality if isinstance(child.cardinality, int) else self.catalog.compiled.expression(child.cardinality)(inputs)
        if not isinstance(count, int) or not child.minimum <= count <= child.maximum:
            raise Rejected("invalid", f"Item {item.line.id}: {child.id} allows {child.minimum} to {child.maximum}, not {count}.")
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
            place = _place(item, specification.place_role)
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
        if specification.scope == "order":
            return False
        own = specification.scope in ("item", "topItem")
        return (
            not own or item.line.action != "add" or (parent is not None and parent.specification.scope not in ("item", "topItem", "order"))
        )

    def _identity(self, item: Item, specification: ServiceSpecification, parent: ServiceDraft | None, number: int) -> str:
        """The stream id from the child key: specification, scope instance, discriminator (domain-rules 2.4)."""
        suffix = f"-{number + 1}" if number else ""
        match specification.scope:
            case "item" if parent is not None:
                return f"{parent.id}.{specification.id}{suffix}"
            case "item":
                return f"svc-{item.product.removeprefix('pr-')}-{specification.id}{suffix}"
            case "topItem":
                return f"svc-{item.top.product.removeprefix('pr-')}-{specification.id}{suffix}"
            case "order":
                return f"svc-{self.order.removeprefix('po-')}-{specification.id}{suffix}"
            case "account":
                instance = self.account
            case "site":
                instance = _site(item, specification.place_role, self.order)
            case _:
                instance = ",".join(item.line.relies_on)
        key = "\x1f".join((specification.id, specification.scope, self.customer, instance, str(number)))
        return f"svc-{hashlib.sha256(key.encode()).hexdigest()[:20]}"


def _place(item: Item, role: str) -> Place | None:
    for place in item.places:
        if place.role == role and place.id:
            return place
    return None


def _site(item: Item, role: str, order: str) -> str:
    """The site of an item; an order that names no place has one of its own."""
    place = _place(item, role) or next((place for place in item.places if place.id), None)
    return place.id if place else order


def _choose_action(draft: ServiceDraft, order: str, facts: Facts) -> None:
    """The action of a service by what exists and what is wanted (domain-rules 2.5)."""
    held, under_way = draft.held, draft.under_way
    if under_way is not None:
        if under_way.action == "delete" or draft.values != under_way.values:
            raise Rejected(
                "conflict", f"Item {draft.owner.line.id}: {draft.specification.id} is being made otherwise by this order already."
            )
        return
    if held is None:
        draft.action = "add"
        return
    if held.pending not in ("", order):
        sentence = f"Item {draft.owner.line.id}: {draft.specification.id} at this site is being changed by order {held.pending}."
        raise Rejected("conflict", sentence)
    if not all(product in held.holders for product in draft.products):
        _is_settled(draft.owner, draft.id, tuple(held.holders), facts, order)
    if not held.is_live:
        draft.action, draft.held = "add", None
        return
    wanted = {**held.values, **draft.values}
    same = wanted == held.values and held.state == ACTIVE
    draft.action, draft.values = "noChange" if same else "modify", wanted


def _release(item: Item, items: Sequence[Item], drafts: ServiceDrafts, facts: Facts, catalog: Catalog, order: str) -> None:
    """Services of a product that it no longer needs: the last holder deletes, another one only lets go (domain-rules 2.5)."""
    assert item.held is not None
    needed = set(item.services)
    leaving = {each.product for each in items if each.line.action == "delete"}
    for id in item.held.services:
        if id in needed:
            continue
        held: Service | None = facts.get(id)
        if held is None or not held.is_live:
            continue
        if held.pending:
            raise Rejected("conflict", f"Item {item.line.id}: service {id} is being changed by order {held.pending}.")
        item.detached.append(id)
        draft = drafts.get(id)
        if (draft is not None and draft.action != "delete") or _is_kept(item, id, held, leaving, facts, order):
            continue
        if draft is None:
            draft = drafts[id] = _deletion(id, held, item, catalog)
        draft.join(item)


def _is_kept(item: Item, id: str, held: Service, leaving: set[str], facts: Facts, order: str) -> bool:
    """Whether another product goes on holding the service."""
    others = [product for product in held.holders if product != item.product and product not in leaving]
    return _is_settled(item, id, others, facts, order)


def _is_settled(item: Item, id: str, holders: Sequence[str], facts: Facts, order: str) -> bool:
    """Whether one of these products holds a service for sure. Raises Rejected when all that do are being changed by other orders: they may let go,
    and then nobody would know who is the last (domain-rules 2.8)."""
    products: list[Product | None] = [facts.get(product) for product in holders]
    staying = [product for product in products if product is not None and product.status not in GONE]
    if staying and all(product.pending not in ("", order) for product in staying):
        other = staying[0].pending
        raise Rejected("conflict", f"Item {item.line.id}: service {id} is shared with a product that is being changed by order {other}.")
    return bool(staying)


def _deletion(id: str, held: Service, item: Item, catalog: Catalog) -> ServiceDraft:
    specification = catalog.services.get(held.specification) or _as_built(held)
    draft = ServiceDraft(id, specification, item, "built", held.places)
    draft.held, draft.action, draft.values = held, "delete", dict(held.values)
    draft.children = list(held.supporting)
    return draft


def _as_built(held: Service) -> ServiceSpecification:
    """A service whose specification has left the catalog is ended by a person (domain-rules 6.0)."""
    by_hand = TaskSpecification(name="remove", kind="manual", group="provisioning", undo=False)
    return ServiceSpecification(id=held.specification, name=held.name, category=held.category, version=held.version, tasks=(by_hand,))


def _number(items: Sequence[Item], drafts: ServiceDrafts, numbered: int) -> None:
    """One service order for each item that has services to work on (contract, "Grouping")."""
    owned: dict[str, list[ServiceDraft]] = {}
    for draft in drafts.values():
        if draft.action != "noChange" and draft.under_way is None:
            owned.setdefault(draft.owner.line.id, []).append(draft)
    for item in items:
        if item.line.id in owned:
            numbered += 1
            for position, draft in enumerate(owned[item.line.id], 1):
                draft.number, draft.item = numbered, str(position)


def _tasks(draft: ServiceDraft, catalog: Catalog, answer_within: float) -> tuple[PlannedTask, ...]:
    inputs = {**draft.owner.values, **draft.values, "action": draft.action}
    tasks = tuple(
        [
            _task(draft, each, catalog, inputs, answer_within)
            for each in draft.specification.tasks
            if draft.action in each.actions and (each.condition is True or catalog.compiled.condition(each.condition)(inputs))
        ]
    )
    return tasks[::-1] if draft.action == "delete" else tasks


def _task(draft: ServiceDraft, task: TaskSpecification, catalog: Catalog, inputs: dict[str, Any], answer_within: float) -> PlannedTask:
    return PlannedTask(
        f"{draft.number}.{draft.item}.{task.name}",
        task.name,
        draft.action,
        task.kind,
        task.target_system or _target(draft, catalog, inputs),
        answer_within if task.answer_within is None else task.answer_within,
        task.attempts,
        task.retry_after,
        task.point_of_no_return,
        task.undo,
        task.group,
        task.form,
    )


def _target(draft: ServiceDraft, catalog: Catalog, inputs: dict[str, Any]) -> str:
    """Distribution (domain-rules 2.11): the first rule that fits, else the specification's own target system."""
    for rule in catalog.distributions:
        fits = rule.specification == draft.specification.id and (not rule.actions or draft.action in rule.actions)
        if fits and catalog.compiled.condition(rule.condition)(inputs):
            return rule.target_system
    return draft.specification.target_system
