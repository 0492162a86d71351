"""What everybody is told: TMF notifications and the lines of the private log, as shapes for those who receive them."""

from typing import Any, Required

from pydantic import TypeAdapter, with_config
from typing_extensions import TypedDict

from schemas.parts import Name
from schemas.reading import OPEN


@with_config(OPEN)
class Notification(TypedDict, total=False):
    """TMF's event (`timeOcurred` is TMF's spelling). `event` holds the resource under its name: whole when it was created, else what changed."""

    eventId: Required[Name]
    eventTime: Required[str]
    eventType: Required[Name]
    correlationId: Required[str]
    domain: Required[str]
    title: Required[str]
    description: Required[str]
    priority: Required[str]
    timeOcurred: Required[str]
    fieldPath: str
    event: Required[dict[str, Any]]


@with_config(OPEN)
class ProductOrderOfEvent(TypedDict, total=False):
    id: Required[Name]
    itemId: str


@with_config(OPEN)
class DomainEvent(TypedDict, total=False):
    """One event of the log. `data` is its content, for a request the message as sent."""

    position: Required[int]
    id: Required[Name]
    type: Required[Name]
    time: Required[str]
    stream: Required[Name]
    version: Required[int]
    customer: Required[str]
    productOrder: Required[ProductOrderOfEvent | None]
    correlationId: Required[str]
    causationId: Required[str]
    data: Required[dict[str, Any]]


NOTIFICATION = TypeAdapter(Notification)
DOMAIN_EVENT = TypeAdapter(DomainEvent)
