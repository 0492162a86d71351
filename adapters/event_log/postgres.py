"""The event log in PostgreSQL: the store for production."""

import select
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from threading import Lock, Thread
from typing import Any

import psycopg
from eventsourcing.persistence import IntegrityError, OperationalError, StoredEvent, Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresProcessRecorder
from psycopg.rows import DictRow, tuple_row

from adapters.event_log.bell import Bell
from adapters.event_log.migrations.postgres import POSITION_CONFLICT, migrate
from adapters.event_log.port import (
    Advance,
    Conflict,
    InboxConflict,
    InboxEntry,
    LogUnavailable,
    NewRow,
    PositionConflict,
    Row,
    VersionConflict,
)
from adapters.postgres_server import LOST, PostgresServer

POLL_SECONDS = 0.5

_ROWS = "SELECT notification_id, originator_id, originator_version, topic, state FROM stored_events WHERE "
_STREAMS = _ROWS + "originator_id = ANY(%s) ORDER BY notification_id"
_SINCE = _ROWS + "notification_id > %s ORDER BY notification_id LIMIT %s"
_SINCE_OF_TOPICS = _ROWS + "notification_id > %s AND topic = ANY(%s) ORDER BY notification_id LIMIT %s"
_HEAD = "SELECT coalesce(max(notification_id), 0) FROM stored_events"
_POSITIONS = "SELECT application_name, notification_id FROM notification_tracking WHERE application_name <> '__migration__'"
_ACCEPTED = (
    "SELECT source, id, digest, status, resource, time FROM inbox"
    " JOIN unnest(%b::text[], %b::text[]) AS wanted (source, id) USING (source, id)"
)
_APPEND = (
    "SELECT append_to_log(%b::text[], %b::bigint[], %b::bigint[],"
    " %b::text[], %b::text[], %b::bytea[], %b::integer[], %b::text[], %b::timestamptz[],"
    " %b::text[], %b::bigint[], %b::text[], %b::bytea[])"
)


class Datastore(PostgresDatastore):
    """The server, in the place where the library's recorder looks for its connections."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        # The library's own pool is made but never opened: `get_connection` is ours.
        super().__init__(self.server.database, "", "", "", "", originator_id_type="text")

    @contextmanager
    def get_connection(self) -> Iterator[psycopg.Connection[DictRow]]:
        """A connection for the library's own statements."""
        try:
            with self.server.connection() as connection:
                yield connection
        except psycopg.IntegrityError as error:
            raise IntegrityError(str(error)) from error
        except LOST as error:
            raise OperationalError(str(error)) from error

    def migrate(self) -> None:
        """Bring the tables to the newest shape."""
        self.schema = self.server.change_shape(lambda connection: migrate(connection, self.server.place))

    def close(self) -> None:
        """Close every connection."""
        self.server.close()
        super().close()


class Recorder(PostgresProcessRecorder):
    """The library's recorder with another way to write: one call of one function, which also takes message ids and compare-and-set
    positions. The library's own (a pipeline under a table lock) hangs on a few thousand events and stalls on autovacuum."""

    datastore: Datastore

    def append(self, events: Sequence[NewRow], inbox: Sequence[InboxEntry], positions: Sequence[Advance]) -> int:
        """Write all in one transaction; answers the last event's position."""
        columns = (*_columns(positions, 3), *_columns(inbox, 6), *_columns(events, 4))
        attempts = 0

        def write(connection: psycopg.Connection[DictRow]) -> int:
            nonlocal attempts
            attempts += 1
            try:
                return _call(connection, columns)
            except Conflict:
                # The conflict may be with this very append, when only the answer to an earlier attempt was lost.
                if attempts > 1 and (position := _stored(connection, events, inbox, positions)) is not None:
                    return position
                raise

        return self.datastore.server.run(write)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """The library's way in."""
        rows = [NewRow(str(event.originator_id), event.originator_version, event.topic, event.state) for event in stored_events]
        tracking: Tracking | None = kwargs.get("tracking")
        try:
            last = self.append(rows, (), self._advance(tracking) if tracking else ())
        except Conflict as conflict:
            raise IntegrityError(str(conflict)) from conflict
        return range(last - len(rows) + 1, last + 1)

    def _advance(self, tracking: Tracking) -> list[Advance]:
        stored = self.max_tracking_id(tracking.application_name)
        if stored is not None and stored >= tracking.notification_id:
            raise PositionConflict(f"Position {tracking.application_name} is {stored} already.")
        return [Advance(tracking.application_name, -1 if stored is None else stored, tracking.notification_id)]


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def _call(connection: psycopg.Connection[DictRow], columns: Sequence[list[Any]]) -> int:
    cursor = connection.cursor(binary=True, row_factory=tuple_row)
    try:
        (position,) = cursor.execute(_APPEND, columns, prepare=True).fetchone() or (0,)
    except psycopg.errors.UniqueViolation as error:
        if error.diag.table_name == "inbox":
            raise InboxConflict("One of these messages was accepted before.") from error
        raise VersionConflict("One of these stream versions exists already.") from error
    except psycopg.DatabaseError as error:
        if error.sqlstate != POSITION_CONFLICT:
            raise
        raise PositionConflict(f"Another reader has moved one of {', '.join(columns[0])}.") from error
    return int(position)


def _stored(
    connection: psycopg.Connection[DictRow],
    events: Sequence[NewRow],
    inbox: Sequence[InboxEntry],
    positions: Sequence[Advance],
) -> int | None:
    """The last position when the log holds exactly these, else None. They were written together, so that one kind proves the others."""
    if events:
        rows = _rows(connection, _STREAMS, (list({event.stream for event in events}),))
        held = {NewRow(row.stream, row.version, row.topic, row.state): row.position for row in rows}
        return held[events[-1]] if all(event in held for event in events) else None
    if positions:
        moved = dict(_fetch(connection, _POSITIONS, ()))
        return 0 if all(moved.get(position.name) == position.new for position in positions) else None
    return 0 if set(_accepted(connection, [entry[:2] for entry in inbox])) >= set(inbox) else None


def _fetch(connection: psycopg.Connection[DictRow], query: str, parameters: Sequence[Any]) -> list[Any]:
    cursor = connection.cursor(binary=True, row_factory=tuple_row)
    return cursor.execute(query, parameters, prepare=True).fetchall()


def _rows(connection: psycopg.Connection[DictRow], query: str, parameters: Sequence[Any]) -> list[Row]:
    return [Row(*row) for row in _fetch(connection, query, parameters)]


def _accepted(connection: psycopg.Connection[DictRow], keys: Sequence[tuple[str, str]]) -> list[InboxEntry]:
    rows = _fetch(connection, _ACCEPTED, _columns(keys, 2))
    return [InboxEntry._make((*row, time.astimezone(UTC))) for *row, time in rows]


class PostgresEventLog:
    """An event log (see the port) in one database. Any number of processes may read and write it."""

    def __init__(self, url: str) -> None:
        self._server = PostgresServer(url, LogUnavailable)
        self._datastore = Datastore(self._server)
        try:
            self._datastore.migrate()
        except BaseException:
            self._datastore.close()
            raise
        self._recorder = Recorder(self._datastore)
        self._bell = Bell()
        self._starting = Lock()
        self._follower: Thread | None = None
        self._closed = False
        self._stop, self._stopped = socket.socketpair()

    def append(self, events: Sequence[NewRow], inbox: Sequence[InboxEntry] = (), positions: Sequence[Advance] = ()) -> int:
        """See the port."""
        if not (events or inbox or positions):
            return 0
        last = self._recorder.append(events, inbox, positions)
        self._bell.ring(last)
        return last

    def read(self, streams: Sequence[str]) -> list[Row]:
        """See the port."""
        return self._page(_STREAMS, list(streams))

    def since(self, position: int, limit: int, topics: Sequence[str] | None = None) -> list[Row]:
        """See the port."""
        if topics is None:
            return self._page(_SINCE, position, limit)
        return self._page(_SINCE_OF_TOPICS, position, list(topics), limit)

    def _page(self, query: str, *parameters: object) -> list[Row]:
        return self._server.run(lambda connection: _rows(connection, query, parameters))

    def head(self) -> int:
        """See the port."""
        return self._server.run(_head)

    def positions(self) -> dict[str, int]:
        """See the port."""
        return self._server.run(lambda connection: dict(_fetch(connection, _POSITIONS, ())))

    def inbox(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], InboxEntry]:
        """See the port."""
        entries = self._server.run(lambda connection: _accepted(connection, keys))
        return {(entry.source, entry.id): entry for entry in entries}

    def forget_inbox(self, before: datetime) -> int:
        """See the port."""
        return self._server.run(lambda connection: connection.execute("DELETE FROM inbox WHERE time < %s", (before,)).rowcount)

    def wait(self, position: int, timeout: float) -> bool:
        """See the port."""
        if self._bell.position > position:
            return True
        with self._starting:
            if self._follower is None and not self._closed:
                self._follower = Thread(target=self._follow, name="event-log-follower", daemon=True)
                self._follower.start()
        return self._bell.wait(position, timeout)

    def _follow(self) -> None:
        while not self._closed:
            # Whoever waits reads next, and is told then what is wrong.
            with suppress(psycopg.Error), self._server.connect() as connection:
                connection.execute("LISTEN stored_events")
                self._listen(connection)
            select.select([self._stopped], [], [], POLL_SECONDS)

    def _listen(self, connection: psycopg.Connection[DictRow]) -> None:
        while not self._closed:
            self._bell.ring(_head(connection))
            while self._is_old_news(connection):
                pass

    def _is_old_news(self, connection: psycopg.Connection[DictRow]) -> bool:
        """Wait for the next news: True when it only repeats what this process wrote itself."""
        ears: list[psycopg.Connection[DictRow] | socket.socket] = [connection, self._stopped]
        woken, _, _ = select.select(ears, [], [], POLL_SECONDS)
        told = [notice.payload for notice in connection.notifies(timeout=0)] if connection in woken else []
        return bool(told) and all(payload.isdecimal() and int(payload) <= self._bell.position for payload in told)

    def close(self) -> None:
        """See the port."""
        with self._starting:
            self._closed = True
        self._bell.close()
        self._stop.close()  # the other end becomes readable
        if self._follower is not None:
            self._follower.join()
        self._stopped.close()
        self._datastore.close()


def _head(connection: psycopg.Connection[DictRow]) -> int:
    ((position,),) = _fetch(connection, _HEAD, ())
    return int(position)
