"""`fallout`: steps that stopped and wait for an operator, and what the operator decides."""

import getpass
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.failures import Failed
from api.cli.flags import AsJson, Url, url_or_default
from api.cli.group import Group

if TYPE_CHECKING:
    from api.cli.client import Api

app = typer.Typer(cls=Group, help="Steps that stopped and wait for an operator.", invoke_without_command=True, rich_markup_mode=None)

Which = Annotated[str, typer.Argument(metavar="ID", help="a fallout, or the product order")]
Step = Annotated[str, typer.Argument(metavar="[ITEM]", help="with a product order: its item, or a task; none: every fallout of the order")]
Why = Annotated[str, typer.Option("--reason", help="why, for the record")]
Who = Annotated[str, typer.Option("--operator", help="who acts", show_default="you")]
Values = Annotated[
    list[str] | None, typer.Option("--value", metavar="NAME=VALUE", help="a value that came of it, as JSON or text; repeat for more")
]


@app.callback()
def _without_a_word(context: typer.Context, url: Url = "", as_json: AsJson = False) -> None:
    if context.invoked_subcommand is None:
        list_fallouts(url=url, as_json=as_json)


@app.command("list")
def list_fallouts(
    order: Annotated[str, typer.Option(help="only those of this product order")] = "",
    closed: Annotated[bool, typer.Option("--closed", help="those that are resolved instead of the open ones")] = False,
    limit: Annotated[int, typer.Option(min=1, help="as many at most")] = 100,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """List what stopped."""
    from api.cli import terminal
    from api.cli.client import OURS, Api

    wanted = {"productOrder.id": order} if order else {}
    with Api(url_or_default(url)) as api:
        rows = list(api.pages(f"{OURS}/fallouts", limit, state="closed" if closed else "open", **wanted))
    if as_json:
        terminal.print_json(rows)
        return
    cells = [
        [
            terminal.escaped(row["id"]),
            terminal.escaped(row["productOrder"]["id"]),
            terminal.escaped(row["task"]),
            terminal.reason(row),
            terminal.moment(row.get("raisedAt")),
        ]
        for row in rows
    ]
    terminal.print_table(("fallout", "order", "task", "reason", "since"), cells, "Nothing waits for an operator.")


@app.command()
def retry(id: Which, item: Step = "", reason: Why = "", operator: Who = "", url: Url = "", as_json: AsJson = False) -> None:
    """Ask the target system again."""
    _act("retry", id, item, None, reason, operator, url, as_json)


@app.command()
def skip(id: Which, item: Step = "", reason: Why = "", operator: Who = "", url: Url = "", as_json: AsJson = False) -> None:
    """Go on without it."""
    _act("skip", id, item, None, reason, operator, url, as_json)


@app.command()
def complete(
    id: Which,
    item: Step = "",
    value: Values = None,
    reason: Why = "",
    operator: Who = "",
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """It has been done by hand (a manual task too)."""
    _act("complete", id, item, value, reason, operator, url, as_json)


@app.command()
def abort(id: Which, item: Step = "", reason: Why = "", operator: Who = "", url: Url = "", as_json: AsJson = False) -> None:
    """Give the item up."""
    _act("abort", id, item, None, reason, operator, url, as_json)


def _act(action: str, id: str, item: str, values: list[str] | None, reason: str, operator: str, url: str, as_json: bool) -> None:
    from api.cli.client import Api
    from api.cli.terminal import print_json

    given = [named_value(each) for each in values or ()]
    done = []
    with Api(url_or_default(url), operator or getpass.getuser()) as api:
        for order, step in _steps(api, id, item):
            done.append(act(api, order, step, action, given, reason))
            if not as_json:
                print(f"{action} {step} of {order}: accepted")
    if as_json:
        print_json(done)


def act(api: "Api", order: str, step: str, action: str, values: list[dict[str, Any]], reason: str) -> Any:
    """One operator action on an item or a task of an order."""
    from api.cli.client import order_path

    body = {"action": action, "item": step, "values": values, "reason": reason}
    return api.post(order_path(order, "actions"), body)


def _steps(api: "Api", id: str, item: str) -> list[tuple[str, str]]:
    """Which orders and steps are meant: as named, the step of a fallout, or all that an order has open."""
    from api.cli.client import OURS

    if item:
        return [(id, item)]
    wanted: Mapping[str, str] = {"productOrder.id": id} if id.startswith(("po-", "sr-")) else {"id": id}
    rows = list(api.pages(f"{OURS}/fallouts", 1000, state="open", **wanted))
    if not rows:
        raise Failed(f"Nothing that waits for an operator has the id {id}.")
    return [(row["productOrder"]["id"], row["task"]) for row in rows]


def named_value(text: str) -> dict[str, Any]:
    """`name=value`; the value is JSON where it is some, else text. Raises Failed."""
    name, separator, value = text.partition("=")
    if not (name and separator):
        raise Failed(f"--value must be NAME=VALUE, not {text!r}.", 2)
    try:
        return {"name": name, "value": json.loads(value)}
    except ValueError:
        return {"name": name, "value": value}
