"""Product orders and cancels as others send them: TMF622 v4 `ProductOrder_Create`, `ProductOrder_Update` and `CancelProductOrder_Create`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Required

from annotated_types import Ge, MinLen
from pydantic import TypeAdapter, with_config
from typing_extensions import TypedDict

from domain.product_order import AmendProductOrder as AmendOrder
from domain.values import Reason, Who
from schemas.parts import (
    Characteristic,
    Name,
    Note,
    OrderPrice,
    OrderTerm,
    Price,
    PriceAlteration,
    Quantity,
    Reference,
    RelatedParty,
    RelatedPlace,
    SpecificationReference,
    TimePeriod,
)
from schemas.reading import OPEN, Json, Unreadable, check, parse, read, time_at

# What only the server says: ignored when an order is created, refused when it is patched.
SERVER_SET = ("id", "href", "orderDate", "state", "completionDate", "expectedCompletionDate", "version")


@with_config(OPEN)
class RelatedProductOrderItem(TypedDict, total=False):
    orderItemId: Required[str]
    productOrderId: Required[str]
    orderItemAction: str
    role: str


@with_config(OPEN)
class ProductPrice(TypedDict, total=False):
    description: str
    name: str
    price: Required[Price]
    priceType: Required[str]
    recurringChargePeriod: str
    unitOfMeasure: str
    billingAccount: Reference
    productOfferingPrice: Reference
    productPriceAlteration: list[PriceAlteration]


@with_config(OPEN)
class ProductTerm(TypedDict, total=False):
    description: str
    name: str
    duration: Quantity
    validFor: TimePeriod


@with_config(OPEN)
class ProductRelationship(TypedDict, total=False):
    product: Required["Product"]
    relationshipType: Required[Name]


@with_config(OPEN)
class Product(TypedDict, total=False):
    """TMF's `ProductRefOrValue`: a product that is to be, or one that the customer has. `externalId` is ours: what the sender calls it."""

    id: str
    externalId: str
    href: str
    description: str
    isBundle: bool
    isCustomerVisible: bool
    name: str
    productSerialNumber: str
    agreement: list[Reference]
    billingAccount: Reference
    place: list[RelatedPlace]
    product: list["Product"]
    productCharacteristic: list[Characteristic]
    productOffering: Reference
    productOrderItem: list[RelatedProductOrderItem]
    productPrice: list[ProductPrice]
    productRelationship: list[ProductRelationship]
    productSpecification: SpecificationReference
    productTerm: list[ProductTerm]
    realizingResource: list[Reference]
    realizingService: list[Reference]
    relatedParty: list[RelatedParty]
    status: Literal["created", "pendingActive", "cancelled", "active", "pendingTerminate", "terminated", "suspended", "aborted", "aborted "]


@with_config(OPEN)
class ProductOrderItemRelationship(TypedDict, total=False):
    id: str
    relationshipType: str


@with_config(OPEN)
class QuoteItemReference(TypedDict, total=False):
    id: Required[Name]
    quoteId: Required[Name]


@with_config(OPEN)
class QualificationItemReference(TypedDict, total=False):
    id: Required[Name]
    productOfferingQualificationId: Required[Name]


class ItemAttributes(TypedDict, total=False):
    """What an item may say, whether it is ordered or amended."""

    id: Required[Name]
    quantity: int
    appointment: Reference
    billingAccount: Reference
    itemPrice: list[OrderPrice]
    itemTerm: list[OrderTerm]
    itemTotalPrice: list[OrderPrice]
    payment: list[Reference]
    product: Product
    productOffering: Reference
    productOfferingQualificationItem: QualificationItemReference
    productOrderItemRelationship: list[ProductOrderItemRelationship]
    qualification: list[Reference]
    quoteItem: QuoteItemReference
    modifyMode: Literal["delta", "full"]


@with_config(OPEN)
class ProductOrderItem(ItemAttributes, total=False):
    action: Required[Literal["add", "modify", "delete", "noChange"]]
    productOrderItem: list["ProductOrderItem"]


@with_config(OPEN)
class AmendedItem(ItemAttributes, total=False):
    """An item as an amendment has it: one that the order has already needs no action. In a delta, `delete` takes an added item out, `noChange` one that
    changes or ends a product, and a characteristic whose value is null is unsaid."""

    action: Literal["add", "modify", "delete", "noChange"]
    productOrderItem: list["AmendedItem"]


@with_config(OPEN)
class ProductOrderCreate(TypedDict, total=False):
    """An order with at least one item. `modifyMode` of an item is ours: `full` says that what is not named goes back to its default."""

    category: str
    description: str
    externalId: str
    notificationContact: str
    priority: str
    requestedCompletionDate: str
    requestedStartDate: str
    agreement: list[Reference]
    billingAccount: Reference
    channel: list[Reference]
    note: list[Note]
    orderTotalPrice: list[OrderPrice]
    payment: list[Reference]
    productOfferingQualification: list[Reference]
    productOrderItem: Required[Annotated[list[ProductOrderItem], MinLen(1)]]
    quote: list[Reference]
    relatedParty: list[RelatedParty]


@with_config(OPEN)
class CancelProductOrderCreate(TypedDict, total=False):
    """`includeCompleted` is ours: completed items are then undone too."""

    cancellationReason: str
    requestedCancellationDate: str
    productOrder: Required[Reference]
    includeCompleted: bool


@with_config(OPEN)
class Override(TypedDict):
    """Why somebody goes back behind a point of no return."""

    reason: Name


@with_config(OPEN)
class OverridingCancel(CancelProductOrderCreate, total=False):
    """A cancel as it may be sent over HTTP, where it is known who sends it: points of no return do not stand in the way of a supervisor."""

    override: Override


@with_config(OPEN)
class AmendProductOrder(TypedDict, total=False):
    """Makes an order under way say something else. `baseVersion` is the version of the order that it was written against, the current one when it is left
    out; `mode` says whether the items overlay the order (delta, the default) or are all of it (full)."""

    productOrder: Required[Reference]
    baseVersion: Annotated[int, Ge(0)]
    mode: Literal["delta", "full"]
    productOrderItem: Required[Annotated[list[AmendedItem], MinLen(1)]]


CREATE = TypeAdapter(ProductOrderCreate)
AMEND = TypeAdapter(AmendProductOrder)
CANCEL = TypeAdapter(CancelProductOrderCreate)
OVERRIDING_CANCEL = TypeAdapter(OverridingCancel)


def read_create(body: bytes) -> Json:
    """An order, without what only the server may say. Raises Unreadable."""
    return _without_server_set(read(CREATE, body))


def check_create(document: Json) -> Json:
    """An order that has been put together from what it was and a patch. Raises Unreadable."""
    return _without_server_set(check(CREATE, document))


def read_update(body: bytes) -> Json:
    """A merge patch of an order (RFC 7396), whose outcome `check_create` judges. What only the server may say is refused. Raises Unreadable."""
    patch = parse(body)
    if not isinstance(patch, dict):
        raise Unreadable("The body must be an object.")
    for name in SERVER_SET:
        if name in patch:
            raise Unreadable(f"{name} cannot be changed.", (Reason("invalid", f"{name} cannot be changed.", name),))
    return patch


def read_cancel(body: bytes) -> Json:
    """A cancel of an order. Raises Unreadable."""
    return check_cancel(parse(body))


def read_overriding_cancel(body: bytes) -> Json:
    """The same, as somebody who may go back behind points of no return sends it. Raises Unreadable."""
    return check_cancel(read(OVERRIDING_CANCEL, body))


def check_cancel(document: Json) -> Json:
    """A cancel that came within something else. Raises Unreadable."""
    checked = check(CANCEL, document)
    time_at(checked, "requestedCancellationDate")
    return checked


def read_amend(body: bytes) -> Json:
    """An amendment of an order. Raises Unreadable."""
    return read(AMEND, body)


def check_amend(document: Json) -> Json:
    """An amendment that has been put together. Raises Unreadable."""
    return check(AMEND, document)


def amend_command(document: Mapping[str, Any], id: str, plan_hash: str = "", override: Who | None = None) -> AmendOrder:
    """What an amendment asks for."""
    order, items = str(document["productOrder"]["id"]), tuple(document["productOrderItem"])
    return AmendOrder(order, id, items, document.get("mode", "delta"), document.get("baseVersion", 0), plan_hash, override)


def requested_dates(document: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """When the order should start and be complete, in UTC. Raises Unreadable."""
    return time_at(document, "requestedStartDate"), time_at(document, "requestedCompletionDate")


def _without_server_set(document: Json) -> Json:
    for name in SERVER_SET:
        document.pop(name, None)
    return document
