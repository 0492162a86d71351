"""One event of the log as outsiders read it: a line of the private topic, of `replay`, and of `GET events` (contract, "Over HTTP")."""

from datetime import datetime
from typing import Any, get_args

import msgspec

from domain import product, product_order
from domain.recorded import Recorded
from domain.service_order import ActivationRequested
from domain.work_order import WorkOrderRequested

# What stands in these events is a message; readers get it as it was sent.
REQUESTS = (ActivationRequested, WorkOrderRequested)


class Line(msgspec.Struct, rename="camel", gc=False):
    """`product_order` has `id` and, where the event is about one item, `itemId`; None for events that no order caused."""

    position: int
    id: str
    type: str
    time: datetime
    stream: str
    version: int
    customer: str
    product_order: dict[str, str] | None
    correlation_id: str
    causation_id: str
    data: Any


def line(recorded: Recorded) -> Line:
    """The line of one event."""
    event, meta = recorded.event, recorded.meta
    return Line(
        recorded.position,
        recorded.id,
        type(event).__name__,
        meta.time,
        recorded.stream,
        recorded.version,
        meta.customer,
        _product_order(event, meta.order),
        meta.correlation,
        meta.causation,
        event.request if isinstance(event, REQUESTS) else event,
    )


def _product_order(event: Any, order: str) -> dict[str, str] | None:
    if not order:
        return None
    if isinstance(event, ActivationRequested):
        return dict(event.request["productOrder"])
    return {"id": order, "itemId": event.item} if type(event) in _ABOUT_ONE_ITEM else {"id": order}


# Events of service orders also have an `item`, but theirs is the service order's.
_ABOUT_ONE_ITEM = frozenset(
    event for event in (*get_args(product.Event), *get_args(product_order.Event)) if "item" in event.__dataclass_fields__
)

encode = msgspec.json.Encoder().encode
