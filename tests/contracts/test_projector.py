"""Views follow the log: each event once, whatever dies or races, and a view rebuilt from zero is the one that lives."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

import adapters.projector
from adapters.event_log import open_log
from adapters.event_log.codec import UnreadableEvent
from adapters.event_log.port import EventLog, NewRow
from adapters.event_log.tail import Tail
from adapters.projector import Projector
from adapters.read_models import open_read_models
from adapters.read_models.port import Changes, ReadModelStore
from domain.recorded import Recorded
from projections.view import Document, View
from tests.contracts.projecting import CODEC, META, THINGS, TOTALS, Counted, Ended, Made, Unseen, evolve_thing, write

PATIENCE = 20.0

CLEAN: dict[str, list[str]] = {"things": [], "totals": []}


class System:
    """A log with its views, as one process has them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.log: EventLog = open_log(url)
        self.store: ReadModelStore = open_read_models(url)
        self.versions: dict[str, int] = {}
        self.projectors: list[Projector] = []

    def write(self, *events: tuple[str, Any]) -> int:
        return write(self.log, *events, versions=self.versions)

    def projector(self, *views: View, turn: float = 0.0, tail: Tail | None = None, store: ReadModelStore | None = None) -> Projector:
        made = Projector(self.log, CODEC, store or self.store, views or (THINGS, TOTALS), turn, tail)
        self.projectors.append(made)
        return made

    def projected(self, *views: View) -> Projector:
        """A projector that has read all there is."""
        projector = self.projector(*views)
        projector.start()
        assert projector.wait_for(self.log.head(), PATIENCE)
        return projector

    def rows(self, view: View = THINGS) -> dict[str, Any]:
        return {document["id"]: document.get("count", document.get("events")) for document in self.store.select(view).documents}

    def close(self) -> None:
        for projector in self.projectors:
            projector.close()
        self.log.close()
        self.store.close()


@pytest.fixture
def system(new_store: Callable[[], str]) -> Iterator[System]:
    made = System(new_store())
    yield made
    made.close()


def a_busy_log(system: System, things: int = 40, seed: int = 1) -> None:
    """Things made, counted now and then, and some of them ended."""
    chance = random.Random(seed)
    events: list[tuple[str, Any]] = [(f"t-{number}", Made(f"thing {number}")) for number in range(things)]
    events += [(f"t-{chance.randrange(things // 2)}", Counted(chance.randint(1, 9))) for _ in range(things * 3)]
    events += [(f"t-{number}", Ended()) for number in range(things // 2, things, 3)]
    for start in range(0, len(events), 7):
        system.write(*events[start : start + 7], ("u-1", Unseen()))


# Following --------------------------------------------------------------------------------------------------------------------------
def test_views_follow_the_log(system: System) -> None:
    system.projected()
    position = system.write(("t-1", Made("one")), ("t-1", Counted(2)), ("t-2", Made("two")), ("t-1", Counted(3)))
    assert system.projectors[0].wait_for(position, PATIENCE)
    assert (system.rows(THINGS), system.rows(TOTALS)) == ({"t-1": 5, "t-2": 0}, {"all": 4, "Made": 2, "Counted": 2})


def test_events_of_no_view_move_the_position_too(system: System) -> None:
    projector = system.projected()
    position = system.write(("u-1", Unseen()))
    assert projector.wait_for(position, PATIENCE)
    assert set(system.store.positions().values()) == {position}


def test_whoever_waits_for_what_never_comes_learns_it(system: System) -> None:
    assert not system.projected().wait_for(1, 0.05)


def test_whoever_waits_does_not_wait_for_the_turn(system: System) -> None:
    projector = system.projector(turn=60.0)
    projector.start()
    started = time.monotonic()
    for number in range(1, 6):
        assert projector.wait_for(system.write((f"t-{number}", Made("x"))), PATIENCE)
    assert time.monotonic() - started < adapters.projector.LONGEST_PAUSE


def test_a_row_made_and_ended_in_one_page_is_never_written(system: System) -> None:
    written: list[Changes] = []

    class Watched:
        """The real store, with what is written to it noted."""

        def __getattr__(self, name: str) -> Any:
            return getattr(system.store, name)

        def write(self, changes: Sequence[Changes]) -> None:
            written.extend(changes)
            system.store.write(changes)

    system.write(("t-1", Made("one")), ("t-2", Made("two")), ("t-1", Ended()))
    projector = system.projector(THINGS, store=Watched())
    projector.start()
    assert projector.wait_for(3, PATIENCE)
    assert [set(change.rows) for change in written] == [{"t-2"}]


@pytest.mark.parametrize("page", [1, 2, 7, 1000])
def test_the_size_of_a_page_makes_no_difference(system: System, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr("adapters.projector.PAGE", page)
    monkeypatch.setattr("adapters.folding.REMEMBERED", 5)
    a_busy_log(system, 12)
    projector = system.projected()
    assert projector.check([THINGS, TOTALS]) == CLEAN
    assert system.rows(TOTALS)["all"] == 48


def test_what_this_process_wrote_is_read_from_its_memory(system: System) -> None:
    tail = Tail()
    tail.put(2, [Recorded(0, "t-1", 1, Made("remembered"), META), Recorded(0, "t-1", 2, Counted(4), META)])
    system.write(("t-1", Made("stored")), ("t-1", Counted(4)))
    projector = system.projector(tail=tail)
    projector.start()
    assert projector.wait_for(2, PATIENCE)
    assert system.store.load(THINGS, ["t-1"])["t-1"]["name"] == "remembered"
    system.write(("t-1", Counted(1)))  # by another process: not in the memory
    assert projector.wait_for(3, PATIENCE)
    assert system.rows() == {"t-1": 5}


# Starting again ---------------------------------------------------------------------------------------------------------------------
def test_a_new_start_goes_on_where_the_last_one_ended(system: System) -> None:
    a_busy_log(system)
    system.projected().close()
    before = system.log.head()
    seen: list[int] = []

    def evolve(document: Document | None, recorded: Recorded, key: str) -> Document | None:
        seen.append(recorded.position)
        return evolve_thing(document, recorded, key)

    system.write(("t-1", Counted(1)), ("t-2", Counted(1)))
    projector = system.projected(replace(THINGS, evolve=evolve), TOTALS)
    assert seen == [before + 1, before + 2]
    assert projector.check([THINGS, TOTALS]) == CLEAN


def test_a_view_that_is_new_reads_from_the_beginning_and_the_others_do_not(system: System) -> None:
    a_busy_log(system)
    system.projected(THINGS).close()
    projector = system.projected(THINGS, TOTALS)
    assert projector.check([THINGS, TOTALS]) == CLEAN


def test_rows_of_another_log_are_thrown_away(system: System) -> None:
    system.store.prepare([THINGS])
    system.store.write([Changes(THINGS, 0, 999, {"t-9": {"id": "t-9", "count": 9}})])
    system.write(("t-1", Made("one")))
    system.projected(THINGS)
    assert (system.rows(), system.store.positions()["things_1"]) == ({"t-1": 0}, 1)


def test_a_file_that_is_locked_is_waited_for_and_the_lag_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.projector.PAUSE_SECONDS", 0.05)
    monkeypatch.setattr("adapters.sqlite_file.BUSY_SECONDS", 0.05)
    system = System(f"sqlite:///{tmp_path}/log.db")
    projector = system.projected()
    assert projector.lag_seconds() == 0.0
    lock = sqlite3.connect(tmp_path / "log.db.views.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    system.write(("t-1", Made("one")))
    assert not projector.wait_for(1, 0.3)
    assert projector.lag_seconds() > 0.0
    lock.close()
    assert projector.wait_for(1, PATIENCE)
    system.close()


@pytest.mark.servers
def test_views_follow_again_after_every_connection_was_lost(postgres: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.projector.PAUSE_SECONDS", 0.05)
    system = System(postgres())
    projector = system.projected()
    for number in range(5):
        with psycopg.connect(system.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert projector.wait_for(system.write((f"t-{number}", Made("again"))), PATIENCE)
    assert (len(system.rows()), projector.check([TOTALS])) == (5, {"totals": []})
    system.close()


# Several at once --------------------------------------------------------------------------------------------------------------------
def test_two_projectors_of_one_store_write_each_page_once(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.projector.PAGE", 5)
    other = System(system.url)
    one, two = system.projector(), other.projector()
    one.start()
    two.start()
    a_busy_log(system, 60)
    assert one.wait_for(system.log.head(), PATIENCE)
    assert two.wait_for(system.log.head(), PATIENCE)
    assert (one.check([THINGS, TOTALS]), one.failures, two.failures) == (CLEAN, {}, {})
    other.close()


@pytest.mark.servers
def test_a_process_killed_while_projecting_has_done_whole_pages(system: System) -> None:
    a_busy_log(system, 400)
    system.store.prepare([THINGS, TOTALS])
    for _ in range(4):
        command = [sys.executable, "-m", "tests.contracts.projecting", system.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(random.randint(1, 4)):
                process.stdout.readline()
            time.sleep(random.random() * 0.01)  # not to wait for anything: to die anywhere
            os.kill(process.pid, signal.SIGKILL)
        checker = system.projector()
        assert len(set(system.store.positions().values())) == 1
        assert checker.check([THINGS, TOTALS]) == CLEAN
    projector = system.projected()
    assert projector.check([THINGS, TOTALS]) == CLEAN


# Rebuilding and checking ------------------------------------------------------------------------------------------------------------
def test_a_check_names_the_rows_that_are_wrong(system: System) -> None:
    a_busy_log(system)
    projector = system.projected()
    projector.close()
    at = system.store.positions()["things_1"]
    wrong: dict[str, Document | None] = {"t-1": {"id": "t-1", "count": -1}, "t-2": None, "t-new": {"id": "t-new"}}
    system.store.write([Changes(THINGS, at, at + 1, wrong), Changes(TOTALS, at, at + 1, {})])
    system.write(("u-1", Unseen()))
    assert projector.check([THINGS, TOTALS]) == {"things": ["t-1", "t-2", "t-new"], "totals": []}


def test_a_rebuild_heals_what_is_wrong_and_tells_how_far_it_is(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.projector.REBUILD_PAGE", 50)
    a_busy_log(system)
    projector = system.projected()
    projector.close()
    at, right = system.store.positions()["things_1"], system.rows()
    system.store.write([Changes(THINGS, at, at + 1, {"t-1": None, "t-new": {"id": "t-new"}})])
    system.write(("u-1", Unseen()))
    told: list[tuple[int, int]] = []
    assert projector.rebuild([THINGS], lambda done, of: told.append((done, of))) == at + 1
    assert (system.rows(), projector.check([THINGS])) == (right, {"things": []})
    assert told[-1] == (at + 1, at + 1)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len(told) > 2


def test_a_view_is_rebuilt_and_checked_while_it_follows(system: System) -> None:
    a_busy_log(system)
    projector = system.projected()
    other = System(system.url)
    other.versions = system.versions
    for number in range(30):
        system.write((f"n-{number}", Made("new")), (f"n-{number}", Counted(number)))
        if number % 10 == 0:
            assert other.projector().check([THINGS]) == {"things": []}
            other.projector().rebuild([TOTALS])
    assert projector.wait_for(system.log.head(), PATIENCE)
    assert (other.projector().check([THINGS, TOTALS]), projector.failures) == (CLEAN, {})
    other.close()


def test_a_view_that_was_never_projected_can_be_rebuilt(system: System) -> None:
    a_busy_log(system)
    projector = system.projector()
    assert projector.rebuild([THINGS]) == system.log.head()
    assert (projector.check([THINGS]), len(system.rows()) > 20) == ({"things": []}, True)


def test_nothing_is_left_of_a_check(system: System) -> None:
    a_busy_log(system)
    projector = system.projected()
    projector.check([THINGS])
    projector.rebuild([TOTALS])
    assert sorted(system.store.positions()) == ["things_1", "totals_1"]


# What goes wrong --------------------------------------------------------------------------------------------------------------------
def test_a_view_that_cannot_fold_an_event_is_set_aside_and_the_others_go_on(system: System) -> None:
    projector = system.projected()
    position = system.write(("t-1", Made("one")), ("t-2", Counted(1)), ("t-3", Made("three")))
    assert projector.wait_for(position, PATIENCE)
    assert projector.failures == {"things": "View things cannot be kept: LookupError: t-2 was counted before it was made"}
    assert (system.rows(THINGS), system.rows(TOTALS)) == ({}, {"all": 3, "Made": 2, "Counted": 1})
    with pytest.raises(UnreadableEvent, match="t-2 was counted before it was made"):
        projector.rebuild([THINGS])


def test_an_event_that_cannot_be_read_stops_the_views_and_is_told(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.projector.PAUSE_SECONDS", 0.05)
    projector = system.projected()
    system.log.append([NewRow("t-1", 1, "Made/1", b'{"meta":{},"data":{}}')])
    assert not projector.wait_for(1, 0.3)
    assert projector.lag_seconds() > 0.0
