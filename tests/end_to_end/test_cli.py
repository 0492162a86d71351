"""The command line as a person and a script use it: a real server, real exit codes, one sentence for everything that goes wrong."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.claims import claim_view
from adapters.event_log import open_log
from adapters.read_models import open_read_models
from api.cli.demo.cast import ORDERS
from api.cli.demo.engine import EngineProcess
from projections.products import PRODUCTS
from tests.end_to_end.command_line import crossconnect, nowhere, order_of

pytestmark = pytest.mark.servers

SCRIPT = """\
- match: {customer: refused, specification: hlr-subscription}
  do: {outcome: rejected, reason: {code: no-sim, message: The SIM is unknown}, times: 1}
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    folder = tmp_path_factory.mktemp("cli")
    (folder / "script.yaml").write_text(SCRIPT)
    with EngineProcess(folder, folder / "script.yaml") as process:
        process.start()
        yield process
        process.stop()


# A running server ---------------------------------------------------------------------------------------------------------------------
def test_an_order_is_submitted_followed_to_its_end_listed_and_shown(engine: EngineProcess) -> None:
    followed = crossconnect("submit", str(ORDERS / "mobile-line.json"), "--wait", "--url", engine.url)
    assert followed.code == 0, followed.err
    id, state = followed.out.splitlines()[-1].split()
    assert state == "completed"
    assert id in crossconnect("orders", "--url", engine.url).out
    shown = crossconnect("orders", id, "--url", engine.url)
    assert "mobile-line completed" in shown.out
    assert "activate done" in shown.out
    tree = crossconnect("orders", id, "--json", "--url", engine.url).json()
    assert tree["id"] == id
    assert crossconnect("orders", "--json", "--state", "completed", "--url", engine.url).json()[0]["state"] == "completed"


def test_a_service_order_is_submitted_and_followed_to_its_end(engine: EngineProcess) -> None:
    item = {"id": "1", "action": "add", "service": {"serviceSpecification": {"id": "mobile-service"}}}
    sent = json.dumps({"serviceOrderItem": [item], "relatedParty": [{"id": "services-1", "role": "customer"}]})
    followed = crossconnect("submit", "-", "--wait", "--url", engine.url, stdin=sent)
    assert followed.code == 0, followed.err
    id, state = followed.out.splitlines()[-1].split()
    assert (id[:3], state) == ("sr-", "completed")
    assert "mobile-service completed" in crossconnect("orders", id, "--url", engine.url).out
    assert "mobile-service → hlr-subscription" in crossconnect("orders", "explain", id, "--url", engine.url).out


def test_an_order_is_previewed_and_explained(engine: EngineProcess) -> None:
    before = crossconnect("orders", "--json", "--url", engine.url).json()
    shown = crossconnect("orders", "preview", "-", "--url", engine.url, stdin=order_of("what-if"))
    assert shown.code == 0, shown.err
    assert "mobile-line inProgress" in shown.out
    assert "✓ mobile-line → mobile-service" in shown.out
    assert crossconnect("orders", "--json", "--url", engine.url).json() == before
    (order,) = crossconnect("submit", "-", "--json", "--url", engine.url, stdin=order_of("what-if")).json()
    explained = crossconnect("orders", "explain", order["id"], "--url", engine.url).out
    assert shown.out.splitlines()[-len(explained.splitlines()) :][0] == explained.splitlines()[0]
    crossconnect("orders", "explain").fails_with(2, "`orders explain` needs the id of an order.")
    crossconnect("orders", "preview", "-", "--url", engine.url, stdin=f"[{order_of('a')}, {order_of('b')}]").fails_with(2, "One order")


def test_orders_come_from_standard_input_too_as_many_as_one_likes(engine: EngineProcess) -> None:
    several = f"[{order_of('many-1')}, {order_of('many-2')}]\n{order_of('many-3')}"
    ended = crossconnect("submit", "-", "--wait", "--json", "--url", engine.url, stdin=several).json()
    assert sorted(order["externalId"] for order in ended) == ["many-1", "many-2", "many-3"]
    assert {order["state"] for order in ended} == {"completed"}


def test_a_fallout_is_listed_and_retried(engine: EngineProcess) -> None:
    (order,) = crossconnect("submit", "-", "--json", "--url", engine.url, stdin=order_of("refused")).json()
    fallout = waited_for_fallout(engine, order["id"])
    assert fallout["reason"] == {"code": "no-sim", "message": "The SIM is unknown"}
    listed = crossconnect("fallout", "--url", engine.url)
    assert "no-sim: The SIM is unknown" in listed.out
    retried = crossconnect("fallout", "retry", fallout["id"], "--reason", "SIM loaded", "--url", engine.url)
    assert retried.code == 0, retried.err
    again = crossconnect("submit", "-", "--wait", "--url", engine.url, stdin=order_of("refused"))
    assert again.out.splitlines()[-1] == f"{order['id']} completed"
    closed = crossconnect("fallout", "list", "--closed", "--json", "--url", engine.url).json()
    assert [row["resolution"]["reason"] for row in closed if row["id"] == fallout["id"]] == ["SIM loaded"]
    crossconnect("fallout", "retry", fallout["id"], "--url", engine.url).fails_with(1, "Nothing that waits for an operator")


def waited_for_fallout(engine: EngineProcess, order: str) -> Any:
    for _ in range(50):
        if rows := crossconnect("fallout", "list", "--order", order, "--json", "--url", engine.url).json():
            return rows[0]
    raise AssertionError("the fallout was never listed")


def test_an_install_base_is_loaded_from_a_file_shown_and_loaded_again(engine: EngineProcess, tmp_path: Path) -> None:
    party = {"relatedParty": [{"id": "loaded", "role": "customer"}]}
    about = {**party, "status": "active", "startDate": "2021-03-01T00:00:00Z", "@catalogVersion": "1.0"}
    lines = [json.dumps({**about, "externalId": f"m-{number}", "productOffering": {"id": "mobile-line"}}) for number in range(450)]
    wrong = json.dumps({**about, "externalId": "w", "productOffering": {"id": "smoke-signals"}})
    base = tmp_path / "base.jsonl"
    base.write_text("\n".join([*lines[:300], wrong, "", "no JSON", *lines[300:]]))
    loaded = crossconnect("install-base", "load", str(base), "--url", engine.url)
    assert loaded.out == "Loaded 450, known already 0, refused 2.\n"
    loaded.fails_with(1, f"2 lines were refused: {base}.refused.jsonl")
    refused = [json.loads(line) for line in Path(f"{base}.refused.jsonl").read_text().splitlines()]
    assert [(each["line"], "smoke-signals" in each["reason"]) for each in refused] == [(301, True), (303, False)]
    again = crossconnect("install-base", "load", "-", "--json", "--url", engine.url, stdin="\n".join(lines))
    assert (again.code, again.json()) == (0, {"loaded": 0, "known": 450, "refused": 0})
    shown = crossconnect("install-base", "--customer", "loaded", "--at", "2022-01-01", "--json", "--url", engine.url).json()
    assert len(shown["product"]) == 450
    assert "mobile-line" in crossconnect("install-base", "--customer", "loaded", "--url", engine.url).out
    crossconnect("install-base", "--url", engine.url).fails_with(2, "--customer or --site")


def test_load_is_ordered_and_measured(engine: EngineProcess) -> None:
    arguments = ("simulate", "load", str(ORDERS / "mobile-line.json"), "--orders", "20", "--clients", "4", "--json", "--url", engine.url)
    result = crossconnect(*arguments).json()
    assert result["states"] == {"completed": 20}
    assert 0 < result["p50_ms"] <= result["p99_ms"]


def test_the_store_is_proved_and_its_views_rebuilt_beside_the_running_server(engine: EngineProcess) -> None:
    verified = crossconnect("verify", "--store", engine.store)
    assert verified.code == 0, verified.out + verified.err
    assert all(line.startswith("✓") for line in verified.out.splitlines())
    assert all(each["offending"] == [] for each in crossconnect("verify", "--json", "--store", engine.store).json())
    checked = crossconnect("rebuild", "--all", "--check", "--json", "--store", engine.store).json()
    assert {view["view"] for view in checked} >= {"product_orders", "products"}
    assert all(view["differing"] == [] for view in checked)
    rebuilt = crossconnect("rebuild", "products", "--store", engine.store)
    assert rebuilt.code == 0
    assert rebuilt.out.startswith("products: ")


def test_a_catalog_is_published_to_the_server(engine: EngineProcess, tmp_path: Path) -> None:
    changed = tmp_path / "changed.yaml"
    sample = Path(ORDERS.parent, "catalogs", "sample.yaml").read_text()
    changed.write_text(sample.replace("name: Mobile line", "name: Mobile line plus", 1).replace('version: "1.0"', 'version: "1.1"', 1))
    published = crossconnect("catalog", "publish", str(changed), "--url", engine.url)
    assert published.code == 0, published.err
    assert published.out == f"{changed} is published as version 1.1.\n"
    assert "Mobile line plus" in crossconnect("catalog", "diff", "sample", str(changed)).out
    later = tmp_path / "later.yaml"
    later.write_text(changed.read_text().replace('version: "1.1"', 'version: "1.2"'))
    dated = crossconnect("catalog", "publish", str(later), "--effective", "2999-01-01", "--url", engine.url)
    assert dated.out == f"{later} is published as version 1.2, in force from 2999-01-01T00:00:00Z.\n"
    crossconnect("catalog", "publish", str(later), "--effective", "soon", "--url", engine.url).fails_with(
        1, "effective is not a time: 'soon'"
    )


def test_what_a_published_catalog_no_longer_offers_is_said(tmp_path: Path) -> None:
    retired = tmp_path / "retired.yaml"
    sample = (ORDERS.parent / "catalogs" / "sample.yaml").read_text()
    start = sample.index("  - id: mobile-line")
    sample = sample[:start] + sample[start:].replace("name: ", "lifecycleStatus: Retired\n    name: ", 1)
    retired.write_text(sample.replace('version: "1.0"', 'version: "retiring"', 1))
    (tmp_path / "script.yaml").write_text("[]")
    with EngineProcess(tmp_path, tmp_path / "script.yaml") as engine:
        engine.start()
        assert "the store works with it" in crossconnect("doctor", "--store", engine.store).out
        told = crossconnect("catalog", "publish", str(retired), "--url", engine.url)
        assert "No longer offered: 1 (mobile-line)." in told.out, told.out + told.err
        assert crossconnect("catalog", "publish", "sample", "--url", engine.url, "--json").json()["noLongerOffered"] == []
        assert crossconnect("catalog", "publish", str(retired), "--url", engine.url).code == 0
        assert "the store works with version retiring" in crossconnect("doctor", "--store", engine.store).out
        other = crossconnect("doctor", "--store", engine.store, "--catalog", "benchmark-w1")
        assert "is not the one that the store works with (version retiring)" in other.out
        engine.stop()


def test_a_refused_order_says_why_and_keeps_those_before_it(engine: EngineProcess) -> None:
    wrong = order_of("refusal-2").replace("mobile-line", "no-such-offering")
    ended = crossconnect("submit", "-", "--url", engine.url, stdin=order_of("refusal-1") + wrong)
    ended.fails_with(1, "no-such-offering")
    assert len(ended.out.splitlines()) == 1


def test_of_several_files_the_refused_one_is_named_and_what_became_of_the_others_is_told(engine: EngineProcess, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("first.json", "wrong.json", "last.json")]
    for file in files:
        file.write_text(order_of(f"files-{file.stem}"))
    files[1].write_text(f"[{order_of('files-in-wrong')}, {order_of('files-wrong').replace('mobile-line', 'no-such-offering')}]")
    ended = crossconnect("submit", *map(str, files), "--wait", "--url", engine.url)
    ended.fails_with(1, f"{files[1]}, order 2 of 2: ")
    assert ended.err.endswith(" Accepted before: 2; not submitted: 1.\n")
    assert [line.split()[0][:3] for line in ended.out.splitlines()] == ["po-", "po-"]


def test_a_second_server_on_the_same_port_says_so(engine: EngineProcess, tmp_path: Path) -> None:
    port = engine.url.rpartition(":")[2]
    ended = crossconnect("serve", "--port", port, "--store", f"sqlite:///{tmp_path}/other.db")
    ended.fails_with(1, "address already in use")
    same = crossconnect("serve", "--port", port, "--store", engine.store)
    same.fails_with(1, f"The server of this store is at {engine.url}")
    assert not (tmp_path / "other.db").exists()


def test_a_second_server_on_the_same_store_says_who_has_it_and_harms_nothing(engine: EngineProcess) -> None:
    ended = crossconnect("serve", "--port", "0", "--store", engine.store)
    ended.fails_with(1, f"{engine.store.removeprefix('sqlite:///')} is in use by process ")
    assert crossconnect("submit", "-", "--url", engine.url, stdin=order_of("undisturbed")).code == 0
    assert crossconnect("rebuild", "product_orders", "--store", engine.store).code == 0


def test_a_view_is_not_rebuilt_by_two_at_once(engine: EngineProcess) -> None:
    with closing(claim_view(engine.store, "products")):
        for more in ((), ("--check",)):
            crossconnect("rebuild", "products", *more, "--store", engine.store).fails_with(
                1, f"made anew, or checked, by process {os.getpid()}"
            )
    assert crossconnect("rebuild", "products", "--check", "--store", engine.store).code == 0


def test_a_rebuild_drops_earlier_generations_unless_a_server_may_use_them(engine: EngineProcess, tmp_path: Path) -> None:
    earlier = replace(PRODUCTS, generation=PRODUCTS.generation - 1)
    for store, left in ((engine.store, True), (f"sqlite:///{tmp_path}/s.db", False)):
        open_log(store).close()
        with closing(open_read_models(store)) as read_models:
            read_models.prepare([earlier])
            assert crossconnect("rebuild", "products", "--store", store).code == 0
            assert (earlier.table in read_models.positions()) is left
            assert PRODUCTS.table in read_models.positions()


def test_doctor_finds_the_server(engine: EngineProcess) -> None:
    port = engine.url.rpartition(":")[2]
    found = crossconnect("doctor", "--port", port, "--store", engine.store)
    assert found.code == 0, found.out + found.err
    assert "is ready" in found.out


def test_the_server_of_a_store_is_found_whatever_it_was_started_with(engine: EngineProcess, tmp_path: Path) -> None:
    """It listens on a port that no setting names, and stands beside the store under any name of that."""
    here = {"CROSSCONNECT_STORE": engine.store}
    assert crossconnect("orders", env=here).code == 0
    assert engine.url in crossconnect("doctor", env=here).out
    os.symlink(engine.store.removeprefix("sqlite:///"), tmp_path / "crossconnect.db")
    assert crossconnect("orders", cwd=tmp_path).code == 0
    elsewhere = nowhere()
    crossconnect("orders", "--url", elsewhere, env=here).fails_with(2, elsewhere)
    crossconnect("orders", env={**here, "CROSSCONNECT_PORT": elsewhere.rpartition(":")[2]}).fails_with(2, elsewhere)


# Processes of their own ---------------------------------------------------------------------------------------------------------------
def test_simulators_run_as_processes_of_their_own_and_stop_well(tmp_path: Path) -> None:
    (tmp_path / "script.yaml").write_text("[]")
    with EngineProcess(tmp_path, tmp_path / "script.yaml", simulators="none") as engine:
        engine.start()
        commands = [
            (sys.executable, "-m", "api.cli", "simulate", part, "--store", engine.store) for part in ("activation", "field-service")
        ]
        simulators = [subprocess.Popen(command, stderr=subprocess.PIPE) for command in commands]
        try:
            ended = crossconnect("submit", str(ORDERS / "fibre-and-mobile.json"), "--wait", "--timeout", "30", "--url", engine.url)
            assert ended.code == 0, ended.out + ended.err
        finally:
            for simulator in simulators:
                simulator.terminate()
            said = [simulator.communicate(timeout=10)[1] for simulator in simulators]
        assert [simulator.returncode for simulator in simulators] == [0, 0], said
        engine.stop()


def test_a_reader_of_the_event_stream_does_not_hold_up_the_end(tmp_path: Path) -> None:
    (tmp_path / "script.yaml").write_text("[]")
    with EngineProcess(tmp_path, tmp_path / "script.yaml") as engine:
        engine.start()
        with httpx.stream("GET", f"{engine.url}/crossconnect/v1/events/stream", trust_env=False, timeout=15) as stream:
            assert next(stream.iter_bytes())
            began = time.monotonic()
            engine.stop()
            assert time.monotonic() - began < 2
