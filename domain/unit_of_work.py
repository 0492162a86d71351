"""One unit of work: a message, what is decided on it, and everything that follows at once; committed together or not at all.

Commands are decided, their events evolve the states and tell the order's fulfilment, whose due commands are decided in turn, until nothing is due.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from domain.decider import Need, World
from domain.events import DECIDERS
from domain.plan import service_order_id
from domain.processes.fulfillment import Fulfillment
from domain.processes.loading import follow
from domain.product_order import ProductOrderMerged
from domain.product_order.merging import amendment_of
from domain.recorded import Meta, Recorded
from domain.values import Rejected

# Reads whole streams from the log, in order of position.
Read = Callable[[Sequence[str]], Iterable[Recorded]]


class Broken(Exception):
    """Something that follows from an accepted message failed: a fault of this program, so the message has no effect and its order is read anew."""


class Family:
    """One order under way: its fulfilment, its customer and the id of the message that made it."""

    __slots__ = ("correlation", "customer", "fulfillment")

    def __init__(self, order: str, customer: str, correlation: str) -> None:
        self.fulfillment = Fulfillment(order)
        self.customer = customer
        self.correlation = correlation


class Memory:
    """What is known of the log: folded states and versions by stream (None and 0 for a stream without events), and the orders under way.

    A cache: everything in it can be forgotten, as long as nothing of it is waiting to be committed."""

    def __init__(self, read: Read) -> None:
        self.states: dict[str, Any] = {}
        self.versions: dict[str, int] = {}
        self.families: dict[str, Family] = {}
        self._read = read

    def require(self, streams: Iterable[str]) -> list[Recorded]:
        """Load those of the streams that are not known yet; answers their events."""
        missing = [stream for stream in dict.fromkeys(streams) if stream not in self.states]
        if not missing:
            return []
        history = list(self._read(missing))
        for stream in missing:
            self.states[stream], self.versions[stream] = None, 0
        for recorded in history:
            stream = recorded.stream
            self.states[stream] = decider_of(stream).evolve(self.states[stream], recorded.event)
            self.versions[stream] = recorded.version
        return history

    def family(self, order: str) -> Family | None:
        """An order with all its service and work orders, rebuilt from the log when it is not known; None when there is no such order."""
        found = self.families.get(order)
        return found if found is not None else self._rebuild(order)

    def _rebuild(self, order: str) -> Family | None:
        self.forget([order])
        history = self.require([order])
        if not history:
            return None
        state = self.states[order]
        parts = [*(service_order_id(order, number) for number in state.service_orders), *state.work_orders]
        self.forget(parts)
        history = sorted([*history, *self.require(parts)], key=lambda recorded: recorded.position)
        family = Family(order, history[0].meta.customer, history[0].meta.correlation)
        for recorded in history:
            family.fulfillment.evolve(recorded)
            family.fulfillment.settle()
        self.families[order] = family
        self.require(family.fulfillment.touched())
        return family

    def is_over(self, order: str) -> bool:
        """Whether an order in memory has come to its end."""
        state = self.states.get(order)
        return state is not None and bool(decider_of(order).is_over(state))

    def streams_of(self, order: str) -> list[str]:
        """Everything in memory that an order touches."""
        family, state = self.families.get(order), self.states.get(order)
        if family is None or state is None:
            return [order]
        parts = [service_order_id(order, number) for number in state.service_orders]
        return [order, *parts, *state.work_orders, *family.fulfillment.touched()]

    def forget(self, streams: Iterable[str]) -> None:
        """Drop these streams, and orders among them."""
        for stream in streams:
            self.states.pop(stream, None)
            self.versions.pop(stream, None)
            self.families.pop(stream, None)

    def forget_absent(self, streams: Iterable[str]) -> None:
        """Drop those of the streams that have no events: whoever asks for what does not exist must not fill the memory."""
        self.forget([stream for stream in streams if self.versions.get(stream) == 0])

    def clear(self) -> None:
        """Forget everything."""
        self.states.clear()
        self.versions.clear()
        self.families.clear()


def decider_of(stream: str) -> Any:
    """The decider of a stream, by what stands before its first hyphen."""
    return DECIDERS[stream.partition("-")[0]]


def order_of(stream: str) -> str:
    """The order that a stream belongs to; empty for streams that outlive orders."""
    kind, _, rest = stream.partition("-")
    if kind in ("po", "sr"):
        return stream
    if kind not in ("so", "wo"):
        return ""
    order = rest.rpartition("-")[0]
    return order if order.startswith("sr-") else f"po-{order}"


def stream_of(command: Any) -> str:
    """The stream that a command is for."""
    kind = type(command)
    target = _TARGETS.get(kind)
    if target is None:
        names = {each.name for each in fields(kind)}
        target = _TARGETS[kind] = attrgetter(next(name for name in ("stream", "service", "product") if name in names))
    return str(target(command))


# By kind of command, the attribute that names its stream.
_TARGETS: dict[type[Any], Callable[[Any], Any]] = {}


class UnitOfWork:
    """`facts` are the events so far, in order, not yet stored (their position is 0)."""

    def __init__(self, memory: Memory, world: World, command: Any, customer: str, causation: str) -> None:
        self.facts: list[Recorded] = []
        self._memory = memory
        self._world = world
        self._command = command
        self._order = order_of(command.stream)
        self._meta = Meta(world.now, customer, self._order, causation, causation)
        self._family: Family | None = None
        self._is_new = False
        self._before: dict[str, tuple[Any, int]] = {}
        self._led: list[tuple[str, Any]] = []

    def run(self) -> None:
        """Decide the message and all that follows. Raises Rejected when it is refused, Broken when what follows fails; either way nothing has happened
        to the states (after Broken the order's fulfilment must be forgotten: `Memory.forget`)."""
        self._meet_family()
        try:
            self._decide(self._command, self._command.stream)
            if self._family is not None:
                self._follow(self._family.fulfillment)
            while self._led:
                self._follow_on(*self._led.pop(0))
            for recorded in [each for each in self.facts if isinstance(each.event, ProductOrderMerged)]:
                self._merge(recorded.stream, recorded.event)
        except Exception as error:
            was_told = bool(self._before)
            self._take_back()
            if not was_told or (
                not self._order and isinstance(error, Rejected)
            ):  # refused, or not even decided: no fulfilment has heard of it
                raise
            raise Broken(f"{type(error).__name__} after {type(self._command).__name__} for {self._command.stream}: {error}") from error

    def _meet_family(self) -> None:
        order, states = self._order, self._memory.states
        if not order:
            return
        if order not in states or self._command.stream not in states:
            self._memory.require((order, self._command.stream))
        if states[order] is None:
            self._is_new = True
            return
        family = self._memory.family(order)
        assert family is not None, "an order with a state has a history"
        self._family = family
        self._meta = Meta(self._meta.time, family.customer, order, family.correlation, self._meta.causation)

    def _follow(self, fulfillment: Fulfillment) -> None:
        while due := fulfillment.take():
            for command in due:
                self._decide(command, stream_of(command))

    def _follow_on(self, stream: str, event: Any) -> None:
        """What is due after an event that no order led to."""
        for command in follow(stream, event, self._memory.states[stream], self._world):
            self._decide(command, stream_of(command))

    def _merge(self, stream: str, event: ProductOrderMerged) -> None:
        """The order that another one has become part of is amended, and goes on, in the same breath."""
        states, into = self._memory.states, event.order
        command = amendment_of(stream, into, states[stream].plan, states[stream].documents[-1], states[into])
        unit = UnitOfWork(self._memory, self._world, command, self._meta.customer, self._meta.causation)
        unit.run()
        self.facts.extend(unit.facts)

    def _decide(self, command: Any, stream: str) -> None:
        memory = self._memory
        if stream not in memory.states:
            if self._is_new:  # only a stream that decomposition asked for can be older than its order
                memory.states[stream], memory.versions[stream] = None, 0
            else:
                memory.require([stream])
        decider = decider_of(stream)
        while isinstance(events := decider.decide(command, memory.states[stream], self._world), Need):
            memory.require(events.streams)
        if events:
            self._record(decider, stream, events)

    def _record(self, decider: Any, stream: str, events: Iterable[Any]) -> None:
        state, version = self._memory.states[stream], self._memory.versions[stream]
        self._before.setdefault(stream, (state, version))
        if self._is_new and self._family is None and stream == self._order:
            self._family = self._memory.families[stream] = Family(stream, self._meta.customer, self._meta.correlation)
        tell = self._family.fulfillment.evolve if self._family is not None else None
        for event in events:
            state, version = decider.evolve(state, event), version + 1
            recorded = Recorded(0, stream, version, event, self._meta)
            self.facts.append(recorded)
            if tell is not None:
                tell(recorded)
        self._memory.states[stream], self._memory.versions[stream] = state, version
        if not self._order:
            self._led.extend([(stream, event) for event in events])

    def _take_back(self) -> None:
        for stream, (state, version) in self._before.items():
            self._memory.states[stream], self._memory.versions[stream] = state, version
        if self._is_new and self._family is not None:
            del self._memory.families[self._order]
        self.facts.clear()
