"""The event log's tables in SQLite."""

import sqlite3

from adapters.event_log.migrations import VERSIONS, missing_steps

# A position is SQLite's rowid: rows are never deleted, so that it counts from 1 without gaps, and VACUUM numbers them the same.
STEPS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE stored_events (
            originator_id TEXT, originator_version INTEGER, topic TEXT, state BLOB,
            PRIMARY KEY (originator_id, originator_version)
        )""",
        "CREATE TABLE tracking (application_name TEXT, notification_id INTEGER, PRIMARY KEY (application_name)) WITHOUT ROWID",
        "INSERT INTO tracking VALUES ('__migration__', 1)",
        """
        CREATE TABLE inbox (
            source TEXT, id TEXT, digest BLOB NOT NULL, status INTEGER NOT NULL, resource TEXT NOT NULL,
            time INTEGER NOT NULL, PRIMARY KEY (source, id)
        ) WITHOUT ROWID""",
        "CREATE INDEX inbox_time ON inbox (time)",
    ),
)


def migrate(cursor: sqlite3.Cursor, store: str) -> None:
    """Bring the file to the newest shape, within a transaction that holds its write lock; of several processes that start at once, one does it."""
    cursor.execute(VERSIONS)
    (version,) = cursor.execute("SELECT coalesce(max(version), 0) FROM event_log_schema").fetchone()
    for number, statements in missing_steps(STEPS, version, store):
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("INSERT INTO event_log_schema VALUES (?)", (number,))
