"""What docs/decomposition.md shows happens, by the sample catalog."""

import json
import re
from pathlib import Path

from domain.catalog import MERGE_POLICIES, SCOPES
from domain.plan import Plan
from domain.product_order import ProductOrderDecomposed
from tests.decisions.test_action_table import CELLS
from tests.decisions.world import InMemory, sample

PAGE = (Path(__file__).parents[2] / "docs" / "decomposition.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading."""
    table = PAGE.partition(f"\n## {heading}")[2].partition("\n|")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def actions(plan: Plan) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for service in plan.services:
        wanted = f"{service.action} {service.state}".strip()
        found.setdefault(wanted, set()).add(f"{service.specification} {service.places[0].id}")
    return found


def test_its_orders_do_what_it_says() -> None:
    world, found = InMemory(sample()), []
    for block in re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        order = world.order(*json.loads(block)["productOrderItem"])
        plan: Plan = world.events(ProductOrderDecomposed)[-1].plan
        found.append((actions(plan), len(plan.visits)))
        world.complete_all()
        assert world.state(order).state == "completed"
    line, tv, voice = {"access-line", "gpon-port"}, {"tv-service", "iptv-stream"}, {"voice-service", "sip-account"}
    assert found == [
        ({"add": at("site-1", line | tv)}, 1),
        ({"noChange": at("site-1", line), "add": at("site-1", voice)}, 0),
        ({"noChange": at("site-1", line), "modify inactive": at("site-1", tv)}, 0),
        ({"add": at("site-2", line | voice), "delete": at("site-1", voice), "modify inactive": at("site-1", line)}, 1),
        ({"delete": at("site-1", line | tv)}, 0),
    ]
    live = [service for service in world.services().values() if service.state != "terminated"]
    assert {(service.state, service.places[0].id) for service in live} == {("active", "site-2")}


def at(site: str, specifications: set[str]) -> set[str]:
    return {f"{specification} {site}" for specification in specifications}


def test_its_tables_are_complete() -> None:
    assert tuple(row[0].strip("`") for row in rows("Which service: scopes")) == SCOPES
    asked = {row[0].strip("`") for row in rows("What is done to it: the action table")}
    assert asked == {cell[0].partition(":")[0].split(" ")[0] for cell in CELLS} | {"move"}
    assert all(f"`{policy}`" in PAGE for policy in MERGE_POLICIES)
