"""`orders preview FILE` and `orders explain ID`: what an order would lead to, and which rules made what an order has."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from api.cli.client import Api, order_path
from api.cli.failures import Failed
from api.cli.terminal import console, print_json
from api.cli.trees import order_tree
from api.http.own import ROOT


def preview(api: Api, orders: list[dict[str, Any]], as_json: bool) -> None:
    """Print the tree that the order would make, and why."""
    if len(orders) != 1:
        raise Failed(f"One order can be previewed at a time, not {len(orders)}.", 2)
    found = api.post(f"{ROOT}/orders/preview", orders[0])
    if as_json:
        print_json(found)
        return
    print("What the order would be a moment after it was accepted. Nothing is stored, and nothing is sent.")
    console().print(order_tree(found["tree"]))
    _print(found["explanation"])


def explain(api: Api, id: str, as_json: bool) -> None:
    """Print why an order has the services and tasks it has."""
    found = api.get(order_path(id, "explanation"))
    if as_json:
        print_json(found)
    else:
        _print(found)


def _print(explanation: Mapping[str, Any]) -> None:
    for line in _lines(explanation):
        print(line)


def _lines(explanation: Mapping[str, Any]) -> Iterator[str]:
    yield f"Why, by catalog {explanation['catalog']}"
    item = None
    for rule in explanation["rules"]:
        if rule["productOrderItem"] != item:
            item = rule["productOrderItem"]
            yield f"  item {item}"
        yield f"    {_mark(rule['holds'])} {rule['parent']} → {rule['serviceSpecification']} (rule {rule['rule']}){_because(rule)}"
        yield from (f"        {id}{_given(rule['sets'])}" for id in rule["services"])
    yield "  tasks"
    for task in explanation["tasks"]:
        by = {"task": "as its task says", "specification": "as its specification says"}.get(task["chosenBy"], f"by rule {task['chosenBy']}")
        yield f"    {task['task']}: {task['targetSystem']}, {by}" if task["targetSystem"] else f"    {task['task']}: by hand"
    if explanation["visits"]:
        yield "  visits"
    for visit in explanation["visits"]:
        yield f"    {visit['workOrder']}: {visit['template']}, because {visit['whenNew']} is new{_because(visit)}"


def _mark(holds: bool | None) -> str:
    return {True: "✓", False: "✗", None: "?"}[holds]


def _because(rule: Mapping[str, Any]) -> str:
    if rule["condition"] is True:
        return ""
    read = ", ".join(f"{name} = {json.dumps(value)}" for name, value in rule["reads"].items())
    return f": {json.dumps(rule['condition'])}" + (f" with {read}" if read else "")


def _given(values: Mapping[str, Any]) -> str:
    return "".join(f", {name} = {json.dumps(value)}" for name, value in values.items())
