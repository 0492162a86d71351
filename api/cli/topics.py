"""`topics`: what a Kafka cluster's topics lack compared with the manifest (schemas/topics.py), and the making of it; and the dead letters."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from api.cli import dead_letters
from api.cli.failures import Failed
from api.cli.flags import AsJson, with_settings
from api.cli.group import Group
from api.settings import Settings

if TYPE_CHECKING:
    from adapters.topics.kafka import Broker
    from schemas.topics import Change

app = typer.Typer(cls=Group, help="A Kafka cluster's topics, and messages not taken in.", no_args_is_help=True, rich_markup_mode=None)
app.command()(dead_letters.redrive)


@app.command("plan")
@with_settings("kafka", "kafka_options")
def show_plan(settings: Settings, as_json: AsJson = False) -> None:
    """Say what is missing or different; change nothing."""
    with _broker(settings) as broker:
        _print(broker.plan(), as_json)


@app.command()
@with_settings("kafka", "kafka_options")
def apply(settings: Settings, as_json: AsJson = False) -> None:
    """Create what is missing, and set what is different."""
    with _broker(settings) as broker:
        changes = broker.plan()
        broker.apply(changes)
        _print(changes, as_json)


def _print(changes: "list[Change]", as_json: bool) -> None:
    from api.cli.terminal import print_json

    if as_json:
        print_json([{"kind": each.kind, "topic": each.topic, "sentence": each.sentence, "config": dict(each.config)} for each in changes])
        return
    for change in changes:
        print(change.sentence)
    if not changes:
        print("Every topic is as the manifest says.")


@contextmanager
def _broker(settings: Settings) -> "Iterator[Broker]":
    if not settings.kafka:
        raise Failed("The embedded topics need no plan. Name a cluster with --kafka.")
    from adapters.topics.kafka import KafkaTopics

    # What the client logs on its way comes back as one sentence of ours.
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())
    topics = KafkaTopics(settings.kafka, settings.kafka_options)
    try:
        yield topics.broker
    finally:
        topics.close()
