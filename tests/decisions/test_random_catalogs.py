"""Decomposition by random catalogs of random orders: the same inputs have the same plan, everything is explained, and what is ended is gone."""

import os
import subprocess
import sys
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog import SCOPES, Bundled, Child, ServiceSpecification
from domain.decomposition import Order
from domain.decomposition.explanation import explained_rules, explained_tasks
from domain.plan import Plan
from domain.product_order import ProductOrderDecomposed
from tests.decisions.catalogs import number, service, word, world_of
from tests.decisions.stories import Chance, refusals
from tests.decisions.world import InMemory, add, change
from tests.examples import examples

CONDITIONS: list[Any] = [
    True,
    True,
    {"gt": [{"characteristic": "size"}, 2]},
    {"not": {"exists": "colour"}},
    {"eq": [{"characteristic": "colour"}, "red"]},
    {"or": [{"in": [{"characteristic": "colour"}, ["red", "blue"]]}, {"lt": [{"characteristic": "size"}, 2]}]},
]
COUNTS: list[Any] = [1, 1, 1, 2, {"characteristic": "size"}, {"lookup": {"characteristic": "colour"}, "table": {"red": 2}, "else": 0}]

scripts = st.lists(st.integers(0, 2**20), min_size=10, max_size=60)


def rules(chance: Chance, name: str, below: list[str]) -> tuple[Child, ...]:
    """Up to three rules; services may only be built of those that come after them."""
    chosen = [chance.of(below) for _ in range(chance.of([1, 0, 2, 3])) if below]
    return tuple(
        Child(f"{name}/{n}", each, chance.of(CONDITIONS), chance.of([True, True, False]), chance.of(COUNTS))
        for n, each in enumerate(dict.fromkeys(chosen), 1)
    )


def world_by(chance: Chance) -> InMemory:
    """A world whose catalog is what the script makes of it."""
    names = [f"s{n}" for n in range(1, 2 + chance.of([3, 1, 5, 8]))]
    services: list[ServiceSpecification] = [
        service(name, number("size", merge="max"), scope=chance.of(list(SCOPES)), children=rules(chance, name, names[place + 1 :]))
        for place, name in enumerate(names)
    ]
    top = rules(chance, "thing", names) or (Child("thing/0", names[0]),)
    characteristics = [number("size", default=chance.of([1, 3])), word("colour")]
    return world_of(services, list(top), characteristics, (Bundled("thing", 0, 4, 0),), rebuild_each=False)


def items(chance: Chance) -> list[dict[str, Any]]:
    """One to three products, some with parts, at one or two sites."""
    found = []
    for n in range(1, 2 + chance.of([0, 1, 2])):
        values = {"size": chance.of([1, 2, 3]), "colour": chance.of(["red", "blue"])}
        nested = [add(f"{n}.{part}", "thing", **values) for part in range(1, 1 + chance.of([0, 0, 2]))]
        found.append(add(str(n), "thing", site=chance.of(["site-1", "site-2", ""]), nested=nested, **values))
    return found


def ordered(world: InMemory, order: list[dict[str, Any]]) -> Plan:
    world.order(*order)
    plan: Plan = world.events(ProductOrderDecomposed)[-1].plan
    return plan


def check_explained(world: InMemory, plan: Plan) -> None:
    order = Order(world.orders[-1], "cust-1")
    why = {service for rule in explained_rules(plan, world.catalog, order) for service in rule.services}
    assert why >= {service.id for service in plan.services if service.rule not in ("built", "ordered")}
    assert [task.task for task in explained_tasks(plan, world.catalog, order)] == [
        each.id for service in plan.services for each in service.tasks
    ]


@examples(300)
@given(scripts)
def test_whatever_the_catalog_says_an_order_has_one_plan_an_explanation_and_an_end(numbers: list[int]) -> None:
    chance = Chance(numbers)
    world, order = world_by(chance), items(chance)
    with refusals("invalid"):
        ordered(world, order)
    if not world.orders:
        return
    plan: Plan = world.events(ProductOrderDecomposed)[-1].plan
    again = InMemory(world.catalog)
    assert msgspec.json.encode(ordered(again, order)) == msgspec.json.encode(plan)
    check_explained(world, plan)
    world.complete_all()
    assert world.state("po-1").state == "completed"
    products = [item.product for item in plan.items if not item.parent]
    unchanged = ordered(world, [change(str(n), "modify", product) for n, product in enumerate(products, 1)])
    assert {service.action for service in unchanged.services} <= {"noChange"}
    check_explained(world, unchanged)
    moved = [change(str(n), "modify", product) for n, product in enumerate(products, 1)]
    for item in moved:
        item["product"]["place"] = [{"id": "site-3", "role": "installation"}]
    ordered(world, moved)
    world.complete_all()
    if not {each.scope for each in world.catalog.services.values()} & {"account", "reliesOn"}:  # these stay where they are
        live = [service for service in world.services().values() if service.state == "active"]
        assert {place.id for service in live for place in service.places} <= {"site-3"}
    ordered(world, [change(str(n), "delete", product) for n, product in enumerate(products, 1)])
    world.complete_all()
    assert {world.state(order).state for order in world.orders} == {"completed"}
    assert {world.state(item.product).status for item in plan.items} == {"terminated"}
    assert {service.state for service in world.services().values()} <= {"terminated"}
    assert not any(service.holders and service.state != "terminated" for service in world.services().values())


PROGRAM = """
import sys, msgspec
from domain.product_order import ProductOrderDecomposed
from tests.decisions.world import InMemory, add, change, sample
world = InMemory(sample())
world.order(add("1", "triple-play"), add("2", "voice-line"))
world.complete_all()
moved = change("1", "modify", "pr-1-1")
moved["product"]["place"] = [{"id": "site-2", "role": "installation"}]
world.order(moved)
sys.stdout.buffer.write(msgspec.json.encode([event.plan for event in world.events(ProductOrderDecomposed)]))
"""


def test_the_plan_has_the_same_bytes_in_every_process() -> None:
    """Also where Python orders its sets otherwise."""
    runs = [
        subprocess.run([sys.executable, "-c", PROGRAM], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1] != b""
