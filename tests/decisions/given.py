"""Decisions as sentences: `given(events).when(command).then(events)`, and `facts(…).when(fact).then_due(commands)` for the process manager."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from domain.catalog import Catalog
from domain.decider import Decider, Need, World, fold
from domain.processes.fulfillment import Fulfillment
from domain.recorded import Meta, Recorded
from domain.unit_of_work import decider_of, stream_of
from domain.values import Rejected

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
ANSWER_WITHIN = 900.0


class Like:
    """An event or command of a kind, of which only some fields matter."""

    def __init__(self, kind: type[Any], **expected: Any) -> None:
        unknown = expected.keys() - {each.name for each in fields(kind)}
        assert not unknown, f"{kind.__name__} has no {', '.join(unknown)}"
        self._kind, self._expected = kind, expected

    def __eq__(self, other: object) -> bool:
        return isinstance(other, self._kind) and all(getattr(other, name) == value for name, value in self._expected.items())

    def __repr__(self) -> str:
        return f"{self._kind.__name__}({', '.join(f'{name}={value!r}' for name, value in self._expected.items())}, …)"

    __hash__ = None  # type: ignore[assignment]


def world(now: datetime = NOW, loaded: Mapping[str, Any] | None = None, catalog: Catalog | None = None) -> World:
    """All that a decision may know."""
    catalogs = {catalog.version: catalog} if catalog is not None else {}
    return World(now, catalogs, catalog.version if catalog is not None else "", loaded or {}, ANSWER_WITHIN)


class Given:
    """A stream's history, and the world in which a command meets it."""

    def __init__(self, events: tuple[Any, ...], around: World) -> None:
        self._events, self._around = events, around

    def at(self, now: datetime) -> "Given":
        """The decision is made at this time."""
        around = self._around
        return Given(self._events, World(now, around.catalogs, around.current, around.loaded, around.answer_within))

    def knowing(self, catalog: Catalog | None = None, **loaded: Any) -> "Given":
        """The catalog and the other streams (`po_1` for `po-1`) that the decision may look at."""
        streams = {name.replace("_", "-"): state for name, state in loaded.items()}
        return Given(self._events, world(self._around.now, streams, catalog))

    def when(self, command: Any) -> "Decided":
        """A command comes."""
        return Decided(self._events, command, self._around)


class Decided:
    """What a decider made of a command."""

    def __init__(self, history: tuple[Any, ...], command: Any, around: World) -> None:
        self._decider: Decider = decider_of(stream_of(command))
        self._command, self._around = command, around
        self._before = fold(self._decider, history)
        self._rejected: Rejected | None = None
        self.events: tuple[Any, ...] = ()
        try:
            self.events = self._decide(self._before)
        except Rejected as rejected:
            self._rejected = rejected

    def _decide(self, state: Any) -> tuple[Any, ...]:
        decided = self._decider.decide(self._command, state, self._around)
        assert not isinstance(decided, Need), f"the decision needs {decided}"
        return decided

    def then(self, *expected: Any) -> None:
        """Exactly these events; and the same command again changes nothing."""
        assert self._rejected is None, f"rejected: {self._rejected}"
        assert list(self.events) == list(expected)
        after = fold(self._decider, self.events, self._before)
        assert fold(self._decider, self._again(after), after) == after, "the command again changes the state"

    def _again(self, state: Any) -> tuple[Any, ...]:
        """The same command again: nothing new, or refused because its time is over."""
        try:
            return self._decide(state)
        except Rejected as rejected:
            if rejected.code != "conflict":
                raise
            return ()

    def then_nothing(self) -> None:
        """No event, and no refusal."""
        self.then()

    def then_rejected(self, code: str, sentence: str = "") -> None:
        """Refused with this code; the sentence, where given, is part of what people read."""
        assert self._rejected is not None, f"not rejected but decided: {self.events}"
        assert self._rejected.code == code, self._rejected.sentence
        assert sentence in self._rejected.sentence


def given(*events: Any) -> Given:
    """What has happened in one stream."""
    return Given(events, world())


# The process manager ------------------------------------------------------------------------------------------------------------------
class Facts:
    """What has happened in the streams of one order, as (stream, event)."""

    def __init__(self, order: str, history: tuple[tuple[str, Any], ...]) -> None:
        self._order, self._history = order, history

    def when(self, stream: str, event: Any) -> "Told":
        """The next fact."""
        return Told(self._order, self._history, (stream, event))


class Told:
    """What the fulfilment of an order makes of a fact."""

    def __init__(self, order: str, history: tuple[tuple[str, Any], ...], fact: tuple[str, Any]) -> None:
        self._order, self._history, self._fact = order, history, fact

    def then_due(self, *expected: Any) -> None:
        """Exactly these commands become due; also for a fulfilment that was folded from the log a moment ago."""
        for fulfillment in (self._live(), self._rebuilt()):
            fulfillment.evolve(_recorded(*self._fact))
            due: list[Any] = []
            while more := fulfillment.take():
                due.extend(more)
            assert due == list(expected)

    def _live(self) -> Fulfillment:
        fulfillment = Fulfillment(self._order)
        for stream, event in self._history:
            fulfillment.evolve(_recorded(stream, event))
        fulfillment.settle()
        return fulfillment

    def _rebuilt(self) -> Fulfillment:
        fulfillment = Fulfillment(self._order)
        for stream, event in self._history:
            fulfillment.evolve(_recorded(stream, event))
            fulfillment.settle()
        return fulfillment


def facts(order: str, *history: tuple[str, Any]) -> Facts:
    """What has happened to an order so far."""
    return Facts(order, history)


def _recorded(stream: str, event: Any) -> Recorded:
    return Recorded(0, stream, 0, event, Meta(NOW, "cust-1", "", "", ""))
