"""What happens to a service. Names and fields are storage format."""

from datetime import datetime
from typing import Any

from domain.record import record
from domain.values import Place


@record
class ServiceDesigned:
    """A service that an order will build; `products` hold it; `external` is what its sender calls it."""

    order: str
    service_order: str
    item: str
    customer: str
    specification: str
    version: str
    name: str
    category: str
    values: dict[str, Any]
    places: tuple[Place, ...]
    products: tuple[str, ...]
    supporting: tuple[str, ...]
    external: str = ""


@record
class ServiceAmended:
    """What the order that works on the service wants it to be; `holds`: the values are the service's from now on, else once the change is done."""

    order: str
    service_order: str
    item: str
    values: dict[str, Any]
    places: tuple[Place, ...]
    supporting: tuple[str, ...]
    holds: bool = False


@record
class ServiceActivated:
    order: str
    values: dict[str, Any]
    at: datetime


@record
class ServiceDeactivated:
    order: str
    values: dict[str, Any]
    at: datetime


@record
class ServiceChangeOrdered:
    order: str
    service_order: str
    item: str
    values: dict[str, Any]


@record
class ServiceChanged:
    order: str
    values: dict[str, Any]
    at: datetime


@record
class ServiceChangeAbandoned:
    order: str
    at: datetime


@record
class ServiceTerminationOrdered:
    order: str
    service_order: str
    item: str


@record
class ServiceTerminated:
    """`reason` is `ordered`, `undone` (compensating), `cancelled` or `failed` (never built)."""

    order: str
    reason: str
    at: datetime


@record
class ServiceReopened:
    """An order is about to take back what it did to this service."""

    order: str


@record
class ServiceAttached:
    order: str
    product: str


@record
class ServiceDetached:
    order: str
    product: str


@record
class ServiceLoaded:
    """A service that was built elsewhere, so since `at`; `products` hold it. One that is taken to be there for a product has no external id."""

    source: str
    external: str
    customer: str
    specification: str
    version: str
    name: str
    category: str
    values: dict[str, Any]
    places: tuple[Place, ...]
    products: tuple[str, ...]
    supporting: tuple[str, ...]
    state: str
    said: dict[str, Any]
    personal: dict[str, Any]
    digest: str
    at: datetime


@record
class ServiceCorrected:
    """Everything as it really is since `at`; `said` and `personal` are merge patches."""

    values: dict[str, Any]
    places: tuple[Place, ...]
    supporting: tuple[str, ...]
    said: dict[str, Any]
    personal: dict[str, Any]
    at: datetime


@record
class ServiceStateCorrected:
    """The service is in another state than was known, since `at`."""

    state: str
    at: datetime


Event = (
    ServiceDesigned
    | ServiceAmended
    | ServiceActivated
    | ServiceDeactivated
    | ServiceChangeOrdered
    | ServiceChanged
    | ServiceChangeAbandoned
    | ServiceTerminationOrdered
    | ServiceTerminated
    | ServiceReopened
    | ServiceAttached
    | ServiceDetached
    | ServiceLoaded
    | ServiceCorrected
    | ServiceStateCorrected
)
