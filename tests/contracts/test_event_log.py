"""Appending and reading, the same for our stores and for the `eventsourcing` library's own recorders: tables and order are interchangeable."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pytest
from eventsourcing.persistence import ApplicationRecorder, IntegrityError, StoredEvent
from eventsourcing.popo import POPOApplicationRecorder
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore
from psycopg.conninfo import conninfo_to_dict

from adapters.event_log import open_log
from adapters.event_log.port import NewRow, Row, VersionConflict


class Log(Protocol):
    """The half of the port that the library's recorders have too."""

    def append(self, events: Sequence[NewRow]) -> int: ...
    def read(self, streams: Sequence[str]) -> list[Row]: ...
    def since(self, position: int, limit: int, topics: Sequence[str] | None = None) -> list[Row]: ...
    def head(self) -> int: ...
    def close(self) -> None: ...


class StockLog:
    """The library's own recorder in the clothes of the port."""

    def __init__(self, recorder: ApplicationRecorder, close: Callable[[], None] = lambda: None) -> None:
        self._recorder = recorder
        self._close = close

    def append(self, events: Sequence[NewRow]) -> int:
        stored = [StoredEvent(originator_id=row.stream, originator_version=row.version, topic=row.topic, state=row.state) for row in events]
        try:
            return list(self._recorder.insert_events(stored) or [0])[-1]
        except IntegrityError as error:
            raise VersionConflict("One of these stream versions exists already.") from error

    def read(self, streams: Sequence[str]) -> list[Row]:
        return [row for row in self.since(0, 1_000_000) if row.stream in streams]

    def since(self, position: int, limit: int, topics: Sequence[str] | None = None) -> list[Row]:
        found = self._recorder.select_notifications(position, limit, topics=topics or (), inclusive_of_start=False)
        return [Row(one.id, str(one.originator_id), one.originator_version, one.topic, bytes(one.state)) for one in found]

    def head(self) -> int:
        return self._recorder.max_notification_id() or 0

    def close(self) -> None:
        self._close()


def stock_sqlite(path: str) -> StockLog:
    datastore = SQLiteDatastore(path, originator_id_type="text")
    recorder = SQLiteApplicationRecorder(datastore)
    recorder.create_table()
    return StockLog(recorder, datastore.close)


def stock_postgres(url: str, create: bool = True) -> StockLog:
    told = conninfo_to_dict(url)
    datastore = PostgresDatastore(
        str(told["dbname"]),
        str(told["host"]),
        str(told["port"]),
        str(told["user"]),
        str(told.get("password", "")),
        originator_id_type="text",
    )
    recorder = PostgresApplicationRecorder(datastore, events_table_name="stored_events")
    if create:
        recorder.create_table()
    return StockLog(recorder, datastore.close)


SERVERS = pytest.mark.servers
OURS = ["sqlite", pytest.param("postgresql", marks=SERVERS)]
STOCK = ["stock popo", "stock sqlite", pytest.param("stock postgresql", marks=SERVERS)]


@pytest.fixture(params=[*OURS, *STOCK])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    match request.param:
        case "sqlite":
            made: Log = open_log(f"sqlite:///{tmp_path}/log.db")
        case "stock popo":
            made = StockLog(POPOApplicationRecorder())
        case "stock sqlite":
            made = stock_sqlite(f"{tmp_path}/log.db")
        case "postgresql":
            made = open_log(request.getfixturevalue("postgres")())
        case _:
            made = stock_postgres(request.getfixturevalue("postgres")())
    yield made
    made.close()


def row(stream: str, version: int, topic: str = "Happened/1", state: bytes = b'{"what":"\xc3\xa9"}') -> NewRow:
    return NewRow(stream, version, topic, state)


def test_an_empty_log_has_nothing_to_read(log: Log) -> None:
    assert (log.head(), log.since(0, 10), log.read(["a-1"])) == (0, [], [])


def test_events_are_read_as_they_were_written(log: Log) -> None:
    last = log.append([row("a-1", 1), row("b-1", 1, "Other/2", b"{}")])
    assert log.since(0, 10) == [Row(last - 1, "a-1", 1, "Happened/1", b'{"what":"\xc3\xa9"}'), Row(last, "b-1", 1, "Other/2", b"{}")]


def test_one_append_gets_contiguous_positions_in_its_own_order(log: Log) -> None:
    log.append([row("z-1", 1)])
    last = log.append([row("z-1", 2), row("a-1", 1), row("m-1", 1), row("a-1", 2)])
    assert [(one.position, one.stream, one.version) for one in log.since(1, 10)] == [
        (last - 3, "z-1", 2),
        (last - 2, "a-1", 1),
        (last - 1, "m-1", 1),
        (last, "a-1", 2),
    ]


def test_the_head_is_the_last_position(log: Log) -> None:
    assert log.append([row("a-1", 1), row("a-1", 2)]) == log.head()


def test_a_page_ends_at_its_limit_and_the_next_goes_on(log: Log) -> None:
    log.append([row("a-1", version) for version in range(1, 8)])
    first = log.since(0, 3)
    second = log.since(first[-1].position, 3)
    assert [one.version for one in first + second] == [1, 2, 3, 4, 5, 6]


def test_a_reader_of_some_topics_sees_only_those(log: Log) -> None:
    log.append([row("a-1", version, f"Topic{version % 3}/1") for version in range(1, 10)])
    assert [one.version for one in log.since(0, 4, ["Topic1/1", "Topic2/1"])] == [1, 2, 4, 5]


def test_streams_are_read_together_in_order_of_position(log: Log) -> None:
    log.append([row("a-1", 1), row("b-1", 1), row("c-1", 1), row("a-1", 2)])
    assert [(one.stream, one.version) for one in log.read(["c-1", "a-1", "none"])] == [("a-1", 1), ("c-1", 1), ("a-1", 2)]


def test_a_version_that_exists_refuses_the_whole_append(log: Log) -> None:
    log.append([row("a-1", 1)])
    with pytest.raises(VersionConflict):
        log.append([row("b-1", 1), row("a-1", 1), row("c-1", 1)])
    assert [one.stream for one in log.since(0, 10)] == ["a-1"]


def test_after_a_refusal_positions_still_grow(log: Log) -> None:
    before = log.append([row("a-1", 1)])
    with pytest.raises(VersionConflict):
        log.append([row("a-1", 1)])
    assert log.append([row("a-1", 2)]) > before


# The library's own way into PostgreSQL is not asked: it hangs on some thousand events (research/eventsourcing.md 3.1), which is why ours is another.
@pytest.mark.parametrize("log", [*OURS, "stock popo", "stock sqlite"], indirect=True)
def test_five_thousand_events_go_in_by_one_call(log: Log) -> None:
    last = log.append([row(f"a-{number}", 1, state=b'{"n":%d}' % number + b" " * 200) for number in range(5_000)])
    rows = log.since(last - 5_000, 5_000)
    assert [one.position for one in rows] == list(range(last - 4_999, last + 1))
    assert [one.stream for one in rows] == [f"a-{number}" for number in range(5_000)]


def test_the_library_reads_and_continues_our_file(tmp_path: Path) -> None:
    ours, stock = open_log(f"sqlite:///{tmp_path}/log.db"), stock_sqlite(f"{tmp_path}/log.db")
    _take_turns(ours, stock)
    ours.close()
    stock.close()


@pytest.mark.servers
def test_the_library_reads_and_continues_our_database(postgres: Callable[[], str]) -> None:
    url = postgres()
    ours, stock = open_log(url), stock_postgres(url, create=False)
    _take_turns(ours, stock)
    ours.close()
    stock.close()


def _take_turns(ours: Log, stock: Log) -> None:
    ours.append([row("a-1", 1)])
    stock.append([row("a-1", 2), row("b-1", 1)])
    with pytest.raises(VersionConflict):
        ours.append([row("b-1", 1)])
    with pytest.raises(VersionConflict):
        stock.append([row("a-1", 1)])
    ours.append([row("a-1", 3)])
    assert ours.since(0, 10) == stock.since(0, 10)
    assert [(one.stream, one.version) for one in ours.since(0, 10)] == [("a-1", 1), ("a-1", 2), ("b-1", 1), ("a-1", 3)]
