"""What changed between two catalogs."""

from dataclasses import replace

from domain.catalog import Catalog, Dependency, TaskSpecification
from domain.catalog.difference import Change, difference
from schemas.catalog import load_catalog

SAMPLE = load_catalog("sample")


def with_tasks(service: str, tasks: tuple[TaskSpecification, ...]) -> Catalog:
    return replace(SAMPLE, services={**SAMPLE.services, service: replace(SAMPLE.services[service], tasks=tasks)})


def test_a_catalog_does_not_differ_from_itself() -> None:
    assert difference(SAMPLE, load_catalog("sample")) == ()


def test_an_entry_that_is_new_or_gone_is_named_with_what_it_is() -> None:
    without = replace(SAMPLE, offerings={id: each for id, each in SAMPLE.offerings.items() if id != "tv"})
    assert difference(SAMPLE, without) == (Change("offerings[tv]", "removed", SAMPLE.offerings["tv"], None),)
    assert difference(without, SAMPLE) == (Change("offerings[tv]", "added", None, SAMPLE.offerings["tv"]),)


def test_a_value_deep_within_is_named_by_the_keys_on_the_way() -> None:
    reserve, configure = SAMPLE.services["gpon-port"].tasks
    changed = with_tasks("gpon-port", (reserve, replace(configure, answer_within=60.0)))
    assert difference(SAMPLE, changed) == (Change("services[gpon-port].tasks[configure].answerWithin", "changed", None, 60.0),)


def test_a_task_put_before_the_others_is_one_addition() -> None:
    check = TaskSpecification("check")
    changed = with_tasks("gpon-port", (check, *SAMPLE.services["gpon-port"].tasks))
    assert difference(SAMPLE, changed) == (Change("services[gpon-port].tasks[check]", "added", None, check),)


def test_tasks_in_another_order_are_a_change_for_they_follow_each_other() -> None:
    changed = with_tasks("gpon-port", SAMPLE.services["gpon-port"].tasks[::-1])
    assert difference(SAMPLE, changed) == (
        Change("services[gpon-port].tasks", "reordered", ("reserve", "configure"), ("configure", "reserve")),
    )


def test_entries_in_another_order_are_the_same_catalog() -> None:
    assert difference(SAMPLE, replace(SAMPLE, services=dict(reversed(SAMPLE.services.items())))) == ()


def test_the_first_of_anything_is_an_addition() -> None:
    bare = with_tasks("gpon-port", ())
    reserve, configure = SAMPLE.services["gpon-port"].tasks
    assert difference(bare, SAMPLE) == (
        Change("services[gpon-port].tasks[configure]", "added", None, configure),
        Change("services[gpon-port].tasks[reserve]", "added", None, reserve),
    )


def test_rules_change_as_a_whole_and_versions_are_compared() -> None:
    changed = replace(SAMPLE, version="2", dependencies=(*SAMPLE.dependencies, Dependency("evc", "nid-a")))
    assert difference(SAMPLE, changed) == (
        Change("version", "changed", "1.0", "2"),
        Change("dependencies[evc → nid-a]", "added", None, Dependency("evc", "nid-a")),
    )


def test_changes_come_in_the_order_of_sections_and_keys() -> None:
    services = {**SAMPLE.services, "aaa": SAMPLE.services["evc"]}
    del services["tv-service"], services["gpon-port"]
    changed = replace(SAMPLE, offerings={**SAMPLE.offerings, "tv": replace(SAMPLE.offerings["tv"], name="Television")}, services=services)
    paths = [change.path for change in difference(SAMPLE, changed)]
    assert paths == ["offerings[tv].name", "services[aaa]", "services[gpon-port]", "services[tv-service]"]
