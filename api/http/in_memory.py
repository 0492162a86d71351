"""Filter, sort and page over documents that are at hand (the published catalog): the same meaning as in the read-model store."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adapters.read_models.pattern import Pattern
from adapters.read_models.port import Filter, Page, Sort
from adapters.read_models.rows import as_number, as_text, as_time, path_of, value_as_time, values_at
from api.http.query import Selection

Key = tuple[int, Any]

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def select(documents: Sequence[dict[str, Any]], selection: Selection) -> Page:
    """One page of the documents that match."""
    conditions = [_condition(one) for one in selection.filters]
    found = [document for document in documents if all(holds(document) for holds in conditions)]
    found.sort(key=lambda document: str(document["id"]))
    for sort in reversed(selection.sort):
        found = _sorted(found, sort)
    return Page(len(found), found[selection.offset : selection.offset + selection.limit])


def _condition(one: Filter) -> Callable[[dict[str, Any]], bool]:
    path = path_of(one.path)
    if one.operator == "regex":
        patterns = [Pattern(value) for value in one.values]
        return lambda document: any(_found(pattern, value) for value in values_at(document, path) for pattern in patterns)
    compare, negated = _COMPARE[one.operator], one.operator == "ne"
    return lambda document: negated != any(_holds(compare, value, asked) for value in values_at(document, path) for asked in one.values)


def _found(pattern: Pattern, value: Any) -> bool:
    return not isinstance(value, dict | list) and pattern.finds(as_text(value))


def _holds(compare: Callable[[Any, Any], bool], value: Any, asked: str) -> bool:
    """Compare a value as what it is: number, time, or text."""
    if isinstance(value, dict | list):
        return False
    if isinstance(value, bool):
        return compare(as_text(value), asked)
    if isinstance(value, int | float):
        number = as_number(asked)
        return number is not None and compare(value, number)
    time, at = value_as_time(value), as_time(asked)
    return compare(time, at) if time is not None and at is not None else compare(as_text(value), asked)


def _sorted(documents: list[dict[str, Any]], sort: Sort) -> list[dict[str, Any]]:
    """Stable, documents without a value last in either direction."""
    path = path_of(sort.path)
    keyed = [(_key(values_at(document, path)), document) for document in documents]
    present = [(key, document) for key, document in keyed if key is not None]
    present.sort(key=lambda pair: pair[0], reverse=sort.descending)  # equal ones keep their order either way
    return [*(document for _, document in present), *(document for key, document in keyed if key is None)]


def _key(values: list[Any]) -> Key | None:
    if not values or isinstance(values[0], dict):
        return None
    first = values[0]
    return (0, float(first)) if isinstance(first, int | float) and not isinstance(first, bool) else (1, as_text(first))
