"""The catalog as a file: what a person writes to say what is sold and how it is fulfilled, read strictly and with the line of every fault.

A catalog is one YAML or JSON file, or a folder of them that is read as one. Format: docs/catalog.md.
"""

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from domain import catalog as domain
from domain.catalog.check import check
from domain.record import record
from schemas.yaml_lines import Finding, Source, read_json, read_source

SHIPPED = Path(__file__).with_name("catalogs")
SUFFIXES = (".yaml", ".yml", ".json")
SECTIONS = ("offerings", "products", "services", "resources", "distributions", "workOrders", "dependencies")

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]+$")]


class CatalogError(Exception):
    """The catalog is wrong; `findings` says everything that is, in the order of the file."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = findings


class Part(BaseModel):
    """A part of the file: camelCase keys, none that we do not know, and no number where a string belongs or the other way round."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True, allow_inf_nan=False)


class CharacteristicSpecification(Part):
    name: str
    value_type: str = "string"
    values: list[Any] = []
    minimum: float | None = None
    maximum: float | None = None
    default: Any = None
    mandatory: Any = False
    merge: str = "equal"


class Bundled(Part):
    offering: str
    minimum: int = 1
    maximum: int = 1
    default: int = 1


class ProductOffering(Part):
    id: Id
    name: str
    version: str = "1.0"
    lifecycle_status: str = domain.ORDERABLE
    specification: str = ""
    bundled: list[Bundled] = []
    optional: list[Bundled] = []
    inside: list[str] = []
    relies_on: list[str] = []
    feasibility: bool = False
    prices: list[Any] = []
    term: Any = None


class Mapping(Part):
    target: str
    expression: Any


class Child(Part):
    id: str = ""
    specification: str
    condition: Any = True
    mandatory: bool = True
    cardinality: Any = 1
    minimum: int = 0
    maximum: int = 1000
    mappings: list[Mapping] = []


class ProductSpecification(Part):
    id: Id
    name: str
    version: str = "1.0"
    characteristics: list[CharacteristicSpecification] = []
    children: list[Child] = []


class TaskSpecification(Part):
    name: Id
    kind: str = "automatic"
    actions: list[str] = ["add", "modify", "delete"]
    condition: Any = True
    target_system: str = ""
    point_of_no_return: bool = False
    answer_within: float | None = None
    attempts: int = 3
    retry_after: list[float] = []
    undo: bool = True
    group: str = ""
    form: list[str] = []
    duration: float = 0.0


class ServiceSpecification(Part):
    id: Id
    name: str
    category: str = "RFS"
    version: str = "1.0"
    scope: str = "item"
    place_role: str = "installation"
    target_system: str = ""
    characteristics: list[CharacteristicSpecification] = []
    children: list[Child] = []
    tasks: list[TaskSpecification] | None = None
    resources: list[str] = []


class ResourceSpecification(Part):
    id: Id
    name: str
    version: str = "1.0"
    category: str = ""
    characteristics: list[CharacteristicSpecification] = []


class Distribution(Part):
    id: Id
    specification: str
    target_system: str
    actions: list[str] = []
    condition: Any = True


class WorkOrderTemplate(Part):
    id: Id
    name: str
    target_system: str
    products: list[str]
    when_new: str
    place_role: str = "installation"
    tasks: list[str] = []
    skills: list[str] = []
    duration: float = 3600.0
    answer_within: float | None = None
    attempts: int = 3


class Dependency(Part):
    before: str
    after: str
    lag: float = 0.0


class CatalogFile(Part):
    """The whole file. Every section is a list, so that its order survives any JSON."""

    version: str | None = None
    offerings: list[ProductOffering] = []
    products: list[ProductSpecification] = []
    services: list[ServiceSpecification] = []
    resources: list[ResourceSpecification] = []
    distributions: list[Distribution] = []
    work_orders: list[WorkOrderTemplate] = []
    dependencies: list[Dependency] = []


@record
class CatalogDocument:
    """A catalog as it is published into the log: the content of its files as one JSON object, and the SHA-256 of that in canonical form.

    `version` is the one the file names, else the first 12 digits of the digest."""

    version: str
    digest: str
    document: dict[str, Any]


def load_catalog(path: str | Path) -> domain.Catalog:
    """The catalog in a file or folder; `sample` and `benchmark-w1` are shipped. Raises CatalogError with all findings."""
    return _checked(_read(path))


def catalog_document(path: str | Path) -> CatalogDocument:
    """The same, checked as well, in the form in which it is published. Raises CatalogError with all findings."""
    source = _read(path)
    _checked(source)
    return _document(source.content)


def catalog_in_body(body: bytes, name: str = "the body") -> CatalogDocument:
    """The same for a catalog that was sent as JSON; its findings tell the line within what was sent. Raises CatalogError with all findings."""
    source = _merged([read_json(body, name)], name)
    _checked(source)
    return _document(source.content)


def catalog_from_document(document: dict[str, Any]) -> domain.Catalog:
    """Rebuild a catalog from what was published: checked then, so not checked again."""
    return _catalog(CatalogFile.model_validate(document), _document(document).version)


def _document(content: dict[str, Any]) -> CatalogDocument:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return CatalogDocument(content.get("version") or digest[:12], digest, content)


def _checked(source: Source) -> domain.Catalog:
    try:
        parsed = CatalogFile.model_validate(source.content)
    except ValidationError as error:
        raise _error([_finding(source, each["loc"], _sentence(each)) for each in error.errors()]) from None
    catalog = _catalog(parsed, _document(source.content).version)
    if problems := check(catalog):
        raise _error([source.finding(problem.path, problem.message) for problem in problems])
    return catalog


def _error(findings: list[Finding]) -> CatalogError:
    return CatalogError(sorted(findings, key=lambda each: (each.file, each.line)))


# ---- reading files


def _read(path: str | Path) -> Source:
    """The file or files as one document. Raises CatalogError when they cannot be read or do not fit together."""
    shipped = SHIPPED / f"{path}.yaml"
    place = shipped if isinstance(path, str) and path in _shipped() else Path(path)
    return _merged([read_source(file) for file in _files(place)], str(place))


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


def _merged(sources: list[Source], file: str) -> Source:
    """All files as one: sections one after the other, paths by id instead of by number. Raises CatalogError when there is a finding already."""
    if findings := [finding for source in sources for finding in source.findings]:
        raise _error(findings)
    merged = Source(sources[0].file if len(sources) == 1 else file, {}, {}, [])
    for source in sources:
        _merge(merged, source)
    if merged.findings:
        raise _error(merged.findings)
    return merged


def _merge(merged: Source, source: Source) -> None:
    kept: dict[str, str] = {}  # path in the file -> path in the whole
    for section, entries in source.content.items():
        if section in SECTIONS and isinstance(entries, list):
            kept |= _merge_section(merged, source, section, entries)
        elif section in SECTIONS:
            merged.findings.append(source.finding(section, f"must be a list, not {_shown(entries)}"))
        elif merged.content.setdefault(section, entries) != entries:
            other = merged.finding(section, "").file
            merged.findings.append(source.finding(section, f"is {_shown(entries)} here and {_shown(merged.content[section])} in {other}"))
        else:
            kept[section] = section
    _keep_lines(merged, source, kept)


def _merge_section(merged: Source, source: Source, section: str, entries: list[Any]) -> dict[str, str]:
    together = merged.content.setdefault(section, [])
    kept = {}
    for number, entry in enumerate(entries):
        old, new = f"{section}[{number}]", _entry_path(section, len(together), entry)
        if new in merged.lines:
            here, there = source.finding(old, ""), merged.lines[new]
            where = f"line {there.line}" if there.file == here.file else f"{there.file}:{there.line}"
            merged.findings.append(Finding(here.file, here.line, new, f"the id is used twice, here and at {where}"))
            continue
        together.append(entry)
        kept[old] = new
        merged.lines[new] = source.lines[old]
    return kept


def _entry_path(section: str, number: int, entry: Any) -> str:
    name = entry.get("id") if isinstance(entry, dict) else None
    return f"{section}[{name if isinstance(name, str) else number}]"


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


# ---- findings


def _finding(source: Source, location: tuple[int | str, ...], message: str) -> Finding:
    return source.finding(_path(source.content, location), message)


def _path(content: dict[str, Any], location: tuple[int | str, ...]) -> str:
    """A pydantic location as a path: entries of the sections by id."""
    if len(location) >= 2 and location[0] in SECTIONS and isinstance(location[1], int):
        section = str(location[0])
        start, rest = _entry_path(section, location[1], content[section][location[1]]), location[2:]
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
    return wording.format(input=_shown(error["input"])) if wording else str(error["msg"])


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


# ---- file -> domain


_RECORDS: dict[type[Part], Any] = {
    CharacteristicSpecification: domain.CharacteristicSpecification,
    Bundled: domain.Bundled,
    ProductOffering: domain.ProductOffering,
    Mapping: domain.Mapping,
    Child: domain.Child,
    ProductSpecification: domain.ProductSpecification,
    TaskSpecification: domain.TaskSpecification,
    ServiceSpecification: domain.ServiceSpecification,
    ResourceSpecification: domain.ResourceSpecification,
    Distribution: domain.Distribution,
    WorkOrderTemplate: domain.WorkOrderTemplate,
    Dependency: domain.Dependency,
}


def _catalog(file: CatalogFile, version: str) -> domain.Catalog:
    distributed = {rule.specification for rule in file.distributions}
    for service in file.services:
        if service.tasks is None:
            reached = service.target_system or service.id in distributed
            service.tasks = [TaskSpecification(name="activate")] if reached else []
    return domain.Catalog(
        version=version,
        offerings={each.id: _record(each) for each in file.offerings},
        products={each.id: _record(each) for each in file.products},
        services={each.id: _record(each) for each in file.services},
        resources={each.id: _record(each) for each in file.resources},
        distributions=tuple(map(_record, file.distributions)),
        work_orders={each.id: _record(each) for each in file.work_orders},
        dependencies=tuple(map(_record, file.dependencies)),
    )


def _record(part: Part) -> Any:
    fields = {name: _plain(getattr(part, name), field.annotation) for name, field in type(part).model_fields.items()}
    if isinstance(part, Child) and not part.id:
        fields["id"] = part.specification
    return _RECORDS[type(part)](**fields)


def _plain(value: Any, annotation: Any) -> Any:
    """Lists become tuples, except within rules, which are kept as the data that they are."""
    if annotation is Any or not isinstance(value, list):
        return value
    return tuple(_record(each) if isinstance(each, Part) else each for each in value)
