"""What can be asked of a service."""

from datetime import datetime
from typing import Any

from domain.plan import PlannedService
from domain.record import record
from domain.service.events import ServiceLoaded
from domain.values import Place


@record
class OrderService:
    """An order is about to build, change or end this service, or only to hold it (`noChange`)."""

    service: str
    order: str
    service_order: str
    customer: str
    planned: PlannedService


@record
class FulfilService:
    """The service order item is done. `inactive`: the service exists but does not run, because an operator skipped part of building it, or nobody holds
    it but suspended products."""

    service: str
    order: str
    action: str
    values: dict[str, Any]
    inactive: bool
    at: datetime


@record
class AbandonService:
    """The service order item will not be done, or has been undone: `outcome` is cancelled or failed. Products that this order made hold it let go.
    `previous_state` is where it goes back to, active when empty; `keeping` are products that need it as it was before."""

    service: str
    order: str
    action: str
    previous: dict[str, Any]
    undone: bool
    outcome: str
    at: datetime
    previous_state: str = ""
    keeping: tuple[str, ...] = ()


@record
class AmendService:
    """The order that works on this service, or has just done so, says something else of it; not `otherwise`: only of who holds it."""

    service: str
    order: str
    service_order: str
    planned: PlannedService
    otherwise: bool


@record
class AttachService:
    """A product holds this service (again)."""

    service: str
    order: str
    product: str


@record
class DetachService:
    """A product no longer holds this service. `undo`: only when it came to hold it by this order."""

    service: str
    order: str
    product: str
    undo: bool = False


@record
class ReopenService:
    """The order takes back what it did to this service: until that is over nobody else may change it. What it built stays when others hold it."""

    service: str
    order: str
    action: str


@record
class LoadService:
    """Take in a service as it is elsewhere; `ended` is when it came to its end there. `product`: it is taken to be there because this product needs
    it, so one that is there already is only held."""

    stream: str
    loaded: ServiceLoaded
    ended: datetime | None = None
    product: str = ""


@record
class CorrectService:
    """Say how a service really is: None and empty for what stays, null in `values` for what goes; `said` is a merge patch (RFC 7396)."""

    stream: str
    values: dict[str, Any]
    places: tuple[Place, ...] | None
    supporting: tuple[str, ...] | None
    state: str
    said: dict[str, Any]
    personal: dict[str, Any]
    at: datetime


Command = (
    OrderService
    | FulfilService
    | AbandonService
    | AmendService
    | AttachService
    | DetachService
    | ReopenService
    | LoadService
    | CorrectService
)
