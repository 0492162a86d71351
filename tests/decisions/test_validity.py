"""What is offered when: an offering or specification that is not yet, or not any more, valid cannot be added; what customers have goes on."""

import copy
from datetime import timedelta
from typing import Any

import pytest

from domain.catalog import TimePeriod
from domain.values import Rejected
from schemas.catalog import catalog_document, catalog_from_document
from tests.decisions.given import NOW
from tests.decisions.world import InMemory, add, change

TODAY, TOMORROW = NOW.isoformat(), (NOW + timedelta(days=1)).isoformat()
YESTERDAY = (NOW - timedelta(days=1)).isoformat()


def world_with(section: str, id: str, **period: str) -> InMemory:
    document: dict[str, Any] = copy.deepcopy(catalog_document("sample").document)
    next(each for each in document[section] if each["id"] == id)["validFor"] = period
    return InMemory(catalog_from_document(document))


@pytest.mark.parametrize(
    ("period", "problem"),
    [
        ({}, None),
        ({"start_date_time": YESTERDAY}, None),
        ({"start_date_time": TODAY}, None),
        ({"start_date_time": TOMORROW}, f"is valid from {TOMORROW} on"),
        ({"end_date_time": TOMORROW}, None),
        ({"end_date_time": TODAY}, f"was valid until {TODAY}"),
        ({"start_date_time": YESTERDAY, "end_date_time": TOMORROW}, None),
        ({"start_date_time": "2020-01-01", "end_date_time": "2021-01-01"}, "was valid until 2021-01-01"),
    ],
)
def test_a_period_begins_with_its_start_and_ends_before_its_end(period: dict[str, str], problem: str | None) -> None:
    assert TimePeriod(**period).problem(NOW) == problem


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ("offerings", f"Item 1: productOffering 'mobile-line' cannot be ordered: it is valid from {TOMORROW} on."),
        ("products", f"Item 1: product.productSpecification 'mobile-line' cannot be ordered: it is valid from {TOMORROW} on."),
    ],
)
def test_what_is_not_valid_yet_cannot_be_ordered_until_it_is(section: str, sentence: str) -> None:
    world = world_with(section, "mobile-line", startDateTime=TOMORROW)
    with pytest.raises(Rejected) as raised:
        world.order(add("1", "mobile-line"))
    assert raised.value.sentence == sentence
    assert raised.value.code == "invalid"
    world.now += timedelta(days=1)
    world.order(add("1", "mobile-line"))


def test_what_is_not_valid_any_more_can_still_be_changed_and_ended() -> None:
    world = world_with("offerings", "mobile-line", endDateTime=TOMORROW)
    order = world.order(add("1", "mobile-line"))
    world.complete_all()
    world.now += timedelta(days=2)
    with pytest.raises(Rejected, match="was valid until"):
        world.order(add("1", "mobile-line"))
    changed = world.order(change("1", "modify", world.product(order, "1"), simType="physical"))
    world.complete_all()
    ended = world.order(change("1", "delete", world.product(order, "1")))
    world.complete_all()
    assert [world.state(each).state for each in (changed, ended)] == ["completed", "completed"]


def test_an_order_that_came_in_time_may_be_completed_later() -> None:
    """What it lacked is supplied when the offering is gone: it was accepted."""
    world = world_with("offerings", "voice-line", endDateTime=TOMORROW)
    order = world.order(add("1", "voice-line", numberPorting=True))
    world.now += timedelta(days=2)
    world.supply(order, add("1", "voice-line", numberPorting=True, portingNumber="+49 1"))
    world.complete_all()
    assert world.state(order).state == "completed"


def test_a_part_of_a_bundle_that_is_not_valid_refuses_the_bundle() -> None:
    world = world_with("offerings", "tv", endDateTime=YESTERDAY)
    with pytest.raises(Rejected, match=r"Item 1\.3: productOffering 'tv' cannot be ordered"):
        world.order(add("1", "triple-play"))
