"""Parked tasks on a real log, with several processes on one store: each goes on once its target system is back, and only once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import current_thread
from time import sleep
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.engine import Engine, decisions
from adapters.engine.port import Request
from adapters.event_log import open_log
from adapters.looking import MOST_AT_ONCE
from adapters.parked import AGAIN_AFTER, ParkedTasks
from adapters.projector import Projector
from adapters.read_models import open_read_models
from adapters.read_models.port import Changes, ReadModelsUnavailable
from domain.catalog_publication import PublishCatalog
from domain.product_order import HoldItems, ReleaseItems
from domain.target_system import STREAM, BringTargetSystemOnline, TakeTargetSystemOffline
from domain.values import Rejected, Who
from projections.obligations import OBLIGATIONS
from projections.target_systems import TARGET_SYSTEMS
from schemas.catalog import catalog_document, catalog_from_document
from tests.contracts.test_engine import CODEC, NOW, answer, submit
from tests.servers.stores import new_store

__all__ = ["new_store"]

PATIENCE = 10.0
OLGA = Who("olga", "A new release")
VIEWS = [OBLIGATIONS, TARGET_SYSTEMS]


class Process:
    """One process: an engine, views and a look-out for parked tasks, on a store that others may use too."""

    def __init__(self, store: str) -> None:
        self.now = NOW
        self.log = open_log(store)
        self.read_models = open_read_models(store)
        self.engine = Engine(self.log, CODEC, lambda: self.now, catalog_from_document, 900.0)
        self.engine.start()
        self.projector = Projector(self.log, CODEC, self.read_models, VIEWS, turn=0.0)
        self.projector.start()
        self.parked = ParkedTasks(self.read_models, self.engine, lambda: self.now)

    def handle(self, *requests: Request) -> None:
        for request in requests:
            self.engine.submit(request).result(PATIENCE)

    def settle(self) -> None:
        assert self.projector.wait_for(self.log.head(), PATIENCE)

    def release(self) -> int:
        self.settle()
        return self.parked.release()

    def requested(self) -> list[str]:
        """The orders whose first task has been asked for, once for each time."""
        rows = self.log.since(0, 10_000)
        return [row.stream for row in rows if row.topic.startswith("ActivationRequested/")]

    def sent(self) -> list[str]:
        """Everything that target systems and field service were asked."""
        return [
            f"{row.stream}:{row.version}"
            for row in self.log.since(0, 10_000)
            if "OrderRequested/" in row.topic or "ActivationRequested/" in row.topic
        ]

    def waiting(self) -> int:
        self.settle()
        return len([row for row in self.read_models.select(OBLIGATIONS).documents if row["kind"] == "parked"])

    def close(self) -> None:
        self.parked.close()
        self.projector.close()
        self.engine.close()
        self.read_models.close()
        self.log.close()


def offline(name: str = "gpon") -> Request:
    return Request(TakeTargetSystemOffline(STREAM, name, OLGA), "", f"{name}-off")


def online(name: str = "gpon") -> Request:
    return Request(BringTargetSystemOnline(STREAM, name, OLGA), "", f"{name}-on")


@pytest.fixture
def processes(new_store: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Process]]:
    """Starts one more process on the same store. Each looks at what the others did before every message."""
    monkeypatch.setattr(decisions, "LOOK_SECONDS", 0.0)
    store = new_store()
    with ExitStack() as opened:

        def another() -> Process:
            process = Process(store)
            opened.callback(process.close)
            return process

        yield another


@pytest.fixture
def first(processes: Callable[[], Process]) -> Process:
    """A process with a catalog, whose orders begin with a task of gpon."""
    process = processes()
    catalog = catalog_document("benchmark-w1")
    process.handle(Request(PublishCatalog("catalog", catalog.version, catalog.digest, catalog.document), "", "publish"))
    return process


def access(order: str) -> Request:
    return submit(order, offerings=("w1-access",))


def target_of(process: Process) -> str:
    """The target system that the first task of an order goes to."""
    process.handle(access("po-0"))
    row = next(row for row in process.log.since(0, 10_000) if row.topic.startswith("ActivationRequested/"))
    return str(CODEC.decode(row).event.request["targetSystem"])


def test_what_is_parked_goes_on_when_its_target_system_is_back_and_not_before(first: Process) -> None:
    name = target_of(first)
    first.handle(offline(name), access("po-1"), access("po-2"))
    assert (first.waiting(), first.release()) == (2, 0)
    first.handle(online(name))
    assert first.release() == 2
    assert first.requested() == ["so-0-1", "so-1-1", "so-2-1"]
    assert (first.waiting(), first.release()) == (0, 0)


def test_a_target_system_that_is_offline_does_not_keep_others_from_going_on(first: Process) -> None:
    name = target_of(first)
    other = next(each for each in ("gpon", "ims", "iptv", "bng", "acs", "field-service") if each != name)
    first.handle(offline(name), access("po-1"))
    with pytest.raises(Rejected):
        first.handle(offline("warp"))
    assert other != name
    assert first.release() == 0
    first.handle(online(name))
    assert first.release() == 1


def test_another_process_knows_who_is_offline_and_goes_on_with_what_the_first_left(
    first: Process, processes: Callable[[], Process]
) -> None:
    name = target_of(first)
    second = processes()
    first.handle(offline(name))
    second.handle(access("po-1"))
    assert second.waiting() == 1
    second.handle(online(name))
    third = processes()  # started after the fact, as after a crash
    assert third.release() == 1
    assert third.requested() == ["so-0-1", "so-1-1"]


def stale(process: Process, rows: list[dict[str, Any]]) -> Any:
    """The views of a process as they were a moment ago."""
    return Stale(process.read_models, rows)


def test_two_processes_release_each_task_once(first: Process, processes: Callable[[], Process]) -> None:
    name = target_of(first)
    second = processes()
    first.handle(offline(name), *(access(f"po-{number}") for number in range(1, 4)), online(name))
    first.settle()
    second.settle()
    rows = first.parked._waiting()
    first.parked.release()
    assert {row["task"] for row in rows} == {"1.1.activate"}
    second.parked._store = stale(second, rows)
    second.parked.release()
    assert sorted(first.requested()) == ["so-0-1", "so-1-1", "so-2-1", "so-3-1"]


class Stale:
    """The obligations as they were read before; who is offline as it is."""

    def __init__(self, store: Any, rows: list[dict[str, Any]]) -> None:
        self._store, self._rows = store, rows

    def select(self, view: object, *arguments: Any, **named: Any) -> Any:
        page = self._store.select(view, *arguments, **named)
        return page if view is TARGET_SYSTEMS else page._replace(documents=self._rows)


def test_a_process_whose_views_are_behind_releases_nothing_that_is_offline_again(first: Process) -> None:
    name = target_of(first)
    first.handle(offline(name), access("po-1"), online(name))
    first.settle()
    rows = first.parked._waiting()
    first.handle(offline(name))
    first.parked._store = stale(first, rows)
    first.parked.release()
    assert first.requested() == ["so-0-1"]
    first.parked._store = first.read_models
    first.handle(online(name))
    first.now += AGAIN_AFTER
    first.settle()
    assert first.parked.release() == 1
    assert first.requested() == ["so-0-1", "so-1-1"]


def test_what_another_process_has_changed_meanwhile_is_not_taken_for_granted(first: Process, processes: Callable[[], Process]) -> None:
    name = target_of(first)
    second = processes()
    first.handle(offline(name))
    second.handle(online(name))
    first.handle(offline(name))  # in its memory it still is
    with pytest.raises(Rejected, match="offline already"):
        second.handle(offline(name))


def test_more_than_is_released_at_once_goes_on_in_turns_the_oldest_first(first: Process) -> None:
    name = target_of(first)
    first.handle(offline(name), access("po-1"), online(name))
    first.settle()
    (row,) = first.parked._waiting()
    later = (NOW + AGAIN_AFTER).isoformat()
    stuck = {f"po-x:{n}": {**row, "id": f"po-x:{n}", "since": later, "serviceOrder": {"id": f"so-x-{n}"}} for n in range(MOST_AT_ONCE)}
    position = first.read_models.positions()[OBLIGATIONS.table]
    first.read_models.write([Changes(OBLIGATIONS, position, position, stuck)])
    with capture_logs() as lines:
        assert first.parked.release() == MOST_AT_ONCE
        assert first.requested() == ["so-0-1", "so-1-1"]
        assert first.release() == 1  # the last of them; the others have had their turn
    assert len({line["task"] for line in lines}) == MOST_AT_ONCE


def test_the_thread_goes_on_after_the_store_was_away(first: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first.parked, "every", 0.01)
    monkeypatch.setattr("adapters.looking.REST_SECONDS", 0.01)
    name = target_of(first)
    first.handle(offline(name), access("po-1"), online(name))
    first.settle()
    away = [ReadModelsUnavailable("The store is away.")]
    select = first.read_models.select

    def once_away(*arguments: Any, **named: Any) -> Any:
        if away and current_thread().name == "parked-tasks":
            raise away.pop()
        return select(*arguments, **named)

    monkeypatch.setattr(first.read_models, "select", once_away)
    with capture_logs() as lines:
        first.parked.start()
        for _ in range(500):
            if first.waiting() == 0:
                break
            sleep(0.02)
    assert first.requested() == ["so-0-1", "so-1-1"]
    assert [line["reason"] for line in lines if line["event"] == "parked tasks"] == ["The store is away."]


def test_a_hold_counts_for_a_process_that_has_not_heard_of_it(first: Process, processes: Callable[[], Process]) -> None:
    """It has the order in memory, without the hold; what it would send out is refused by the log, and decided again."""
    second = processes()
    first.handle(submit("po-1"))
    second.handle(Request(HoldItems("po-1", (), OLGA), "", "hold"))
    sent = first.sent()
    first.handle(answer("po-1", 1))
    assert first.sent() == sent
    second.handle(Request(ReleaseItems("po-1", (), OLGA), "", "release"))
    assert len(first.sent()) > len(sent)
