"""Past orders from a real store: each meets the install base of its time, and a span of time and a number limit which are looked at."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters import over_orders as module
from adapters.event_log import open_log
from adapters.event_log.codec import Codec
from adapters.event_log.port import EventLog, NewRow
from adapters.event_log.upcasters import UPCASTERS
from adapters.over_orders import Span, over_orders
from domain.decomposition.over_orders import OverOrders
from domain.events import EVENTS
from tests.decisions.given import ANSWER_WITHIN, NOW
from tests.decisions.test_over_orders import a_household, edited, faster, no_gateway
from tests.decisions.world import InMemory, add, sample

CODEC = Codec(EVENTS, UPCASTERS)


def stored(world: InMemory, log: EventLog) -> None:
    """Every fact of a world, each message in a transaction of its own."""
    for recorded in world.log:
        state = CODEC.encode(recorded.event, CODEC.encode_meta(recorded.meta))
        log.append([NewRow(recorded.stream, recorded.version, CODEC.topic(recorded.event), state)])


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    with closing(open_log(f"sqlite:///{tmp_path}/s.db")) as opened:
        yield opened


def compared(log: EventLog, candidate: Any, span: Span = Span()) -> OverOrders:
    return over_orders(log, CODEC, candidate, {sample().version: sample()}, ANSWER_WITHIN, span)


@pytest.mark.parametrize("page", [1, 3, 1000])
def test_orders_meet_the_install_base_of_their_time(page: int, log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else is read with them: later facts about the same line are none yet."""
    monkeypatch.setattr(module, "PAGE", page)
    stored(a_household(), log)
    report = compared(log, sample())
    assert (report.orders, report.same) == (5, 5), report.groups
    other = compared(log, edited(no_gateway))
    assert (other.orders, other.different, other.refused) == (5, 3, 0)
    assert {example.order for group in other.groups for example in group.examples} == {"po-1", "po-2", "po-4"}


def days(number: int) -> Any:
    return NOW + timedelta(days=number)


@pytest.mark.parametrize(
    ("span", "orders"),
    [
        (Span(), 4),
        (Span(since=days(1)), 3),
        (Span(since=days(3), until=days(9)), 1),
        (Span(until=days(1)), 1),
        (Span(until=days(0)), 0),
        (Span(since=days(4)), 0),
        (Span(limit=2), 2),
        (Span(since=days(1), limit=1), 1),
        (Span(limit=9), 4),
    ],
)
def test_a_span_says_which_orders_are_looked_at(span: Span, orders: int, log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    world = InMemory(sample())
    for _ in range(4):
        world.order(add("1", "mobile-line"))
        world.complete_all()
        world.now += timedelta(days=1)
    stored(world, log)
    assert compared(log, sample(), span).orders == orders


def test_progress_goes_from_the_beginning_to_the_end(log: EventLog) -> None:
    stored(a_household(), log)
    told: list[tuple[int, int]] = []
    over_orders(log, CODEC, sample(), {sample().version: sample()}, ANSWER_WITHIN, progress=lambda done, total: told.append((done, total)))
    assert told
    assert all(done <= total == log.head() for done, total in told)


def test_a_plan_that_reads_otherwise_in_the_log_is_still_the_same_plan(log: EventLog) -> None:
    """With numbers written otherwise, say: bytes only tell quickly what is the same."""
    world = InMemory(sample())
    world.order(add("1", "mobile-line"))
    for recorded in world.log:
        state = CODEC.encode(recorded.event, CODEC.encode_meta(recorded.meta)).replace(b'"answer_within":900.0', b'"answer_within":9e2')
        log.append([NewRow(recorded.stream, recorded.version, CODEC.topic(recorded.event), state)])
    assert compared(log, sample()).same == 1
    assert compared(log, edited(faster)).same == 1
