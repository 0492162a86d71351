"""Who takes part in the demonstration, what they order, and what they look for."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from api.cli.client import PRODUCT_ORDERS, Api
from api.cli.demo.engine import EngineProcess
from api.cli.demo.stage import Stage
from api.cli.failures import Failed
from domain.states import TERMINAL

ORDERS = Path(__file__).resolve().parents[3] / "schemas" / "orders"


class Cast(NamedTuple):
    """Who takes part: the engine, a client of it who is also the operator, and the stage."""

    engine: EngineProcess
    api: Api
    stage: Stage


def document(name: str) -> dict[str, Any]:
    """One of the shipped TMF622 orders."""
    content: dict[str, Any] = json.loads((ORDERS / f"{name}.json").read_text(encoding="utf-8"))
    return content


def submitted(cast: Cast, *names: str) -> dict[str, str]:
    """The ids of shipped orders, by their names, once they are sent."""
    return {name: cast.api.post(PRODUCT_ORDERS, document(name))["id"] for name in names}


def expect(trees: Mapping[str, Any], wanted: str) -> None:
    """Raises Failed unless every order is in this state."""
    others = {name: tree["state"] for name, tree in trees.items() if tree["state"] != wanted}
    if others:
        raise Failed(f"These orders should be {wanted}: {others}.")


def ended(tree: Mapping[str, Any]) -> bool:
    """Whether nothing more happens to an order."""
    return tree["state"] in TERMINAL


def manual_tasks(tree: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What an order waits for people to do."""
    return [row for row in tree["obligations"].values() if row["kind"] == "manualTask"]


def open_fallouts(tree: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Steps of an order that have stopped."""
    return [row for row in tree["fallouts"].values() if row["state"] == "open"]


def has_appointment(tree: Mapping[str, Any]) -> bool:
    """Whether a technician is expected."""
    return any(visit.get("appointment") for visit in tree["workOrders"].values())
