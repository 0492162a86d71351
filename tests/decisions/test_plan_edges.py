"""The edges of a plan: every kind of them, with and without a lag, when a product is built and when it is ended."""

from collections.abc import Iterable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import fallout
from domain.catalog import Catalog
from domain.product_order import ProductOrderDecomposed, ProductOrderStepReleased, ProductOrderStepScheduled, ReleaseStep, ScheduleStep
from domain.service_order import ActivationRequested
from domain.values import Rejected
from domain.verification import Verification
from domain.work_order import WorkOrderRequested
from schemas.catalog import catalog_from_document
from tests.decisions.given import NOW, given
from tests.decisions.world import InMemory, add, change

HOUR = 3600.0
MAST: dict[str, Any] = {
    "offerings": [{"id": "mast", "name": "Mast", "specification": "mast"}],
    "products": [
        {
            "id": "mast",
            "name": "Mast",
            "characteristics": [{"name": "switchDate"}],
            "children": [{"specification": "base"}, {"specification": "antenna"}],
        }
    ],
    "services": [
        {"id": "base", "name": "Base", "targetSystem": "crew", "tasks": [{"name": "dig"}, {"name": "pour"}]},
        {"id": "antenna", "name": "Antenna", "targetSystem": "radio", "tasks": [{"name": "reserve"}, {"name": "align"}]},
    ],
    "workOrders": [{"id": "visit", "name": "Visit", "targetSystem": "field", "products": ["mast"], "whenNew": "antenna"}],
}


def catalog(*dependencies: dict[str, Any], **changed: Any) -> Catalog:
    return catalog_from_document({**deepcopy(MAST), **changed, "version": "1", "dependencies": list(dependencies)})


def the_world(*dependencies: dict[str, Any], **changed: Any) -> InMemory:
    return InMemory(catalog(*dependencies, **changed), rebuild_each=True)


def sent(world: InMemory) -> list[str]:
    """What has been asked for so far, in the order in which it was."""
    names = []
    for event in (recorded.event for recorded in world.log):
        if isinstance(event, ActivationRequested):
            names.append(f"{event.request['service']['serviceSpecification']['id']}/{event.request['task']}")
        elif isinstance(event, WorkOrderRequested):
            names.append(event.request["workOrder"]["category"])
    return names


def answer_until_quiet(world: InMemory) -> list[str]:
    """Everybody answers at once; answers what was asked for meanwhile."""
    before = len(sent(world))
    while out := world.outstanding():
        world.answer(out[0][1], order=out[0][0])
    return sent(world)[before:]


# Every kind of edge: how the catalog says it, which task ends first, and which waits; then the same of a delete -------------------------
EDGES = {
    "finish→start": ("base", "antenna", "base/pour", "antenna/reserve", "antenna/reserve", "base/pour"),
    "milestone→start": ("base/dig", "antenna", "base/dig", "antenna/reserve", "antenna/reserve", "base/dig"),
    "finish→milestone": ("base", "antenna/align", "base/pour", "antenna/align", "antenna/align", "base/pour"),
    "milestone→milestone": ("base/dig", "antenna/align", "base/dig", "antenna/align", "antenna/align", "base/dig"),
}
every_edge = pytest.mark.parametrize("edge", EDGES.values(), ids=EDGES)


@every_edge
def test_an_edge_is_waited_for(edge: tuple[str, ...]) -> None:
    before, after, first, second, _, _ = edge
    world = the_world({"before": before, "after": after})
    world.order(add("1", "mast"))
    assert second not in asked_before_end_of(world, first)
    answer_until_quiet(world)
    assert second in sent(world)
    assert world.state("po-1").state == "completed"


@every_edge
def test_with_a_lag_it_is_waited_for_that_much_longer(edge: tuple[str, ...]) -> None:
    before, after, first, second, _, _ = edge
    world = the_world({"before": before, "after": after, "lag": HOUR})
    world.order(add("1", "mast"))
    assert second not in asked_before_end_of(world, first)
    assert second not in answer_until_quiet(world)
    (scheduled,) = world.events(ProductOrderStepScheduled)
    assert (world.task(scheduled.node).planned.name, scheduled.due) == (second.partition("/")[2], world.now + timedelta(hours=1))
    world.let_time_pass(HOUR - 1)
    assert second not in sent(world)
    world.let_time_pass(1)
    assert second in sent(world)
    answer_until_quiet(world)
    assert world.state("po-1").state == "completed"


@every_edge
def test_a_delete_runs_it_backwards(edge: tuple[str, ...]) -> None:
    before, after, _, _, first, second = edge
    world = built({"before": before, "after": after})
    world.order(change("1", "delete", "pr-1-1"))
    assert second not in asked_before_end_of(world, first)
    answer_until_quiet(world)
    assert world.state("po-2").state == "completed"


@every_edge
def test_with_a_lag_a_delete_takes_longer_too(edge: tuple[str, ...]) -> None:
    before, after, _, _, first, second = edge
    world = built({"before": before, "after": after, "lag": HOUR})
    world.order(change("1", "delete", "pr-1-1"))
    assert second not in asked_before_end_of(world, first)
    assert second not in answer_until_quiet(world)
    world.let_time_pass(HOUR)
    answer_until_quiet(world)
    assert world.state("po-2").state == "completed"


def built(*dependencies: dict[str, Any]) -> InMemory:
    """A customer has a mast."""
    world = the_world(*dependencies)
    world.order(add("1", "mast"))
    finish(world)
    assert world.state("po-1").state == "completed"
    return world


def asked_before_end_of(world: InMemory, name: str) -> list[str]:
    """All that is asked for in the present order until this task has been answered, and not more."""
    order = world.orders[-1]
    task = world.named(name, order)
    asked = requested_of(world, order)
    while world.task(task, order).state != "done":
        out = [each for each in world.outstanding() if each[0] == order]
        others = [each for each in out if each[1] != task] or out
        asked = requested_of(world, order)
        world.answer(others[0][1], order=order)
    return asked


def requested_of(world: InMemory, order: str) -> list[str]:
    events = [recorded.event for recorded in world.log if recorded.meta.order == order]
    requests = [event.request for event in events if isinstance(event, ActivationRequested)]
    return [f"{request['service']['serviceSpecification']['id']}/{request['task']}" for request in requests]


def finish(world: InMemory) -> None:
    """Everybody answers, and time passes wherever nobody is asked."""
    for _ in range(10):
        answer_until_quiet(world)
        world.let_time_pass(HOUR)


def test_of_two_lags_the_longer_counts() -> None:
    world = the_world(
        {"before": "base", "after": "antenna", "lag": HOUR},
        {"before": "base/pour", "after": "antenna/reserve", "lag": 2 * HOUR},
        {"before": "base/dig", "after": "antenna/reserve", "lag": 1.5 * HOUR},
    )
    world.order(add("1", "mast"))
    answer_until_quiet(world)
    assert [event.due for event in world.events(ProductOrderStepScheduled)] == [NOW + timedelta(hours=2)]


def test_a_visit_waits_for_a_lag_too_and_makes_others_wait() -> None:
    world = the_world({"before": "base", "after": "visit", "lag": HOUR}, {"before": "visit", "after": "antenna", "lag": HOUR})
    world.order(add("1", "mast"))
    assert answer_until_quiet(world) == ["base/pour"]
    world.let_time_pass(HOUR)
    assert sent(world)[-1] == "visit"
    answer_until_quiet(world)
    assert "antenna/reserve" not in sent(world)
    world.let_time_pass(HOUR)
    answer_until_quiet(world)
    assert world.state("po-1").state == "completed"


# Dates ----------------------------------------------------------------------------------------------------------------------------------
SWITCH = {"date": {"characteristic": "switchDate"}, "after": "antenna/align"}


@pytest.mark.parametrize(
    ("text", "lag", "due"),
    [
        ("2026-11-26T09:00:00Z", 0.0, datetime(2026, 11, 26, 9, tzinfo=UTC)),
        ("2026-11-26T10:00:00+01:00", 0.0, datetime(2026, 11, 26, 9, tzinfo=UTC)),
        ("2026-11-26", 0.0, datetime(2026, 11, 26, tzinfo=UTC)),
        ("2026-11-26T09:00:00Z", HOUR, datetime(2026, 11, 26, 10, tzinfo=UTC)),
    ],
)
def test_a_date_is_waited_for(text: str, lag: float, due: datetime) -> None:
    world = the_world({**SWITCH, "lag": lag})
    world.order(add("1", "mast", switchDate=text))
    assert "antenna/align" not in answer_until_quiet(world)
    (scheduled,) = world.events(ProductOrderStepScheduled)
    assert scheduled.due == due
    world.now = due - timedelta(seconds=1)
    world.let_time_pass(0)
    assert "antenna/align" not in sent(world)
    world.let_time_pass(1)
    assert sent(world)[-1] == "antenna/align"
    answer_until_quiet(world)
    assert world.state("po-1").state == "completed"


@pytest.mark.parametrize("values", [{}, {"switchDate": "2026-11-24"}], ids=["none", "past"])
def test_a_date_that_is_absent_or_past_is_not(values: dict[str, Any]) -> None:
    world = the_world(SWITCH)
    world.order(add("1", "mast", **values))
    answer_until_quiet(world)
    assert world.state("po-1").state == "completed"


def test_a_date_that_is_none_refuses_the_order() -> None:
    world = the_world(SWITCH)
    with pytest.raises(Rejected) as refused:
        world.order(add("1", "mast", switchDate="soon"))
    assert (refused.value.code, "which 'soon' is not" in refused.value.sentence) == ("invalid", True)


def test_a_date_holds_for_a_delete_as_well() -> None:
    world = the_world(SWITCH)
    world.order(add("1", "mast"))
    answer_until_quiet(world)
    world.order(change("1", "modify", "pr-1-1", switchDate="2026-11-27"))
    finish(world)
    world.order(change("1", "delete", "pr-1-1"))
    answer_until_quiet(world)
    assert [event.due for event in world.events(ProductOrderStepScheduled)] == [datetime(2026, 11, 27, tzinfo=UTC)]


def test_a_date_before_the_requested_start_gives_way_to_it() -> None:
    world = the_world({**SWITCH, "after": "antenna"})
    world.order(add("1", "mast", switchDate="2026-11-25T10:00:00Z"), start=NOW + timedelta(hours=2))
    world.let_time_pass(HOUR)
    assert sent(world) == []
    world.let_time_pass(HOUR)
    assert sent(world) == ["base/dig", "visit", "antenna/reserve"]


# Steps that wait are somebody's obligation, also when they are given up -------------------------------------------------------------------
def verified(world: InMemory) -> Iterable[str]:
    verification = Verification()
    for recorded in world.log:
        verification.learn(recorded)
    return [offender for invariant in verification.report() for offender in invariant.offenders]


def waiting() -> InMemory:
    """The antenna waits for a lag, and nobody else for anything."""
    world = the_world({"before": "base", "after": "antenna", "lag": HOUR}, {"before": "base", "after": "visit", "lag": HOUR})
    world.order(add("1", "mast"))
    answer_until_quiet(world)
    assert world.state("po-1").steps.keys() == {world.named("antenna/reserve"), "wo-1-1"}
    return world


def test_an_order_that_waits_for_a_moment_does_not_stall() -> None:
    assert verified(waiting()) == []


def test_steps_that_wait_end_with_a_cancel() -> None:
    world = waiting()
    world.cancel("po-1")
    assert world.state("po-1").steps == {}
    assert [event.withdrawn for event in world.events(ProductOrderStepReleased)] == [True, True]
    world.let_time_pass(2 * HOUR)
    world.complete_all()
    assert (world.state("po-1").state, [name for name in sent(world) if name.startswith("antenna")]) == ("cancelled", [])
    assert verified(world) == []


def test_what_comes_after_a_step_that_was_given_up_does_not_wait_for_its_lag() -> None:
    world = the_world({"before": "base/pour", "after": "antenna", "lag": HOUR})
    world.order(add("1", "mast"))
    world.answer(world.named("base/dig"))
    world.answer(world.named("base/pour"), "rejected")
    world.resolve(world.named("base/pour"), fallout.ABORT)
    assert world.events(ProductOrderStepScheduled) == []


# The decider ----------------------------------------------------------------------------------------------------------------------------
def order_with_a_step() -> tuple[Any, ...]:
    world = waiting()
    return tuple(recorded.event for recorded in world.log if recorded.stream == "po-1")


def test_a_step_is_scheduled_once() -> None:
    step = waiting().named("antenna/reserve")
    given(*order_with_a_step()).when(ScheduleStep("po-1", step, NOW)).then_nothing()


@pytest.mark.parametrize(("hours", "withdrawn", "released"), [(0, False, False), (1, False, True), (0, True, True)])
def test_a_step_is_released_at_its_moment_or_when_nobody_wants_it(hours: int, withdrawn: bool, released: bool) -> None:
    step = waiting().named("antenna/reserve")
    decided = given(*order_with_a_step()).at(NOW + timedelta(hours=hours)).when(ReleaseStep("po-1", step, withdrawn))
    decided.then(*([ProductOrderStepReleased(step, withdrawn)] if released else []))


def test_a_step_that_does_not_wait_is_not_released() -> None:
    given(*order_with_a_step()).when(ReleaseStep("po-1", "1.1.nothing", True)).then_nothing()


def test_the_plan_says_what_is_waited_for() -> None:
    world = the_world({"before": "base/dig", "after": "antenna", "lag": HOUR}, SWITCH)
    world.order(add("1", "mast", switchDate="2026-11-26"))
    (decomposed,) = world.events(ProductOrderDecomposed)
    (lag,) = decomposed.plan.lags
    assert (lag.before, lag.after, lag.seconds) == (world.named("base/dig"), world.named("antenna/reserve"), HOUR)
    assert [each.node for each in decomposed.plan.not_before] == [world.named("antenna/align")]
