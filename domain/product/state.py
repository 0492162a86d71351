"""What a customer has bought, and which order is at work on it."""

from typing import Any

from domain.product_loading import Loaded
from domain.record import record
from domain.values import Place

PENDING_ACTIVE, ACTIVE, SUSPENDED = "pendingActive", "active", "suspended"
PENDING_TERMINATE, TERMINATED, CANCELLED, ABORTED = "pendingTerminate", "terminated", "cancelled", "aborted"
GONE = frozenset({TERMINATED, CANCELLED, ABORTED})


@record
class Product:
    """`pending` is the order that is changing the product now, empty when none; `last_order` the last that was fulfilled; `before` the product to
    return to when that order is undone; `origin` where it was first; `part_of` the product that it is a part of;
    `loaded` says how it came in when it was built elsewhere."""

    status: str
    customer: str
    offering: str
    specification: str
    values: dict[str, Any]
    places: tuple[Place, ...]
    services: tuple[str, ...]
    bundles: tuple[str, ...]
    pending: str
    last_order: str
    before: "Product | None"
    term: tuple[dict[str, Any], ...] = ()
    origin: tuple[Place, ...] = ()
    part_of: str = ""
    loaded: Loaded | None = None
