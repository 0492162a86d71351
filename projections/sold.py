"""The two halves that a product (TMF637) joins: what was sold, and what was configured at a site (domain-rules 6.0)."""

from collections.abc import Mapping
from typing import Any

from projections.references import reference, resource
from projections.view import Document

_BOTH = ("name", "externalId", "status", "startDate", "terminationDate", "relatedParty")
_OF_SALES = (*_BOTH, "orderDate", "agreement", "billingAccount", "productOffering", "productOrderItem", "productPrice", "productTerm")
_OF_ITEMS = (
    *(*_BOTH, "assignedCharacteristic", "formerPlace", "place", "productCharacteristic", "productSerialNumber", "productSpecification"),
    *("realizingService", "realizingResource"),
)


def sold_product(product: Document) -> Document:
    """What order lines bought: a bundle is one, and so is each of its parts."""
    id = product["id"]
    parts = [each["product"]["id"] for each in product["productRelationship"] if each["relationshipType"] == "bundles"]
    items = [*([id] if "productSpecification" in product else ()), *parts]
    return {
        **resource("SoldProduct", id),
        "product": reference("Product", id),
        **_some(product, _OF_SALES),
        "installBaseItem": [reference("InstallBaseItem", each) for each in items],
    }


def install_base_item(product: Document) -> Document | None:
    """A configured instance at a site: what has no specification, a bundle say, is none, but its parts are."""
    if "productSpecification" not in product:
        return None
    id = product["id"]
    return {
        **resource("InstallBaseItem", id),
        "product": reference("Product", id),
        "soldProduct": reference("SoldProduct", id),
        **_some(product, _OF_ITEMS),
    }


def _some(product: Mapping[str, Any], names: tuple[str, ...]) -> Document:
    return {name: product[name] for name in names if name in product}
