"""The steps of each service, and who takes them."""

from typing import Any

from domain.catalog import Catalog, Distribution, TaskSpecification
from domain.decomposition.drafts import ServiceDraft
from domain.decomposition.order import Order
from domain.plan import PlannedTask


def tasks_of(draft: ServiceDraft, catalog: Catalog, order: Order, answer_within: float) -> tuple[PlannedTask, ...]:
    """The steps for the action. To suspend or resume a service asks its target systems only: what people do, and what nothing can take back, is done
    once for a service and not again [choice]."""
    steps = draft.specification.tasks
    if not steps:
        return ()
    inputs = _inputs(draft, order) if draft.specification.id in catalog.compiled.choosing else {}
    if draft.only_state:
        steps = tuple([each for each in steps if each.kind == "automatic" and not each.point_of_no_return])
    tasks = tuple(
        [
            _task(draft, each, catalog, inputs, answer_within)
            for each in steps
            if draft.action in each.actions and (each.condition is True or catalog.compiled.condition(each.condition)(inputs))
        ]
    )
    return tasks[::-1] if draft.action == "delete" else tasks


def _task(draft: ServiceDraft, task: TaskSpecification, catalog: Catalog, inputs: dict[str, Any], answer_within: float) -> PlannedTask:
    return PlannedTask(
        f"{draft.number}.{draft.item}.{task.name}",
        task.name,
        draft.action,
        task.kind,
        "" if task.kind == "manual" else task.target_system or _target(draft, catalog, inputs),
        _answer_within(task, answer_within),
        task.attempts,
        task.retry_after,
        task.point_of_no_return,
        task.undo,
        task.group,
        task.form,
        task.duration,
        "modify" in task.actions,
    )


def _answer_within(task: TaskSpecification, otherwise: float) -> float:
    """The setting is how long target systems take; people have time unless the catalog says how much."""
    if task.answer_within is None:
        return otherwise if task.kind == "automatic" else 0.0
    return task.answer_within


def _inputs(draft: ServiceDraft, order: Order) -> dict[str, Any]:
    site = draft.places[0].id if draft.places else None
    return {**draft.owner.values, **draft.values, **order.inputs(draft.action, site)}


def target_of(draft: ServiceDraft, catalog: Catalog, order: Order) -> str:
    """Who works on a service: the target system of the service, else of its first task; empty when nobody does."""
    steps = [task.target_system for task in draft.specification.tasks if task.target_system and draft.action in task.actions]
    return _target(draft, catalog, _inputs(draft, order)) or next(iter(steps), "")


def _target(draft: ServiceDraft, catalog: Catalog, inputs: dict[str, Any]) -> str:
    rule = distribution_of(draft.specification.id, draft.action, inputs, catalog)
    return rule.target_system if rule is not None else draft.specification.target_system


def distribution_of(specification: str, action: str, inputs: dict[str, Any], catalog: Catalog) -> Distribution | None:
    """The first distribution rule that fits (domain-rules 2.11); without one the specification's own target system counts."""
    for rule in catalog.compiled.distributions.get(specification, ()):
        if (not rule.actions or action in rule.actions) and catalog.compiled.condition(rule.condition)(inputs):
            return rule
    return None
