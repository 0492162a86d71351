"""Products and services of an install base that was built elsewhere: TMF637 and TMF638 v4 as others send them, to be loaded or corrected."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Required

from pydantic import TypeAdapter, with_config
from typing_extensions import TypedDict

from domain.order_document import REFERENCE
from domain.values import Place, Reason
from schemas.parts import Characteristic, Name, Note, Reference, RelatedParty, RelatedPlace, SpecificationReference
from schemas.product_ordering import Product
from schemas.reading import OPEN, Json, Unreadable, check, parse, read, time_at

CATALOG_VERSION = "@catalogVersion"
# What nothing is decided on is kept as it was sent; these attributes are not among it. Ids and addresses are ours.
_OURS = ("id", "href", "@type", "externalId", "relatedParty", "place", "startDate", CATALOG_VERSION)
_OF_PRODUCTS = (
    *_OURS,
    "status",
    "isBundle",
    "productCharacteristic",
    "productOffering",
    "productSpecification",
    "realizingService",
    "terminationDate",
)
_OF_SERVICES = (
    *(*_OURS, "state", "hasStarted", "isServiceEnabled", "serviceCharacteristic", "serviceSpecification", "supportingService"),
    *("name", "category", "endDate"),
)
# What is not corrected: it says which product or service this is.
FIXED = ("id", "href", "@type", "@baseType", "@schemaLocation", "externalId", "externalIdentifier", "relatedParty", CATALOG_VERSION)
FIXED_OF_PRODUCTS = (*FIXED, "isBundle", "orderDate", "productOffering", "productOrderItem", "productSpecification")
FIXED_OF_SERVICES = (*FIXED, "category", "hasStarted", "isServiceEnabled", "serviceDate", "serviceOrderItem", "serviceSpecification")
_PERSONAL = ("note", "place", "relatedParty")


@with_config(OPEN)
class ExternalIdentifier(TypedDict, total=False):
    """The id that it has elsewhere, and where that is."""

    id: Required[Name]
    owner: str
    externalIdentifierType: str


@with_config(OPEN)
class ProductCreate(Product, TypedDict, total=False):
    """A product that was built elsewhere. `externalId`, or the first `externalIdentifier` with its owner, is the id that it had there;
    `@catalogVersion` the published catalog that it was built by."""

    externalId: str
    externalIdentifier: list[ExternalIdentifier]
    startDate: str
    terminationDate: str


@with_config(OPEN)
class ServiceRelated(TypedDict, total=False):
    id: Required[Name]
    role: str
    name: str


@with_config(OPEN)
class ServiceCreate(TypedDict, total=False):
    """A service that was built elsewhere; `externalId` and `externalIdentifier` as for products."""

    id: str
    href: str
    externalId: str
    externalIdentifier: list[ExternalIdentifier]
    name: str
    description: str
    category: str
    state: Literal["feasibilityChecked", "designed", "reserved", "inactive", "active", "terminated"]
    startDate: str
    endDate: str
    serviceDate: str
    hasStarted: bool
    isServiceEnabled: bool
    note: list[Note]
    place: list[RelatedPlace]
    relatedEntity: list[ServiceRelated]
    relatedParty: list[RelatedParty]
    serviceCharacteristic: list[Characteristic]
    serviceSpecification: SpecificationReference
    supportingService: list[Reference]


_PRODUCT: TypeAdapter[Any] = TypeAdapter(ProductCreate)
_SERVICE: TypeAdapter[Any] = TypeAdapter(ServiceCreate)


# Reading ------------------------------------------------------------------------------------------------------------------------------
def read_product(body: bytes) -> Json:
    """A product to be loaded. Raises Unreadable."""
    return _complete(read(_PRODUCT, body), "status")


def read_service(body: bytes) -> Json:
    """A service to be loaded. Raises Unreadable."""
    return _complete(read(_SERVICE, body), "state", "serviceSpecification")


def check_any(document: Json) -> tuple[Json, bool]:
    """A product or service among others to be loaded, and whether it is a product. Raises Unreadable."""
    if document.get("@type") == "Service" or "serviceSpecification" in document:
        return _complete(check(_SERVICE, document), "state", "serviceSpecification"), False
    return _complete(check(_PRODUCT, document), "status"), True


def read_product_patch(body: bytes, shown: Mapping[str, Any]) -> Json:
    """A correction of a product, without what is shown anyway. Raises Unreadable."""
    return _patch(_PRODUCT, body, shown, FIXED_OF_PRODUCTS)


def read_service_patch(body: bytes, shown: Mapping[str, Any]) -> Json:
    """A correction of a service, without what is shown anyway. Raises Unreadable."""
    return _patch(_SERVICE, body, shown, FIXED_OF_SERVICES)


def _complete(document: Json, *mandatory: str) -> Json:
    missing = tuple(Reason("missing", f"{name} is mandatory.", name) for name in mandatory if name not in document)
    if missing:
        raise Unreadable(missing[0].message, missing)
    if not isinstance(document.get(CATALOG_VERSION, ""), str):
        raise _fault(CATALOG_VERSION, f"{CATALOG_VERSION} must be a string")
    return document


def _patch(shape: TypeAdapter[Any], body: bytes, shown: Mapping[str, Any], fixed: tuple[str, ...]) -> Json:
    patch = parse(body)
    if not isinstance(patch, dict):
        raise Unreadable("The body must be an object.")
    for name in fixed:
        if name in patch and patch.pop(name) != shown.get(name):
            raise _fault(name, f"{name} cannot be changed")
    check(shape, {name: value for name, value in patch.items() if value is not None})
    return patch


def _fault(path: str, what: str) -> Unreadable:
    return Unreadable(f"{what}.", (Reason("invalid", f"{what}.", path),))


# The parts of a document ----------------------------------------------------------------------------------------------------------------
def external_id(document: Mapping[str, Any]) -> tuple[str, str]:
    """The id that it has elsewhere, and whose id that is; empty where it was not said."""
    first = next(iter(document.get("externalIdentifier") or ()), None)
    if document.get("externalId") or first is None:
        return document.get("externalId") or "", (first or {}).get("owner") or ""
    return first["id"], first.get("owner") or ""


def values_of(characteristics: list[Mapping[str, Any]] | None) -> dict[str, Any]:
    """Values by name."""
    return {each["name"]: each.get("value") for each in characteristics or ()}


def places_of(document: Mapping[str, Any]) -> tuple[Place, ...]:
    """Where it is."""
    return tuple([Place(place.get("id") or "", place["role"]) for place in document.get("place") or ()])


def ids_of(references: list[Mapping[str, Any]] | None) -> tuple[str, ...]:
    """What is referred to, each once."""
    return tuple(dict.fromkeys(each["id"] for each in references or ()))


def parts_of(relations: list[Mapping[str, Any]] | None) -> tuple[str, ...]:
    """The products that a bundle holds together."""
    bundled = [each["product"] for each in relations or () if each["relationshipType"] == "bundles"]
    return ids_of([each for each in bundled if each.get("id")])


def said_of_product(document: Mapping[str, Any]) -> Json:
    """What nothing is decided on."""
    said = _without(document, _OF_PRODUCTS)
    relations = [each for each in document.get("productRelationship") or () if each["relationshipType"] != "bundles"]
    if relations:
        said["productRelationship"] = relations
    else:
        said.pop("productRelationship", None)
    return said


def said_of_service(document: Mapping[str, Any]) -> Json:
    """What nothing is decided on. Which products rest on a service is said by them."""
    said = _without(document, _OF_SERVICES)
    others = [each for each in document.get("relatedEntity") or () if each.get("@referredType") != "Product"]
    if "relatedEntity" in said:
        said["relatedEntity"] = others
    return said


def _without(document: Mapping[str, Any], names: tuple[str, ...]) -> Json:
    return {name: value for name, value in document.items() if name not in names and name not in _PERSONAL}


def personal_of(document: Mapping[str, Any]) -> Json:
    """What says who the people are and where they live: parties and places with more than a reference, and notes."""
    return {
        name: document[name]
        for name in _PERSONAL
        if document.get(name) and (name == "note" or any(set(each) - REFERENCE for each in document[name]))
    }


def since(document: Mapping[str, Any], now: datetime, *names: str) -> datetime:
    """Since when it is so: the first of these dates that is given, else now. Raises Unreadable for a date that is still to come."""
    for name in names:
        time = time_at(document, name)
        if time is not None and time > now:
            raise _fault(name, f"{name} is still to come: what is loaded is so already")
        if time is not None:
            return time
    return now
