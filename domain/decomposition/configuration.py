"""The characteristics of an item: what the order says, what the product has, and what the catalog defaults to."""

from collections.abc import Iterator, Sequence
from typing import Any

from domain.catalog import Catalog, CharacteristicSpecification
from domain.decomposition.item import Item
from domain.order_document import invalid


def configure(item: Item, catalog: Catalog) -> None:
    """Values from the order, the install base and the defaults; what is mandatory and still absent is listed as missing."""
    specification = catalog.products.get(item.specification)
    if specification is not None:
        item.closes = specification.point_of_no_return_closes
    if specification is None or item.status or item.line.action in ("delete", "noChange"):
        item.values = dict(item.held.values) if item.held else {}
        return
    given, characteristics = item.line.characteristics, specification.characteristics
    if given:
        known = {each.name: each for each in characteristics}
        for name, value in given.items():
            _check_value(item, f"product.productCharacteristic[{name}]", name, value, known)
    item.values = _values(item, characteristics, catalog)
    for name in _absent(item, characteristics, catalog):
        item.missing.append(f"{item.line.path}.product.productCharacteristic[{name}]")


def configure_service(
    item: Item, own: Sequence[CharacteristicSpecification], parts: Sequence[CharacteristicSpecification], catalog: Catalog
) -> None:
    """The same for an item that orders a service: it takes its own characteristics and those of its `parts`. Raises Rejected for what is mandatory and
    absent, because nobody is asked for it later."""
    known = {each.name: each for each in (*parts, *own)}
    for name, value in item.line.characteristics.items():
        _check_value(item, f"service.serviceCharacteristic[{name}]", name, value, known)
    item.values = _values(item, own, catalog)
    for name in _absent(item, own, catalog):
        raise invalid(item.line, f"service.serviceCharacteristic[{name}]", "is mandatory")


def _absent(item: Item, characteristics: Sequence[CharacteristicSpecification], catalog: Catalog) -> Iterator[str]:
    """What is mandatory and has no value."""
    for each in characteristics:
        if each.mandatory is not False and item.values.get(each.name) is None and catalog.compiled.condition(each.mandatory)(item.values):
            yield each.name


def said(values: dict[str, Any], characteristics: Sequence[CharacteristicSpecification], catalog: Catalog) -> dict[str, Any]:
    """Those of an item's values that are not what the catalog defaults to."""
    defaults = {each.name: _default(each, values, catalog) for each in characteristics}
    return {name: value for name, value in values.items() if defaults.get(name) != value}


def _default(each: CharacteristicSpecification, values: dict[str, Any], catalog: Catalog) -> Any:
    return catalog.compiled.expression(each.default)(values) if isinstance(each.default, dict) else each.default


def _check_value(item: Item, attribute: str, name: str, value: Any, known: dict[str, CharacteristicSpecification]) -> None:
    if name not in known:
        raise invalid(item.line, attribute, f"is not a characteristic of {item.specification}")
    problem = known[name].problem(value) if value is not None else None
    if problem:
        raise invalid(item.line, attribute, problem)


def _values(item: Item, characteristics: Sequence[CharacteristicSpecification], catalog: Catalog) -> dict[str, Any]:
    line, held = item.line, item.held
    values = {name: value for name, value in line.characteristics.items() if value is not None}
    if held is None:
        return _with_defaults(values, characteristics, catalog)
    if line.modify_mode == "full":
        ordered = {each.name for each in characteristics}
        kept = {name: value for name, value in held.values.items() if name not in ordered}
        return _with_defaults({**kept, **values}, characteristics, catalog)
    return {**held.values, **values}  # what a delta does not name is unchanged, also what was once derived from others (domain-rules 2.7)


def _with_defaults(values: dict[str, Any], characteristics: Sequence[CharacteristicSpecification], catalog: Catalog) -> dict[str, Any]:
    for each in characteristics:
        if each.default is not None and values.get(each.name) is None:
            default = catalog.compiled.expression(each.default)(values) if isinstance(each.default, dict) else each.default
            if default is not None:
                values[each.name] = default
    return values
