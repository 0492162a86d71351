"""Amendments and cancels, and the impact plans of both."""

from typing import Annotated, Any, Literal, Required

from annotated_types import Ge, MinLen
from pydantic import TypeAdapter, with_config
from typing_extensions import TypedDict

from api.http.own.shapes.references import OrderReference
from api.http.shapes import own_shape
from schemas.parts import Name, Reference, StatedReason
from schemas.product_ordering import AmendedItem
from schemas.reading import OPEN


@with_config(OPEN)
class Override(TypedDict, total=False):
    reason: Required[Name]


@with_config(OPEN)
class Rejection(TypedDict, total=False):
    planHash: Required[Name]
    reason: Required[Name]


@with_config(OPEN)
class OrderChange(TypedDict, total=False):
    """One of `productOrderItem` (an amendment), `cancel` (a TMF622 cancel) and `reject` (of an impact plan). With `planHash` the change is made only if
    it still does what that plan says; `override` goes back behind points of no return, which needs the role supervisor."""

    productOrder: Reference
    baseVersion: Annotated[int, Ge(0)]
    mode: Literal["delta", "full"]
    productOrderItem: Annotated[list[AmendedItem], MinLen(1)]
    cancel: dict[str, Any]
    reject: Rejection
    planHash: str
    override: Override


@with_config(OPEN)
class ImpactOnNode(TypedDict, total=False):
    """`node` is `item:<id>` for the product of an item, `<service order>.<item>` for a service order item, the id of a work order; `tasks` are the steps
    that are taken back or taken again; `reasons` a chain that ends with the point of no return."""

    item: Required[str]
    node: Required[str]
    kind: Required[Literal["keep", "discard", "letFinishThenRedo", "undo", "undoThenDo", "redo", "amend", "new", "blocked"]]
    name: Required[str]
    reasons: Required[list[str]]
    tasks: Required[list[str]]


@with_config(OPEN)
class ExpectedDates(TypedDict, total=False):
    before: str | None
    after: str | None


@with_config(OPEN)
class ImpactPlan(TypedDict, total=False):
    """What a change would do. `planHash` is empty when it says only what the order says already; `accepted` whether it can be made."""

    planHash: Required[str]
    productOrder: Required[OrderReference]
    baseVersion: Required[int]
    accepted: Required[bool]
    reasons: Required[list[StatedReason]]
    items: Required[list[ImpactOnNode]]
    workOrders: list[dict[str, str]]
    removedItems: list[str]
    expectedCompletionDate: ExpectedDates


@with_config(OPEN)
class Amendment(TypedDict, total=False):
    """What became of it; a cancel is answered as TMF622's CancelProductOrder."""

    id: Required[str]
    productOrder: Required[OrderReference]
    version: int
    changed: bool
    rejected: bool
    impactPlan: ImpactPlan
    override: dict[str, str]


READ_CHANGE: TypeAdapter[Any] = TypeAdapter(OrderChange)
CHANGE_BODY = own_shape(OrderChange)
IMPACT_PLAN = own_shape(ImpactPlan)
AMENDED = own_shape(Amendment)
