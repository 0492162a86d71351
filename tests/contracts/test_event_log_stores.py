"""What both stores promise beyond appending and reading: positions, accepted messages, atomicity, waiting, and clear sentences."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from adapters.event_log import open_log
from adapters.event_log.port import (
    Advance,
    EventLog,
    InboxConflict,
    InboxEntry,
    LogUnavailable,
    NewRow,
    PositionConflict,
    VersionConflict,
)

NOON = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def url(new_store: Callable[[], str]) -> str:
    return new_store()


@pytest.fixture
def log(url: str) -> Iterator[EventLog]:
    opened = open_log(url)
    yield opened
    opened.close()


def row(stream: str, version: int = 1) -> NewRow:
    return NewRow(stream, version, "Happened/1", b"{}")


def entry(id: str, source: str = "shop", digest: bytes = b"\x00\xff", time: datetime = NOON) -> InboxEntry:
    return InboxEntry(source, id, digest, 201, "po-1", time)


# Positions ------------------------------------------------------------------------------------------------------------------------
def test_a_position_begins_and_moves_by_compare_and_set(log: EventLog) -> None:
    log.append((), (), [Advance("orders:0", -1, 7)])
    log.append((), (), [Advance("orders:0", 7, 9), Advance("orders:1", -1, 3)])
    assert log.positions() == {"orders:0": 9, "orders:1": 3}


def test_an_append_without_events_answers_zero(log: EventLog) -> None:
    assert log.append((), (), [Advance("orders:0", -1, 0)]) == 0
    assert log.append(()) == 0


@pytest.mark.parametrize("expected", [-1, 6, 8])
def test_a_position_that_is_elsewhere_refuses(log: EventLog, expected: int) -> None:
    log.append((), (), [Advance("orders:0", -1, 7)])
    with pytest.raises(PositionConflict):
        log.append([row("a-1")], (), [Advance("orders:0", expected, 10)])
    assert (log.positions(), log.head()) == ({"orders:0": 7}, 0)


def test_a_position_cannot_go_on_before_it_began(log: EventLog) -> None:
    with pytest.raises(PositionConflict):
        log.append((), (), [Advance("orders:0", 0, 10)])
    assert log.positions() == {}


def test_a_zombie_with_an_overlapping_batch_is_refused(log: EventLog) -> None:
    """The library's own tracking lets this pass: it only asks for a greater position (research/eventsourcing.md 3.3)."""
    log.append([row("a-1")], (), [Advance("orders:0", -1, 10)])
    with pytest.raises(PositionConflict):
        log.append([row("a-2")], (), [Advance("orders:0", 5, 15)])
    assert [one.stream for one in log.since(0, 10)] == ["a-1"]


def test_one_of_several_positions_refuses_them_all(log: EventLog) -> None:
    log.append((), (), [Advance("orders:0", -1, 1), Advance("orders:1", -1, 1)])
    with pytest.raises(PositionConflict):
        log.append((), (), [Advance("orders:0", 1, 2), Advance("orders:1", 0, 2), Advance("orders:2", -1, 1)])
    assert log.positions() == {"orders:0": 1, "orders:1": 1}


def test_a_position_may_go_back_when_its_owner_says_so(log: EventLog) -> None:
    log.append((), (), [Advance("relay", -1, 10)])
    log.append((), (), [Advance("relay", 10, 4)])
    assert log.positions() == {"relay": 4}


# Accepted messages ----------------------------------------------------------------------------------------------------------------
def test_an_accepted_message_is_found_as_it_was_kept(log: EventLog) -> None:
    log.append((), [entry("1"), entry("2", digest=b""), entry("1", source="other")])
    assert log.inbox([("shop", "1"), ("shop", "3"), ("other", "1")]) == {
        ("shop", "1"): entry("1"),
        ("other", "1"): entry("1", source="other"),
    }


def test_a_message_accepted_before_refuses_the_whole_append(log: EventLog) -> None:
    log.append((), [entry("1")])
    with pytest.raises(InboxConflict):
        log.append([row("a-1")], [entry("2"), entry("1", digest=b"other")], [Advance("orders:0", -1, 1)])
    assert (log.head(), log.positions(), list(log.inbox([("shop", "1"), ("shop", "2")]))) == (0, {}, [("shop", "1")])


def test_two_messages_of_one_id_in_one_append_are_refused(log: EventLog) -> None:
    with pytest.raises(InboxConflict):
        log.append([row("a-1")], [entry("1"), entry("1")])
    assert log.head() == 0


def test_a_version_conflict_takes_messages_and_positions_back(log: EventLog) -> None:
    log.append([row("a-1")])
    with pytest.raises(VersionConflict):
        log.append([row("b-1"), row("a-1")], [entry("1")], [Advance("orders:0", -1, 1)])
    assert (log.head(), log.positions(), log.inbox([("shop", "1")])) == (1, {}, {})


def test_positions_are_compared_before_messages_and_those_before_events(log: EventLog) -> None:
    log.append([row("a-1")], [entry("1")], [Advance("orders:0", -1, 1)])
    with pytest.raises(PositionConflict):
        log.append([row("a-1")], [entry("1")], [Advance("orders:0", -1, 1)])
    with pytest.raises(InboxConflict):
        log.append([row("a-1")], [entry("1")], [Advance("orders:0", 1, 2)])


def test_old_messages_are_forgotten_and_young_ones_kept(log: EventLog) -> None:
    log.append((), [entry(str(day), time=NOON + timedelta(days=day)) for day in range(10)])
    assert log.forget_inbox(NOON + timedelta(days=4)) == 4
    assert sorted(id for _, id in log.inbox([("shop", str(day)) for day in range(10)])) == ["4", "5", "6", "7", "8", "9"]


def test_a_time_keeps_its_microseconds_whatever_its_zone(log: EventLog) -> None:
    log.append((), [entry("1", time=NOON.astimezone(tz=None))])
    assert log.inbox([("shop", "1")])["shop", "1"].time == NOON


def test_ids_may_be_any_text(log: EventLog) -> None:
    odd = "ключ '\"%s\\ \n☃"
    log.append([row(odd)], [entry(odd, source=odd)], [Advance(odd, -1, 1)])
    assert (log.read([odd])[0].stream, log.positions(), list(log.inbox([(odd, odd)]))) == (odd, {odd: 1}, [(odd, odd)])


# Waiting --------------------------------------------------------------------------------------------------------------------------
def test_whoever_waits_for_what_is_there_goes_on_at_once(log: EventLog) -> None:
    log.append([row("a-1")])
    assert log.wait(0, 5.0)


def test_whoever_waits_in_vain_learns_it_after_the_time(log: EventLog) -> None:
    log.append([row("a-1")])
    started = time.monotonic()
    assert not log.wait(log.head(), 0.1)
    assert 0.09 < time.monotonic() - started < 2.0


def test_an_append_wakes_who_waits(log: EventLog) -> None:
    woken: list[bool] = []
    waiter = threading.Thread(target=lambda: woken.append(log.wait(0, 30.0)))
    waiter.start()
    log.append([row("a-1")])
    waiter.join(5.0)
    assert woken == [True]


def test_closing_wakes_who_waits(url: str) -> None:
    log = open_log(url)
    woken: list[bool] = []
    waiter = threading.Thread(target=lambda: woken.append(log.wait(0, 30.0)))
    waiter.start()
    log.close()
    waiter.join(5.0)
    assert woken == [False]


def test_many_threads_read_while_one_writes(log: EventLog) -> None:
    done = threading.Event()
    broken: list[BaseException] = []

    def read() -> None:
        position = 0
        try:
            while not done.is_set() or position < log.head():
                rows = log.since(position, 7)
                assert [one.position for one in rows] == sorted(one.position for one in rows)
                position = rows[-1].position if rows else position
                assert not rows or rows[0].version >= 1
        except BaseException as error:
            broken.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(60):
        log.append([row(f"a-{number}", version) for version in range(1, 6)])
    done.set()
    for reader in readers:
        reader.join(20.0)
    assert (broken, len(log.since(0, 1_000))) == ([], 300)


# Schema and sentences ---------------------------------------------------------------------------------------------------------------
def test_a_store_opened_again_has_all(url: str) -> None:
    first = open_log(url)
    first.append([row("a-1")], [entry("1")], [Advance("orders:0", -1, 1)])
    first.close()
    second = open_log(url)
    assert (second.head(), second.positions(), list(second.inbox([("shop", "1")]))) == (1, {"orders:0": 1}, [("shop", "1")])
    second.close()


def test_a_store_of_a_newer_version_is_refused(url: str) -> None:
    open_log(url).close()
    newer = "INSERT INTO event_log_schema VALUES (99)"
    if url.startswith("sqlite"):
        file = sqlite3.connect(url.removeprefix("sqlite:///"))
        with file:
            file.execute(newer)
        file.close()
    else:
        with psycopg.connect(url) as connection:
            connection.execute(newer)
    with pytest.raises(LogUnavailable, match=r"schema version 99, but this Crossconnect knows none after \d+: use a newer one\."):
        open_log(url)


def test_a_closed_log_says_so(url: str) -> None:
    log = open_log(url)
    log.append([row("a-1")])
    log.close()
    with pytest.raises(LogUnavailable):
        log.append([row("a-2")])
