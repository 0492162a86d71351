"""The read models in one SQLite file beside the event log's. It can be deleted: everything in it is folded from the log again."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from adapters.read_models.pattern import Pattern, matching
from adapters.read_models.port import Changes, Filter, Page, PositionMoved, ReadModelsUnavailable, Sort
from adapters.read_models.query import Leaves, Query, Sql
from adapters.read_models.rows import Path, Rows, check_declaration, check_shape, path_of, rows_of
from adapters.sqlite_file import SqliteFile, insert
from projections.view import Document, View

# One JSON text per answer: Python's sqlite3 gives up the interpreter for every row it fetches (see the event log).
_LOAD = """
    SELECT '{{' || coalesce(group_concat(json_quote(row_id) || ':' || document), '') || '}}'
    FROM {} WHERE row_id IN (SELECT value FROM json_each(?))"""
_SELECT = """
    SELECT '[' || coalesce(group_concat(document), '') || ']'
    FROM (SELECT document FROM {} WHERE {} ORDER BY {} LIMIT ? OFFSET ?)"""
_SET_POSITIONS = """
    UPDATE positions SET position = (SELECT json_extract(value, '$[2]') FROM json_each(?) WHERE json_extract(value, '$[0]') = name)
    WHERE EXISTS (SELECT 1 FROM json_each(?) WHERE json_extract(value, '$[0]') = name AND json_extract(value, '$[1]') = position)"""
_read_rows = msgspec.json.Decoder(dict[str, Document]).decode
_read_page = msgspec.json.Decoder(list[Document]).decode


class Json:
    """JSON documents in SQLite. Paths are walked by member and element, because a list may stand anywhere in them."""

    mark = "?"

    def leaves(self, path: Path) -> Leaves:
        """See `Dialect`."""
        steps, before = [], "document"
        for index in range(len(path)):
            here = f"step{index}"
            steps.append(f"json_each({before}) AS {here}")
            element = "leaf" if index == len(path) - 1 else f"element{index}"
            steps.append(f"json_each({_as_list(here)}) AS {element}")
            before = f"CASE {element}.type WHEN 'object' THEN {element}.value ELSE '{{}}' END"
        keys = " AND ".join(f"step{index}.key = ?" for index in range(len(path)))
        return Leaves(
            Sql(f"{', '.join(steps)} WHERE {keys}", path),
            number="CASE WHEN leaf.type IN ('integer', 'real') THEN leaf.value END",
            time=f"CASE WHEN leaf.type = 'text' THEN {_as_time('leaf.value')} END",
            text="CASE WHEN leaf.type = 'text' THEN leaf.value END",
            boolean="CASE WHEN leaf.type IN ('true', 'false') THEN leaf.type END",
        )

    def among(self, ids: Sequence[str]) -> Sql:
        """See `Dialect`."""
        return Sql("row_id IN (SELECT value FROM json_each(?))", (json.dumps(ids),))


def _as_list(step: str) -> str:
    return (
        f"CASE {step}.type WHEN 'array' THEN {step}.value WHEN 'object' THEN '[' || {step}.value || ']'"
        f" WHEN 'true' THEN '[true]' WHEN 'false' THEN '[false]' ELSE '[' || json_quote({step}.value) || ']' END"
    )


def _as_time(value: str) -> str:
    """A time text as `rows.sortable` writes it; SQLite's own functions, for times with an offset, know milliseconds only."""
    return (
        f"CASE WHEN {value} GLOB '????-??-??T??:??:??*Z'"
        f" THEN substr({value}, 1, 19) || '.' || substr(rtrim(substr({value}, 21), 'Z') || '000000', 1, 6) || 'Z'"
        f" WHEN {value} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*' THEN strftime('%Y-%m-%dT%H:%M:%f000Z', {value}) END"
    )


class SqliteReadModels:
    """A read-model store (see the port) in one file. Other processes may read and write the same file."""

    def __init__(self, path: str) -> None:
        self._file = SqliteFile(path, "NORMAL", ReadModelsUnavailable)
        self._json = Json()
        try:
            with self._file.write() as cursor:
                cursor.execute("CREATE TABLE IF NOT EXISTS positions (name TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID")
        except BaseException:
            self._file.close()
            raise

    def prepare(self, views: Sequence[View], to_search: bool = True) -> None:
        """See the port."""
        for view in views:
            check_declaration(view)
        with self._file.write() as cursor:
            for view in views:
                _create(cursor, view)
                if to_search:
                    _index(cursor, view)

    def positions(self) -> dict[str, int]:
        """See the port."""
        with self._file.read() as cursor:
            return dict(cursor.execute("SELECT name, position FROM positions").fetchall())

    def write(self, changes: Sequence[Changes]) -> None:
        """See the port."""
        made = [(change.view, rows_of(change.view, change.rows)) for change in changes]
        with self._file.write() as cursor:
            _set_positions(cursor, changes)
            for view, rows in made:
                _write_rows(cursor, view, rows)

    def load(self, view: View, ids: Sequence[str]) -> dict[str, Document]:
        """See the port."""
        with self._file.read() as cursor:
            (found,) = cursor.execute(_LOAD.format(view.table), (json.dumps(ids),)).fetchone()
        return _read_rows(found)

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
            _SELECT.format(view.table, query.where.text, query.order.text),
            (*query.where.parameters, *query.order.parameters, -1 if limit is None else limit, offset),
        )
        counted = Sql(f"SELECT count(*) FROM {view.table} WHERE {query.where.text}", query.where.parameters) if count else Sql("SELECT 0")
        with self._file.read() as cursor:
            total, documents = cursor.execute(f"SELECT ({counted.text}), ({rows.text})", (*counted.parameters, *rows.parameters)).fetchone()
        return Page(total, _read_page(documents))

    def _search(self, view: View, one: Filter) -> list[str]:
        patterns = [Pattern(value) for value in one.values]
        leaves = self._json.leaves(path_of(one.path))
        query = f"SELECT json_group_array(json_array(row_id, leaf.value)) FROM {view.table}, {leaves.source.text} AND leaf.type = 'text'"
        with self._file.read() as cursor:
            (found,) = cursor.execute(query, leaves.source.parameters).fetchone()
        texts = msgspec.json.decode(found, type=list[tuple[str, str]])
        return matching(patterns, texts)

    def empty(self, view: View) -> None:
        """See the port."""
        with self._file.write() as cursor:
            _delete_all(cursor, view)
            cursor.execute("UPDATE positions SET position = 0 WHERE name = ?", (view.table,))

    def replace(self, view: View, built: View) -> None:
        """See the port. Indexes are made last, from rows that are all there: that takes half the time."""
        with self._file.write() as cursor:
            for part in ("", "_more"):
                cursor.execute(f"DROP TABLE {view.table}{part}")
                cursor.execute(f"ALTER TABLE {built.table}{part} RENAME TO {view.table}{part}")
            cursor.execute(f"DROP INDEX {built.table}_more_row")
            _index(cursor, view)
            cursor.execute(
                "UPDATE positions SET position = (SELECT position FROM positions WHERE name = ?) WHERE name = ?", (built.table, view.table)
            )
            _drop(cursor, built)

    def differing(self, view: View, built: View, position: int) -> list[str]:
        """See the port."""
        one, other = view.table, built.table
        query = f"""
            SELECT (SELECT count(*) FROM positions WHERE name IN (?, ?) AND position = ?), json_group_array(row_id) FROM (
                SELECT {one}.row_id FROM {one} LEFT JOIN {other} USING (row_id) WHERE {one}.document IS NOT {other}.document
                UNION ALL
                SELECT row_id FROM {other} WHERE row_id NOT IN (SELECT row_id FROM {one}) ORDER BY 1)"""
        with self._file.read() as cursor:
            agreeing, found = cursor.execute(query, (one, other, position)).fetchone()
        if agreeing != 2:
            raise PositionMoved(f"View {view.name} is not at position {position}.")
        return msgspec.json.decode(found, type=list[str])

    def drop(self, view: View) -> None:
        """See the port."""
        with self._file.write() as cursor:
            _drop(cursor, view)

    def close(self) -> None:
        """See the port."""
        self._file.close()


def _create(cursor: sqlite3.Cursor, view: View) -> None:
    columns = "".join(f', "{column.name}" {"REAL" if column.kind == "number" else "TEXT"}' for column in view.columns)
    cursor.execute(f"CREATE TABLE IF NOT EXISTS {view.table} (row_id TEXT PRIMARY KEY, document TEXT NOT NULL{columns})")
    cursor.execute(f"CREATE TABLE IF NOT EXISTS {view.table}_more (row_id TEXT NOT NULL, name TEXT NOT NULL, text TEXT, number REAL)")
    present = [name for _, name, *_ in cursor.execute(f"PRAGMA table_info({view.table})").fetchall()]
    check_shape(view, present)
    cursor.execute(f"CREATE INDEX IF NOT EXISTS {view.table}_more_row ON {view.table}_more (row_id)")
    cursor.execute("INSERT OR IGNORE INTO positions VALUES (?, 0)", (view.table,))


def _index(cursor: sqlite3.Cursor, view: View) -> None:
    for column in view.columns:
        cursor.execute(f'CREATE INDEX IF NOT EXISTS {view.table}_by_{column.name} ON {view.table} ("{column.name}" DESC, row_id)')
    cursor.execute(f"CREATE INDEX IF NOT EXISTS {view.table}_more_row ON {view.table}_more (row_id)")
    cursor.execute(f"CREATE INDEX IF NOT EXISTS {view.table}_more_text ON {view.table}_more (name, text)")


def _drop(cursor: sqlite3.Cursor, view: View) -> None:
    cursor.execute(f"DROP TABLE IF EXISTS {view.table}")
    cursor.execute(f"DROP TABLE IF EXISTS {view.table}_more")
    cursor.execute("DELETE FROM positions WHERE name = ?", (view.table,))


def _delete_all(cursor: sqlite3.Cursor, view: View) -> None:
    cursor.execute(f"DELETE FROM {view.table}")
    cursor.execute(f"DELETE FROM {view.table}_more")


def _set_positions(cursor: sqlite3.Cursor, changes: Sequence[Changes]) -> None:
    wanted = json.dumps([(change.view.table, change.expected, change.position) for change in changes])
    cursor.execute(_SET_POSITIONS, (wanted, wanted))
    if cursor.rowcount != len(changes):
        raise PositionMoved(f"Another process has moved one of {', '.join(change.view.table for change in changes)}.")


def _write_rows(cursor: sqlite3.Cursor, view: View, rows: Rows) -> None:
    table, touched = view.table, json.dumps(rows.touched)
    if rows.ended:
        cursor.execute(f"DELETE FROM {table} WHERE row_id IN (SELECT value FROM json_each(?))", (json.dumps(rows.ended),))
    insert(cursor, f"INSERT OR REPLACE INTO {table}", rows.cells)
    if view.columns:
        cursor.execute(f"DELETE FROM {table}_more WHERE row_id IN (SELECT value FROM json_each(?))", (touched,))
        insert(cursor, f"INSERT INTO {table}_more", [_more(*extra) for extra in rows.extras])


def _more(row_id: str, name: str, value: Any) -> tuple[Any, ...]:
    return (row_id, name, value, None) if isinstance(value, str) else (row_id, name, None, value)
