"""The verbs by name."""

from typing import Annotated

import typer

from api.cli import (
    catalogs,
    clearances,
    demonstration,
    doctoring,
    fallouts,
    install_base,
    ordering,
    serving,
    simulation,
    stores,
    targets,
    topics,
)
from api.cli.group import Group
from api.cli.release import release

app = typer.Typer(
    cls=Group,
    help="Crossconnect takes telecom product orders, splits them into service and work orders, and keeps the install base.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        print(f"crossconnect {release()}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")] = False,
) -> None:
    """What can be said before a verb."""


app.command()(serving.serve)
app.command()(ordering.submit)
app.command()(ordering.orders)
app.add_typer(fallouts.app, name="fallout")
app.add_typer(clearances.app, name="clearance")
app.add_typer(targets.app, name="targets")
app.add_typer(install_base.app, name="install-base")
app.command()(stores.verify)
app.command()(stores.rebuild)
app.add_typer(catalogs.app, name="catalog")
app.add_typer(topics.app, name="topics")
app.add_typer(simulation.app, name="simulate")
app.command()(demonstration.demo)
app.command()(doctoring.doctor)
