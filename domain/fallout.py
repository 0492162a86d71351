"""Fallout: a step that stopped and waits for a person, what operators know about it and what they decided (domain-rules 3.7).

The events stand in the stream of the service order or work order whose task stopped. A task is in one fallout at a time; an item has as many as it has
tasks that stopped.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, assert_never

from domain.record import record
from domain.values import Reason, Rejected, Values, Who

RETRY, SKIP, COMPLETE, ABORT = "retry", "skip", "complete", "abort"
ANSWERED, WITHDRAWN, AMENDED = "answered", "withdrawn", "amended"
OPERATOR_ACTIONS = (RETRY, SKIP, COMPLETE, ABORT)
SEVERITIES: Final = ("critical", "major", "minor", "warning")
# What kinds of fallout the rules raise; an operator may name others.
REFUSED, NO_ANSWER, FAILED, BY_HAND = "refused", "noAnswer", "failed", "byHand"


# Commands -------------------------------------------------------------------------------------------------------------------------
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
class RaiseFallout:
    """A person has seen that a step that is out will come to nothing: it stops and waits, like one that the rules stopped."""

    stream: str
    task: str
    type: str
    reason: Reason
    severity: str
    group: str
    who: Who


@record
class NoteFallout:
    """Something to know about the open fallout of a task."""

    stream: str
    task: str
    note: str
    who: Who


@record
class AssignFallout:
    """Who takes care of the open fallout of a task: a person, a group, both, or nobody any more."""

    stream: str
    task: str
    assignee: str
    group: str
    who: Who


@record
class RateFallout:
    """How bad the open fallout of a task is."""

    stream: str
    task: str
    severity: str
    who: Who


Documenting = NoteFallout | AssignFallout | RateFallout


# Events ---------------------------------------------------------------------------------------------------------------------------
@record
class FalloutRaised:
    """`number` counts the fallouts of the stream; `items` and `state` are the item and order states that follow; `owner` is the product order item
    that the task is for, empty for a visit that serves several. `who` raised it by hand, None when a rule did."""

    task: str
    number: int
    reason: Reason
    item: str
    items: dict[str, str]
    state: str
    severity: str = "major"
    owner: str = ""
    type: str = ""
    group: str = ""
    target_system: str = ""
    specification: str = ""
    who: Who | None = None


@record
class FalloutResolved:
    """`action` is what ended it: an operator's retry, skip, complete or abort, or `answered` by a late answer, or `withdrawn` with its order, or
    `amended` because what the order says now is asked for instead."""

    task: str
    number: int
    action: str
    who: Who
    item: str
    items: dict[str, str]
    state: str


@record
class FalloutNoted:
    task: str
    number: int
    note: str
    who: Who


@record
class FalloutAssigned:
    """`previous_assignee` and `previous_group` took care of it until now."""

    task: str
    number: int
    assignee: str
    group: str
    previous_assignee: str
    previous_group: str
    who: Who


@record
class FalloutRated:
    """`previous` is the severity that it had until now."""

    task: str
    number: int
    severity: str
    previous: str
    who: Who


Documented = FalloutNoted | FalloutAssigned | FalloutRated


# What is known of a fallout that is open --------------------------------------------------------------------------------------------
@record
class Fallout:
    """An open fallout, as far as decisions about it need it."""

    number: int
    severity: str
    assignee: str = ""
    group: str = ""


Open = Mapping[str, Fallout]


def document(command: Documenting, open: Open) -> tuple[Documented, ...]:
    """What becomes known of an open fallout. Raises Rejected when the task is in none."""
    found = open.get(command.task)
    if found is None:
        raise Rejected("conflict", f"Task {command.task} is in no fallout now.")
    match command:
        case NoteFallout():
            return (FalloutNoted(command.task, found.number, command.note, command.who),)
        case AssignFallout():
            before = found.assignee, found.group
            changed = before != (command.assignee, command.group)
            assigned = FalloutAssigned(command.task, found.number, command.assignee, command.group, *before, command.who)
            return (assigned,) if changed else ()
        case RateFallout():
            check_severity(command.severity)
            rated = FalloutRated(command.task, found.number, command.severity, found.severity, command.who)
            return (rated,) if command.severity != found.severity else ()
        case _:
            assert_never(command)


def check_severity(severity: str) -> None:
    """Raises Rejected for one that nobody can rank."""
    if severity not in SEVERITIES:
        raise Rejected("invalid", f"{severity!r} is not one of {', '.join(SEVERITIES)}.")


def open_after(open: Open, event: Any) -> Open:
    """The open fallouts of a stream, by task, after one more event."""
    match event:
        case FalloutRaised():
            return {**open, event.task: Fallout(event.number, event.severity, "", event.group)}
        case FalloutResolved():
            return {task: found for task, found in open.items() if task != event.task}
        case FalloutAssigned():
            return {**open, event.task: Fallout(event.number, open[event.task].severity, event.assignee, event.group)}
        case FalloutRated():
            found = open[event.task]
            return {**open, event.task: Fallout(event.number, event.severity, found.assignee, found.group)}
        case _:
            return open
