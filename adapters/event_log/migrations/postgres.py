"""The event log's tables in PostgreSQL, and the function that is the only way in."""

from typing import Any

from psycopg import Connection
from psycopg.rows import tuple_row

from adapters.event_log.migrations import VERSIONS, missing_steps

# What the store answers when a position was moved by another reader.
POSITION_CONFLICT = "CC001"

# Table, type and channel names, and the storage options of stored_events, are the library's. The lock makes the order of positions the
# order of commits; it is not a table lock, because that one stalls on autovacuum.
STEPS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE stored_events (
            originator_id text COLLATE "C" NOT NULL, originator_version bigint NOT NULL, topic text, state bytea,
            notification_id bigserial, PRIMARY KEY (originator_id, originator_version)
        ) WITH (
            autovacuum_vacuum_threshold = 100000000, autovacuum_vacuum_scale_factor = 0.5,
            autovacuum_analyze_threshold = 1000, autovacuum_analyze_scale_factor = 0.01
        )""",
        "CREATE UNIQUE INDEX stored_events_notification_id_idx ON stored_events (notification_id)",
        "CREATE TYPE stored_event_text AS (originator_id text, originator_version bigint, topic text, state bytea)",
        "CREATE TABLE notification_tracking (application_name text PRIMARY KEY, notification_id bigint) WITH (fillfactor = 50)",
        "INSERT INTO notification_tracking VALUES ('__migration__', 1)",
        """
        CREATE TABLE inbox (
            source text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, digest bytea NOT NULL, status integer NOT NULL,
            resource text NOT NULL, time timestamptz NOT NULL, PRIMARY KEY (source, id)
        )""",
        "CREATE INDEX inbox_time ON inbox (time)",
        """
        CREATE FUNCTION append_to_log(
            names text[], expected bigint[], new bigint[],
            sources text[], ids text[], digests bytea[], statuses integer[], resources text[], times timestamptz[],
            streams text[], versions bigint[], topics text[], states bytea[]
        ) RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE
            moved bigint;
            begun bigint;
        BEGIN
            PERFORM pg_advisory_xact_lock('stored_events'::regclass::bigint);
            IF cardinality(names) > 0 THEN
                UPDATE notification_tracking AS stored SET notification_id = wanted.new
                FROM unnest(names, expected, new) AS wanted (name, expected, new)
                WHERE stored.application_name = wanted.name AND stored.notification_id = wanted.expected;
                GET DIAGNOSTICS moved = ROW_COUNT;
                INSERT INTO notification_tracking
                SELECT wanted.name, wanted.new FROM unnest(names, expected, new) AS wanted (name, expected, new)
                WHERE wanted.expected = -1 ON CONFLICT DO NOTHING;
                GET DIAGNOSTICS begun = ROW_COUNT;
                IF moved + begun <> cardinality(names) THEN
                    RAISE EXCEPTION 'a position was moved by another reader' USING ERRCODE = 'CC001';
                END IF;
            END IF;
            IF cardinality(ids) > 0 THEN
                INSERT INTO inbox SELECT * FROM unnest(sources, ids, digests, statuses, resources, times);
            END IF;
            IF cardinality(streams) = 0 THEN
                RETURN 0;
            END IF;
            INSERT INTO stored_events (originator_id, originator_version, topic, state)
            SELECT * FROM unnest(streams, versions, topics, states);
            PERFORM pg_notify('stored_events', currval('stored_events_notification_id_seq')::text);
            RETURN currval('stored_events_notification_id_seq');
        END $$""",
    ),
)


def migrate(connection: Connection[Any], store: str) -> str:
    """Bring the database to the newest shape, under an advisory lock; answers the schema (namespace) that the tables are in."""
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('crossconnect event log schema'))")
        cursor.execute(VERSIONS)
        cursor.execute("SELECT coalesce(max(version), 0), current_schema() FROM event_log_schema")
        ((version, schema),) = cursor.fetchall()
        for number, statements in missing_steps(STEPS, version, store):
            for statement in statements:
                cursor.execute(statement)
            cursor.execute("INSERT INTO event_log_schema VALUES (%s)", (number,))
    return str(schema)
