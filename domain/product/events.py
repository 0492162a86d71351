"""What happens to a product. Names and fields are storage format."""

from dataclasses import field
from datetime import datetime
from typing import Any

from domain import product_loading as loading
from domain.product.state import ACTIVE
from domain.record import record
from domain.values import Place


@record
class ProductOrdered:
    """A product that an order adds: pendingActive. `external` is what the order's sender calls it."""

    order: str
    item: str
    customer: str
    offering: str
    specification: str
    catalog: str
    values: dict[str, Any]
    places: tuple[Place, ...]
    bundles: tuple[str, ...] = ()
    term: tuple[dict[str, Any], ...] = ()
    part_of: str = ""
    bought: dict[str, Any] = field(default_factory=dict)
    external: str = ""


@record
class ProductActivated:
    """`status` is other than active only when the end of a suspended product is taken back. `assigned` is what fulfilment gave its services beyond its
    own values: a serial number, a port."""

    order: str
    item: str
    values: dict[str, Any]
    services: tuple[str, ...]
    at: datetime
    status: str = ACTIVE
    assigned: dict[str, Any] = field(default_factory=dict)


@record
class ProductChangeOrdered:
    order: str
    item: str
    values: dict[str, Any]


@record
class ProductChanged:
    """Everything as it is from now on. `status` is empty, `places` and `term` are None where they stay as they were."""

    order: str
    item: str
    values: dict[str, Any]
    services: tuple[str, ...]
    at: datetime
    bundles: tuple[str, ...] = ()
    status: str = ""
    places: tuple[Place, ...] | None = None
    term: tuple[dict[str, Any], ...] | None = None
    assigned: dict[str, Any] = field(default_factory=dict)
    bought: dict[str, Any] = field(default_factory=dict)


@record
class ProductTerminationOrdered:
    order: str
    item: str


@record
class ProductTerminated:
    """`reason` is `ordered`, or `undone` for a compensating fact."""

    order: str
    item: str
    reason: str
    at: datetime


@record
class ProductAbandoned:
    """An add that did not happen: `status` is cancelled or aborted."""

    order: str
    item: str
    status: str
    at: datetime


@record
class ProductChangeAbandoned:
    """A change or termination that did not happen: the product stays as it was, in the status that it had."""

    order: str
    item: str
    at: datetime
    status: str = ACTIVE


@record
class ProductReopened:
    """An order is about to take back what it did to this product."""

    order: str


@record
class ProductAmended:
    """What the order that works on the product wants it to be; `holds`: the values are the product's from now on, else once the change is done."""

    order: str
    item: str
    values: dict[str, Any]
    places: tuple[Place, ...]
    bundles: tuple[str, ...] = ()
    holds: bool = False


Event = (
    ProductOrdered
    | ProductAmended
    | ProductActivated
    | ProductChangeOrdered
    | ProductChanged
    | ProductTerminationOrdered
    | ProductTerminated
    | ProductAbandoned
    | ProductChangeAbandoned
    | ProductReopened
    | loading.Event
)
