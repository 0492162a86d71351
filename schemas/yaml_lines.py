"""YAML and JSON files read together with the line on which each of their values stands, so that a fault can be shown where it is."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from domain.catalog.expression import table_key
from domain.record import record
from schemas.json_nodes import json_nodes

_TAG = "tag:yaml.org,2002:"
_SCALARS = ("str", "int", "float", "bool", "null")
LARGEST_FILE = 16 * 1024 * 1024  # bytes
MOST_VALUES = 1_000_000  # a few lines of nested aliases can stand for billions
DEEPEST = 100  # levels; an alias can hold itself
LARGEST_WHOLE = 2**53  # beyond it JSON readers differ
_HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")


@record
class Finding:
    """One fault: the file, the line (from 1; 0 = the file as a whole), the path of the value (`services[gpon-port].children[0]`), what is wrong, and
    the column (from 1; 0 = the line as a whole)."""

    file: str
    line: int
    path: str
    message: str
    column: int = 0

    def __str__(self) -> str:
        where = ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])
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


class _Loader(yaml.SafeLoader):
    """YAML restricted to what JSON can carry: a date stays the string it was written as, `1e5` is a number."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":value"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(f"{_TAG}float", re.compile(r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?[eE][-+]?[0-9]+$"), list("-0123456789"))


class _Fault(Exception):
    """Reading cannot go on; `line` and `column` count from 1, 0 = the file or the line as a whole."""

    def __init__(self, line: int, message: str, column: int = 0) -> None:
        super().__init__(message)
        self.line, self.message, self.column = line, message, column


def read_source(file: Path) -> Source:
    """Read one file. What is wrong with it is in the findings; then the content is not to be used."""
    return _read(str(file), lambda: _content(file), is_json=file.suffix.lower() == ".json")


def read_json(content: bytes, name: str) -> Source:
    """The same for JSON that is no file; `name` stands for the file in findings."""
    return _read(name, lambda: content, is_json=True)


def _read(name: str, content: Callable[[], bytes], *, is_json: bool) -> Source:
    source = Source(name, {}, {}, [])
    try:
        node = _nodes(_text(content()), is_json)
        found = {} if node is None else _Values(source).read(node)
        if not isinstance(found, dict):
            raise _Fault(1, "a catalog file is an object with sections such as offerings, products and services")
        source.content.update(found)
    except _Fault as fault:
        source.findings.append(Finding(source.file, fault.line, "", fault.message, fault.column))
    return source


def _content(file: Path) -> bytes:
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise _Fault(0, f"is larger than {LARGEST_FILE // 1024 // 1024} MiB")
        return file.read_bytes()
    except OSError as error:
        raise _Fault(0, f"cannot be read: {error.strerror}") from None


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _Fault(content.count(b"\n", 0, error.start) + 1, "is not UTF-8 text") from None


def _nodes(text: str, is_json: bool) -> Node | None:
    """The text as nodes, None when nothing is in it."""
    try:
        return json_nodes(text) if is_json else yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise _fault_at(text, _index(text, error), _sentence(error)) from None
    except yaml.reader.ReaderError as error:
        raise _fault_at(text, error.position, f"is not YAML: {str(error).splitlines()[0]}") from None
    except json.JSONDecodeError as error:
        raise _fault_at(text, error.pos, f"is not JSON: {error.msg}") from None
    except RecursionError:
        raise _Fault(0, f"is nested deeper than {DEEPEST} levels") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # OverflowError: an escape beyond the last character
        raise _Fault(0, f"is not {'JSON' if is_json else 'YAML'}: {str(error).splitlines()[0]}") from None


def _index(text: str, error: yaml.MarkedYAMLError) -> int:
    """Where in the text it is broken. What is never closed is noticed at the end only: then where it begins."""
    marks = [mark.index for mark in (error.problem_mark, error.context_mark) if mark is not None]
    return next((index for index in marks if index < len(text.rstrip())), len(text))


def _fault_at(text: str, index: int, message: str) -> _Fault:
    """A fault at a character; blank lines at the end of a file are nobody's mistake."""
    before = text[: min(index, len(text.rstrip()))]
    return _Fault(before.count("\n") + 1, message, len(before) - before.rfind("\n"))


def _line(mark: yaml.Mark | None) -> int:
    return mark.line + 1 if mark is not None else 0


def _sentence(error: yaml.MarkedYAMLError) -> str:
    if error.problem == "but found another document":
        return "holds more than one document: make each a file, in one folder"
    return "is not YAML: " + ", ".join(part for part in (error.context, error.problem) if part)


class _Values:
    """Turns nodes into the values that JSON can carry, and keeps in the source where each of them stands."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = MOST_VALUES
        self._scalars = _Loader("")

    def read(self, node: Node) -> Any:
        return self._value(node, "", 0)

    def _value(self, node: Node, path: str, depth: int) -> Any:
        line = _line(node.start_mark)
        self._left -= 1
        if self._left < 0:
            raise _Fault(line, f"stands for more than {MOST_VALUES} values")
        if depth > DEEPEST:
            raise _Fault(line, f"is nested deeper than {DEEPEST} levels")
        if path:
            self._source.lines.setdefault(path, Origin(self._source.file, line))
        kind = node.tag.removeprefix(_TAG)
        match node:
            case MappingNode() if kind == "map":
                return self._mapping(node, path, depth)
            case SequenceNode() if kind == "seq":
                return [self._value(part, f"{path}[{number}]", depth + 1) for number, part in enumerate(node.value)]
            case ScalarNode() if kind in _SCALARS:
                return self._scalar(node, kind, path)
        self._fault(node, path, f"has the type {node.tag.replace(_TAG, '!!')}, which JSON cannot carry")
        return None

    def _mapping(self, node: MappingNode, path: str, depth: int) -> dict[str, Any]:
        """Keys are texts, as in JSON: the number 500 and the text "500" are one key (`domain.catalog.expression.table_key`)."""
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key, part in node.value:
            name = self._key(key, path)
            if name is None:
                continue
            below = f"{path}.{name}" if path else name
            if name in lines:
                self._fault(key, below, f"is written twice, here and on line {lines[name]}")
                continue
            lines[name] = _line(key.start_mark)
            self._source.lines[below] = Origin(self._source.file, lines[name])
            values[name] = self._value(part, below, depth + 1)
        return values

    def _key(self, node: Node, path: str) -> str | None:
        kind = node.tag.removeprefix(_TAG)
        if node.tag == f"{_TAG}merge":
            self._fault(node, path, "has a merge key (<<), which a catalog cannot: write the keys out")
        elif not isinstance(node, ScalarNode) or kind not in _SCALARS or kind == "null":
            self._fault(node, path, "has a key that is not text, number, true or false")
        else:
            value = self._scalar(node, kind, path)
            return None if value is None else table_key(value)
        return None

    def _scalar(self, node: ScalarNode, kind: str, path: str) -> Any:
        try:
            value = getattr(self._scalars, f"construct_yaml_{kind}")(node)
        except (ValueError, KeyError, IndexError, OverflowError):
            self._fault(node, path, f"is not what its type !!{kind} says" if len(node.value) < 1000 else "is too large a number")
            return None
        if problem := _not_carried(value):
            self._fault(node, path, problem)
            return None
        return value

    def _fault(self, node: Node, path: str, message: str) -> None:
        self._source.findings.append(Finding(self._source.file, _line(node.start_mark), path, message))


def _not_carried(value: Any) -> str | None:
    """Why JSON cannot carry this text or number from here to any reader; None when it can."""
    if isinstance(value, str):
        return "contains half a character (a lone surrogate)" if _HALF_A_CHARACTER.search(value) else None
    if isinstance(value, float):
        return None if math.isfinite(value) else "must be a finite number"
    if isinstance(value, int):
        return "must be within ±2^53, so that every JSON reader reads the same number" if abs(value) > LARGEST_WHOLE else None
    return None
