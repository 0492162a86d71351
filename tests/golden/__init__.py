"""Golden files: one event of every kind and version that was ever stored, as the log holds it, with the shape that its class had then.

A file is never changed once its event has been released: who changes an event raises the class's `VERSION`, writes an upcaster
(adapters/event_log/upcasters.py) and adds the new file with `python -X dev -m tests.golden`.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_type_hints

from adapters.event_log.codec import Codec, UnreadableEvent
from adapters.event_log.port import Row
from domain.recorded import Recorded

FOLDER = Path(__file__).parent / "events"

QUALIFIED = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+")

# Names of fields and their types, by class: the event's own and those of every record within it.
Shape = dict[str, dict[str, str]]


class Golden(NamedTuple):
    """One file: the topic and the stream it stood in, its shape, and the stored JSON (`{"meta": …, "data": …}`)."""

    topic: str
    stream: str
    shape: Shape
    stored: dict[str, Any]

    @property
    def row(self) -> Row:
        return Row(1, self.stream, 1, self.topic, json.dumps(self.stored).encode())

    def write(self, folder: Path = FOLDER) -> None:
        text = json.dumps(self._asdict(), indent=1, ensure_ascii=False)
        (folder / f"{self.topic.replace('/', '-')}.json").write_text(text + "\n", encoding="utf-8")


def golden_of(codec: Codec, recorded: Recorded) -> Golden:
    """The file of an event that happened."""
    stored = codec.encode(recorded.event, codec.encode_meta(recorded.meta))
    return Golden(codec.topic(recorded.event), recorded.stream, shape_of(type(recorded.event)), json.loads(stored))


def read_all(folder: Path = FOLDER) -> list[Golden]:
    return [Golden(**json.loads(path.read_text(encoding="utf-8"))) for path in sorted(folder.glob("*.json"))]


def shape_of(kind: type[Any]) -> Shape:
    """What the class looks like, as far as it is stored."""
    shape: Shape = {}
    waiting: list[Any] = [kind]
    while waiting:
        each = waiting.pop()
        if is_dataclass(each) and isinstance(each, type) and each.__name__ not in shape:
            hints = get_type_hints(each)
            shape[each.__name__] = {field.name: _named(hints[field.name]) for field in fields(each)}
            waiting.extend(hints[field.name] for field in fields(each))
        waiting.extend(get_args(each))
    return dict(sorted(shape.items()))


def _named(annotation: Any) -> str:
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation.__name__
    return QUALIFIED.sub(lambda found: found[0].rpartition(".")[2], str(annotation))


def problems(codec: Codec, event_classes: Sequence[type[Any]], goldens: Sequence[Golden]) -> Iterator[str]:
    """What is wrong between the events of today and the files, a sentence each."""
    known = {golden.topic: golden for golden in goldens}
    for event in event_classes:
        topic = codec.topics_of(event)[0]
        if topic not in known:
            yield f"{topic} has no golden file: run python -X dev -m tests.golden."
        elif known[topic].shape != shape_of(event):
            yield (
                f"{topic} has another shape than its golden file: raise its VERSION, and write an upcaster and a new golden file"
                " (or, if it was never released, the same file --again)."
            )
    for golden in goldens:
        yield from _unlike(codec, golden)


def _unlike(codec: Codec, golden: Golden) -> Iterator[str]:
    try:
        recorded = codec.decode(golden.row)
    except UnreadableEvent as error:
        yield f"{golden.topic} of long ago cannot be read any more: {error}"
        return
    again = golden_of(codec, recorded)
    if again.topic == golden.topic and again.stored != golden.stored:
        yield f"{golden.topic} is not stored any more as its golden file has it."
