"""The event log in one SQLite file: the store that needs nothing installed."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import msgspec
from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.sqlite import SQLiteCursor, SQLiteDatastore, SQLiteProcessRecorder

from adapters.event_log.bell import Bell
from adapters.event_log.doorbell import Doorbell
from adapters.event_log.migrations.sqlite import migrate
from adapters.event_log.port import (
    Advance,
    InboxConflict,
    InboxEntry,
    LogUnavailable,
    NewRow,
    PositionConflict,
    Row,
    VersionConflict,
)
from adapters.sqlite_file import SqliteFile, insert

POLL_SECONDS = 0.02
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# Python's sqlite3 gives up the interpreter at every row it fetches and every statement it runs, and while another thread computes it gets
# it back 5 ms later. So a page of events is fetched as one row (27 times faster then), and many rows are inserted by one statement.
# JSON never holds the unit separator (31) as it is, so that it can stand between states.
_PAGE = """
    SELECT json_group_array(json_array(rowid, originator_id, originator_version, topic)),
           CAST(group_concat(CAST(state AS TEXT), char(31)) AS BLOB)
    FROM (SELECT rowid, * FROM stored_events WHERE {} ORDER BY rowid LIMIT ?)"""
_STREAMS = _PAGE.format("originator_id IN (SELECT value FROM json_each(?))")
_SINCE = _PAGE.format("rowid > ?")
_SINCE_OF_TOPICS = _PAGE.format("rowid > ? AND topic IN (SELECT value FROM json_each(?))")
_ADVANCE = """
    INSERT INTO tracking (application_name, notification_id)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[2]') FROM json_each(?)
    WHERE json_extract(value, '$[1]')
        = coalesce((SELECT notification_id FROM tracking WHERE application_name = json_extract(value, '$[0]')), -1)
    ON CONFLICT (application_name) DO UPDATE SET notification_id = excluded.notification_id"""
_ACCEPTED = """
    SELECT inbox.* FROM json_each(?) CROSS JOIN inbox
    ON inbox.source = json_extract(value, '$[0]') AND inbox.id = json_extract(value, '$[1]')"""
_FORGET = """
    DELETE FROM inbox WHERE (source, id) IN (SELECT source, id FROM inbox WHERE time < ? ORDER BY time LIMIT 5000)"""
_read_heads = msgspec.json.Decoder(list[tuple[int, str, int, str]]).decode


class Datastore(SQLiteDatastore):
    """The file, in the place where the library's recorder looks for its connections."""

    def __init__(self, file: SqliteFile) -> None:
        self.file = file
        super().__init__(file.path, originator_id_type="text")

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        """One of the library's own statements."""
        try:
            with self.file.write() if commit else self.file.read() as cursor:
                cursor.row_factory = sqlite3.Row
                yield SQLiteCursor(cursor)
        except sqlite3.IntegrityError as error:
            raise IntegrityError(error) from error

    def migrate(self) -> None:
        """Bring the tables to the newest shape."""
        with self.file.write() as cursor:
            migrate(cursor, self.file.path)

    def close(self) -> None:
        """Close every connection."""
        self.file.close()
        super().close()


class Recorder(SQLiteProcessRecorder):
    """The library's recorder, whose transactions also take message ids and compare-and-set positions."""

    datastore: Datastore

    def append(self, events: Sequence[NewRow], inbox: Sequence[InboxEntry], positions: Sequence[Advance]) -> int:
        """Write all in one transaction; answers the last event's position."""
        with self.datastore.file.write() as cursor:
            if positions:
                self._advance(cursor, positions)
            if inbox:
                self._accept(cursor, inbox)
            try:
                return insert(cursor, "INSERT INTO stored_events", events)
            except sqlite3.IntegrityError as error:
                raise VersionConflict("One of these stream versions exists already.") from error

    def _insert_events(self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        rows = [(str(event.originator_id), event.originator_version, event.topic, event.state) for event in stored_events]
        last = insert(c.sqlite_cursor, "INSERT INTO stored_events", rows)
        if tracking := kwargs.get("tracking"):
            self._insert_tracking(c, tracking)
        return range(last - len(rows) + 1, last + 1)

    def _advance(self, cursor: sqlite3.Cursor, positions: Sequence[Advance]) -> None:
        cursor.execute(_ADVANCE, (json.dumps(positions),))
        if cursor.rowcount != len(positions):
            raise PositionConflict(f"Another reader has moved one of {', '.join(position.name for position in positions)}.")

    def _accept(self, cursor: sqlite3.Cursor, inbox: Sequence[InboxEntry]) -> None:
        try:
            insert(cursor, "INSERT INTO inbox", [(*entry[:5], _microseconds(entry.time)) for entry in inbox])
        except sqlite3.IntegrityError as error:
            raise InboxConflict("One of these messages was accepted before.") from error


def _microseconds(time: datetime) -> int:
    return (time - EPOCH) // MICROSECOND


class SqliteEventLog:
    """An event log (see the port) in one file. Other processes may read and write the same file."""

    def __init__(self, path: str | Path) -> None:
        self._file = SqliteFile(str(path), "FULL", LogUnavailable)
        self._datastore = Datastore(self._file)
        try:
            self._datastore.migrate()
        except BaseException:
            self._datastore.close()
            raise
        self._recorder = Recorder(self._datastore)
        self._bell = Bell()
        self._doorbell = Doorbell(Path(path))
        self._starting = Lock()
        self._follower: Thread | None = None
        self._closed = False

    def append(self, events: Sequence[NewRow], inbox: Sequence[InboxEntry] = (), positions: Sequence[Advance] = ()) -> int:
        """See the port."""
        if not (events or inbox or positions):
            return 0
        last = self._recorder.append(events, inbox, positions)
        if events:
            self._bell.ring(last)
            self._doorbell.ring()
        return last

    def read(self, streams: Sequence[str]) -> list[Row]:
        """See the port."""
        return self._page(_STREAMS, json.dumps(streams), -1)

    def since(self, position: int, limit: int, topics: Sequence[str] | None = None) -> list[Row]:
        """See the port."""
        if topics is None:
            return self._page(_SINCE, position, limit)
        return self._page(_SINCE_OF_TOPICS, position, json.dumps(topics), limit)

    def _page(self, query: str, *parameters: object) -> list[Row]:
        with self._file.read() as cursor:
            heads, states = cursor.execute(query, parameters).fetchone()
        if states is None:
            return []
        rows = [Row(*head, state) for head, state in zip(_read_heads(heads), states.split(b"\x1f"), strict=True)]
        rows.sort()  # they are in order in practice; SQLite promises no order inside an aggregate
        return rows

    def head(self) -> int:
        """See the port."""
        with self._file.read() as cursor:
            (position,) = cursor.execute("SELECT coalesce(max(rowid), 0) FROM stored_events").fetchone()
        return int(position)

    def positions(self) -> dict[str, int]:
        """See the port."""
        with self._file.read() as cursor:
            return dict(cursor.execute("SELECT * FROM tracking WHERE application_name <> '__migration__'").fetchall())

    def inbox(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], InboxEntry]:
        """See the port."""
        with self._file.read() as cursor:
            rows = cursor.execute(_ACCEPTED, (json.dumps(keys),)).fetchall()
        entries = (InboxEntry._make((*row, EPOCH + time * MICROSECOND)) for *row, time in rows)
        return {(entry.source, entry.id): entry for entry in entries}

    def forget_inbox(self, before: datetime) -> int:
        """See the port. Deletes in steps, so that appends come in between."""
        total = 0
        while True:
            with self._file.write() as cursor:
                cursor.execute(_FORGET, (_microseconds(before),))
                count = cursor.rowcount
            total += count
            if not count:
                return total

    def wait(self, position: int, timeout: float) -> bool:
        """See the port."""
        if self._bell.position > position:
            return True
        self._follow_other_processes()
        return self._bell.wait(position, timeout)

    def _follow_other_processes(self) -> None:
        with self._starting:
            if self._follower is None and not self._closed:
                self._doorbell.listen()
                self._follower = Thread(target=self._follow, name="event-log-follower", daemon=True)
                self._follower.start()

    def _follow(self) -> None:
        while not self._closed:
            with suppress(LogUnavailable):  # whoever waits reads next, and is told then
                self._bell.ring(self.head())
            self._doorbell.heard(POLL_SECONDS)

    def close(self) -> None:
        """See the port."""
        with self._starting:
            self._closed = True
        self._bell.close()
        if self._follower is not None:
            self._doorbell.leave()
            self._follower.join()
        self._doorbell.close()
        self._datastore.close()
