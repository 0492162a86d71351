"""Makes the files beside this one from a folder with the specification files as TM Forum publishes them."""

import json
import re
import sys
from pathlib import Path
from typing import Any

from api.http.specifications import FOLDER

SOURCES = {
    "TMF620": ("TMF620-ProductCatalog-v4.1.0.swagger.json", ("Catalog", "Category", "ProductOffering", "ProductSpecification")),
    "TMF622": (
        "TMF622-ProductOrdering-v4.0.0.swagger.json",
        ("ProductOrder", "ProductOrder_Create", "ProductOrder_Update", "CancelProductOrder", "CancelProductOrder_Create"),
    ),
    "TMF633": ("TMF633-ServiceCatalog-v4.0.0.swagger.json", ("ServiceSpecification",)),
    "TMF637": ("TMF637-ProductInventory-v4.0.0.swagger.json", ("Product",)),
    "TMF638": ("TMF638-ServiceInventory-v4.0.0.swagger.json", ("Service",)),
    "TMF641": ("TMF641-ServiceOrdering-v4.1.0.swagger.json", ("ServiceOrder", "CancelServiceOrder")),
    "TMF697": ("TMF697-WorkOrder-v4.0.0.swagger.json", ("WorkOrder",)),
}
REFERENCE = re.compile(r"#/definitions/([A-Za-z0-9_]+)")


def trimmed(number: str, published: dict[str, Any], roots: tuple[str, ...]) -> dict[str, Any]:
    """The definitions that the roots need, under names that are unique among all APIs."""
    found: dict[str, Any] = {}
    todo = list(roots)
    while todo:
        name = todo.pop()
        if name not in found:
            text = json.dumps(_corrected(published["definitions"][name]))
            todo.extend(REFERENCE.findall(text))
            found[name] = json.loads(REFERENCE.sub(rf"#/components/schemas/{number}_\1", text))
    return {f"{number}_{name}": found[name] for name in sorted(found)}


def _corrected(definition: Any) -> Any:
    """Without examples (they name hosts), and without the space behind `aborted` in the published states of a product, which nobody means."""
    if isinstance(definition, list):
        return [each.strip() if isinstance(each, str) else _corrected(each) for each in definition]
    if isinstance(definition, dict):
        return {name: _corrected(value) for name, value in definition.items() if name != "example"}
    return definition


def main(folder: Path) -> None:
    for number, (file, roots) in SOURCES.items():
        made = trimmed(number, json.loads((folder / file).read_text()), roots)
        content = {"origin": file, "license": "Apache-2.0, TM Forum", "definitions": made}
        (FOLDER / f"{number}.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
