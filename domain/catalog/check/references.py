"""Names in a catalog that stand for another part of it: each must be there."""

from collections.abc import Iterable, Mapping
from typing import Any

from domain.catalog import Catalog, Child, Dependency, ProductOffering, ProductSpecification, WorkOrderTemplate
from domain.catalog.check.problem import Problem, Problems


def reference_problems(catalog: Catalog) -> Problems:
    """Every reference to what is not in the catalog."""
    for offering in catalog.offerings.values():
        yield from _offering(offering, catalog)
    for product in catalog.products.values():
        yield from _children(f"products[{product.id}]", product.children, catalog)
        yield from _enrichment(product)
    for service in catalog.services.values():
        yield from _children(f"services[{service.id}]", service.children, catalog)
        yield from _all_known(f"services[{service.id}].resources", service.resources, catalog.resources, "resource")
    for rule in catalog.distributions:
        yield from _known(f"distributions[{rule.id}].specification", rule.specification, catalog.services, "service")
    for template in catalog.work_orders.values():
        yield from _template(template, catalog)
    for number, dependency in enumerate(catalog.dependencies):
        yield from _dependency(f"dependencies[{number}]", dependency, catalog)


def _offering(offering: ProductOffering, catalog: Catalog) -> Problems:
    path = f"offerings[{offering.id}]"
    if offering.specification:
        yield from _known(f"{path}.specification", offering.specification, catalog.products, "product")
    for name, parts in (("bundled", offering.bundled), ("optional", offering.optional)):
        for number, part in enumerate(parts):
            yield from _known(f"{path}.{name}[{number}].offering", part.offering, catalog.offerings, "offering")
    yield from _all_known(f"{path}.reliesOn", offering.relies_on, catalog.offerings, "offering")
    yield from _all_known(f"{path}.inside", offering.inside, catalog.offerings, "offering")
    for number, around in enumerate(offering.inside):
        whole = catalog.offerings.get(around)
        if whole is not None and all(part.offering != offering.id for part in (*whole.bundled, *whole.optional)):
            yield Problem(f"{path}.inside[{number}]", f"names {around!r}, which lists {offering.id!r} neither as bundled nor as optional")


def _children(path: str, children: Iterable[Child], catalog: Catalog) -> Problems:
    for number, child in enumerate(children):
        below = f"{path}.children[{number}]"
        yield from _known(f"{below}.specification", child.specification, catalog.services, "service")
        specification = catalog.services.get(child.specification)
        if specification is None:
            continue
        carried = {each.name for each in specification.characteristics}
        for position, mapping in enumerate(child.mappings):
            if mapping.target not in carried:
                message = f"is {mapping.target!r}, which is not a characteristic of {child.specification!r}"
                yield Problem(f"{below}.mappings[{position}].target", message)


def _enrichment(product: ProductSpecification) -> Problems:
    """Values that are added to an order are characteristics of the product."""
    known = {each.name for each in product.characteristics}
    for number, name in enumerate(product.enrichment.characteristics if product.enrichment is not None else ()):
        if name not in known:
            message = f"is {name!r}, which is not a characteristic of {product.id!r}"
            yield Problem(f"products[{product.id}].enrichment.characteristics[{number}]", message)


def _template(template: WorkOrderTemplate, catalog: Catalog) -> Problems:
    path = f"workOrders[{template.id}]"
    if template.id in catalog.services:
        yield Problem(f"{path}.id", f"is the id of a service too: a dependency on {template.id!r} could mean either")
    yield from _all_known(f"{path}.products", template.products, catalog.products, "product")
    yield from _known(f"{path}.whenNew", template.when_new, catalog.services, "service")


def _dependency(path: str, dependency: Dependency, catalog: Catalog) -> Problems:
    if dependency.before == dependency.after:
        yield Problem(path, f"makes {dependency.before!r} wait for itself")
    if dependency.before:
        yield from _end(f"{path}.before", dependency.before, catalog)
    yield from _end(f"{path}.after", dependency.after, catalog)


def _end(path: str, end: str, catalog: Catalog) -> Problems:
    id, separator, task = end.partition("/")
    service = catalog.services.get(id)
    if service is None and id not in catalog.work_orders:
        yield Problem(path, f"names {id!r}, which is neither a service nor a work order of this catalog")
    elif separator and service is None:
        yield Problem(path, f"names the task {task!r} of a work order, which is waited for as a whole")
    elif separator and service is not None and all(each.name != task for each in service.tasks):
        yield Problem(path, f"names {task!r}, which is not a task of {id!r}")


def _all_known(path: str, ids: Iterable[str], section: Mapping[str, Any], kind: str) -> Problems:
    for number, id in enumerate(ids):
        yield from _known(f"{path}[{number}]", id, section, kind)


def _known(path: str, id: str, section: Mapping[str, Any], kind: str) -> Problems:
    if id not in section:
        article = "an" if kind[0] in "aeiou" else "a"
        yield Problem(path, f"names {id!r}, which is not {article} {kind} of this catalog")
