"""First step of decomposition: order lines against offerings and the install base.

Bundles expand with their defaults, deletes reach the parts of a bundle, characteristics get their values, and what the customer still has to say is
listed by path.
"""

from collections.abc import Iterator, Sequence
from itertools import count

from domain.catalog import ORDERABLE, Catalog, ProductOffering
from domain.decider import Facts
from domain.decomposition.changes import check_moves, read_change
from domain.decomposition.configuration import configure, said
from domain.decomposition.conflict import InTheWay, wait_behind
from domain.decomposition.item import Item
from domain.external_id import PRODUCT, addressed, loaded_id
from domain.order_document import OrderLine, invalid
from domain.plan import Plan, PlannedItem
from domain.product import GONE, Product
from domain.values import Reason, Rejected


def resolve_items(
    order: str, customer: str, lines: Sequence[OrderLine], catalog: Catalog, facts: Facts, earlier: Plan | None = None
) -> list[Item]:
    """Every line as an item, parents first, parts of bundles included. Raises Rejected, naming item and attribute."""
    items: dict[str, Item] = {}
    for line in lines:
        _add_item(Item(line, items.get(line.parent), order), items)
    for item in items.values():
        if item.line.action != "add":
            item.product = addressed(item.line.product or item.line.external, customer) or item.product
        elif item.line.external:
            item.product = loaded_id(PRODUCT, customer, item.line.external)
            _check_new(item, order, facts)
    if earlier is not None:
        _recall(earlier, items, order, catalog)
    todo = [item for item in items.values() if not item.settled]
    while todo:  # parts of bundles may be bundles
        parts: list[Item] = []
        for item in todo:
            _resolve_offering(item, order, customer, catalog, facts)
            for part in _implied(item, order, items, facts):
                _add_item(part, items)
                parts.append(part)
        todo = parts
    _check_products(items)
    check_moves(items, facts)
    for item in items.values():
        if item.offering is not None and item.line.action in ("add", "modify") and not item.behind:
            _check_parts(item, item.offering, items, facts)
        if not (item.settled or item.behind):
            configure(item, catalog)
    return _parents_first(items)


def _check_new(item: Item, order: str, facts: Facts) -> None:
    """What its sender calls a product is the name of one product, for ever."""
    product: Product | None = facts.get(item.product)
    if product is not None and order not in (product.pending, product.last_order):
        raise Rejected("conflict", f"Item {item.line.id}: externalId {item.line.external!r} is that of product {item.product} already.")


def _recall(earlier: Plan, items: dict[str, Item], order: str, catalog: Catalog) -> None:
    """Only items that wait for information may read otherwise than they were planned, and items neither come nor go."""
    known = {item.id: item for item in earlier.items}
    for id, planned in known.items():
        if id not in items:
            parent = items.get(planned.parent)
            if parent is None or parent.line.children:
                raise Rejected("conflict", f"Item {id} is part of the order: it can only be taken out by an amendment.")
            _add_item(Item(_line_of(planned, parent.line.path), parent, order), items)
    for id, item in items.items():
        before = known.get(id)
        if before is None:
            if item.parent is None or item.parent.settled:
                raise Rejected("conflict", f"Item {id} is not part of the order: it can only be added by an amendment.")
        elif before.merged:
            item.settle(before, catalog)
        elif not before.waits:
            if not _reads_as(item.line, before):
                raise Rejected("conflict", f"Item {id} has been decided on: it can only be changed by an amendment.")
            item.settle(before, catalog)
        else:
            _check_still_says(item, before, catalog)


def _check_still_says(item: Item, before: PlannedItem, catalog: Catalog) -> None:
    """An item that waits may be told what it lacks, and more than it said; what it said stands until it is amended. Defaults were not said."""
    line = item.line
    if line.action != before.action:
        raise _said(line, "action", before.action)
    left_out = line.action != "add" and not line.offering  # it is the product's
    if before.offering and line.offering != before.offering and not left_out:
        raise _said(line, "productOffering.id", before.offering)
    if before.places and any(place not in before.places for place in item.places):
        raise _said(line, "product.place", before.places[0].id)
    known = catalog.products.get(before.specification)
    for name, value in said(before.values, known.characteristics if known else (), catalog).items():
        if line.characteristics.get(name, None if line.action == "add" else value) != value:
            raise _said(line, f"product.productCharacteristic[{name}]", value)


def _said(line: OrderLine, attribute: str, value: object) -> Rejected:
    shown = str(value).lower() if isinstance(value, bool) else value
    sentence = f"Item {line.id}: {attribute} is {shown} in the order and can only be changed by an amendment."
    return Rejected("conflict", sentence, (Reason("conflict", sentence, f"{line.path}.{attribute}"),))


def _line_of(planned: PlannedItem, path: str) -> OrderLine:
    product = planned.product if planned.action != "add" else ""
    return OrderLine(
        planned.id, planned.action, path, planned.parent, planned.offering, product, "", {}, planned.places, (), (), "", "delta"
    )


def _reads_as(line: OrderLine, planned: PlannedItem) -> bool:
    return (
        line.action == planned.action
        and line.offering in ("", planned.offering)
        and all(place in planned.places for place in line.places)
        and all(value is None or planned.values.get(name) == value for name, value in line.characteristics.items())
    )


def _check_products(items: dict[str, Item]) -> None:
    named: dict[str, Item] = {}
    for item in items.values():
        names = item.line.external or (item.line.action != "add" and item.line.product)
        if names and named.setdefault(item.product, item) is not item:
            other = named[item.product].line.id
            raise invalid(item.line, "product.id", f"product {item.product!r} is the subject of item {other} already")


def _add_item(item: Item, items: dict[str, Item]) -> None:
    if item.line.id in items:
        raise invalid(item.line, "id", f"id {item.line.id!r} is used twice")
    items[item.line.id] = item
    if item.parent is not None:
        item.parent.children.append(item)


def _parents_first(items: dict[str, Item]) -> list[Item]:
    ordered: list[Item] = []
    todo = [item for item in reversed(items.values()) if item.parent is None]
    while todo:
        item = todo.pop()
        ordered.append(item)
        todo.extend(reversed(item.children))
    return ordered


def _resolve_offering(item: Item, order: str, customer: str, catalog: Catalog, facts: Facts) -> None:
    line = item.line
    if line.action != "add":
        _resolve_held(item, order, customer, catalog, facts)
    elif not item.places and item.parent is not None:
        item.places = item.parent.places
    name = line.offering or (item.held.offering if item.held else "")
    if not name and not item.missing and (line.action == "add" or item.held is not None):
        item.missing.append(f"{line.path}.productOffering.id")
    if item.missing or item.behind or not name:
        return
    item.offering = catalog.offerings.get(name)
    if item.offering is None:
        if line.action == "delete" and not line.offering:
            return  # it is taken down as it was built, whatever is sold today (domain-rules 2.6)
        raise invalid(line, "productOffering", f"{name!r} is not in the catalog")
    item.specification = item.offering.specification
    if line.action == "add":
        _check_orderable(item)


def _resolve_held(item: Item, order: str, customer: str, catalog: Catalog, facts: Facts) -> None:
    line = item.line
    named = line.product or line.external
    if not named:
        item.missing.append(f"{line.path}.product.id")
        return
    held: Product | None = facts.get(item.product)
    if held is None and item.product in facts.missing:
        item.missing.append("")  # will be asked again
        return
    if held is None:
        raise invalid(line, "product.id", f"product {named!r} is not in the install base")
    if held.customer != customer:
        raise invalid(line, "product.id", f"product {named!r} is not in the install base of customer {customer}")
    if held.pending not in ("", order) and line.action != "noChange":
        item.offering = catalog.offerings.get(line.offering or held.offering)
        wait_behind(InTheWay(item, f"product {named}", held.pending), [item], facts, order)
        return
    if held.status in GONE:
        raise invalid(line, "product.id", f"product {named!r} is {held.status}")
    item.held, item.places = held, line.places or held.places
    if line.action == "modify":
        read_change(item, held)


def _check_orderable(item: Item) -> None:
    offering, line = item.offering, item.line
    assert offering is not None
    if offering.lifecycle_status != ORDERABLE:
        raise invalid(line, "productOffering", f"{offering.id!r} cannot be ordered: it is {offering.lifecycle_status}")
    around = item.parent.offering.id if item.parent and item.parent.offering else ""
    if offering.inside and around not in offering.inside and item.parent is None:
        raise invalid(line, "productOffering", f"{offering.id!r} can only be ordered inside {' or '.join(offering.inside)}")


def _implied(item: Item, order: str, items: dict[str, Item], facts: Facts) -> Iterator[Item]:
    """The parts that a line means without naming them: defaults of a bundle, and all parts of a product that is deleted, suspended, resumed or moved."""
    ids = (id for n in count(1) if (id := f"{item.line.id}.{n}") not in items)
    if item.line.action == "add" and item.offering is not None and not item.line.children:
        for bundled in item.offering.bundled:
            for _ in range(bundled.default):
                yield _part(item, next(ids), "add", bundled.offering, "", order)
    if item.held is not None and (item.line.action == "delete" or item.status or item.moved):
        named = {each.product for each in items.values() if each.line.product}
        for product in item.held.bundles:
            held = facts.get(product)
            if held is not None and held.status not in GONE and product not in named:
                yield _part(item, next(ids), item.line.action, held.offering, product, order)


def _part(item: Item, id: str, action: str, offering: str, product: str, order: str) -> Item:
    line = OrderLine(id, action, item.line.path, item.line.id, offering, product, "", {}, item.line.places, (), (), "", "delta")
    return Item(line, item, order)


def _check_parts(item: Item, offering: ProductOffering, items: dict[str, Item], facts: Facts) -> None:
    parts = (*offering.bundled, *offering.optional)
    if not item.children and (not parts or item.line.action == "modify"):
        return
    counts = dict.fromkeys([part.offering for part in parts], 0)
    for child in item.children:
        if child.offering is None or child.line.action != "add":
            continue
        if child.offering.id not in counts:
            raise invalid(child.line, "productOffering", f"{child.offering.id!r} is not a part of {offering.id!r}")
        counts[child.offering.id] += 1
    for name in _held_parts(item, items, facts):
        counts[name] = counts.get(name, 0) + 1
    if facts.need is not None or any(child.missing for child in item.children):
        return
    for part in parts:
        if not part.minimum <= counts[part.offering] <= part.maximum:
            what = f"needs {part.minimum} to {part.maximum} {part.offering}, not {counts[part.offering]}"
            raise invalid(item.line, "productOrderItem", what)


def _held_parts(item: Item, items: dict[str, Item], facts: Facts) -> Iterator[str]:
    """The offerings of the parts that a product has and keeps."""
    if item.held is None:
        return
    leaving = {each.product for each in items.values() if each.line.action == "delete"}
    for product in item.held.bundles:
        held = facts.get(product)
        if held is not None and held.status not in GONE and product not in leaving:
            yield held.offering
