"""The cases: a fresh store, a server and target systems in processes of their own, and this process as the driver, with bare runs in between."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from adapters.event_log import open_log
from adapters.read_models import open_read_models
from adapters.topics import open_topics
from adapters.topics.port import Topics
from projections import VIEWS
from tests.benchmarks.bare import Bare, run_bare
from tests.benchmarks.closed_loop import ClosedLoop, Window
from tests.benchmarks.doors import Door, HttpDoor, TopicDoor
from tests.benchmarks.loads import W1, W1_ANSWERS, Load
from tests.benchmarks.reading import read_and_rebuild
from tests.benchmarks.results import Row
from tests.servers.crossconnect import Crossconnect
from tests.servers.kafka import Kafka
from tests.servers.target_systems import TargetSystems, target_systems

Tell = Callable[[str], None]
# Orders that stay open: the target systems never answer for these customers.
IDLE = "idle"
SILENCE = f'- match: {{customer: "{IDLE}-*"}}\n  do: {{silent: true}}\n'


class Pace(NamedTuple):
    """How long things are measured: rounds of a bare run and a window of the case, in seconds after its warm-up."""

    rounds: int
    bare: float
    warm_up: float
    window: float


class Case(NamedTuple):
    """`store` answers the address of an empty store at every call; `kafka` fresh topics, None for embedded ones."""

    name: str
    load: Load
    door: str
    clients: Sequence[int]
    store: Callable[[Path], str]
    kafka: Kafka | None = None

    @property
    def bare_name(self) -> str:
        return "bare-postgres" if self.kafka else "bare-sqlite"


class Running(NamedTuple):
    """A server with everything around it."""

    server: Crossconnect
    systems: TargetSystems
    loop: ClosedLoop
    topics: Topics


@contextmanager
def running(store: str, folder: Path, load: Load, kafka: Kafka | None = None, script: str = "", prefix: str = "cust") -> Iterator[Running]:
    """A server on this store and both target systems, ready."""
    rules = folder / "script.yaml"
    rules.write_text(script or "[]\n")
    with ExitStack() as stack:
        server = stack.enter_context(Crossconnect(folder, store, kafka, catalog=load.catalog))
        systems = stack.enter_context(target_systems(store, kafka, rules))
        log = stack.enter_context(closing(open_log(store)))
        topics = stack.enter_context(closing(open_topics(store, kafka.bootstrap, kafka.options) if kafka else open_topics(store)))
        yield Running(server, systems, ClosedLoop(server, systems, log, prefix), topics)


def sqlite_in(folder: Path) -> str:
    """An empty SQLite store in a folder of its own under `folder`."""
    return f"sqlite:///{_fresh(folder)}/s.db"


def _fresh(folder: Path) -> Path:
    """Short names, because processes wake each other by sockets beside the store, whose addresses hold some 100 bytes."""
    path = folder / str(len(list(folder.iterdir())))
    path.mkdir()
    return path


def run_case(case: Case, folder: Path, pace: Pace, bare: dict[tuple[str, int], list[Bare]], tell: Tell) -> list[Row]:
    """One row for each number of clients. Bare runs are added to `bare` under their name and clients."""
    rows = []
    with running(case.store(folder), _fresh(folder), case.load, case.kafka) as parts:
        for clients in case.clients:
            pairs = []
            for number in range(pace.rounds):
                tell(f"{case.name}, {clients} clients, round {number + 1} of {pace.rounds}")
                least = run_bare(case.store(folder), clients, pace.bare)
                bare.setdefault((case.bare_name, clients), []).append(least)
                with closing(_door(case, parts, clients)) as door:
                    pairs.append((least, parts.loop.run(case.load, door, clients, pace.window, pace.warm_up)))
            rows.append(_row(case, clients, pairs))
        rows[-1]["rss_mb"] = parts.server.resident_megabytes()
    return rows


def _door(case: Case, parts: Running, clients: int) -> Door:
    return HttpDoor(parts.server.port, clients) if case.door == "http" else TopicDoor(parts.topics.producer())


def _row(case: Case, clients: int, pairs: Sequence[tuple[Bare, Window]]) -> Row:
    windows = [window for _, window in pairs]
    orders = sum(window.orders for window in windows)
    latencies = sorted(each for window in windows for each in window.latencies)
    # A message that Kafka took is not flushed by it; one on the embedded topics is.
    flushes = sum(window.commits + (0 if case.kafka else window.publishes) for window in windows)
    return {
        "name": case.name,
        "clients": clients,
        "orders": orders,
        "orders_per_second": median(window.orders / window.seconds for window in windows),
        "ratio_to_bare": median(window.orders / window.seconds / (bare.orders / bare.seconds) for bare, window in pairs),
        "p50_ms": median(latencies) * 1e3,
        "p99_ms": latencies[len(latencies) * 99 // 100] * 1e3,
        "p50_ratio_to_bare": median(median(window.latencies) / median(bare.latencies) for bare, window in pairs),
        "cpu_ms_per_order": sum(window.cpu_seconds for window in windows) / orders * 1e3,
        "flushes_per_order": flushes / orders,
        "engine_commits_per_order": sum(window.commits for window in windows) / orders,
    }


def bare_rows(bare: dict[tuple[str, int], list[Bare]]) -> list[Row]:
    """One row for each store and number of clients, over all the bare runs of the other rows."""
    rows = []
    for (name, clients), runs in sorted(bare.items()):
        latencies = sorted(each for run in runs for each in run.latencies)
        rows.append(
            {
                "name": name,
                "clients": clients,
                "orders": sum(run.orders for run in runs),
                "orders_per_second": median(run.orders / run.seconds for run in runs),
                "ratio_to_bare": 1.0,
                "p50_ms": median(latencies) * 1e3,
                "p99_ms": latencies[len(latencies) * 99 // 100] * 1e3,
                "p50_ratio_to_bare": 1.0,
                "flushes_per_order": 3 / clients,
            }
        )
    return rows


def read_case(folder: Path, pace: Pace, tell: Tell) -> list[Row]:
    """Reading and rebuilding the log of some thousand orders, after the server has stopped in good order."""
    store = sqlite_in(folder)
    tell("filling a log to read")
    with running(store, _fresh(folder), W1) as parts, closing(TopicDoor(parts.topics.producer())) as door:
        parts.loop.run(W1, door, 64, pace.window, 0.0)
        wait_for_views(store)
    tell("reading and rebuilding")
    return read_and_rebuild(store, pace.rounds)


def in_flight(orders: int, folder: Path, pace: Pace, tell: Tell) -> Row:
    """CPU of the server for one answer while so many orders are open: 100 clients in the closed loop, the others have had no answer yet."""
    store, clients = sqlite_in(folder), 100
    with running(store, _fresh(folder), W1, script=SILENCE) as parts, closing(TopicDoor(parts.topics.producer())) as door:
        tell(f"opening {orders - clients} orders that stay open")
        open_idle(parts, door, orders - clients)
        tell(f"{orders} orders in flight")
        windows = [parts.loop.run(W1, door, clients, pace.window, pace.warm_up) for _ in range(pace.rounds)]
        resident = parts.server.resident_megabytes()
    answers = sum(window.orders for window in windows) * W1_ANSWERS
    return {
        "name": f"in-flight-{orders}",
        "clients": clients,
        "orders": answers // W1_ANSWERS,
        "orders_per_second": median(window.orders / window.seconds for window in windows),
        "cpu_us_per_answer": sum(window.cpu_seconds for window in windows) / answers * 1e6,
        "rss_mb": resident,
    }


def open_idle(parts: Running, door: Door, orders: int) -> None:
    """Place orders that stay open, in portions, and wait until all that follows from them at once is done, here and at the target systems."""
    for start in range(0, orders, 500):
        door.place(W1, [f"{IDLE}-{number}" for number in range(start, min(start + 500, orders))])
    give_up = time.monotonic() + 120
    while parts.server.metric("crossconnect_orders_in_memory") < orders:
        if time.monotonic() > give_up:
            raise TimeoutError(f"{orders} orders were not taken in: {parts.server.last_words()}")
        time.sleep(0.1)
    while parts.systems.counts()["asked"] < orders:
        time.sleep(0.1)
    wait_for_views(parts.server.store)


def wait_for_views(store: str) -> None:
    """Until the views have read the whole log."""
    with closing(open_log(store)) as log, closing(open_read_models(store)) as read_models:
        give_up = time.monotonic() + 120
        while min(read_models.positions()[view.table] for view in VIEWS) < log.head():
            if time.monotonic() > give_up:
                raise TimeoutError("The views do not catch up.")
            time.sleep(0.05)


def memory(orders: int, folder: Path, tell: Tell) -> Row:
    """The memory of the server after so many completed orders, placed by 256 clients."""
    with running(sqlite_in(folder), _fresh(folder), W1) as parts, closing(TopicDoor(parts.topics.producer())) as door:
        while parts.loop.placed < orders:
            tell(f"memory: {parts.loop.placed} of {orders} orders")
            parts.loop.run(W1, door, 256, 5.0, 0.0)
        return {"name": f"memory-{orders}", "clients": 256, "orders": parts.loop.placed, "rss_mb": parts.server.resident_megabytes()}


def new_folder() -> "TemporaryDirectory[str]":
    """Where stores and logs of a run are kept; everything is deleted at its end."""
    return TemporaryDirectory(prefix="bench-")
