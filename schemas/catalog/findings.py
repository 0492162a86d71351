"""What is wrong with a catalog file, as sentences, each with its line."""

import json
from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from schemas.catalog.parts import SECTIONS
from schemas.yaml_lines import Finding, Source


class CatalogError(Exception):
    """The catalog is wrong; `findings` says everything that is, in the order of the file."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = findings


def catalog_error(findings: list[Finding]) -> CatalogError:
    """The error of these findings, sorted."""
    return CatalogError(sorted(findings, key=lambda each: (each.file, each.line)))


def entry_path(section: str, number: int, entry: Any) -> str:
    """How an entry of a section is called in paths: by its id."""
    name = entry.get("id") if isinstance(entry, dict) else None
    return f"{section}[{name if isinstance(name, str) else number}]"


def form_findings(source: Source, error: ValidationError) -> list[Finding]:
    """What pydantic says of the form of a file, as sentences at their lines."""
    return [source.finding(_path(source.content, each["loc"]), _sentence(each)) for each in error.errors()]


def without_unknown_keys(content: dict[str, Any], error: ValidationError) -> dict[str, Any] | None:
    """The content without the keys that pydantic does not know; None when something else is wrong with its form."""
    if any(each["type"] != "extra_forbidden" for each in error.errors()):
        return None
    known: dict[str, Any] = deepcopy(content)
    for each in error.errors():
        holder: Any = known
        for step in each["loc"][:-1]:
            holder = holder[step]
        del holder[each["loc"][-1]]
    return known


def _path(content: dict[str, Any], location: tuple[int | str, ...]) -> str:
    """A pydantic location as a path: entries of the sections by id."""
    if len(location) >= 2 and location[0] in SECTIONS and isinstance(location[1], int):
        section = str(location[0])
        start, rest = entry_path(section, location[1], content[section][location[1]]), location[2:]
    else:
        start, rest = str(location[0]) if location else "", location[1:]
    return start + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in rest)


_SENTENCES = {
    "missing": "is missing",
    "extra_forbidden": "is not a key of the catalog file here",
    "string_type": "must be a string, not {input}",
    "int_type": "must be a whole number, not {input}",
    "float_type": "must be a number, not {input}",
    "bool_type": "must be true or false, not {input}",
    "list_type": "must be a list, not {input}",
    "model_type": "must be an object, not {input}",
    "finite_number": "must be a finite number",
    "string_pattern_mismatch": "has letters, digits and _ . : - only, unlike {input}",
}


def _sentence(error: Any) -> str:
    wording = _SENTENCES.get(error["type"])
    return wording.format(input=shown(error["input"])) if wording else str(error["msg"])


def shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
