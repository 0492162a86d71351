"""The shape of every aggregate: decide what a command means, evolve what an event changes."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from domain.catalog import Catalog
from domain.record import record
from domain.values import Rejected


@record
class Need:
    """The decision depends on these streams: load them and ask again (domain-rules 2.4)."""

    streams: tuple[str, ...]


class Facts:
    """Other streams' states as far as they are loaded; what is asked for and not loaded is remembered as missing."""

    def __init__(self, loaded: Mapping[str, Any]) -> None:
        self._loaded = loaded
        self.missing: set[str] = set()

    def get(self, stream: str) -> Any:
        """The state of a stream, None when it has no events (or is not loaded yet: then the decision will be asked again)."""
        if stream in self._loaded:
            return self._loaded[stream]
        self.missing.add(stream)
        return None

    @property
    def need(self) -> Need | None:
        """What must be loaded before the decision counts; None when nothing is missing."""
        return Need(tuple(sorted(self.missing))) if self.missing else None


@record
class World:
    """All that a decision may know besides its own state: the time, the catalogs by version, loaded streams, and which target systems are offline."""

    now: datetime
    catalogs: Mapping[str, Catalog]
    current: str
    loaded: Mapping[str, Any]
    answer_within: float
    offline: frozenset[str] = frozenset()

    def catalog(self, version: str) -> Catalog:
        """The catalog an order is pinned to; the current one for an empty version."""
        try:
            return self.catalogs[version or self.current]
        except KeyError:
            raise Rejected("invalid", "No catalog has been published yet." if not version else f"Catalog {version} is unknown.") from None


Events = tuple[Any, ...]


@record
class Decider:
    """One kind of aggregate. `decide(command, state, world)` answers events, or Need; `evolve(state, event)` the next state; a stream without
    events has state None."""

    prefix: str
    decide: Callable[[Any, Any, World], Events | Need]
    evolve: Callable[[Any, Any], Any]
    is_over: Callable[[Any], bool]


def fold(decider: Decider, events: Events, state: Any = None) -> Any:
    """The state after `events`."""
    for event in events:
        state = decider.evolve(state, event)
    return state
