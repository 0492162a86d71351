"""A small log of things that are made, changed and ended, and two views of it; as a program (`python -m tests.contracts.projecting URL`), a process that
projects until it is killed."""

import sys
from typing import Any

import adapters.projector
from adapters.event_log import open_log
from adapters.event_log.codec import Codec
from adapters.event_log.port import EventLog, NewRow
from adapters.projector import Projector
from adapters.read_models import open_read_models
from domain.record import record
from domain.recorded import Meta, Recorded
from projections.view import Column, Document, View
from tests.decisions.given import NOW

META = Meta(NOW, "cust-1", "", "message-1", "message-1")


@record
class Made:
    name: str


@record
class Counted:
    by: int


@record
class Ended:
    pass


@record
class Unseen:
    """An event that no view reads."""


CODEC = Codec([Made, Counted, Ended, Unseen])


def write(log: EventLog, *events: tuple[str, Any], versions: dict[str, int]) -> int:
    """Append (stream, event) pairs; `versions` remembers how far each stream is."""
    prefix = CODEC.encode_meta(META)
    rows = []
    for stream, event in events:
        versions[stream] = versions.get(stream, 0) + 1
        rows.append(NewRow(stream, versions[stream], CODEC.topic(event), CODEC.encode(event, prefix)))
    return log.append(rows)


def keys(recorded: Recorded) -> tuple[str, ...]:
    return (recorded.stream,)


def evolve_thing(document: Document | None, recorded: Recorded, key: str) -> Document | None:
    match recorded.event:
        case Made(name):
            return {"id": key, "name": name, "count": 0, "made": recorded.meta.time}
        case Counted(by):
            if document is None:
                raise LookupError(f"{key} was counted before it was made")
            return {**document, "count": document["count"] + by, "last": recorded.position}
    return None


def evolve_total(document: Document | None, recorded: Recorded, key: str) -> Document | None:
    return {"id": key, "events": (document or {"events": 0})["events"] + 1}


THINGS = View("things", 1, (Made, Counted, Ended), keys, evolve_thing, (Column("name", "name"), Column("count", "count", "number")))
TOTALS = View("totals", 1, (Made, Counted), lambda recorded: ("all", type(recorded.event).__name__), evolve_total)


def main(url: str) -> None:
    adapters.projector.PAGE = 20
    projector = Projector(open_log(url), CODEC, open_read_models(url), [THINGS, TOTALS], turn=0.0)
    projector.start()
    position = 0
    while True:
        if projector.wait_for(position + 1, 10.0):
            position = projector.position()
            print(position, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
