"""The read-model store's port: rows of views, with the log position up to which they are true."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from projections.view import Document, View

Operator = Literal["eq", "ne", "gt", "gte", "lt", "lte", "regex"]


class Filter(NamedTuple):
    """`path` (dotted, through lists too) compared with any of `values`, which are as the client wrote them; several filters must all hold.

    A value found in the document is compared as what it is: number, boolean, time or text. `ne` holds where `eq` does not, so also for rows without the
    path. `regex` searches (`^` and `$` anchor it).
    """

    path: str
    operator: Operator
    values: tuple[str, ...]


class Sort(NamedTuple):
    """A dotted path; rows without it come last."""

    path: str
    descending: bool


class Page(NamedTuple):
    """Some of the rows that match, and how many there are in all."""

    total: int
    documents: list[Document]


class Changes(NamedTuple):
    """What one page of the log does to one view: documents by row id, None where the row ends."""

    view: View
    expected: int
    position: int
    rows: Mapping[str, Document | None]


class PositionMoved(Exception):
    """Another process has written this view meanwhile: nothing was written; read the position and the rows again."""


class ReadModelsUnavailable(Exception):
    """The store cannot be reached, locked or written now."""


class FilterRefused(ValueError):
    """A filter or sort that cannot be evaluated; the sentence says why."""


class ReadModelStore(Protocol):
    """Rows of views. Calls block; each may be used from any thread, `write` from one thread at a time."""

    def prepare(self, views: Sequence[View], to_search: bool = True) -> None:
        """Create the tables and indexes of these views where they are missing; without those that only searching needs, when they are to be filled
        first (see `replace`). Safe from several processes at once."""
        ...

    def positions(self) -> dict[str, int]:
        """The position of every view by table name; 0 for a view that has read nothing."""
        ...

    def write(self, changes: Sequence[Changes]) -> None:
        """Rows and positions of all these views in one transaction. Raises PositionMoved when one's position is not `expected`."""
        ...

    def load(self, view: View, ids: Sequence[str]) -> dict[str, Document]:
        """The rows that exist among these ids."""
        ...

    def select(
        self,
        view: View,
        filters: Sequence[Filter] = (),
        sort: Sequence[Sort] = (),
        offset: int = 0,
        limit: int | None = None,
        count: bool = True,
    ) -> Page:
        """Rows that match, sorted (then by id, so that pages are stable). `total` is 0 when not counted. Raises FilterRefused."""
        ...

    def empty(self, view: View) -> None:
        """Delete every row and go back to position 0."""
        ...

    def replace(self, view: View, built: View) -> None:
        """Give `view` the rows and the position of `built`, in one transaction, and drop `built`."""
        ...

    def differing(self, view: View, built: View, position: int) -> list[str]:
        """The ids of the rows that are not the same in both. Raises PositionMoved when one of them is not at `position`."""
        ...

    def drop(self, view: View) -> None:
        """Remove the view's tables and its position, if there are any."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
