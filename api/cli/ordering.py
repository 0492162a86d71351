"""`submit` and `orders`: product orders handed in, followed to their end, listed, and shown as trees."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.failures import Failed
from api.cli.flags import AsJson, Url, url_or_default

if TYPE_CHECKING:
    from api.cli.client import Api

TERMINAL = ("completed", "cancelled", "failed", "partial", "rejected")

# Seconds between two looks at orders that are followed.
LOOK = 0.2


# submit -------------------------------------------------------------------------------------------------------------------------------
def submit(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE…", help="TMF622 product orders as JSON, one or many a file; - reads standard input")
    ],
    wait: Annotated[bool, typer.Option("--wait", help="until every order has ended; exit 1 when one did not complete")] = False,
    timeout: Annotated[float, typer.Option(help="seconds to wait at most")] = 3600.0,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Hand in product orders."""
    documents = [document for file in files for document in read_orders(file)]
    from api.cli.client import PRODUCT_ORDERS, Api
    from api.cli.terminal import print_json, progress

    accepted: list[dict[str, Any]] = []
    with Api(url_or_default(url)) as api:
        try:
            with progress("Submitting", "orders", shown=len(documents) > 20) as moved:
                for document in documents:
                    accepted.append(api.post(PRODUCT_ORDERS, document))
                    moved(len(accepted), len(documents))
        finally:  # those before a refused one are accepted: their ids must not get lost
            if not wait:
                _print_accepted(accepted, as_json)
        if wait:
            ended = list(_followed(api, accepted, timeout, as_json))
            if as_json:
                print_json(ended)
            _refuse_incomplete(ended)


def read_orders(file: str) -> list[dict[str, Any]]:
    """The orders in a file: an object, a list of objects, or several of these one after the other. Raises Failed."""
    try:
        text = sys.stdin.read() if file == "-" else _content(file)
        values = list(_values(text))
    except UnicodeDecodeError:
        raise Failed(f"{file} is not UTF-8 text.") from None
    except ValueError as error:
        raise Failed(f"{file} is not JSON: {error}.") from None
    orders = [order for value in values for order in (value if isinstance(value, list) else [value])]
    if not orders or not all(isinstance(order, dict) for order in orders):
        raise Failed(f"{file} has no product order: it must hold a JSON object, or a list of them.")
    return orders


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
    from api.cli.client import PRODUCT_ORDERS, resource_path

    until = time.monotonic() + timeout
    following = {order["id"]: "" for order in accepted}
    while following:
        for id, last in list(following.items()):
            order = api.get(resource_path(PRODUCT_ORDERS, id))
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
    id: Annotated[str, typer.Argument(metavar="[ID]", help="one order, as a tree; none: the list")] = "",
    state: Annotated[str, typer.Option(help="only orders in this state")] = "",
    limit: Annotated[int, typer.Option(min=1, help="as many at most")] = 50,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """List product orders, or show one as a tree."""
    from api.cli.client import PRODUCT_ORDERS, Api, order_path
    from api.cli.terminal import console, print_json

    with Api(url_or_default(url)) as api:
        if id:
            tree = api.get(order_path(id, "tree"))
            if as_json:
                print_json(tree)
            else:
                from api.cli.trees import order_tree

                console().print(order_tree(tree))
            return
        wanted = {"state": state} if state else {}
        rows = list(api.pages(PRODUCT_ORDERS, limit, sort="-orderDate", **wanted))
    if as_json:
        print_json(rows)
    else:
        _print_list(rows)


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
        ]
        for row in rows
    ]
    terminal.print_table(("order", "state", "external id", "customer", "items", "ordered", "ended"), cells, "There are no such orders.")


def customer(order: Mapping[str, Any]) -> str:
    """The id of the party that ordered."""
    parties = order.get("relatedParty") or ()
    found = [party for party in parties if str(party.get("role", "")).lower() == "customer"] or list(parties)
    return str(found[0].get("id", "")) if found else ""
