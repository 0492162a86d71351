"""What the benchmarks found: one row a case, on the screen and in results.json (contract, "Benchmark results")."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

FILE = Path(__file__).parent / "results.json"

# A figure's name in results.json, the heading of its column, and how it is shown.
COLUMNS = (
    ("orders", "orders", "{:,.0f}"),
    ("orders_per_second", "orders/s", "{:,.0f}"),
    ("events_per_second", "events/s", "{:,.0f}"),
    ("ratio_to_bare", "× bare", "{:.2f}"),
    ("p50_ms", "p50 ms", "{:.2f}"),
    ("p99_ms", "p99 ms", "{:.2f}"),
    ("p50_us", "p50 µs", "{:.0f}"),
    ("p99_us", "p99 µs", "{:.0f}"),
    ("p50_ratio_to_bare", "p50 × bare", "{:.1f}"),
    ("ratio_to_validate", "× validate", "{:.1f}"),
    ("cpu_ms_per_order", "CPU ms/order", "{:.2f}"),
    ("cpu_us_per_answer", "CPU µs/answer", "{:.0f}"),
    ("flushes_per_order", "flushes/order", "{:.2f}"),
    ("rss_mb", "RSS MB", "{:.0f}"),
)
# A table for each kind of row, told by the figure that only that kind has; the last has the rest.
TABLES = (("Orders from accepted to completed", "p50_ratio_to_bare"), ("Reading the log", "events_per_second"), ("Parts", "name"))

Row = dict[str, Any]


def show(machine: Mapping[str, Any], rows: Sequence[Row], console: Console) -> None:
    """The tables, each with only the columns that some row of it fills."""
    console.print(f"Validation of one order {machine['validate_us']} µs, fdatasync {machine['fdatasync_us']} µs, {machine['cores']} cores")
    left = list(rows)
    for title, figure in TABLES:
        if shown := [row for row in left if figure in row]:
            console.print(_table(title, shown))
        left = [row for row in left if figure not in row]


def _table(title: str, rows: Sequence[Row]) -> Table:
    table = Table(title=title)
    used = [column for column in COLUMNS if any(column[0] in row for row in rows)]
    table.add_column("case", no_wrap=True)
    table.add_column("clients", justify="right")
    for _, heading, _ in used:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            row["name"], str(row.get("clients", "")), *(shape.format(row[name]) if name in row else "" for name, _, shape in used)
        )
    return table


def save(machine: Mapping[str, Any], rows: Sequence[Row], file: Path = FILE) -> None:
    """Write results.json."""
    said = {"machine": machine, "revision": revision(), "rows": [{name: _rounded(value) for name, value in row.items()} for row in rows]}
    file.write_text(json.dumps(said, indent=1) + "\n")


def _rounded(value: Any) -> Any:
    return float(f"{value:.5g}") if isinstance(value, float) else value


def revision() -> str:
    """The commit that was measured, with a plus when the files differ from it; empty outside a repository."""
    try:
        asked = ("git", "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*")
        return subprocess.run(asked, capture_output=True, text=True, check=True, cwd=FILE.parent).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
