"""`topics redrive` as an operator uses it: list what was set aside, send it again, give it up."""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from adapters.event_log import open_log
from adapters.event_log.codec import Codec
from adapters.intake import PRODUCT_ORDER_COMMANDS, WORK_ORDER_RESULTS
from adapters.topics import open_topics
from adapters.topics.port import Outgoing
from api.cli.demo.engine import EngineProcess
from domain.events import EVENTS
from tests.end_to_end.command_line import crossconnect

pytestmark = pytest.mark.servers

PATIENCE = 10.0  # seconds


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    folder = tmp_path_factory.mktemp("letters")
    (folder / "script.yaml").write_text("[]")
    with EngineProcess(folder, folder / "script.yaml") as process:
        process.start()
        yield process
        process.stop()


def set_aside(engine: EngineProcess, topic: str, *values: bytes) -> list[Any]:
    """Publish from outside, as another system does, and wait for the dead letters of the topic."""
    before = len(listed(engine, topic))
    with closing(open_log(engine.store)) as log, closing(open_topics(engine.store, "", {}, log, Codec(EVENTS))) as topics:
        now = int(time.time() * 1000)
        topics.producer().publish([Outgoing(topic, "cust-1", (), value, now, 0) for value in values])
    return waited_for(engine, topic, before + len(values))


def waited_for(engine: EngineProcess, topic: str, count: int) -> list[Any]:
    give_up = time.monotonic() + PATIENCE
    while len(found := listed(engine, topic)) != count:
        assert time.monotonic() < give_up, f"still {found}"
    return found


def listed(engine: EngineProcess, topic: str) -> list[Any]:
    rows: list[Any] = crossconnect("topics", "redrive", "--dry-run", "--topic", topic, "--json", "--url", engine.url).json()
    return rows


def test_letters_are_listed_sent_again_and_given_up(engine: EngineProcess) -> None:
    one, two = set_aside(engine, PRODUCT_ORDER_COMMANDS, b"{one", b"{two")
    shown = crossconnect("topics", "redrive", "--dry-run", "--url", engine.url)
    assert one["id"] in shown.out
    assert "not JSON" in shown.out
    sent = crossconnect("topics", "redrive", one["id"], "--reason", "try", "--operator", "olga", "--url", engine.url)
    assert (sent.code, sent.out.strip()) == (0, f"redrive {one['id']}: accepted")
    rest = waited_for(engine, PRODUCT_ORDER_COMMANDS, 2)
    assert [row["value"] for row in rest] == ["{two", "{one"]
    dropped = crossconnect("topics", "redrive", "--drop", two["id"], "--json", "--url", engine.url).json()
    assert [(each["id"], each["outcome"]) for each in dropped] == [(two["id"], "accepted")]
    crossconnect("topics", "redrive", two["id"], "--url", engine.url).fails_with(1, "redriven or dropped already")
    assert crossconnect("topics", "redrive", "--all", "--drop", "--url", engine.url).code == 0
    assert crossconnect("topics", "redrive", "--all", "--url", engine.url).out == "No dead letter is open.\n"


def test_a_refused_letter_among_others_is_told_and_fails_the_verb(engine: EngineProcess) -> None:
    one, two = [row["id"] for row in set_aside(engine, WORK_ORDER_RESULTS, b"{", b"[")]
    assert crossconnect("topics", "redrive", "--drop", one, "--url", engine.url).code == 0
    ended = crossconnect("topics", "redrive", "--drop", one, two, "--json", "--url", engine.url)
    assert (ended.code, [each["outcome"] for each in ended.json()]) == (1, ["refused", "accepted"])


def test_it_must_be_said_which_letters_are_meant(engine: EngineProcess) -> None:
    crossconnect("topics", "redrive", "--url", engine.url).fails_with(2, "Say which dead letters")
    crossconnect("topics", "redrive", "--all", "--topic", "x", "--url", engine.url).fails_with(2, "one of the three")
    crossconnect("topics", "redrive", "dead-x-0:1", "--url", engine.url).fails_with(1, "There is no dead letter dead-x-0:1.")
