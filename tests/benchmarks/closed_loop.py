"""The closed loop: every client places its next order as soon as one of the orders under way has ended.

The driver learns of ends by following the log, which costs the engine nothing, and takes all times from the log: from when an order was accepted
to when its completion was recorded.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import count, islice
from typing import NamedTuple

import msgspec

from adapters.event_log.port import EventLog, Row
from tests.benchmarks.doors import Door, Refused
from tests.benchmarks.loads import Load
from tests.servers.crossconnect import Crossconnect
from tests.servers.target_systems import TargetSystems

ACCEPTED = "ProductOrderAcknowledged/1"
CHANGED = "ProductOrderItemsChanged/1"
REFUSED = "ProductOrderRejected/1"
PATIENCE = 30.0  # seconds without any order ending


class Stalled(Exception):
    """Orders under way do not end."""


class Window(NamedTuple):
    """What was measured in one window. `cpu_seconds` and `commits` are the server's, `publishes` those of driver and target systems; `latencies` in
    seconds, one an order."""

    orders: int
    seconds: float
    latencies: list[float]
    cpu_seconds: float
    commits: float
    publishes: int


class _Meta(msgspec.Struct):
    time: datetime


class _Change(msgspec.Struct):
    state: str = ""


class _Event(msgspec.Struct):
    meta: _Meta
    data: _Change


_read = msgspec.json.Decoder(_Event).decode


class Ends:
    """Follows the log of another process and says which orders have come to their end."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self.position = log.head()

    def next(self, timeout: float) -> list[str]:
        """Those that ended since the last call; waits up to `timeout` seconds for the first. Raises Refused for one that did not complete."""
        give_up = time.monotonic() + timeout
        while True:
            head = self._log.head()  # first: what comes while the page is read must end the wait
            rows = self._log.since(self.position, 5_000, (CHANGED, REFUSED))
            ended = [row.stream for row in rows if _is_end(row)]
            if rows:
                self.position = rows[-1].position
            if ended or (left := give_up - time.monotonic()) <= 0:
                return ended
            self._log.wait(max(self.position, head), left)


def _is_end(row: Row) -> bool:
    if row.topic == REFUSED or b'"state":"failed"' in row.state:
        raise Refused(f"{row.stream} did not complete: {row.state.decode()[:500]}")
    return b'"state":"completed"' in row.state


class ClosedLoop:
    """Drives one server. Customers are numbered through, so that no two orders are for the same one."""

    def __init__(self, server: Crossconnect, systems: TargetSystems, log: EventLog, prefix: str = "cust") -> None:
        self._server = server
        self._systems = systems
        self._log = log
        self._customers: Iterator[str] = (f"{prefix}-{number}" for number in count(1))
        self._ends = Ends(log)
        self.placed = 0

    def run(self, load: Load, door: Door, clients: int, seconds: float, warm_up: float) -> Window:
        """`clients` for `seconds` after a warm-up; then everything under way ends. Raises Refused, Stalled."""
        self._place(load, door, clients)
        self._until(load, door, time.monotonic() + warm_up)
        position, began, cpu, commits, publishes = self._marks(door)
        orders = self._until(load, door, time.monotonic() + seconds)
        position_after, ended, cpu_after, commits_after, publishes_after = self._marks(door)
        self.drain(clients)
        latencies = times_to_complete(self._log, position, position_after)
        return Window(orders, ended - began, latencies, cpu_after - cpu, commits_after - commits, publishes_after - publishes)

    def _marks(self, door: Door) -> tuple[int, float, float, float, int]:
        commits, publishes = self._server.metric("crossconnect_commits_total"), door.publishes + self._systems.counts()["publishes"]
        return self._ends.position, time.monotonic(), self._server.cpu_seconds(), commits, publishes

    def _until(self, load: Load, door: Door, end: float) -> int:
        orders = 0
        patience = time.monotonic() + PATIENCE
        while (now := time.monotonic()) < end:
            ended = len(self._ends.next(end - now))
            orders += ended
            if ended:
                patience = time.monotonic() + PATIENCE
                self._place(load, door, ended)
            elif now > patience:
                raise Stalled(f"No order ended within {PATIENCE:.0f} s: {self._server.last_words()}")
        return orders

    def _place(self, load: Load, door: Door, orders: int) -> None:
        door.place(load, list(islice(self._customers, orders)))
        self.placed += orders

    def drain(self, orders: int) -> None:
        """Wait until so many more orders have ended."""
        while orders > 0:
            ended = self._ends.next(PATIENCE)
            if not ended:
                raise Stalled(f"{orders} orders did not end within {PATIENCE:.0f} s: {self._server.last_words()}")
            orders -= len(ended)


def times_to_complete(log: EventLog, after: int, until: int) -> list[float]:
    """Seconds from accepted to completed, by record time, of the orders accepted and completed between two positions of the log."""
    began: dict[str, datetime] = {}
    taken: list[float] = []
    for row in _rows(log, after, until, (ACCEPTED, CHANGED)):
        event = _read(row.state)
        if row.topic == ACCEPTED:
            began[row.stream] = event.meta.time
        elif event.data.state == "completed" and row.stream in began:
            taken.append((event.meta.time - began.pop(row.stream)).total_seconds())
    return taken


def _rows(log: EventLog, after: int, until: int, topics: Sequence[str]) -> Iterator[Row]:
    while page := log.since(after, 5_000, topics):
        yield from (row for row in page if row.position <= until)
        after = page[-1].position
        if after >= until:
            return
