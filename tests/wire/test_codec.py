"""Events as the log keeps them: JSON under the class's name and version, readable for years."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, ClassVar

import pytest

from adapters.event_log.codec import Codec, UnknownEvent, UnreadableEvent, Upcaster
from adapters.event_log.port import Row
from domain.record import record
from domain.recorded import Meta, Recorded
from domain.values import Place

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
META = Meta(NOON, "cust-1", "po-1", "message-1", "message-2")
STORED_META = '{"time":"2026-01-01T12:00:00Z","customer":"cust-1","order":"po-1","correlation":"message-1","causation":"message-2"}'


@record
class Moved:
    """An event in its third shape: once it had `site`, then `place`, and today a tuple of them."""

    VERSION: ClassVar[int] = 3

    places: tuple[Place, ...]
    at: datetime
    values: Mapping[str, Any]
    note: str | None = None


@record
class Stayed:
    pass


def place_from_site(data: dict[str, Any]) -> dict[str, Any]:
    site = data.pop("site")
    return {**data, "place": {"id": site, "role": "installation"}}


def places_from_place(data: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in data.items() if name != "place"}, "places": [data["place"]]}


UPCASTERS = [
    Upcaster("Moved/1", "Moved/2", place_from_site),
    Upcaster("Moved/2", "Moved/3", places_from_place),
    Upcaster("Left/1", "Stayed/1", dict),
]
CODEC = Codec([Moved, Stayed], UPCASTERS)
TODAY = Moved((Place("s-1", "installation"),), NOON, {"speed": 500, "é": [True, None]})


def stored(topic: str, data: str, meta: str = STORED_META) -> Row:
    return Row(7, "x-1", 4, topic, f'{{"meta":{meta},"data":{data}}}'.encode())


def test_an_event_is_stored_under_its_name_and_version() -> None:
    assert (CODEC.topic(TODAY), CODEC.topic(Stayed())) == ("Moved/3", "Stayed/1")


def test_an_event_is_stored_as_json_that_people_can_read() -> None:
    data = '{"places":[{"id":"s-1","role":"installation"}],"at":"2026-01-01T12:00:00Z","values":{"speed":500,"é":[true,null]},"note":null}'
    assert CODEC.encode(TODAY, CODEC.encode_meta(META)) == stored("Moved/3", data).state


def test_what_was_stored_is_read_as_it_was() -> None:
    state = CODEC.encode(TODAY, CODEC.encode_meta(META))
    assert CODEC.decode(Row(7, "x-1", 4, "Moved/3", state)) == Recorded(7, "x-1", 4, TODAY, META)


def test_a_time_in_another_zone_is_the_same_time() -> None:
    elsewhere = replace(TODAY, at=NOON.astimezone(timezone(timedelta(hours=2))))
    assert CODEC.decode(Row(1, "x-1", 1, "Moved/3", CODEC.encode(elsewhere, CODEC.encode_meta(META)))).event.at == NOON


@pytest.mark.parametrize(
    ("topic", "data"),
    [
        ("Moved/1", '{"site":"s-1","at":"2026-01-01T12:00:00Z","values":{"speed":500,"é":[true,null]}}'),
        ("Moved/2", '{"place":{"id":"s-1","role":"installation"},"at":"2026-01-01T12:00:00Z","values":{"speed":500,"é":[true,null]}}'),
    ],
)
def test_an_event_in_an_old_shape_reads_as_one_of_today(topic: str, data: str) -> None:
    assert CODEC.decode(stored(topic, data)) == Recorded(7, "x-1", 4, TODAY, META)


def test_an_event_that_was_renamed_reads_under_its_new_name() -> None:
    assert CODEC.decode(stored("Left/1", "{}")).event == Stayed()


def test_a_reader_of_an_event_asks_for_every_topic_that_reads_as_it() -> None:
    assert CODEC.topics_of(Moved) == ("Moved/3", "Moved/1", "Moved/2")
    assert CODEC.topics_of(Stayed) == ("Stayed/1", "Left/1")


def test_an_unknown_event_is_said() -> None:
    with pytest.raises(UnknownEvent, match="Event Gone/1 at position 7 is unknown: the log was written by another version of Crossconnect"):
        CODEC.decode(stored("Gone/1", "{}"))
    with pytest.raises(UnknownEvent):
        CODEC.decode(stored("Moved/4", "{}"))


@pytest.mark.parametrize(
    ("topic", "data"),
    [
        ("Moved/3", "{}"),
        ("Moved/3", '{"places":"s-1","at":"2026-01-01T12:00:00Z","values":{}}'),
        ("Moved/3", '{"places":[],"at":"soon","values":{}}'),
        ("Moved/3", "nonsense"),
        ("Moved/3", '{"note":"\xff"'),
        ("Moved/1", '{"at":"2026-01-01T12:00:00Z","values":{}}'),
        ("Moved/1", "3"),
    ],
)
def test_an_event_that_cannot_be_read_is_said_with_its_position(topic: str, data: str) -> None:
    with pytest.raises(UnreadableEvent, match=f"Event {topic} at position 7 cannot be read: "):
        CODEC.decode(stored(topic, data))


def test_an_attribute_that_is_gone_by_now_does_no_harm() -> None:
    assert CODEC.decode(stored("Stayed/1", '{"once":1}')).event == Stayed()


def test_meta_is_encoded_once_for_a_whole_unit_of_work() -> None:
    prefix = CODEC.encode_meta(META)
    assert prefix == f'{{"meta":{STORED_META},"data":'.encode()
    assert json.loads(CODEC.encode(Stayed(), prefix)) == {"meta": json.loads(STORED_META), "data": {}}
