"""What a catalog holds in vain: parts that no order can come to."""

from domain.catalog import Catalog, Dependency
from domain.catalog.check.problem import Problem, Problems
from domain.catalog.check.reach import Reach


def use_problems(catalog: Catalog) -> Problems:
    """Products that no offering sells, services that no product needs, and rules about what never comes together."""
    reach = Reach(catalog)
    sold = {offering.specification for offering in catalog.offerings.values()}
    for product in catalog.products.values():
        if product.id not in sold:
            yield Problem(f"products[{product.id}]", "is sold by no offering")
    for service, products in reach.products_of.items():
        if not products:
            yield Problem(f"services[{service}]", "is needed by no product")
    used = {resource for service in catalog.services.values() for resource in service.resources}
    for resource in catalog.resources:
        if resource not in used:
            yield Problem(f"resources[{resource}]", "is used by no service")
    yield from _visits(catalog, reach)
    yield from _dependencies(catalog, reach)


def _visits(catalog: Catalog, reach: Reach) -> Problems:
    for template in catalog.work_orders.values():
        for number, product in enumerate(template.products):
            known = product in reach.services_of and template.when_new in catalog.services
            if known and template.when_new not in reach.services_of[product]:
                message = f"names {product!r}, which never needs {template.when_new!r} and so never the visit"
                yield Problem(f"workOrders[{template.id}].products[{number}]", message)


def _dependencies(catalog: Catalog, reach: Reach) -> Problems:
    for number, dependency in enumerate(catalog.dependencies):
        before, after = (_products(end, catalog, reach) for end in _ends(dependency))
        if before and after and not before & after:
            message = f"never applies: no product has both {dependency.before!r} and {dependency.after!r}"
            yield Problem(f"dependencies[{number}]", message)


def _ends(dependency: Dependency) -> tuple[str, str]:
    """Both ends; a date concerns whatever waits for it."""
    return (dependency.before or dependency.after).partition("/")[0], dependency.after.partition("/")[0]


def _products(id: str, catalog: Catalog, reach: Reach) -> set[str]:
    template = catalog.work_orders.get(id)
    return {*reach.products_of.get(id, ()), *(template.products if template else ())}
