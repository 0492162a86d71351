"""`targets`: the target systems, which of them are offline, and what waits for each."""

import getpass
from typing import Annotated, Any

import typer

from api.cli.flags import AsJson, Url, url_or_default
from api.cli.group import Group

app = typer.Typer(
    cls=Group, help="Target systems: which are offline, and what waits for them.", invoke_without_command=True, rich_markup_mode=None
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="a target system")]
Why = Annotated[str, typer.Option("--reason", help="why, for the record")]
Who = Annotated[str, typer.Option("--operator", help="who acts", show_default="you")]


@app.callback()
def _without_a_word(context: typer.Context, url: Url = "", as_json: AsJson = False) -> None:
    if context.invoked_subcommand is None:
        list_targets(url=url, as_json=as_json)


@app.command("list")
def list_targets(url: Url = "", as_json: AsJson = False) -> None:
    """List the target systems."""
    from api.cli import terminal
    from api.cli.client import OURS, Api

    with Api(url_or_default(url)) as api:
        rows = api.get(f"{OURS}/targetSystems", sort="name")
    if as_json:
        terminal.print_json(rows)
        return
    terminal.print_table(("target system", "state", "parked", "since", "who", "reason"), [_cells(row) for row in rows], "There are none.")


def _cells(row: dict[str, Any]) -> list[str]:
    from api.cli import terminal

    switched = (row.get("who", ""), row.get("reason", ""))
    parked = str(row["parkedTasks"] or "")
    return [
        terminal.escaped(row["name"]),
        terminal.state(row["state"]),
        parked,
        terminal.moment(row.get("since")),
        *map(terminal.escaped, switched),
    ]


@app.command()
def offline(name: Name, reason: Why = "", operator: Who = "", url: Url = "", as_json: AsJson = False) -> None:
    """Ask nothing of it any more: what is due is parked."""
    _switch("offline", name, reason, operator, url, as_json)


@app.command()
def online(name: Name, reason: Why = "", operator: Who = "", url: Url = "", as_json: AsJson = False) -> None:
    """It is back: what is parked goes on."""
    _switch("online", name, reason, operator, url, as_json)


def _switch(action: str, name: str, reason: str, operator: str, url: str, as_json: bool) -> None:
    from api.cli.client import OURS, Api, resource_path
    from api.cli.terminal import print_json

    with Api(url_or_default(url), operator or getpass.getuser()) as api:
        row = api.post(f"{resource_path(f'{OURS}/targetSystems', name)}/actions", {"action": action, "reason": reason})
    if as_json:
        print_json(row)
    else:
        print(f"{row['name']} is {row['state']}; parked tasks: {row['parkedTasks']}.")
