"""Filters and sorts as SQL: names come from declarations, everything a client wrote is a parameter."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from adapters.read_models.port import Filter, FilterRefused, Sort
from adapters.read_models.rows import Path, as_number, as_text, as_time, path_of
from projections.view import Column, View

COMPARISONS = {"eq": "=", "ne": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
MOST_FILTERS = 20
MOST_VALUES = 200

# Answers the ids of the rows that a filter finds by looking at every one.
Search = Callable[[Filter], list[str]]


class Sql(NamedTuple):
    """A piece of SQL and its parameters."""

    text: str
    parameters: tuple[Any, ...] = ()


class Leaves(NamedTuple):
    """The values at a path of a document, as a FROM clause; and each value as number, time, text or boolean (as text), NULL where it is not one."""

    source: Sql
    number: str
    time: str
    text: str
    boolean: str


class Dialect(Protocol):
    """What SQLite and PostgreSQL do not have in common."""

    mark: str

    def leaves(self, path: Path) -> Leaves:
        """The values at a path of `document`."""
        ...

    def among(self, ids: Sequence[str]) -> Sql:
        """A condition that `row_id` is one of these, however many."""
        ...


class Query:
    """The conditions and the order of one `select`."""

    def __init__(self, dialect: Dialect, view: View, filters: Sequence[Filter], sort: Sequence[Sort], search: Search) -> None:
        if len(filters) > MOST_FILTERS or len(sort) > MOST_FILTERS:
            raise FilterRefused(f"More than {MOST_FILTERS} filters or sorts.")
        self._dialect = dialect
        self._table = view.table
        self._columns = {column.path: column for column in view.columns}
        # Conditions that an index may answer come first, so that the others look at fewer rows.
        conditions = [self._condition(one, search) for one in sorted(filters, key=lambda one: one.path not in self._columns)]
        self.where = _joined(conditions, " AND ") if conditions else Sql("true")
        self.order = _joined([*(term for one in sort for term in self._terms(one)), Sql("row_id")], ", ")

    def _condition(self, one: Filter, search: Search) -> Sql:
        if not one.values or len(one.values) > MOST_VALUES:
            raise FilterRefused(f"The filter on {one.path[:60]!r} has {len(one.values)} values.")
        if any("\0" in value for value in one.values):
            raise FilterRefused(f"The filter on {one.path[:60]!r} has a value that is no text.")
        if one.operator == "regex":
            return self._dialect.among(search(one))
        column = self._columns.get(one.path)
        found = self._in_column(column, one) if column is not None else self._in_document(one)
        return Sql(f"NOT coalesce({found.text}, false)", found.parameters) if one.operator == "ne" else found

    def _in_column(self, column: Column, one: Filter) -> Sql:
        comparison, cells = COMPARISONS[one.operator], [_cell(column, value) for value in one.values]
        mark = self._dialect.mark
        here = " OR ".join(f'"{column.name}" {comparison} {mark}' for _ in cells)
        kind = "number" if column.kind == "number" else "text"
        there = " OR ".join(f"{kind} {comparison} {mark}" for _ in cells)
        more = f"row_id IN (SELECT row_id FROM {self._table}_more WHERE name = {mark} AND ({there}))"
        return Sql(f"({here} OR {more})", (*cells, column.name, *cells))

    def _in_document(self, one: Filter) -> Sql:
        leaves = self._dialect.leaves(path_of(one.path))
        compared = _joined([term for value in one.values for term in self._compared(leaves, COMPARISONS[one.operator], value)], " OR ")
        return Sql(f"EXISTS (SELECT 1 FROM {leaves.source.text} AND ({compared.text}))", (*leaves.source.parameters, *compared.parameters))

    def _compared(self, leaves: Leaves, comparison: str, value: str) -> Iterator[Sql]:
        mark, time = self._dialect.mark, as_time(value)
        yield Sql(f"{leaves.text} {comparison} {mark}", (value,)) if time is None else Sql(f"{leaves.time} {comparison} {mark}", (time,))
        if (number := as_number(value)) is not None:
            yield Sql(f"{leaves.number} {comparison} {mark}", (number,))
        if value in ("true", "false"):
            yield Sql(f"{leaves.boolean} {comparison} {mark}", (value,))

    def _terms(self, one: Sort) -> Iterator[Sql]:
        direction = "DESC NULLS LAST" if one.descending else "ASC NULLS LAST"
        column = self._columns.get(one.path)
        if column is not None:
            yield Sql(f'"{column.name}" {direction}')
            return
        leaves = self._dialect.leaves(path_of(one.path))
        for value in (leaves.number, f"coalesce({leaves.time}, {leaves.text}, {leaves.boolean})"):
            yield Sql(f"(SELECT {value} FROM {leaves.source.text} LIMIT 1) {direction}", leaves.source.parameters)


def _cell(column: Column, value: str) -> str | float:
    match column.kind:
        case "number":
            cell: str | float | None = as_number(value)
        case "time":
            cell = as_time(value)
        case "boolean":
            cell = value if value in ("true", "false") else None
        case "text":
            cell = as_text(value)
    if cell is None:
        raise FilterRefused(f"{column.path} is a {column.kind}, and {value[:60]!r} is none.")
    return cell


def _joined(pieces: Sequence[Sql], between: str) -> Sql:
    return Sql(between.join(piece.text for piece in pieces), tuple(parameter for piece in pieces for parameter in piece.parameters))
