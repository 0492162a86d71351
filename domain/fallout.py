"""Fallout: a step that stopped and waits for a person, and what an operator decided about it (domain-rules 3.7).

The events stand in the stream of the service order or work order whose task stopped.
"""

from datetime import datetime

from domain.record import record
from domain.values import Reason, Values, Who

RETRY, SKIP, COMPLETE, ABORT = "retry", "skip", "complete", "abort"
ANSWERED, WITHDRAWN = "answered", "withdrawn"
OPERATOR_ACTIONS = (RETRY, SKIP, COMPLETE, ABORT)


@record
class ResolveTask:
    """An operator's decision about a task: retry, skip, complete (with `values`), or abort (only the item goes on from there)."""

    stream: str
    task: str
    action: str
    values: Values
    who: Who
    at: datetime


@record
class FalloutRaised:
    """`number` counts the fallouts of the stream; `items` and `state` are the item and order states that follow; `owner` is the product order item
    that the task is for, empty for a visit that serves several."""

    task: str
    number: int
    reason: Reason
    item: str
    items: dict[str, str]
    state: str
    severity: str = "major"
    owner: str = ""


@record
class FalloutResolved:
    """`action` is what ended it: an operator's retry, skip, complete or abort, or `answered` by a late answer, or `withdrawn` with its order."""

    task: str
    number: int
    action: str
    who: Who
    item: str
    items: dict[str, str]
    state: str
