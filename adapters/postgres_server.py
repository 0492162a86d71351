"""One PostgreSQL database shared by threads: as many connections as there are concurrent callers, and patience when the server is gone."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row

T = TypeVar("T")

PATIENCE = (0.0, 0.2, 1.0)  # seconds before each further attempt when the server is out of reach
LOST = (psycopg.OperationalError, psycopg.InterfaceError)


class PostgresServer:
    """Whoever finds the server gone tries again, for a while; then it is raised as `unavailable`, in one sentence."""

    def __init__(self, url: str, unavailable: type[Exception]) -> None:
        self._url = url
        self._unavailable = unavailable
        self._idle: list[psycopg.Connection[DictRow]] = []
        self._closed = False
        try:
            told = conninfo_to_dict(url)
        except psycopg.ProgrammingError as error:
            raise ValueError(f"The store's address {url!r} cannot be read: {str(error).strip()}.") from error
        self.database = str(told.get("dbname", ""))
        self.place = f"{told.get('host', 'localhost')}:{told.get('port', 5432)}"

    def connect(self) -> psycopg.Connection[DictRow]:
        """A new connection."""
        return psycopg.connect(self._url, autocommit=True, row_factory=dict_row, application_name="crossconnect", connect_timeout=5)

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[DictRow]]:
        """A connection for one transaction."""
        if self._closed:
            raise self._unavailable(f"The connection to PostgreSQL at {self.place} has been closed.")
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self.connect()
        try:
            yield connection
        except LOST:
            connection.close()
            self._close_idle()  # what ended this one has ended those
            raise
        finally:
            if not connection.closed:
                self._idle.append(connection)
            if self._closed:
                self._close_idle()

    def run(self, work: Callable[[psycopg.Connection[DictRow]], T]) -> T:
        """What `work` answers; it is called again when the connection was lost."""
        for pause in (*PATIENCE, None):
            try:
                with self.connection() as connection:
                    return work(connection)
            except LOST as error:
                if pause is None or self._closed:
                    raise self._unavailable(f"PostgreSQL at {self.place} is out of reach: {first_line(error)}.") from error
                time.sleep(pause)
        raise AssertionError("the last attempt answers or raises")

    def change_shape(self, work: Callable[[psycopg.Connection[DictRow]], T]) -> T:
        """What `work` answers, once; for what is done to tables at start."""
        try:
            with self.connection() as connection:
                return work(connection)
        except psycopg.Error as error:
            raise self._unavailable(f"PostgreSQL at {self.place} cannot be used: {first_line(error)}.") from error

    def close(self) -> None:
        """Close every connection; a caller at work closes its own when it is done."""
        self._closed = True
        self._close_idle()

    def _close_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()


def first_line(error: Exception) -> str:
    """What went wrong, without the server's notes on it."""
    return str(error).strip().partition("\n")[0].rstrip(".")
