"""Between accepting an item and planning it: the technical values that somebody of ours has to add, and the approval of a role (domain-rules 2.13).

Both are asked for by the product's specification. An item that lacks one of them is `pending`, like one whose customer has not said everything.
"""

from collections.abc import Sequence

from domain.catalog import Approval, Catalog, Enrichment
from domain.decomposition.identity import SITE_ROLE, site_of
from domain.decomposition.item import Item
from domain.decomposition.order import Order
from domain.plan import Clearance, Plan


def ask_for_clearance(order: Order, items: Sequence[Item], catalog: Catalog, earlier: Plan | None) -> None:
    """Items that have not been planned say what they still lack. What has been approved stays so while its values are the same."""
    before = {item.id: item for item in earlier.items} if earlier is not None else {}
    for item in items:
        specification = catalog.products.get(item.specification)
        if specification is None or (specification.enrichment is None and specification.approval is None):
            continue
        if item.settled or item.line.action == "noChange" or "" in item.missing:
            continue
        known = before.get(item.line.id)
        approved = known.clearance.approved if known is not None and known.clearance is not None else ""
        if known is not None and approved and not _is_as_approved(item, known.values):
            approved = ""
        paths = tuple(_lacking(item, specification.enrichment)) if specification.enrichment is not None else ()
        role = _approving(order, item, specification.approval, catalog) if specification.approval is not None else ""
        item.clear(
            Clearance(
                specification.enrichment.group if specification.enrichment and paths else "",
                paths,
                role if role != approved else "",
                approved,
            )
        )


def _is_as_approved(item: Item, values: dict[str, object]) -> bool:
    """Values that were added since were asked for; a value that has changed is not what was approved."""
    return all(item.values.get(name) == value for name, value in values.items())


def _lacking(item: Item, enrichment: Enrichment) -> list[str]:
    if item.line.action == "delete":
        return []
    absent = [name for name in enrichment.characteristics if item.values.get(name) is None]
    return [f"{item.line.path}.product.productCharacteristic[{name}]" for name in absent]


def _approving(order: Order, item: Item, approval: Approval, catalog: Catalog) -> str:
    """Who has to approve; nobody where the condition does not hold, or cannot be told yet."""
    inputs = {**item.values, **order.inputs(item.line.action, site_of(item, SITE_ROLE, order.id))}
    holds = approval.when is True or catalog.compiled.condition(approval.when)(inputs)
    return approval.role if holds else ""
