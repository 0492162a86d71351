"""Jeopardy: an order that has a date to keep is told to be late as soon as it is known, and watched until it ends."""

from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain import fallout
from domain.jeopardy import CRITICAL, DAY, HIGH, LEVELS, LOW, MEDIUM, NORMAL, THRESHOLDS, level_of
from domain.processes.outlook import Outlook
from domain.product_order import (
    ProductOrderJeopardyAssessed,
    ProductOrderReviewed,
    ReportJeopardy,
    ReviewProductOrder,
)
from domain.recorded import Recorded
from domain.service_order import ActivationRequested
from domain.verification import Verification
from schemas.catalog import catalog_from_document
from tests.decisions.given import NOW, given
from tests.decisions.test_amendment import says
from tests.decisions.test_plan_edges import MAST
from tests.decisions.world import InMemory, add, sample

HOUR = timedelta(hours=1)


def the_world() -> InMemory:
    """Digging takes two hours, pouring one, the antenna's tasks an hour each after it; the visit two hours before the antenna is aligned."""
    document = deepcopy(MAST) | {"version": "1"}
    for service, durations in zip(document["services"], ((7200, 3600), (3600, 3600)), strict=True):
        for task, duration in zip(service["tasks"], durations, strict=True):
            task["duration"] = duration
    document["workOrders"][0] |= {"duration": 7200, "answerWithin": 1e7}
    for service in document["services"]:
        for task in service["tasks"]:
            task["answerWithin"] = 1e7
    document["dependencies"] = [{"before": "base", "after": "antenna"}, {"before": "visit", "after": "antenna/align"}]
    return InMemory(catalog_from_document(document), rebuild_each=True)


def ordered(hours: float | None, **also: Any) -> InMemory:
    """A mast that is to be ready so many hours from now; it takes five."""
    world = the_world()
    world.order(add("1", "mast"), completion=None if hours is None else NOW + hours * HOUR, **also)
    return world


def told(world: InMemory) -> list[str]:
    """The levels, one after the other."""
    return [event.level for event in world.events(ProductOrderJeopardyAssessed)]


def last(world: InMemory) -> ProductOrderJeopardyAssessed:
    found: ProductOrderJeopardyAssessed = world.events(ProductOrderJeopardyAssessed)[-1]
    return found


def pass_hours(world: InMemory, hours: float) -> None:
    """Time passes, and every review that is due by then is held in its turn."""
    end = world.now + hours * HOUR
    while (review := world.state("po-1").review) is not None and review <= end:
        world.let_time_pass((review - world.now).total_seconds())
    world.let_time_pass((end - world.now).total_seconds())


# Levels ---------------------------------------------------------------------------------------------------------------------------------
def test_the_level_grows_with_the_delay() -> None:
    for level, below, above in zip(LEVELS, (-1e9, *THRESHOLDS), (*THRESHOLDS, 1e9), strict=True):
        assert (level_of(below + 1), level_of(above)) == (level, level)


# When the plan is made ----------------------------------------------------------------------------------------------------------------
def test_an_order_without_a_date_is_not_watched() -> None:
    world = ordered(None)
    pass_hours(world, 100)
    assert told(world) == []


@pytest.mark.parametrize(
    ("hours", "level"), [(6, NORMAL), (5, NORMAL), (4.5, LOW), (3, MEDIUM), (-25, HIGH), (-80, CRITICAL)], ids=lambda value: str(value)
)
def test_a_date_that_cannot_be_kept_is_told_at_once_and_the_work_starts_now(hours: float, level: str) -> None:
    world = ordered(hours)
    assert told(world) == [level]
    assessed = last(world)
    assert (assessed.was, assessed.expected, assessed.at) == ("", NOW + 5 * HOUR, NOW)
    assert assessed.critical == tuple(world.named(name) for name in ("base/dig", "base/pour", "antenna/reserve", "antenna/align"))
    assert world.events(ActivationRequested)


def test_the_requested_start_stays_a_floor_also_when_the_date_cannot_be_kept_then() -> None:
    world = ordered(6, start=NOW + 3 * HOUR)
    assert (told(world), last(world).expected) == ([MEDIUM], NOW + 8 * HOUR)
    assert world.events(ActivationRequested) == []


# When time passes -----------------------------------------------------------------------------------------------------------------------
def test_an_order_in_which_nothing_happens_is_late_once_its_slack_is_used_up() -> None:
    world = ordered(7)
    assert last(world).review == NOW + 4 * HOUR + timedelta(seconds=1)  # digging has to end by then
    pass_hours(world, 4)
    assert told(world) == [NORMAL]
    pass_hours(world, 0.1)
    assert told(world) == [NORMAL, LOW]
    pass_hours(world, 80)
    assert told(world) == [NORMAL, LOW, MEDIUM, HIGH, CRITICAL]


def test_one_that_goes_its_way_is_only_looked_at_where_it_could_be_late() -> None:
    world = ordered(8)
    for name in ("base/dig", "base/pour", "antenna/reserve"):
        pass_hours(world, 1)
        world.answer(world.named(name))
    world.complete_all()
    assert (told(world), world.state("po-1").state) == ([NORMAL], "completed")
    pass_hours(world, 1000)
    assert (told(world), len(world.events(ProductOrderReviewed))) == ([NORMAL], 0)


def test_a_review_that_finds_things_well_says_when_the_next_one_is() -> None:
    world = ordered(8)
    pass_hours(world, 3)
    world.answer(world.named("base/dig"))
    pass_hours(world, 2.5)
    assert (told(world), last(world).review) == ([NORMAL, NORMAL], NOW + 6 * HOUR + timedelta(seconds=1))
    assert len(world.events(ProductOrderReviewed)) == 1


def test_what_is_overdue_is_looked_at_every_day_as_long_as_it_is_open() -> None:
    world = ordered(-80)
    pass_hours(world, 24 * 10 + 1)
    assert len(told(world)) == 11
    assert last(world).review - last(world).at == timedelta(seconds=DAY)
    assert verified(world) == []


def verified(world: InMemory) -> list[str]:
    verification = Verification()
    for recorded in world.log:
        verification.learn(recorded)
    return [offender for invariant in verification.report() for offender in invariant.offenders]


def test_an_order_that_nobody_looks_at_again_is_found_in_the_log() -> None:
    world = ordered(-80)
    end = world.log[-1]
    version = sum(1 for recorded in world.log if recorded.stream == "po-1") + 1
    world.log.append(Recorded(end.position + 1, "po-1", version, ProductOrderReviewed(), end.meta))
    assert verified(world) == ["po-1: is critical and will not be looked at again"]


def test_an_order_that_waits_for_its_customer_is_late_too() -> None:
    world = the_world()
    world.order({"id": "1", "action": "add"}, completion=NOW + 2 * HOUR)
    assert (world.state("po-1").state, told(world)) == ("pending", [NORMAL])
    pass_hours(world, 2.1)
    assert told(world) == [NORMAL, LOW]


# Appointments ---------------------------------------------------------------------------------------------------------------------------
def test_an_appointment_that_is_moved_moves_what_is_behind_it() -> None:
    world = ordered(30)
    for day, level in ((1, NORMAL), (2, MEDIUM), (4, HIGH), (1, NORMAL)):
        world.appoint("wo-1-1", NOW + day * 24 * HOUR)
        assert (last(world).level, last(world).expected) == (level, NOW + (day * 24 + 3) * HOUR)
        assert last(world).critical == ("wo-1-1", world.named("antenna/align"))
    assert [event.was for event in world.events(ProductOrderJeopardyAssessed)] == ["", NORMAL, NORMAL, MEDIUM, HIGH]


def test_the_same_appointment_again_tells_nothing_new() -> None:
    world = ordered(30)
    world.appoint("wo-1-1", NOW + 24 * HOUR)
    world.appoint("wo-1-1", NOW + 24 * HOUR)
    assert told(world) == [NORMAL, NORMAL]


# Amendments -----------------------------------------------------------------------------------------------------------------------------
def test_what_an_amendment_adds_counts_from_now_on() -> None:
    world = ordered(7)
    pass_hours(world, 2)
    world.amend("po-1", add("2", "mast", site="site-2"))
    assert (last(world).level, last(world).expected) == (NORMAL, NOW + 7 * HOUR)
    pass_hours(world, 2.1)  # both should have been dug by now
    assert told(world)[-1] == LOW


def test_a_step_that_runs_while_it_is_amended_is_expected_again() -> None:
    world = InMemory(sample(), rebuild_each=True)
    world.order(add("1", "fibre-broadband"), completion=NOW + 7 * HOUR)
    reserve = world.named("gpon-port/reserve")
    world.amend("po-1", says("1", downstream=1000))
    for _ in range(3):  # the answer to what was asked before, its undoing, and the same once more are all the same step
        outlook = Outlook()
        for recorded in world.log:
            outlook.learn(recorded)
        found = outlook.forecast(world.now)
        assert found is not None
        if reserve not in found.nodes:
            break
        world.answer(reserve)
    assert world.task(reserve).decision > 1
    assert world.named("gpon-port/configure") in [task for _, task in world.outstanding()]


# Relief ---------------------------------------------------------------------------------------------------------------------------------
def test_what_is_quicker_than_expected_makes_up_for_it() -> None:
    world = ordered(4.5)
    pass_hours(world, 0.2)
    world.answer(world.named("base/dig"))
    assert (told(world), last(world).expected) == ([LOW, NORMAL], NOW + 3.2 * HOUR)


def test_in_an_order_of_many_steps_it_is_looked_at_once_a_minute_at_most() -> None:
    world = ordered(1)
    world.answer(world.named("base/dig"))
    assert told(world) == [MEDIUM]
    world.let_time_pass(60)
    world.answer(world.named("base/dig"), "rejected", key=world.task(world.named("base/dig")).key)
    assert told(world) == [MEDIUM]  # an answer that changes nothing tells nothing either
    world.answer(world.named("base/pour"))
    assert told(world) == [MEDIUM, MEDIUM]


# The end --------------------------------------------------------------------------------------------------------------------------------
def test_an_order_that_is_cancelled_is_not_watched_any_more() -> None:
    world = ordered(7)
    world.cancel("po-1")
    pass_hours(world, 100)
    world.complete_all()
    assert (told(world), world.state("po-1").state) == ([NORMAL], "cancelled")
    assert verified(world) == []


def test_what_an_operator_gives_up_is_waited_for_no_longer() -> None:
    world = ordered(7)
    world.answer(world.named("base/dig"), "rejected")
    world.resolve(world.named("base/dig"), fallout.ABORT)
    world.complete_all()
    pass_hours(world, 100)
    assert (told(world), world.state("po-1").state) == ([NORMAL], "failed")


# The decider ----------------------------------------------------------------------------------------------------------------------------
def history(world: InMemory) -> tuple[Any, ...]:
    return tuple(recorded.event for recorded in world.log if recorded.stream == "po-1")


@pytest.mark.parametrize(("after", "events"), [(-1, ()), (0, (ProductOrderReviewed(),))])
def test_an_order_is_reviewed_when_that_is_due(after: int, events: tuple[Any, ...]) -> None:
    world = ordered(7)
    at: datetime = last(world).review + timedelta(seconds=after)
    given(*history(world)).at(at).when(ReviewProductOrder("po-1")).then(*events)


def test_a_jeopardy_that_is_as_it_was_is_not_told_again() -> None:
    world = ordered(7)
    known = last(world)
    report = ReportJeopardy("po-1", known.level, known.expected, known.requested, known.critical, known.review)
    given(*history(world)).when(report).then_nothing()
    later = ReportJeopardy("po-1", HIGH, known.expected, known.requested, (), known.review)
    given(*history(world)).when(later).then(
        ProductOrderJeopardyAssessed(HIGH, NORMAL, known.expected, known.requested, (), known.review, NOW)
    )


def test_an_order_at_its_end_is_late_no_more() -> None:
    world = ordered(7)
    world.complete_all()
    given(*history(world)).when(ReportJeopardy("po-1", HIGH, NOW, NOW, (), NOW)).then_nothing()
