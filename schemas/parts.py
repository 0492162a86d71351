"""The parts that TMF resources share, as others may send them: what must be there, and of which type it must be.

Attributes that begin with `@` say how to read the rest; they are kept as sent and never demanded. `@referredType` is the one mandatory attribute of the
specification files that is not insisted on, because it says nothing about the order; documents that leave have it.
"""

from typing import Annotated, Any, Required

from annotated_types import MinLen
from pydantic import with_config
from typing_extensions import TypedDict

from schemas.reading import OPEN

Name = Annotated[str, MinLen(1)]


@with_config(OPEN)
class Reference(TypedDict, total=False):
    """Another entity, by id."""

    id: Required[Name]
    href: str
    name: str


@with_config(OPEN)
class SpecificationReference(TypedDict, total=False):
    id: Required[Name]
    href: str
    name: str
    version: str


@with_config(OPEN)
class RelatedParty(TypedDict, total=False):
    id: Required[Name]
    href: str
    name: str
    role: str


@with_config(OPEN)
class RelatedPlace(TypedDict, total=False):
    id: str
    href: str
    name: str
    role: Required[Name]


@with_config(OPEN)
class Characteristic(TypedDict, total=False):
    name: Required[Name]
    value: Required[Any]
    valueType: str


@with_config(OPEN)
class Note(TypedDict, total=False):
    id: str
    author: str
    date: str
    text: Required[str]


@with_config(OPEN)
class Money(TypedDict, total=False):
    unit: str
    value: float


@with_config(OPEN)
class Price(TypedDict, total=False):
    percentage: float
    taxRate: float
    dutyFreeAmount: Money
    taxIncludedAmount: Money


@with_config(OPEN)
class PriceAlteration(TypedDict, total=False):
    applicationDuration: int
    description: str
    name: str
    price: Required[Price]
    priceType: Required[str]
    priority: int
    recurringChargePeriod: str
    unitOfMeasure: str
    productOfferingPrice: Reference


@with_config(OPEN)
class OrderPrice(TypedDict, total=False):
    description: str
    name: str
    priceType: str
    recurringChargePeriod: str
    unitOfMeasure: str
    billingAccount: Reference
    price: Price
    priceAlteration: list[PriceAlteration]
    productOfferingPrice: Reference


@with_config(OPEN)
class Quantity(TypedDict, total=False):
    amount: float
    units: str


@with_config(OPEN)
class TimePeriod(TypedDict, total=False):
    startDateTime: str
    endDateTime: str


@with_config(OPEN)
class OrderTerm(TypedDict, total=False):
    description: str
    name: str
    duration: Quantity


@with_config(OPEN)
class StatedReason(TypedDict, total=False):
    """Why a target system or field service did not do it."""

    code: str
    message: str
