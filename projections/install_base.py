"""What a customer or a site had at one time, as known at another: TMF637 products and TMF638 services, folded when asked for (domain-rules 6.4)."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any

from domain.install_base import facts_at
from domain.product import GONE
from domain.recorded import Recorded
from domain.service import TERMINATED
from projections.products import PRODUCTS
from projections.services import SERVICES
from projections.view import Document, View


def products_at(history: Iterable[Recorded], at: datetime, known_at: datetime) -> list[Document]:
    """The products that were there, by id; those that had ended, or never came to be, are left out. `history`: the events of their streams."""
    return [document for document in _fold(PRODUCTS, history, at, known_at) if document["status"] not in GONE]


def services_at(history: Iterable[Recorded], at: datetime, known_at: datetime) -> list[Document]:
    """The services that were there, by id."""
    return [document for document in _fold(SERVICES, history, at, known_at) if document["state"] != TERMINATED]


def realised_by(products: Iterable[Document]) -> list[str]:
    """The ids of the services that these products name."""
    return list(dict.fromkeys(each["id"] for product in products for each in product["realizingService"]))


def is_at(product: Document, site: str) -> bool:
    """Whether a product, as it is shown, is at a site."""
    return any(place.get("id") == site for place in product.get("place") or ())


def _fold(view: View, history: Iterable[Recorded], at: datetime, known_at: datetime) -> list[Document]:
    ordered = sorted(history, key=lambda recorded: (recorded.stream, recorded.version))
    folded: list[Any] = [_folded(view, facts_at(stream, at, known_at), id) for id, stream in groupby(ordered, lambda each: each.stream)]
    return [document for document in folded if document is not None]


def _folded(view: View, facts: Iterable[Recorded], id: str) -> Document | None:
    document: Document | None = None
    for recorded in facts:
        if isinstance(recorded.event, view.events):
            document = view.evolve(document, recorded, id)
    return document
