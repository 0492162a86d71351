"""Whether a document is what TM Forum's own specification says: its mandatory attributes, types and enumerations (Apache-2.0 files, trimmed)."""

from functools import cache
from typing import Any

import msgspec
from jsonschema import Draft7Validator

from api.http.specifications import definitions

# Which definition of which API describes each resource.
RESOURCES = {
    "ProductOrder": "TMF622",
    "CancelProductOrder": "TMF622",
    "ServiceOrder": "TMF641",
    "CancelServiceOrder": "TMF641",
    "WorkOrder": "TMF697",
    "Product": "TMF637",
    "Service": "TMF638",
    "ProductOffering": "TMF620",
    "ProductSpecification": "TMF620",
    "Catalog": "TMF620",
    "Category": "TMF620",
    "ServiceSpecification": "TMF633",
}


@cache
def _validator(resource: str) -> Any:
    number = RESOURCES[resource]
    return Draft7Validator({"components": {"schemas": definitions(number)}, "$ref": f"#/components/schemas/{number}_{resource}"})


def faults(resource: str, document: Any) -> list[str]:
    """What the specification would not allow; empty for a valid document."""
    as_sent = msgspec.json.decode(msgspec.json.encode(document))
    found = [f"{error.json_path}: {error.message[:200]}" for error in _validator(resource).iter_errors(as_sent)]
    return found + [f"$.{name} is missing" for name in ("id", "href", "@type") if name not in as_sent]
