"""Writes the JSON Schema of every message into schemas/json: `python -m schemas.generate`. A test compares them with the shapes they come from."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from schemas import product_ordering, requests, results, told

FOLDER = Path(__file__).with_name("json")

# By name and major version; `ce_dataschema` of a message names one of these.
MESSAGES: Mapping[str, TypeAdapter[Any]] = {
    "product-order-submit.v1": product_ordering.CREATE,
    "product-order-cancel.v1": product_ordering.CANCEL,
    "activation-request.v1": requests.ACTIVATION,
    "activation-result.v1": results.ACTIVATION,
    "work-order-request.v1": requests.WORK_ORDER,
    "work-order-result.v1": results.WORK_ORDER,
    "notification.v1": told.NOTIFICATION,
    "domain-event.v1": told.DOMAIN_EVENT,
}


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a message."""
    return {"$id": f"/schemas/{name}.json", **MESSAGES[name].json_schema()}


def rendered(name: str) -> str:
    """The schema as its file holds it."""
    return json.dumps(json_schema(name), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name in MESSAGES:
        (FOLDER / f"{name}.json").write_text(rendered(name))


if __name__ == "__main__":
    main()
