"""What can be asked of a product order."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.record import record
from domain.values import Reason, Who


@record
class SubmitProductOrder:
    """Take on an order. `keep_refusal`: a refused order is kept as rejected (it came by topic) instead of being turned away."""

    stream: str
    document: Mapping[str, Any]
    customer: str
    requester: str
    requested_start: datetime | None
    requested_completion: datetime | None
    keep_refusal: bool


@record
class SubmitServiceOrder:
    """Take on an order for services that somebody else has sold (TMF641); all else is as for a product order."""

    stream: str
    document: Mapping[str, Any]
    customer: str
    requester: str
    requested_start: datetime | None
    requested_completion: datetime | None
    keep_refusal: bool


@record
class RejectProductOrder:
    """Keep an order that came by topic and was refused before it could be decided on."""

    stream: str
    document: Mapping[str, Any]
    customer: str
    requester: str
    reasons: tuple[Reason, ...]


@record
class CancelProductOrder:
    """Stop the order. `include_completed` also undoes items that are completed; `request` is the TMF622 cancel as received; `plan_hash` and `override` as
    for an amendment."""

    stream: str
    cancel: str
    include_completed: bool
    request: Mapping[str, Any]
    plan_hash: str = ""
    override: Who | None = None


@record
class AmendProductOrder:
    """Make the order say something else (domain-rules 4). `base_version` is the version that `items` were written against, 0 for the current one; `mode`
    delta or full; `plan_hash`, where given, is the impact plan that the sender has seen; `override` who goes back behind points of no return, and why;
    `merges` the order whose items these are, that becomes part of this one."""

    stream: str
    amendment: str
    items: tuple[Mapping[str, Any], ...]
    mode: str = "delta"
    base_version: int = 0
    plan_hash: str = ""
    override: Who | None = None
    merges: str = ""


@record
class FinishAmendment:
    """What an amendment set going is over: everything is undone and done again."""

    stream: str
    amendment: str


@record
class SupplyInformation:
    """What was missing: `document` is the whole order as it reads now, `changed` the items that read otherwise than before. Only items that wait for
    information may, and what they said already they still say."""

    stream: str
    document: Mapping[str, Any]
    changed: frozenset[str] = frozenset()
    who: Who = Who("")


@record
class DescribeProductOrder:
    """Say something else about the order that fulfilment does not read: `attributes` by name, None for what is unsaid (`DESCRIPTIVE`)."""

    stream: str
    attributes: Mapping[str, Any]


@record
class ApproveItem:
    """An item that waits for an approval has it."""

    stream: str
    item: str
    who: Who


@record
class RefuseItem:
    """An item that waits for an approval will not have it: it is cancelled."""

    stream: str
    item: str
    who: Who


@record
class PlanQueuedItems:
    """An order that items waited for, or have become part of, is over, or may be; or those of its items are that they have become."""

    stream: str


@record
class StartProductOrder:
    """The requested start has come."""

    stream: str


@record
class ScheduleStep:
    """All that a task or visit waited for is done, but its moment has not come."""

    stream: str
    node: str
    due: datetime


@record
class ReleaseStep:
    """The moment of a task or visit has come; `withdrawn`: it has not, but nobody wants the step any more."""

    stream: str
    node: str
    withdrawn: bool = False


@record
class ReviewProductOrder:
    """The moment has come to look whether the order will be in time."""

    stream: str


@record
class ReportJeopardy:
    """Fulfilment has looked: the `level`, when the order is `expected` and was `requested`, the steps that decide it, and when it is to be looked at again."""

    stream: str
    level: str
    expected: datetime
    requested: datetime
    critical: tuple[str, ...]
    review: datetime


@record
class ReportItems:
    """Fulfilment reports item states (an item's own, without its nested items)."""

    stream: str
    items: Mapping[str, str]


@record
class PassPointOfNoReturn:
    """A task after which the item cannot go back has been dispatched."""

    stream: str
    task: str
    item: str


@record
class RefuseChange:
    """A cancel or amendment that was refused: the order stays as it was, and says so."""

    stream: str
    change: str
    kind: str
    reasons: tuple[Reason, ...]


@record
class HoldItems:
    """An operator keeps back all of these items, and what is nested in them, that has not been sent out yet; no items: the whole order."""

    stream: str
    items: tuple[str, ...]
    who: Who


@record
class ReleaseItems:
    """What an operator held may go on; no items: everything that is held."""

    stream: str
    items: tuple[str, ...]
    who: Who


Command = (
    SubmitProductOrder
    | SubmitServiceOrder
    | RejectProductOrder
    | CancelProductOrder
    | AmendProductOrder
    | FinishAmendment
    | SupplyInformation
    | DescribeProductOrder
    | ApproveItem
    | RefuseItem
    | PlanQueuedItems
    | StartProductOrder
    | ScheduleStep
    | ReleaseStep
    | ReviewProductOrder
    | ReportJeopardy
    | ReportItems
    | PassPointOfNoReturn
    | RefuseChange
    | HoldItems
    | ReleaseItems
)
