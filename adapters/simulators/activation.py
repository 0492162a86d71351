"""The activation simulator: plays the network's target systems, which do what they are asked unless the script says otherwise."""

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from adapters.simulators.script import Rule, Script
from adapters.simulators.simulator import Answer
from adapters.topics.port import Message, Outgoing

REQUESTS = "crossconnect.activation.requests.v1"
RESULTS = "crossconnect.activation.results.v1"
OUTCOMES = ("inProgress", "completed", "rejected", "failed")


class _Reference(msgspec.Struct):
    id: str = ""
    item: str = msgspec.field(default="", name="itemId")


class _Characteristic(msgspec.Struct):
    name: str
    value: Any = None


class _Service(msgspec.Struct, rename="camel"):
    service_specification: _Reference
    service_characteristic: list[_Characteristic] = []


class _Request(msgspec.Struct, rename="camel"):
    """What the simulator needs of a request; the rest is not even parsed."""

    activation_key: str
    action: str
    task: str
    target_system: str
    service: _Service
    product_order: _Reference
    attempt: int = 1


class _Result(msgspec.Struct, rename="camel", omit_defaults=True):
    activation_key: str
    outcome: str
    attempt: int
    occurred_at: datetime
    service_characteristic: Sequence[Mapping[str, Any]] = ()
    reason: Mapping[str, str] | None = None


_decode = msgspec.json.Decoder(_Request).decode
_encode = msgspec.json.Encoder().encode


class ActivationPart:
    """`played` names the target systems that are simulated; `all` means every one."""

    name = "activation"

    def __init__(self, script: Script, played: Collection[str]) -> None:
        self._script = script
        self._played = None if "all" in played else {name.encode() for name in played}

    def calls_back(self, request: Message) -> str:
        return ""

    def answers(self, request: Message) -> Sequence[Answer]:
        if self._played is not None and dict(request.headers).get("targetSystem") not in self._played:
            return ()
        asked = _decode(request.value)
        rule = self._script.decide(lambda: _facts(asked, request.key), OUTCOMES)
        if rule.silent:
            return ()
        return [Answer(rule.delay, _result(asked, rule.outcome or "completed", rule, request.key))] * rule.repeat


def _facts(asked: _Request, customer: str) -> Mapping[str, Any]:
    return {
        "specification": asked.service.service_specification.id,
        "action": asked.action,
        "customer": customer,
        "attempt": asked.attempt,
        "characteristic": {each.name: each.value for each in asked.service.service_characteristic},
        "task": asked.task,
        "targetSystem": asked.target_system,
        "item": asked.product_order.item,
    }


def _result(asked: _Request, outcome: str, rule: Rule, customer: str) -> Outgoing:
    result = _Result(asked.activation_key, outcome, asked.attempt, datetime.now(UTC), rule.characteristics, rule.reason)
    # The same answer has the same id, so that copies of it are told by their id too.
    headers = answer_headers("activation", f"{asked.activation_key}/{asked.attempt}/{outcome}")
    return Outgoing(RESULTS, customer, headers, _encode(result), time.time_ns() // 1_000_000, 0)


def answer_headers(kind: str, id: str) -> tuple[tuple[str, bytes], ...]:
    """CloudEvents headers of a simulator's answer; `kind` is `activation` or `work-order`."""
    return (
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_source", b"/simulators/" + kind.encode()),
        ("ce_type", b"crossconnect." + kind.encode() + b".result.v1"),
        ("ce_id", id.encode()),
    )
