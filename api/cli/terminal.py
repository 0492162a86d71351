"""What a person sees: tables, trees and progress; scripts get JSON instead."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {
    "acknowledged": "cyan",
    "inProgress": "yellow",
    "running": "yellow",
    "retrying": "yellow",
    "pending": "yellow",
    "held": "bold red",
    "fallout": "bold red",
    "parked": "bold red",
    "offline": "bold red",
    "online": "green",
    "failed": "red",
    "partial": "red",
    "rejected": "red",
    "completed": "green",
    "done": "green",
    "active": "green",
    "normal": "green",
    "low": "yellow",
    "medium": "yellow",
    "high": "red",
    "critical": "bold red",
    "cancelled": "magenta",
    "assessingCancellation": "magenta",
    "pendingCancellation": "magenta",
}


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def console(stderr: bool = False) -> "Console":
    """A rich console; colours only where they can be seen. Wide where nobody looks, so that no line is cut."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else 200)


def state(name: str) -> str:
    """A state in its colour."""
    style = STYLES.get(name, "")
    return f"[{style}]{name}[/]" if style else name


def escaped(text: object) -> str:
    """Text that others wrote, shown as it is: no markup, no control characters."""
    from rich.markup import escape

    return escape("".join(letter if letter.isprintable() else "�" for letter in str(text)))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> None:
    """Rows may carry markup (`state`); text of others must be `escaped`. Without rows the sentence `empty`."""
    from rich.table import Table

    if not rows:
        print(empty)
        return
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*row)
    console().print(table)


def moment(text: object) -> str:
    """A time in seconds, in the zone of whoever looks."""
    if not text:
        return ""
    return datetime.fromisoformat(str(text)).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def reason(row: Mapping[str, Any]) -> str:
    """`code: message` of a row that has a reason."""
    told = row.get("reason") or {}
    return escaped(": ".join(part for part in (told.get("code"), told.get("message")) if part))


@contextmanager
def progress(what: str, unit: str, shown: bool = True) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error: call it with how much is done and how much there is. Where nobody looks, or with `shown` false: nothing."""
    if not (shown and sys.stderr.isatty()):
        yield lambda done, total: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]} " + unit + "/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None, rate="–")

        def moved(done: int, total: int) -> None:
            speed = bar.tasks[0].finished_speed or bar.tasks[0].speed
            bar.update(task, completed=done, total=total, rate=f"{speed:,.0f}" if speed else "–")

        yield moved
