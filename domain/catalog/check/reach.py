"""What the rules of a catalog can read, and which services a product can come to need."""

from collections.abc import Iterable, Mapping
from functools import cached_property

from domain.catalog import Catalog, CharacteristicSpecification, Child
from domain.record import record

# What can be read, by name. One name has several specifications where several ancestors carry it.
Readable = Mapping[str, tuple[CharacteristicSpecification, ...]]


@record
class Parent:
    """One place where a service is needed: `path` of the child rule, the rule, and the paths of all that it can read."""

    path: str
    rule: Child
    holders: frozenset[str]


class Reach:
    """The catalog seen from below: products and services by what leads to them."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    @cached_property
    def services_of(self) -> dict[str, frozenset[str]]:
        """The services that each product can need, at any depth."""
        return {product.id: self._below(product.children) for product in self._catalog.products.values()}

    @cached_property
    def products_of(self) -> dict[str, tuple[str, ...]]:
        """The products that can need each service."""
        found: dict[str, list[str]] = {service: [] for service in self._catalog.services}
        for product, services in self.services_of.items():
            for service in sorted(services):
                found[service].append(product)
        return {service: tuple(products) for service, products in found.items()}

    def _below(self, children: Iterable[Child]) -> frozenset[str]:
        found: set[str] = set()
        todo = list(children)
        while todo:
            id = todo.pop().specification
            if id not in found and id in self._catalog.services:
                found.add(id)
                todo.extend(self._catalog.services[id].children)
        return frozenset(found)

    @cached_property
    def _carried(self) -> dict[str, frozenset[str]]:
        """For the path of each service those of the products and services above it, at any distance, and its own."""
        above = {service: {f"services[{service}]"} for service in self._catalog.services}
        for product, services in self.services_of.items():
            for service in services:
                above[service].add(f"products[{product}]")
        for parent in self._catalog.services.values():
            for below in self._below(parent.children):
                above[below].add(f"services[{parent.id}]")
        return {f"services[{service}]": frozenset(paths) for service, paths in above.items()}

    @cached_property
    def _characteristics(self) -> dict[str, tuple[CharacteristicSpecification, ...]]:
        products = {f"products[{each.id}]": each.characteristics for each in self._catalog.products.values()}
        return products | {f"services[{each.id}]": each.characteristics for each in self._catalog.services.values()}

    def by_children(self, holder: str) -> Readable:
        """What the child rules of a product or service (by its path) can read: all that it and everything above it carries."""
        return self._readable(self._holders(holder))

    def by_tasks(self, service: str) -> Readable:
        """What the tasks and the distribution of a service can read: its own characteristics and those of the product."""
        return self._readable([f"services[{service}]", *(f"products[{product}]" for product in self.products_of[service])])

    def by_products(self, products: Iterable[str]) -> Readable:
        """What the products themselves carry."""
        return self._readable([f"products[{product}]" for product in products])

    def given_to(self, service: str) -> Readable:
        """What a service can be given from above."""
        return self._readable(frozenset[str]().union(*(parent.holders for parent in self.parents[service])))

    def by_rule(self, parent: Parent) -> Readable:
        """What one child rule can read."""
        return self._readable(parent.holders)

    def _holders(self, holder: str) -> frozenset[str]:
        return self._carried.get(holder, frozenset((holder,)))

    def _readable(self, holders: Iterable[str]) -> Readable:
        found: dict[str, tuple[CharacteristicSpecification, ...]] = {}
        for holder in sorted(holders):
            for each in self._characteristics[holder]:
                found[each.name] = (*found.get(each.name, ()), each)
        return found

    @cached_property
    def parents(self) -> dict[str, list[Parent]]:
        """The child rules that ask for each service."""
        found: dict[str, list[Parent]] = {service: [] for service in self._catalog.services}
        for product in self._catalog.products.values():
            self._note(found, f"products[{product.id}]", product.children)
        for service in self._catalog.services.values():
            self._note(found, f"services[{service.id}]", service.children)
        return found

    def _note(self, found: dict[str, list[Parent]], holder: str, children: Iterable[Child]) -> None:
        for number, child in enumerate(children):
            if child.specification in found:
                found[child.specification].append(Parent(f"{holder}.children[{number}]", child, self._holders(holder)))
