"""The documentation is true: what it shows can be pasted, what it names is there, and its links lead somewhere."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.core import TyperGroup as Group
from typer.main import get_command

from api.cli.verbs import app
from domain import impact, jeopardy, product_order, service, service_order, states, work_order
from domain import product as products
from domain.events import EVENTS
from tests.servers.crossconnect import ROOT, Crossconnect, end, end_with_us
from tests.servers.kafka import Kafka

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
PATIENCE = 90


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text_of(page), re.MULTILINE | re.DOTALL)


def rows(page: str, first: str) -> list[list[str]]:
    """The cells of the table whose first heading is `first`."""
    _, _, table = text_of(page).partition(f"\n| {first} |")
    lines = table.split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").replace("\\|", "¦").split("|")] for line in lines]


def code(page: Path) -> Iterator[str]:
    """Everything on a page that is code: lines of fenced blocks, and spans."""
    text = page.read_text(encoding="utf-8")
    fenced = re.compile(r"^```.*?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    for block in fenced.findall(text):
        yield from block.replace("\\\n", " ").splitlines()
    yield from re.findall(r"`([^`\n]+)`", fenced.sub("", text))


# What is named is there ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    broken = [target for target in targets if not (page.parent / target.partition("#")[0]).exists()]
    assert broken == []
    for target in targets:
        file, _, heading = target.partition("#")
        assert not heading or heading in headings(page.parent / file if file else page), target


def headings(page: Path) -> set[str]:
    """The anchors of a page."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_line_can_be_understood(page: Path) -> None:
    program = get_command(app)
    assert isinstance(program, Group)
    for line in code(page):
        for named in re.findall(r"crossconnect ((?:[a-z][a-z|-]*)(?:[^|;#&)]|\|(?=[a-z]))*)", line):
            for problem in misunderstood(program, named):
                pytest.fail(f"`{line}`: {problem}")


def misunderstood(program: Group, named: str) -> Iterator[str]:
    """What our program would not understand in `VERB [VERB] [ARGUMENTS AND FLAGS]`; `a|b` names two verbs."""
    words = named.split()
    for verb in words[0].split("|"):
        command: Any = program.commands.get(verb)
        if command is None:
            yield f"there is no verb {verb}"
            continue
        subs = words[1].split("|") if isinstance(command, Group) and words[1:] and re.fullmatch(r"[a-z][a-z|-]*", words[1]) else [""]
        for sub in subs:
            inner = command.commands.get(sub) if isinstance(command, Group) and sub else command
            known = {option for each in (inner, command) if each for param in each.params for option in param.opts} | {"--help"}
            if inner is None:
                yield f"{verb} has no {sub}"
            yield from (f"{verb} {sub} has no {flag}" for flag in re.findall(r"(?<= )--[a-z-]+", named) if flag not in known)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_word_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    named = {word for line in code(page) for word in re.findall(r"\bmake ([a-z]+)", line)}
    assert named <= targets


def test_every_slice_is_in_the_front_page_with_a_test_that_knows_it() -> None:
    commands: set[str] = set()
    events: set[str] = set()
    for command, results, test in ((*row, "", "")[:3] for row in rows("README.md", "command") if not row[0].startswith("**")):
        told = "".join((ROOT / "tests/decisions" / f"{name}.py").read_text() for name in re.findall(r"\[(\w+)\]", test))
        names = re.findall(r"`(\w+)`", command)
        assert all(name in told for name in names), f"{test} does not tell {names}"
        commands |= {*names}
        events |= {*re.findall(r"`(\w+)`", results)}
    modules = (product_order, service_order, work_order, products, service)
    assert commands >= {each.__name__ for module in modules for each in get_args(module.Command)}
    assert events == {event.__name__ for event in EVENTS}


def test_the_dependencies_are_those_of_the_project() -> None:
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    named = [re.split(r"[^\w-]", requirement)[0] for requirement in wanted]
    assert sorted(re.findall(r"^\| `([\w-]+)` \|", text_of("docs/dependencies.md"), re.MULTILINE)) == sorted(named)


def test_every_limit_is_where_it_is_said_to_be() -> None:
    named = re.findall(r"`([\w/.]+\.py)`, `(\w+)`", text_of("docs/limits.md"))
    assert len(named) > 20
    assert [place for place in named if not re.search(rf"^{place[1]}\b.* = ", text_of(place[0]), re.MULTILINE)] == []


# The tables of the domain are the domain's ----------------------------------------------------------------------------------------------
def test_the_arrows_are_those_of_the_life_cycle() -> None:
    shown = {row[0].strip("`") if row[0].startswith("`") else "": row[1:] for row in rows("docs/domain.md", "from")}
    assert shown.keys() == states.TRANSITIONS.keys()
    for state, (tmf, ours) in shown.items():
        assert set(re.findall(r"`(\w+)`", tmf)) == states.TRANSITIONS[state], state
        assert set(re.findall(r"`(\w+)`", ours)) == states.ROLL_UP_TRANSITIONS.get(state, frozenset()), state


def test_the_roll_up_table_says_what_the_roll_up_does() -> None:
    """Every combination of up to three item states, against the first row that it fits."""
    table = rows("docs/domain.md", "items are")
    every = sorted(set(states.TRANSITIONS) - {"", states.ASSESSING_CANCELLATION, states.PENDING_CANCELLATION})
    for items in {frozenset(each) for each in product(every, repeat=3)}:
        result = next(result for rule, result in map(read_rule, table) if rule(items))
        assert states.roll_up(items) == (result if result != "the same" else "".join(items)), items


def read_rule(row: list[str]) -> tuple[Callable[[frozenset[str]], bool], str]:
    """A row reads `all the same`, `only … and …`, `one …, others open` or `one …, all at their end`; the result is a state."""
    words, result = row[0], row[1].strip("`")
    named = frozenset(re.findall(r"`(\w+)`", words))
    if words == "all the same":
        return lambda items: len(items) == 1, result
    if words.startswith("only"):
        return lambda items: items == named, result
    if "at their end" in words:
        return lambda items: items <= states.TERMINAL and bool(items & named), result
    return lambda items: not items <= states.TERMINAL and bool(items & named), result


# What is shown can be pasted -----------------------------------------------------------------------------------------------------------
def paste(script: str, folder: Path, server: Crossconnect) -> str:
    """What a shell prints, in a folder that has what the project's has, when the server listens at another port."""
    if not shutil.which("curl"):
        pytest.skip("curl is not installed here.")
    for name, there in (("schemas", ROOT / "schemas"), (".venv", Path(sys.prefix))):
        (folder / name).symlink_to(there)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CROSSCONNECT_")}
    env = {**clean, "CROSSCONNECT_STORE": server.store, "CROSSCONNECT_PORT": str(server.port)}
    moved = script.replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")
    command = ("bash", "-euo", "pipefail", "-c", moved)
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stderr == ""
    return done.stdout


def documents(printed: str) -> Iterator[Any]:
    """JSON documents that were printed one after the other."""
    while printed := printed.lstrip():
        document, length = json.JSONDecoder().raw_decode(printed)
        yield document
        printed = printed[length:]


@pytest.mark.servers
def test_the_front_page_can_be_pasted(tmp_path: Path) -> None:
    with Crossconnect(tmp_path, f"sqlite:///{tmp_path}/s.db", simulators="all") as server:
        printed = paste("".join(blocks("README.md", "sh")), tmp_path, server)
    made, (ended,), customers, built, orders = documents(printed)
    assert (ended["id"], ended["state"]) == (made["id"], "completed")
    assert {each["name"] for each in customers} == {"triple-play", "fibre-broadband", "voice-line", "tv"}
    assert {each["status"] for each in customers} == {"active"}
    assert {item["productOrderId"] for each in customers for item in each["productOrderItem"]} == {made["id"]}
    services = {service["id"] for each in customers for service in each["realizingService"]}
    assert [len(each["realizingService"]) > 0 for each in customers].count(True) == 3
    assert {each["id"] for each in built if each["state"] == "active"} == services
    assert [[relation["id"] for relation in each["orderRelationship"]] for each in orders] == [[made["id"]]] * 3


@pytest.mark.servers
def test_the_tutorial_can_be_pasted(tmp_path: Path) -> None:
    answers = tmp_path / "answers.yaml"
    answers.write_text("[]")
    with Crossconnect(tmp_path, f"sqlite:///{tmp_path}/s.db", simulators="all", simulator_script=str(answers)) as server:
        printed = paste("".join(blocks("docs/tutorial.md", "sh")), tmp_path, server)
    assert "✗" not in printed
    assert '"state": "held"' in printed
    assert "faster.yaml is published as version 1.1." in printed


@pytest.mark.servers
def test_the_page_of_the_install_base_can_be_pasted(tmp_path: Path) -> None:
    with Crossconnect(tmp_path, f"sqlite:///{tmp_path}/s.db", simulators="all") as server:
        printed = paste("".join(blocks("docs/install-base.md", "sh")), tmp_path, server)
    assert "Loaded 2, known already 0, refused 0.\nLoaded 0, known already 2, refused 0." in printed
    now, then, unknown, ended, still = printed.split("\nAt ")[1:]
    assert [answer.count("Access line") for answer in (now, then, ended, still)] == [2, 1, 1, 1]
    assert "There was nothing." in unknown
    assert ["tv" in answer for answer in (then, ended, still)] == [False, True, False]
    assert "fibre-broadband" not in ended


@pytest.mark.servers
def test_the_page_about_the_plan_can_be_pasted(tmp_path: Path) -> None:
    script = tmp_path / "late.yaml"
    script.write_text("[]")
    with Crossconnect(tmp_path, f"sqlite:///{tmp_path}/s.db", simulators="all", simulator_script=str(script)) as server:
        printed = paste("".join(blocks("docs/plan.md", "sh")), tmp_path, server)
    assert re.search(r"expected [\d-]+ [\d:]+, requested [\d-]+ [\d:]+, jeopardy medium", printed)
    assert re.search(r"expected [\d-]+ [\d:]+, requested [\d-]+ [\d:]+, jeopardy critical", printed)
    assert re.search(r"Site visit.* → .* late \*", printed)
    assert re.search(r"^po-\S+ .* critical$", printed, re.MULTILINE)  # in the list


@pytest.mark.servers
def test_the_page_about_changes_can_be_pasted(tmp_path: Path) -> None:
    script = tmp_path / "never.yaml"
    script.write_text("[]")
    with Crossconnect(tmp_path, f"sqlite:///{tmp_path}/s.db", simulators="all", simulator_script=str(script)) as server:
        printed = paste("".join(blocks("docs/change-in-flight.md", "sh")), tmp_path, server)
    for line in ("gpon-port        redo", "site-visit       keep", "access-line      keep"):
        assert re.search(rf"^1 +{line} ", printed, re.MULTILINE), line
    assert "inProgress version 2" in printed
    assert re.search(r"^1 +gpon-port +undo ", printed, re.MULTILINE)
    assert re.search(r"^po-\S+ is being cancelled by ", printed, re.MULTILINE)
    assert printed.count("refused, 1") == 2


def test_the_kinds_of_an_impact_plan_are_those_of_its_page() -> None:
    said = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/change-in-flight.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(said) == sorted(
        (
            impact.KEEP,
            impact.NEW,
            impact.AMEND,
            impact.DISCARD,
            impact.REDO,
            impact.LET_FINISH_THEN_REDO,
            impact.UNDO,
            impact.UNDO_THEN_DO,
            impact.BLOCKED,
        )
    )


def test_the_levels_of_jeopardy_are_those_that_are_told() -> None:
    units = {"seconds": 1, "hour": 3600, "day": 86400, "days": 86400}
    told = {row[0].strip("`"): row[1].split() for row in rows("docs/plan.md", "level")}
    assert list(told) == list(jeopardy.LEVELS)
    assert [float(words[0]) * units[words[1]] for words in told.values() if words] == list(jeopardy.THRESHOLDS)


# Systems of others: aiokafka and none of our code --------------------------------------------------------------------------------------
def scripts(folder: Path) -> Mapping[str, Path]:
    """The scripts of the integrator's page, saved under the names in their first lines."""
    saved = {}
    for block in blocks("docs/integrating.md", "python"):
        name = block.split()[1].rstrip(":")
        saved[name] = folder / name
        saved[name].write_text(block)
    return saved


def test_the_scripts_of_other_systems_use_none_of_our_code(tmp_path: Path) -> None:
    for script in scripts(tmp_path).values():
        imported = set(re.findall(r"^(?:from|import) (\w+)", script.read_text(), re.MULTILINE))
        assert imported <= {*sys.stdlib_module_names, "aiokafka"}


@contextmanager
def running(script: Path, env: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen((sys.executable, script.name), cwd=script.parent, env=env, preexec_fn=end_with_us)
    try:
        yield process
    finally:
        end(process)


@pytest.mark.servers
def test_a_plain_producer_orders_and_a_plain_consumer_plays_the_network(
    tmp_path: Path, kafka: Callable[[], Kafka], postgres: Callable[[], str]
) -> None:
    topics = kafka()
    env = {**os.environ, "SERVERS": topics.bootstrap, "PREFIX": topics.options["prefix"]}
    made = scripts(tmp_path)
    with Crossconnect(tmp_path, postgres(), topics) as server, running(made["network.py"], env) as network:
        command = (sys.executable, "order.py")
        ordered = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert ordered.returncode == 0, ordered.stdout + ordered.stderr + server.last_words()
        assert network.poll() is None
        ids, told = zip(*(line.split() for line in ordered.stdout.splitlines()), strict=True)
        assert (len(set(ids)), told[-1]) == (1, "completed")
        order = json.loads(server.get(f"/tmf-api/productOrderingManagement/v4/productOrder/{ids[0]}")[1])
        assert order["state"] == "completed"
        held = json.loads(server.get("/tmf-api/productInventory/v4/product?status=active")[1])
        assert len(held) == 4
        ports = json.loads(server.get("/tmf-api/serviceInventory/v4/service?name=GPON%20port")[1])
        assert {each["name"]: each["value"] for each in ports[0]["serviceCharacteristic"]}["ontSerial"] == "ALCL1234"
