"""The topics' manifest: every topic that crosses the wire, who writes it, what it carries and how long it keeps that.

`crossconnect topics plan|apply` brings a broker to it, and the AsyncAPI document is rendered from it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

DAY = 24 * 3600 * 1000
FOREVER = -1

# Bodies over HTTP end at 4 MiB; a message may carry one with what is around it, and a record and batch around that.
LARGEST_MESSAGE = 8 * 1024 * 1024
LARGEST_BATCH = LARGEST_MESSAGE + 256 * 1024

SCHEMAS = Path(__file__).with_name("json")

TARGET = {"targetSystem": "who is to do it: of many consumers each takes its own"}
CUSTOMER = "the customer id, so that all of a customer's messages meet in one partition"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. `leads` says whether Crossconnect reads it (in) or writes it (out); `retention` is in milliseconds, -1 for ever; `messages` names the
    JSON Schema (schemas/json) of each message by its `ce_type`, where `*` stands for part of it; `headers` what else stands beside it."""

    name: str
    leads: Literal["in", "out"]
    title: str
    messages: Mapping[str, str]
    retention: int = 7 * DAY
    key: str = CUSTOMER
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def config(self) -> dict[str, str]:
        """The broker's settings of this topic."""
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(self.retention),
            "max.message.bytes": str(LARGEST_BATCH),
            "message.timestamp.type": "CreateTime",
        }


def _events(resource: str) -> Topic:
    return Topic(
        f"crossconnect.{resource}.events.v1",
        "out",
        f"What happens to a {resource.replace('-', ' ')}, as TMF notifications",
        {f"crossconnect.{resource}.*.v1": "notification.v1"},
        retention=365 * DAY,
        key="the customer id, else the resource's id",
    )


MANIFEST: tuple[Topic, ...] = (
    Topic(
        "crossconnect.product-order.commands.v1",
        "in",
        "Product orders to submit, and orders to amend and to cancel",
        {
            "crossconnect.product-order.submit.v1": "product-order-submit.v1",
            "crossconnect.product-order.amend.v1": "product-order-amend.v1",
            "crossconnect.product-order.cancel.v1": "product-order-cancel.v1",
        },
        retention=30 * DAY,
    ),
    Topic(
        "crossconnect.service-order.commands.v1",
        "in",
        "Service orders from outside to submit, and such orders to cancel",
        {
            "crossconnect.service-order.submit.v1": "service-order-submit.v1",
            "crossconnect.service-order.cancel.v1": "service-order-cancel.v1",
        },
        retention=30 * DAY,
    ),
    Topic(
        "crossconnect.activation.requests.v1",
        "out",
        "What provisioning systems are to do",
        {"crossconnect.activation.request.v1": "activation-request.v1"},
        headers=TARGET,
    ),
    Topic(
        "crossconnect.activation.results.v1",
        "in",
        "What provisioning systems did",
        {"crossconnect.activation.result.v1": "activation-result.v1"},
    ),
    Topic(
        "crossconnect.work-order.requests.v1",
        "out",
        "What field service is to do",
        {"crossconnect.work-order.request.v1": "work-order-request.v1"},
        headers=TARGET,
    ),
    Topic(
        "crossconnect.work-order.results.v1",
        "in",
        "What field service did",
        {"crossconnect.work-order.result.v1": "work-order-result.v1"},
    ),
    *(_events(resource) for resource in ("product-order", "service-order", "work-order", "product", "service")),
    Topic(
        "crossconnect.domain-events.v1",
        "out",
        "The whole log, for replay; private to those who run Crossconnect",
        {"crossconnect.domain-event.*.v1": "domain-event.v1"},
        retention=FOREVER,
    ),
    Topic(
        "crossconnect.dead-letters.v1",
        "out",
        "What could not be taken in: bytes, key and headers as received, the reasons in headers that begin with deadletter_",
        {},
        retention=90 * DAY,
        key="as received",
    ),
)


@dataclass(frozen=True, slots=True)
class Held:
    """A topic as a broker has it."""

    partitions: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the manifest and a broker. `kind` is `create`, `configure` or `refuse`: that one cannot be made, `sentence` says why."""

    kind: Literal["create", "configure", "refuse"]
    topic: str
    sentence: str
    config: Mapping[str, str] = field(default_factory=dict)


def plan(held: Mapping[str, Held], partitions: int) -> list[Change]:
    """What brings a broker that holds these topics to the manifest. One partition count holds for all topics, and is never changed afterwards."""
    return [change for topic in MANIFEST if (change := _change(topic, held.get(topic.name), partitions)) is not None]


def _change(topic: Topic, held: Held | None, partitions: int) -> Change | None:
    if held is None:
        return Change("create", topic.name, f"Create {topic.name} with {partitions} partitions.", topic.config)
    if held.partitions != partitions:
        return Change(
            "refuse",
            topic.name,
            f"{topic.name} has {held.partitions} partitions, not {partitions}: another count would move customers between partitions.",
        )
    wrong = {name: value for name, value in topic.config.items() if held.config.get(name) != value}
    if not wrong:
        return None
    settings = ", ".join(f"{name} from {held.config.get(name)} to {value}" for name, value in wrong.items())
    return Change("configure", topic.name, f"Change {topic.name}: {settings}.", wrong)


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document of all topics. Its operations are what Crossconnect does: receive from topics that lead in, send to the others."""
    used = sorted({schema for topic in MANIFEST for schema in topic.messages.values()})
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Crossconnect topics",
            "version": "1.0.0",
            "description": "CloudEvents 1.0 in binary mode (headers ce_…); what is sent to Crossconnect may be in structured mode too.",
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in MANIFEST},
        "operations": {_operation_name(topic): _operation(topic) for topic in MANIFEST},
        "components": {"schemas": {name: json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8")) for name in used}},
    }


def _channel(topic: Topic) -> dict[str, Any]:
    messages = {
        schema: {
            "name": schema,
            "title": kind,
            "contentType": "application/json",
            "headers": {
                "type": "object",
                "properties": {
                    "ce_type": {"type": "string", "description": kind},
                    "ce_id": {"type": "string"},
                    "ce_source": {"type": "string"},
                    **{name: {"type": "string", "description": meaning} for name, meaning in topic.headers.items()},
                },
            },
            "payload": {"$ref": f"#/components/schemas/{schema}"},
            "bindings": {"kafka": {"key": {"type": "string", "description": topic.key}, "bindingVersion": "0.5.0"}},
        }
        for kind, schema in topic.messages.items()
    }
    return {
        "address": topic.name,
        "title": topic.title,
        "messages": messages,
        "bindings": {"kafka": {"topic": topic.name, "topicConfiguration": _kafka_configuration(topic), "bindingVersion": "0.5.0"}},
    }


def _kafka_configuration(topic: Topic) -> dict[str, Any]:
    return {"cleanup.policy": ["delete"], "retention.ms": topic.retention, "max.message.bytes": LARGEST_BATCH}


def _operation_name(topic: Topic) -> str:
    return f"{'receive' if topic.leads == 'in' else 'send'} {topic.name}"


def _operation(topic: Topic) -> dict[str, Any]:
    return {
        "action": "receive" if topic.leads == "in" else "send",
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": topic.title,
    }
