"""`install-base`: what a customer or a site has, or had at a time, as known at another."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import typer

from api.cli.failures import Failed
from api.cli.flags import AsJson, Url, url_or_default
from api.cli.group import Group

app = typer.Typer(cls=Group, help="Show the install base, or load one that was built elsewhere.", invoke_without_command=True)

Document = dict[str, Any]


@app.callback()
def show(
    context: typer.Context,
    customer: Annotated[str, typer.Option(help="whose products")] = "",
    site: Annotated[str, typer.Option(help="the id of the place where they are")] = "",
    at: Annotated[str, typer.Option(help="the moment that is asked about; default: now", metavar="TIME")] = "",
    known_at: Annotated[str, typer.Option(help="as known at this moment; default: now", metavar="TIME")] = "",
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Show what a customer or a site has or had."""
    if context.invoked_subcommand is not None:
        return
    asked = {"customer": customer, "site": site, "at": at, "knownAt": known_at}
    if not (customer or site):
        raise Failed("Name whose install base it is, with --customer or --site.", 2)
    from api.cli.client import OURS, Api
    from api.cli.terminal import print_json

    with Api(url_or_default(url)) as api:
        found = api.get(f"{OURS}/installBase", **{name: value for name, value in asked.items() if value})
    if as_json:
        print_json(found)
    else:
        _print(found)


@app.command()
def load(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="one TMF637 product or TMF638 service a line, as JSON; - reads standard input")
    ],
    refused: Annotated[str, typer.Option(metavar="FILE", help="where refused lines go, with the reasons; default: beside FILE")] = "",
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Load an install base that was built elsewhere. What is there already stays as it is, so a load that broke off is simply run again."""
    from api.cli.base_loading import Loading, refused_beside
    from api.cli.client import Api
    from api.cli.terminal import print_json, progress

    with Api(url_or_default(url), timeout=120.0) as api, progress("Loading", "lines") as moved:
        loading = Loading(api, refused or refused_beside(file))
        loading.run(file, moved)
    if as_json:
        print_json(loading.counts())
    else:
        print(loading.summary())
    if loading.refused:
        raise Failed(f"{loading.refused} lines were refused: {loading.refused_file} has them with the reasons.")


def _print(found: Document) -> None:
    from api.cli import terminal

    print(f"At {terminal.moment(found['at'])}, as known at {terminal.moment(found['knownAt'])}")
    services = {service["id"]: service for service in found["service"]}
    rows = [row for product in found["product"] for row in _rows(product, services)]
    terminal.print_table(("product or service", "id", "state", "since", "where", "values"), rows, "There was nothing.")


def _rows(product: Document, services: dict[str, Document]) -> Iterator[list[str]]:
    yield _row(product["name"], product, product["status"], product["productCharacteristic"])
    for each in product["realizingService"]:
        service = services.get(each["id"])
        if service is not None:
            yield _row(f"  {service['name']}", service, service["state"], service["serviceCharacteristic"])


def _row(name: str, document: Document, state: str, characteristics: Iterable[Document]) -> list[str]:
    from api.cli import terminal

    values = ", ".join(f"{each['name']} {each['value']}" for each in characteristics)
    where = ", ".join(place.get("id", "") for place in document.get("place") or ())
    since = terminal.moment(document.get("startDate"))
    return [
        terminal.escaped(name),
        terminal.escaped(document["id"]),
        terminal.state(state),
        since,
        terminal.escaped(where),
        terminal.escaped(values),
    ]
