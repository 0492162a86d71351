"""The command line as a person and a script use it: a real server, real exit codes, one sentence for everything that goes wrong."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.claims import claim_view
from adapters.event_log import open_log
from adapters.read_models import open_read_models
from api.cli.demo.cast import ORDERS, document
from api.cli.demo.engine import EngineProcess
from api.cli.failures import Failed
from api.cli.whereabouts import whereabouts
from projections.products import PRODUCTS

pytestmark = pytest.mark.servers

SCRIPT = """\
- match: {customer: refused, specification: hlr-subscription}
  do: {outcome: rejected, reason: {code: no-sim, message: The SIM is unknown}, times: 1}
"""


class Ended:
    """What a verb left: its exit code and what it printed."""

    def __init__(self, process: "subprocess.CompletedProcess[str]") -> None:
        self.code = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    def json(self) -> Any:
        return json.loads(self.out)

    def fails_with(self, code: int, words: str) -> None:
        """One sentence on standard error that has these words, and no traceback."""
        assert self.code == code, self.out + self.err
        assert words in self.err
        assert "Traceback" not in self.err
        assert len(self.err.strip().splitlines()) == 1, self.err


def crossconnect(*arguments: str, stdin: str = "", env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Ended:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CROSSCONNECT_")}
    command = (sys.executable, "-m", "api.cli", *arguments)
    path = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    finished = subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=60, env={**clean, **path, **(env or {})}, cwd=cwd, check=False
    )
    return Ended(finished)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    folder = tmp_path_factory.mktemp("cli")
    (folder / "script.yaml").write_text(SCRIPT)
    with EngineProcess(folder, folder / "script.yaml") as process:
        process.start()
        yield process
        process.stop()


def order_of(customer: str) -> str:
    """A mobile line for somebody."""
    return json.dumps({**document("mobile-line"), "externalId": customer, "relatedParty": [{"id": customer, "role": "customer"}]})


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


# No server ----------------------------------------------------------------------------------------------------------------------------
def nowhere() -> str:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_no_server_is_one_sentence_and_exit_code_2() -> None:
    url = nowhere()
    for arguments in (("orders",), ("fallout",), ("fallout", "retry", "x"), ("submit", str(ORDERS / "mobile-line.json"))):
        crossconnect(*arguments, "--url", url).fails_with(2, f"No Crossconnect answers at {url}")


@pytest.mark.parametrize(
    ("content", "words"),
    [("{", "is not JSON"), ("[1]", "has no order"), ("", "has no order"), ('"text"', "has no order")],
)
def test_a_file_without_an_order_is_said_before_anybody_is_called(content: str, words: str) -> None:
    crossconnect("submit", "-", "--url", nowhere(), stdin=content).fails_with(1, words)


def test_a_file_that_cannot_be_read_keeps_all_of_them_back(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    ended = crossconnect("submit", str(ORDERS / "mobile-line.json"), str(tmp_path / "broken.json"), "--url", nowhere())
    ended.fails_with(1, "broken.json is not JSON")
    assert ended.err.endswith(" Nothing was submitted.\n")


def test_a_state_that_no_order_has_is_refused_with_those_that_there_are() -> None:
    crossconnect("orders", "--state", "held,bogus", "--url", nowhere()).fails_with(
        2, "No order is ever in the state 'bogus': the states are acknowledged, inProgress, pending, held,"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bogus",), "`crossconnect` has no 'bogus': serve, submit, orders,"),
        (("simulate", "bogus"), "`crossconnect simulate` has no 'bogus': activation, field-service, load."),
        (("fallout", "sit"), "`crossconnect fallout` has no 'sit': list, retry, skip, complete, abort, set, hold, release, raise,"),
        (("targets", "up"), "`crossconnect targets` has no 'up': list, offline, online."),
    ],
)
def test_a_word_that_is_no_verb_is_refused_with_those_that_are(arguments: tuple[str, ...], words: str) -> None:
    crossconnect(*arguments).fails_with(2, words)


@pytest.mark.parametrize("verb", [("serve", "--port", "0"), ("simulate", "activation"), ("simulate", "field-service")])
@pytest.mark.parametrize("names", ["bogus", "gpon,bogus"])
def test_a_target_system_that_nobody_asks_is_not_played(verb: tuple[str, ...], names: str, tmp_path: Path) -> None:
    crossconnect(*verb, "--simulators", names, cwd=tmp_path).fails_with(
        1, "No target system is called 'bogus': the catalog has acs, assurance,"
    )


def test_a_file_that_is_not_there_is_one_sentence() -> None:
    crossconnect("submit", "/no/such/file.json").fails_with(1, "/no/such/file.json cannot be read: No such file or directory.")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--port", "many"), "--port must be a port"),
        (("--host", "0.0.0.0"), "--auth none lets everybody in"),
        (("--store", "mysql://x"), "--store must be sqlite:///PATH or postgresql://"),
        (("--store", "sqlite:////no/such/folder/x.db"), "/no/such/folder"),
        (("--catalog", "/no/such/catalog.yaml"), "/no/such/catalog.yaml"),
        (("--simulators", "all", "--simulator-script", "/no/such.yaml"), "The simulator script /no/such.yaml cannot be read"),
    ],
)
def test_a_server_that_cannot_start_says_why(arguments: tuple[str, ...], words: str, tmp_path: Path) -> None:
    crossconnect("serve", "--port", "0", *arguments, cwd=tmp_path).fails_with(1, words)


def test_an_unreachable_database_is_one_sentence(tmp_path: Path) -> None:
    address = nowhere().removeprefix("http://")
    crossconnect("serve", "--port", "0", "--store", f"postgresql://me@{address}/db", cwd=tmp_path).fails_with(1, "PostgreSQL")


def test_a_store_that_is_not_there_is_not_made_by_looking_at_it(tmp_path: Path) -> None:
    crossconnect("verify", cwd=tmp_path).fails_with(1, "There is no store at crossconnect.db")
    crossconnect("rebuild", "--all", cwd=tmp_path).fails_with(1, "There is no store at crossconnect.db")
    crossconnect("rebuild", "nothing", cwd=tmp_path).fails_with(2, "There is no view 'nothing'")
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_catalog_is_told_with_its_lines(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("offerings:\n  - id: a\n    name: A\n    specification: nowhere\n")
    ended = crossconnect("catalog", "check", str(wrong))
    assert ended.code == 1
    assert f"{wrong}:4" in ended.err
    assert "Traceback" not in ended.err
    assert crossconnect("catalog", "check", str(wrong), "--json").json()
    assert crossconnect("catalog", "check", "sample").out.startswith("sample is a valid catalog")


def test_a_start_that_is_refused_leaves_no_socket_and_no_claim(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("- {match: {colour: red}}")
    for wrong in (("--simulators", "all", "--simulator-script", "bad.yaml"), ("--simulators", "nobody"), ("--catalog", "none.yaml")):
        crossconnect("serve", "--port", "0", *wrong, cwd=tmp_path).fails_with(1, wrong[-1].split(".")[0])
        assert [each.name for each in tmp_path.iterdir() if each.name.endswith((".wake", ".lock", ".server"))] == []


def test_a_store_that_is_removed_under_its_server_is_one_sentence_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "script.yaml").write_text("[]")
    with EngineProcess(tmp_path, tmp_path / "script.yaml") as engine:
        engine.start()
        for each in tmp_path.glob("demo.db*"):
            shutil.rmtree(each) if each.is_dir() else each.unlink()
        with pytest.raises(Failed, match=r"demo\.db was removed while the server ran"):
            engine.stop()
    assert "Traceback" not in (tmp_path / "engine.log").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("orders", "--limit", "many"), "`crossconnect orders --help` shows what there is."),
        (("submit",), "Missing argument 'FILE…'"),
        (("catalog", "check", "sample", "--loud"), "No such option: --loud"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(arguments: tuple[str, ...], words: str) -> None:
    crossconnect(*arguments).fails_with(2, words)


def test_the_version_and_the_help_are_found_where_one_looks_for_them() -> None:
    assert crossconnect("--version").out == f"crossconnect {version('crossconnect')}\n"
    for arguments in ((), ("catalog",), ("fallout", "list")):
        assert crossconnect(*arguments, "-h").out == crossconnect(*arguments, "--help").out != ""


@pytest.mark.parametrize("group", [(), ("catalog",), ("topics",), ("simulate",), ("fallout",), ("targets",)])
def test_the_line_that_says_what_a_verb_does_is_whole(group: tuple[str, ...]) -> None:
    lines = crossconnect(*group, "--help").out.partition("Commands:")[2].splitlines()
    assert [line for line in lines if line.endswith("...")] == []


def test_the_catalogs_that_are_shipped_are_named_by_the_help() -> None:
    shipped = {each.stem for each in (ORDERS.parent / "catalogs").iterdir()}
    told = crossconnect("catalog", "check", "--help").out
    assert [name for name in shipped if name not in told] == []


DATED = """
offerings: [{id: phone, name: Phone, specification: phone}]
products: [{id: phone, name: Phone, characteristics: [{name: switchDate}], children: [{specification: line}]}]
services: [{id: line, name: Line, targetSystem: switch}]
dependencies: [{date: {characteristic: switchDate}, after: line}]
"""


def test_what_waits_for_a_date_is_shown_by_that(tmp_path: Path) -> None:
    (tmp_path / "dated.yaml").write_text(DATED)
    assert "date → line" in crossconnect("catalog", "show", "--file", str(tmp_path)).out


def test_the_catalog_is_shown_by_section_and_by_entry() -> None:
    whole = crossconnect("catalog", "show", "products", "fibre-broadband").out
    assert "default: false" in whole
    assert "False" not in whole
    assert "triple-play" in crossconnect("catalog", "show").out
    assert crossconnect("catalog", "show", "offerings", "tv", "--json").json()["id"] == "tv"
    crossconnect("catalog", "show", "offerings", "radio").fails_with(1, "has no radio among its offerings")
    crossconnect("catalog", "show", "bands").fails_with(2, "The catalog has no bands")


def test_topics_are_planned_on_a_cluster_only() -> None:
    crossconnect("topics", "plan").fails_with(1, "Name a cluster with --kafka.")
    address = nowhere().removeprefix("http://")
    crossconnect("topics", "apply", "--kafka", address).fails_with(1, address)


def test_a_reader_that_has_seen_enough_gets_no_traceback() -> None:
    command = f"{sys.executable} -m api.cli catalog show services --json | true; echo ${{PIPESTATUS[0]}}"
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run(("bash", "-c", command), capture_output=True, text=True, cwd=root, timeout=60, check=True)
    assert (ended.stdout, ended.stderr) == ("1\n", "")


def test_doctor_lists_every_setting_and_hides_passwords(tmp_path: Path) -> None:
    address = nowhere().removeprefix("http://")
    env = {"CROSSCONNECT_STORE": f"postgresql://me:secret@{address}/db"}
    ended = crossconnect("doctor", "--json", "--port", "0", env=env, cwd=tmp_path)
    assert ended.code == 1
    found = ended.json()
    assert {each["variable"] for each in found["settings"]} >= {"CROSSCONNECT_STORE", "CROSSCONNECT_ANSWER_WITHIN"}
    assert [each["name"] for each in found["findings"] if each["problem"]] == ["store"]
    assert "secret" not in ended.out + ended.err


def test_doctor_says_where_each_setting_comes_from_and_what_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "script.yaml").write_text("[]")
    env = {"CROSSCONNECT_SIMULATOR_SCRIPT": "script.yaml", "CROSSCONNECT_KAFKA_OPTIONS": '{"prefix": "x"}'}
    told = crossconnect("doctor", "--port", "0", env=env, cwd=tmp_path).out
    rows = {line.split()[0]: line for line in told.splitlines() if line.startswith("CROSSCONNECT_")}
    assert " flag " in rows["CROSSCONNECT_PORT"]
    assert " environment " in rows["CROSSCONNECT_SIMULATOR_SCRIPT"]
    assert " default " in rows["CROSSCONNECT_HOST"]
    assert "auto (json here)" in rows["CROSSCONNECT_LOG_FORMAT"]
    assert "not used by this server: --simulators is none" in told
    assert "CROSSCONNECT_KAFKA_OPTIONS is ignored" in told


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_ends_well(number: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "script.yaml").write_text("[]")
    with EngineProcess(tmp_path, tmp_path / "script.yaml") as engine:
        engine.start()
        crossconnect("submit", "-", "--url", engine.url, stdin=order_of("stop"))
        engine.stop(number)
    verified = crossconnect("verify", "--store", engine.store)
    assert verified.code == 0, verified.out + verified.err


def test_a_server_that_has_gone_is_not_called_at_its_old_address(tmp_path: Path) -> None:
    """Neither after a good end, which removes the file with it, nor after one that it learnt nothing of."""
    (tmp_path / "script.yaml").write_text("[]")
    with EngineProcess(tmp_path, tmp_path / "script.yaml") as engine:
        engine.start()
        assert whereabouts(engine.store) == engine.url
        engine.kill()
        assert list(tmp_path.glob("*.server"))
        assert whereabouts(engine.store) == ""
        engine.start()
        assert whereabouts(engine.store) == engine.url
        engine.stop()
    assert list(tmp_path.glob("*.server*")) == []
    assert whereabouts(engine.store) == ""


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
