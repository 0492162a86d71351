"""Bare: the least that any engine on this store must do for an order, by which every other figure is divided.

One process validates each W1 order with pydantic, encodes its eleven events, appends them in three group commits (order, first answer, other
answers) and upserts three read-model rows. There are no rules, no plan, no inbox and no topics. N clients share every commit.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psycopg

from adapters.event_log import open_log
from adapters.event_log.codec import Codec
from adapters.event_log.port import EventLog, NewRow
from domain.events import EVENTS
from domain.product_order import ProductOrderAcknowledged, ProductOrderItemsChanged
from domain.recorded import Meta
from domain.service_order import ActivationAnswered, ActivationRequested, ServiceOrderAcknowledged
from domain.work_order import WorkOrderAcknowledged, WorkOrderAnswered
from schemas.catalog import load_catalog
from schemas.product_ordering import CREATE
from tests.benchmarks.loads import W1
from tests.decisions.world import InMemory, add

# What is kept of an order in each of its three commits: eleven of the events that the engine makes of it.
_COMMITS: tuple[tuple[type[Any], ...], ...] = (
    (ProductOrderAcknowledged, ServiceOrderAcknowledged, WorkOrderAcknowledged, ActivationRequested),
    (ActivationAnswered,),
    (ActivationAnswered, WorkOrderAnswered, ProductOrderItemsChanged),
)
Upsert = Callable[[list[tuple[str, bytes]]], None]


class Fact(NamedTuple):
    """An event of the pattern order; `kind` is its stream's prefix and `number` what stands behind the order in the stream's name."""

    kind: str
    number: str
    version: int
    event: Any


class Bare(NamedTuple):
    """What one run did."""

    orders: int
    seconds: float
    latencies: list[float]  # seconds from an order's first commit to its last, as the record times say


def run_bare(store: str, clients: int, seconds: float) -> Bare:
    """A closed loop of `clients` for about `seconds` on an empty store."""
    event_log = open_log(store)
    try:
        with _rows(store) as upsert:
            return _Loop(event_log, upsert).run(clients, seconds)
    finally:
        event_log.close()


class _Loop:
    def __init__(self, event_log: EventLog, upsert: Upsert) -> None:
        self._log = event_log
        self._codec = Codec(EVENTS)
        self._upsert = upsert
        self._pattern = _pattern()
        self._orders = 0

    def run(self, clients: int, seconds: float) -> Bare:
        latencies: list[float] = []
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            latencies += [self._round([f"{self._orders + each}" for each in range(clients)])] * clients
            self._orders += clients
        return Bare(self._orders, time.perf_counter() - began, latencies)

    def _round(self, orders: Sequence[str]) -> float:
        """One order of every client, from acceptance to completion."""
        documents = [CREATE.validate_json(W1.body(f"cust-{order}")) for order in orders]
        times = [self._commit(orders, documents, facts) for facts in self._pattern]
        self._upsert([row for order, document in zip(orders, documents, strict=True) for row in _rows_of(order, document)])
        return (times[-1] - times[0]).total_seconds()

    def _commit(self, orders: Sequence[str], documents: Sequence[Any], facts: Sequence[Fact]) -> datetime:
        now, rows = datetime.now(UTC), []
        for order, document in zip(orders, documents, strict=True):
            envelope = self._codec.encode_meta(Meta(now, f"cust-{order}", f"po-{order}", order, order))
            for kind, number, version, event in facts:
                said = replace(event, order=document) if type(event) is ProductOrderAcknowledged else event
                rows.append(NewRow(f"{kind}-{order}{number}", version, self._codec.topic(said), self._codec.encode(said, envelope)))
        self._log.append(rows)
        return now


def _pattern() -> list[list[Fact]]:
    """The events of one W1 order as the domain makes them, those that are kept, by commit, with stream versions that have no gaps."""
    world = InMemory(load_catalog("benchmark-w1"))
    ends = [0]
    world.order(*(add(str(number), offering) for number, offering in enumerate(W1.offerings, 1)))
    ends.append(len(world.log))
    for _ in range(2):
        for order, id in world.outstanding():
            world.answer(id, order=order)
        ends.append(len(world.log))
    versions: dict[str, int] = {}
    commits = []
    for number, kept in enumerate(_COMMITS):
        commits.append([_fact(each, versions) for each in world.log[ends[number] : ends[number + 1]] if type(each.event) in kept])
    assert sum(map(len, commits)) == 11, commits
    return commits


def _fact(recorded: Any, versions: dict[str, int]) -> Fact:
    kind, _, rest = recorded.stream.partition("-")
    _, dash, number = rest.partition("-")
    versions[recorded.stream] = versions.get(recorded.stream, 0) + 1
    return Fact(kind, dash + number, versions[recorded.stream], recorded.event)


def _rows_of(order: str, document: Any) -> Iterator[tuple[str, bytes]]:
    yield f"po-{order}", msgspec.json.encode({**document, "id": f"po-{order}", "state": "completed"})
    yield (
        f"so-{order}",
        msgspec.json.encode({"id": f"so-{order}", "state": "completed", "serviceOrderItem": [{"id": "1", "state": "completed"}]}),
    )
    yield f"pr-{order}", msgspec.json.encode({"id": f"pr-{order}", "status": "active", "productOffering": {"id": W1.offerings[0]}})


@contextmanager
def _rows(store: str) -> Iterator[Upsert]:
    """Writes read-model rows in one transaction: in a sibling file, or in the same database."""
    opened = (
        _postgres_rows(store) if store.startswith("postgresql://") else _sqlite_rows(Path(f"{store.removeprefix('sqlite:///')}.rows.db"))
    )
    with opened as upsert:
        yield upsert


@contextmanager
def _sqlite_rows(path: Path) -> Iterator[Upsert]:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE rows (id TEXT PRIMARY KEY, document BLOB) WITHOUT ROWID")

    def upsert(rows: list[tuple[str, bytes]]) -> None:
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO rows VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET document = excluded.document", rows)
        connection.execute("COMMIT")

    yield upsert
    connection.close()


@contextmanager
def _postgres_rows(store: str) -> Iterator[Upsert]:
    with psycopg.connect(store, autocommit=True) as connection:
        connection.execute("CREATE TABLE bare_rows (id TEXT PRIMARY KEY, document JSONB)")
        connection.execute("SET synchronous_commit = off")

        def upsert(rows: list[tuple[str, bytes]]) -> None:
            ids, documents = [id for id, _ in rows], [document.decode() for _, document in rows]
            connection.execute(
                "INSERT INTO bare_rows SELECT * FROM unnest(%s::text[], %s::jsonb[]) ON CONFLICT (id) DO UPDATE SET document = excluded.document",
                (ids, documents),
            )

        yield upsert
