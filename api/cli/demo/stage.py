"""What one sees of the demonstration: orders with their states and steps, live on a terminal, a line a change elsewhere."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from api.cli.client import PRODUCT_ORDERS, Api, order_path, resource_path
from api.cli.failures import Failed
from api.cli.terminal import console, escaped, state
from domain.states import TERMINAL

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

# Seconds between two looks, and how long an act may take.
LOOK, ACT = 0.1, 60.0

ENDED_TASKS = ("done", "skipped", "undone", "gone")
TAKEN_BACK = ("skipped", "undone", "gone")
CANCELLING = ("pendingCancellation", "cancelled")


class Stage:
    """Shows orders by name. Everything is asked of the running engine, nothing is remembered. `aside`: on standard error."""

    def __init__(self, aside: bool = False) -> None:
        self.console = console(stderr=aside)
        self._alive = (sys.stderr if aside else sys.stdout).isatty()
        self._live: Live | None = None

    def title(self, text: str) -> None:
        self.console.print(f"\n[bold]{escaped(text)}[/]")

    def say(self, text: str) -> None:
        self.console.print(f"  {text}")

    def follow(self, api: Api, orders: Mapping[str, str], until: Callable[[Mapping[str, Any]], bool], what: str) -> dict[str, Any]:
        """Show the orders (name → id) until every tree is as `until` says; answers the trees by name. Raises Failed after too long."""
        give_up = time.monotonic() + ACT
        shown: dict[str, str] = {}
        with self._screen():
            while True:
                trees = {name: api.get(order_path(id, "tree")) for name, id in orders.items()}
                self._show(trees, shown)
                if all(until(tree) for tree in trees.values()):
                    return trees
                if time.monotonic() > give_up:
                    raise Failed(f"{what} did not happen within {ACT:g} seconds: {_summary(trees)}")
                time.sleep(LOOK)

    def follow_many(self, api: Api, orders: Sequence[str], enough: int, what: str) -> dict[str, int]:
        """Show how many of the orders are in each state until `enough` have ended; answers that. Raises Failed."""
        give_up = time.monotonic() + ACT
        states = dict.fromkeys(orders, "acknowledged")
        last = ""
        with self._screen():
            while True:
                for id in [id for id, known in states.items() if known not in TERMINAL]:
                    states[id] = api.get(resource_path(PRODUCT_ORDERS, id))["state"]
                counts = {name: list(states.values()).count(name) for name in sorted(set(states.values()))}
                last = self._show_line(", ".join(f"{count} {state(name)}" for name, count in counts.items()), last)
                if sum(count for name, count in counts.items() if name in TERMINAL) >= enough:
                    return counts
                if time.monotonic() > give_up:
                    raise Failed(f"{what} did not happen within {ACT:g} seconds: {counts}.")
                time.sleep(LOOK)

    def _screen(self) -> "_Screen":
        return _Screen(self)

    def _show(self, trees: Mapping[str, Any], shown: dict[str, str]) -> None:
        if self._live is not None:
            self._live.update(_table(trees))
            return
        for name, tree in trees.items():
            told = _line(tree)
            if shown.get(name) != told:
                shown[name] = told
                self.say(f"{escaped(name)}: {told}")

    def _show_line(self, line: str, last: str) -> str:
        if self._live is not None:
            self._live.update(f"  {line}")
        elif line != last:
            self.say(line)
        return line


class _Screen:
    """A live part of the terminal, where there is one."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def __enter__(self) -> None:
        if self._stage._alive:
            from rich.live import Live

            self._stage._live = Live(console=self._stage.console, refresh_per_second=10)
            self._stage._live.start()

    def __exit__(self, *_: object) -> None:
        if self._stage._live is not None:
            self._stage._live.stop()
            self._stage._live = None


def _steps(tree: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """Tasks ended and all, service orders ended and all. Of an order that is taken back, tasks end by being undone or by not being begun."""
    tasks, orders = tree["tasks"].values(), tree["serviceOrders"].values()
    at_end = TAKEN_BACK if tree["state"] in CANCELLING else ENDED_TASKS
    ended = sum(1 for task in tasks if task["state"] in at_end)
    return ended, len(tasks), sum(1 for order in orders if order["state"] in TERMINAL), len(orders)


def _waits(tree: Mapping[str, Any]) -> str:
    """What an order waits for, people before machines."""
    rows = sorted(tree["obligations"].values(), key=lambda row: row["kind"] in ("activation", "workOrder"))
    return str(rows[0]["reason"]["message"]) if rows else ""


def _line(tree: Mapping[str, Any]) -> str:
    ended, tasks, completed, orders = _steps(tree)
    visits = "".join(f", visit {state(visit['state'])}" for visit in tree["workOrders"].values())
    what = "steps taken back or dropped" if tree["state"] in CANCELLING else "steps"
    return f"{state(tree['state'])}, {completed}/{orders} service orders, {ended}/{tasks} {what}{visits}"


def _table(trees: Mapping[str, Any]) -> "Table":
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    table = Table("", "order", "state", "steps", "", "visit", "waits for", box=None, pad_edge=False, header_style="dim")
    for name, tree in trees.items():
        ended, tasks, _, _ = _steps(tree)
        visits = " ".join(state(visit["state"]) for visit in tree["workOrders"].values())
        bar = ProgressBar(total=max(tasks, 1), completed=ended, width=20)
        table.add_row("", escaped(name), state(tree["state"]), f"{ended}/{tasks}", bar, visits, escaped(_waits(tree)))
    return table


def _summary(trees: Mapping[str, Any]) -> str:
    return "; ".join(f"{name} is {tree['state']}" for name, tree in trees.items())
