"""What happens to a product order. Names and fields are storage format."""

from dataclasses import field
from datetime import datetime
from typing import Any

from domain.impact import UNDER_WAY, Impact
from domain.plan import Plan
from domain.record import record
from domain.values import Reason, Who


@record
class ProductOrderAcknowledged:
    """`order` is the document as sent, without what is in `personal` (parties and notes)."""

    customer: str
    requester: str
    catalog: str
    order: dict[str, Any]
    personal: dict[str, Any]
    requested_start: datetime | None
    requested_completion: datetime | None


@record
class ProductOrderRejected:
    customer: str
    requester: str
    order: dict[str, Any]
    personal: dict[str, Any]
    reasons: tuple[Reason, ...]


@record
class ProductOrderStartScheduled:
    due: datetime


@record
class ProductOrderStarted:
    pass


@record
class ProductOrderStepScheduled:
    """A task or visit waits for nothing but its moment: the end of a lag, or a date."""

    node: str
    due: datetime


@record
class ProductOrderStepReleased:
    """The wait is over; `withdrawn` without the step being wanted any more."""

    node: str
    withdrawn: bool


@record
class ProductOrderReviewed:
    """The order was to be looked at again by now."""


@record
class ProductOrderJeopardyAssessed:
    """How far the order is at risk to be late: `level` (normal, low, medium, high, critical), and which it `was` (empty at first). `critical` are the steps
    that decide when it is done, `review` is when it must be looked at again."""

    level: str
    was: str
    expected: datetime
    requested: datetime
    critical: tuple[str, ...]
    review: datetime
    at: datetime


@record
class ProductOrderDecomposed:
    """The plan; or, once missing information has come, what it adds for the items that waited."""

    plan: Plan


@record
class ProductOrderInformationRequired:
    """`paths` are told one by one since there is TMF's event of it."""

    item: str
    paths: tuple[str, ...]


@record
class ProductOrderInformationSupplied:
    """`items` are the items that waited, by id, as they read now (a nested item stands in its parent's document too); `personal` what the document
    now says about people; `who` of ours has added it, empty when it was the customer."""

    items: dict[str, dict[str, Any]]
    personal: dict[str, Any]
    who: Who = Who("")


@record
class ProductOrderDescribed:
    """What is said of the order beside its items is another thing: `order` has the attributes as they read now, but for those that are personal; `unsaid`
    are those that it no longer has."""

    order: dict[str, Any]
    personal: dict[str, Any]
    unsaid: tuple[str, ...]


@record
class ProductOrderEnrichmentRequired:
    """Somebody of `group` has to add these technical values."""

    item: str
    paths: tuple[str, ...]
    group: str


@record
class ProductOrderApprovalRequired:
    """Somebody with this role has to approve the item."""

    item: str
    role: str


@record
class ProductOrderApproved:
    item: str
    role: str
    who: Who


@record
class ProductOrderApprovalRefused:
    """The item, and what is nested in it (`items` are all), will not be fulfilled; `who` says why."""

    item: str
    role: str
    who: Who
    items: tuple[str, ...]


@record
class ProductOrderQueued:
    """`items` wait, each until these other orders are over: they are at work on what the item needs. One without orders waits no more."""

    items: dict[str, tuple[str, ...]]


@record
class ProductOrderMerged:
    """Items have become part of `order`, which is amended by them: `items` says which item of that order each is. They end as those do."""

    order: str
    items: dict[str, str]


@record
class ProductOrderMergedItemsEnded:
    """What items have become in another order has come to its end there; `items` are the states that they end in."""

    items: dict[str, str]


@record
class ProductOrderItemsRefused:
    """Items that waited for other orders cannot be done now that these are over."""

    items: tuple[str, ...]
    reasons: tuple[Reason, ...]


@record
class ProductOrderItemsChanged:
    """`items` are the item states that changed, as the customer sees them; `own` the own states of items that have nested ones; `state` the
    order's, empty when it did not change."""

    items: dict[str, str]
    own: dict[str, str]
    state: str
    at: datetime


@record
class PointOfNoReturnPassed:
    task: str
    item: str
    at: datetime


@record
class ProductOrderCancellationAssessed:
    """A cancel has been looked at. `state` is the order's state when it was accepted, else empty; `items` those that will be withdrawn; `override` who
    went back behind a point of no return, and why."""

    cancel: str
    accepted: bool
    include_completed: bool
    items: tuple[str, ...]
    reasons: tuple[Reason, ...]
    request: dict[str, Any]
    state: str
    at: datetime
    override: Who | None = None


@record
class ProductOrderAmended:
    """The order says something else from now on: `items` is all of it (without what is in `personal`, by item), `plan` the plan that takes the place of
    the one before, `impact` what that does to each node, and `plan_hash` the hash of it; `removed` are the items that are no longer part of the
    order; `state` the state that follows, empty when it does not change; `shown` the item states that change at once, as the customer sees them; `merges`
    the order that became part of this one by it, if it was one."""

    amendment: str
    version: int
    mode: str
    items: tuple[dict[str, Any], ...]
    personal: dict[str, dict[str, Any]]
    plan: Plan
    impact: tuple[Impact, ...]
    plan_hash: str
    removed: tuple[str, ...]
    override: Who | None
    state: str
    at: datetime
    shown: dict[str, str] = field(default_factory=dict)
    merges: str = ""

    @property
    def is_under_way(self) -> bool:
        """Whether something that had begun has to be undone or done again."""
        return any(each.kind in UNDER_WAY for each in self.impact)


@record
class ProductOrderAmendmentFinished:
    """What an amendment had set going is over; `state` is the state that follows, empty when it does not change."""

    amendment: str
    state: str
    at: datetime


@record
class ProductOrderChangeRefused:
    change: str
    kind: str
    reasons: tuple[Reason, ...]


@record
class ProductOrderItemsHeld:
    """Nothing new of these items is sent out until they are released."""

    items: tuple[str, ...]
    who: Who


@record
class ProductOrderItemsReleased:
    """By an operator, or because the items came to their end some other way."""

    items: tuple[str, ...]
    who: Who


Event = (
    ProductOrderAcknowledged
    | ProductOrderRejected
    | ProductOrderStartScheduled
    | ProductOrderStarted
    | ProductOrderStepScheduled
    | ProductOrderStepReleased
    | ProductOrderReviewed
    | ProductOrderJeopardyAssessed
    | ProductOrderDecomposed
    | ProductOrderInformationRequired
    | ProductOrderInformationSupplied
    | ProductOrderDescribed
    | ProductOrderEnrichmentRequired
    | ProductOrderApprovalRequired
    | ProductOrderApproved
    | ProductOrderApprovalRefused
    | ProductOrderQueued
    | ProductOrderMerged
    | ProductOrderMergedItemsEnded
    | ProductOrderItemsRefused
    | ProductOrderItemsChanged
    | PointOfNoReturnPassed
    | ProductOrderCancellationAssessed
    | ProductOrderAmended
    | ProductOrderAmendmentFinished
    | ProductOrderChangeRefused
    | ProductOrderItemsHeld
    | ProductOrderItemsReleased
)
