"""The catalog: what can be sold, and the rules that turn a sold product into services, tasks and visits.

A `Catalog` is one published version, immutable and checked (`domain.catalog.check`); orders in flight stay on the version they
were acknowledged under (domain-rules 2.1).
"""

from collections.abc import Collection
from dataclasses import field
from datetime import datetime
from typing import Any

from domain.catalog.expression import Condition, Expression, compile_condition, compile_expression
from domain.record import record
from domain.values import Value, moment_of

SCOPES = ("item", "topItem", "order", "account", "site", "reliesOn")
VALUE_TYPES = ("string", "number", "boolean")
GROUPINGS = ("item", "targetSystem", "order")
MERGE_POLICIES = ("equal", "max", "union")
ORDERABLE = "Launched"
REJECT, QUEUE, MERGE = "reject", "queue", "merge"
WHEN_PENDING = (REJECT, QUEUE, MERGE)


@record
class CharacteristicSpecification:
    """One configurable property. `default` is an expression over the other characteristics, `mandatory` a condition; both as data (see
    `domain.catalog.expression`). `value_type` is string, number or boolean; `merge` says what happens when two parents want different values."""

    name: str
    value_type: str = "string"
    values: tuple[Value, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    default: Any = None
    mandatory: Any = False
    merge: str = "equal"

    def problem(self, value: Value) -> str | None:
        """What is wrong with `value`, as the end of a sentence; None when it is allowed."""
        if not _TYPES[self.value_type](value):
            return f"must be a {self.value_type}, not {value!r}"
        if self.values and value not in self.values:
            return f"must be one of {', '.join(map(_plain, self.values))}, not {_plain(value)}"
        if self.value_type == "number" and not _within(value, self.minimum, self.maximum):
            return f"must be {_bounds(self.minimum, self.maximum)}, not {_plain(value)}"
        return None


_TYPES = {
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
}


def _within(value: float, minimum: float | None, maximum: float | None) -> bool:
    return (minimum is None or value >= minimum) and (maximum is None or value <= maximum)


def _bounds(minimum: float | None, maximum: float | None) -> str:
    if maximum is None:
        return f"at least {_plain(minimum)}"
    return f"at most {_plain(maximum)}" if minimum is None else f"between {_plain(minimum)} and {_plain(maximum)}"


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


@record
class TimePeriod:
    """From when and until when something is valid, as the catalog writes it (ISO 8601); without an end it has none."""

    start_date_time: str | None = None
    end_date_time: str | None = None

    def problem(self, at: datetime) -> str | None:
        """Why a moment is not within it, as the end of a sentence; None when it is."""
        start, end = moment_of(self.start_date_time), moment_of(self.end_date_time)
        if start is not None and at < start:
            return f"is valid from {self.start_date_time} on"
        return f"was valid until {self.end_date_time}" if end is not None and at >= end else None


@record
class Bundled:
    """An offering that another one contains or may contain, `minimum`..`maximum` times; `default` of them when the order does not say."""

    offering: str
    minimum: int = 1
    maximum: int = 1
    default: int = 1


@record
class ProductOffering:
    """What is sold. A bundle lists `bundled` offerings and may have no specification of its own. `inside` names the offerings within which alone
    this one can be ordered; empty = on its own. `when_pending` says what becomes of an order for something that another open order is changing: it is
    refused, waits for that, or becomes part of it (domain-rules 2.8). `prices` and `term` are kept for the selling phase as they stand in the catalog."""

    id: str
    name: str
    version: str = "1.0"
    lifecycle_status: str = ORDERABLE
    specification: str = ""
    bundled: tuple[Bundled, ...] = ()
    optional: tuple[Bundled, ...] = ()
    inside: tuple[str, ...] = ()
    relies_on: tuple[str, ...] = ()
    feasibility: bool = False
    when_pending: str = "reject"
    prices: tuple[Any, ...] = ()
    term: Any = None
    valid_for: TimePeriod | None = None


@record
class Mapping:
    """Sets one characteristic of a child from an expression over its parent's."""

    target: str
    expression: Any


@record
class Child:
    """A decomposition rule: the parent needs `cardinality` instances of `specification` when `condition` holds.

    `id` names the rule in explanations. Without mappings for a characteristic the child takes the parent's value of the same name."""

    id: str
    specification: str
    condition: Any = True
    mandatory: bool = True
    cardinality: Any = 1
    minimum: int = 0
    maximum: int = 1000
    mappings: tuple[Mapping, ...] = ()


@record
class Enrichment:
    """Technical values that somebody of `group` adds to an order before it is planned, where it does not say them."""

    characteristics: tuple[str, ...]
    group: str


@record
class Approval:
    """An item for which the condition `when` holds is planned once somebody with this role has approved it."""

    role: str
    when: Any = True


@record
class ProductSpecification:
    """What a product is: its characteristics and the services that realise it. `point_of_no_return_closes` says what can no longer be
    changed once one of its tasks that is a point of no return has been dispatched: item, closure, bundle or order (domain-rules 4.4)."""

    id: str
    name: str
    version: str = "1.0"
    characteristics: tuple[CharacteristicSpecification, ...] = ()
    children: tuple[Child, ...] = ()
    valid_for: TimePeriod | None = None
    point_of_no_return_closes: str = "closure"
    enrichment: Enrichment | None = None
    approval: Approval | None = None


@record
class TaskSpecification:
    """One step of fulfilling a service.

    `kind` is automatic (one activation request) or manual (a person, `group`, with `form` values). `actions` are the service actions it is for.
    `answer_within` is seconds, None = the setting; `attempts` the budget; `retry_after` the pauses in seconds before the 2nd, 3rd… attempt (none = at once).
    `undo` says whether a completed task must be taken back when the order is; `target_system` overrides the distribution rules.
    """

    name: str
    kind: str = "automatic"
    actions: tuple[str, ...] = ("add", "modify", "delete")
    condition: Any = True
    target_system: str = ""
    point_of_no_return: bool = False
    answer_within: float | None = None
    attempts: int = 3
    retry_after: tuple[float, ...] = ()
    undo: bool = True
    group: str = ""
    form: tuple[str, ...] = ()
    duration: float = 0.0


@record
class ServiceSpecification:
    """A customer-facing (CFS) or resource-facing (RFS) service. `scope` says what one instance is shared by (domain-rules 2.4);
    `place_role` which place of the order item it stands at."""

    id: str
    name: str
    category: str = "RFS"
    version: str = "1.0"
    scope: str = "item"
    place_role: str = "installation"
    target_system: str = ""
    characteristics: tuple[CharacteristicSpecification, ...] = ()
    children: tuple[Child, ...] = ()
    tasks: tuple[TaskSpecification, ...] = ()
    resources: tuple[str, ...] = ()
    valid_for: TimePeriod | None = None


@record
class ResourceSpecification:
    """A physical or logical resource that a service may use (TMF634)."""

    id: str
    name: str
    version: str = "1.0"
    category: str = ""
    characteristics: tuple[CharacteristicSpecification, ...] = ()


@record
class Distribution:
    """Which target system gets the tasks of `specification`: the first rule that matches action and condition."""

    id: str
    specification: str
    target_system: str
    actions: tuple[str, ...] = ()
    condition: Any = True


@record
class WorkOrderTemplate:
    """A visit that products need. One visit per site (`place_role`) and order, when the service `when_new` is built by this order and the condition
    holds."""

    id: str
    name: str
    target_system: str
    products: tuple[str, ...]
    when_new: str
    condition: Any = True
    place_role: str = "installation"
    tasks: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    duration: float = 3600.0
    answer_within: float | None = None
    attempts: int = 3


@record
class Dependency:
    """`after` waits until `before` is finished, and then `lag` seconds more. Both are specifications or work-order templates, or tasks of them
    (`gpon-port/reserve`: the milestones of a service). With a `date`, an expression over the item's characteristics, there is no `before`: it is the
    date that is waited for (domain-rules 3.1)."""

    before: str = ""
    after: str = ""
    lag: float = 0.0
    date: Any = None


@record
class Catalog:
    """One published version of everything above, by id, with the rules compiled. `service_order_per` says what one service order is for: each item of
    the order, each target system, or the whole order."""

    version: str
    offerings: dict[str, ProductOffering]
    products: dict[str, ProductSpecification]
    services: dict[str, ServiceSpecification]
    resources: dict[str, ResourceSpecification]
    distributions: tuple[Distribution, ...] = ()
    work_orders: dict[str, WorkOrderTemplate] = field(default_factory=dict)
    dependencies: tuple[Dependency, ...] = ()
    service_order_per: str = "item"
    compiled: "Compiled" = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compiled", Compiled(self))


class Compiled:
    """The rules of a catalog as functions, compiled once at publish so that decomposing evaluates without parsing."""

    def __init__(self, catalog: Catalog) -> None:
        self._conditions: dict[int, Condition] = {}
        self._expressions: dict[int, Expression] = {}
        self._kept: list[Any] = []  # ids below stay unique only while their objects live
        self.lagging = tuple(each for each in catalog.dependencies if each.lag and each.date is None)
        self.dated = tuple(each for each in catalog.dependencies if each.date is not None)
        self.distributions: dict[str, tuple[Distribution, ...]] = {}
        # Services whose tasks, or who gets them, depend on what is ordered.
        self.choosing = {service.id for service in catalog.services.values() if any(task.condition is not True for task in service.tasks)}
        self.choosing.update(rule.specification for rule in catalog.distributions)
        self.periods = any(each.valid_for is not None for section in _dated_sections(catalog) for each in section)
        self.visits: dict[str, tuple[WorkOrderTemplate, ...]] = {}
        for rule in catalog.distributions:
            self.distributions[rule.specification] = (*self.distributions.get(rule.specification, ()), rule)
        for template in catalog.work_orders.values():
            for product in template.products:
                self.visits[product] = (*self.visits.get(product, ()), template)

    def condition(self, data: Any) -> Condition:
        """The compiled form of a condition that stands in this catalog."""
        found = self._conditions.get(id(data))
        if found is None:
            found = self._conditions[id(data)] = compile_condition(data)
            self._kept.append(data)
        return found

    def expression(self, data: Any) -> Expression:
        """The compiled form of an expression that stands in this catalog."""
        found = self._expressions.get(id(data))
        if found is None:
            found = self._expressions[id(data)] = compile_expression(data)
            self._kept.append(data)
        return found


def _dated_sections(catalog: Catalog) -> tuple[Collection[ProductOffering | ProductSpecification | ServiceSpecification], ...]:
    return catalog.offerings.values(), catalog.products.values(), catalog.services.values()
