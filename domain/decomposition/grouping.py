"""Which services are worked on in one service order (contract, "Grouping")."""

from collections.abc import Sequence

from domain.catalog import Catalog
from domain.decomposition.drafts import ServiceDraft, ServiceDrafts
from domain.decomposition.item import Item
from domain.decomposition.order import Order
from domain.decomposition.tasks import target_of
from domain.plan import Plan


def keep_numbers(drafts: ServiceDrafts, amended: Plan) -> None:
    """What an amendment does not take back stays the service order item that it is."""
    for planned in amended.services:
        draft = drafts.get(planned.id)
        if draft is not None and planned.number and draft.action == planned.action:
            draft.number, draft.item = planned.number, planned.item


def number_service_orders(items: Sequence[Item], drafts: ServiceDrafts, catalog: Catalog, order: Order) -> None:
    """Number the service orders after those that the order has, and the services within each."""
    groups: dict[str, list[ServiceDraft]] = {item.line.id: [] for item in items} if catalog.service_order_per == "item" else {}
    for draft in drafts.values():
        if draft.action != "noChange" and draft.under_way is None and not draft.number:
            groups.setdefault(_group(draft, catalog, order), []).append(draft)
    for number, group in enumerate(filter(None, groups.values()), order.service_orders + 1):
        for position, draft in enumerate(group, 1):
            draft.number, draft.item = number, str(position)


def _group(draft: ServiceDraft, catalog: Catalog, order: Order) -> str:
    """What is common to the services of one service order. What no target system has anything to do with is one by itself."""
    match catalog.service_order_per:
        case "order":
            return ""
        case "targetSystem":
            return target_of(draft, catalog, order)
    return draft.owner.line.id
