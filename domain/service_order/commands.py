"""What can be asked of a service order."""

from datetime import datetime

from domain.fallout import AssignFallout, NoteFallout, RaiseFallout, RateFallout, ResolveTask
from domain.plan import PlannedService
from domain.record import record
from domain.values import Reason, Values, Who


@record
class AcknowledgeServiceOrder:
    """Take on a service order of a product order. `gates` are the work orders it waits for."""

    stream: str
    product_order: str
    customer: str
    services: tuple[PlannedService, ...]
    gates: tuple[str, ...]
    requested_start: datetime | None
    requested_completion: datetime | None


@record
class DispatchTask:
    """Send a task to its target system, or to the group that does it by hand. `undo` takes back what it did."""

    stream: str
    task: str
    undo: bool = False


@record
class AnswerActivation:
    """What a target system answered. `attempt` is 0 when the answer does not echo it."""

    stream: str
    task: str
    key: str
    outcome: str
    values: Values
    reason: Reason
    attempt: int
    at: datetime


@record
class PassDeadline:
    """The moment `due` of a task's obligation has passed."""

    stream: str
    task: str
    key: str
    attempt: int


@record
class ReleaseTask:
    """The target system that a parked task or visit waits for is back."""

    stream: str
    task: str


@record
class HoldServiceOrderItems:
    """From now on an operator holds exactly these items: what of them is parked stays so."""

    stream: str
    items: tuple[str, ...]


@record
class SetValues:
    """An operator overrides what is asked for of one service order item."""

    stream: str
    item: str
    values: Values
    who: Who


@record
class AmendServiceOrder:
    """The product order says something else: `services` are the items that stay, as they are planned now, `gates` the work orders that are still to be
    waited for, `again` the tasks that have to be done once more (those that are out, once they have been answered)."""

    stream: str
    services: tuple[PlannedService, ...]
    gates: tuple[str, ...]
    again: tuple[str, ...]


@record
class ReleaseServiceOrder:
    """A work order that gated this service order is over."""

    stream: str
    work_order: str


@record
class WithdrawTask:
    """A task that has not been answered, or never started, is no longer wanted."""

    stream: str
    task: str


@record
class CloseServiceOrderItems:
    """These items end otherwise than by their tasks: `outcome` is cancelled, failed, or completed where there was nothing to do."""

    stream: str
    items: tuple[str, ...]
    outcome: str


Command = (
    AcknowledgeServiceOrder
    | DispatchTask
    | AnswerActivation
    | PassDeadline
    | AmendServiceOrder
    | ReleaseServiceOrder
    | WithdrawTask
    | CloseServiceOrderItems
    | ReleaseTask
    | HoldServiceOrderItems
    | SetValues
    | ResolveTask
    | RaiseFallout
    | NoteFallout
    | AssignFallout
    | RateFallout
)
