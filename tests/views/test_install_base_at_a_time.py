"""The two-time question: what was there at one moment, as known at another (domain-rules 6.4)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from domain.install_base import facts_at, valid_times
from domain.product import (
    Product,
    ProductActivated,
    ProductChanged,
    ProductChangeOrdered,
    ProductOrdered,
    ProductTerminated,
    ProductTerminationOrdered,
    evolve,
)
from domain.recorded import Meta, Recorded
from domain.service_order import ActivationRequested, AnswerActivation
from projections.install_base import is_at, products_at, realised_by, services_at
from projections.products import PRODUCTS
from projections.view import Document
from tests.examples import examples
from tests.views.story import BEGINNING, NOBODY, Story, item, order

DAY = timedelta(days=1)


def had(story: Story, at: datetime, known_at: datetime) -> list[Document]:
    return products_at([each for each in story.log if each.stream.startswith("pr-")], at, known_at)


def value(product: Document, name: str) -> Any:
    return next(each["value"] for each in product["productCharacteristic"] if each["name"] == name)


def answered_late(story: Story, at: datetime) -> Story:
    """Every request is answered now, by target systems that did the work at `at`."""
    seen = 0
    while seen < len(story.log):
        recorded = story.log[seen]
        seen += 1
        if isinstance(recorded.event, ActivationRequested):
            event = recorded.event
            story.tell(AnswerActivation(recorded.stream, event.task, event.key, "completed", {}, NOBODY, event.attempt, at))
    return story


def test_what_was_not_ordered_yet_was_not_there() -> None:
    story = Story().later(86400).submit("po-1", order(item("1", "mobile-line"))).finish()
    assert had(story, BEGINNING, story.now) == []
    assert [each["status"] for each in had(story, story.now, story.now)] == ["active"]
    assert had(story, story.now, BEGINNING) == []


def test_a_late_answer_changes_what_is_known_of_the_past() -> None:
    """Ordered on the first day, built on the second, told on the fifth: asked about the third day, the fourth day knows less than the sixth."""
    story = Story().submit("po-1", order(item("1", "mobile-line"))).later(4 * 86400)
    answered_late(story, BEGINNING + DAY)
    third, fourth, sixth = (BEGINNING + DAY * days for days in (2, 3, 5))
    assert [each["status"] for each in had(story, third, fourth)] == ["pendingActive"]
    (known_later,) = had(story, third, sixth)
    assert (known_later["status"], known_later["startDate"]) == ("active", BEGINNING + DAY)


def test_values_are_those_of_the_moment() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line", simType="esim"))).finish()
    before = story.now
    story.later(86400).submit("po-2", order(item("1", product="pr-1-1", action="modify", site="", simType="physical"))).finish()
    assert [value(each, "simType") for each in had(story, before, story.now)] == ["esim"]
    assert [value(each, "simType") for each in had(story, story.now, story.now)] == ["physical"]


def test_what_had_ended_is_left_out_and_what_realised_it_too() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line"))).finish()
    running = story.now
    story.later(60).submit("po-2", order(item("1", product="pr-1-1", action="delete", site=""))).finish()
    assert had(story, story.now, story.now) == []
    services = [each for each in story.log if each.stream in realised_by(had(story, running, story.now))]
    assert {each["state"] for each in services_at(services, running, story.now)} == {"active"}
    assert services_at(services, story.now, story.now) == []


def test_a_clock_that_is_ahead_tells_nothing_of_the_future_and_one_behind_nothing_before_the_order() -> None:
    ahead = answered_late(Story().submit("po-1", order(item("1", "mobile-line"))), BEGINNING + DAY)
    assert [each["status"] for each in had(ahead, BEGINNING, BEGINNING)] == ["active"]
    behind = answered_late(Story().submit("po-1", order(item("1", "mobile-line"))), BEGINNING - DAY)
    assert had(behind, BEGINNING - timedelta(seconds=1), BEGINNING) == []
    assert [each["status"] for each in had(behind, BEGINNING, BEGINNING)] == ["active"]


def test_a_product_that_has_moved_says_where_it_was_and_is_found_there_in_its_time() -> None:
    story = Story().submit("po-1", order(item("1", "tv"))).finish()
    before = story.later(60).now
    story.later(60).submit("po-2", order(item("1", product="pr-1-1", action="modify", site="site-2"))).finish()
    (row,) = story.rows(PRODUCTS).values()
    assert [[each["id"] for each in row[name]] for name in ("place", "formerPlace")] == [["site-2"], ["site-1"]]
    assert [is_at(each, "site-1") for at in (before, story.now) for each in had(story, at, story.now)] == [True, False]


# Random histories ---------------------------------------------------------------------------------------------------------------------
MOMENTS = some.integers(0, 12)
KINDS = some.sampled_from(["change", "changed", "end", "ended"])
SCRIPTS = some.lists(some.tuples(KINDS, some.integers(0, 3), MOMENTS), max_size=8)


def moment(hour: int) -> datetime:
    return BEGINNING + timedelta(hours=hour)


def history(script: Sequence[tuple[str, int, int]]) -> list[Recorded]:
    """A product's stream: each step some hours after the one before, with what it says of when it was so."""
    events: list[tuple[int, Any]] = [
        (0, ProductOrdered("po-0", "1", "cust-1", "line", "line", "1", {"step": -1}, ())),
        (1, ProductActivated("po-0", "1", {"step": 0}, (), moment(1))),
    ]
    hour = 1
    for number, (kind, later, at) in enumerate(script, 1):
        hour += later
        values, by = {"step": number}, f"po-{number}"
        event = {
            "change": ProductChangeOrdered(by, "1", values),
            "changed": ProductChanged(by, "1", values, (), moment(at)),
            "end": ProductTerminationOrdered(by, "1"),
            "ended": ProductTerminated(by, "1", "ordered", moment(at)),
        }[kind]
        events.append((hour, event))
    metas = [Meta(moment(hour), "cust-1", "", "", "") for hour, _ in events]
    return [Recorded(number, "pr-0", number, event, meta) for number, ((_, event), meta) in enumerate(zip(events, metas, strict=True), 1)]


def naive(stream: list[Recorded], at: datetime, known_at: datetime) -> Product | None:
    """The same answer by trying every moment there is: at each, apply in the order of recording what came to be so then."""
    since: dict[int, datetime] = {}
    asked = stream[0].meta.time
    for each in stream:
        said = getattr(each.event, "at", each.meta.time)
        since[each.version] = max(asked, min(each.meta.time, said))
        if isinstance(each.event, ProductOrdered | ProductChangeOrdered | ProductTerminationOrdered):
            asked = since[each.version]
    state: Product | None = None
    for now in sorted(set(since.values())):
        for each in stream:
            if since[each.version] == now and now <= at and each.meta.time <= known_at:
                state = evolve(state, each.event)
    return state


@examples(100)
@given(SCRIPTS, MOMENTS, MOMENTS)
def test_the_answer_is_that_of_a_naive_fold(script: list[tuple[str, int, int]], at: int, known_at: int) -> None:
    stream = history(script)
    state: Product | None = None
    for recorded in facts_at(stream, moment(at), moment(known_at)):
        state = evolve(state, recorded.event)
    assert state == naive(stream, moment(at), moment(known_at))


@examples(100)
@given(SCRIPTS, MOMENTS)
def test_knowing_more_never_changes_what_was_known(script: list[tuple[str, int, int]], known_at: int) -> None:
    """What comes later into the log leaves every answer as known before as it was."""
    stream = history(script)
    known = [each for each in stream if each.meta.time <= moment(known_at)]
    assert facts_at(stream, moment(99), moment(known_at)) == facts_at(known, moment(99), moment(known_at))


@examples(100)
@given(SCRIPTS)
def test_nothing_is_so_before_it_began_or_after_it_was_recorded(script: list[tuple[str, int, int]]) -> None:
    stream = history(script)
    assert all(stream[0].meta.time <= valid <= recorded.meta.time for valid, recorded in valid_times(stream))
