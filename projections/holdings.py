"""Which products a customer or a site has ever had: where the two-time question begins to look (`projections.install_base` answers it)."""

from dataclasses import fields
from typing import Any, get_args

from domain import product
from domain.recorded import Recorded
from projections.view import Column, Document, View

# Whatever says for whom or where a product is; services are where their products are.
EVENTS = tuple(event for event in get_args(product.Event) if {"customer", "places"} & {field.name for field in fields(event)})


def keys(recorded: Recorded) -> tuple[str, ...]:
    return (recorded.stream,)


def evolve(document: Document | None, recorded: Recorded, key: str) -> Document | None:
    """Nothing is ever taken away: a site that a product has left still had it once."""
    event: Any = recorded.event
    known = document or {"id": key, "customer": recorded.meta.customer, "site": []}
    customer = getattr(event, "customer", "") or known["customer"]
    sites = dict.fromkeys([*known["site"], *(place.id for place in getattr(event, "places", None) or () if place.id)])
    return {"id": key, "customer": customer, "site": list(sites)}


HOLDINGS = View(
    name="holdings",
    generation=1,
    events=EVENTS,
    keys=keys,
    evolve=evolve,
    columns=(Column("customer", "customer"), Column("site", "site")),
)
