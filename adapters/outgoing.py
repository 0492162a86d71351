"""From the log to the topics: which events each outward topic carries, and the message that each of them becomes.

The relay to Kafka and readers of the embedded topics use the same functions, so that both say the same. An event becomes at most one message of a
topic: the position in `ce_sequence` is then enough to know what has been sent.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from adapters import notifications
from adapters.topics.port import Outgoing
from domain.events import EVENTS as DOMAIN_EVENTS
from domain.intake import DeadLettered
from domain.recorded import Recorded
from domain.service_order import ActivationRequested
from domain.work_order import WorkOrderRequested
from schemas import cloud_events, log_line, notification

ACTIVATION_REQUESTS = "crossconnect.activation.requests.v1"
WORK_ORDER_REQUESTS = "crossconnect.work-order.requests.v1"
DOMAIN_EVENTS_TOPIC = "crossconnect.domain-events.v1"
DEAD_LETTERS = "crossconnect.dead-letters.v1"

_encode = msgspec.json.Encoder().encode


def render(topic: str, recorded: Recorded) -> list[Outgoing]:
    """The messages that an event is on a topic: one, or none."""
    outgoing = _RENDER[topic](recorded)
    return [outgoing] if outgoing is not None else []


def _activation_request(recorded: Recorded) -> Outgoing:
    request = recorded.event.request
    about = cloud_events.headers(recorded, "crossconnect.activation.request.v1", recorded.stream, "activation-request.v1")
    return _outgoing(ACTIVATION_REQUESTS, recorded, (*about, ("targetSystem", request["targetSystem"].encode())), _encode(request))


def _work_order_request(recorded: Recorded) -> Outgoing:
    request = recorded.event.request
    about = cloud_events.headers(recorded, "crossconnect.work-order.request.v1", recorded.stream, "work-order-request.v1")
    return _outgoing(WORK_ORDER_REQUESTS, recorded, (*about, ("targetSystem", request["targetSystem"].encode())), _encode(request))


def _domain_event(recorded: Recorded) -> Outgoing:
    about = cloud_events.headers(
        recorded, f"crossconnect.domain-event.{type(recorded.event).__name__}.v1", recorded.stream, "domain-event.v1"
    )
    return _outgoing(DOMAIN_EVENTS_TOPIC, recorded, about, log_line.encode(log_line.line(recorded)))


def _notifications(resource: str, prefixes: tuple[str, ...]) -> Callable[[Recorded], Outgoing | None]:
    topic, beginnings = notification_topic(resource), tuple(f"{prefix}-" for prefix in prefixes)

    def rendered(recorded: Recorded) -> Outgoing | None:
        told = notifications.notification(recorded) if recorded.stream.startswith(beginnings) else None
        if told is None:
            return None
        about = cloud_events.headers(recorded, f"crossconnect.{resource}.{told.type}.v1", told.id, "notification.v1")
        return _outgoing(topic, recorded, about, _encode(notification.envelope(recorded, told)))

    return rendered


def notification_topic(resource: str) -> str:
    """The topic of a resource's public notifications, by the resource's name in topics (`product-order`)."""
    return f"crossconnect.{resource}.events.v1"


def _dead_letter(recorded: Recorded) -> Outgoing:
    """The original bytes, key and headers; why it is here stands in headers of its own, so that it can be sent again as it was."""
    letter: DeadLettered = recorded.event
    received = tuple((name, b64decode(value)) for name, value in letter.headers.items() if name != "ce_sequence")
    reasons = {
        "reason": letter.reason,
        "exception": letter.exception,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "attempts": letter.attempts,
        "firstseen": letter.first_seen.isoformat(),
        "id": recorded.id,
    }
    why = tuple((f"deadletter_{name}", str(value).encode()) for name, value in reasons.items())
    sequence = ("ce_sequence", b"%d" % recorded.position)
    return Outgoing(
        DEAD_LETTERS, letter.key, (*received, *why, sequence), b64decode(letter.value), _milliseconds(recorded.meta.time), recorded.position
    )


def _outgoing(topic: str, recorded: Recorded, headers: cloud_events.Headers, value: bytes) -> Outgoing:
    meta = recorded.meta
    key = meta.customer or meta.order or recorded.stream
    return Outgoing(topic, key, headers, value, _milliseconds(meta.time), recorded.position)


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)


# The events that each topic carries, and how: what a reader asks the log for.
EVENTS: Mapping[str, tuple[type[Any], ...]] = {
    ACTIVATION_REQUESTS: (ActivationRequested,),
    WORK_ORDER_REQUESTS: (WorkOrderRequested,),
    **{notification_topic(resource): events for resource, events in notifications.EVENTS.items()},
    DOMAIN_EVENTS_TOPIC: DOMAIN_EVENTS,
    DEAD_LETTERS: (DeadLettered,),
}
_RENDER: Mapping[str, Callable[[Recorded], Outgoing | None]] = {
    ACTIVATION_REQUESTS: _activation_request,
    WORK_ORDER_REQUESTS: _work_order_request,
    **{notification_topic(resource): _notifications(resource, prefixes) for resource, prefixes in notifications.STREAMS.items()},
    DOMAIN_EVENTS_TOPIC: _domain_event,
    DEAD_LETTERS: _dead_letter,
}
