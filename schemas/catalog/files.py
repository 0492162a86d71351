"""Catalog files as one document, in which every value knows where it was written."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from schemas.catalog.findings import CatalogError, catalog_error, entry_path, shown
from schemas.catalog.parts import SECTIONS
from schemas.yaml_lines import Finding, Source, read_source

SHIPPED = Path(__file__).parents[1] / "catalogs"
SUFFIXES = (".yaml", ".yml", ".json")


def read_files(path: str | Path) -> Source:
    """The file or files as one document. Raises CatalogError when they cannot be read or do not fit together."""
    shipped = SHIPPED / f"{path}.yaml"
    place = shipped if isinstance(path, str) and path in _shipped() else Path(path)
    return merged([read_source(file) for file in _files(place)], str(place))


@cache
def _shipped() -> frozenset[str]:
    return frozenset(file.stem for file in SHIPPED.glob("*.yaml"))


def _files(place: Path) -> list[Path]:
    if place.is_dir():
        files = sorted(file for file in place.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
        if not files:
            raise CatalogError([Finding(str(place), 0, "", f"the folder has no {', '.join(SUFFIXES)} file")])
        return files
    if not place.exists():
        raise CatalogError(
            [Finding(str(place), 0, "", f"there is no such catalog file or folder (shipped: {', '.join(sorted(_shipped()))})")]
        )
    return [place]


def merged(sources: list[Source], file: str) -> Source:
    """All files as one: sections one after the other, paths by id instead of by number. What does not fit together is among its findings; the rest
    can still be checked. Raises CatalogError for a file of which nothing can be made."""
    findings = [finding for source in sources for finding in (*source.findings, *_no_lists(source))]
    if findings:
        raise catalog_error(findings)
    whole = Source(sources[0].file if len(sources) == 1 else file, {}, {}, [])
    for source in sources:
        _merge(whole, source)
    return whole


def _no_lists(source: Source) -> Iterator[Finding]:
    for section, entries in source.content.items():
        if section in SECTIONS and not isinstance(entries, list):
            yield source.finding(section, f"must be a list, not {shown(entries)}")


def _merge(merged: Source, source: Source) -> None:
    kept: dict[str, str] = {}  # path in the file -> path in the whole
    for section, entries in source.content.items():
        if section in SECTIONS:
            kept |= _merge_section(merged, source, section, entries)
        elif merged.content.setdefault(section, entries) != entries:
            other = merged.finding(section, "").file
            merged.findings.append(source.finding(section, f"is {shown(entries)} here and {shown(merged.content[section])} in {other}"))
        else:
            kept[section] = section
    _keep_lines(merged, source, kept)


def _merge_section(merged: Source, source: Source, section: str, entries: list[Any]) -> dict[str, str]:
    together = merged.content.setdefault(section, [])
    kept = {}
    for number, entry in enumerate(entries):
        old, new = f"{section}[{number}]", entry_path(section, len(together), entry)
        if new in merged.lines:
            here, there = source.finding(old, ""), merged.lines[new]
            where = f"line {there.line}" if there.file == here.file else f"{there.file}:{there.line}"
            merged.findings.append(Finding(here.file, here.line, new, f"the id is used twice, here and at {where}"))
            continue
        together.append(entry)
        kept[old] = new
        merged.lines[new] = source.lines[old]
    return kept


_ENTRY = re.compile(r"[^.\[]+(?:\[[0-9]+\])?")


def _keep_lines(merged: Source, source: Source, kept: dict[str, str]) -> None:
    """The lines of what was kept, in one pass: a catalog may have thousands of entries."""
    for path, origin in source.lines.items():
        found = _ENTRY.match(path)
        old = found.group() if found else ""
        if old in kept:
            merged.lines.setdefault(kept[old] + path[len(old) :], origin)
        elif old in SECTIONS:
            merged.lines.setdefault(old, origin)
