"""Where the documents of a resource come from: folded from its stream, from the rows of a view, or from the published catalog."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from adapters.read_models.port import Page
from api.http.in_memory import select
from api.http.query import Selection
from api.wiring import System
from domain.catalog import Catalog
from domain.recorded import Recorded
from projections.view import Document, View


class Found(NamedTuple):
    """A document and the version of its stream; 0 for documents that have none."""

    document: Document
    version: int = 0


class Source(Protocol):
    """Finds documents. Both calls block. `from_views`: one document comes from a view's rows too, so that a reader of its own write must wait."""

    @property
    def from_views(self) -> bool: ...

    def find(self, system: System, id: str) -> Found | None:
        """The document with this id."""
        ...

    def select(self, system: System, selection: Selection) -> Page:
        """The documents that match, one page of them. Raises FilterRefused."""
        ...


class Rows:
    """Documents that stand in the rows of a view and are no fold of one stream."""

    from_views = True

    def __init__(self, view: View) -> None:
        self.view = view

    def find(self, system: System, id: str) -> Found | None:
        """See Source."""
        document = system.read_models.load(self.view, [id]).get(id)
        return None if document is None else Found(document)

    def select(self, system: System, selection: Selection) -> Page:
        """See Source."""
        return system.read_models.select(self.view, selection.filters, selection.sort, selection.offset, selection.limit)


class Folded(Rows):
    """Documents that are each the fold of one stream: one is read from the log, so that it is always current; many are read from the rows."""

    from_views = False

    def __init__(self, view: View, *prefixes: str) -> None:
        super().__init__(view)
        self._beginnings = tuple(f"{prefix}-" for prefix in prefixes)

    def find(self, system: System, id: str) -> Found | None:
        """See Source."""
        return self.folded(self.history(system, id), id)

    def find_as_made(self, system: System, id: str) -> Found | None:
        """The document as the message that made it left it: what its sender is answered, however often it is sent."""
        history = self.history(system, id)
        return self.folded([each for each in history if each.meta.causation == history[0].meta.causation], id)

    def may_have(self, id: str) -> bool:
        """Whether a stream with this id could be one of these."""
        return id.startswith(self._beginnings)

    def history(self, system: System, id: str) -> list[Recorded]:
        """The events of the stream, in order."""
        if not self.may_have(id):
            return []
        return [system.codec.decode(row) for row in system.log.read([id])]

    def folded(self, history: Sequence[Recorded], id: str) -> Found | None:
        """The document that these events of one stream make."""
        document: Document | None = None
        for recorded in history:
            if isinstance(recorded.event, self.view.events):
                document = self.view.evolve(document, recorded, id)
        return None if document is None else Found(document, history[-1].version)


class Published:
    """Documents that the current catalog is shown as."""

    from_views = False

    def __init__(self, documents: Callable[[Catalog], Sequence[dict[str, Any]]]) -> None:
        self._documents = documents
        self._made: tuple[str, Sequence[dict[str, Any]]] = ("", ())

    def find(self, system: System, id: str) -> Found | None:
        """See Source."""
        return next((Found(document) for document in self._all(system) if document["id"] == id), None)

    def select(self, system: System, selection: Selection) -> Page:
        """See Source."""
        return select(self._all(system), selection)

    def _all(self, system: System) -> Sequence[dict[str, Any]]:
        """Made once a version: a published one never changes."""
        version = system.current_catalog()
        if version != self._made[0] and version in system.catalogs:
            self._made = (version, self._documents(system.catalogs[version]))
        return self._made[1]
