"""The read models in the PostgreSQL database of the event log."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from psycopg import Connection, Cursor
from psycopg.rows import DictRow, TupleRow, tuple_row

from adapters.postgres_server import PostgresServer
from adapters.read_models.pattern import Pattern, matching
from adapters.read_models.port import Changes, Filter, Page, PositionMoved, ReadModelsUnavailable, Sort
from adapters.read_models.query import Leaves, Query, Sql
from adapters.read_models.rows import Cell, Path, Rows, check_declaration, check_shape, path_of, rows_of
from projections.view import Column, Document, View

T = TypeVar("T")

# NUL is a character in JSON but in no text of PostgreSQL; an escaped backslash before the u makes it another thing.
NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")

# A text that is no time is no error: a document holds what a client wrote.
_INSTANT = """
    CREATE OR REPLACE FUNCTION read_model_instant(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT SET timezone = 'UTC' AS $$
    BEGIN
        IF value !~ '^\\d{4}-\\d\\d-\\d\\d' THEN
            RETURN NULL;
        END IF;
        RETURN to_char(value::timestamptz, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
    EXCEPTION WHEN data_exception THEN
        RETURN NULL;
    END $$"""
_POSITIONS = "CREATE TABLE IF NOT EXISTS read_model_positions (name text PRIMARY KEY, position bigint NOT NULL) WITH (fillfactor = 50)"
_SET_POSITIONS = """
    UPDATE read_model_positions AS stored SET position = wanted.new
    FROM unnest(%b::text[], %b::bigint[], %b::bigint[]) AS wanted (name, expected, new)
    WHERE stored.name = wanted.name AND stored.position = wanted.expected"""
_COLUMNS = "SELECT attname::text FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"


class Jsonb:
    """JSON documents in PostgreSQL. Its paths go through lists by themselves."""

    mark = "%b"

    def leaves(self, path: Path) -> Leaves:
        """See `Dialect`."""
        names = "".join(f".{json.dumps(name, ensure_ascii=False)}" for name in path)
        text, kind = "(leaf #>> '{}')", "jsonb_typeof(leaf)"
        return Leaves(
            Sql("jsonb_path_query(document::jsonb, %b::text::jsonpath) AS leaf WHERE true", (f"${names}[*]",)),
            number=f"CASE WHEN {kind} = 'number' THEN leaf::numeric END",
            time=f"CASE WHEN {kind} = 'string' THEN read_model_instant{text} END COLLATE \"C\"",
            text=f"CASE WHEN {kind} = 'string' THEN {text} END COLLATE \"C\"",
            boolean=f"CASE WHEN {kind} = 'boolean' THEN {text} END COLLATE \"C\"",
        )

    def among(self, ids: Sequence[str]) -> Sql:
        """See `Dialect`."""
        return Sql("row_id = ANY(%b::text[])", (list(ids),))


class PostgresReadModels:
    """A read-model store (see the port) in one database. Any number of processes may read and write it."""

    def __init__(self, url: str) -> None:
        self._server = PostgresServer(url, ReadModelsUnavailable)
        self._json = Jsonb()
        try:
            self.prepare(())
        except BaseException:
            self._server.close()
            raise

    def prepare(self, views: Sequence[View], to_search: bool = True) -> None:
        """See the port."""
        for view in views:
            check_declaration(view)

        def create(connection: Connection[DictRow]) -> None:
            with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext('crossconnect read models'))")
                cursor.execute(_POSITIONS)
                cursor.execute(_INSTANT)
                for view in views:
                    _create(cursor, view, to_search)

        self._server.change_shape(create)

    def positions(self) -> dict[str, int]:
        """See the port."""
        return dict(self._fetch(Sql("SELECT name, position FROM read_model_positions")))

    def write(self, changes: Sequence[Changes]) -> None:
        """See the port."""
        made = [(change.view, rows_of(change.view, change.rows)) for change in changes]

        def work(cursor: Cursor[TupleRow]) -> None:
            _set_positions(cursor, changes)
            for view, rows in made:
                _write_rows(cursor, view, rows)

        # A lost answer is not a lost write; the second attempt then finds the positions moved, and its caller reads them again.
        self._transaction(work)

    def load(self, view: View, ids: Sequence[str]) -> dict[str, Document]:
        """See the port."""
        rows = self._fetch(Sql(f"SELECT row_id, document::text FROM {view.table} WHERE row_id = ANY(%b::text[])", (list(ids),)))
        return {row_id: msgspec.json.decode(document) for row_id, document in rows}

    def select(
        self,
        view: View,
        filters: Sequence[Filter] = (),
        sort: Sequence[Sort] = (),
        offset: int = 0,
        limit: int | None = None,
        count: bool = True,
    ) -> Page:
        """See the port."""
        query = Query(self._json, view, filters, sort, lambda one: self._search(view, one))
        rows = Sql(
            f"SELECT document::text FROM {view.table} WHERE {query.where.text} ORDER BY {query.order.text} LIMIT %b::bigint OFFSET %b",
            (*query.where.parameters, *query.order.parameters, limit, offset),
        )
        counted = Sql(f"SELECT count(*) FROM {view.table} WHERE {query.where.text}", query.where.parameters) if count else Sql("SELECT 0")

        def work(cursor: Cursor[TupleRow]) -> Page:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            ((total,),) = _execute(cursor, counted).fetchall()
            return Page(total, [msgspec.json.decode(document) for (document,) in _execute(cursor, rows).fetchall()])

        return self._transaction(work)

    def _search(self, view: View, one: Filter) -> list[str]:
        patterns = [Pattern(value) for value in one.values]
        leaves = self._json.leaves(path_of(one.path))
        source, parameters = leaves.source
        return matching(
            patterns,
            self._fetch(Sql(f"SELECT row_id, leaf #>> '{{}}' FROM {view.table}, {source} AND jsonb_typeof(leaf) = 'string'", parameters)),
        )

    def empty(self, view: View) -> None:
        """See the port."""

        def work(cursor: Cursor[TupleRow]) -> None:
            # Row by row, not TRUNCATE: those who read meanwhile go on seeing the rows.
            _delete_all(cursor, view)
            _execute(cursor, Sql("UPDATE read_model_positions SET position = 0 WHERE name = %b", (view.table,)))

        self._transaction(work)

    def replace(self, view: View, built: View) -> None:
        """See the port."""

        def work(cursor: Cursor[TupleRow]) -> None:
            # The position first: it makes writers of the view wait.
            _execute(
                cursor,
                Sql(
                    "UPDATE read_model_positions SET position = (SELECT position FROM read_model_positions WHERE name = %b) WHERE name = %b",
                    (built.table, view.table),
                ),
            )
            _delete_all(cursor, view)
            _execute(cursor, Sql(f"INSERT INTO {view.table} SELECT * FROM {built.table}"))
            _execute(cursor, Sql(f"INSERT INTO {view.table}_more SELECT * FROM {built.table}_more"))
            _drop(cursor, built)

        self._transaction(work)

    def differing(self, view: View, built: View, position: int) -> list[str]:
        """See the port."""
        one, other = view.table, built.table
        found = Sql(
            f"""
            SELECT row_id FROM {one} FULL JOIN {other} USING (row_id)
            WHERE {one}.document::text IS DISTINCT FROM {other}.document::text ORDER BY row_id"""
        )
        agreeing = Sql(
            "SELECT count(*) FROM read_model_positions WHERE name = ANY(%b::text[]) AND position = %b::bigint", ([one, other], position)
        )

        def work(cursor: Cursor[TupleRow]) -> list[str]:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            if _execute(cursor, agreeing).fetchall() != [(2,)]:
                raise PositionMoved(f"View {view.name} is not at position {position}.")
            return [row_id for (row_id,) in _execute(cursor, found).fetchall()]

        return self._transaction(work)

    def drop(self, view: View) -> None:
        """See the port."""
        self._transaction(lambda cursor: _drop(cursor, view))

    def close(self) -> None:
        """See the port."""
        self._server.close()

    def _transaction(self, work: Callable[[Cursor[TupleRow]], T]) -> T:
        def run(connection: Connection[DictRow]) -> T:
            with connection.transaction(), connection.cursor(binary=True, row_factory=tuple_row) as cursor:
                return work(cursor)

        return self._server.run(run)

    def _fetch(self, query: Sql) -> list[Any]:
        return self._transaction(lambda cursor: _execute(cursor, query).fetchall())


def _execute(cursor: Cursor[TupleRow], query: Sql) -> Cursor[TupleRow]:
    return cursor.execute(query.text.encode(), query.parameters)


def _create(cursor: Cursor[TupleRow], view: View, to_search: bool) -> None:
    """Where the table exists nothing is said to it: even CREATE INDEX IF NOT EXISTS locks it, and may so wait in a circle with whoever writes."""
    (exists,) = cursor.execute("SELECT to_regclass(%s) IS NOT NULL", (view.table,)).fetchone() or (False,)
    if exists:
        check_shape(view, [name for (name,) in cursor.execute(_COLUMNS, (view.table,)).fetchall()])
        return
    for statement in (*_tables(view), *(_indexes(view) if to_search else ())):
        cursor.execute(statement.encode())
    cursor.execute("INSERT INTO read_model_positions VALUES (%s, 0)", (view.table,))


def _tables(view: View) -> list[str]:
    table = view.table
    columns = "".join(f', "{column.name}" {_type(column)}' for column in view.columns)
    return [
        # `json`, not `jsonb`: it keeps the document as it was written, names in their order.
        f'CREATE TABLE {table} (row_id text COLLATE "C" PRIMARY KEY, document json NOT NULL{columns})',
        f'CREATE TABLE {table}_more (row_id text COLLATE "C" NOT NULL, name text NOT NULL, text text COLLATE "C", number float8)',
        f"CREATE INDEX {table}_more_row ON {table}_more (row_id)",
    ]


def _indexes(view: View) -> list[str]:
    table = view.table
    return [
        f"CREATE INDEX {table}_more_text ON {table}_more (name, text)",
        *(f'CREATE INDEX {table}_by_{column.name} ON {table} ("{column.name}" DESC NULLS LAST, row_id)' for column in view.columns),
    ]


def _type(column: Column) -> str:
    return "float8" if column.kind == "number" else 'text COLLATE "C"'


def _drop(cursor: Cursor[TupleRow], view: View) -> None:
    _execute(cursor, Sql(f"DROP TABLE IF EXISTS {view.table}, {view.table}_more"))
    _execute(cursor, Sql("DELETE FROM read_model_positions WHERE name = %b", (view.table,)))


def _delete_all(cursor: Cursor[TupleRow], view: View) -> None:
    _execute(cursor, Sql(f"DELETE FROM {view.table}"))
    _execute(cursor, Sql(f"DELETE FROM {view.table}_more"))


def _set_positions(cursor: Cursor[TupleRow], changes: Sequence[Changes]) -> None:
    # In one order, so that two processes that write the same views do not wait for each other.
    ordered = sorted(changes, key=lambda change: change.view.table)
    names = [change.view.table for change in ordered]
    cursor.execute(_SET_POSITIONS, (names, [change.expected for change in ordered], [change.position for change in ordered]))
    if cursor.rowcount != len(changes):
        raise PositionMoved(f"Another process has moved one of {', '.join(names)}.")


def _write_rows(cursor: Cursor[TupleRow], view: View, rows: Rows) -> None:
    table = view.table
    if rows.ended:
        _execute(cursor, Sql(f"DELETE FROM {table} WHERE row_id = ANY(%b::text[])", (rows.ended,)))
    if rows.cells:
        ids, documents, *columns = (list(column) for column in zip(*rows.cells, strict=True))
        _execute(cursor, Sql(_upsert(view), (ids, [_storable(str(document)) for document in documents], *columns)))
    if view.columns and rows.touched:
        _execute(cursor, Sql(f"DELETE FROM {table}_more WHERE row_id = ANY(%b::text[])", (rows.touched,)))
    if rows.extras:
        _insert_extras(cursor, table, rows)


def _upsert(view: View) -> str:
    values = ", ".join(["%b::text[]", "%b::text[]", *(f"%b::{'float8' if c.kind == 'number' else 'text'}[]" for c in view.columns)])
    names = [f'"{column.name}"' for column in view.columns]
    given = ", ".join(f"column{place}" for place in range(len(names)))
    replaced = ", ".join(f"{name} = excluded.{name}" for name in ("document", *names))
    return (
        f"INSERT INTO {view.table} SELECT row_id, document::json{', ' + given if given else ''}"
        f" FROM unnest({values}) AS given (row_id, document{', ' + given if given else ''})"
        f" ON CONFLICT (row_id) DO UPDATE SET {replaced}"
    )


def _insert_extras(cursor: Cursor[TupleRow], table: str, rows: Rows) -> None:
    ids, names, values = (list(column) for column in zip(*rows.extras, strict=True))
    texts: list[Cell] = [value if isinstance(value, str) else None for value in values]
    numbers: list[Cell] = [None if isinstance(value, str) else value for value in values]
    given = Sql(
        f"INSERT INTO {table}_more SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::float8[])", (ids, names, texts, numbers)
    )
    _execute(cursor, given)


def _storable(document: str) -> str:
    return NUL.sub(r"\1\\ufffd", document) if "\\u0000" in document else document
