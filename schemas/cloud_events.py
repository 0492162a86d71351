"""What every message says about itself: CloudEvents 1.0 in the Kafka binding; binary mode on the way out, binary, structured or nothing on the way in."""

from base64 import b64decode
from collections.abc import Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

import msgspec

from domain.recorded import Recorded
from schemas.reading import Unreadable, parse

# Who speaks; the same for every process, because the log is what the messages come from.
SOURCE = "/crossconnect"

Headers = tuple[tuple[str, bytes], ...]


def headers(recorded: Recorded, type: str, subject: str, schema: str) -> Headers:
    """The headers of a message that renders `recorded`. `type` is the message's kind with its major version, `subject` what it is about, `schema`
    names the JSON Schema of its value (schemas/json)."""
    meta = recorded.meta
    return (
        *_headers_of_kind(type, schema),
        ("ce_id", recorded.id.encode()),
        ("ce_time", _time(meta.time)),
        ("ce_subject", subject.encode()),
        ("ce_correlationid", meta.correlation.encode()),
        ("ce_causationid", meta.causation.encode()),
        ("ce_sequence", b"%d" % recorded.position),
        ("ce_streamversion", b"%d" % recorded.version),
    )


@cache
def _headers_of_kind(type: str, schema: str) -> Headers:
    """What all messages of one kind say; there are as many kinds as events."""
    return (
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_source", SOURCE.encode()),
        ("ce_type", type.encode()),
        ("ce_dataschema", f"/schemas/{schema}.json".encode()),
    )


@lru_cache(maxsize=64)
def _time(time: datetime) -> bytes:
    """All events of a unit of work have one time."""
    return time.isoformat().replace("+00:00", "Z").encode()


class Received(NamedTuple):
    """A message from outside. `type`, `source` and `id` are empty for a bare value; `data` is the value itself."""

    type: str
    source: str
    id: str
    data: bytes


def received(headers: Sequence[tuple[str, bytes]], value: bytes) -> Received:
    """What a message is, in whichever of the three modes it came. Raises Unreadable for a CloudEvent that is not one."""
    known = dict(headers)
    if known.get("content-type", b"").startswith(b"application/cloudevents+json"):
        return _structured(value)
    said = {name: _text(name, known[f"ce_{name}"]) for name in ("type", "source", "id") if f"ce_{name}" in known}
    if said and not said.get("id"):
        raise Unreadable("A CloudEvent must have the headers ce_id, ce_source and ce_type: ce_id is missing.")
    return Received(said.get("type", ""), said.get("source", ""), said.get("id", ""), value)


def _text(name: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Unreadable(f"Header ce_{name} is not UTF-8.") from None


def _structured(value: bytes) -> Received:
    event = parse(value)
    if not isinstance(event, dict) or not all(isinstance(event.get(name), str) and event[name] for name in ("type", "source", "id")):
        raise Unreadable("A CloudEvent must have a type, a source and an id.")
    return Received(event["type"], event["source"], event["id"], _data(event))


def _data(event: dict[str, Any]) -> bytes:
    if "data_base64" not in event:
        return msgspec.json.encode(event.get("data"))
    try:
        return b64decode(event["data_base64"], validate=True)
    except (TypeError, ValueError):
        raise Unreadable("data_base64 of the CloudEvent is not base64.") from None
