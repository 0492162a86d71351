"""How documents point at each other, and the small parts that they share: addresses, references, characteristics, places, parties."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from domain.values import Place
from projections.view import Document

# Where each kind of resource lives: TMF's base paths, whose mixed case is real.
ADDRESSES: Mapping[str, str] = {
    "ProductOrder": "/tmf-api/productOrderingManagement/v4/productOrder",
    "CancelProductOrder": "/tmf-api/productOrderingManagement/v4/cancelProductOrder",
    "ServiceOrder": "/tmf-api/serviceOrdering/v4/serviceOrder",
    "CancelServiceOrder": "/tmf-api/serviceOrdering/v4/cancelServiceOrder",
    "WorkOrder": "/tmf-api/workOrderManagement/v4/workOrder",
    "Product": "/tmf-api/productInventory/v4/product",
    "Service": "/tmf-api/serviceInventory/v4/service",
    "ProductOffering": "/tmf-api/productCatalogManagement/v4/productOffering",
    "ProductSpecification": "/tmf-api/productCatalogManagement/v4/productSpecification",
    "Catalog": "/tmf-api/productCatalogManagement/v4/catalog",
    "Category": "/tmf-api/productCatalogManagement/v4/category",
    "ServiceSpecification": "/tmf-api/serviceCatalogManagement/v4/serviceSpecification",
    "SoldProduct": "/crossconnect/v1/soldProduct",
    "InstallBaseItem": "/crossconnect/v1/installBaseItem",
}


def href(type: str, id: str) -> str:
    """The address of a resource, without a host: whoever reads it knows where it came from."""
    return f"{ADDRESSES[type]}/{id if _needs_no_quotes(id) else quote(id, safe='')}"


# Documents have many addresses, and nearly every id is one of ours.
_needs_no_quotes = re.compile(r"[A-Za-z0-9_.-]+").fullmatch


def resource(type: str, id: str) -> Document:
    """How every document begins."""
    return {"id": id, "href": href(type, id), "@type": type}


def reference(type: str, id: str) -> Document:
    """A reference to another resource."""
    return {"id": id, "href": href(type, id), "@type": _REFERENCE_TYPES[type], "@referredType": type}


_REFERENCE_TYPES = {type: f"{type}Ref" for type in ADDRESSES}


def versioned(type: str, id: str, version: str) -> Document:
    """A reference to one version of a specification."""
    return {**reference(type, id), "version": version}


def patched(value: Any, patch: Any) -> Any:
    """A merge patch applied (RFC 7396): objects are merged, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(value) if isinstance(value, dict) else {}
    for name, each in patch.items():
        if each is None:
            merged.pop(name, None)
        else:
            merged[name] = patched(merged.get(name), each)
    return merged


def characteristics(values: Mapping[str, Any]) -> list[Document]:
    """Configured values, by name."""
    return [{"name": name, "valueType": value_type(value), "value": value} for name, value in values.items()]


def value_type(value: Any) -> str:
    """What JSON calls the type of a value."""
    return _TYPES.get(type(value), "object")


_TYPES = {str: "string", bool: "boolean", int: "number", float: "number", list: "array"}


def places(of: Iterable[Place]) -> list[Document]:
    """Where something is; a place that was ordered without an id keeps its role."""
    return [_place(place) for place in of]


def placed(document: Document, of: Iterable[Place]) -> Document:
    """The document at these places: what was said of them beyond their ids stays while they are the same ones."""
    there = [*of]
    if [(place.id, place.role) for place in there] == [(each.get("id", ""), each["role"]) for each in document.get("place") or ()]:
        return document
    elsewhere = {name: value for name, value in document.items() if name != "place"}
    return {**elsewhere, "place": places(there)} if there else elsewhere


def _place(place: Place) -> Document:
    known = {"role": place.role, "@type": "RelatedPlaceRefOrValue", "@referredType": "GeographicSite"}
    return {"id": place.id, **known} if place.id else known


def customer_party(customer: str) -> Document:
    """The party whose order or possession it is."""
    return (
        {"relatedParty": [{"id": customer, "role": "customer", "@type": "RelatedParty", "@referredType": "Customer"}]} if customer else {}
    )


def present(**attributes: Any) -> Document:
    """Only those attributes that have a value: TMF documents leave out what is not known."""
    return {name: value for name, value in attributes.items() if value not in (None, "", (), [])}
