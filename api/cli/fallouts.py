"""`fallout`: steps that stopped, and tasks for people, and what operators decide about them; items that operators hold."""

import getpass
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.failures import Failed
from api.cli.flags import AsJson, Url, url_or_default
from api.cli.group import Group

if TYPE_CHECKING:
    from api.cli.client import Api

app = typer.Typer(
    cls=Group,
    help="Steps that stopped, and tasks that wait for people.",
    invoke_without_command=True,
    rich_markup_mode=None,
)

MOST = 1000

Which = Annotated[str, typer.Argument(metavar="[ID]", help="a fallout, or the product order; none: those that the options below name")]
Order = Annotated[str, typer.Argument(metavar="ID", help="a fallout, or the product order")]
Step = Annotated[
    str,
    typer.Argument(metavar="[ITEM]", help="with a product order: its item, or a task; none: all that waits; item:… and task:… say which"),
]
Why = Annotated[str, typer.Option("--reason", help="why, for the record")]
Who = Annotated[str, typer.Option("--operator", help="who acts", show_default="you")]
Values = Annotated[list[str] | None, typer.Option("--value", metavar="NAME=VALUE", help="a value, as JSON or text; repeat for more")]
Target = Annotated[str, typer.Option("--target", help="all that stopped at this target system")]
Code = Annotated[str, typer.Option("--code", help="all that stopped for this reason")]
Specification = Annotated[str, typer.Option("--specification", help="all that stopped in services of this specification")]
Customer = Annotated[str, typer.Option("--customer", help="all that stopped for this customer")]
Age = Annotated[float, typer.Option("--older-than", metavar="SECONDS", help="only what stopped at least so long ago")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="only list what would be done")]


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
    """List what stopped, and the tasks that wait for people."""
    from api.cli import terminal
    from api.cli.client import OURS, Api

    wanted = {"productOrder.id": order} if order else {}
    with Api(url_or_default(url)) as api:
        rows = list(api.pages(f"{OURS}/fallouts", limit, state="closed" if closed else "open", **wanted))
        people = [] if closed else list(api.pages(f"{OURS}/obligations", limit, kind="manualTask", sort="dueAt", **wanted))
    if as_json:
        terminal.print_json([*rows, *people])
        return
    if rows or not people:
        head = ("fallout", "order", "task", "reason", "severity", "who", "since")
        terminal.print_table(head, [_fallout_cells(row) for row in rows], "Nothing waits for an operator.")
    if people:
        terminal.print_table(("by hand", "order", "group", "form", "due"), [_manual_cells(row) for row in people], "")


def _fallout_cells(row: dict[str, Any]) -> list[str]:
    from api.cli import terminal

    who = ", ".join(filter(None, (row.get("assignee"), row.get("group"))))
    return [
        *map(terminal.escaped, (row["id"], row["productOrder"]["id"], row["task"])),
        terminal.reason(row),
        *map(terminal.escaped, (row.get("severity", ""), who)),
        terminal.moment(row.get("raisedAt")),
    ]


def _manual_cells(row: dict[str, Any]) -> list[str]:
    from api.cli import terminal

    late = " (overdue)" if row["reason"]["code"] == "overdue" else ""
    what = f"{row['task']} (take back)" if row.get("undo") else row["task"]
    cells = (what, row["productOrder"]["id"], row.get("group", ""), ", ".join(row.get("form", ())))
    return [*map(terminal.escaped, cells), terminal.moment(row.get("dueAt")) + late]


# Decisions ----------------------------------------------------------------------------------------------------------------------------
def _decision(action: str, meaning: str) -> None:
    """A verb for one fallout, for an order, or for all that the options name."""

    @app.command(action, help=meaning)
    def decide(
        id: Which = "",
        item: Step = "",
        target: Target = "",
        code: Code = "",
        specification: Specification = "",
        customer: Customer = "",
        older_than: Age = 0.0,
        dry_run: DryRun = False,
        reason: Why = "",
        operator: Who = "",
        url: Url = "",
        as_json: AsJson = False,
    ) -> None:
        many = _filter(target, code, specification, customer, older_than, dry_run)
        _act(action, id, item, {"reason": reason}, many, operator, url, as_json)


_decision("retry", "Ask the target system again.")
_decision("skip", "Go on without it.")


@app.command()
def complete(
    id: Order,
    item: Step = "",
    value: Values = None,
    reason: Why = "",
    operator: Who = "",
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """It has been done by hand (a manual task too)."""
    _act("complete", id, item, {"reason": reason, "values": _named(value)}, {}, operator, url, as_json)


_decision("abort", "Give the item up.")


@app.command("set")
def set_values(
    id: Order, item: Step = "", value: Values = None, reason: Why = "", operator: Who = "", url: Url = "", as_json: AsJson = False
) -> None:
    """Override values of a service; retry then asks with them."""
    _act("set", id, item, {"reason": reason, "values": _named(value)}, {}, operator, url, as_json)


@app.command()
def hold(id: Order, item: Step = "", reason: Why = "", operator: Who = "", url: Url = "", as_json: AsJson = False) -> None:
    """Send out nothing new of an item, or of the order."""
    _act("hold", id, item, {"reason": reason}, {}, operator, url, as_json)


@app.command()
def release(id: Order, item: Step = "", reason: Why = "", operator: Who = "", url: Url = "", as_json: AsJson = False) -> None:
    """Let what is held go on."""
    _act("release", id, item, {"reason": reason}, {}, operator, url, as_json)


# Records ------------------------------------------------------------------------------------------------------------------------------
@app.command("raise")
def raise_fallout(
    id: Order,
    item: Step = "",
    type: Annotated[str, typer.Option(help="what kind of fallout it is")] = "byHand",
    severity: Annotated[str, typer.Option(help="critical, major, minor or warning")] = "major",
    group: Annotated[str, typer.Option(help="who should take care of it")] = "",
    reason: Why = "",
    operator: Who = "",
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Stop a step that is out: it will come to nothing."""
    _act("raise", id, item, {"type": type, "severity": severity, "group": group, "reason": reason}, {}, operator, url, as_json)


@app.command()
def note(
    id: Order,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="what there is to know")],
    item: Annotated[str, typer.Option("--item", help="with a product order: its item, or a task")] = "",
    operator: Who = "",
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Add a note to what stopped."""
    _act("note", id, item, {"note": text}, {}, operator, url, as_json)


@app.command()
def assign(
    id: Order,
    item: Step = "",
    to: Annotated[str | None, typer.Option("--to", help="a person; empty: nobody")] = None,
    group: Annotated[str | None, typer.Option(help="a group; empty: none")] = None,
    reason: Why = "",
    operator: Who = "",
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Say who takes care of what stopped."""
    if to is None and group is None:
        raise Failed("Say who takes care of it: --to, --group or both; --to '' is nobody.", 2)
    _act("assign", id, item, {"assignee": to or "", "group": group or "", "reason": reason}, {}, operator, url, as_json)


@app.command()
def severity(
    id: Order,
    how: Annotated[str, typer.Argument(metavar="SEVERITY", help="critical, major, minor or warning")],
    item: Annotated[str, typer.Option("--item", help="with a product order: its item, or a task")] = "",
    reason: Why = "",
    operator: Who = "",
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Say how bad what stopped is."""
    _act("severity", id, item, {"severity": how, "reason": reason}, {}, operator, url, as_json)


# How they are asked for ---------------------------------------------------------------------------------------------------------------
def _filter(target: str, code: str, specification: str, customer: str, older_than: float, dry_run: bool) -> dict[str, Any]:
    """The bulk form of what the options name; empty when they name nothing."""
    named = {"targetSystem": target, "reason.code": code, "specification": specification, "customer": customer}
    filter = {path: value for path, value in named.items() if value}
    if not (filter or older_than or dry_run):
        return {}
    return {"filter": filter, "dryRun": dry_run, **({"olderThan": older_than} if older_than else {})}


def _act(action: str, id: str, item: str, body: dict[str, Any], many: dict[str, Any], operator: str, url: str, as_json: bool) -> None:
    """One decision, told; exit 1 when part of it was refused."""
    if bool(id) == bool(many):
        raise Failed(f"Say what to {action}: a fallout or an order, or those that the options name, one of the two.", 2)
    from api.cli.client import OURS, Api
    from api.cli.terminal import print_json

    with Api(url_or_default(url), operator or getpass.getuser()) as api:
        if many:
            done = [api.post(f"{OURS}/fallouts/actions", {"action": action, **body, **many})]
        else:
            order, step = _place(api, id, item)
            done = [act(api, order, step, action, **body)]
    told = [task for each in done for task in each["tasks"]]
    if as_json:
        print_json(told)
    else:
        for each in told:
            print(f"{action} {each['task']} of {each['productOrder']['id']}: {each.get('message') or each['outcome']}")
        if not told:
            print("Nothing that waits for an operator is so.")
    if any(each["outcome"] == "refused" for each in told):
        raise typer.Exit(1)


def act(api: "Api", order: str, step: str, action: str, values: list[dict[str, Any]] | None = None, reason: str = "", **more: str) -> Any:
    """One operator action on an item or a task of an order, or on all of it."""
    from api.cli.client import order_path

    said = {"item": step, "values": values, "reason": reason}
    return api.post(order_path(order, "actions"), {"action": action, **{name: each for name, each in said.items() if each}, **more})


def _place(api: "Api", id: str, item: str) -> tuple[str, str]:
    """The order and the step: as named, or those of a fallout."""
    if item or "." not in id:
        return id, item
    from api.cli.client import OURS

    rows = list(api.pages(f"{OURS}/fallouts", 1, state="open", id=id))
    if not rows:
        raise Failed(f"Nothing that waits for an operator has the id {id}.")
    return rows[0]["productOrder"]["id"], f"task:{rows[0]['task']}"


def _named(values: list[str] | None) -> list[dict[str, Any]]:
    return [named_value(each) for each in values or ()]


def named_value(text: str) -> dict[str, Any]:
    """`name=value`; the value is JSON where it is some, else text. Raises Failed."""
    name, separator, value = text.partition("=")
    if not (name and separator):
        raise Failed(f"--value must be NAME=VALUE, not {text!r}.", 2)
    try:
        return {"name": name, "value": json.loads(value)}
    except ValueError:
        return {"name": name, "value": value}
