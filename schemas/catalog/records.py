"""From the parts of a catalog file to the records of the domain."""

from typing import Any

from domain import catalog as domain
from schemas.catalog.parts import (
    Approval,
    Bundled,
    CatalogFile,
    CharacteristicSpecification,
    Child,
    Dependency,
    Distribution,
    Enrichment,
    Mapping,
    Part,
    ProductOffering,
    ProductSpecification,
    ResourceSpecification,
    ServiceSpecification,
    TaskSpecification,
    TimePeriod,
    WorkOrderTemplate,
)

_RECORDS: dict[type[Part], Any] = {
    CharacteristicSpecification: domain.CharacteristicSpecification,
    Bundled: domain.Bundled,
    ProductOffering: domain.ProductOffering,
    Mapping: domain.Mapping,
    Child: domain.Child,
    Enrichment: domain.Enrichment,
    Approval: domain.Approval,
    ProductSpecification: domain.ProductSpecification,
    TaskSpecification: domain.TaskSpecification,
    ServiceSpecification: domain.ServiceSpecification,
    ResourceSpecification: domain.ResourceSpecification,
    Distribution: domain.Distribution,
    WorkOrderTemplate: domain.WorkOrderTemplate,
    Dependency: domain.Dependency,
    TimePeriod: domain.TimePeriod,
}


def as_catalog(file: CatalogFile, version: str) -> domain.Catalog:
    distributed = {rule.specification for rule in file.distributions}
    for service in file.services:
        if service.tasks is None:
            reached = service.target_system or service.id in distributed
            service.tasks = [TaskSpecification(name="activate")] if reached else []
    return domain.Catalog(
        version=version,
        service_order_per=file.service_order_per,
        offerings={each.id: _record(each) for each in file.offerings},
        products={each.id: _record(each) for each in file.products},
        services={each.id: _record(each) for each in file.services},
        resources={each.id: _record(each) for each in file.resources},
        distributions=tuple(map(_record, file.distributions)),
        work_orders={each.id: _record(each) for each in file.work_orders},
        dependencies=tuple(map(_record, file.dependencies)),
    )


def _record(part: Part) -> Any:
    fields = {name: _plain(getattr(part, name), field.annotation) for name, field in type(part).model_fields.items()}
    if isinstance(part, Child) and not part.id:
        fields["id"] = part.specification
    return _RECORDS[type(part)](**fields)


def _plain(value: Any, annotation: Any) -> Any:
    """Lists become tuples, except within rules, which are kept as the data that they are."""
    if isinstance(value, Part):
        return _record(value)
    if annotation is Any or not isinstance(value, list):
        return value
    return tuple(_record(each) if isinstance(each, Part) else each for each in value)
