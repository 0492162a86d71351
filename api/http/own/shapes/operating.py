"""What operators send and see: actions, fallouts, obligations, target systems."""

from typing import Any, Literal, Required

from pydantic import TypeAdapter, with_config
from typing_extensions import TypedDict

from api.http.own.shapes.references import ItemReference, OrderReference
from api.http.shapes import own_shape
from schemas.parts import StatedReason
from schemas.reading import OPEN

CLEARANCES = ("approve", "refuse")  # of an item that waits for an approval


@with_config(OPEN)
class NamedValue(TypedDict, total=False):
    name: Required[str]
    value: Required[Any]


@with_config(OPEN)
class Action(TypedDict, total=False):
    """`item` is a product order item or a task (`item:…` and `task:…` say which, where both have that id); without it the action is for everything in
    the order that it can be for. `values` are for `complete` and `set`, `severity` is for `severity` and `raise`, `group` for `assign` and `raise`,
    `assignee` for `assign`, `note` for `note`, `type` for `raise`."""

    action: Required[
        Literal["retry", "skip", "complete", "abort", "set", "hold", "release", "raise", "note", "assign", "severity", "approve", "refuse"]
    ]
    item: str
    values: list[NamedValue]
    reason: str
    note: str
    assignee: str
    group: str
    severity: Literal["critical", "major", "minor", "warning"]
    type: str


@with_config(OPEN)
class BulkAction(TypedDict, total=False):
    """`filter` compares attributes of open fallouts, by dotted path, with a value or several; `{}` means all; `olderThan` leaves out those that were
    raised fewer seconds ago. `dryRun` only says which are meant."""

    action: Required[Literal["retry", "skip", "complete", "abort", "note", "assign", "severity"]]
    filter: Required[dict[str, str | int | float | bool | list[str]]]
    olderThan: float
    values: list[NamedValue]
    reason: str
    dryRun: bool
    note: str
    assignee: str
    group: str
    severity: Literal["critical", "major", "minor", "warning"]


@with_config(OPEN)
class Note(TypedDict, total=False):
    text: Required[str]
    date: Required[str]
    author: Required[str]


@with_config(OPEN)
class Fallout(TypedDict, total=False):
    """A step that stopped and waits, or waited, for a person. `type` is refused, noAnswer, failed, byHand, or what an operator calls it;
    `specification` that of the service, or the template of the visit."""

    id: Required[str]
    number: int
    type: str
    state: Required[Literal["open", "closed"]]
    productOrder: Required[ItemReference]
    serviceOrder: ItemReference
    workOrder: OrderReference
    task: Required[str]
    targetSystem: str
    specification: str
    severity: str
    assignee: str
    group: str
    note: list[Note]
    reason: Required[StatedReason]
    customer: str
    raisedBy: str
    raisedAt: str
    dueAt: str | None
    resolvedAt: str
    resolution: dict[str, str]


@with_config(OPEN)
class Obligation(TypedDict, total=False):
    """What an order waits for before it can go on."""

    id: Required[str]
    kind: Required[
        Literal[
            "activation",
            "retry",
            "manualTask",
            "fallout",
            "workOrder",
            "scheduledStart",
            "scheduledStep",
            "information",
            "enrichment",
            "approval",
            "parked",
            "hold",
            "order",
        ]
    ]
    state: Required[Literal["open", "closed"]]
    productOrder: Required[ItemReference]
    serviceOrder: ItemReference
    workOrder: OrderReference
    task: Required[str]
    reason: Required[StatedReason]
    customer: str
    since: str
    dueAt: str | None
    targetSystem: str
    activationKey: str
    workOrderKey: str
    attempt: int
    group: str
    role: str
    form: list[str]
    undo: bool
    paths: list[str]
    behind: list[str]


@with_config(OPEN)
class Decided(TypedDict, total=False):
    """`outcome` is accepted, refused (then `message` says why), or planned in a dry run."""

    productOrder: Required[OrderReference]
    task: Required[str]
    action: Required[str]
    outcome: Required[Literal["accepted", "refused", "planned"]]
    message: str


@with_config(OPEN)
class Decisions(TypedDict, total=False):
    dryRun: Required[bool]
    tasks: Required[list[Decided]]


@with_config(OPEN)
class TargetSystem(TypedDict, total=False):
    """`since`, `who` and `reason` tell of the last time that it was switched; `parkedTasks` how many steps wait for it."""

    id: Required[str]
    name: Required[str]
    state: Required[Literal["online", "offline"]]
    since: str
    who: str
    reason: str
    parkedTasks: int


@with_config(OPEN)
class TargetSystemAction(TypedDict, total=False):
    action: Required[Literal["offline", "online"]]
    reason: str


READ_ACTION: TypeAdapter[Any] = TypeAdapter(Action)
READ_BULK_ACTION: TypeAdapter[Any] = TypeAdapter(BulkAction)
READ_TARGET_ACTION: TypeAdapter[Any] = TypeAdapter(TargetSystemAction)

ACTION_BODY = own_shape(Action)
BULK_BODY = own_shape(BulkAction)
FALLOUT = own_shape(Fallout)
OBLIGATION = own_shape(Obligation)
DECISIONS = own_shape(Decisions)
TARGET_SYSTEM = own_shape(TargetSystem)
TARGET_ACTION_BODY = own_shape(TargetSystemAction)
