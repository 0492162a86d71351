"""What happens to a service order. Names and fields are storage format; `items` and `state` are the item and order states that change with the
event, so that readers need not know the rules behind them."""

from dataclasses import field
from datetime import datetime
from typing import Any

from domain.fallout import FalloutAssigned, FalloutNoted, FalloutRaised, FalloutRated, FalloutResolved
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
    """A step for a person of `group`, who fills in `form` until `due`; `owner` is the product order item that it is for. `undo`: the step is to take
    back what was done by hand; `decision` is 0 in events from before it was told."""

    task: str
    item: str
    key: str
    group: str
    form: tuple[str, ...]
    items: dict[str, str]
    state: str
    owner: str = ""
    due: datetime | None = None
    undo: bool = False
    decision: int = 0


@record
class ManualTaskOverdue:
    """Nobody of `group` has done it by `due`; it still waits for them."""

    task: str
    item: str
    key: str
    group: str
    due: datetime
    owner: str


@record
class TaskParked:
    """The step was due, and its target system is offline. Once that is back, `attempt` of `decision` is asked for."""

    task: str
    item: str
    target_system: str
    decision: int
    attempt: int
    undo: bool
    items: dict[str, str]
    state: str
    owner: str


@record
class ServiceOrderItemValuesSet:
    """An operator's override: what these values of `service` were (without those that it did not have), and what they are."""

    item: str
    service: str
    before: dict[str, Any]
    after: dict[str, Any]
    who: Who
    owner: str


@record
class TaskCompletedByHand:
    """A manual task done, or a running one that an operator completed. `undo`: what was done is that the task was taken back; `before`: where it was until
    then; `previous`: what its item had of the values."""

    task: str
    item: str
    values: dict[str, Any]
    who: Who
    undo: bool
    skipped: bool
    items: dict[str, str]
    state: str
    before: str = ""
    previous: dict[str, Any] = field(default_factory=dict)


@record
class ServiceOrderHoldChanged:
    """The items that an operator holds now, all of them."""

    held: tuple[str, ...]


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
class ServiceOrderAmended:
    """`services` are the items that are planned otherwise than before, `again` the tasks that have to be done once more, `removed` the items that are
    taken back: when they are, the order forgets them; `values` what each of the services has from now on: the ordered ones overlaid by what fulfilment
    assigned."""

    services: tuple[PlannedService, ...]
    gates: tuple[str, ...]
    again: tuple[str, ...]
    removed: tuple[str, ...]
    items: dict[str, str]
    state: str
    values: dict[str, dict[str, Any]] = field(default_factory=dict)


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
    | ManualTaskOverdue
    | TaskParked
    | ServiceOrderHoldChanged
    | ServiceOrderItemValuesSet
    | TaskCompletedByHand
    | TaskWithdrawn
    | UndoSpared
    | ServiceOrderAmended
    | ServiceOrderReleased
    | ServiceOrderItemsClosed
    | FalloutRaised
    | FalloutResolved
    | FalloutNoted
    | FalloutAssigned
    | FalloutRated
)
