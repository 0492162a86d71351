"""Service orders from outside and their cancels as others send them: TMF641 v4 `ServiceOrder_Create` and `CancelServiceOrder_Create`."""

from typing import Annotated, Any, Literal, Required

from annotated_types import MinLen
from pydantic import TypeAdapter, with_config
from typing_extensions import TypedDict

from schemas.parts import Characteristic, Name, Note, Reference, RelatedParty, RelatedPlace, SpecificationReference
from schemas.reading import OPEN, Json, read

# What only the server says: ignored when an order is created.
SERVER_SET = ("id", "href", "orderDate", "state", "startDate", "completionDate", "expectedCompletionDate", "cancellationDate")


@with_config(OPEN)
class ServiceRelationship(TypedDict, total=False):
    relationshipType: Required[Name]


@with_config(OPEN)
class OrderedService(TypedDict, total=False):
    """TMF's `ServiceRefOrValue`: a service that is to be, or one that is there. `externalId` is ours: what the sender calls it."""

    id: str
    externalId: str
    href: str
    category: str
    description: str
    name: str
    serviceType: str
    startMode: str
    hasStarted: bool
    isServiceEnabled: bool
    isStateful: bool
    note: list[Note]
    place: list[RelatedPlace]
    relatedParty: list[RelatedParty]
    serviceCharacteristic: list[Characteristic]
    serviceRelationship: list[ServiceRelationship]
    serviceSpecification: SpecificationReference
    state: Literal["feasibilityChecked", "designed", "reserved", "inactive", "active", "terminated"]
    supportingResource: list[Reference]
    supportingService: list[dict[str, Any]]


@with_config(OPEN)
class ServiceOrderItemReference(TypedDict, total=False):
    """TMF641 demands `id` and defines `itemId`: either will do."""

    id: str
    itemId: str
    serviceOrderId: str


@with_config(OPEN)
class ServiceOrderItemRelationship(TypedDict, total=False):
    relationshipType: str
    orderItem: ServiceOrderItemReference


@with_config(OPEN)
class ServiceOrderItem(TypedDict, total=False):
    id: Required[Name]
    quantity: int
    action: Required[Literal["add", "modify", "delete", "noChange"]]
    appointment: Reference
    service: Required[OrderedService]
    serviceOrderItem: list["ServiceOrderItem"]
    serviceOrderItemRelationship: list[ServiceOrderItemRelationship]
    modifyMode: Literal["delta", "full"]


@with_config(OPEN)
class ExternalReference(TypedDict, total=False):
    id: str
    href: str
    externalReferenceType: str
    name: Required[str]


@with_config(OPEN)
class ServiceOrderRelationship(TypedDict, total=False):
    id: Required[Name]
    relationshipType: Required[Name]


@with_config(OPEN)
class ServiceOrderCreate(TypedDict, total=False):
    """An order with at least one item. `modifyMode` of an item is ours, as in product orders."""

    category: str
    description: str
    externalId: str
    notificationContact: str
    priority: str
    requestedCompletionDate: str
    requestedStartDate: str
    externalReference: list[ExternalReference]
    note: list[Note]
    orderRelationship: list[ServiceOrderRelationship]
    relatedParty: list[RelatedParty]
    serviceOrderItem: Required[Annotated[list[ServiceOrderItem], MinLen(1)]]


@with_config(OPEN)
class CancelServiceOrderCreate(TypedDict, total=False):
    """`includeCompleted` is ours: completed items are then undone too."""

    cancellationReason: str
    requestedCancellationDate: str
    serviceOrder: Required[Reference]
    includeCompleted: bool


CREATE = TypeAdapter(ServiceOrderCreate)
CANCEL = TypeAdapter(CancelServiceOrderCreate)


def read_create(body: bytes) -> Json:
    """An order, without what only the server may say. Raises Unreadable."""
    document = read(CREATE, body)
    for name in SERVER_SET:
        document.pop(name, None)
    return document


def read_cancel(body: bytes) -> Json:
    """A cancel of an order. Raises Unreadable."""
    return read(CANCEL, body)
