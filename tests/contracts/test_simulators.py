"""What simulated target systems answer, when, and what they remember across a crash."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from adapters.simulators.activation import ActivationPart
from adapters.simulators.cast import UnknownSystem, check_played
from adapters.simulators.field_service import FieldServicePart
from adapters.simulators.script import Script, ScriptError, read_script
from adapters.simulators.simulator import Part, Simulator
from adapters.topics.port import Message, Outgoing, TopicsUnavailable
from schemas.catalog import load_catalog
from tests.examples import examples


class Topics:
    """Both topics of a simulator in memory: a consumer that starts at the committed position, and a producer that may be out of order."""

    def __init__(self) -> None:
        self.requests: list[Message] = []
        self.answers: list[Outgoing] = []
        self.committed = 0
        self.broken = False
        self._read = 0

    def ask(self, value: Mapping[str, Any], key: str = "cust-1") -> None:
        target = str(value["targetSystem"]).encode()
        headers = (("targetSystem", target),)
        self.requests.append(Message("requests", 0, len(self.requests), key, headers, json.dumps(value).encode(), 0))

    def reopen(self) -> "Topics":
        self._read = self.committed
        return self

    def poll(self, timeout: float) -> list[Message]:
        found = self.requests[self._read :]
        self._read = len(self.requests)
        return found

    def commit(self, positions: Mapping[tuple[str, int], int]) -> None:
        self.committed = positions["requests", 0]

    def publish(self, messages: Sequence[Outgoing]) -> None:
        if self.broken:
            raise TopicsUnavailable("The broker is away.")
        self.answers.extend(messages)

    def close(self) -> None:
        pass

    @property
    def said(self) -> list[dict[str, Any]]:
        return [json.loads(answer.value) for answer in self.answers]

    @property
    def outcomes(self) -> list[str]:
        return [each["outcome"] for each in self.said]


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def activation(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "activationKey": f"so-1-{number}.1.activate.add.1",
        "attempt": 1,
        "action": "add",
        "task": "activate",
        "targetSystem": "gpon",
        "service": {
            "id": "svc-1",
            "@type": "Service",
            "serviceSpecification": {"id": "gpon-port", "version": "1.0"},
            "serviceCharacteristic": [{"name": "downstream", "value": 500}, {"name": "staticIp", "value": True}],
        },
        "serviceOrder": {"id": "so-1-1", "itemId": "1"},
        "productOrder": {"id": "po-1", "itemId": "2"},
        **changes,
    }


def visit(action: str = "create", **changes: Any) -> dict[str, Any]:
    return {
        "workOrderKey": "wo-1-1.1" if action == "create" else "wo-1-1.2",
        "targetSystem": "field-service",
        "action": action,
        "workOrder": {"id": "wo-1-1", "category": "site-visit", "workOrderItem": [{"id": "1", "work": {"name": "connect and measure"}}]},
        "productOrder": {"id": "po-1"},
        **changes,
    }


def written(folder: Path, *rules: Mapping[str, Any]) -> Script:
    (folder / "script.yaml").write_text(yaml.safe_dump(list(rules)))
    return Script(str(folder / "script.yaml"))


def played(part: Part, topics: Topics, clock: Callable[[], float] = time.monotonic) -> Simulator:
    simulator = Simulator(part, topics, topics, clock)
    simulator.turn(0)
    return simulator


ALL = frozenset({"all"})


def test_without_a_script_an_activation_is_completed_at_once() -> None:
    topics = Topics()
    topics.ask(activation())
    played(ActivationPart(Script(), ALL), topics)
    (said,) = topics.said
    assert (said["activationKey"], said["outcome"], said["attempt"]) == ("so-1-1.1.activate.add.1", "completed", 1)
    assert "reason" not in said
    assert topics.answers[0].key == "cust-1"
    assert topics.committed == 1


def test_a_system_that_is_not_played_is_left_to_others() -> None:
    topics = Topics()
    topics.ask(activation(targetSystem="hlr"))
    topics.ask(activation())
    played(ActivationPart(Script(), frozenset({"gpon"})), topics)
    assert len(topics.answers) == 1
    assert topics.committed == 2


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({}, True),
        ({"specification": "gpon-port"}, True),
        ({"specification": "ip-session"}, False),
        ({"action": "delete"}, False),
        ({"customer": "cust-*"}, True),
        ({"customer": "cust-7*"}, False),
        ({"attempt": 1}, True),
        ({"attempt": 2}, False),
        ({"characteristic": {"downstream": 500}}, True),
        ({"characteristic": {"downstream": 1000}}, False),
        ({"characteristic": {"staticIp": True}}, True),
        ({"characteristic": {"staticIp": 1}}, False),
        ({"characteristic": {"colour": "red"}}, False),
        ({"task": "activate", "targetSystem": "gpon", "item": "2"}, True),
        ({"task": "activate", "targetSystem": "gpon", "item": "1"}, False),
    ],
)
def test_a_rule_matches_on_any_subset(tmp_path: Path, match: dict[str, Any], fits: bool) -> None:
    topics = Topics()
    topics.ask(activation())
    reason = {"code": "no-port", "message": "No free port"}
    script = written(tmp_path, {"match": match, "do": {"outcome": "rejected", "reason": reason}})
    played(ActivationPart(script, ALL), topics)
    assert topics.outcomes == ["rejected" if fits else "completed"]
    assert topics.said[0].get("reason") == (reason if fits else None)


def test_the_first_rule_that_matches_decides_as_often_as_it_may(tmp_path: Path) -> None:
    topics = Topics()
    for attempt in (1, 2, 3):
        topics.ask(activation(attempt=attempt))
    script = written(tmp_path, {"match": {}, "do": {"outcome": "failed", "times": 2}}, {"match": {}, "do": {"outcome": "rejected"}})
    played(ActivationPart(script, ALL), topics)
    assert topics.outcomes == ["failed", "failed", "rejected"]


def test_values_copies_and_silence(tmp_path: Path) -> None:
    topics = Topics()
    topics.ask(activation(1))
    topics.ask(activation(2, task="test"))
    values = [{"name": "ontSerial", "value": "ALCL1234"}]
    script = written(
        tmp_path, {"match": {"task": "test"}, "do": {"silent": True}}, {"match": {}, "do": {"repeat": 2, "serviceCharacteristic": values}}
    )
    played(ActivationPart(script, ALL), topics)
    assert [each["activationKey"] for each in topics.said] == ["so-1-1.1.activate.add.1"] * 2
    assert topics.said[0]["serviceCharacteristic"] == values
    assert topics.answers[0].headers == topics.answers[1].headers
    assert topics.committed == 2


def test_an_edit_of_the_script_takes_effect_before_the_next_answer(tmp_path: Path) -> None:
    topics = Topics()
    script = written(tmp_path, {"match": {}, "do": {"outcome": "rejected"}})
    topics.ask(activation(1))
    simulator = played(ActivationPart(script, ALL), topics)
    (tmp_path / "script.yaml").write_text("[]  # repaired")
    topics.ask(activation(2))
    simulator.turn(0)
    (tmp_path / "script.yaml").write_text("- wrong: true")
    topics.ask(activation(3))
    simulator.turn(0)
    assert topics.outcomes == ["rejected", "completed", "completed"]


def test_the_position_stays_below_the_oldest_request_that_is_not_answered_yet(tmp_path: Path) -> None:
    topics, clock = Topics(), Hand()
    script = written(tmp_path, {"match": {"item": "slow"}, "do": {"delay": 5}})
    topics.ask(activation(1))
    topics.ask(activation(2, productOrder={"id": "po-1", "itemId": "slow"}))
    topics.ask(activation(3))
    simulator = played(ActivationPart(script, ALL), topics, clock)
    assert [each["activationKey"][:6] for each in topics.said] == ["so-1-1", "so-1-3"]
    assert topics.committed == 1
    clock.time = 5.0
    simulator.turn(0)
    assert topics.said[2]["activationKey"].startswith("so-1-2")
    assert topics.committed == 3


def test_a_crash_before_a_late_answer_does_not_lose_it(tmp_path: Path) -> None:
    topics, clock = Topics(), Hand()
    script = written(tmp_path, {"match": {}, "do": {"delay": 1}})
    topics.ask(activation())
    played(ActivationPart(script, ALL), topics, clock)
    again = played(ActivationPart(script, ALL), topics.reopen(), clock)
    clock.time = 1.0
    assert again.turn(0) == 1
    assert topics.outcomes == ["completed"]


def test_answers_wait_for_the_broker_in_their_order() -> None:
    topics = Topics()
    topics.broken = True
    topics.ask(activation(1))
    simulator = Simulator(ActivationPart(Script(), ALL), topics, topics)
    with pytest.raises(TopicsUnavailable):
        simulator.turn(0)
    topics.ask(activation(2))
    assert topics.committed == 0
    topics.broken = False
    simulator.turn(0)
    simulator.turn(0)
    assert [each["activationKey"][:6] for each in topics.said] == ["so-1-1", "so-1-2"]
    assert topics.committed == 2


def test_a_request_that_cannot_be_read_stops_nothing() -> None:
    topics = Topics()
    topics.requests.append(Message("requests", 0, 0, "k", (), b"{", 0))
    topics.ask(activation())
    played(ActivationPart(Script(), ALL), topics)
    assert topics.outcomes == ["completed"]
    assert topics.committed == 2


def test_a_visit_is_announced_with_an_appointment_and_then_made() -> None:
    topics = Topics()
    topics.ask(visit())
    played(FieldServicePart(Script(), ALL), topics)
    scheduled, completed = topics.said
    assert (scheduled["outcome"], completed["outcome"]) == ("scheduled", "completed")
    assert set(scheduled["appointment"]["validFor"]) == {"startDateTime", "endDateTime"}
    assert "appointment" not in completed


def test_an_appointment_is_not_before_the_requested_start() -> None:
    topics = Topics()
    order = {**visit()["workOrder"], "requestedStartDate": "2099-01-01T09:00:00Z"}
    topics.ask(visit("reschedule", workOrder=order))
    played(FieldServicePart(Script(), ALL), topics)
    assert topics.outcomes == ["scheduled"]
    assert topics.said[0]["appointment"]["validFor"]["startDateTime"] == "2099-01-01T09:00:00Z"


def test_an_appointment_is_as_far_away_as_the_script_says(tmp_path: Path) -> None:
    topics = Topics()
    script = written(tmp_path, {"match": {"specification": "site-visit"}, "do": {"outcome": "scheduled", "appointmentIn": 432000}})
    topics.ask(visit())
    played(FieldServicePart(script, ALL), topics)
    start = datetime.fromisoformat(topics.said[0]["appointment"]["validFor"]["startDateTime"])
    assert timedelta(days=4, hours=23) < start - datetime.now(UTC) < timedelta(days=5)


def test_a_visit_that_is_cancelled_is_not_made_later(tmp_path: Path) -> None:
    topics, clock = Topics(), Hand()
    script = written(tmp_path, {"match": {"specification": "site-visit", "action": "create"}, "do": {"delay": 60}})
    topics.ask(visit())
    simulator = played(FieldServicePart(script, ALL), topics, clock)
    topics.ask(visit("cancel"))
    simulator.turn(0)
    clock.time = 100.0
    simulator.turn(0)
    assert topics.outcomes == ["scheduled", "cancelled"]
    assert topics.committed == 2


def test_a_rule_that_makes_appointments_makes_none_for_a_visit_that_is_called_off(tmp_path: Path) -> None:
    topics = Topics()
    script = written(tmp_path, {"do": {"outcome": "scheduled", "appointmentIn": 3600}})
    topics.ask(visit())
    simulator = played(FieldServicePart(script, ALL), topics)
    topics.ask(visit("cancel"))
    simulator.turn(0)
    assert topics.outcomes == ["scheduled", "cancelled"]


def test_a_rule_for_the_network_is_not_for_field_service(tmp_path: Path) -> None:
    topics = Topics()
    topics.ask(visit())
    reason = {"code": "nobody-home", "message": "Nobody was there"}
    script = written(
        tmp_path,
        {"match": {}, "do": {"outcome": "rejected"}},
        {"match": {"task": "connect and measure"}, "do": {"outcome": "failed", "reason": reason}},
    )
    played(FieldServicePart(script, ALL), topics)
    assert topics.outcomes == ["failed"]
    assert topics.said[0]["reason"] == reason


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("match: {}", "must be a list of rules"),
        ("- {when: {}}", "rule 1: a rule has the keys match and do"),
        ("- {match: {colour: red}}", "rule 1, match: knows .*, not colour"),
        ("- {}\n- {do: {outcome: done}}", "rule 2: outcome must be one of"),
        ("- {do: {delay: soon}}", "rule 1: delay must be a number from 0, not 'soon'"),
        ("- {do: {serviceCharacteristic: [{value: 1}]}}", "serviceCharacteristic must be a list"),
        ("- {match: {characteristic: downstream}}", "characteristic must name values"),
        ("- {match: [", "cannot be read"),
    ],
)
def test_a_wrong_script_gets_one_clear_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "script.yaml").write_text(text)
    with pytest.raises(ScriptError, match=sentence) as raised:
        read_script(str(tmp_path / "script.yaml"))
    assert "\n" not in str(raised.value)


def test_a_script_that_is_not_there_is_said_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="cannot be read: No such file or directory"):
        Script(str(tmp_path / "none.yaml"))


@examples(60)
@given(st.lists(st.tuples(st.sampled_from(["ask", "turn", "crash", "break", "mend", "wait"]), st.integers(0, 2)), max_size=40))
def test_whatever_happens_every_request_is_answered_in_the_end(steps: list[tuple[str, int]]) -> None:
    topics, clock = Topics(), Hand()
    part = SlowPart(ActivationPart(Script(), ALL))
    simulator = Simulator(part, topics, topics, clock)
    for step, amount in steps:
        match step:
            case "ask":
                topics.ask(activation(len(topics.requests), productOrder={"id": "po-1", "itemId": str(amount)}))
            case "crash":
                simulator = Simulator(part, topics.reopen(), topics, clock)
            case "break" | "mend":
                topics.broken = step == "break"
            case "wait":
                clock.time += amount
            case _:
                turn(simulator)
    topics.broken = False
    for _ in range(4):
        clock.time += 3.0
        turn(simulator)
    answered = {each["activationKey"] for each in topics.said}
    assert answered == {json.loads(request.value)["activationKey"] for request in topics.requests}
    assert topics.committed == len(topics.requests)


def turn(simulator: Simulator) -> None:
    with suppress(TopicsUnavailable):
        simulator.turn(0)


class SlowPart:
    """Answers after as many seconds as the item's id says."""

    name = "slow"

    def __init__(self, inner: ActivationPart) -> None:
        self._inner = inner

    def calls_back(self, request: Message) -> str:
        return ""

    def answers(self, request: Message) -> Sequence[Any]:
        delay = float(json.loads(request.value)["productOrder"]["itemId"])
        return [answer._replace(delay=delay) for answer in self._inner.answers(request)]


def test_a_target_system_of_any_published_catalog_can_be_played() -> None:
    sample, other = load_catalog("sample"), load_catalog("benchmark-w1")
    check_played({"all", "gpon", "assurance", "field-service"}, [other, sample])
    check_played((), [])
    with pytest.raises(UnknownSystem, match="No target system is called 'olt': the catalog has acs, assurance, bng,"):
        check_played({"gpon", "olt"}, [sample])
