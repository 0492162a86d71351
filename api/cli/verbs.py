"""The verbs by name."""

import typer

from api.cli import catalogs, demonstration, doctoring, fallouts, ordering, serving, simulation, stores, topics
from api.cli.group import Group

app = typer.Typer(
    cls=Group,
    help="Crossconnect takes telecom product orders, splits them into service and work orders, and keeps the install base.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command()(serving.serve)
app.command()(ordering.submit)
app.command()(ordering.orders)
app.add_typer(fallouts.app, name="fallout")
app.command()(stores.verify)
app.command()(stores.rebuild)
app.add_typer(catalogs.app, name="catalog")
app.add_typer(topics.app, name="topics")
app.add_typer(simulation.app, name="simulate")
app.command()(demonstration.demo)
app.command()(doctoring.doctor)
