"""What splitting one triple play costs: decomposition alone, from the order's lines to its plan."""

from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from time import perf_counter

from domain.decider import Need, World
from domain.decomposition import Order, decompose
from domain.order_document import read_lines
from schemas.catalog import load_catalog
from tests.benchmarks.calibrations import validate_us
from tests.benchmarks.loads import TRIPLE_PLAY
from tests.benchmarks.results import Row
from tests.decisions.world import add

TIMES = 2_000
ROUNDS = 5


def decompose_triple_play() -> Row:
    """Rounds of decomposition with rounds of the calibration between them."""
    plan = _planned()
    plan()
    ratios, taken = [], []
    for _ in range(ROUNDS):
        validate = validate_us()
        times = [_timed(plan) for _ in range(TIMES // ROUNDS)]
        ratios.append(median(times) / validate)
        taken += times
    taken.sort()
    return {
        "name": "decompose-triple-play",
        "p50_us": median(taken),
        "p99_us": taken[len(taken) * 99 // 100],
        "ratio_to_validate": median(ratios),
    }


def _planned() -> Callable[[], None]:
    """One decomposition, with everything that it asks for at hand: a customer who has nothing yet."""
    catalog = load_catalog("sample")
    loaded: dict[str, object] = {}
    world = World(datetime.now(UTC), {catalog.version: catalog}, catalog.version, loaded, 900)
    order, lines = Order("po-1", "cust-1"), read_lines({"productOrderItem": [add("1", offering) for offering in TRIPLE_PLAY.offerings]})

    def plan() -> None:
        while isinstance(asked := decompose(order, lines, catalog.version, world), Need):
            loaded.update(dict.fromkeys(asked.streams))

    return plan


def _timed(action: Callable[[], None]) -> float:
    began = perf_counter()
    action()
    return (perf_counter() - began) * 1e6
