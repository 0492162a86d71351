"""How a view's document becomes a row: its JSON, its columns, and what else stands at a column's path."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

import msgspec

from adapters.read_models.port import FilterRefused, ReadModelsUnavailable
from projections.view import Column, Document, View

Path = tuple[str, ...]
Cell = str | float | None

# PostgreSQL indexes at most 2,704 bytes, and a character has up to four.
LONGEST_TEXT = 600
A_TIME = re.compile(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d.*)?", re.ASCII)
A_NUMBER = re.compile(r"[+-]?\d{1,300}(\.\d{0,300})?([eE][+-]?\d{1,3})?", re.ASCII)
A_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}", re.ASCII)
RESERVED = frozenset({"row_id", "document"})

encode = msgspec.json.Encoder().encode


class Extra(NamedTuple):
    """A further value at a column's path, where lists hold several: the column itself has the first."""

    row_id: str
    name: str
    value: Cell


class Rows(NamedTuple):
    """What one page of the log does to one view's tables: cells are row id, JSON and columns in declared order."""

    cells: list[tuple[Cell, ...]]
    extras: list[Extra]
    ended: list[str]

    @property
    def touched(self) -> list[str]:
        """Every row that gets new content or none."""
        return [*(str(cells[0]) for cells in self.cells), *self.ended]


def rows_of(view: View, documents: Mapping[str, Document | None]) -> Rows:
    """The rows as they are stored."""
    columns = [(column, path_of(column.path), column.kind == "text") for column in view.columns]
    rows = Rows([], [], [])
    for row_id, document in documents.items():
        if document is None:
            rows.ended.append(row_id)
            continue
        cells: list[Cell] = [row_id, encode(document).decode()]
        for column, path, is_text in columns:
            value = _only_value(document, path)
            if is_text and type(value) is str:
                cells.append(as_text(value))
            elif value is not SEVERAL:
                cells.append(None if value is None else cell_of(value, column))
            else:
                first, *more = _cells(document, path, column) or (None,)
                cells.append(first)
                rows.extras.extend(Extra(row_id, column.name, value) for value in more)
        rows.cells.append(tuple(cells))
    return rows


SEVERAL = object()


def _only_value(document: Any, path: Path) -> Any:
    """What `values_at` finds when it is one value or none, which it nearly always is; else SEVERAL."""
    value = document
    for name in path:
        if type(value) is list and len(value) == 1:
            value = value[0]
        if type(value) is not dict:
            return None if value is None else SEVERAL
        value = value.get(name)
    return SEVERAL if type(value) is list or type(value) is tuple else value


def _cells(document: Document, path: Path, column: Column) -> list[Cell]:
    found = (cell_of(value, column) for value in values_at(document, path))
    return list(dict.fromkeys(cell for cell in found if cell is not None))


@cache
def path_of(dotted: str) -> Path:
    """The names in a dotted path."""
    names = tuple(dotted.split("."))
    if not all(names) or "\0" in dotted or len(dotted) > 200:
        raise FilterRefused(f"{dotted[:60]!r} is not a path to an attribute.")
    return names


def values_at(document: Any, path: Path) -> list[Any]:
    """Every value at the path, through lists; null is no value."""
    value = document
    for index, name in enumerate(path):
        if isinstance(value, list | tuple):
            return [found for element in value for found in values_at(element, path[index:])]
        if not isinstance(value, dict):
            return []
        value = value.get(name)
    if isinstance(value, list | tuple):
        return [element for element in value if element is not None]
    return [] if value is None else [value]


def cell_of(value: Any, column: Column) -> Cell:
    """A value as its column holds it: numbers as such, all else as text that sorts as it should; None when it is of another kind."""
    kind = column.kind
    if kind == "text":
        return None if isinstance(value, dict | list | tuple) else as_text(value)
    if kind == "time":
        return value_as_time(value)
    if kind == "number":
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    return as_text(value) if isinstance(value, bool) else None


def value_as_time(value: Any) -> str | None:
    """A document's time as sortable text."""
    return sortable(value) if isinstance(value, datetime) else as_time(value) if isinstance(value, str) else None


def as_text(value: Any) -> str:
    """A value as the text that it is found by."""
    if type(value) is str and len(value) <= LONGEST_TEXT and "\0" not in value:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return encode(value).decode().strip('"')
    return str(value).replace("\0", "\ufffd")[:LONGEST_TEXT]


def as_number(text: str) -> float | None:
    """The number that a client wrote, None when it is none."""
    return float(text) if A_NUMBER.fullmatch(text) else None


def as_time(text: str) -> str | None:
    """The time (or the day's beginning) that a text names, in UTC where it says no zone; None when it is none."""
    if not A_TIME.fullmatch(text):
        return None
    try:
        return sortable(datetime.fromisoformat(text.upper()))
    except ValueError:
        return None


def sortable(time: datetime) -> str:
    """A time as text of one length, so that it sorts."""
    if time.tzinfo is UTC:
        return time.isoformat(timespec="microseconds")[:26] + "Z"
    aware = time if time.tzinfo is not None else time.replace(tzinfo=UTC)
    with suppress(OverflowError):  # on the first and last day of the calendar, the zone is left as it is
        aware = aware.astimezone(UTC)
    return aware.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def check_declaration(view: View) -> None:
    """Names go into SQL text, so they are plain ones."""
    names = [view.table, *(column.name for column in view.columns)]
    for name in names:
        if not A_NAME.fullmatch(name) or name in RESERVED:
            raise ValueError(f"{name!r} cannot be the name of a view or a column.")
    if len(set(names)) < len(names):
        raise ValueError(f"View {view.name} has two columns of one name.")


def check_shape(view: View, present: Sequence[str]) -> None:
    """A table made from an older declaration is found before it is written."""
    wanted = ["row_id", "document", *(column.name for column in view.columns)]
    if list(present) != wanted:
        raise ReadModelsUnavailable(
            f"The table of view {view.name} has the columns {', '.join(present)}, not {', '.join(wanted)}: raise its generation."
        )
