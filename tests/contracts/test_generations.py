"""Earlier generations of views: dropped once nobody follows the log with them, and never under a process that does."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import psycopg
import pytest

from adapters.event_log import open_log
from adapters.generations import Generations
from adapters.housekeeping import Housekeeping
from adapters.read_models import open_read_models
from adapters.read_models.port import Changes, ReadModelStore, ReadModelsUnavailable
from projections.view import View
from tests.contracts.projecting import THINGS, TOTALS
from tests.decisions.given import NOW

NEWER = replace(THINGS, generation=2)
NEWEST = replace(THINGS, generation=11)


@pytest.fixture
def store(new_store: Callable[[], str]) -> Iterator[ReadModelStore]:
    url = new_store()
    open_log(url).close()
    store = open_read_models(url)
    store.prepare([THINGS, NEWER, TOTALS])
    yield store
    store.close()


def move(store: ReadModelStore, view: View, position: int) -> None:
    """What a projector does."""
    store.write([Changes(view, store.positions()[view.table], position, {f"t-{position}": {"id": f"t-{position}"}})])


def test_one_that_stands_still_while_its_successor_goes_on_is_dropped(store: ReadModelStore) -> None:
    generations = Generations(store, [NEWER, TOTALS])
    move(store, THINGS, 5)
    move(store, NEWER, 9)
    assert generations.drop_abandoned() == []  # it was seen once only
    assert generations.drop_abandoned() == ["things_1"]
    assert sorted(store.positions()) == ["things_2", "totals_1"]
    assert store.select(NEWER).total == 1
    assert generations.drop_abandoned() == []


def test_one_that_is_moved_on_is_in_use_and_stays(store: ReadModelStore) -> None:
    generations = Generations(store, [NEWER])
    for position in (5, 10, 15):
        move(store, NEWER, position + 1)
        move(store, THINGS, position)
        assert generations.drop_abandoned() == []
    assert store.select(THINGS).total == 3


def test_nothing_is_known_while_nothing_happens(store: ReadModelStore) -> None:
    """An old process at rest and one that is gone look the same: both stand where the log ends."""
    generations = Generations(store, [NEWER])
    move(store, NEWER, 5)
    move(store, THINGS, 5)
    assert [generations.drop_abandoned() for _ in range(3)] == [[], [], []]


def test_one_whose_successor_is_still_being_built_stays(store: ReadModelStore) -> None:
    generations = Generations(store, [NEWER])
    move(store, THINGS, 9)
    move(store, NEWER, 5)
    assert [generations.drop_abandoned(), generations.drop_abandoned(), generations.drop_all()] == [[], [], []]


def test_those_of_a_later_version_are_none_of_our_business(store: ReadModelStore) -> None:
    store.prepare([NEWEST])
    move(store, THINGS, 9)
    generations = Generations(store, [THINGS])
    assert [generations.drop_abandoned(), generations.drop_abandoned(), generations.drop_all()] == [[], [], []]
    assert {"things_2", "things_11"} <= store.positions().keys()


def test_every_earlier_one_goes_at_once_when_nobody_can_be_using_it(store: ReadModelStore) -> None:
    store.prepare([NEWEST])
    assert Generations(store, [NEWEST, TOTALS]).drop_all() == ["things_1", "things_2"]
    assert sorted(store.positions()) == ["things_11", "totals_1"]


def test_a_reader_in_the_middle_of_an_old_one_reads_to_its_end(new_store: Callable[[], str]) -> None:
    url = new_store()
    open_log(url).close()
    store = open_read_models(url)
    store.prepare([THINGS, NEWER])
    store.write([Changes(THINGS, 0, 5, {f"t-{number}": {"id": f"t-{number}", "name": "x" * 100} for number in range(500)})])
    move(store, NEWER, 9)
    reader = connected(url)
    rows = reader.execute("SELECT document FROM things_1")
    assert rows.fetchone()
    dropping = Thread(target=Generations(store, [NEWER]).drop_all)
    dropping.start()
    dropping.join(0.2)  # where the database makes it wait for the reader, it waits
    assert len(rows.fetchall()) == 499
    reader.close()
    dropping.join(10.0)
    assert sorted(store.positions()) == ["things_2"]
    store.close()


def connected(url: str) -> Any:
    """A connection of another process, which reads within a transaction."""
    if not url.startswith("sqlite:///"):
        return psycopg.connect(url)
    connection = sqlite3.connect(url.removeprefix("sqlite:///") + ".views.db", isolation_level=None)
    connection.execute("BEGIN")
    return connection


def test_housekeeping_goes_on_after_a_store_was_out_of_reach(new_store: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.housekeeping.EVERY", 0.01)
    url = new_store()
    event_log, store, dropped = open_log(url), open_read_models(url), Event()
    store.prepare([THINGS, NEWER])
    move(store, NEWER, 9)

    class Interrupted(Generations):
        rounds = 0

        def drop_abandoned(self) -> list[str]:
            self.rounds += 1
            if self.rounds == 1:
                raise ReadModelsUnavailable("The store is away.")
            tables = super().drop_abandoned()
            if tables:
                dropped.set()
            return tables

    housekeeping = Housekeeping(event_log, Interrupted(store, [NEWER]), lambda: NOW, timedelta(days=30))
    housekeeping.start()
    assert dropped.wait(10.0)
    housekeeping.close()
    assert sorted(store.positions()) == ["things_2"]
    event_log.close()
    store.close()
