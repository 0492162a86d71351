"""What can be asked of a product."""

from dataclasses import field
from datetime import datetime
from typing import Any

from domain import product_loading as loading
from domain.plan import PlannedItem
from domain.record import record


@record
class OrderProduct:
    """An accepted order item is about to add, change or end this product."""

    product: str
    order: str
    customer: str
    catalog: str
    item: PlannedItem


@record
class FulfilProduct:
    """The item is done: what it asked for is now so. `values` overlay the ordered ones with what fulfilment assigned, `assigned` is the rest of that."""

    product: str
    order: str
    item: PlannedItem
    values: dict[str, Any]
    at: datetime
    assigned: dict[str, Any] = field(default_factory=dict)


@record
class AbandonProduct:
    """The item will not be done, or what it did has been undone: `outcome` is cancelled or aborted."""

    product: str
    order: str
    item: PlannedItem
    outcome: str
    at: datetime


@record
class ReopenProduct:
    """The order takes back what it did to this product: until that is over no other order may change it."""

    product: str
    order: str


@record
class AmendProduct:
    """The order that works on this product, or has just done so, says something else of it."""

    product: str
    order: str
    item: PlannedItem


Command = OrderProduct | FulfilProduct | AbandonProduct | ReopenProduct | AmendProduct | loading.Command
