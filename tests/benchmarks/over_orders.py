"""How fast past orders are decomposed again under a candidate catalog (`catalog diff --over-orders`), reading them from a store included."""

import gc
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import msgspec

from adapters.event_log import open_log
from adapters.event_log.codec import Codec
from adapters.event_log.port import EventLog, NewRow
from adapters.event_log.upcasters import UPCASTERS
from adapters.over_orders import over_orders
from domain.catalog import Catalog
from domain.decider import World
from domain.events import EVENTS
from domain.product_order import SubmitProductOrder
from domain.recorded import Recorded
from domain.service_order import ActivationRequested, AnswerActivation
from domain.unit_of_work import Memory, UnitOfWork
from domain.values import Reason
from domain.work_order import AnswerWorkOrder, WorkOrderRequested
from schemas.catalog import load_catalog
from tests.benchmarks.calibrations import validate_us
from tests.benchmarks.loads import Load
from tests.benchmarks.results import Row

ORDERS = 2_000
ROUNDS = 5
ANSWER_WITHIN = 900.0
DONE = Reason("", "")


def over_orders_row(load: Load, store: str) -> Row:
    """Completed orders, each of another customer, compared with a candidate that makes the same of them; rounds of the calibration in between. The
    seconds are those of the one core that it keeps busy, so that others on the machine do not count."""
    catalog = load_catalog(load.catalog if load.catalog == "sample" else Path(load.catalog))
    codec = Codec(EVENTS, UPCASTERS)
    rates, ratios = [], []
    with closing(open_log(store)) as log:
        _fill(log, codec, catalog, load)
        gc.disable()  # as the verb does
        for _ in range(ROUNDS):
            validate, began = validate_us(), process_time()
            report = over_orders(log, codec, catalog, {catalog.version: catalog}, ANSWER_WITHIN)
            seconds = process_time() - began
            assert (report.orders, report.same) == (ORDERS, ORDERS), report
            rates.append(ORDERS / seconds)
            ratios.append(seconds / ORDERS * 1e6 / validate)
        gc.enable()
    name = f"over-orders-{load.name.lower().replace(' ', '-')}"
    return {"name": name, "orders": ORDERS, "orders_per_second": median(rates), "ratio_to_validate": median(ratios)}


def _fill(log: EventLog, codec: Codec, catalog: Catalog, load: Load) -> None:
    for number in range(ORDERS):
        meta: dict[int, bytes] = {}
        rows = []
        for fact in _history(number, catalog, load):
            shared = meta.setdefault(id(fact.meta), codec.encode_meta(fact.meta))
            rows.append(NewRow(fact.stream, fact.version, codec.topic(fact.event), codec.encode(fact.event, shared)))
        log.append(rows)


def _history(number: int, catalog: Catalog, load: Load) -> list[Recorded]:
    """All that happens to one order until everything that was asked for is answered."""
    customer, memory = f"cust-{number}", Memory(lambda streams: ())
    facts: list[Recorded] = []
    now = datetime.now(UTC)
    world = World(now, {catalog.version: catalog}, catalog.version, memory.states, ANSWER_WITHIN)
    document: dict[str, Any] = msgspec.json.decode(load.body(customer))
    todo: list[Any] = [SubmitProductOrder(f"po-{number}", document, customer, customer, None, None, False)]
    while todo:
        unit = UnitOfWork(memory, world, todo.pop(), customer, f"m-{number}-{len(facts)}")
        unit.run()
        facts += unit.facts
        todo.extend(_answers(unit.facts, now))
    return facts


def _answers(facts: list[Recorded], now: datetime) -> Iterator[Any]:
    for fact in facts:
        match fact.event:
            case ActivationRequested() as asked:
                yield AnswerActivation(fact.stream, asked.task, asked.key, "completed", {}, DONE, 1, now)
            case WorkOrderRequested() as asked:
                yield AnswerWorkOrder(fact.stream, asked.key, "completed", None, DONE, now)
