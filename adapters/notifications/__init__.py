"""Which facts the world is told about, and in which TMF event: one table a resource.

A notification is made from its event alone, so that any reader of the log makes the same one. Hence a state change names a state only when the event
changed it: item states may move while their order's stays.
"""

from collections.abc import Mapping
from typing import Any

from adapters.notifications.install_base import PRODUCT, SERVICE
from adapters.notifications.making import Table, Told
from adapters.notifications.product_orders import PRODUCT_ORDER
from adapters.notifications.service_orders import SERVICE_ORDER, SERVICE_REQUEST, WORK_ORDER
from domain.recorded import Recorded


def notification(recorded: Recorded) -> Told:
    """What the world is told about an event; None for facts that are nobody else's business."""
    tell = _TOLD.get(recorded.stream.partition("-")[0], {}).get(type(recorded.event))
    return tell(recorded) if tell is not None else None


# By what the streams of each resource begin with, and the resource's name in topics.
_TOLD: Mapping[str, Table] = {
    "po": PRODUCT_ORDER,
    "so": SERVICE_ORDER,
    "sr": SERVICE_REQUEST,
    "wo": WORK_ORDER,
    "pr": PRODUCT,
    "svc": SERVICE,
}
STREAMS: Mapping[str, tuple[str, ...]] = {
    "product-order": ("po",),
    "service-order": ("so", "sr"),
    "work-order": ("wo",),
    "product": ("pr",),
    "service": ("svc",),
}
EVENTS: Mapping[str, tuple[type[Any], ...]] = {
    name: tuple(event for prefix in prefixes for event in _TOLD[prefix]) for name, prefixes in STREAMS.items()
}
