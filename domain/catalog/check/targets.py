"""Where tasks go: every automatic task needs a target system, and every distribution rule must have a chance (domain-rules 2.11)."""

from domain.catalog import Catalog, Distribution, ServiceSpecification
from domain.catalog.check.problem import Problem, Problems


def target_problems(catalog: Catalog) -> Problems:
    """Tasks that nobody would get, and distribution rules that another one always precedes."""
    rules: dict[str, list[Distribution]] = {}
    for rule in catalog.distributions:
        for earlier in rules.get(rule.specification, ()):
            if _covers(earlier, rule):
                yield Problem(f"distributions[{rule.id}]", f"is never reached: {earlier.id!r} stands before it and takes all that it would")
                break
        rules.setdefault(rule.specification, []).append(rule)
    for service in catalog.services.values():
        yield from _homeless(service, rules.get(service.id, []))


def _covers(earlier: Distribution, later: Distribution) -> bool:
    every_action = not earlier.actions or (bool(later.actions) and set(later.actions) <= set(earlier.actions))
    return every_action and (earlier.condition is True or earlier.condition == later.condition)


def _homeless(service: ServiceSpecification, rules: list[Distribution]) -> Problems:
    for number, task in enumerate(service.tasks):
        if task.kind != "automatic" or task.target_system or service.target_system:
            continue
        for action in task.actions:
            if not any(not rule.actions or action in rule.actions for rule in rules):
                message = f"has no target system for {action!r}: name one here, at the service or in a distribution rule"
                yield Problem(f"services[{service.id}].tasks[{number}]", message)
                break
