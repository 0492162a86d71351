"""How the documents of our own API name an order and its parts."""

from typing import Required

from pydantic import with_config
from typing_extensions import TypedDict

from schemas.reading import OPEN


@with_config(OPEN)
class ItemReference(TypedDict, total=False):
    id: Required[str]
    itemId: str


@with_config(OPEN)
class OrderReference(TypedDict, total=False):
    id: Required[str]
