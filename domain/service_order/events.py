"""What happens to a service order. Names and fields are storage format; `items` and `state` are the item and order states that change with the
event, so that readers need not know the rules behind them."""

from datetime import datetime
from typing import Any

from domain.fallout import FalloutRaised, FalloutResolved
from domain.plan import PlannedService
from domain.record import record
from domain.values import Reason, Who


@record
class ServiceOrderAcknowledged:
    product_order: str
    customer: str
    services: tuple[PlannedService, ...]
    gates: tuple[str, ...]
    requested_start: datetime | None
    requested_completion: datetime | None


@record
class ActivationRequested:
    """`request` is the message as sent (contract, "Downstream: activation"); `due` is its `answerBy`."""

    task: str
    item: str
    key: str
    attempt: int
    decision: int
    undo: bool
    due: datetime
    request: dict[str, Any]
    items: dict[str, str]
    state: str


@record
class ActivationAnswered:
    """The answer that counts: `outcome` is completed, rejected or failed."""

    task: str
    item: str
    key: str
    attempt: int
    undo: bool
    outcome: str
    values: dict[str, Any]
    reason: Reason
    at: datetime
    items: dict[str, str]
    state: str


@record
class ActivationTimedOut:
    """Nobody answered in time: the outcome is unknown."""

    task: str
    item: str
    key: str
    attempt: int


@record
class RetryScheduled:
    """The next attempt starts at `due`."""

    task: str
    item: str
    key: str
    attempt: int
    due: datetime


@record
class AnswerRecorded:
    """An answer that changes nothing: progress, a repeat, or one that came after the key's final answer."""

    task: str
    key: str
    outcome: str
    reason: Reason
    at: datetime


@record
class ManualTaskRequested:
    """A step for a person of `group`, who fills in `form`; `owner` is the product order item that it is for."""

    task: str
    item: str
    key: str
    group: str
    form: tuple[str, ...]
    items: dict[str, str]
    state: str
    owner: str = ""


@record
class TaskCompletedByHand:
    """A manual task done, or a running one that an operator completed. `undo`: what was done is that the task was taken back."""

    task: str
    item: str
    values: dict[str, Any]
    who: Who
    undo: bool
    skipped: bool
    items: dict[str, str]
    state: str


@record
class TaskWithdrawn:
    task: str
    item: str
    items: dict[str, str]
    state: str


@record
class UndoSpared:
    """A task that is not taken back, because products of other orders use what it built."""

    task: str
    item: str


@record
class ServiceOrderReleased:
    work_order: str
    items: dict[str, str]
    state: str


@record
class ServiceOrderItemsClosed:
    items: dict[str, str]
    state: str


Event = (
    ServiceOrderAcknowledged
    | ActivationRequested
    | ActivationAnswered
    | ActivationTimedOut
    | RetryScheduled
    | AnswerRecorded
    | ManualTaskRequested
    | TaskCompletedByHand
    | TaskWithdrawn
    | UndoSpared
    | ServiceOrderReleased
    | ServiceOrderItemsClosed
    | FalloutRaised
    | FalloutResolved
)
