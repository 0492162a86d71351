"""Catalogs as small as a test needs them: one product, made of what the test says."""

from typing import Any

from domain.catalog import (
    Bundled,
    Catalog,
    CharacteristicSpecification,
    Child,
    ProductOffering,
    ProductSpecification,
    ServiceSpecification,
    TaskSpecification,
)
from tests.decisions.world import InMemory

ONE_TASK = (TaskSpecification("activate"),)


def number(name: str, **changed: Any) -> CharacteristicSpecification:
    return CharacteristicSpecification(name, "number", **changed)


def word(name: str, **changed: Any) -> CharacteristicSpecification:
    return CharacteristicSpecification(name, **changed)


def service(id: str, *characteristics: CharacteristicSpecification, **changed: Any) -> ServiceSpecification:
    return ServiceSpecification(id, id, target_system="network", characteristics=characteristics, tasks=ONE_TASK, **changed)


def world_of(
    services: list[ServiceSpecification],
    children: list[Child],
    characteristics: list[CharacteristicSpecification] | None = None,
    bundled: tuple[Bundled, ...] = (),
    rebuild_each: bool = True,
) -> InMemory:
    """A world that sells `thing`, and `pack`, a bundle of two of them."""
    product = ProductSpecification("thing", "Thing", characteristics=tuple(characteristics or ()), children=tuple(children))
    offerings = {
        "thing": ProductOffering("thing", "Thing", specification="thing", optional=bundled),
        "pack": ProductOffering("pack", "Pack", bundled=(Bundled("thing", 2, 2, 2),)),
    }
    catalog = Catalog("1.0", offerings, {"thing": product}, {each.id: each for each in services}, {})
    return InMemory(catalog, rebuild_each)
