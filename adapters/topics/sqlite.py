"""Embedded topics in a SQLite file beside the store."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from adapters.event_log.doorbell import Doorbell
from adapters.sqlite_file import SqliteFile, insert
from adapters.topics.port import Message, Outgoing, TopicsUnavailable
from adapters.topics.store import BATCH_BYTES, BATCH_MESSAGES, Ear, decode_headers, encode_headers

SCHEMA_VERSION = 1

# `bytes` counts what a topic has ever held up to and including a message, so that a batch can be cut by size without reading the values.
_SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS messages (
        topic TEXT, partition INTEGER, offset INTEGER, bytes INTEGER, timestamp INTEGER, key TEXT, headers BLOB, value BLOB,
        PRIMARY KEY (topic, offset)
    )""",
    "CREATE TABLE IF NOT EXISTS topics (name TEXT PRIMARY KEY, next INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS positions (consumers TEXT, topic TEXT, next INTEGER NOT NULL, PRIMARY KEY (consumers, topic)) WITHOUT ROWID",
    f"PRAGMA user_version={SCHEMA_VERSION}",
)

# As in the event log, a page comes as one row: Python gives up the interpreter at every row it fetches, and gets it back late while the
# engine computes. Headers and values are cut from one blob by their lengths.
_BATCH = f"""
    SELECT * FROM (
        SELECT topic, offset, key, timestamp, headers, value FROM messages WHERE topic = ?1 AND offset >= ?2 AND bytes <= {BATCH_BYTES} + (
            SELECT bytes FROM messages WHERE topic = ?1 AND offset >= ?2 ORDER BY offset LIMIT 1)
        ORDER BY offset LIMIT {BATCH_MESSAGES})"""
_PAGE = """
    SELECT json_group_array(json_array(topic, offset, key, timestamp, length(headers), length(value))),
           CAST(group_concat(CAST(headers || value AS TEXT), '') AS BLOB)
    FROM ({})"""
_read_heads = msgspec.json.Decoder(list[tuple[str, int, str, int, int, int]]).decode
_WAITING = "SELECT min(timestamp) FROM (SELECT timestamp FROM messages WHERE topic = ? AND offset >= ? ORDER BY offset LIMIT 1000)"
_FORGET = """
    DELETE FROM messages WHERE topic = ?1 AND timestamp < ?3
    AND offset IN (SELECT offset FROM messages WHERE topic = ?1 AND offset < ?2 ORDER BY offset LIMIT 5000)"""


@cache
def _read(topics: int) -> str:
    batches = (_BATCH.replace("?1", f"?{2 * each + 1}").replace("?2", f"?{2 * each + 2}") for each in range(topics))
    return _PAGE.format(" UNION ALL ".join(batches))


class SqliteTopics:
    """A topic store (see the port) that any number of processes may have open."""

    def __init__(self, path: str) -> None:
        self._file = SqliteFile(path, "FULL", TopicsUnavailable)
        # A consumer's position is not worth a flush.
        self._positions = SqliteFile(path, "NORMAL", TopicsUnavailable)
        self._path = Path(path)
        self._doorbell = Doorbell(self._path)
        try:
            self._migrate(path)
        except BaseException:
            self.close()
            raise

    def _migrate(self, path: str) -> None:
        with self._file.write() as cursor:
            (version,) = cursor.execute("PRAGMA user_version").fetchone()
            if version > SCHEMA_VERSION:
                raise TopicsUnavailable(f"The topics file {path} was written by a newer Crossconnect: use that one.")
            for statement in _SCHEMA:
                cursor.execute(statement)

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """See the port."""
        with self._file.write() as cursor:
            (known,) = cursor.execute("SELECT json_group_object(name, json_array(next, bytes)) FROM topics").fetchone()
            ends: dict[str, list[int]] = json.loads(known)
            insert(cursor, "INSERT INTO messages", [_row(message, ends.setdefault(message.topic, [0, 0])) for message in messages])
            insert(cursor, "INSERT OR REPLACE INTO topics", [(topic, *ends[topic]) for topic in {message.topic for message in messages}])
        self._doorbell.ring()

    def read(self, wanted: Sequence[tuple[str, int]]) -> list[Message]:
        """See the port."""
        with self._file.read() as cursor:
            heads, bodies = cursor.execute(_read(len(wanted)), list(chain.from_iterable(wanted))).fetchone()
        messages = []
        start = 0
        for topic, offset, key, timestamp, headers, value in _read_heads(heads):
            middle = start + headers
            end = middle + value
            messages.append(Message(topic, 0, offset, key, decode_headers(bodies[start:middle]), bodies[middle:end], timestamp))
            start = end
        messages.sort()  # they are in order in practice; SQLite promises no order inside an aggregate
        return messages

    def ends(self) -> dict[str, int]:
        """See the port."""
        with self._file.read() as cursor:
            return dict(cursor.execute("SELECT name, next FROM topics").fetchall())

    def waiting_since(self, topic: str, offset: int) -> int | None:
        """See the port."""
        with self._file.read() as cursor:
            (timestamp,) = cursor.execute(_WAITING, (topic, offset)).fetchone()
        return int(timestamp) if timestamp is not None else None

    def committed(self, group: str) -> dict[str, int]:
        """See the port."""
        with self._file.read() as cursor:
            return dict(cursor.execute("SELECT topic, next FROM positions WHERE consumers = ?", (group,)).fetchall())

    def commit(self, group: str, positions: Mapping[str, int]) -> None:
        """See the port."""
        rows = [(group, topic, next) for topic, next in positions.items()]
        with self._positions.write() as cursor:
            insert(cursor, "INSERT OR REPLACE INTO positions", rows)

    def forget(self, topic: str, below: int, before: int) -> int:
        """See the port. In steps, so that publishers come in between."""
        total = 0
        while True:
            with self._file.write() as cursor:
                count = cursor.execute(_FORGET, (topic, below, before)).rowcount
            total += count
            if not count:
                return total

    def ear(self) -> Ear:
        """See the port."""
        ear = Doorbell(self._path)
        ear.listen()
        return ear

    def close(self) -> None:
        """See the port."""
        self._doorbell.close()
        self._positions.close()
        self._file.close()


def _row(message: Outgoing, end: list[int]) -> tuple[Any, ...]:
    """The row of one message; moves the topic's end past it."""
    headers = encode_headers(message.headers)
    offset = end[0]
    end[0] += 1
    end[1] += len(headers) + len(message.value)
    return message.topic, 0, offset, end[1], message.timestamp, message.key, headers, message.value
