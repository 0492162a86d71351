"""`clearance`: items that wait for our own people before they are planned, and what these decide."""

import getpass
from typing import Annotated, Any

import typer

from api.cli.fallouts import Values, Who, Why, named_value
from api.cli.flags import AsJson, Url, url_or_default
from api.cli.group import Group

app = typer.Typer(cls=Group, help="Items that wait for values or an approval.", invoke_without_command=True, rich_markup_mode=None)

Order = Annotated[str, typer.Argument(metavar="ORDER", help="the product order")]
Item = Annotated[str, typer.Argument(metavar="ITEM", help="its item")]
Role = Annotated[str, typer.Option("--role", help="the role that you act in")]


@app.callback()
def _without_a_word(context: typer.Context, url: Url = "", as_json: AsJson = False) -> None:
    if context.invoked_subcommand is None:
        list_clearances(url=url, as_json=as_json)


@app.command("list")
def list_clearances(
    limit: Annotated[int, typer.Option(min=1, help="as many at most")] = 100, url: Url = "", as_json: AsJson = False
) -> None:
    """List what waits."""
    from api.cli import terminal
    from api.cli.client import OURS, Api

    with Api(url_or_default(url)) as api:
        rows = list(api.pages(f"{OURS}/obligations", limit, kind="enrichment,approval"))
    if as_json:
        terminal.print_json(rows)
        return
    cells = [
        [
            terminal.escaped(row["productOrder"]["id"]),
            terminal.escaped(row["productOrder"]["itemId"]),
            terminal.escaped(row.get("role") or row.get("group") or ""),
            terminal.escaped(row["reason"]["message"]),
            terminal.moment(row["since"]),
        ]
        for row in rows
    ]
    terminal.print_table(("order", "item", "of", "for", "since"), cells, "Nothing waits for our own people.")


@app.command()
def approve(order: Order, item: Item, role: Role, reason: Why = "", operator: Who = "", url: Url = "", as_json: AsJson = False) -> None:
    """Let the item go on."""
    _act("approve", order, item, [], role, reason, operator, url, as_json)


@app.command()
def refuse(order: Order, item: Item, role: Role, reason: Why = "", operator: Who = "", url: Url = "", as_json: AsJson = False) -> None:
    """Cancel the item, with the reason."""
    _act("refuse", order, item, [], role, reason, operator, url, as_json)


@app.command()
def complete(order: Order, item: Item, value: Values, reason: Why = "", operator: Who = "", url: Url = "", as_json: AsJson = False) -> None:
    """Add the technical values that the item waits for."""
    _act("complete", order, item, value or [], "", reason, operator, url, as_json)


def _act(action: str, order: str, item: str, values: list[str], role: str, reason: str, operator: str, url: str, as_json: bool) -> None:
    from api.cli.client import Api, order_path
    from api.cli.terminal import print_json

    body: dict[str, Any] = {"action": action, "item": item, "values": [named_value(each) for each in values], "reason": reason}
    roles = {"X-Operator-Roles": f"operator,{role}"} if role else {}
    with Api(url_or_default(url), operator or getpass.getuser()) as api:
        done = api.post(order_path(order, "actions"), body, **roles)
    if as_json:
        print_json(done)
    else:
        print(f"{action} item {item} of {order}: accepted")
