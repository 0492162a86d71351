"""One SQLite file shared by threads and processes: one connection that writes, and as many as there are concurrent readers."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import chain
from threading import Lock
from typing import Any, Literal

BUSY_SECONDS = 30.0
LARGEST_INSERT = 128  # rows
STEP = 16


class SqliteFile:
    """Opened in WAL mode. What goes wrong with the file is raised as `unavailable`, in one sentence."""

    def __init__(self, path: str, synchronous: Literal["FULL", "NORMAL"], unavailable: type[Exception]) -> None:
        self.path = path
        self._synchronous = synchronous
        self._unavailable = unavailable
        self._writing = Lock()
        self._closed = False
        self._idle: list[sqlite3.Connection] = []
        try:
            self._writer = self._connect()
        except sqlite3.Error as error:
            raise unavailable(f"The store {path} cannot be opened: {error}.") from error
        try:
            write_ahead(self._writer)
        except sqlite3.Error as error:
            self._writer.close()
            raise unavailable(f"The store {path} cannot be used: {error}.") from error

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=400)
        connection.execute(f"PRAGMA synchronous={self._synchronous}")
        return connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Cursor]:
        """One transaction, which locks the file from its beginning: all of it is durable at the end, or nothing after an exception."""
        with self._writing:
            if self._closed:
                raise self._unavailable(f"The store {self.path} has been closed.")
            cursor = self._writer.cursor()
            try:
                cursor.execute("BEGIN IMMEDIATE")
                yield cursor
                cursor.execute("COMMIT")
            except sqlite3.IntegrityError:
                raise
            except sqlite3.DatabaseError as error:
                raise self._unavailable(f"The store {self.path} cannot be written: {error}.") from error
            finally:
                if self._writer.in_transaction:
                    cursor.execute("ROLLBACK")
                cursor.close()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Cursor]:
        """A connection for one statement."""
        try:
            connection = self._reader()
            try:
                yield connection.cursor()
            finally:
                self._idle.append(connection)
                if self._closed:
                    self._close_readers()
        except sqlite3.DatabaseError as error:
            raise self._unavailable(f"The store {self.path} cannot be read: {error}.") from error

    def _reader(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def close(self) -> None:
        """Close every connection; a reader at work closes its own when it is done."""
        self._closed = True
        self._close_readers()
        with self._writing:
            self._writer.close()

    def _close_readers(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()


def insert(cursor: sqlite3.Cursor, into: str, rows: Sequence[tuple[Any, ...]]) -> int:
    """Insert rows of one width by few statements (`into` is all that stands before VALUES); answers the last row's id, 0 without rows.

    SQLite keeps a statement of 100 rows in 60 KB. So their numbers of rows are few: whole steps, and what is left."""
    start = 0
    while left := len(rows) - start:
        count = LARGEST_INSERT if left >= LARGEST_INSERT else left - left % STEP or left
        chunk = rows[start : start + count]
        cursor.execute(_insert(into, len(chunk[0]), count), list(chain.from_iterable(chunk)))
        start += count
    return cursor.lastrowid or 0 if rows else 0


@cache
def _insert(into: str, columns: int, rows: int) -> str:
    row = f"({','.join('?' * columns)})"
    return f"{into} VALUES {','.join([row] * rows)}"


def write_ahead(connection: sqlite3.Connection, patience: float = 10.0) -> None:
    """Set the journal mode. SQLite does not wait for other processes when it changes, so this does."""
    give_up = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            time.sleep(0.01)
