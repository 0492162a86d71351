"""The shapes of our own API, for OpenAPI and for reading bodies."""

from typing import Annotated, Any, Literal, Required

from annotated_types import Ge, MinLen
from pydantic import TypeAdapter, with_config
from typing_extensions import TypedDict

from api.http.shapes import own_shape
from schemas.parts import Name, Reference, StatedReason
from schemas.product_ordering import AmendedItem
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
class ItemReference(TypedDict, total=False):
    id: Required[str]
    itemId: str


@with_config(OPEN)
class OrderReference(TypedDict, total=False):
    id: Required[str]


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


@with_config(OPEN)
class DeadLetter(TypedDict, total=False):
    """A message that could not be taken in. `value` is its beginning where it is text, `size` its bytes, `headers` the names of its headers."""

    id: Required[str]
    state: Required[Literal["open", "redriven", "dropped"]]
    topic: Required[str]
    partition: Required[int]
    offset: Required[int]
    key: str
    reason: Required[str]
    exception: str
    attempts: int
    firstSeen: str
    position: int
    headers: list[str]
    size: int
    value: str
    resolvedAt: str
    resolution: dict[str, str]


@with_config(OPEN)
class DeadLetterAction(TypedDict, total=False):
    """Either `ids`, or a `filter` that compares attributes of open dead letters, by dotted path, with a value or several; `{}` means all. `dryRun` only
    says which are meant."""

    action: Required[Literal["redrive", "drop"]]
    ids: list[str]
    filter: dict[str, str | int | float | bool | list[str]]
    reason: str
    dryRun: bool


@with_config(OPEN)
class DecidedLetter(TypedDict, total=False):
    """`outcome` is accepted, refused (then `message` says why), or planned in a dry run."""

    id: Required[str]
    topic: Required[str]
    action: Required[Literal["redrive", "drop"]]
    outcome: Required[Literal["accepted", "refused", "planned"]]
    message: str


@with_config(OPEN)
class DeadLetterDecisions(TypedDict, total=False):
    dryRun: Required[bool]
    deadLetters: Required[list[DecidedLetter]]


@with_config(OPEN)
class Event(TypedDict, total=False):
    """One event of the log."""

    position: Required[int]
    id: Required[str]
    type: Required[str]
    time: Required[str]
    stream: Required[str]
    version: Required[int]
    customer: Required[str]
    productOrder: ItemReference | None
    correlationId: Required[str]
    causationId: Required[str]
    data: Required[Any]


@with_config(OPEN)
class ProductOrderTree(TypedDict, total=False):
    """Parts are kept by id and name each other; `edges` are pairs of nodes, the second waits for the first."""

    id: Required[str]
    state: Required[str]
    version: Required[int]
    customer: Required[str]
    catalog: str
    items: Required[dict[str, Any]]
    services: Required[dict[str, Any]]
    serviceOrders: Required[dict[str, Any]]
    workOrders: Required[dict[str, Any]]
    tasks: Required[dict[str, Any]]
    edges: Required[list[list[str]]]
    milestones: Required[list[dict[str, Any]]]
    changes: Required[list[dict[str, Any]]]
    obligations: Required[dict[str, Obligation]]
    fallouts: Required[dict[str, Fallout]]


@with_config(OPEN)
class RuleLookedAt(TypedDict, total=False):
    """A decomposition rule that was looked at for an item. `holds` is what became of its condition, null: unknown, something it reads is absent;
    `reads` are the characteristics that it looked at, `sets` those that it gives to the services."""

    productOrderItem: Required[str]
    rule: Required[str]
    parent: Required[str]
    serviceSpecification: Required[str]
    condition: Required[Any]
    holds: Required[bool | None]
    reads: Required[dict[str, Any]]
    sets: Required[dict[str, Any]]
    services: Required[list[str]]


@with_config(OPEN)
class TargetChosen(TypedDict, total=False):
    """`chosenBy` is the id of the distribution rule, else `task` or `specification`, where the target system stands."""

    task: Required[str]
    service: Required[str]
    targetSystem: Required[str]
    chosenBy: Required[str]


@with_config(OPEN)
class VisitChosen(TypedDict, total=False):
    """`template` is the work-order template that the visit was made from: its service `whenNew` is built by this order, and its `condition` holds."""

    workOrder: Required[str]
    template: Required[str]
    whenNew: Required[str]
    condition: Required[Any]
    reads: Required[dict[str, Any]]
    productOrderItems: Required[list[str]]


@with_config(OPEN)
class ProductOrderExplanation(TypedDict, total=False):
    """Why an order has the services and tasks it has, by the catalog that it is pinned to."""

    id: Required[str]
    catalog: Required[str]
    rules: Required[list[RuleLookedAt]]
    tasks: Required[list[TargetChosen]]
    visits: Required[list[VisitChosen]]


@with_config(OPEN)
class ProductOrderPreview(TypedDict, total=False):
    """What an order would lead to if it came now. The ids in it are of this preview alone."""

    tree: Required[ProductOrderTree]
    explanation: Required[ProductOrderExplanation]


@with_config(OPEN)
class PublishedCatalog(TypedDict, total=False):
    """One published version, in force from `effective` until another one is. `document`, its content, is only told of a single one."""

    id: Required[str]
    href: Required[str]
    version: Required[str]
    digest: Required[str]
    current: Required[bool]
    publishedAt: Required[str]
    effective: Required[str]
    document: dict[str, Any]


@with_config(OPEN)
class InstallBase(TypedDict, total=False):
    """What was there at the moment `at`, as known at `knownAt`: TMF637 products, and the TMF638 services that they name as realising them."""

    customer: str
    site: str
    at: Required[str]
    knownAt: Required[str]
    product: Required[list[dict[str, Any]]]
    service: Required[list[dict[str, Any]]]


class OrderExample(TypedDict, total=False):
    """One order, with the values of the attribute that differs."""

    productOrder: Required[OrderReference]
    before: Required[Any]
    after: Required[Any]


@with_config(OPEN)
class PlannedOtherwise(TypedDict, total=False):
    """What is otherwise in how many orders, the first of them as examples. `cause` is the rule of the catalog that says so (`voice-line: voice-service`
    is rule voice-service of voice-line); `attribute` is empty for what only one of the plans has."""

    cause: Required[str]
    node: Required[Literal["item", "service", "task", "visit", "wait", "serviceOrder"]]
    kind: Required[Literal["added", "removed", "changed"]]
    what: Required[str]
    attribute: Required[str]
    orders: Required[int]
    examples: Required[list[OrderExample]]


@with_config(OPEN)
class RefusedOtherwise(TypedDict, total=False):
    """Why orders that were accepted would be refused; the first of them as examples."""

    reason: Required[str]
    orders: Required[int]
    examples: Required[list[str]]


@with_config(OPEN)
class CatalogOverOrders(TypedDict, total=False):
    """Which past orders would decompose otherwise under a candidate catalog, whose version is `catalog`."""

    catalog: Required[str]
    orders: Required[int]
    same: Required[int]
    different: Required[int]
    refused: Required[int]
    differences: Required[list[PlannedOtherwise]]
    refusals: Required[list[RefusedOtherwise]]


@with_config(OPEN)
class InstallBaseLoad(TypedDict, total=False):
    """TMF637 products and TMF638 services of elsewhere, what supports others before these. Those that are refused keep no other out."""

    items: Required[list[dict[str, Any]]]


@with_config(OPEN)
class LoadedItem(TypedDict, total=False):
    """`outcome` is loaded, known (it was there already, with the same content) or refused (then `message` says why)."""

    id: str
    outcome: Required[Literal["loaded", "known", "refused"]]
    code: str
    message: str


@with_config(OPEN)
class InstallBaseLoaded(TypedDict, total=False):
    """What became of each, in the order in which they were sent."""

    items: Required[list[LoadedItem]]


@with_config(OPEN)
class SoldProduct(TypedDict, total=False):
    """What order lines bought: offering, price and term as they said them, the account that pays, the lines that made it so. It has the id of the
    product; `installBaseItem` are the configured instances that it is: one, or those of the parts of a bundle."""

    id: Required[str]
    href: Required[str]
    name: str
    externalId: str
    status: Required[str]
    orderDate: str
    startDate: str
    terminationDate: str
    agreement: list[dict[str, Any]]
    billingAccount: dict[str, Any]
    product: Required[dict[str, Any]]
    productOffering: dict[str, Any]
    productOrderItem: list[dict[str, Any]]
    productPrice: list[dict[str, Any]]
    productTerm: list[dict[str, Any]]
    relatedParty: list[dict[str, Any]]
    installBaseItem: Required[list[dict[str, Any]]]


@with_config(OPEN)
class InstallBaseItem(TypedDict, total=False):
    """A configured instance at its places, with what fulfilment assigned to it. It has the id of the product."""

    id: Required[str]
    href: Required[str]
    name: str
    externalId: str
    status: Required[str]
    startDate: str
    terminationDate: str
    assignedCharacteristic: list[dict[str, Any]]
    formerPlace: list[dict[str, Any]]
    place: list[dict[str, Any]]
    product: Required[dict[str, Any]]
    productCharacteristic: list[dict[str, Any]]
    productSerialNumber: str
    productSpecification: dict[str, Any]
    realizingService: list[dict[str, Any]]
    realizingResource: list[dict[str, Any]]
    relatedParty: list[dict[str, Any]]
    soldProduct: Required[dict[str, Any]]


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
READ_ACTION: TypeAdapter[Any] = TypeAdapter(Action)
READ_BULK_ACTION: TypeAdapter[Any] = TypeAdapter(BulkAction)
READ_TARGET_ACTION: TypeAdapter[Any] = TypeAdapter(TargetSystemAction)
READ_LETTER_ACTION: TypeAdapter[Any] = TypeAdapter(DeadLetterAction)

ACTION_BODY = own_shape(Action)
BULK_BODY = own_shape(BulkAction)
FALLOUT = own_shape(Fallout)
OBLIGATION = own_shape(Obligation)
DECISIONS = own_shape(Decisions)
TARGET_SYSTEM = own_shape(TargetSystem)
TARGET_ACTION_BODY = own_shape(TargetSystemAction)
DEAD_LETTER = own_shape(DeadLetter)
LETTER_ACTION_BODY = own_shape(DeadLetterAction)
LETTER_DECISIONS = own_shape(DeadLetterDecisions)
TREE = own_shape(ProductOrderTree)
EXPLANATION = own_shape(ProductOrderExplanation)
PREVIEW = own_shape(ProductOrderPreview)
LINES = own_shape(Event).many("Events")
CATALOG = own_shape(PublishedCatalog)
INSTALL_BASE = own_shape(InstallBase)
SOLD_PRODUCT = own_shape(SoldProduct)
INSTALL_BASE_ITEM = own_shape(InstallBaseItem)
LOAD_BODY = own_shape(InstallBaseLoad)
LOADED = own_shape(InstallBaseLoaded)
READ_LOAD: TypeAdapter[Any] = TypeAdapter(InstallBaseLoad)
OVER_ORDERS = own_shape(CatalogOverOrders)
CHANGE_BODY = own_shape(OrderChange)
IMPACT_PLAN = own_shape(ImpactPlan)
AMENDED = own_shape(Amendment)
SHAPES = (
    CHANGE_BODY,
    IMPACT_PLAN,
    AMENDED,
    ACTION_BODY,
    BULK_BODY,
    FALLOUT,
    OBLIGATION,
    DECISIONS,
    TARGET_SYSTEM,
    TARGET_ACTION_BODY,
    DEAD_LETTER,
    LETTER_ACTION_BODY,
    LETTER_DECISIONS,
    TREE,
    EXPLANATION,
    PREVIEW,
    LINES,
    CATALOG,
    INSTALL_BASE,
    SOLD_PRODUCT,
    INSTALL_BASE_ITEM,
    LOAD_BODY,
    LOADED,
    OVER_ORDERS,
)
