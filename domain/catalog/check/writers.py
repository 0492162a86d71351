"""Values that several rules write: two rules that can ask for one instance, and give it different values for certain (domain-rules 2.2)."""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.catalog import Catalog, ServiceSpecification
from domain.catalog.check.problem import Problem, Problems
from domain.catalog.check.reach import Parent, Reach

AGREE = "equal"  # the merge policy that refuses an order whose parents disagree


def writer_problems(catalog: Catalog) -> Problems:
    """Constants for one characteristic of one instance that contradict each other, at the later of the two rules."""
    reach = Reach(catalog)
    for service in catalog.services.values():
        strict = frozenset(each.name for each in service.characteristics if each.merge == AGREE)
        first: dict[tuple[str, str, str], tuple[str, Any]] = {}
        for parent in reach.parents[service.id]:
            for name, here, value in _constants(parent, strict):
                there, other = first.setdefault((*_instance(service, parent), name), (here, value))
                if value != other:
                    message = f"is {value!r}, and {there} is {other!r}: both write {name!r} of one {service.id!r}, which has no merge policy for it"
                    yield Problem(here, message)


def _instance(service: ServiceSpecification, parent: Parent) -> tuple[str, str]:
    """What is the same for rules that can be about one instance at once: a shared one has any parent, and conditions may be there to keep rules apart."""
    holder = parent.path.rpartition(".")[0] if service.scope == "item" else ""
    return holder, repr(parent.rule.condition)


def _constants(parent: Parent, names: frozenset[str]) -> Iterator[tuple[str, str, Any]]:
    for number, mapping in enumerate(parent.rule.mappings):
        if mapping.target in names and not isinstance(mapping.expression, Mapping):
            yield mapping.target, f"{parent.path}.mappings[{number}].expression", mapping.expression
