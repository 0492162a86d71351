"""What is offered at the time of an order: catalogs are published before what is in them can be ordered, and outlive it."""

from collections.abc import Iterable
from datetime import datetime

from domain.catalog import Catalog
from domain.decomposition.item import Item
from domain.order_document import invalid
from domain.plan import Plan


def check_valid(items: Iterable[Item], catalog: Catalog, now: datetime, earlier: Plan | None = None) -> None:
    """Raises Rejected for what is added and is not yet, or not any more, valid. What was accepted in time stays so while it waits for information."""
    if not catalog.compiled.periods:
        return
    accepted = {item.id for item in earlier.items if item.offering} if earlier is not None else set()
    for item in items:
        if item.line.action == "add" and not item.settled and item.line.id not in accepted:
            _check(item, catalog, now)


def _check(item: Item, catalog: Catalog, now: datetime) -> None:
    if item.offering is not None and item.offering.valid_for is not None and (why := item.offering.valid_for.problem(now)):
        raise invalid(item.line, "productOffering", f"{item.offering.id!r} cannot be ordered: it {why}")
    for kind, specification in (("product", catalog.products.get(item.specification)), ("service", item.ordered)):
        if specification is not None and specification.valid_for is not None and (why := specification.valid_for.problem(now)):
            raise invalid(item.line, f"{kind}.{kind}Specification", f"{specification.id!r} cannot be ordered: it {why}")
