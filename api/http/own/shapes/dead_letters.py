"""Messages that could not be taken in, and what is decided about them."""

from typing import Any, Literal, Required

from pydantic import TypeAdapter, with_config
from typing_extensions import TypedDict

from api.http.shapes import own_shape
from schemas.reading import OPEN


@with_config(OPEN)
class DeadLetter(TypedDict, total=False):
    """A message that could not be taken in. `value` is its beginning where it is text, `size` its bytes, `headers` the names of its headers."""

    id: Required[str]
    state: Required[Literal["open", "redriven", "dropped"]]
    topic: Required[str]
    partition: Required[int]
    offset: Required[int]
    key: str
    reason: Required[str]
    exception: str
    attempts: int
    firstSeen: str
    position: int
    headers: list[str]
    size: int
    value: str
    resolvedAt: str
    resolution: dict[str, str]


@with_config(OPEN)
class DeadLetterAction(TypedDict, total=False):
    """Either `ids`, or a `filter` that compares attributes of open dead letters, by dotted path, with a value or several; `{}` means all. `dryRun` only
    says which are meant."""

    action: Required[Literal["redrive", "drop"]]
    ids: list[str]
    filter: dict[str, str | int | float | bool | list[str]]
    reason: str
    dryRun: bool


@with_config(OPEN)
class DecidedLetter(TypedDict, total=False):
    """`outcome` is accepted, refused (then `message` says why), or planned in a dry run."""

    id: Required[str]
    topic: Required[str]
    action: Required[Literal["redrive", "drop"]]
    outcome: Required[Literal["accepted", "refused", "planned"]]
    message: str


@with_config(OPEN)
class DeadLetterDecisions(TypedDict, total=False):
    dryRun: Required[bool]
    deadLetters: Required[list[DecidedLetter]]


READ_LETTER_ACTION: TypeAdapter[Any] = TypeAdapter(DeadLetterAction)
DEAD_LETTER = own_shape(DeadLetter)
LETTER_ACTION_BODY = own_shape(DeadLetterAction)
LETTER_DECISIONS = own_shape(DeadLetterDecisions)
