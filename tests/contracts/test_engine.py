"""The engine on a real log: each message once, each caller its own outcome, and a race with another process lost without harm."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.engine import Engine, decisions
from adapters.engine.port import Delivery, EngineClosed, Identity, Request
from adapters.event_log import open_log
from adapters.event_log.codec import Codec
from adapters.event_log.port import EventLog, LogUnavailable, PositionConflict, VersionConflict
from domain import unit_of_work
from domain.catalog_publication import PublishCatalog
from domain.events import EVENTS
from domain.fallout import ResolveTask
from domain.intake import DeadLettered, KeepDeadLetter
from domain.product_order import SubmitProductOrder
from domain.service_order import AnswerActivation
from domain.unit_of_work import UnitOfWork
from domain.values import Reason, Rejected, Who
from domain.work_order import AnswerWorkOrder
from schemas.catalog import catalog_document, catalog_from_document

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
CODEC = Codec(EVENTS)
OFFERINGS = ("w1-access", "w1-voice", "w1-tv")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    log = open_log(f"sqlite:///{tmp_path}/log.db")
    yield log
    log.close()


@pytest.fixture
def engine(log: EventLog) -> Iterator[Engine]:
    engine = started(log)
    catalog = catalog_document("benchmark-w1")
    engine.submit(Request(PublishCatalog("catalog", catalog.version, catalog.digest, catalog.document), "", "publish")).result(10)
    yield engine
    engine.close()


def started(log: EventLog) -> Engine:
    engine = Engine(log, CODEC, lambda: NOW, catalog_from_document, 900.0)
    engine.start()
    return engine


def document(customer: str = "c1", offerings: tuple[str, ...] = OFFERINGS) -> dict[str, Any]:
    items = [
        {
            "id": str(number),
            "action": "add",
            "productOffering": {"id": offering},
            "product": {"place": [{"id": "s1", "role": "installation"}]},
        }
        for number, offering in enumerate(offerings, 1)
    ]
    return {"productOrderItem": items, "relatedParty": [{"id": customer, "role": "customer"}]}


def submit(order: str, customer: str = "c1", *identities: Identity, offerings: tuple[str, ...] = OFFERINGS) -> Request:
    command = SubmitProductOrder(order, document(customer, offerings), customer, customer, None, None, False)
    return Request(command, customer, f"message-of-{order}", identities, 201)


def answer(order: str, number: int, outcome: str = "completed") -> Request:
    stream = f"so-{order[3:]}-{number}"
    key = f"{stream}.1.activate.add.1"
    return Request(AnswerActivation(stream, f"{number}.1.activate", key, outcome, {}, Reason("", ""), 0, NOW), "", f"answer-{key}")


def visit(order: str) -> Request:
    stream = f"wo-{order[3:]}-1"
    return Request(AnswerWorkOrder(stream, f"{stream}.1", "completed", None, Reason("", ""), NOW), "", f"answer-{stream}")


def topics_of(log: EventLog, stream: str) -> list[str]:
    return [row.topic.partition("/")[0] for row in log.read([stream])]


def state_of(log: EventLog, order: str) -> str:
    memory = unit_of_work.Memory(lambda streams: [CODEC.decode(row) for row in log.read(streams)])
    memory.require([order])
    return str(memory.states[order].state)


def test_an_order_is_driven_to_its_end_by_its_answers(engine: Engine, log: EventLog) -> None:
    assert engine.submit(submit("po-1")).result(10).resource == "po-1"
    engine.submit(answer("po-1", 1)).result(10)
    for request in (answer("po-1", 2), answer("po-1", 3), visit("po-1")):
        engine.submit(request).result(10)
    assert state_of(log, "po-1") == "completed"
    assert [topics_of(log, f"pr-1-{item}") for item in (1, 2, 3)] == [["ProductOrdered", "ProductActivated"]] * 3


def test_a_repeat_under_one_identity_gets_the_first_answer_and_changes_nothing(engine: Engine, log: EventLog) -> None:
    identity = Identity("key", "k1", b"same")
    first = engine.submit(submit("po-1", "c1", identity)).result(10)
    head = log.head()
    again = engine.submit(submit("po-2", "c1", identity)).result(10)
    assert (again.status, again.resource, again.repeated) == (first.status, "po-1", True)
    assert log.head() == head


def test_repeats_that_wait_together_make_one_order(engine: Engine, log: EventLog) -> None:
    identity = Identity("key", "k1", b"same")
    futures = [engine.submit(submit(f"po-{number}", "c1", identity)) for number in range(20)]
    assert {future.result(10).resource for future in futures} == {"po-0"}
    assert topics_of(log, "po-1") == []


def test_another_message_under_a_used_identity_is_refused(engine: Engine) -> None:
    engine.submit(submit("po-1", "c1", Identity("key", "k1", b"one"))).result(10)
    with pytest.raises(Rejected) as refused:
        engine.submit(submit("po-2", "c1", Identity("key", "k1", b"other", "conflict"))).result(10)
    assert refused.value.code == "conflict"


def test_a_refused_message_takes_only_itself_out_of_the_batch(engine: Engine, log: EventLog) -> None:
    good = [engine.submit(submit(f"po-{number}", f"c{number}")) for number in range(10)]
    bad = engine.submit(submit("po-bad", "c1", offerings=("unheard-of",)))
    more = [engine.submit(submit(f"po-{number}", f"c{number}")) for number in range(10, 20)]
    with pytest.raises(Rejected):
        bad.result(10)
    assert all(future.result(10).status == 201 for future in good + more)
    assert topics_of(log, "po-bad") == []


def test_a_fault_in_what_follows_a_message_takes_only_that_message_out(
    engine: Engine, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow = UnitOfWork._follow

    def faulty(self: UnitOfWork, fulfillment: Any) -> None:
        if fulfillment.order == "po-bad":
            raise RuntimeError("a fault of the program")
        follow(self, fulfillment)

    monkeypatch.setattr(UnitOfWork, "_follow", faulty)
    names = [*(f"po-{number}" for number in range(5)), "po-bad", *(f"po-{number}" for number in range(5, 10))]
    futures = {name: engine.submit(submit(name)) for name in names}
    wait(futures.values(), 10)
    failed = [name for name, future in futures.items() if future.exception()]
    assert failed == ["po-bad"]
    assert topics_of(log, "po-bad") == []
    engine.submit(answer("po-3", 1)).result(10)
    assert "ActivationAnswered" in topics_of(log, "so-3-1")


def test_two_engines_on_one_log_lose_and_double_nothing(engine: Engine, log: EventLog) -> None:
    other = started(log)
    orders = [f"po-{number}" for number in range(30)]
    for order in orders:
        engine.submit(submit(order, order)).result(10)
    both = [chosen.submit(request) for order in orders for request in (answer(order, 1),) for chosen in (engine, other)]
    wait(both, 30)
    rest = (
        [(engine, answer(order, 2)) for order in orders]
        + [(other, answer(order, 3)) for order in orders]
        + [(other, visit(order)) for order in orders]
    )
    futures = [chosen.submit(request) for chosen, request in rest]
    wait(futures, 60)
    assert [future.exception() for future in futures if future.exception()] == []
    other.close()
    assert {state_of(log, order) for order in orders} == {"completed"}
    assert all(topics_of(log, f"so-{order[3:]}-1").count("ActivationRequested") == 1 for order in orders)


def test_an_order_of_a_catalog_that_another_engine_has_published_is_taken_on(
    engine: Engine, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decisions, "LOOK_SECONDS", 0.0)
    other, sample = started(log), catalog_document("sample")
    engine.submit(Request(PublishCatalog("catalog", sample.version, sample.digest, sample.document), "", "publish")).result(10)
    offering = next(iter(engine.catalogs[sample.version].offerings))
    other.submit(submit("po-1", offerings=(offering,))).result(10)
    other.close()
    assert other.current_catalog == sample.version
    assert topics_of(log, "po-1")


def test_a_refusal_is_made_upon_what_the_log_says_now(engine: Engine, log: EventLog) -> None:
    retry = Request(ResolveTask("so-1-1", "1.1.activate", "retry", {}, Who("operator"), NOW), "", "retry")
    engine.submit(submit("po-1")).result(10)
    with pytest.raises(Rejected):
        engine.submit(retry).result(10)
    other = started(log)
    other.submit(answer("po-1", 1, "rejected")).result(10)
    other.close()
    engine.submit(retry).result(10)
    assert topics_of(log, "so-1-1")[-2:] == ["FalloutResolved", "ActivationRequested"]


def test_a_delivery_ends_before_what_cannot_even_be_set_aside(engine: Engine, log: EventLog) -> None:
    def dead_letter(request: Request, error: Exception) -> Request:
        raise RuntimeError("no room for it")

    requests = [submit("po-1"), submit("po-2"), submit("po-bad", offerings=("unheard-of",)), submit("po-3")]
    with pytest.raises(RuntimeError):
        engine.deliver(Delivery(requests, "commands:0", -1, [1, 2, 3, 4], dead_letter)).result(10)
    assert log.positions()["commands:0"] == 2
    assert [bool(topics_of(log, f"po-{number}")) for number in (1, 2, 3)] == [True, True, False]


def test_messages_that_are_decided_one_by_one_move_the_position_each(
    engine: Engine, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, moves = log.append, []

    def loses_once(events: Any, inbox: Any = (), positions: Any = ()) -> int:
        moves.append([(position.expected, position.new) for position in positions])
        if len(moves) == 1:
            raise VersionConflict("somebody was faster")
        return append(events, inbox, positions)

    monkeypatch.setattr(log, "append", loses_once)
    engine.deliver(Delivery([submit("po-1"), submit("po-2"), submit("po-3")], "commands:0", -1, [4, 5, 9], nothing)).result(10)
    assert moves == [[(-1, 9)], [(-1, 4)], [(4, 5)], [(5, 9)]]


def test_a_delivery_commits_its_position_with_its_effects(engine: Engine, log: EventLog) -> None:
    engine.deliver(Delivery([submit("po-1")], "commands:0", -1, [7], nothing)).result(10)
    assert log.positions()["commands:0"] == 7
    assert topics_of(log, "po-1")


def test_a_delivery_behind_another_readers_position_has_no_effect(engine: Engine, log: EventLog) -> None:
    engine.deliver(Delivery([submit("po-1")], "commands:0", -1, [5], nothing)).result(10)
    with pytest.raises(PositionConflict):
        engine.deliver(Delivery([submit("po-2")], "commands:0", 3, [8], nothing)).result(10)
    assert topics_of(log, "po-2") == []


def test_what_a_delivery_cannot_do_is_set_aside_with_its_position(engine: Engine, log: EventLog) -> None:
    letter = DeadLettered("t", 0, 3, "k", {}, "", "refused", "Rejected", 1, NOW)

    def dead_letter(request: Request, error: Exception) -> Request:
        return Request(KeepDeadLetter("dead-t-0", letter), "", "x")

    requests = [submit("po-1"), submit("po-bad", offerings=("unheard-of",)), submit("po-2")]
    engine.deliver(Delivery(requests, "commands:0", -1, [1, 2, 3], dead_letter)).result(10)
    assert topics_of(log, "dead-t-0") == ["DeadLettered"]
    assert topics_of(log, "po-1")
    assert topics_of(log, "po-2")
    assert log.positions()["commands:0"] == 3


def test_a_delivery_of_many_that_another_reader_has_taken_has_no_effect_at_all(engine: Engine, log: EventLog) -> None:
    letters = [DeadLettered("t", 0, offset, "k", {}, "", "unreadable", "Unreadable", 1, NOW) for offset in range(3)]
    requests = [Request(KeepDeadLetter("dead-t-0", letter), "", "x") for letter in letters]
    engine.deliver(Delivery(requests, "t:0", -1, [1, 2, 3], nothing)).result(10)
    for expected in (-1, 0, 2):
        with pytest.raises(PositionConflict):
            engine.deliver(Delivery(requests, "t:0", expected, [3, 4, 5], nothing)).result(10)
    assert len(topics_of(log, "dead-t-0")) == 3


def test_deliveries_of_one_position_that_do_not_join_are_not_decided_together(engine: Engine, log: EventLog) -> None:
    letter = DeadLettered("t", 0, 0, "k", {}, "", "unreadable", "Unreadable", 1, NOW)
    delivery = Delivery([Request(KeepDeadLetter("dead-t-0", letter), "", "x")] * 3, "t:0", -1, [1, 2, 3], nothing)
    futures = [engine.deliver(delivery) for _ in range(5)]
    wait(futures, 10)
    assert [type(future.exception()) for future in futures] == [type(None)] + [PositionConflict] * 4
    assert len(topics_of(log, "dead-t-0")) == 3


def test_a_catalog_that_could_not_be_stored_is_not_worked_with(engine: Engine, log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    append, other = log.append, catalog_document("sample")

    def fails(*args: Any) -> int:
        raise LogUnavailable("The store is gone.")

    monkeypatch.setattr(log, "append", fails)
    with pytest.raises(LogUnavailable):
        engine.submit(Request(PublishCatalog("catalog", other.version, other.digest, other.document), "", "publish")).result(10)
    monkeypatch.setattr(log, "append", append)
    assert (engine.current_catalog, set(engine.catalogs)) == ("w1", {"w1"})


def test_a_store_that_fails_in_what_follows_a_message_makes_no_dead_letter(
    engine: Engine, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(self: UnitOfWork, fulfillment: Any) -> None:
        raise LogUnavailable("The store is gone.")

    def dead_letter(request: Request, error: Exception) -> Request:
        raise AssertionError(f"set aside because of {error}")

    monkeypatch.setattr(UnitOfWork, "_follow", unreadable)
    with pytest.raises(LogUnavailable):
        engine.deliver(Delivery([submit("po-1")], "commands:0", -1, [1], dead_letter)).result(10)
    monkeypatch.undo()
    engine.deliver(Delivery([submit("po-1")], "commands:0", -1, [1], dead_letter)).result(10)
    assert topics_of(log, "po-1").count("ProductOrderAcknowledged") == 1


def test_callers_learn_that_the_log_is_out_of_reach_and_the_engine_goes_on(
    engine: Engine, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = log.append

    def fails(*args: Any) -> int:
        raise LogUnavailable("The store is gone.")

    monkeypatch.setattr(log, "append", fails)
    with pytest.raises(LogUnavailable):
        engine.submit(submit("po-1")).result(10)
    monkeypatch.setattr(log, "append", append)
    engine.submit(submit("po-1")).result(10)
    assert topics_of(log, "po-1").count("ProductOrderAcknowledged") == 1


@contextmanager
def held_up(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """While the log does not answer, what is handed to the engine waits in its queue."""
    append, gate = log.append, threading.Event()

    def waits(*args: Any) -> int:
        assert gate.wait(10)
        return append(*args)

    monkeypatch.setattr(log, "append", waits)
    yield
    gate.set()
    monkeypatch.setattr(log, "append", append)


def test_a_message_that_waits_cannot_be_taken_back_and_is_told_with_the_others(
    engine: Engine, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    with held_up(log, monkeypatch):
        futures = [engine.submit(submit(f"po-{number}")) for number in range(20)]
        delivered = engine.deliver(Delivery([submit("po-t")], "commands:0", -1, [1], nothing))
        assert [future.cancel() for future in (futures[0], futures[7], delivered)] == [False] * 3
    assert {future.result(10).status for future in futures} == {201}
    delivered.result(10)
    assert log.positions()["commands:0"] == 1
    assert engine.submit(submit("po-after")).result(10).status == 201
    assert engine.fault == ""


async def test_a_caller_that_waits_no_longer_harms_neither_the_engine_nor_the_others(
    engine: Engine, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a client of HTTP leaves; its message has its effect all the same."""
    with held_up(log, monkeypatch):
        callers = [asyncio.ensure_future(asyncio.wrap_future(engine.submit(submit(f"po-{number}")))) for number in range(20)]
        assert all(caller.cancel() for caller in callers[::2])
        left = await asyncio.gather(*callers[::2], return_exceptions=True)
    assert {type(each) for each in left} == {asyncio.CancelledError}
    assert {(await caller).status for caller in callers[1::2]} == {201}
    engine.submit(submit("po-after")).result(10)
    assert engine.fault == ""
    assert all(topics_of(log, f"po-{number}") for number in range(20))


def test_callers_that_left_before_the_log_failed_harm_nobody(engine: Engine, log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    append, gate = log.append, threading.Event()

    def fails(*args: Any) -> int:
        assert gate.wait(10)
        raise LogUnavailable("The store is gone.")

    monkeypatch.setattr(log, "append", fails)
    futures = [engine.submit(submit(f"po-{number}")) for number in range(20)]
    for future in futures[::2]:
        future.cancel()
    gate.set()
    assert {type(future.exception(10)) for future in futures} == {LogUnavailable}
    monkeypatch.setattr(log, "append", append)
    assert engine.submit(submit("po-after")).result(10).status == 201
    assert engine.fault == ""


def test_finished_orders_leave_memory(engine: Engine) -> None:
    for number in range(20):
        order = f"po-{number}"
        for request in (submit(order, order), answer(order, 1), answer(order, 2), answer(order, 3), visit(order)):
            engine.submit(request).result(10)
    assert engine.orders_in_memory() == 0


def test_orders_under_way_are_taken_up_by_the_next_process(engine: Engine, log: EventLog) -> None:
    engine.submit(submit("po-1")).result(10)
    engine.close()
    successor = started(log)
    for request in (answer("po-1", 1), answer("po-1", 2), answer("po-1", 3), visit("po-1")):
        successor.submit(request).result(10)
    successor.close()
    assert state_of(log, "po-1") == "completed"


def test_a_closed_engine_finishes_what_it_has_and_refuses_the_rest(log: EventLog, engine: Engine) -> None:
    futures = [engine.submit(submit(f"po-{number}")) for number in range(50)]
    closer = threading.Thread(target=engine.close)
    closer.start()
    wait(futures, 10)
    closer.join()
    taken = [number for number, future in enumerate(futures) if not future.exception()]
    assert all(topics_of(log, f"po-{number}") for number in taken)
    assert len(taken) == 50
    with pytest.raises(EngineClosed):
        engine.submit(submit("po-late")).result(10)


def nothing(request: Request, error: Exception) -> None:
    return None
