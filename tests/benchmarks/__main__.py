"""`python -m tests.benchmarks`: measure, show the table, write results.json. See docs/benchmarks.md for how to read it."""

import argparse
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from tests.benchmarks import cases, results
from tests.benchmarks.bare import Bare
from tests.benchmarks.calibrations import machine
from tests.benchmarks.decomposing import decompose_bundle, decompose_triple_play, impact_triple_play
from tests.benchmarks.loads import TRIPLE_PLAY, W1
from tests.benchmarks.over_orders import over_orders_row
from tests.benchmarks.results import Row

CLIENTS = (1, 16, 64, 256)
FULL = cases.Pace(rounds=3, bare=1.0, warm_up=1.0, window=3.0)
QUICK = cases.Pace(rounds=1, bare=0.5, warm_up=0.5, window=2.0)
NAMES = (
    "decompose-triple-play",
    "decompose-bundle-1000",
    "impact-triple-play",
    "over-orders-w1",
    "over-orders-triple-play",
    "embedded-topic",
    "embedded-http",
    "embedded-triple-play",
    "read",
    "in-flight-100",
    "in-flight-20000",
    "postgres-kafka-topic",
)
LONG = "memory-100000"
PARTITIONS = 6


def main() -> None:
    """Run what the command line asks for."""
    asked = _arguments()
    wanted = asked.only or [*NAMES, *([LONG] if asked.long else [])]
    pace = QUICK if asked.quick else FULL
    console = Console()
    console.width = max(console.width, 160)  # a table that is wrapped cannot be read
    with cases.new_folder() as name, console.status("calibrating") as status:
        folder = Path(name)
        found = machine(folder)
        rows = _measured(wanted, folder, pace, lambda sentence: status.update(sentence))
    results.show(found, rows, console)
    if not asked.only:
        results.save(found, rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description="Benchmarks: a table, and tests/benchmarks/results.json"
    )
    parser.add_argument("--quick", action="store_true", help="one short round of each (under three minutes)")
    parser.add_argument("--only", nargs="+", choices=(*NAMES, LONG), help="these cases; results.json is left as it is")
    parser.add_argument("--long", action="store_true", help="also the memory after 100,000 orders")
    return parser.parse_args()


def _measured(wanted: Sequence[str], folder: Path, pace: cases.Pace, tell: Callable[[str], None]) -> list[Row]:
    bare: dict[tuple[str, int], list[Bare]] = {}
    rows: list[Row] = []
    with ExitStack() as servers:
        for name in wanted:
            tell(name)
            rows += _measure(name, folder, pace, bare, tell, servers)
    return [*cases.bare_rows(bare), *rows]


def _measure(
    name: str, folder: Path, pace: cases.Pace, bare: dict[tuple[str, int], list[Bare]], tell: Callable[[str], None], servers: ExitStack
) -> list[Row]:
    match name:
        case "decompose-triple-play":
            return [decompose_triple_play()]
        case "decompose-bundle-1000":
            return [decompose_bundle()]
        case "impact-triple-play":
            return [impact_triple_play()]
        case "over-orders-w1" | "over-orders-triple-play":
            return [over_orders_row(W1 if name.endswith("w1") else TRIPLE_PLAY, cases.sqlite_in(folder))]
        case "read":
            return cases.read_case(folder, pace, tell)
        case "in-flight-100" | "in-flight-20000":
            return [cases.in_flight(int(name.rpartition("-")[2]), folder, pace, tell)]
        case "memory-100000":
            return [cases.memory(100_000, folder, tell)]
        case _:
            return cases.run_case(_case(name, servers), folder, pace, bare, tell)


def _case(name: str, servers: ExitStack) -> cases.Case:
    match name:
        case "embedded-topic":
            return cases.Case(name, W1, "topic", CLIENTS, cases.sqlite_in)
        case "embedded-http":
            return cases.Case(name, W1, "http", CLIENTS, cases.sqlite_in)
        case "embedded-triple-play":
            return cases.Case(name, TRIPLE_PLAY, "topic", (1, 64), cases.sqlite_in)
        case _:
            return _postgres_and_kafka(name, servers)


def _postgres_and_kafka(name: str, servers: ExitStack) -> cases.Case:
    from tests.servers.kafka import fresh_topics, running_kafka
    from tests.servers.postgres import running_postgres

    postgres = servers.enter_context(running_postgres(durable=True))
    broker = servers.enter_context(running_kafka())
    kafka = servers.enter_context(fresh_topics(broker.bootstrap, PARTITIONS))
    return cases.Case(name, W1, "topic", CLIENTS, lambda folder: servers.enter_context(postgres.fresh_database()), kafka)


if __name__ == "__main__":
    main()
