"""Messages from outside, in each of the three modes in which they may come."""

import json

import pytest
from cloudevents.core.bindings.kafka import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from schemas.cloud_events import Received, received
from schemas.reading import Unreadable

SUBMIT = "crossconnect.product-order.submit.v1"
EVENT = CloudEvent({"type": SUBMIT, "source": "/shop", "id": "a-1", "specversion": "1.0", "datacontenttype": "application/json"}, {"x": 1})


@pytest.mark.parametrize("made", [to_binary_event, to_structured_event])
def test_what_others_make_is_read_in_either_mode(made: object) -> None:
    message = made(EVENT)  # type: ignore[operator]
    value = message.value if isinstance(message.value, bytes) else message.value.encode()
    found = received(tuple(message.headers.items()), value)
    assert (found.type, found.source, found.id) == (SUBMIT, "/shop", "a-1")
    assert json.loads(found.data) == {"x": 1}


def test_a_bare_value_is_itself() -> None:
    assert received((), b'{"x": 1}') == Received("", "", "", b'{"x": 1}')
    assert received((("traceparent", b"00-1"),), b"{}") == Received("", "", "", b"{}")


def test_data_may_be_base64() -> None:
    value = {"type": SUBMIT, "source": "/shop", "id": "a-1", "data_base64": "eyJ4IjogMX0="}
    assert received((("content-type", b"application/cloudevents+json; charset=utf-8"),), json.dumps(value).encode()).data == b'{"x": 1}'


@pytest.mark.parametrize(
    ("headers", "value", "words"),
    [
        ({"ce_type": b"x", "ce_source": b"/shop"}, b"{}", "ce_id is missing"),
        ({"ce_id": b"\xff"}, b"{}", "ce_id is not UTF-8"),
        ({"content-type": b"application/cloudevents+json"}, b"{", "not JSON"),
        ({"content-type": b"application/cloudevents+json"}, b"[]", "must have a type, a source and an id"),
        ({"content-type": b"application/cloudevents+json"}, b'{"type": "x", "id": 5}', "must have a type, a source and an id"),
        ({"content-type": b"application/cloudevents+json"}, b'{"type": "x", "id": "1", "source": "/s", "data_base64": "!"}', "not base64"),
        ({"content-type": b"application/cloudevents+json"}, b'{"type": "x", "id": "1", "source": "/s", "data_base64": 7}', "not base64"),
    ],
)
def test_a_cloud_event_that_is_none_is_refused(headers: dict[str, bytes], value: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        received(tuple(headers.items()), value)
