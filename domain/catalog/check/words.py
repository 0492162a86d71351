"""Words of the catalog that come from closed lists, and numbers that have bounds."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from domain.catalog import (
    GROUPINGS,
    MERGE_POLICIES,
    SCOPES,
    VALUE_TYPES,
    WHEN_PENDING,
    Bundled,
    Catalog,
    CharacteristicSpecification,
    Child,
    Dependency,
    ProductOffering,
    ProductSpecification,
    ServiceSpecification,
    TaskSpecification,
    TimePeriod,
    WorkOrderTemplate,
)
from domain.catalog.check.problem import Problem, Problems
from domain.catalog.expression import INPUTS
from domain.plan import CLOSES
from domain.values import moment_of

LIFE_CYCLE = ("In Study", "In Design", "In Test", "Active", "Launched", "Retired", "Obsolete", "Rejected")
CATEGORIES = ("CFS", "RFS")
KINDS = ("automatic", "manual")
ACTIONS = ("add", "modify", "delete")
TEN_YEARS = 3653 * 24 * 3600


def word_problems(catalog: Catalog) -> Problems:
    """Everything that can be said of a value without looking at another part of the catalog."""
    yield from _one_of("serviceOrderPer", catalog.service_order_per, GROUPINGS)
    for offering in catalog.offerings.values():
        yield from _offering(f"offerings[{offering.id}]", offering)
    for product in catalog.products.values():
        path = f"products[{product.id}]"
        yield from _validity(path, product.valid_for)
        yield from _characteristics(path, product.characteristics)
        yield from _children(path, product.children)
        yield from _policies(path, product)
        yield from _one_of(f"{path}.pointOfNoReturnCloses", product.point_of_no_return_closes, CLOSES)
    for service in catalog.services.values():
        yield from _service(f"services[{service.id}]", service)
    for resource in catalog.resources.values():
        yield from _characteristics(f"resources[{resource.id}]", resource.characteristics)
    for rule in catalog.distributions:
        yield from _words(f"distributions[{rule.id}].actions", rule.actions, ACTIONS)
        yield from _filled(f"distributions[{rule.id}].targetSystem", rule.target_system)
    for template in catalog.work_orders.values():
        yield from _template(f"workOrders[{template.id}]", template)
    for number, dependency in enumerate(catalog.dependencies):
        yield from _dependency(f"dependencies[{number}]", dependency)


def _offering(path: str, offering: ProductOffering) -> Problems:
    yield from _one_of(f"{path}.lifecycleStatus", offering.lifecycle_status, LIFE_CYCLE)
    yield from _validity(path, offering.valid_for)
    yield from _one_of(f"{path}.whenPending", offering.when_pending, WHEN_PENDING)
    parts = {f"{path}.bundled[{n}]": part for n, part in enumerate(offering.bundled)}
    parts |= {f"{path}.optional[{n}]": part for n, part in enumerate(offering.optional)}
    for place, part in parts.items():
        yield from _part(place, part)
    yield from _no_repeats([(place, part.offering) for place, part in parts.items()], "the offering")
    if not offering.specification and not offering.bundled:
        yield Problem(path, "sells nothing: it has neither a specification nor bundled offerings")


def _validity(path: str, period: TimePeriod | None) -> Problems:
    ends = {"startDateTime": period.start_date_time, "endDateTime": period.end_date_time} if period is not None else {}
    for name, text in ends.items():
        if text is not None and moment_of(text) is None:
            yield Problem(f"{path}.validFor.{name}", f"is not a time: {text!r}")
    start, end = map(moment_of, ends.values()) if ends else (None, None)
    if start is not None and end is not None and end <= start:
        yield Problem(f"{path}.validFor.endDateTime", "does not come after startDateTime")


def _part(path: str, part: Bundled) -> Problems:
    yield from _range(path, part.minimum, part.maximum)
    if not part.minimum <= part.default <= part.maximum:
        yield Problem(f"{path}.default", f"must be between {part.minimum} and {part.maximum}, not {part.default}")


def _policies(path: str, product: ProductSpecification) -> Problems:
    if product.enrichment is not None:
        yield from _filled(f"{path}.enrichment.group", product.enrichment.group, "somebody has to be asked for the values")
        yield from _once(f"{path}.enrichment.characteristics", product.enrichment.characteristics, "the characteristic")
        if not product.enrichment.characteristics:
            yield Problem(f"{path}.enrichment.characteristics", "is empty: say what is to be added")
    if product.approval is not None:
        yield from _filled(f"{path}.approval.role", product.approval.role, "somebody has to approve")


def _service(path: str, service: ServiceSpecification) -> Problems:
    yield from _one_of(f"{path}.category", service.category, CATEGORIES)
    yield from _validity(path, service.valid_for)
    yield from _one_of(f"{path}.scope", service.scope, SCOPES)
    yield from _filled(f"{path}.placeRole", service.place_role)
    yield from _characteristics(path, service.characteristics)
    yield from _children(path, service.children)
    yield from _once(f"{path}.tasks", [task.name for task in service.tasks], "the task")
    for number, task in enumerate(service.tasks):
        yield from _task(f"{path}.tasks[{number}]", task)


def _task(path: str, task: TaskSpecification) -> Problems:
    yield from _one_of(f"{path}.kind", task.kind, KINDS)
    yield from _words(f"{path}.actions", task.actions, ACTIONS)
    if not task.actions:
        yield Problem(f"{path}.actions", f"is empty: say for which of {', '.join(ACTIONS)} the task is")
    if task.kind == "manual":
        yield from _filled(f"{path}.group", task.group, "a manual task needs the group that does it")
    yield from _asked(path, task.attempts, task.answer_within)
    for number, pause in enumerate(task.retry_after):
        yield from _at_least(f"{path}.retryAfter[{number}]", pause, 0)
    yield from _seconds(f"{path}.duration", task.duration)


def _template(path: str, template: WorkOrderTemplate) -> Problems:
    yield from _filled(f"{path}.targetSystem", template.target_system)
    yield from _filled(f"{path}.placeRole", template.place_role)
    if not template.products:
        yield Problem(f"{path}.products", "is empty: say which products need the visit")
    yield from _asked(path, template.attempts, template.answer_within)
    yield from _seconds(f"{path}.duration", template.duration)


def _dependency(path: str, dependency: Dependency) -> Problems:
    yield from _seconds(f"{path}.lag", dependency.lag)
    if dependency.date is None and not dependency.before:
        yield Problem(path, f"says neither before nor date, so there is nothing that {dependency.after!r} waits for")
    elif dependency.date is not None and dependency.before:
        yield Problem(path, "has both before and date: what waits for two things is written as two dependencies")


def _asked(path: str, attempts: int, answer_within: float | None) -> Problems:
    yield from _at_least(f"{path}.attempts", attempts, 1)
    if answer_within is not None and answer_within <= 0:
        yield Problem(f"{path}.answerWithin", f"must be more than 0 seconds, not {answer_within:g}")


def _children(path: str, children: Sequence[Child]) -> Problems:
    yield from _once(f"{path}.children", [child.id for child in children], "the rule")
    for number, child in enumerate(children):
        below = f"{path}.children[{number}]"
        yield from _range(below, child.minimum, child.maximum)
        yield from _once(f"{below}.mappings", [each.target for each in child.mappings], "the target")


def _characteristics(path: str, characteristics: Sequence[CharacteristicSpecification]) -> Problems:
    yield from _once(f"{path}.characteristics", [each.name for each in characteristics], "the characteristic")
    for number, each in enumerate(characteristics):
        yield from _characteristic(f"{path}.characteristics[{number}]", each)


def _characteristic(path: str, each: CharacteristicSpecification) -> Problems:
    yield from _filled(f"{path}.name", each.name)
    if each.name in INPUTS:
        yield Problem(f"{path}.name", f"must not be {each.name!r}: rules know the order's own {each.name} under that name")
    yield from _one_of(f"{path}.valueType", each.value_type, VALUE_TYPES)
    yield from _one_of(f"{path}.merge", each.merge, MERGE_POLICIES)
    bounded = each.minimum is not None or each.maximum is not None
    if bounded and each.value_type != "number":
        yield Problem(path, f"has a minimum or maximum, which only a number can have, not a {each.value_type}")
    elif each.minimum is not None and each.maximum is not None and each.minimum > each.maximum:
        yield Problem(f"{path}.minimum", f"is {each.minimum:g}, more than the maximum of {each.maximum:g}")
    elif each.value_type in VALUE_TYPES:
        for number, value in enumerate(each.values):
            if problem := each.problem(value):
                yield Problem(f"{path}.values[{number}]", problem)


# ---- one value


def _one_of(path: str, word: str, words: Collection[str]) -> Problems:
    if word not in words:
        yield Problem(path, f"must be one of {', '.join(words)}, not {word!r}")


def _words(path: str, given: Iterable[str], words: Collection[str]) -> Problems:
    for number, word in enumerate(given):
        yield from _one_of(f"{path}[{number}]", word, words)


def _filled(path: str, text: str, why: str = "") -> Problems:
    if not text.strip():
        yield Problem(path, f"is empty: {why}" if why else "must not be empty")


def _at_least(path: str, number: float, least: int) -> Problems:
    if number < least:
        yield Problem(path, f"must be at least {least}, not {number:g}")


def _seconds(path: str, number: float) -> Problems:
    """How long something takes or waits: what takes longer than ten years was not meant in seconds."""
    yield from _at_least(path, number, 0)
    if number > TEN_YEARS:
        yield Problem(path, f"must be at most {TEN_YEARS} seconds (ten years), not {number:g}")


def _range(path: str, minimum: int, maximum: int) -> Problems:
    yield from _at_least(f"{path}.minimum", minimum, 0)
    yield from _at_least(f"{path}.maximum", maximum, 1)
    if minimum > maximum >= 1:
        yield Problem(f"{path}.minimum", f"is {minimum}, more than the maximum of {maximum}")


def _once(path: str, names: Sequence[str], what: str) -> Problems:
    yield from _no_repeats([(f"{path}[{number}]", name) for number, name in enumerate(names)], what)


def _no_repeats(places: Sequence[tuple[str, str]], what: str) -> Problems:
    """A name that stands at several places is a problem at the last of them."""
    last = {name: path for path, name in places}
    for name, count in Counter(name for _, name in places).items():
        if count > 1:
            yield Problem(last[name], f"has {what} {name!r} {count} times")
