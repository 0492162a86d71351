"""Small values that every part of the domain shares: refusals, reasons and the characteristics of a configured thing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from domain.record import record

# A characteristic's value as JSON carries it: string, number, boolean, list or object.
Value = Any
Values = Mapping[str, Value]


@record
class Reason:
    """Why something was refused or went wrong. `path` names the attribute, as a JSON path into the order (`productOrderItem[2].product…`)."""

    code: str
    message: str
    path: str = ""


class Rejected(Exception):
    """A command was refused and nothing happened. `code` is stable for programs, the sentence is for people.

    Codes used at the edge: `invalid` (422), `unknown` (404), `conflict` (409).
    """

    def __init__(self, code: str, sentence: str, reasons: tuple[Reason, ...] = ()) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.reasons = reasons or (Reason(code, sentence),)


def moment_of(value: Value) -> datetime | None:
    """The moment that a text names (ISO 8601; a day begins at midnight, and what names no zone is UTC [choice]); None when it names none."""
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


@record
class Place:
    """Where something is delivered. `role` is `installation`, or `aEnd` and `zEnd` of a connection."""

    id: str
    role: str


@record
class Who:
    """Who acts, and why: operators' decisions are recorded with both."""

    name: str
    reason: str = ""
