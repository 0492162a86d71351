"""The command line where no server runs, or one of its own: what is refused, and what files and help say."""

import shutil
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from api.cli.demo.cast import ORDERS
from api.cli.demo.engine import EngineProcess
from api.cli.failures import Failed
from api.cli.whereabouts import whereabouts
from tests.end_to_end.command_line import crossconnect, nowhere, order_of

pytestmark = pytest.mark.servers


# No server ----------------------------------------------------------------------------------------------------------------------------
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
