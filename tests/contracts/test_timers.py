"""Deadlines on a real log and engine: each that fell due is told, and one that cannot be told keeps no other from it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.engine import Engine
from adapters.engine.port import Request
from adapters.event_log import open_log
from adapters.looking import MOST_AT_ONCE
from adapters.projector import Projector
from adapters.read_models import open_read_models
from adapters.read_models.port import Changes, ReadModelsUnavailable
from adapters.timers import AGAIN_AFTER, REVIEW, TIMERS, Timers
from domain.catalog_publication import PublishCatalog
from domain.product_order import SubmitProductOrder
from domain.service_order import AnswerActivation
from domain.values import Reason
from projections.view import Document
from schemas.catalog import catalog_document, catalog_from_document
from tests.contracts.test_engine import CODEC, NOW, answer, document, submit, topics_of
from tests.decisions.test_plan_edges import MAST

PATIENCE = 10.0
LATER = timedelta(seconds=901)  # after the first deadline


class System:
    """A log, an engine and the table of timers, with a clock that the test moves."""

    def __init__(self, store: str) -> None:
        self.now = NOW
        self.answers_read = True
        self.log = open_log(store)
        self.read_models = open_read_models(store)
        self.engine = Engine(self.log, CODEC, self.clock, catalog_from_document, 900.0)
        self.engine.start()
        self.projector = Projector(self.log, CODEC, self.read_models, [TIMERS], turn=0.0)
        self.projector.start()
        self.timers = self.process()
        catalog = catalog_document("benchmark-w1")
        self.handle(Request(PublishCatalog("catalog", catalog.version, catalog.digest, catalog.document), "", "publish"))

    def clock(self) -> datetime:
        return self.now

    def process(self) -> Timers:
        """The timers of a process that has just started."""
        return Timers(self.read_models, self.engine, self.clock, lambda at: self.answers_read)

    def handle(self, *requests: Request) -> None:
        for request in requests:
            self.engine.submit(request).result(PATIENCE)
        self.settle()

    def settle(self) -> None:
        """Until the table has read the whole log."""
        assert self.projector.wait_for(self.log.head(), PATIENCE)

    def told(self, order: str) -> list[str]:
        """What became of the deadline of the order's first task."""
        return [topic for topic in topics_of(self.log, f"so-{order[3:]}-1") if topic in ("ActivationTimedOut", "RetryScheduled")]

    def stick(self, count: int) -> None:
        """Timers for streams that are not in the log: what they say is refused for ever. They are due before all others."""
        rows = {f"so-stuck-{number}/1": stuck(number, self.now - timedelta(days=1)) for number in range(count)}
        position = self.read_models.positions()[TIMERS.table]
        self.read_models.write([Changes(TIMERS, position, position, rows)])

    def restart(self) -> None:
        """Another process takes over: it knows of the orders only what the log says."""
        self.timers.close()
        self.engine.close()
        self.engine = Engine(self.log, CODEC, self.clock, catalog_from_document, 900.0)
        self.engine.start()
        self.timers = self.process()

    def close(self) -> None:
        self.timers.close()
        self.projector.close()
        self.engine.close()
        self.read_models.close()
        self.log.close()


def stuck(number: int, due: datetime) -> Document:
    stream = f"so-stuck-{number}"
    return {"id": f"{stream}/1", "stream": stream, "task": "1.1.activate", "key": f"{stream}.1.activate.add.1", "attempt": 1, "due": due}


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    system = System(f"sqlite:///{tmp_path}/s.db")
    yield system
    system.close()


def test_a_deadline_is_told_once_it_has_passed_and_not_before(system: System) -> None:
    system.handle(submit("po-1"))
    assert (system.timers.fire(), system.told("po-1")) == (0, [])
    system.now += LATER
    assert system.timers.fire() > 0
    assert system.told("po-1")[0] == "ActivationTimedOut"


def test_what_was_answered_in_time_has_no_deadline(system: System) -> None:
    system.handle(submit("po-1"), answer("po-1", 1))
    system.now += LATER
    system.timers.fire()
    assert system.told("po-1") == []


def test_answers_that_wait_to_be_read_come_before_deadlines(system: System) -> None:
    system.handle(submit("po-1"))
    system.now += LATER
    system.answers_read = False
    assert system.timers.fire() == 0
    system.answers_read = True
    assert system.timers.fire() > 0


def test_deadlines_that_nobody_takes_keep_no_other_from_being_told(system: System) -> None:
    """More of them than are fired at once, and due before it."""
    system.handle(submit("po-1"))
    system.now += LATER
    system.stick(MOST_AT_ONCE + 1)
    with capture_logs() as lines:
        rounds = [system.timers.fire() for _ in range(2)]
    assert rounds[0] == MOST_AT_ONCE
    assert system.told("po-1")[0] == "ActivationTimedOut"
    refused = {line["timer"] for line in lines if line["event"] == "a deadline could not be told"}
    assert len(refused) == MOST_AT_ONCE + 1


def test_one_that_nobody_takes_is_tried_again_and_again_and_others_meanwhile(system: System) -> None:
    system.stick(1)
    for order in ("po-1", "po-2"):
        system.handle(submit(order))
        system.now += LATER
        with capture_logs() as lines:
            assert system.timers.fire() > 1
            assert [line["timer"] for line in lines] == ["so-stuck-0/1"]
        system.settle()
        assert system.told(order)[0] == "ActivationTimedOut"
        assert system.timers.fire() == 0
        system.now += AGAIN_AFTER


def test_a_deadline_that_was_told_twice_counts_once(system: System) -> None:
    """Two processes, or one whose table is behind."""
    system.handle(submit("po-1"))
    system.now += LATER
    rows = system.read_models.select(TIMERS).documents
    assert system.timers.fire() > 0
    system.settle()
    position = system.read_models.positions()[TIMERS.table]
    system.read_models.write([Changes(TIMERS, position, position, {row["id"]: row for row in rows})])
    assert system.process().fire() > 0
    assert system.told("po-1").count("ActivationTimedOut") == 1


def test_the_thread_goes_on_after_the_store_was_away(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system.timers, "every", 0.01)
    monkeypatch.setattr("adapters.looking.REST_SECONDS", 0.01)
    system.handle(submit("po-1"))
    system.now += LATER
    select, tried, told = system.read_models.select, Event(), Event()

    def away(*arguments: Any, **named: Any) -> Any:
        if not tried.is_set():
            tried.set()
            raise ReadModelsUnavailable("The store is away.")
        found = select(*arguments, **named)
        if not found.documents:
            told.set()
        return found

    monkeypatch.setattr(system.read_models, "select", away)
    with capture_logs() as lines:
        system.timers.start()
        assert told.wait(PATIENCE)
    assert [line["reason"] for line in lines if line["event"] == "timers"] == ["The store is away."]
    assert system.told("po-1")[0] == "ActivationTimedOut"


def test_a_step_is_released_at_its_moment_also_by_a_process_that_has_just_started(system: System) -> None:
    document = {**MAST, "version": "mast", "dependencies": [{"before": "base/dig", "after": "antenna", "lag": 3600}]}
    order = {"productOrderItem": [{"id": "1", "action": "add", "productOffering": {"id": "mast"}}]}
    dug = AnswerActivation("so-1-1", "1.1.dig", "so-1-1.1.dig.add.1", "completed", {}, Reason("", ""), 0, NOW)
    system.handle(
        Request(PublishCatalog("catalog", "mast", "digest", document), "", "publish mast"),
        Request(SubmitProductOrder("po-1", order, "cust-1", "shop", None, None, False), "cust-1", "submit"),
        Request(dug, "cust-1", "dug"),
    )
    system.now += timedelta(seconds=3599)
    system.process().fire()
    assert "ProductOrderStepReleased" not in topics_of(system.log, "po-1")
    system.now += timedelta(seconds=1)
    system.restart()
    assert system.timers.fire() > 0
    system.settle()
    assert topics_of(system.log, "po-1")[-1] == "ProductOrderStepReleased"
    assert topics_of(system.log, "so-1-1").count("ActivationRequested") > 2
    assert not [timer for timer in system.read_models.select(TIMERS).documents if timer["id"].startswith("po-")]


def test_an_order_is_reviewed_when_its_slack_is_used_up_and_again_until_it_ends(system: System) -> None:
    """A visit of an hour, wanted within two, and nobody answers."""
    command = SubmitProductOrder("po-1", document(), "c1", "c1", None, NOW + timedelta(hours=2), False)
    system.handle(Request(command, "c1", "submit"))
    levels = []
    for _ in range(4):
        (due,) = [timer["due"] for timer in system.read_models.select(TIMERS).documents if timer["id"] == f"po-1/{REVIEW}"]
        system.now = datetime.fromisoformat(due)
        system.restart()
        assert system.timers.fire() > 0
        system.settle()
        assessed = [CODEC.decode(row).event for row in system.log.read(["po-1"]) if row.topic.startswith("ProductOrderJeopardyAssessed")]
        levels.append(assessed[-1].level)
    assert levels == ["low", "medium", "high", "critical"]
