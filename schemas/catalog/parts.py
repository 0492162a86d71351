"""The shape of a catalog file: every key that may stand in it, with its default. What each means: docs/catalog.md."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel

from domain import catalog as domain

SECTIONS = ("offerings", "products", "services", "resources", "distributions", "workOrders", "dependencies")

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]+$")]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else value


# One number is a pause that never changes: the last of a list counts for every attempt after it.
Pauses = Annotated[list[float], BeforeValidator(_as_list)]


class Part(BaseModel):
    """A part of the file: camelCase keys, none that we do not know, and no number where a string belongs or the other way round."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True, allow_inf_nan=False)


class CharacteristicSpecification(Part):
    name: str
    value_type: str = "string"
    values: list[Any] = []
    minimum: float | None = None
    maximum: float | None = None
    default: Any = None
    mandatory: Any = False
    merge: str = "equal"


class TimePeriod(Part):
    start_date_time: str | None = None
    end_date_time: str | None = None


class Bundled(Part):
    offering: str
    minimum: int = 1
    maximum: int = 1
    default: int = 1


class ProductOffering(Part):
    id: Id
    name: str
    version: str = "1.0"
    lifecycle_status: str = domain.ORDERABLE
    specification: str = ""
    bundled: list[Bundled] = []
    optional: list[Bundled] = []
    inside: list[str] = []
    relies_on: list[str] = []
    feasibility: bool = False
    when_pending: str = "reject"
    prices: list[Any] = []
    term: Any = None
    valid_for: TimePeriod | None = None


class Mapping(Part):
    target: str
    expression: Any


class Child(Part):
    id: str = ""
    specification: str
    condition: Any = True
    mandatory: bool = True
    cardinality: Any = 1
    minimum: int = 0
    maximum: int = 1000
    mappings: list[Mapping] = []


class Enrichment(Part):
    characteristics: list[str]
    group: str


class Approval(Part):
    role: str
    when: Any = True


class ProductSpecification(Part):
    id: Id
    name: str
    version: str = "1.0"
    characteristics: list[CharacteristicSpecification] = []
    children: list[Child] = []
    valid_for: TimePeriod | None = None
    point_of_no_return_closes: str = "closure"
    enrichment: Enrichment | None = None
    approval: Approval | None = None


class TaskSpecification(Part):
    name: Id
    kind: str = "automatic"
    actions: list[str] = ["add", "modify", "delete"]
    condition: Any = True
    target_system: str = ""
    point_of_no_return: bool = False
    answer_within: float | None = None
    attempts: int = 3
    retry_after: Pauses = []
    undo: bool = True
    group: str = ""
    form: list[str] = []
    duration: float = 0.0


class ServiceSpecification(Part):
    id: Id
    name: str
    category: str = "RFS"
    version: str = "1.0"
    scope: str = "item"
    place_role: str = "installation"
    target_system: str = ""
    characteristics: list[CharacteristicSpecification] = []
    children: list[Child] = []
    tasks: list[TaskSpecification] | None = None
    resources: list[str] = []
    valid_for: TimePeriod | None = None


class ResourceSpecification(Part):
    id: Id
    name: str
    version: str = "1.0"
    category: str = ""
    characteristics: list[CharacteristicSpecification] = []


class Distribution(Part):
    id: Id
    specification: str
    target_system: str
    actions: list[str] = []
    condition: Any = True


class WorkOrderTemplate(Part):
    id: Id
    name: str
    target_system: str
    products: list[str]
    when_new: str
    condition: Any = True
    place_role: str = "installation"
    tasks: list[str] = []
    skills: list[str] = []
    duration: float = 3600.0
    answer_within: float | None = None
    attempts: int = 3


class Dependency(Part):
    before: str = ""
    after: str
    lag: float = 0.0
    date: Any = None


class CatalogFile(Part):
    """The whole file. Every section is a list, so that its order survives any JSON."""

    version: str | None = None
    effective: str | None = None
    service_order_per: str = "item"
    offerings: list[ProductOffering] = []
    products: list[ProductSpecification] = []
    services: list[ServiceSpecification] = []
    resources: list[ResourceSpecification] = []
    distributions: list[Distribution] = []
    work_orders: list[WorkOrderTemplate] = []
    dependencies: list[Dependency] = []
