"""What is to be done to each service: the action table of domain-rules 2.5, and who is the last to hold a shared one."""

from collections.abc import Iterator, Mapping, Sequence

from domain.catalog import Catalog, ServiceSpecification, TaskSpecification
from domain.decider import Facts
from domain.decomposition.conflict import InTheWay
from domain.decomposition.drafts import ServiceDraft, ServiceDrafts
from domain.decomposition.item import Item
from domain.product import GONE, SUSPENDED, Product
from domain.service import ACTIVE, INACTIVE, Service
from domain.values import Rejected

# For each service, the products that let go of it by this order.
Leaving = Mapping[str, set[str]]


def choose_action(draft: ServiceDraft, leaving: Leaving, facts: Facts, order: str) -> None:
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
    if all(item.renews for item in draft.users):
        draft.action, draft.values = "noChange", dict(held.values)
        return
    if held.pending not in ("", order):
        raise InTheWay(draft.owner, f"{draft.specification.id} at this site", held.pending)
    if not all(product in held.holders for product in draft.products):
        _is_settled(draft.owner, draft.id, tuple(held.holders), facts, order)
    if not held.is_live:
        draft.action, draft.held = "add", None
        return
    gone = leaving.get(draft.id, set())
    if any(product not in draft.products and product not in gone for product in held.holders):
        draft.keep_what_others_want(held.values)
    _change(draft, held, _state(draft, held, gone, facts, order))


def _change(draft: ServiceDraft, held: Service, state: str) -> None:
    """Modify what differs: values, or whether the service runs."""
    wanted = {**held.values, **draft.values}
    same = wanted == held.values and held.state == state
    draft.action, draft.values = "noChange" if same else "modify", wanted
    draft.state = state if INACTIVE in (state, held.state) and not same else ""


def _state(draft: ServiceDraft, held: Service, leaving: set[str], facts: Facts, order: str) -> str:
    """A service runs while a product holds it that is not suspended. Raises Rejected when only products of open orders are left to say so."""
    for item in draft.users:
        if (
            item.holds
            and item.product not in leaving
            and item.status != SUSPENDED
            and (item.status or item.held is None or item.held.status != SUSPENDED)
        ):
            return ACTIVE
    others = [product for product in held.holders if product not in draft.products and product not in leaving]
    return _state_for(draft.owner, draft.id, others, facts, order)


def _state_for(item: Item, id: str, holders: Sequence[str], facts: Facts, order: str) -> str:
    staying = list(_staying(holders, facts))
    if any(product.status != SUSPENDED and product.pending in ("", order) for product in staying):
        return ACTIVE
    if pending := [product.pending for product in staying if product.pending not in ("", order)]:
        raise InTheWay(item, f"service {id} is shared with a product that", pending[0])
    return INACTIVE


def keep(item: Item, drafts: ServiceDrafts, facts: Facts, catalog: Catalog) -> None:
    """The services that a product has, whatever the rules of today say: to suspend, to resume or to renew it changes none of them."""
    assert item.held is not None
    for id in item.held.services:
        held: Service | None = facts.get(id)
        if held is None or not held.is_live:
            continue
        if id not in drafts:
            drafts[id] = _as_held(id, held, item, catalog)
        drafts[id].join(item)
        item.services.append(id)


def leavers(items: Sequence[Item]) -> Leaving:
    """Which products let go of which services."""
    leaving: dict[str, set[str]] = {}
    for item in items:
        for id in _left(item):
            leaving.setdefault(id, set()).add(item.product)
    return leaving


def _left(item: Item) -> Iterator[str]:
    if item.settled:
        yield from item.detached
    elif item.held is not None and item.is_open and item.line.action in ("modify", "delete"):
        needed = set(item.services)
        yield from (id for id in item.held.services if id not in needed)


def release(item: Item, leaving: Leaving, drafts: ServiceDrafts, facts: Facts, catalog: Catalog, order: str) -> None:
    """Services of a product that it no longer needs: the last holder deletes, another one only lets go (domain-rules 2.5)."""
    assert item.held is not None
    needed = set(item.services)
    for id in item.held.services:
        if id in needed:
            continue
        held: Service | None = facts.get(id)
        if held is None or not held.is_live:
            continue
        if held.pending:
            raise InTheWay(item, f"service {id}", held.pending)
        item.detached.append(id)
        draft = drafts.get(id)
        if draft is not None and draft.action != "delete":
            continue
        others = [product for product in held.holders if product != item.product and product not in leaving.get(id, ())]
        action, state = "delete", ""
        if _is_settled(item, id, others, facts, order):
            if held.state == INACTIVE or _state_for(item, id, others, facts, order) == ACTIVE:
                continue
            action, state = "modify", INACTIVE  # only suspended products hold it from now on
        if draft is None:
            draft = drafts[id] = _as_held(id, held, item, catalog)
            draft.action, draft.state, draft.values = action, state, dict(held.values)
        draft.join(item)


def _staying(holders: Sequence[str], facts: Facts) -> Iterator[Product]:
    for id in holders:
        product: Product | None = facts.get(id)
        if product is not None and (product.status not in GONE or product.pending):  # one whose end is being taken back is there again
            yield product


def _is_settled(item: Item, id: str, holders: Sequence[str], facts: Facts, order: str) -> bool:
    """Whether one of these products holds a service for sure. Raises Rejected when all that do are being changed by other orders: they may let go,
    and then nobody would know who is the last (domain-rules 2.8)."""
    staying = list(_staying(holders, facts))
    if staying and all(product.pending not in ("", order) for product in staying):
        raise InTheWay(item, f"service {id} is shared with a product that", staying[0].pending)
    return bool(staying)


def _as_held(id: str, held: Service, item: Item, catalog: Catalog) -> ServiceDraft:
    specification = catalog.services.get(held.specification) or as_built(held)
    draft = ServiceDraft(id, specification, item, "built", held.places)
    draft.held, draft.children = held, list(held.supporting)
    return draft


def as_built(held: Service) -> ServiceSpecification:
    """A service whose specification has left the catalog is changed and ended by a person (domain-rules 6.0)."""
    by_hand = (
        TaskSpecification(name="change", kind="manual", group="provisioning", actions=("modify",), undo=False),
        TaskSpecification(name="remove", kind="manual", group="provisioning", actions=("delete",), undo=False),
    )
    return ServiceSpecification(id=held.specification, name=held.name, category=held.category, version=held.version, tasks=by_hand)
