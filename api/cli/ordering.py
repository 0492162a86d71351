"""`submit` and `orders`: orders handed in, followed to their end, listed, and shown as trees."""

import getpass
import json
import sys
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from api.cli.failures import Failed
from api.cli.flags import AsJson, Url, url_or_default
from domain.states import TERMINAL, TRANSITIONS

if TYPE_CHECKING:
    from api.cli.client import Api

STATES = tuple(filter(None, TRANSITIONS))

# What stands before an id or a file, and what it needs.
WHAT_IF = {"explain": "the id of an order", "preview": "a file"}
CHANGES = {"impact": "the id of an order", "amend": "the id of an order", "cancel": "the id of an order"}
NEEDS = {**WHAT_IF, **CHANGES}

# Seconds between two looks at orders that are followed.
LOOK = 0.2


# submit -------------------------------------------------------------------------------------------------------------------------------
def submit(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE…", help="product orders (TMF622) or service orders (TMF641) as JSON, one or many a file; - reads standard input"
        ),
    ],
    wait: Annotated[bool, typer.Option("--wait", help="until every order has ended; exit 1 when one did not complete")] = False,
    timeout: Annotated[float, typer.Option(help="seconds to wait at most")] = 3600.0,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Hand in orders."""
    orders = list(_handed_in(files))
    from api.cli.client import Api
    from api.cli.terminal import print_json

    with Api(url_or_default(url)) as api:
        accepted = _submitted(api, orders, as_json, quiet=wait)
        if wait:
            ended = list(_followed(api, accepted, timeout, as_json))
            if as_json:
                print_json(ended)
            _refuse_incomplete(ended)


class HandedIn(NamedTuple):
    """An order and where it was written, for a sentence."""

    place: str
    document: dict[str, Any]


def _handed_in(files: list[str]) -> Iterator[HandedIn]:
    """Every order of every file, before the first is submitted. Raises Failed."""
    try:
        for file in files:
            documents, name = read_orders(file), _name(file)
            for number, document in enumerate(documents, 1):
                yield HandedIn(f"{name}, order {number} of {len(documents)}" if len(documents) > 1 else name, document)
    except Failed as wrong:
        raise Failed(f"{wrong} Nothing was submitted." if len(files) > 1 else str(wrong)) from None


def _submitted(api: "Api", orders: list[HandedIn], as_json: bool, quiet: bool) -> list[dict[str, Any]]:
    """The orders as they were accepted. The first that is not ends it: the ids of those before it are printed, so that none gets lost."""
    from api.cli.client import orders_path
    from api.cli.terminal import progress

    accepted: list[dict[str, Any]] = []
    try:
        with progress("Submitting", "orders", shown=len(orders) > 20) as moved:
            for order in orders:
                accepted.append(api.post(orders_path(order.document), order.document))
                moved(len(accepted), len(orders))
    except Failed as failed:
        raise Failed(_told(failed, orders, len(accepted)), failed.code) from None
    finally:
        if not quiet or len(accepted) < len(orders):
            _print_accepted(accepted, as_json)
    return accepted


def _told(failed: Failed, orders: list[HandedIn], accepted: int) -> str:
    """Which order it was, unless it is the server that is missing; and what became of the others."""
    left = orders[accepted:] if failed.code == 2 else orders[accepted + 1 :]
    sentence = str(failed) if failed.code == 2 else f"{orders[accepted].place}: {failed}"
    return sentence if len(orders) == 1 else f"{sentence} Accepted before: {accepted}; not submitted: {len(left)}."


def read_orders(file: str) -> list[dict[str, Any]]:
    """The orders in a file: an object, a list of objects, or several of these one after the other. Raises Failed."""
    try:
        text = sys.stdin.read() if file == "-" else _content(file)
        values = list(_values(text))
    except UnicodeDecodeError:
        raise Failed(f"{_name(file)} is not UTF-8 text.") from None
    except ValueError as error:
        raise Failed(f"{_name(file)} is not JSON: {error}.") from None
    orders = [order for value in values for order in (value if isinstance(value, list) else [value])]
    if not orders or not all(isinstance(order, dict) for order in orders):
        raise Failed(f"{_name(file)} has no order: it must hold a JSON object, or a list of them.")
    return orders


def _name(file: str) -> str:
    return "standard input" if file == "-" else file


def _content(file: str) -> str:
    try:
        with open(file, encoding="utf-8") as opened:
            return opened.read()
    except OSError as error:
        raise Failed(f"{file} cannot be read: {error.strerror}.") from None


def _values(text: str) -> Iterator[Any]:
    decoder, rest = json.JSONDecoder(), text.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        yield value
        rest = rest[end:].lstrip()


def _print_accepted(accepted: list[dict[str, Any]], as_json: bool) -> None:
    from api.cli.terminal import print_json

    if as_json:
        print_json(accepted)
    else:
        for order in accepted:
            print(f"{order['id']} {order['state']}")


def _followed(api: "Api", accepted: list[dict[str, Any]], timeout: float, quiet: bool) -> Iterator[dict[str, Any]]:
    """The orders as they are at their end; each change of a state is a line."""
    from api.cli.client import orders_path, resource_path

    until = time.monotonic() + timeout
    paths = {order["id"]: resource_path(orders_path(order), order["id"]) for order in accepted}
    following = {order["id"]: "" for order in accepted}
    while following:
        for id, last in list(following.items()):
            order = api.get(paths[id])
            if order["state"] != last and not quiet:
                print(f"{id} {order['state']}", flush=True)
            following[id] = order["state"]
            if order["state"] in TERMINAL:
                del following[id]
                yield order
        if following and time.monotonic() > until:
            raise Failed(
                f"{len(following)} of {len(accepted)} orders have not ended after {timeout:g} seconds, {next(iter(following))} among them."
            )
        if following:
            time.sleep(LOOK)


def _refuse_incomplete(ended: list[dict[str, Any]]) -> None:
    others = [order for order in ended if order["state"] != "completed"]
    if others:
        raise Failed(
            f"{len(others)} of {len(ended)} orders did not complete: {', '.join(order['id'] + ' ' + order['state'] for order in others)}."
        )


# orders -------------------------------------------------------------------------------------------------------------------------------
def orders(
    id: Annotated[str, typer.Argument(metavar="ID|explain|preview|impact|amend|cancel", help="one order, as a tree; none: the list")] = "",
    of: Annotated[
        str,
        typer.Argument(metavar="ID|FILE", help="preview: a file with an order that is not handed in; all others: the order"),
    ] = "",
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="impact and amend: a file with the amendment; - reads standard input", show_default=False)
    ] = "",
    cancel: Annotated[bool, typer.Option("--cancel", help="impact: of a cancel")] = False,
    include_completed: Annotated[bool, typer.Option("--include-completed", help="a cancel undoes completed items too")] = False,
    plan_hash: Annotated[str, typer.Option("--plan-hash", help="amend and cancel: only if the impact plan is still this one")] = "",
    override: Annotated[str, typer.Option(help="go back behind points of no return, for this reason; needs the role supervisor")] = "",
    operator: Annotated[str, typer.Option("--as", help="who you are")] = "",
    role: Annotated[str, typer.Option(help="which roles you have, with commas")] = "operator",
    state: Annotated[str, typer.Option(help="only orders in this state, or in one of several with commas")] = "",
    limit: Annotated[int, typer.Option(min=1, help="as many at most")] = 50,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """List, show, explain, preview, amend or cancel orders."""
    _refuse_unknown(state)
    if (id in NEEDS) != bool(of):
        raise Failed(f"`orders {id}` needs {NEEDS[id]}." if id in NEEDS else f"What is to be done with {id} and {of}?", 2)
    from api.cli.client import Api

    if id in CHANGES:
        asked = _change(id, file, cancel, include_completed, plan_hash, override)
        with Api(url_or_default(url), operator or getpass.getuser(), roles=role) as api:
            _make_change(api, id, of, asked, as_json)
        return
    with Api(url_or_default(url)) as api:
        if of:
            from api.cli import what_if

        if id == "preview":
            what_if.preview(api, read_orders(of), as_json)
        elif id == "explain":
            what_if.explain(api, of, as_json)
        elif id:
            _show_tree(api, id, as_json)
        else:
            _show_list(api, state, limit, as_json)


def _change(verb: str, file: str, cancel: bool, include_completed: bool, plan_hash: str, override: str) -> dict[str, Any]:
    """The body of a change. Raises Failed."""
    more = {**({"planHash": plan_hash} if plan_hash else {}), **({"override": {"reason": override}} if override else {})}
    if cancel or verb == "cancel":
        return {"cancel": {"includeCompleted": include_completed}, **more}
    if not file:
        raise Failed(f"`orders {verb}` needs a file with the amendment.", 2)
    amendments = read_orders(file)
    if len(amendments) != 1:
        raise Failed(f"An order is amended once at a time, not {len(amendments)} times.", 2)
    return {**amendments[0], **more}


def _make_change(api: "Api", verb: str, id: str, asked: dict[str, Any], as_json: bool) -> None:
    from api.cli import changing

    (changing.impact if verb == "impact" else changing.amend)(api, id, asked, as_json)


def _show_tree(api: "Api", id: str, as_json: bool) -> None:
    from api.cli.client import order_path
    from api.cli.terminal import console, print_json

    tree = api.get(order_path(id, "tree"))
    if as_json:
        print_json(tree)
    else:
        from api.cli.trees import order_tree

        console().print(order_tree(tree))


def _show_list(api: "Api", state: str, limit: int, as_json: bool) -> None:
    from api.cli.client import PRODUCT_ORDERS
    from api.cli.terminal import print_json

    wanted = {"state": state} if state else {}
    rows = list(api.pages(PRODUCT_ORDERS, limit, sort="-orderDate", **wanted))
    if as_json:
        print_json(rows)
    else:
        _print_list(rows)


def _refuse_unknown(state: str) -> None:
    unknown = [name for name in filter(None, state.split(",")) if name not in STATES]
    if unknown:
        raise Failed(f"No order is ever in the state {unknown[0]!r}: the states are {', '.join(STATES)}.", 2)


def _print_list(rows: list[dict[str, Any]]) -> None:
    from api.cli import terminal

    cells = [
        [
            terminal.escaped(row["id"]),
            terminal.state(row["state"]),
            terminal.escaped(row.get("externalId") or ""),
            terminal.escaped(customer(row)),
            str(len(row.get("productOrderItem") or ())),
            terminal.moment(row.get("orderDate")),
            terminal.moment(row.get("completionDate") or row.get("cancellationDate")),
            terminal.moment(row.get("expectedCompletionDate")),
            " ".join(terminal.state(alert["jeopardyType"]) for alert in row.get("productOrderJeopardyAlert") or ()),
        ]
        for row in rows
    ]
    terminal.print_table(
        ("order", "state", "external id", "customer", "items", "ordered", "ended", "expected", "jeopardy"),
        cells,
        "There are no such orders.",
    )


def customer(order: Mapping[str, Any]) -> str:
    """The id of the party that ordered."""
    parties = order.get("relatedParty") or ()
    found = [party for party in parties if str(party.get("role", "")).lower() == "customer"] or list(parties)
    return str(found[0].get("id", "")) if found else ""
