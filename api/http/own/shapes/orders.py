"""An order as a tree, as events, as an explanation, and as a preview."""

from typing import Any, Required

from pydantic import with_config
from typing_extensions import TypedDict

from api.http.own.shapes.operating import Fallout, Obligation
from api.http.own.shapes.references import ItemReference
from api.http.shapes import own_shape
from schemas.reading import OPEN


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


TREE = own_shape(ProductOrderTree)
EXPLANATION = own_shape(ProductOrderExplanation)
PREVIEW = own_shape(ProductOrderPreview)
LINES = own_shape(Event).many("Events")
