"""The two passes over a plan: when each step is expected, when at the latest, and what decides the end."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.plan import Lag, NotBefore, Plan
from domain.schedule import Forecast, Network, Standing, forecast, moment
from tests.decisions.made import item, service, task, visit
from tests.examples import examples

HOUR = 3600.0
BEGIN = 1_800_000_000.0


def plan(durations: dict[str, float], *edges: tuple[Any, ...], dates: dict[str, float] | None = None) -> Plan:
    """Tasks by their durations in hours, edges with a lag in hours as their third, dates in hours from the beginning."""
    tasks = [task(f"1.1.{name}", duration=hours * HOUR) for name, hours in durations.items()]
    pairs = tuple((f"1.1.{edge[0]}", f"1.1.{edge[1]}") for edge in edges)
    lags = tuple(Lag(f"1.1.{edge[0]}", f"1.1.{edge[1]}", edge[2] * HOUR) for edge in edges if len(edge) > 2)
    not_before = tuple(NotBefore(f"1.1.{name}", moment(BEGIN + hours * HOUR)) for name, hours in (dates or {}).items())
    return Plan((item(),), (service("1", *tasks),), (), pairs, lags, not_before)


def foreseen(planned: Plan, standing: Standing | None = None, now: float = 0.0, until: float | None = None) -> Forecast:
    """As of so many hours after the beginning."""
    return forecast(Network(planned), standing or Standing(), BEGIN + now * HOUR, None if until is None else BEGIN + until * HOUR)


def hours(seconds: float) -> float:
    return (seconds - BEGIN) / HOUR


def ahead(found: Forecast) -> dict[str, tuple[float, float]]:
    return {node.rpartition(".")[2]: (hours(each.start), hours(each.finish)) for node, each in found.nodes.items()}


def latest(found: Forecast) -> dict[str, tuple[float, float]]:
    return {node.rpartition(".")[2]: (hours(each.latest_start), each.slack / HOUR) for node, each in found.nodes.items()}


# dig 2h → pour 1h, three hours to dry, → mast 4h; antenna 1h → mast
MAST = plan({"dig": 2, "pour": 1, "antenna": 1, "mast": 4}, ("dig", "pour"), ("pour", "mast", 3), ("antenna", "mast"))


def test_each_step_is_expected_as_soon_as_what_it_waits_for_allows() -> None:
    found = foreseen(MAST)
    assert ahead(found) == {"dig": (0, 2), "pour": (2, 3), "antenna": (0, 1), "mast": (6, 10)}
    assert (hours(found.finish), found.lead_time / HOUR) == (10, 10)
    assert found.critical == ("1.1.dig", "1.1.pour", "1.1.mast")


def test_each_step_may_start_as_late_as_the_date_allows() -> None:
    found = foreseen(MAST, until=12)
    assert latest(found) == {"dig": (2, 2), "pour": (4, 2), "antenna": (7, 7), "mast": (8, 2)}
    assert (found.risk / HOUR, hours(found.turns_late)) == (-2, 2)


def test_a_date_that_cannot_be_kept_has_been_too_late_from_the_beginning() -> None:
    found = foreseen(MAST, until=9)
    assert latest(found)["dig"] == (-1, -1)
    assert found.risk / HOUR == 1


def test_without_a_date_what_decides_the_end_has_no_slack() -> None:
    assert latest(foreseen(MAST)) == {"dig": (0, 0), "pour": (2, 0), "antenna": (5, 5), "mast": (6, 0)}


def gated() -> Standing:
    standing = Standing()
    standing.gate = BEGIN + 5 * HOUR
    return standing


def test_nothing_starts_before_the_requested_start() -> None:
    assert ahead(foreseen(MAST, gated()))["dig"] == (5, 7)


def test_a_date_is_a_floor_of_its_step_alone() -> None:
    planned = plan({"dig": 2, "mast": 1}, ("dig", "mast"), dates={"mast": 8})
    found = foreseen(planned)
    assert (ahead(found), found.critical) == ({"dig": (0, 2), "mast": (8, 9)}, ("1.1.mast",))


def test_what_is_done_counts_from_when_it_was_and_what_runs_ends_no_earlier_than_now() -> None:
    standing = Standing()
    standing.started = {"1.1.dig": BEGIN, "1.1.antenna": BEGIN}
    standing.ended = {"1.1.dig": BEGIN + 1 * HOUR}
    found = foreseen(MAST, standing, now=5)
    assert ahead(found) == {"antenna": (0, 5), "pour": (5, 6), "mast": (9, 13)}
    standing.ended["1.1.pour"] = BEGIN + 5 * HOUR
    assert ahead(foreseen(MAST, standing, now=6)) == {"antenna": (0, 6), "mast": (8, 12)}  # from when it was done, not from now


def test_a_visit_ends_with_its_appointment_and_one_that_is_moved_moves_what_is_behind_it() -> None:
    planned = Plan((item(),), (service("1", task("1.1.test", duration=HOUR)),), (visit(duration=2 * HOUR),), (("wo-1-1", "1.1.test"),))
    standing = Standing()
    standing.started = {"wo-1-1": BEGIN}
    assert hours(foreseen(planned, standing).finish) == 3
    for start in (24, 48, 12):
        standing.appointments["wo-1-1"] = (BEGIN + start * HOUR, BEGIN + (start + 4) * HOUR)
        found = foreseen(planned, standing, now=1)
        assert (hours(found.finish), found.critical) == (start + 5, ("wo-1-1", "1.1.test"))
        assert hours(found.nodes["1.1.test"].start) == start + 4


def test_an_item_that_others_rely_on_is_done_when_all_of_it_is() -> None:
    first = service("1", task("1.1.build", duration=3 * HOUR))
    second = service("2", task("2.1.build", duration=HOUR), number=2, id="svc-2", owner="2")
    around = item(id="0", services=(), product="pr-0")
    other = item(id="2", services=("svc-2",), product="pr-2")
    seen = visit(items=("1",), duration=5 * HOUR)
    planned = Plan((around, item(parent="0"), other), (first, second), (seen,), (("item:0", "2.1.build"),))
    found = foreseen(planned)
    assert hours(found.nodes["2.1.build"].start) == 5
    assert found.critical == ("wo-1-1", "2.1.build")
    standing = Standing()
    standing.ended = {"wo-1-1": BEGIN + HOUR, "1.1.build": BEGIN + 2 * HOUR}
    assert hours(foreseen(planned, standing, now=3).nodes["2.1.build"].start) == 3


def test_an_order_in_which_nothing_is_left_is_expected_now() -> None:
    standing = Standing()
    standing.ended = dict.fromkeys(Network(MAST).order, BEGIN)
    found = foreseen(MAST, standing, now=2, until=1)
    assert (hours(found.finish), found.critical, found.nodes, found.risk / HOUR) == (2, (), {}, 1)


@pytest.mark.parametrize("seconds", [-1e18, 1e18])
def test_times_beyond_the_calendar_are_its_ends(seconds: float) -> None:
    assert moment(seconds).year in (1, 9999)


def test_times_come_back_as_they_were() -> None:
    for number in range(1000):
        time = datetime(2026, 11, 25, tzinfo=UTC) + timedelta(microseconds=number * 7_919_137)
        assert moment(time.timestamp()) == time


def test_ten_thousand_steps_in_a_row_need_no_recursion() -> None:
    names = [str(number) for number in range(10_000)]
    found = foreseen(plan(dict.fromkeys(names, 0.5), *pairwise(names)), until=6000)
    assert (hours(found.finish), len(found.critical)) == (5000, 10_000)


# What always holds --------------------------------------------------------------------------------------------------------------------
@st.composite
def plans(draw: st.DrawFn) -> tuple[Plan, Standing, float, float]:
    """A plan of up to twelve steps, some of them done or out (what a step waits for is done before it is out), some dates, and two moments."""
    count = draw(st.integers(1, 12))
    names = [f"{number}" for number in range(count)]
    some = st.integers(0, 9).map(float)
    edges = [
        (first, second, draw(some)) for position, second in enumerate(names) for first in names[:position] if draw(st.integers(0, 2)) == 0
    ]
    dates = {name: draw(some) * 3 for name in names if draw(st.integers(0, 3)) == 0}
    planned = plan({name: draw(some) for name in names}, *edges, dates=dates)
    standing, now = Standing(), draw(st.integers(10, 30).map(float))
    for name in names:
        if all(f"1.1.{first}" in standing.ended for first, second, _ in edges if second == name) and draw(st.booleans()):
            standing.started[f"1.1.{name}"] = BEGIN + draw(some) * HOUR
            if draw(st.booleans()):
                standing.ended[f"1.1.{name}"] = standing.started[f"1.1.{name}"] + HOUR
    if draw(st.booleans()):
        standing.gate = BEGIN + draw(some) * 5 * HOUR
    return planned, standing, now, draw(st.integers(0, 80).map(float))


@examples(300)
@given(plans())
def test_forward_and_backward_pass_agree(given: tuple[Plan, Standing, float, float]) -> None:
    planned, standing, now, until = given
    found = foreseen(planned, standing, now, until)
    for node, each in found.nodes.items():
        assert each.start <= each.finish <= found.finish
        assert each.latest_start <= each.latest_finish <= found.until
        assert each.slack <= found.until - each.finish + 1e-6  # nobody has more time than what is left after it
        assert node not in standing.ended
    edges = [edge for edge in planned.edges if edge[1] in found.nodes]
    lags = {(lag.before, lag.after): lag.seconds for lag in planned.lags}
    for first, second in edges:
        before = found.nodes.get(first)
        ended = before.finish if before is not None else standing.ended[first]
        assert second in standing.started or found.nodes[second].start >= ended + lags.get((first, second), 0.0)
        if before is not None:
            assert before.latest_finish + lags.get((first, second), 0.0) <= found.nodes[second].latest_start
    if found.nodes:
        least = min(each.slack for each in found.nodes.values())
        assert least == pytest.approx(max(-found.risk, least))
        assert all(found.nodes[node].slack == pytest.approx(least) for node in found.critical)
        last = found.nodes[found.critical[-1]]
        assert (last.finish == found.finish) or found.finish == standing.gate


@examples(300)
@given(plans())
def test_the_same_facts_give_the_same_forecast_and_time_alone_makes_nothing_earlier(given: tuple[Plan, Standing, float, float]) -> None:
    planned, standing, now, until = given
    found = foreseen(planned, standing, now, until)
    again = foreseen(planned, standing, now, until)
    assert (again.critical, list(again.nodes.items())) == (found.critical, list(found.nodes.items()))
    later = foreseen(planned, standing, now + 7, until)
    assert later.finish >= found.finish
    assert all(later.nodes[node].finish >= each.finish for node, each in found.nodes.items())


@examples(300)
@given(plans(), st.integers(0, 60))
def test_it_gets_no_later_before_the_moment_that_is_named_and_does_so_after_it(
    given: tuple[Plan, Standing, float, float], wait: int
) -> None:
    """`turns_late` is when the order is as late as its date, if nothing happens; so a watch that looks then misses nothing."""
    planned, standing, now, until = given
    found = foreseen(planned, standing, now, until)
    moment_then = now + wait
    then = foreseen(planned, standing, moment_then, until)
    allowed = max(found.risk, 0.0)
    if hours(found.turns_late) >= moment_then:
        assert then.risk <= allowed + 1e-3
    else:
        assert then.risk >= (BEGIN + moment_then * HOUR - found.turns_late) - 1e-3
