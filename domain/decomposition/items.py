"""First step of decomposition: order lines against offerings and the install base.

Bundles expand with their defaults, deletes reach the parts of a bundle, characteristics get their values, and what the customer still has to say is
listed by path.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from domain.catalog import ORDERABLE, Bundled, Catalog, CharacteristicSpecification, ProductOffering
from domain.decider import Facts
from domain.order_document import OrderLine, invalid
from domain.plan import PlannedItem, product_id
from domain.product import GONE, Product
from domain.record import record
from domain.values import Place, Rejected


class Item:
    """One line while it is being planned. `product` is the product to be, `held` the one in the install base (None for an add)."""

    def __init__(self, line: OrderLine, parent: "Item | None", order: str) -> None:
        self.line = line
        self.parent = parent
        self.children: list[Item] = []
        self.held: Product | None = None
        self.product = line.product or product_id(order, line.id) if line.action != "add" else product_id(order, line.id)
        self.offering: ProductOffering | None = None
        self.specification = line.specification
        self.values: dict[str, Any] = {}
        self.places: tuple[Place, ...] = line.places or (parent.places if parent else ())
        self.missing: list[str] = []
        self.services: list[str] = []
        self.detached: list[str] = []

    @property
    def top(self) -> "Item":
        item = self
        while item.parent is not None:
            item = item.parent
        return item

    def planned(self) -> PlannedItem:
        return PlannedItem(
            id=self.line.id,
            parent=self.parent.line.id if self.parent else "",
            action=self.line.action,
            product=self.product,
            offering=self.offering.id if self.offering else self.line.offering,
            specification=self.specification,
            values=self.values,
            places=self.places,
            services=tuple(self.services),
            detached=tuple(self.detached),
            bundles=tuple(child.product for child in self.children) if self.is_bundle else (),
            missing=tuple(self.missing),
        )

    @property
    def is_bundle(self) -> bool:
        return self.offering is not None and bool(self.offering.bundled)


def resolve_items(order: str, customer: str, lines: Sequence[OrderLine], catalog: Catalog, facts: Facts) -> list[Item]:
    """Every line as an item, parents first, bundle parts included. Raises Rejected, naming item and attribute."""
    items: dict[str, Item] = {}
    for line in lines:
        _add_item(Item(line, items.get(line.parent), order), items)
    for item in list(items.values()):
        _resolve_offering(item, customer, catalog, facts)
        for part in _implied(item, order, catalog, facts):
            _add_item(part, items)
    pending = [item for item in items.values() if item.offering is None and not item.missing]
    while pending:  # parts of bundles may be bundles
        for item in pending:
            _resolve_offering(item, customer, catalog, facts)
            for part in _implied(item, order, catalog, facts):
                _add_item(part, items)
        pending = [item for item in items.values() if item.offering is None and not item.missing and item not in pending]
    for item in items.values():
        _check_parts(item)
        _configure(item, catalog)
    return _parents_first(items)


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


def _resolve_offering(item: Item, customer: str, catalog: Catalog, facts: Facts) -> None:
    line = item.line
    if line.status:
        raise invalid(line, "product.status", "cannot be ordered: suspend and resume are not supported yet")
    if line.action != "add":
        _resolve_held(item, customer, facts)
    name = line.offering or (item.held.offering if item.held else "")
    if not name and not item.missing and (line.action == "add" or item.held is not None):
        item.missing.append(f"{line.path}.productOffering.id")
    if item.missing or not name:
        return
    item.offering = catalog.offerings.get(name)
    if item.offering is None:
        raise invalid(line, "productOffering", f"{name!r} is not in the catalog")
    item.specification = item.offering.specification
    if line.action == "add":
        _check_orderable(item)


def _resolve_held(item: Item, customer: str, facts: Facts) -> None:
    line = item.line
    if not line.product:
        item.missing.append(f"{line.path}.product.id")
        return
    held: Product | None = facts.get(line.product)
    if held is None:
        if line.product in facts.missing:
            item.missing.append("")  # will be asked again
            return
        raise invalid(line, "product.id", f"product {line.product!r} is not in the install base")
    if held.customer != customer:
        raise invalid(line, "product.id", f"product {line.product!r} is not in the install base of customer {customer}")
    if held.pending:
        raise Rejected("conflict", f"Item {line.id}: product {line.product} is being changed by order {held.pending}.")
    if held.status in GONE:
        raise invalid(line, "product.id", f"product {line.product!r} is {held.status}")
    item.held, item.places = held, line.places or held.places


def _check_orderable(item: Item) -> None:
    offering, line = item.offering, item.line
    assert offering is not None
    if offering.lifecycle_status != ORDERABLE:
        raise invalid(line, "productOffering", f"{offering.id!r} cannot be ordered: it is {offering.lifecycle_status}")
    around = item.parent.offering.id if item.parent and item.parent.offering else ""
    if offering.inside and around not in offering.inside and item.parent is None:
        raise invalid(line, "productOffering", f"{offering.id!r} can only be ordered inside {' or '.join(offering.inside)}")


def _implied(item: Item, order: str, catalog: Catalog, facts: Facts) -> Iterator[Item]:
    """The parts that a line means without naming them: defaults of a bundle, parts of a bundle that is deleted."""
    if item.offering is None or item.line.children:
        return
    if item.line.action == "add":
        number = 0
        for part in item.offering.bundled:
            for _ in range(part.default):
                number += 1
                yield _part(item, number, "add", part.offering, "", order)
    if item.line.action == "delete" and item.held is not None:
        for number, product in enumerate(item.held.bundles, 1):
            held = facts.get(product)
            if held is not None and held.status not in GONE:
                yield _part(item, number, "delete", held.offering, product, order)


def _part(item: Item, number: int, action: str, offering: str, product: str, order: str) -> Item:
    id = f"{item.line.id}.{number}"
    line = OrderLine(id, action, item.line.path, item.line.id, offering, product, "", {}, item.line.places, (), (), "", "delta")
    return Item(line, item, order)


def _check_parts(item: Item) -> None:
    if item.offering is None or item.line.action != "add":
        return
    parts = (*item.offering.bundled, *item.offering.optional)
    for child in item.children:
        if child.offering is not None and child.line.action == "add" and not any(part.offering == child.offering.id for part in parts):
            raise invalid(child.line, "productOffering", f"{child.offering.id!r} is not a part of {item.offering.id!r}")
    for part in parts:
        _check_count(item, part)


def _check_count(item: Item, part: Bundled) -> None:
    count = sum(1 for child in item.children if child.offering is not None and child.offering.id == part.offering)
    if not part.minimum <= count <= part.maximum and not any(child.missing for child in item.children):
        raise invalid(item.line, "productOrderItem", f"needs {part.minimum} to {part.maximum} {part.offering}, not {count}")


@record
class _Given:
    """The values that count for one item, before defaults."""

    values: dict[str, Any]
    defaults: bool


def _configure(item: Item, catalog: Catalog) -> None:
    specification = catalog.products.get(item.specification)
    if specification is None or item.line.action in ("delete", "noChange"):
        item.values = dict(item.held.values) if item.held else {}
        return
    known = {each.name: each for each in specification.characteristics}
    for name, value in item.line.characteristics.items():
        _check_value(item, name, value, known)
    item.values = _values(item, specification.characteristics, catalog)
    for each in specification.characteristics:
        if item.values.get(each.name) is None and catalog.compiled.condition(each.mandatory)(item.values):
            item.missing.append(f"{item.line.path}.product.productCharacteristic[{each.name}]")


def _check_value(item: Item, name: str, value: Any, known: dict[str, CharacteristicSpecification]) -> None:
    attribute = f"product.productCharacteristic[{name}]"
    if name not in known:
        raise invalid(item.line, attribute, f"is not a characteristic of {item.specification}")
    problem = known[name].problem(value) if value is not None else None
    if problem:
        raise invalid(item.line, attribute, problem)


def _values(item: Item, characteristics: Sequence[CharacteristicSpecification], catalog: Catalog) -> dict[str, Any]:
    line, held = item.line, item.held
    delta = held is not None and line.modify_mode != "full"
    values = {name: value for name, value in line.characteristics.items() if value is not None}
    if held is not None:
        ordered = {each.name for each in characteristics}
        kept = held.values if delta else {name: value for name, value in held.values.items() if name not in ordered}
        values = {**kept, **values}
    for each in characteristics:
        derived = isinstance(each.default, dict) and each.name not in line.characteristics
        if (values.get(each.name) is None and not delta) or (derived and delta):
            default = catalog.compiled.expression(each.default)(values)
            if default is not None:
                values[each.name] = default
    return values
