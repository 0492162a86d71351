"""Writes the JSON Schema of every message into schemas/json: `python -m schemas.generate`. A test compares them with the shapes they come from.

A schema that breaks those who read or write the message is not written: it needs a new major version beside the old one (or, if it was never released,
`--again`).
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from schemas import product_ordering, requests, results, service_ordering, told
from schemas.compatibility import breaks
from schemas.topics import MANIFEST

FOLDER = Path(__file__).with_name("json")

# By name and major version; `ce_dataschema` of a message names one of these.
MESSAGES: Mapping[str, TypeAdapter[Any]] = {
    "product-order-submit.v1": product_ordering.CREATE,
    "product-order-amend.v1": product_ordering.AMEND,
    "product-order-cancel.v1": product_ordering.CANCEL,
    "service-order-submit.v1": service_ordering.CREATE,
    "service-order-cancel.v1": service_ordering.CANCEL,
    "activation-request.v1": requests.ACTIVATION,
    "activation-result.v1": results.ACTIVATION,
    "work-order-request.v1": requests.WORK_ORDER,
    "work-order-result.v1": results.WORK_ORDER,
    "notification.v1": told.NOTIFICATION,
    "domain-event.v1": told.DOMAIN_EVENT,
}
# Whether Crossconnect reads a message or writes it.
LEADS: Mapping[str, Literal["in", "out"]] = {schema: topic.leads for topic in MANIFEST for schema in topic.messages.values()}


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a message."""
    return {"$id": f"/schemas/{name}.json", **MESSAGES[name].json_schema()}


def rendered(name: str) -> str:
    """The schema as its file holds it."""
    return json.dumps(json_schema(name), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def broken(name: str, folder: Path = FOLDER) -> list[str]:
    """What the shape of today breaks of what the file says, a sentence each; nothing for a message that has no file yet."""
    file = folder / f"{name}.json"
    return breaks(json.loads(file.read_text()), json_schema(name), LEADS[name]) if file.exists() else []


def main(again: bool = False, folder: Path = FOLDER) -> None:
    """Exits with what is broken, after the others were written."""
    folder.mkdir(exist_ok=True)
    refused = [f"{name}: {each}" for name in MESSAGES if not again for each in broken(name, folder)]
    for name in MESSAGES:
        if again or not broken(name, folder):
            (folder / f"{name}.json").write_text(rendered(name))
    if refused:
        sys.exit("\n".join((*refused, "Give the message a new major version, or, if it was never released, say --again.")))


if __name__ == "__main__":
    main("--again" in sys.argv[1:])
