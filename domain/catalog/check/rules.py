"""The rules of a catalog, each with what it can read: conditions, defaults, mappings, cardinalities, prices."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from domain.catalog import Catalog, CharacteristicSpecification, Child, Dependency, ProductOffering, ServiceSpecification
from domain.catalog.check.circles import circles
from domain.catalog.check.grammar import Fits, Rule, fits, problems_of
from domain.catalog.check.problem import Problem, Problems
from domain.catalog.check.reach import Reach, Readable
from domain.catalog.check.words import ACTIONS
from domain.catalog.expression import characteristics_of
from domain.values import moment_of


def rule_problems(catalog: Catalog) -> Problems:
    """What is wrong with every rule by itself, with the order of defaults, and with the type of what is handed down."""
    reach = Reach(catalog)
    for rule in _rules(catalog, reach):
        yield from problems_of(rule)
    for product in catalog.products.values():
        yield from _default_order(f"products[{product.id}]", product.characteristics, {})
    for service in catalog.services.values():
        yield from _default_order(f"services[{service.id}]", service.characteristics, reach.given_to(service.id))
        yield from _handed_down(service, reach)


def _rules(catalog: Catalog, reach: Reach) -> Iterator[Rule]:
    for offering in catalog.offerings.values():
        yield from _prices(offering, catalog)
    for product in catalog.products.values():
        path, whose = f"products[{product.id}]", f"product {product.id!r}"
        readable = reach.by_children(path)
        yield from _characteristics(path, product.characteristics, readable, whose)
        yield from _children(path, product.children, readable, whose, catalog)
        if product.approval is not None:
            yield Rule(f"{path}.approval.when", product.approval.when, readable, whose, True, True)
    for service in catalog.services.values():
        yield from _service(service, catalog, reach)
    for number, dependency in enumerate(catalog.dependencies):
        if dependency.date is not None:
            yield _date(f"dependencies[{number}].date", dependency, catalog, reach)
    for rule in catalog.distributions:
        if rule.specification in catalog.services:
            whose = f"{rule.specification!r} or its product"
            yield Rule(
                f"distributions[{rule.id}].condition",
                rule.condition,
                reach.by_tasks(rule.specification),
                whose,
                True,
                True,
                None,
                rule.actions or ACTIONS,
            )
    for template in catalog.work_orders.values():
        known = reach.by_products(each for each in template.products if each in catalog.products)
        yield Rule(f"workOrders[{template.id}].condition", template.condition, known, "the products that need the visit", True, True)


def _service(service: ServiceSpecification, catalog: Catalog, reach: Reach) -> Iterator[Rule]:
    path, whose = f"services[{service.id}]", f"{service.id!r} or what it is part of"
    readable = reach.by_children(path)
    yield from _characteristics(path, service.characteristics, readable, whose)
    yield from _children(path, service.children, readable, whose, catalog)
    for number, task in enumerate(service.tasks):
        own = f"{service.id!r} or its product"
        yield Rule(f"{path}.tasks[{number}].condition", task.condition, reach.by_tasks(service.id), own, True, True, None, task.actions)


def _characteristics(path: str, characteristics: Sequence[CharacteristicSpecification], readable: Readable, whose: str) -> Iterator[Rule]:
    for number, each in enumerate(characteristics):
        below = f"{path}.characteristics[{number}]"
        yield Rule(f"{below}.default", each.default, readable, whose, fits=fits(each))
        yield Rule(f"{below}.mandatory", each.mandatory, readable, whose, is_condition=True)


def _children(path: str, children: Iterable[Child], readable: Readable, whose: str, catalog: Catalog) -> Iterator[Rule]:
    for number, child in enumerate(children):
        below = f"{path}.children[{number}]"
        yield Rule(f"{below}.condition", child.condition, readable, whose, True, True)
        yield Rule(f"{below}.cardinality", child.cardinality, readable, whose, fits=_counts(child))
        specification = catalog.services.get(child.specification)
        wanted = {each.name: each for each in specification.characteristics} if specification else {}
        for position, mapping in enumerate(child.mappings):
            target = wanted.get(mapping.target)
            yield Rule(
                f"{below}.mappings[{position}].expression", mapping.expression, readable, whose, fits=fits(target) if target else None
            )


def _counts(child: Child) -> Fits:
    """How many there are of a child: a whole number within the bounds of its rule (domain-rules 2.3)."""

    def problem(count: Any) -> str | None:
        if not isinstance(count, int) or isinstance(count, bool):
            return f"must be a whole number, not {count!r}"
        if not child.minimum <= count <= child.maximum:
            return f"must be between {child.minimum} and {child.maximum}, not {count}"
        return None

    return problem


def _date(path: str, dependency: Dependency, catalog: Catalog, reach: Reach) -> Rule:
    """What a dependency on a date reads: what the service that waits carries, or the products that a visit is for."""
    id = dependency.after.partition("/")[0]
    if id in catalog.services:
        readable: Readable = reach.by_tasks(id)
    else:
        template = catalog.work_orders.get(id)
        readable = reach.by_products([each for each in template.products if each in catalog.products] if template else [])
    return Rule(path, dependency.date, readable, f"{id!r} or its product", fits=_is_date)


def _is_date(value: Any) -> str | None:
    return None if moment_of(value) is not None else f"must be a date or a date with a time, such as 2026-12-01T09:00:00Z, not {value!r}"


def _prices(offering: ProductOffering, catalog: Catalog) -> Iterator[Rule]:
    product = catalog.products.get(offering.specification)
    readable = {each.name: (each,) for each in product.characteristics} if product else {}
    for number, price in enumerate(offering.prices):
        path, whose = f"offerings[{offering.id}].prices[{number}]", f"product {offering.specification!r}" if product else "the bundle"
        if not isinstance(price, Mapping):
            continue
        if "condition" in price:
            yield Rule(f"{path}.condition", price["condition"], readable, whose, True, True)
        yield from (
            Rule(f"{path}.{word}", price[word], readable, whose) for word in ("amount", "per") if isinstance(price.get(word), Mapping)
        )


# ---- defaults build on each other, from the first to the last


def _default_order(path: str, characteristics: Sequence[CharacteristicSpecification], given: Readable) -> Problems:
    """A default can use what the customer said or the parent gave, and the defaults above it."""
    places = {each.name: number for number, each in enumerate(characteristics)}
    reads = {each.name: [name for name in sorted(characteristics_of(each.default)) if name in places] for each in characteristics}
    in_circle: set[str] = set()
    for circle in circles(reads):
        in_circle.update(circle)
        message = f"builds on itself: {' → '.join((*circle, circle[0]))}"
        yield Problem(f"{path}.characteristics[{places[circle[0]]}].default", message)
    for name, others in reads.items():
        for other in others:
            late = places[other] > places[name] and characteristics[places[other]].default is not None and other not in given
            if late and not in_circle.issuperset((name, other)):
                message = f"reads {other!r}, whose default comes after it: list {other!r} first"
                yield Problem(f"{path}.characteristics[{places[name]}].default", message)


# ---- a value keeps its type on the way down


def _handed_down(service: ServiceSpecification, reach: Reach) -> Problems:
    """A characteristic gets the parent's value of the same name, or of the name that a mapping copies: of the same type, else it is a mistake."""
    for parent in reach.parents[service.id]:
        readable = reach.by_rule(parent)
        mapped = {each.target: (f"{parent.path}.mappings[{n}].expression", each.expression) for n, each in enumerate(parent.rule.mappings)}
        for each in service.characteristics:
            path, expression = mapped.get(each.name, (parent.path, {"characteristic": each.name}))
            if not isinstance(expression, Mapping) or list(expression) != ["characteristic"]:
                continue
            types = {source.value_type for source in _sources(expression, readable)}
            if types and each.value_type not in types:
                message = f"gives {service.id!r} a {min(types)} for {each.name!r}, which is a {each.value_type}"
                yield Problem(path, message)


def _sources(expression: Mapping[str, Any], readable: Readable) -> tuple[CharacteristicSpecification, ...]:
    name = expression["characteristic"]
    return readable.get(name, ()) if isinstance(name, str) else ()
