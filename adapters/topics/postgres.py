"""Embedded topics as tables of the PostgreSQL database that holds the log: for a production store without a Kafka yet."""

from collections.abc import Mapping, Sequence
from threading import Event
from typing import Any, LiteralString

import psycopg
from psycopg.rows import DictRow, tuple_row

from adapters.postgres_server import PostgresServer
from adapters.topics.port import Message, Outgoing, TopicsUnavailable
from adapters.topics.store import BATCH_BYTES, BATCH_MESSAGES, Ear, decode_headers, encode_headers

_SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS topic_messages (
        topic text COLLATE "C", "offset" bigint, bytes bigint NOT NULL, timestamp bigint NOT NULL,
        key text NOT NULL, headers bytea NOT NULL, value bytea NOT NULL, PRIMARY KEY (topic, "offset")
    )""",
    'CREATE TABLE IF NOT EXISTS topics (name text COLLATE "C" PRIMARY KEY, next bigint NOT NULL, bytes bigint NOT NULL) WITH (fillfactor = 50)',
    "CREATE TABLE IF NOT EXISTS topic_positions (consumers text, topic text, next bigint NOT NULL, PRIMARY KEY (consumers, topic))",
)
# The topics' rows are locked in the order of their names, so that publishers wait for each other and offsets appear in order.
_LOCK = "SELECT name, next, bytes FROM topics WHERE name = ANY(%s) ORDER BY name FOR UPDATE"
_BATCH = f"""
    SELECT m.topic, m."offset", m.key, m.headers, m.value, m.timestamp
    FROM unnest(%s::text[], %s::bigint[]) AS wanted (topic, "from")
    CROSS JOIN LATERAL (
        SELECT bytes FROM topic_messages f WHERE f.topic = wanted.topic AND f."offset" >= wanted."from" ORDER BY f."offset" LIMIT 1) AS first
    CROSS JOIN LATERAL (
        SELECT * FROM topic_messages n
        WHERE n.topic = wanted.topic AND n."offset" >= wanted."from" AND n.bytes <= first.bytes + {BATCH_BYTES}
        ORDER BY n."offset" LIMIT {BATCH_MESSAGES}) AS m
    ORDER BY m.topic, m."offset" """
_WAITING = 'SELECT min(timestamp) FROM (SELECT timestamp FROM topic_messages WHERE topic = %s AND "offset" >= %s ORDER BY "offset" LIMIT 1000) AS m'


class PostgresTopics:
    """A topic store (see the port). Its readers look every 20 ms; nothing rings them."""

    def __init__(self, url: str) -> None:
        self._server = PostgresServer(url, TopicsUnavailable)
        try:
            self._server.change_shape(_create)
        except BaseException:
            self._server.close()
            raise

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """See the port. When the server is lost in the middle, it is unknown whether they were stored, and nothing is tried twice."""
        try:
            with self._server.connection() as connection:
                _publish(connection, messages)
        except psycopg.Error as error:
            raise TopicsUnavailable(f"PostgreSQL at {self._server.place} did not take the messages: {error}.") from error

    def read(self, wanted: Sequence[tuple[str, int]]) -> list[Message]:
        """See the port."""
        rows = self._fetch(_BATCH, [topic for topic, _ in wanted], [offset for _, offset in wanted])
        return [Message(topic, 0, offset, key, decode_headers(headers), value, at) for topic, offset, key, headers, value, at in rows]

    def ends(self) -> dict[str, int]:
        """See the port."""
        return dict(self._fetch("SELECT name, next FROM topics"))

    def waiting_since(self, topic: str, offset: int) -> int | None:
        """See the port."""
        ((timestamp,),) = self._fetch(_WAITING, topic, offset)
        return timestamp if timestamp is None else int(timestamp)

    def committed(self, group: str) -> dict[str, int]:
        """See the port."""
        return dict(self._fetch("SELECT topic, next FROM topic_positions WHERE consumers = %s", group))

    def commit(self, group: str, positions: Mapping[str, int]) -> None:
        """See the port."""
        self._run(
            "INSERT INTO topic_positions SELECT %s, * FROM unnest(%s::text[], %s::bigint[])"
            " ON CONFLICT (consumers, topic) DO UPDATE SET next = excluded.next",
            group,
            list(positions),
            list(positions.values()),
        )

    def forget(self, topic: str, below: int, before: int) -> int:
        """See the port."""
        return self._run('DELETE FROM topic_messages WHERE topic = %s AND "offset" < %s AND timestamp < %s', topic, below, before)

    def _fetch(self, query: LiteralString, *parameters: object) -> list[Any]:
        def fetch(connection: psycopg.Connection[DictRow]) -> list[Any]:
            return connection.cursor(binary=True, row_factory=tuple_row).execute(query, parameters, prepare=True).fetchall()

        return self._server.run(fetch)

    def _run(self, statement: LiteralString, *parameters: object) -> int:
        return self._server.run(lambda connection: connection.execute(statement, parameters).rowcount)

    def ear(self) -> Ear:
        """See the port."""
        return _Clock()

    def close(self) -> None:
        """See the port."""
        self._server.close()


class _Clock:
    """An ear that only hears the time pass."""

    def __init__(self) -> None:
        self._roused = Event()

    def heard(self, timeout: float) -> None:
        self._roused.wait(timeout)
        self._roused.clear()

    def rouse(self) -> None:
        self._roused.set()

    def close(self) -> None:
        pass


def _create(connection: psycopg.Connection[DictRow]) -> None:
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('crossconnect topics'))")
        for statement in _SCHEMA:
            connection.execute(statement.encode())


def _publish(connection: psycopg.Connection[DictRow], messages: Sequence[Outgoing]) -> None:
    topics = sorted({message.topic for message in messages})
    with connection.transaction(), connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        ends = {name: [next, bytes] for name, next, bytes in cursor.execute(_LOCK, (topics,)).fetchall()}
        if len(ends) < len(topics):
            cursor.execute("INSERT INTO topics SELECT name, 0, 0 FROM unnest(%s::text[]) AS name ON CONFLICT DO NOTHING", (topics,))
            ends = {name: [next, bytes] for name, next, bytes in cursor.execute(_LOCK, (topics,)).fetchall()}
        rows = [_row(message, ends[message.topic]) for message in messages]
        cursor.execute(
            "INSERT INTO topic_messages SELECT * FROM unnest(%b::text[], %b::bigint[], %b::bigint[], %b::bigint[], %b::text[], %b::bytea[],"
            " %b::bytea[])",
            [list(column) for column in zip(*rows, strict=True)],
        )
        moved = [(name, *end) for name, end in ends.items()]
        cursor.execute(
            "UPDATE topics SET next = new.next, bytes = new.bytes FROM unnest(%b::text[], %b::bigint[], %b::bigint[]) AS new (name, next, bytes)"
            " WHERE topics.name = new.name",
            [list(column) for column in zip(*moved, strict=True)],
        )


def _row(message: Outgoing, end: list[int]) -> tuple[Any, ...]:
    headers = encode_headers(message.headers)
    offset = end[0]
    end[0] += 1
    end[1] += len(headers) + len(message.value)
    return message.topic, offset, end[1], message.timestamp, message.key, headers, message.value
