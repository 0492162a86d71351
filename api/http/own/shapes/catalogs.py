"""Published catalogs, and what a candidate would change for past orders."""

from typing import Any, Literal, Required

from pydantic import with_config
from typing_extensions import TypedDict

from api.http.own.shapes.references import OrderReference
from api.http.shapes import own_shape
from schemas.reading import OPEN


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


CATALOG = own_shape(PublishedCatalog)
OVER_ORDERS = own_shape(CatalogOverOrders)
