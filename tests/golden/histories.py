"""Real histories that between them have an event of every kind."""

import random
from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from typing import Any

from domain.catalog_publication import PublishCatalog
from domain.intake import DeadLettered, DropDeadLetter, KeepDeadLetter, RedriveDeadLetter
from domain.recorded import Recorded
from domain.values import Who
from schemas.catalog import catalog_document, catalog_from_document
from tests.decisions.given import NOW
from tests.decisions.stories import Story as RandomStory
from tests.decisions.world import InMemory, add, change, merging, queueing, sample
from tests.wire.histories import everything

STORIES = 200


def histories() -> Iterator[tuple[Recorded, ...]]:
    """One after the other; who has what is needed can stop."""
    yield everything()
    yield tuple(publications().log)
    yield tuple(retries().log)
    yield tuple(spared().log)
    yield tuple(moments().log)
    yield tuple(queued().log)
    yield tuple(merged().log)
    for seed in range(STORIES):
        chance = random.Random(seed)
        story = RandomStory([chance.randrange(2**20) for _ in range(60)])
        story.run()
        yield tuple(story.world.log)


def publications() -> InMemory:
    """A catalog is published, and messages that nobody can read are set aside, one sent again and one given up."""
    world = InMemory(sample())
    published = catalog_document("benchmark-w1")
    world.send(PublishCatalog("catalog", published.version, published.digest, published.document), "")
    letter = DeadLettered(
        topic="crossconnect.product-order.commands.v1",
        partition=3,
        offset=17,
        key="cust-1",
        headers={"ce_id": "MQ=="},
        value="eyJoYWxm",
        reason="The message is not JSON.",
        exception="",
        attempts=1,
        first_seen=NOW,
    )
    stream = "dead-crossconnect.product-order.commands.v1-3"
    for _ in range(2):
        world.send(KeepDeadLetter(stream, letter))
    world.send(RedriveDeadLetter(stream, 1, Who("olga", "The reader is repaired.")))
    world.send(DropDeadLetter(stream, 2, Who("olga", "A test of the shop's.")))
    return world


def retries() -> InMemory:
    """A target system that fails is given time before it is asked again; field service never answers."""
    document: dict[str, Any] = deepcopy(catalog_document("sample").document)
    for service in document["services"]:
        for task in service.get("tasks", ()):
            task["retryAfter"] = [10, 60]
    world = InMemory(catalog_from_document(document))
    world.order(add("1", "fibre-broadband"))
    world.answer(world.outstanding()[0][1], "failed")
    world.let_time_pass(11)
    world.complete_all(lambda task: task.startswith("wo-"))
    world.let_time_pass()
    world.complete_all()
    world.order(add("1", "mobile-line"), start=world.now + timedelta(days=1))
    world.let_time_pass(timedelta(days=1, seconds=1).total_seconds())
    world.complete_all()
    return world


def spared() -> InMemory:
    """An order is cancelled after its end, whose line another order uses by now."""
    world = InMemory(sample())
    first = world.order(add("1", "tv"))
    world.complete_all()
    world.order(add("1", "voice-line"))
    world.complete_all()
    world.cancel(first, include_completed=True)
    world.complete_all()
    return world


def queued() -> InMemory:
    """Orders wait for another one; what it ends cannot be changed any more."""
    world = InMemory(queueing("tv"))
    world.order(add("1", "tv"))
    world.complete_all()
    world.order(change("1", "delete", "pr-1-1"))
    world.order(change("1", "modify", "pr-1-1", setTopBoxes=2))
    world.complete_all()
    return world


def merged() -> InMemory:
    """An order becomes part of another one, and ends with it."""
    world = InMemory(merging("voice-line"))
    world.order(add("1", "tv"))
    world.order(add("1", "voice-line"))
    world.complete_all()
    return world


def moments() -> InMemory:
    """Steps that wait for a lag, in an order that has a date to keep."""
    document: dict[str, Any] = deepcopy(catalog_document("sample").document)
    document["dependencies"][0]["lag"] = 3600
    world = InMemory(catalog_from_document(document))
    world.order(add("1", "tv"), completion=NOW + timedelta(hours=3))
    world.complete_all()
    world.let_time_pass(3600)
    world.let_time_pass(3 * 24 * 3600)
    world.complete_all()
    return world
