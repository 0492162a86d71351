"""Publishing catalogs, and setting aside what cannot be read."""

from datetime import datetime, timedelta
from functools import reduce

import pytest

from domain.catalog_publication import NONE, CatalogPublished, PublishCatalog, evolve
from domain.intake import DeadLettered, KeepDeadLetter
from tests.decisions.given import NOW, given

LATER, LATEST = NOW + timedelta(days=1), NOW + timedelta(days=2)


def published(version: str, effective: datetime | None = NOW, digest: str = "") -> CatalogPublished:
    return CatalogPublished(version, digest or f"digest-{version}", {}, effective)


def publish(version: str, effective: datetime | None = None, digest: str = "") -> PublishCatalog:
    return PublishCatalog("catalog", version, digest or f"digest-{version}", {}, effective)


def test_a_catalog_is_published_once() -> None:
    given().when(publish("1")).then(published("1"))
    given(published("1")).when(publish("2")).then(published("2"))


def test_an_earlier_version_can_be_made_the_current_one_again() -> None:
    given(published("1"), published("2")).when(publish("1")).then(published("1"))


def test_a_version_keeps_its_content() -> None:
    given(published("1"), published("2")).when(publish("1", digest="other")).then_rejected("conflict", "give the new one a new version")


def test_a_catalog_can_be_published_before_it_is_in_force() -> None:
    given(published("1")).when(publish("2", LATER)).then(published("2", LATER))


def test_a_date_that_has_passed_is_now() -> None:
    given(published("1")).when(publish("2", NOW - timedelta(days=9))).then(published("2", NOW))


def test_the_date_of_a_catalog_that_is_not_in_force_can_be_changed() -> None:
    given(published("1"), published("2", LATER)).when(publish("2", LATEST)).then(published("2", LATEST))
    given(published("1"), published("2", LATER)).when(publish("2")).then(published("2", NOW))


def test_the_catalog_in_force_cannot_become_so_later() -> None:
    given(published("1")).when(publish("1", LATER)).then_rejected("conflict", "is in force")


@pytest.mark.parametrize(
    ("history", "current"),
    [
        ([], ["", "", ""]),
        ([published("1", None)], ["1", "1", "1"]),
        ([published("1", None), published("2", None)], ["2", "2", "2"]),
        ([published("1"), published("2", LATER)], ["1", "2", "2"]),
        ([published("2", LATER), published("1")], ["1", "2", "2"]),
        ([published("3", LATEST), published("2", LATER), published("1")], ["1", "2", "3"]),
        ([published("1"), published("2", LATER), published("2", LATEST)], ["1", "1", "2"]),
        ([published("1"), published("2"), published("1")], ["1", "1", "1"]),
        ([published("1", LATER)], ["", "1", "1"]),
        ([published("1"), published("2", LATER), published("3", LATER)], ["1", "3", "3"]),
    ],
)
def test_the_catalog_in_force_is_the_last_whose_date_has_come(history: list[CatalogPublished], current: list[str]) -> None:
    """Now, on the next day, and on the day after it."""
    publications = reduce(evolve, history, NONE)
    assert [publications.current(at) for at in (NOW, LATER, LATEST)] == current


def test_a_dead_letter_is_kept_as_it_came() -> None:
    letter = DeadLettered("orders", 0, 7, "cust-1", {}, "e30=", "not JSON", "", 1, NOW)
    events = given().when(KeepDeadLetter("dead-orders", letter)).events
    assert events == (letter,)
