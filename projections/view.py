"""The shape of every view: a document per row that folds events, and the columns by which rows are found (domain stays the only writer of facts).

A view is declared, not programmed: which events it reads, which rows an event touches, how a row's document changes. How rows are stored is the
read-model store's business (adapters/read_models).
"""

from collections.abc import Callable
from typing import Any, Literal

from domain.record import record
from domain.recorded import Recorded

# A row as JSON: what HTTP answers, kept by the store as it is. Never changed in place; times in it are aware datetimes or RFC 3339 strings.
Document = dict[str, Any]


@record
class Column:
    """One indexed column, taken from the document by `path` (dotted; a list is searched for its first element that has the rest of the path)."""

    name: str
    path: str
    kind: Literal["text", "number", "time", "boolean"] = "text"


@record
class View:
    """One read model. `generation` is part of its table's name: raise it when `evolve` or the columns change, so that the new one is built beside.

    `keys` answers the ids of the rows that an event touches; `evolve(document, recorded, key)` the row's next document, None for no row (any more).
    """

    name: str
    generation: int
    events: tuple[type[Any], ...]
    keys: Callable[[Recorded], tuple[str, ...]]
    evolve: Callable[[Document | None, Recorded, str], Document | None]
    columns: tuple[Column, ...] = ()

    @property
    def table(self) -> str:
        """The table's name: name and generation."""
        return f"{self.name}_{self.generation}"
