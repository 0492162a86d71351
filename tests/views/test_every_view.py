"""What must hold of every view, whatever it shows."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from adapters.event_log.codec import Codec
from adapters.event_log.port import Row
from domain.events import EVENTS
from domain.recorded import Recorded
from projections import VIEWS
from projections.view import Document, View
from tests.views.story import Story
from tests.wire.histories import amendments, changes, clearances, dead_letters, elsewhere, from_outside, operators, triple_play, troubles

HISTORIES = [triple_play, troubles, changes, operators, from_outside, clearances, dead_letters, elsewhere, amendments]
CODEC = Codec(EVENTS)


def stored(recorded: Recorded) -> Recorded:
    """The event as the log gives it back."""
    state = CODEC.encode(recorded.event, CODEC.encode_meta(recorded.meta))
    return CODEC.decode(Row(recorded.position, recorded.stream, recorded.version, CODEC.topic(recorded.event), state))


def as_json(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_rows_are_the_same_whether_folded_at_once_or_stored_between_any_two_events(view: View, history: Callable[[], Story]) -> None:
    story = history()
    rows: dict[str, Document] = {}
    for recorded in story.log:
        for key in view.keys(recorded) if isinstance(recorded.event, view.events) else ():
            document = view.evolve(rows.pop(key, None), stored(recorded), key)
            if document is not None:
                rows[key] = as_json(document)
    assert rows == as_json(story.rows(view))


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_documents_are_never_changed_in_place(view: View) -> None:
    rows: dict[str, Document] = {}
    for history in HISTORIES:
        rows.clear()
        for recorded in history().log:
            for key in view.keys(recorded) if isinstance(recorded.event, view.events) else ():
                document = rows.pop(key, None)
                kept = repr(document)
                changed = view.evolve(document, recorded, key)
                assert repr(document) == kept, f"{type(recorded.event).__name__} changed {key}"
                if changed is not None:
                    rows[key] = changed


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_columns_are_found_in_documents(view: View) -> None:
    """A column whose path no document has ever had is a slip of the pen."""
    documents: list[Document] = []
    for history in HISTORIES:
        rows: dict[str, Document] = {}
        for recorded in history().log:
            for key in view.keys(recorded) if isinstance(recorded.event, view.events) else ():
                made = view.evolve(rows.pop(key, None), recorded, key)
                if made is not None:
                    rows[key] = made
                    documents.append(made)
    for column in view.columns:
        assert any(found(document, column.path.split(".")) is not None for document in documents), column.name


def found(value: Any, path: list[str]) -> Any:
    """As columns are found: a list by its first element that has the rest of the path."""
    if isinstance(value, list):
        return next((each for each in (found(element, path) for element in value) if each is not None), None)
    if not path:
        return value
    return found(value.get(path[0]), path[1:]) if isinstance(value, dict) else None
