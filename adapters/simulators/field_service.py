"""The field service simulator: plays the people who make and keep appointments at customers' sites."""

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from adapters.simulators.activation import answer_headers
from adapters.simulators.script import Rule, Script
from adapters.simulators.simulator import Answer
from adapters.topics.port import Message, Outgoing

REQUESTS = "crossconnect.work-order.requests.v1"
RESULTS = "crossconnect.work-order.results.v1"
OUTCOMES = ("scheduled", "inProgress", "completed", "cancelled", "failed")

# How long an appointment lasts.
APPOINTMENT = timedelta(hours=2)

# What is answered to each action unless the script says otherwise.
USUAL = {"create": "completed", "reschedule": "scheduled", "cancel": "cancelled"}


class _Work(msgspec.Struct):
    name: str = ""


class _Item(msgspec.Struct):
    work: _Work


class _WorkOrder(msgspec.Struct, rename="camel"):
    id: str
    category: str = ""
    requested_start_date: datetime | None = None
    work_order_item: list[_Item] = []


class _Request(msgspec.Struct, rename="camel"):
    work_order_key: str
    target_system: str
    action: str
    work_order: _WorkOrder
    attempt: int = 1


class _Period(msgspec.Struct, rename="camel"):
    start_date_time: datetime
    end_date_time: datetime


class _Appointment(msgspec.Struct, rename="camel"):
    valid_for: _Period


class _Result(msgspec.Struct, rename="camel", omit_defaults=True):
    work_order_key: str
    outcome: str
    occurred_at: datetime
    appointment: _Appointment | None = None
    reason: Mapping[str, str] | None = None


_decode = msgspec.json.Decoder(_Request).decode
_encode = msgspec.json.Encoder().encode


class FieldServicePart:
    """`played` names the target systems that are simulated; `all` means every one."""

    name = "field-service"

    def __init__(self, script: Script, played: Collection[str]) -> None:
        self._script = script
        self._played = None if "all" in played else {name.encode() for name in played}

    def calls_back(self, request: Message) -> str:
        """Nobody goes to a site after the visit was called off."""
        if not self._plays(request):
            return ""
        asked = _decode(request.value)
        return asked.work_order.id if asked.action == "cancel" else ""

    def answers(self, request: Message) -> Sequence[Answer]:
        if not self._plays(request):
            return ()
        asked = _decode(request.value)
        outcomes = tuple(each for each in OUTCOMES if asked.action != "cancel" or each != "scheduled")
        rule = self._script.decide(lambda: _facts(asked, request.key), outcomes)
        if rule.silent:
            return ()
        outcome = rule.outcome or USUAL.get(asked.action, "completed")
        final = Answer(rule.delay, _result(asked, outcome, rule, request.key), asked.work_order.id)
        if asked.action == "create" and outcome == "completed":  # a visit is announced before it is made
            return [Answer(0.0, _result(asked, "scheduled", rule, request.key)), *[final] * rule.repeat]
        return [final] * rule.repeat

    def _plays(self, request: Message) -> bool:
        return self._played is None or dict(request.headers).get("targetSystem") in self._played


def _facts(asked: _Request, customer: str) -> Mapping[str, Any]:
    return {
        "specification": asked.work_order.category,
        "action": asked.action,
        "customer": customer,
        "attempt": asked.attempt,
        "task": tuple(item.work.name for item in asked.work_order.work_order_item),
        "targetSystem": asked.target_system,
    }


def _result(asked: _Request, outcome: str, rule: Rule, customer: str) -> Outgoing:
    now = datetime.now(UTC)
    start = max(asked.work_order.requested_start_date or now, now) + timedelta(seconds=rule.appointment_in)
    appointment = _Appointment(_Period(start, start + APPOINTMENT)) if outcome == "scheduled" else None
    result = _Result(asked.work_order_key, outcome, now, appointment, rule.reason if outcome == rule.outcome else None)
    headers = answer_headers("work-order", f"{asked.work_order_key}/{outcome}")
    return Outgoing(RESULTS, customer, headers, _encode(result), time.time_ns() // 1_000_000, 0)
