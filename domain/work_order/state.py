"""Where a work order is."""

from dataclasses import field
from datetime import datetime

from domain.fallout import Open
from domain.plan import PlannedVisit
from domain.record import record

ENDING = ("completed", "cancelled", "failed")


@record
class WorkOrder:
    """`first_attempt` is where the present retry budget began; `cancelling`: a cancel has been asked for and not been answered yet;
    `final`: the key has its final answer; `parked` the decision, attempt and action that wait for field service to be online again."""

    product_order: str
    customer: str
    visit: PlannedVisit
    state: str
    key: str = ""
    attempt: int = 0
    first_attempt: int = 1
    decision: int = 0
    due: datetime | None = None
    cancelling: bool = False
    final: bool = False
    fallouts: int = 0
    requested_start: datetime | None = None
    parked: tuple[int, int, str] | None = None
    open_fallouts: Open = field(default_factory=dict)
    held: bool = False


def work_order_key(stream: str, decision: int) -> str:
    """Stable for every attempt of one decision."""
    return f"{stream}.{decision}"
