"""Publishing catalogs, and setting aside what cannot be read."""

from domain.catalog_publication import CatalogPublished, PublishCatalog
from domain.intake import DeadLettered, KeepDeadLetter
from tests.decisions.given import NOW, given

ONE, TWO = CatalogPublished("1.0", "digest-1", {}), CatalogPublished("2.0", "digest-2", {})


def publish(version: str, digest: str) -> PublishCatalog:
    return PublishCatalog("catalog", version, digest, {})


def test_a_catalog_is_published_once() -> None:
    given().when(publish("1.0", "digest-1")).then(ONE)
    given(ONE).when(publish("2.0", "digest-2")).then(TWO)


def test_an_earlier_version_can_be_made_the_current_one_again() -> None:
    given(ONE, TWO).when(publish("1.0", "digest-1")).then(ONE)


def test_a_version_keeps_its_content() -> None:
    given(ONE, TWO).when(publish("1.0", "digest-9")).then_rejected("conflict", "give the new one a new version")


def test_a_dead_letter_is_kept_as_it_came() -> None:
    letter = DeadLettered("orders", 0, 7, "cust-1", {}, "e30=", "not JSON", "", 1, NOW)
    events = given().when(KeepDeadLetter("dead-orders", letter)).events
    assert events == (letter,)
