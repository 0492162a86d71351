"""YAML and JSON files read together with the line on which each of their values stands, so that a fault can be shown where it is."""

from pathlib import Path
from typing import Any

import yaml

from domain.record import record

_TAGS = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "int", "float", "bool", "null"))
LARGEST_FILE = 16 * 1024 * 1024  # bytes
MOST_VALUES = 1_000_000  # a few lines of nested aliases can stand for billions


@record
class Finding:
    """One fault: the file, the line (from 1; 0 = the file as a whole), the path of the value (`services[gpon-port].children[0]`), what is wrong."""

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (where, self.path) if part) + f"{': ' if not self.path else ' '}{self.message}"


@record
class Origin:
    """Where a value was written."""

    file: str
    line: int


@record
class Source:
    """A file that was read: its content, the origin of every value by path, and what is wrong with it already."""

    file: str
    content: dict[str, Any]
    lines: dict[str, Origin]
    findings: list[Finding]

    def finding(self, path: str, message: str) -> Finding:
        """A fault of the value at `path`; what is not there is found at the nearest thing that holds it."""
        known = path
        while known and known not in self.lines:
            known = known[: max(known.rfind("."), known.rfind("["), 0)]
        origin = self.lines.get(known, Origin(self.file, 1))
        return Finding(origin.file, origin.line, path, message)

    def below(self, path: str) -> list[str]:
        """The paths of a value and of everything in it."""
        return [each for each in self.lines if each == path or each.startswith((f"{path}.", f"{path}["))]


class _Loader(yaml.SafeLoader):
    """YAML restricted to what JSON can carry: a date stays the string it was written as, `1e5` is a number."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", __import__("re").compile(r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?[eE][-+]?[0-9]+$"), list("-0123456789")
)


class _Fault(Exception):
    """Reading cannot go on; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line, self.message = line, message


def read_source(file: Path) -> Source:
    """Read one file. What is wrong with it is in the findings; then the content is not to be used."""
    source = Source(str(file), {}, {}, [])
    try:
        text = _text(file)
        content = _parse(text, source)
        if file.suffix.lower() == ".json":
            content = _parse_json(text)
        if content is None:
            return source
        if not isinstance(content, dict):
            raise _Fault(1, "a catalog file is an object with sections such as offerings, products and services")
        source.content.update(content)
    except _Fault as fault:
        source.findings.append(Finding(source.file, fault.line, "", fault.message))
    return source
