"""Messages that could not be taken in: open ones, which somebody should look at, and those that were sent again or given up."""

from base64 import b64decode
from typing import Any

from domain.intake import DeadLetterDropped, DeadLettered, DeadLetterRedriven
from domain.recorded import Recorded
from projections.references import present
from projections.view import Column, Document, View

OPEN, REDRIVEN, DROPPED = "open", "redriven", "dropped"

SHOWN_CHARACTERS = 1000


def keys(recorded: Recorded) -> tuple[str, ...]:
    """A letter's id is the id of its event."""
    event = recorded.event
    return (recorded.id if isinstance(event, DeadLettered) else f"{recorded.stream}:{event.number}",)


def evolve(document: Document | None, recorded: Recorded, key: str) -> Document | None:
    event: Any = recorded.event
    if isinstance(event, DeadLettered):
        return _opened(key, event, recorded)
    if document is None or document["state"] != OPEN:
        return document
    state = REDRIVEN if isinstance(event, DeadLetterRedriven) else DROPPED
    resolution = present(who=event.who.name, reason=event.who.reason)
    return {**document, "state": state, "resolvedAt": recorded.meta.time, "resolution": resolution}


def _opened(key: str, letter: DeadLettered, recorded: Recorded) -> Document:
    value = b64decode(letter.value)
    return {
        "id": key,
        "@type": "DeadLetter",
        "state": OPEN,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "key": letter.key,
        "reason": letter.reason,
        "exception": letter.exception,
        "attempts": letter.attempts,
        "firstSeen": letter.first_seen,
        "position": recorded.position,
        "headers": list(letter.headers),
        "size": len(value),
        **present(value=_as_text(value)),
    }


def _as_text(value: bytes) -> str:
    """The beginning of the value for people; empty when it is no text."""
    try:
        return value.decode()[:SHOWN_CHARACTERS]
    except UnicodeDecodeError:
        return ""


DEAD_LETTERS = View(
    name="dead_letters",
    generation=1,
    events=(DeadLettered, DeadLetterRedriven, DeadLetterDropped),
    keys=keys,
    evolve=evolve,
    columns=(
        Column("state", "state"),
        Column("topic", "topic"),
        Column("partition", "partition", "number"),
        Column("position", "position", "number"),
        Column("key", "key"),
        Column("reason", "reason"),
        Column("first_seen", "firstSeen", "time"),
    ),
)
