"""What a list request asks for (TMF630, part 1, 4.1-4.7): attributes, filters, sort and page, read from the query string as it was sent.

The raw string is read, not a decoded one, because an encoded comma, semicolon or operator is data, and a plain one is grammar.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote_plus

from adapters.read_models.port import Filter, Operator, Sort
from api.http.errors import HttpError

DEFAULT_LIMIT = 1000
LARGEST_LIMIT = 5000
NONE = "none"

# Query parameters with a meaning of their own; TMF630 makes the second group optional.
RESERVED = frozenset({"fields", "offset", "limit", "sort"})
NOT_BUILT = frozenset({"filter", "depth", "expand"})

_SUFFIXES: dict[str, Operator] = {
    "eq": "eq",
    "ne": "ne",
    "gt": "gt",
    "gte": "gte",
    "lt": "lt",
    "lte": "lte",
    "regex": "regex",
}
_SIGNS: dict[str, Operator] = {">=": "gte", "<=": "lte", "==": "eq", "*=": "regex", "=~": "regex", ">": "gt", "<": "lt", "=": "eq"}
_SIGN = re.compile(r"[=<>*]|%3[CDE]|%2A", re.IGNORECASE)
_ONE = r"(?:[=<>*~]|%3[CDE]|%2A|%7E)"
_OPERATOR = re.compile(_ONE + _ONE + "?", re.IGNORECASE)
_NAME = re.compile(r"@?[A-Za-z_][A-Za-z0-9_@-]*(\.@?[A-Za-z0-9_][A-Za-z0-9_@-]*)*")
_QUOTE = re.compile(r'"|%22')
_SPACED_OFFSET = re.compile(r"(T[\d:.]+) (\d\d:\d\d)$")


class Selection(NamedTuple):
    """`fields` is None for whole documents, empty for `fields=none`."""

    fields: frozenset[str] | None = None
    filters: tuple[Filter, ...] = ()
    sort: tuple[Sort, ...] = ()
    offset: int = 0
    limit: int = DEFAULT_LIMIT


class Term(NamedTuple):
    """One parameter of the query string: name decoded, operator as sent, value still encoded."""

    name: str
    operator: Operator
    raw: str


def read_query(raw: str) -> Selection:
    """The selection of a list request. Raises HttpError (400, and 501 for what is not built)."""
    terms = list(_terms(raw))
    return Selection(
        _fields(terms),
        _filters(term for term in terms if term.name not in RESERVED),
        _sorts(_value_of(terms, "sort")),
        _number(terms, "offset", 0, None),
        _number(terms, "limit", DEFAULT_LIMIT, LARGEST_LIMIT),
    )


def read_fields(raw: str) -> frozenset[str] | None:
    """The attributes that a request for one resource asks for; other parameters are refused."""
    terms = list(_terms(raw))
    for term in terms:
        if term.name != "fields":
            raise HttpError(400, f"Query parameter {term.name} is not known here: only fields is.", "invalidQuery")
    return _fields(terms)


def paths_of(selection: Selection) -> Iterator[str]:
    """Every attribute that is compared or sorted by."""
    yield from (each.path for each in selection.filters)
    yield from (each.path for each in selection.sort)


# Parameters ---------------------------------------------------------------------------------------------------------------------------
def _terms(raw: str) -> Iterator[Term]:
    for part in raw.split("&"):
        if part:
            term = _term(part)
            if term.name in NOT_BUILT:
                raise HttpError(501, f"Query parameter {term.name} is not supported; filter by attribute instead.", "notImplemented")
            yield term


def _term(part: str) -> Term:
    found = _SIGN.search(part)
    name = unquote_plus(part[: found.start()] if found else part)
    if not _NAME.fullmatch(name):
        raise HttpError(400, "A query parameter must begin with an attribute's name, such as state or productOffering.id.", "invalidQuery")
    if found is None:
        raise HttpError(400, f"Query parameter {name} has no value.", "invalidQuery")
    operator, raw = _operator(part[found.start() :], name)
    stem, _, suffix = name.rpartition(".")
    if operator == "eq" and stem and suffix in _SUFFIXES:
        return Term(stem, _SUFFIXES[suffix], raw)
    return Term(name, operator, raw)


def _operator(rest: str, name: str) -> tuple[Operator, str]:
    """The longest operator that `rest` begins with, and what comes after it."""
    found = _OPERATOR.match(rest)
    assert found is not None, "the caller found its first sign"
    signs = unquote_plus(found.group())
    if signs in _SIGNS:
        return _SIGNS[signs], rest[found.end() :]
    if signs[0] in _SIGNS:
        return _SIGNS[signs[0]], rest[len(_SIGN.match(rest).group()) :]  # type: ignore[union-attr]  # the operator began with this sign
    raise HttpError(400, f"Query parameter {name} has an operator that is not known: {signs}.", "invalidQuery")


def _value_of(terms: Iterable[Term], name: str) -> str:
    return ",".join(unquote_plus(term.raw) for term in terms if term.name == name)


def _fields(terms: list[Term]) -> frozenset[str] | None:
    if not any(term.name == "fields" for term in terms):
        return None
    names = {name.strip() for name in _value_of(terms, "fields").split(",")} - {""}
    return frozenset(names - {NONE}) if names else None


def _number(terms: list[Term], name: str, otherwise: int, most: int | None) -> int:
    text = _value_of(terms, name)
    if not text:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise HttpError(400, f"Query parameter {name} must be a whole number from 0.", "invalidQuery")
    return min(int(text), most) if most is not None else int(text)


def _sorts(text: str) -> tuple[Sort, ...]:
    return tuple(_sort(part) for part in text.split(",") if part.strip())


def _sort(part: str) -> Sort:
    path = part.strip().removeprefix("+")  # a plus sign that was not encoded has become a space
    descending = path.startswith("-")
    path = path.removeprefix("-")
    if not _NAME.fullmatch(path):
        raise HttpError(400, "sort must list attributes, such as -orderDate,state.", "invalidQuery")
    return Sort(path, descending)


# Filters ------------------------------------------------------------------------------------------------------------------------------
def _filters(terms: Iterable[Term]) -> tuple[Filter, ...]:
    """One filter an attribute and operator: further values are alternatives (`state=a,b`, `state=a;state=b`, `state=a&state=b`)."""
    values: dict[tuple[str, Operator], list[str]] = {}
    for term in terms:
        values.setdefault((term.name, term.operator), []).extend(_values(term))
    return tuple(Filter(path, operator, tuple(found)) for (path, operator), found in values.items())


def _values(term: Term) -> Iterator[str]:
    if term.operator == "regex":
        yield _plain(term.raw)  # commas and semicolons are part of the pattern
        return
    for number, alternative in enumerate(_split(term.raw, ";")):
        raw = alternative if number == 0 else _same_attribute(term, alternative)
        yield from (_plain(value) for value in _split(raw, ","))


def _same_attribute(term: Term, alternative: str) -> str:
    """What follows a semicolon: a further value, alone or with its attribute once more."""
    if not _SIGN.search(alternative):
        return alternative
    other = _term(alternative)
    if (other.name, other.operator) != (term.name, term.operator):
        raise HttpError(400, f"Only values of one attribute can be alternatives, not {term.name} and {other.name}.", "invalidQuery")
    return other.raw


def _split(raw: str, separator: str) -> list[str]:
    """Split where the separator stands outside double quotes."""
    parts, quoted = [""], False
    for piece in re.split(rf'("|%22|{separator})', raw):
        if piece == separator and not quoted:
            parts.append("")
            continue
        quoted ^= bool(_QUOTE.fullmatch(piece))
        parts[-1] += piece
    return parts


def _plain(raw: str) -> str:
    value = unquote_plus(raw)
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1]
    return _SPACED_OFFSET.sub(r"\1+\2", value)  # a plus sign that was not encoded has become a space
