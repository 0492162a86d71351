"""What happens to a work order. Names and fields are storage format; `state` is the state that follows, empty when it does not change."""

from datetime import datetime
from typing import Any

from domain.fallout import FalloutAssigned, FalloutNoted, FalloutRaised, FalloutRated, FalloutResolved
from domain.plan import PlannedVisit
from domain.record import record
from domain.values import Reason, Who


@record
class WorkOrderAcknowledged:
    product_order: str
    customer: str
    visit: PlannedVisit
    requested_start: datetime | None


@record
class WorkOrderRequested:
    """`request` is the message as sent (contract, "Field service"), its `action` create or cancel."""

    key: str
    attempt: int
    decision: int
    due: datetime
    request: dict[str, Any]
    state: str


@record
class WorkOrderParked:
    """The visit was due, and field service is offline. Once that is back, `attempt` of `decision` is asked for: `action` is create or cancel."""

    target_system: str
    decision: int
    attempt: int
    action: str
    state: str


@record
class WorkOrderHoldChanged:
    held: bool


@record
class WorkOrderAnswered:
    """`outcome`: scheduled, inProgress, completed, cancelled or failed. `due` is the new deadline after an appointment was made."""

    key: str
    outcome: str
    appointment: tuple[datetime, datetime] | None
    due: datetime | None
    reason: Reason
    at: datetime
    state: str


@record
class WorkOrderAnswerRecorded:
    """An answer that changes nothing, because the key has its final answer or is not the present one."""

    key: str
    outcome: str
    at: datetime


@record
class WorkOrderTimedOut:
    key: str
    attempt: int


@record
class WorkOrderClosed:
    """Ended without an answer of field service: completed or skipped by an operator, cancelled before it was requested."""

    who: Who
    action: str
    state: str


Event = (
    WorkOrderAcknowledged
    | WorkOrderRequested
    | WorkOrderParked
    | WorkOrderHoldChanged
    | WorkOrderAnswered
    | WorkOrderAnswerRecorded
    | WorkOrderTimedOut
    | WorkOrderClosed
    | FalloutRaised
    | FalloutResolved
    | FalloutNoted
    | FalloutAssigned
    | FalloutRated
)
