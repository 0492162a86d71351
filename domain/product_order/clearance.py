"""What the policy of a product asks of our own people before an item is planned, and what they decide (domain-rules 2.13).

Technical values are supplied like any information (`SupplyInformation`); an approval is given or refused.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from domain.plan import Clearance, Plan, PlannedItem, is_approval
from domain.product_order.commands import ApproveItem, RefuseItem
from domain.product_order.events import (
    ProductOrderApprovalRefused,
    ProductOrderApprovalRequired,
    ProductOrderApproved,
    ProductOrderEnrichmentRequired,
)
from domain.product_order.state import ProductOrder
from domain.states import TERMINAL
from domain.values import Rejected


def required(item: PlannedItem) -> Iterator[Any]:
    """What our own people are asked for an item."""
    if item.clearance is not None and item.clearance.paths:
        yield ProductOrderEnrichmentRequired(item.id, item.clearance.paths, item.clearance.group)
    if item.clearance is not None and item.clearance.role:
        yield ProductOrderApprovalRequired(item.id, item.clearance.role)


def asked_of_customer(item: PlannedItem) -> Iterator[str]:
    """The paths of what the customer has to say."""
    ours = item.clearance.paths if item.clearance is not None else ()
    return (path for path in item.missing if path not in ours and not is_approval(path))


def approval(command: ApproveItem | RefuseItem, order: ProductOrder) -> ProductOrderApproved | ProductOrderApprovalRefused:
    """The decision about an item that waits for it. Raises Rejected."""
    waiting = {item.id: item for item in order.plan.items} if order.plan is not None else {}
    item = waiting.get(command.item)
    if item is None:
        raise Rejected("unknown", f"There is no item {command.item} in order {command.stream}.")
    role = item.clearance.role if item.clearance is not None and item.missing else ""
    if not role or order.state in TERMINAL or order.cancelling:
        raise Rejected("conflict", f"Item {command.item} of order {command.stream} waits for no approval.")
    if isinstance(command, RefuseItem):
        return ProductOrderApprovalRefused(command.item, role, command.who, tuple(_with_nested(command.item, waiting.values())))
    return ProductOrderApproved(command.item, role, command.who)


def _with_nested(item: str, items: Iterable[PlannedItem]) -> Iterator[str]:
    found = {item}
    yield item
    for each in items:  # parents stand before their nested items
        if each.parent in found:
            found.add(each.id)
            yield each.id


# The plan, once it was decided ----------------------------------------------------------------------------------------------------------
def decided(plan: Plan, event: ProductOrderApproved | ProductOrderApprovalRefused) -> Plan:
    """An item that is approved will be planned anew; one that is not, and what is nested in it, lacks nothing any more."""
    if isinstance(event, ProductOrderApproved):
        return replace(plan, items=tuple([_approved(item, event.role) if item.id == event.item else item for item in plan.items]))
    over = Clearance(refused=event.role)
    return replace(
        plan, items=tuple([replace(item, missing=(), clearance=over) if item.id in event.items else item for item in plan.items])
    )


def _approved(item: PlannedItem, role: str) -> PlannedItem:
    return replace(item, clearance=replace(item.clearance or Clearance(), role="", approved=role))
