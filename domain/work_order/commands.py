"""What can be asked of a work order."""

from datetime import datetime

from domain.fallout import AssignFallout, NoteFallout, RaiseFallout, RateFallout, ResolveTask
from domain.plan import PlannedVisit
from domain.record import record
from domain.service_order import PassDeadline, ReleaseTask
from domain.values import Reason


@record
class AcknowledgeWorkOrder:
    """Take on a visit; it is requested from field service when its turn comes."""

    stream: str
    product_order: str
    customer: str
    visit: PlannedVisit
    requested_start: datetime | None


@record
class RequestWorkOrder:
    """Ask field service for the visit."""

    stream: str


@record
class AnswerWorkOrder:
    """What field service answered. `appointment` is the agreed period (start, end) or None."""

    stream: str
    key: str
    outcome: str
    appointment: tuple[datetime, datetime] | None
    reason: Reason
    at: datetime


@record
class CancelWorkOrder:
    """The visit is no longer needed."""

    stream: str


@record
class HoldWorkOrder:
    """Whether an operator holds all that the visit is for: then it stays parked."""

    stream: str
    held: bool


Command = (
    AcknowledgeWorkOrder
    | RequestWorkOrder
    | AnswerWorkOrder
    | CancelWorkOrder
    | PassDeadline
    | ReleaseTask
    | HoldWorkOrder
    | ResolveTask
    | RaiseFallout
    | NoteFallout
    | AssignFallout
    | RateFallout
)
