"""Orders that wait for another one, on a real log and engine: they go on once it is over, also in the next process."""

from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.engine import Engine
from adapters.engine.port import Request
from adapters.event_log import open_log
from adapters.projector import Projector
from adapters.queued_orders import QUEUED_ORDERS, QueuedOrders
from adapters.read_models import open_read_models
from adapters.timers import AGAIN_AFTER
from domain.catalog_publication import PublishCatalog
from domain.product_order import CancelProductOrder, SubmitProductOrder
from domain.service_order import AnswerActivation
from domain.values import Reason
from projections.obligations import OBLIGATIONS
from projections.product_orders import PRODUCT_ORDERS
from projections.view import Document
from schemas.catalog import catalog_document, catalog_from_document
from tests.contracts.test_engine import CODEC, NOW, topics_of
from tests.decisions.world import add

PATIENCE = 10.0


class System:
    """A log, an engine and the tables, with a clock that the test moves."""

    def __init__(self, store: str, policy: str = "queue") -> None:
        self.now = NOW
        self.log = open_log(store)
        self.read_models = open_read_models(store)
        self.engine = Engine(self.log, CODEC, self.clock, catalog_from_document, 900.0)
        self.engine.start()
        self.projector = Projector(self.log, CODEC, self.read_models, [QUEUED_ORDERS, OBLIGATIONS, PRODUCT_ORDERS], turn=0.0)
        self.projector.start()
        self.queue = QueuedOrders(self.read_models, self.engine, self.clock)
        document: dict[str, Any] = deepcopy(catalog_document("sample").document)
        for offering in document["offerings"]:
            offering["whenPending"] = policy
        self.handle(Request(PublishCatalog("catalog", "1.0", "digest", document), "", "publish"))

    def clock(self) -> datetime:
        return self.now

    def handle(self, *requests: Request) -> None:
        for request in requests:
            self.engine.submit(request).result(PATIENCE)
        self.settle()

    def settle(self) -> None:
        """Until the tables have read the whole log."""
        assert self.projector.wait_for(self.log.head(), PATIENCE)

    def order(self, id: str, offering: str) -> None:
        command = SubmitProductOrder(id, {"productOrderItem": [add("1", offering)]}, "c1", "shop", None, None, False)
        self.handle(Request(command, "c1", f"message-of-{id}", (), 201))

    def cancel(self, id: str) -> None:
        self.handle(Request(CancelProductOrder(id, f"cancel-{id}", False, {}), "", f"cancel-{id}"))

    def end(self, id: str) -> None:
        """Cancel an order whose first request is out; it is refused, so that there is nothing to undo."""
        self.cancel(id)
        stream = f"so-{id[3:]}-1"
        key = f"{stream}.2.reserve.add.1"
        command = AnswerActivation(stream, "1.2.reserve", key, "rejected", {}, Reason("no-port", ""), 0, self.now)
        self.handle(Request(command, "", f"answer-{key}"))

    def restart(self) -> None:
        """Another process takes over: it knows of the orders only what the log says."""
        self.engine.close()
        self.engine = Engine(self.log, CODEC, self.clock, catalog_from_document, 900.0)
        self.engine.start()
        self.queue = QueuedOrders(self.read_models, self.engine, self.clock)

    def rows(self) -> list[Document]:
        return self.read_models.select(QUEUED_ORDERS).documents

    def obligations(self, order: str) -> list[tuple[str, list[str]]]:
        rows = self.read_models.select(OBLIGATIONS).documents
        return [(row["kind"], row.get("behind", [])) for row in rows if row["productOrder"]["id"] == order]

    def close(self) -> None:
        self.queue.close()
        self.projector.close()
        self.engine.close()
        self.read_models.close()
        self.log.close()


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    system = System(f"sqlite:///{tmp_path}/s.db")
    yield system
    system.close()


def test_an_order_is_planned_when_the_one_before_it_is_over_and_not_before(system: System) -> None:
    system.order("po-1", "tv")
    system.order("po-2", "voice-line")
    assert system.obligations("po-2") == [("order", ["po-1"])]
    assert (system.queue.plan(), topics_of(system.log, "po-2").count("ProductOrderDecomposed")) == (0, 1)
    system.end("po-1")
    assert system.queue.plan() == 1
    system.settle()
    assert topics_of(system.log, "po-2").count("ProductOrderDecomposed") == 2
    assert (system.rows(), [kind for kind, _ in system.obligations("po-2")]) == ([], ["activation"])


def test_the_next_process_goes_on_with_what_waited(system: System) -> None:
    system.order("po-1", "tv")
    system.order("po-2", "voice-line")
    system.end("po-1")
    system.restart()
    assert system.queue.plan() == 1
    system.settle()
    assert system.rows() == []


def test_an_order_that_is_cancelled_waits_no_more(system: System) -> None:
    system.order("po-1", "tv")
    system.order("po-2", "voice-line")
    system.cancel("po-2")
    assert (system.rows(), system.obligations("po-2")) == ([], [])


def test_an_order_that_waits_for_the_next_one_is_told_at_once_when_that_is_over(system: System) -> None:
    """po-3 waits for po-1; when that is over, po-2 has taken the line before it."""
    system.order("po-1", "tv")
    system.order("po-2", "voice-line")
    system.order("po-3", "fibre-broadband")
    system.end("po-1")
    assert system.queue.plan() == 2
    system.settle()
    (row,) = system.rows()
    assert (row["id"], row["behind"]) == ("po-3", ["po-2"])
    assert system.queue.plan() == 0
    system.end("po-2")
    assert system.queue.plan() == 1
    system.settle()
    assert system.rows() == []


def test_who_was_told_is_told_again_only_after_a_while(system: System) -> None:
    """The engine has not heard: the first telling was lost with it, and the wait is still there."""
    system.order("po-1", "tv")
    system.order("po-2", "voice-line")
    system.end("po-1")
    lost = system.queue._told
    lost[("po-2", "po-1")] = system.now + AGAIN_AFTER
    assert system.queue.plan() == 0
    system.now += AGAIN_AFTER + timedelta(seconds=1)
    system.queue.start()  # as it does by itself
    for _ in range(100):
        system.settle()
        if not system.rows():
            return
        system.queue._stop.wait(0.1)
    pytest.fail("po-2 still waits")


@pytest.fixture
def merging(tmp_path: Path) -> Iterator[System]:
    system = System(f"sqlite:///{tmp_path}/s.db", "merge")
    yield system
    system.close()


def test_an_order_that_became_part_of_another_one_ends_with_it(merging: System) -> None:
    merging.order("po-1", "tv")
    merging.order("po-2", "voice-line")
    assert merging.obligations("po-2") == [("order", ["po-1"])]
    assert (merging.queue.plan(), topics_of(merging.log, "po-1").count("ProductOrderAmended")) == (0, 1)
    merging.restart()
    merging.end("po-1")
    assert merging.queue.plan() == 1
    merging.settle()
    assert (merging.rows(), merging.obligations("po-2")) == ([], [])
    assert merging.read_models.load(PRODUCT_ORDERS, ["po-2"])["po-2"]["state"] == "cancelled"


def test_both_orders_name_each_other(merging: System) -> None:
    merging.order("po-1", "tv")
    merging.order("po-2", "voice-line")
    notes = {
        id: [note["text"] for note in order["note"]] for id, order in merging.read_models.load(PRODUCT_ORDERS, ["po-1", "po-2"]).items()
    }
    assert notes == {
        "po-1": ["Order po-2 has become part of this one."],
        "po-2": ["This has become part of order po-1: item 1 is item 2-1 of it."],
    }
