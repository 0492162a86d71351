"""`topics redrive`: messages that could not be taken in are listed, sent again, or given up."""

import getpass
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.failures import Failed
from api.cli.flags import AsJson, Url, url_or_default

if TYPE_CHECKING:
    from api.cli.client import Api

MOST = 100_000  # listed by one call
AT_ONCE = 50  # decided by one request: a few seconds at most

Row = dict[str, Any]


def redrive(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID", help="dead letters, as --dry-run lists them", show_default=False)] = None,
    topic: Annotated[str, typer.Option(help="all open ones of this topic")] = "",
    everything: Annotated[bool, typer.Option("--all", help="all open ones")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="give them up instead of sending them again")] = False,
    reason: Annotated[str, typer.Option("--reason", help="why, for the record")] = "",
    operator: Annotated[str, typer.Option("--operator", help="who acts", show_default="you")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only list them; without anything else all open ones")] = False,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Send dead letters to their topics again, oldest first."""
    from api.cli.client import Api

    chosen = [bool(ids), bool(topic), everything]
    if sum(chosen) > 1 or not (any(chosen) or dry_run):
        raise Failed("Say which dead letters: their ids, --topic or --all, one of the three. `--dry-run` lists what there is.", 2)
    with Api(url_or_default(url), operator or getpass.getuser(), timeout=120.0) as api:
        rows = _meant(api, ids or [], topic)
        if dry_run:
            _show(rows, as_json)
            return
        told = _act(api, rows, "drop" if drop else "redrive", reason, as_json)
    if any(each["outcome"] == "refused" for each in told):
        raise typer.Exit(1)


def _meant(api: "Api", ids: Sequence[str], topic: str) -> list[Row]:
    """The letters by id, whatever their state, or the open ones. They are found before any is sent: one that fails again is a new letter, and
    sending all that are open until none is left might never end."""
    from api.cli.client import OURS, resource_path

    path = f"{OURS}/deadLetters"
    if ids:
        found = [api.get(resource_path(path, id)) for id in ids]
    else:
        found = list(api.pages(path, MOST, state="open", sort="position", **({"topic": topic} if topic else {})))
    return sorted({row["id"]: row for row in found}.values(), key=lambda row: row["position"])


def _act(api: "Api", rows: Sequence[Row], action: str, reason: str, as_json: bool) -> list[Row]:
    """What was decided is told even when the server fails half way."""
    from api.cli.terminal import print_json

    told: list[Row] = []
    try:
        for each in _decisions(api, [row["id"] for row in rows], action, reason):
            told.append(each)
            if not as_json:
                print(f"{action} {each['id']}: {each.get('message') or each['outcome']}")
    finally:
        if as_json and (told or not rows):
            print_json(told)
    if not rows and not as_json:
        print("No dead letter is open.")
    return told


def _decisions(api: "Api", ids: Sequence[str], action: str, reason: str) -> Iterator[Row]:
    from api.cli.client import OURS

    for first in range(0, len(ids), AT_ONCE):
        body = {"action": action, "ids": list(ids[first : first + AT_ONCE]), "reason": reason}
        yield from api.post(f"{OURS}/deadLetters/actions", body)["deadLetters"]


def _show(rows: Sequence[Row], as_json: bool) -> None:
    from api.cli import terminal

    if as_json:
        terminal.print_json(rows)
        return
    cells = [
        [
            terminal.escaped(row["id"]),
            str(row["offset"]),
            terminal.escaped(row["key"]),
            terminal.moment(row["firstSeen"]),
            terminal.escaped(row["reason"]),
        ]
        for row in rows
    ]
    terminal.print_table(("dead letter", "offset", "key", "since", "reason"), cells, "No dead letter is open.")
