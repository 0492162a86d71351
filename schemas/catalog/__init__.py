"""The catalog as a file: what a person writes to say what is sold and how it is fulfilled, read strictly and with the line of every fault.

A catalog is one YAML or JSON file, or a folder of them that is read as one. Format: docs/catalog.md.
"""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from domain.catalog import Catalog
from domain.catalog.check import check
from domain.record import record
from domain.values import moment_of
from schemas.catalog.files import SHIPPED, merged, read_files
from schemas.catalog.findings import CatalogError, catalog_error, form_findings, without_unknown_keys
from schemas.catalog.parts import CatalogFile
from schemas.catalog.records import as_catalog
from schemas.yaml_lines import Finding, Source, read_json

__all__ = ["SHIPPED", "CatalogDocument", "CatalogError", "catalog_document", "catalog_from_document", "catalog_in_body", "load_catalog"]


@record
class CatalogDocument:
    """A catalog as it is published into the log: the content of its files as one JSON object, and the SHA-256 of that in canonical form. When it is to be
    in force is no part of the content: it may be published again for another date.

    `version` is the one the file names, else the first 12 digits of the digest; `effective` since when it is to be in force, None for at once."""

    version: str
    digest: str
    document: dict[str, Any]
    effective: datetime | None


def load_catalog(path: str | Path) -> Catalog:
    """The catalog in a file or folder; `sample` and `benchmark-w1` are shipped. Raises CatalogError with all findings."""
    return _checked(read_files(path))


def catalog_document(path: str | Path) -> CatalogDocument:
    """The same, checked as well, in the form in which it is published. Raises CatalogError with all findings."""
    source = read_files(path)
    _checked(source)
    return _document(source.content)


def catalog_in_body(body: bytes, name: str = "the body") -> CatalogDocument:
    """The same for a catalog that was sent as JSON; its findings tell the line within what was sent. Raises CatalogError with all findings."""
    source = merged([read_json(body, name)], name)
    _checked(source)
    return _document(source.content)


def catalog_from_document(document: dict[str, Any]) -> Catalog:
    """Rebuild a catalog from what was published: checked then, so not checked again."""
    return as_catalog(CatalogFile.model_validate(document), _document(document).version)


def _document(content: dict[str, Any]) -> CatalogDocument:
    effective = moment_of(content.get("effective"))
    content = {name: value for name, value in content.items() if name != "effective"}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return CatalogDocument(content.get("version") or digest[:12], digest, content, effective)


def _checked(source: Source) -> Catalog:
    """The catalog, when nothing is wrong with it: neither with how its files fit together, nor with their form, nor with what they mean."""
    findings = list(source.findings)
    catalog = _formed(source, findings)
    if catalog is not None:
        findings += [source.finding(problem.path, problem.message) for problem in check(catalog)]
    if catalog is None or findings:
        raise catalog_error(findings)
    return catalog


def _formed(source: Source, findings: list[Finding]) -> Catalog | None:
    """The catalog as far as its form allows: a key that nobody knows is a finding, and hides nothing of the rest."""
    try:
        parsed = CatalogFile.model_validate(source.content)
    except ValidationError as error:
        findings += form_findings(source, error)
        known = without_unknown_keys(source.content, error)
        if known is None:
            return None
        parsed = CatalogFile.model_validate(known)
    if parsed.effective is not None and moment_of(parsed.effective) is None:
        findings.append(source.finding("effective", f"is not a time: {parsed.effective!r}"))
    if not parsed.offerings:
        findings.append(source.finding("offerings", "are missing: nothing could be ordered"))
    return as_catalog(parsed, _document(source.content).version)
