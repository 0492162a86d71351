"""What is to be done to each service: the action table of domain-rules 2.5, and who is the last to hold a shared one."""

from collections.abc import Sequence

from domain.catalog import Catalog, ServiceSpecification, TaskSpecification
from domain.decider import Facts
from domain.decomposition.drafts import ServiceDraft, ServiceDrafts
from domain.decomposition.item import Item
from domain.product import GONE, Product
from domain.service import ACTIVE, Service
from domain.values import Rejected


def choose_action(draft: ServiceDraft, order: str, facts: Facts) -> None:
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


def release(item: Item, items: Sequence[Item], drafts: ServiceDrafts, facts: Facts, catalog: Catalog, order: str) -> None:
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
    specification = catalog.services.get(held.specification) or as_built(held)
    draft = ServiceDraft(id, specification, item, "built", held.places)
    draft.held, draft.action, draft.values = held, "delete", dict(held.values)
    draft.children = list(held.supporting)
    return draft


def as_built(held: Service) -> ServiceSpecification:
    """A service whose specification has left the catalog is ended by a person (domain-rules 6.0)."""
    by_hand = TaskSpecification(name="remove", kind="manual", group="provisioning", undo=False)
    return ServiceSpecification(id=held.specification, name=held.name, category=held.category, version=held.version, tasks=(by_hand,))
