"""What target systems and field service answer (contract, "Downstream: activation", "Field service").

What is optional may also be null: many senders write out all that they know of, and mean that it is absent.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Required

from pydantic import TypeAdapter, with_config
from typing_extensions import TypedDict

from schemas.parts import Characteristic, Name
from schemas.reading import OPEN, Json, Unreadable, read, time_at


@with_config(OPEN)
class AnswerReason(TypedDict, total=False):
    """Why a target system or field service did not do it."""

    code: str | None
    message: str | None


@with_config(OPEN)
class ActivationResult(TypedDict, total=False):
    """`attempt` may be echoed from the request; `serviceCharacteristic` are values that the target assigned."""

    activationKey: Required[Name]
    outcome: Required[Literal["completed", "rejected", "failed", "inProgress"]]
    attempt: int | None
    serviceCharacteristic: list[Characteristic] | None
    reason: AnswerReason | None
    occurredAt: str | None


@with_config(OPEN)
class AgreedPeriod(TypedDict, total=False):
    startDateTime: str | None
    endDateTime: str | None


@with_config(OPEN)
class Appointment(TypedDict, total=False):
    validFor: Required[AgreedPeriod | None]


@with_config(OPEN)
class WorkOrderResult(TypedDict, total=False):
    """`appointment` is the agreed period, when `outcome` is scheduled."""

    workOrderKey: Required[Name]
    outcome: Required[Literal["scheduled", "inProgress", "completed", "cancelled", "failed"]]
    appointment: Appointment | None
    reason: AnswerReason | None
    occurredAt: str | None


ACTIVATION = TypeAdapter(ActivationResult)
WORK_ORDER = TypeAdapter(WorkOrderResult)


def read_activation(body: bytes) -> Json:
    """An answer to an activation request. Raises Unreadable."""
    return read(ACTIVATION, body)


def read_work_order(body: bytes) -> Json:
    """An answer to a work-order request. Raises Unreadable."""
    return read(WORK_ORDER, body)


def occurred_at(result: Mapping[str, Any]) -> datetime | None:
    """When it happened, in UTC, if the sender says so. Raises Unreadable."""
    return time_at(result, "occurredAt")


def appointment(result: Mapping[str, Any]) -> tuple[datetime, datetime] | None:
    """The agreed period (start, end) in UTC; None when there is none or it has no end. Raises Unreadable."""
    period = (result.get("appointment") or {}).get("validFor") or {}
    start, end = time_at(period, "startDateTime"), time_at(period, "endDateTime")
    if start is None or end is None:
        return None
    if end < start:
        raise Unreadable("appointment.validFor ends before it starts.")
    return start, end
