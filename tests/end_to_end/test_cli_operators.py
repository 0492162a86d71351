"""Operators on the command line: tasks for people, values set, items held, fallouts described, many at once, target systems (docs/operating.md)."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from api.cli.demo.cast import document
from api.cli.demo.engine import EngineProcess
from tests.end_to_end.command_line import Ended, crossconnect, order_of

pytestmark = pytest.mark.servers

SCRIPT = """\
- match: {customer: refused-set, specification: hlr-subscription, characteristic: {simType: esim}}
  do: {outcome: rejected, reason: {code: no-esim, message: This phone has no eSIM}}
- match: {customer: refused-many, specification: hlr-subscription}
  do: {outcome: rejected, reason: {code: no-sim, message: The SIM is unknown}, times: 2}
- match: {customer: silent, specification: gpon-port}
  do: {silent: true}
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    folder = tmp_path_factory.mktemp("cli")
    (folder / "script.yaml").write_text(SCRIPT)
    with EngineProcess(folder, folder / "script.yaml") as process:
        process.start()
        yield process
        process.stop()


def run(engine: EngineProcess, *arguments: str, stdin: str = "") -> Ended:
    """A verb that succeeds."""
    ended = crossconnect(*arguments, "--url", engine.url, stdin=stdin)
    assert ended.code == 0, ended.out + ended.err
    return ended


def submitted(engine: EngineProcess, order: str) -> str:
    return str(run(engine, "submit", "-", "--json", stdin=order).json()[0]["id"])


def at_home(customer: str, offering: str, **values: Any) -> str:
    """An order of one item at a site of the customer's own."""
    product = {
        "place": [{"id": f"{customer}-home", "role": "installation"}],
        "productCharacteristic": [{"name": name, "value": value} for name, value in values.items()],
    }
    item = {"id": "1", "action": "add", "productOffering": {"id": offering}, "product": product}
    return json.dumps({"relatedParty": [{"id": customer, "role": "customer"}], "productOrderItem": [item]})


def until(engine: EngineProcess, holds: Callable[[Any], Any], *arguments: str) -> Any:
    """What a verb prints as JSON, once it is as it should be."""
    give_up = time.monotonic() + 20
    while not (found := holds(answer := run(engine, *arguments, "--json").json())):
        assert time.monotonic() < give_up, f"still {answer}"
    return found


def in_state(engine: EngineProcess, id: str, state: str) -> Any:
    return until(engine, lambda tree: tree["state"] == state and tree, "orders", id)


def test_a_task_for_people_is_listed_and_completed_without_its_name(engine: EngineProcess) -> None:
    id = submitted(engine, at_home("ported", "voice-line", numberPorting=True, portingNumber="555"))
    (row,) = until(engine, lambda rows: rows, "fallout", "list", "--order", id)
    assert (row["kind"], row["form"]) == ("manualTask", ["portingDate"])
    listed = run(engine, "fallout", "list", "--order", id).out
    assert "number-porting" in listed
    assert "portingDate" in listed
    assert "(number-porting, 1." in run(engine, "orders", id).out
    crossconnect("fallout", "complete", id, "--url", engine.url).fails_with(1, "portingDate is missing")
    done = run(engine, "fallout", "complete", id, "--value", "portingDate=2026-12-01")
    assert done.out == f"complete {row['task']} of {id}: accepted\n"
    in_state(engine, id, "completed")


def test_a_value_is_set_and_the_retry_asks_with_it(engine: EngineProcess) -> None:
    id = submitted(engine, order_of("refused-set"))
    in_state(engine, id, "held")
    assert "accepted" in run(engine, "fallout", "set", id, "1", "--value", "simType=physical", "--reason", "An old phone").out
    run(engine, "fallout", "retry", id)
    assert in_state(engine, id, "completed")["state"] == "completed"


def test_an_order_is_held_and_released(engine: EngineProcess) -> None:
    id = submitted(engine, json.dumps({**json.loads(order_of("later")), "requestedStartDate": "2099-01-01T00:00:00Z"}))
    assert run(engine, "fallout", "hold", id, "--reason", "Not yet", "--operator", "kim").out == f"hold order of {id}: accepted\n"
    in_state(engine, id, "held")
    shown = run(engine, "orders", id).out
    assert "held by kim (Not yet)" in shown
    run(engine, "fallout", "release", id, "1")
    in_state(engine, id, "acknowledged")
    crossconnect("fallout", "release", id, "--url", engine.url).fails_with(1, "is held by an operator")


def test_a_fallout_is_raised_and_described(engine: EngineProcess) -> None:
    id = submitted(engine, at_home("silent", "fibre-broadband"))
    until(engine, lambda tree: any(row["kind"] == "activation" for row in tree["obligations"].values()), "orders", id)
    run(engine, "fallout", "raise", id, "--type", "wrongPort", "--severity", "minor", "--reason", "The neighbour's")
    (row,) = until(engine, lambda rows: rows, "fallout", "list", "--order", id)
    run(engine, "fallout", "note", row["id"], "Asked the field team")
    crossconnect("fallout", "assign", row["id"], "--url", engine.url).fails_with(2, "Say who takes care of it")
    run(engine, "fallout", "assign", row["id"], "--to", "lee", "--group", "desk")
    run(engine, "fallout", "severity", row["id"], "critical")
    (row,) = until(engine, lambda rows: [each for each in rows if each["severity"] == "critical"], "fallout", "list", "--order", id)
    assert (row["type"], row["assignee"], row["group"], row["note"][0]["text"]) == ("wrongPort", "lee", "desk", "Asked the field team")
    assert "lee, desk" in run(engine, "fallout", "list", "--order", id).out


def test_many_are_retried_at_once_after_a_dry_run(engine: EngineProcess) -> None:
    ids = {submitted(engine, order_of("refused-many").replace('"externalId": "refused-many"', f'"externalId": "{n}"')) for n in range(2)}
    for id in ids:
        in_state(engine, id, "held")
    which = ("--code", "no-sim", "--customer", "refused-many", "--target", "hlr")
    planned = run(engine, "fallout", "retry", *which, "--dry-run", "--json").json()
    assert {(each["productOrder"]["id"], each["outcome"]) for each in planned} == {(id, "planned") for id in ids}
    assert run(engine, "fallout", "retry", *which, "--older-than", "3600").out == "Nothing that waits for an operator is so.\n"
    run(engine, "fallout", "retry", *which)
    for id in ids:
        in_state(engine, id, "completed")


def test_a_target_system_is_taken_offline_and_brought_back(engine: EngineProcess) -> None:
    assert run(engine, "targets", "offline", "pbx", "--reason", "A new release").out == "pbx is offline; parked tasks: 0.\n"
    run(engine, "targets", "offline", "hlr")
    id = submitted(engine, json.dumps({**document("mobile-line"), "relatedParty": [{"id": "parked", "role": "customer"}]}))
    in_state(engine, id, "held")
    rows = {row["id"]: row for row in run(engine, "targets", "--json").json()}
    assert (rows["hlr"]["parkedTasks"], rows["pbx"]["reason"], rows["gpon"]["state"]) == (1, "A new release", "online")
    assert "hlr is offline." in run(engine, "orders", id).out
    assert "A new release" in run(engine, "targets").out
    run(engine, "targets", "online", "hlr")
    in_state(engine, id, "completed")
    crossconnect("targets", "online", "hlr", "--url", engine.url).fails_with(1, "online already")
    crossconnect("targets", "offline", "warp", "--url", engine.url).fails_with(1, "No target system is called 'warp'")


@pytest.mark.parametrize("arguments", [("retry",), ("skip", "po-1", "--code", "x"), ("abort",)])
def test_what_is_meant_has_to_be_said(engine: EngineProcess, arguments: tuple[str, ...]) -> None:
    crossconnect("fallout", *arguments, "--url", engine.url).fails_with(2, "a fallout or an order, or those that the options name")
