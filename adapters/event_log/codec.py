"""Events as the log stores them: JSON that stays readable for years, under the event's class name and version."""

from collections.abc import Callable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from adapters.event_log.port import Row
from domain.record import record
from domain.recorded import Meta, Recorded

E = TypeVar("E")


class UnreadableEvent(Exception):
    """An event in the log that this program cannot read."""


class UnknownEvent(UnreadableEvent):
    """An event of a kind or version that this program has never heard of."""


@record
class Upcaster:
    """How events stored under `topic` read as `to` (both `ClassName/version`). `change` maps the old data (as JSON, a dict) to the new."""

    topic: str
    to: str
    change: Callable[[dict[str, Any]], dict[str, Any]]


class _Stored(msgspec.Struct, Generic[E], gc=False):
    meta: Meta
    data: E


class _Reader(NamedTuple):
    """How one topic is read: its class and, for the present version, a decoder straight to it."""

    event: type[Any]
    decode: Callable[[bytes], _Stored[Any]]


def topic_of(event: type[Any]) -> str:
    """`ClassName/version`: the name an event is stored under. A class says `VERSION: ClassVar[int]` once its shape has changed."""
    return f"{event.__name__}/{getattr(event, 'VERSION', 1)}"


class Codec:
    """Between the events of `event_classes` and bytes. Times are written as RFC 3339, so they must be aware, and in UTC."""

    def __init__(self, event_classes: Iterable[type[Any]], upcasters: Iterable[Upcaster] = ()) -> None:
        self._topics = {event: topic_of(event) for event in event_classes}
        self._readers = {
            topic: _Reader(event, msgspec.json.Decoder(_Stored[event]).decode)  # type: ignore[valid-type]  # made for each class
            for event, topic in self._topics.items()
        }
        self._upcasters = {upcaster.topic: upcaster for upcaster in upcasters}
        self._encode = msgspec.json.Encoder().encode

    def topic(self, event: Any) -> str:
        """The topic an event is stored under."""
        return self._topics[type(event)]

    def topics_of(self, event_class: type[Any]) -> tuple[str, ...]:
        """Every topic that reads as this class, the present one first: what a reader of only these events asks the log for."""
        present = self._topics[event_class]
        return present, *(topic for topic in self._upcasters if self._end_of_chain(topic) == present)

    def encode_meta(self, meta: Meta) -> bytes:
        """The part of the stored JSON that all events of one unit of work share; made once and handed to `encode`."""
        return b'{"meta":' + self._encode(meta) + b',"data":'

    def encode(self, event: Any, meta_bytes: bytes) -> bytes:
        """One event as stored: `{"meta": …, "data": …}`."""
        return meta_bytes + self._encode(event) + b"}"

    def decode(self, row: Row) -> Recorded:
        """One row as the event it is today. Raises UnreadableEvent."""
        try:
            reader = self._readers.get(row.topic)
            stored = reader.decode(row.state) if reader is not None else self._upcast(row)
        except (msgspec.MsgspecError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise UnreadableEvent(f"Event {row.topic} at position {row.position} cannot be read: {error}.") from error
        return Recorded(row.position, row.stream, row.version, stored.data, stored.meta)

    def _upcast(self, row: Row) -> _Stored[Any]:
        reader = self._readers.get(self._end_of_chain(row.topic))
        if reader is None:
            raise UnknownEvent(
                f"Event {row.topic} at position {row.position} is unknown: the log was written by another version of Crossconnect."
            )
        stored = msgspec.json.decode(row.state)
        topic, data = row.topic, stored["data"]
        while upcaster := self._upcasters.get(topic):
            topic, data = upcaster.to, upcaster.change(data)
        return _Stored(msgspec.convert(stored["meta"], Meta), msgspec.convert(data, reader.event))

    def _end_of_chain(self, topic: str) -> str:
        while upcaster := self._upcasters.get(topic):
            topic = upcaster.to
        return topic
