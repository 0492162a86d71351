"""The install base at a moment, its two faces, and loading it."""

from typing import Any, Literal, Required

from pydantic import TypeAdapter, with_config
from typing_extensions import TypedDict

from api.http.shapes import own_shape
from schemas.reading import OPEN


@with_config(OPEN)
class InstallBase(TypedDict, total=False):
    """What was there at the moment `at`, as known at `knownAt`: TMF637 products, and the TMF638 services that they name as realising them."""

    customer: str
    site: str
    at: Required[str]
    knownAt: Required[str]
    product: Required[list[dict[str, Any]]]
    service: Required[list[dict[str, Any]]]


@with_config(OPEN)
class InstallBaseLoad(TypedDict, total=False):
    """TMF637 products and TMF638 services of elsewhere, what supports others before these. Those that are refused keep no other out."""

    items: Required[list[dict[str, Any]]]


@with_config(OPEN)
class LoadedItem(TypedDict, total=False):
    """`outcome` is loaded, known (it was there already, with the same content) or refused (then `message` says why)."""

    id: str
    outcome: Required[Literal["loaded", "known", "refused"]]
    code: str
    message: str


@with_config(OPEN)
class InstallBaseLoaded(TypedDict, total=False):
    """What became of each, in the order in which they were sent."""

    items: Required[list[LoadedItem]]


@with_config(OPEN)
class SoldProduct(TypedDict, total=False):
    """What order lines bought: offering, price and term as they said them, the account that pays, the lines that made it so. It has the id of the
    product; `installBaseItem` are the configured instances that it is: one, or those of the parts of a bundle."""

    id: Required[str]
    href: Required[str]
    name: str
    externalId: str
    status: Required[str]
    orderDate: str
    startDate: str
    terminationDate: str
    agreement: list[dict[str, Any]]
    billingAccount: dict[str, Any]
    product: Required[dict[str, Any]]
    productOffering: dict[str, Any]
    productOrderItem: list[dict[str, Any]]
    productPrice: list[dict[str, Any]]
    productTerm: list[dict[str, Any]]
    relatedParty: list[dict[str, Any]]
    installBaseItem: Required[list[dict[str, Any]]]


@with_config(OPEN)
class InstallBaseItem(TypedDict, total=False):
    """A configured instance at its places, with what fulfilment assigned to it. It has the id of the product."""

    id: Required[str]
    href: Required[str]
    name: str
    externalId: str
    status: Required[str]
    startDate: str
    terminationDate: str
    assignedCharacteristic: list[dict[str, Any]]
    formerPlace: list[dict[str, Any]]
    place: list[dict[str, Any]]
    product: Required[dict[str, Any]]
    productCharacteristic: list[dict[str, Any]]
    productSerialNumber: str
    productSpecification: dict[str, Any]
    realizingService: list[dict[str, Any]]
    realizingResource: list[dict[str, Any]]
    relatedParty: list[dict[str, Any]]
    soldProduct: Required[dict[str, Any]]


INSTALL_BASE = own_shape(InstallBase)
SOLD_PRODUCT = own_shape(SoldProduct)
INSTALL_BASE_ITEM = own_shape(InstallBaseItem)
LOAD_BODY = own_shape(InstallBaseLoad)
LOADED = own_shape(InstallBaseLoaded)
READ_LOAD: TypeAdapter[Any] = TypeAdapter(InstallBaseLoad)
