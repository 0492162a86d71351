"""What splitting an order costs, from its lines to its plan: a triple play, and a bundle of a thousand items; and what assessing a change of it costs."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from statistics import median
from time import perf_counter

from api.wiring import favour_throughput
from domain.catalog import Catalog
from domain.decider import Need, World
from domain.decomposition import Order, decompose
from domain.order_document import read_lines
from domain.plan import Plan
from schemas.catalog import catalog_from_document, load_catalog
from tests.benchmarks.calibrations import validate_us
from tests.benchmarks.loads import TRIPLE_PLAY
from tests.benchmarks.results import Row
from tests.decisions.world import InMemory, add

TIMES = 2_000
BUNDLE_TIMES = 20
ROUNDS = 5

STEPS = [{"name": "reserve"}, {"name": "configure"}]
CAMPUS = {
    "version": "campus",
    "offerings": [
        {"id": "campus", "name": "Campus", "bundled": [{"offering": "desk", "minimum": 0, "maximum": 999, "default": 999}]},
        {"id": "desk", "name": "Desk", "specification": "desk"},
    ],
    "products": [
        {
            "id": "desk",
            "name": "Desk",
            "characteristics": [{"name": "bandwidth", "valueType": "number", "default": 100}],
            "children": [{"specification": "desk-service"}],
        }
    ],
    "services": [
        {
            "id": "desk-service",
            "name": "Desk service",
            "category": "CFS",
            "targetSystem": "assurance",
            "children": [{"specification": "port"}, {"specification": "phone"}],
            "tasks": [{"name": "prepare"}, {"name": "test"}],
        },
        {"id": "port", "name": "Port", "targetSystem": "lan", "tasks": STEPS},
        {"id": "phone", "name": "Phone", "targetSystem": "pbx", "tasks": STEPS},
    ],
    "dependencies": [{"before": "port", "after": "phone"}],
}


def decompose_triple_play() -> Row:
    """Rounds of decomposition with rounds of the calibration between them."""
    return _row("decompose-triple-play", _planned(load_catalog("sample"), TRIPLE_PLAY.offerings))


def impact_triple_play() -> Row:
    """The impact plan of another speed for a triple play that waits for its visit."""
    world = InMemory(load_catalog("sample"))
    order = world.order(add("1", "triple-play"))
    world.complete_all(but=lambda task: task.startswith("wo-"))
    faster = {"id": "1.1", "product": {"productCharacteristic": [{"name": "downstream", "value": 1000}]}}
    return _row("impact-triple-play", lambda: world.assess(order, faster))


def _row(name: str, action: Callable[[], object]) -> Row:
    taken, ratio = _measured(action, TIMES)
    return {"name": name, "p50_us": median(taken), "p99_us": taken[len(taken) * 99 // 100], "ratio_to_validate": ratio}


def decompose_bundle() -> Row:
    """One bundle that expands to a thousand items of ten nodes each: product, CFS, two RFS, six tasks."""
    plan = _planned(catalog_from_document(CAMPUS), ("campus",))
    made = plan()
    nodes = len(made.items) + len(made.services) + sum(len(service.tasks) for service in made.services)
    taken, ratio = _measured(plan, BUNDLE_TIMES)
    return {
        "name": "decompose-bundle-1000",
        "items": len(made.items),
        "nodes": nodes,
        "p50_ms": median(taken) / 1e3,
        "p99_ms": taken[len(taken) * 99 // 100] / 1e3,
        "ratio_to_validate": ratio,
    }


def _measured(plan: Callable[[], object], times: int) -> tuple[list[float], float]:
    """Microseconds of each, sorted, and the median of the rounds' ratios to the calibration."""
    plan()
    ratios: list[float] = []
    taken: list[float] = []
    with _collecting_as_the_server_does():
        for _ in range(ROUNDS):
            validate = validate_us()
            round_of = [_timed(plan) for _ in range(times // ROUNDS)]
            ratios.append(median(round_of) / validate)
            taken += round_of
    return sorted(taken), median(ratios)


@contextmanager
def _collecting_as_the_server_does() -> Iterator[None]:
    before = gc.get_threshold()
    favour_throughput()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _planned(catalog: Catalog, offerings: Sequence[str]) -> Callable[[], Plan]:
    """One decomposition, with everything that it asks for at hand: a customer who has nothing yet."""
    loaded: dict[str, object] = {}
    world = World(datetime.now(UTC), {catalog.version: catalog}, catalog.version, loaded, 900)
    order, lines = Order("po-1", "cust-1"), read_lines({"productOrderItem": [add("1", offering) for offering in offerings]})

    def plan() -> Plan:
        while isinstance(asked := decompose(order, lines, catalog.version, world), Need):
            loaded.update(dict.fromkeys(asked.streams))
        return asked

    return plan


def _timed(action: Callable[[], object]) -> float:
    began = perf_counter()
    action()
    return (perf_counter() - began) * 1e6
