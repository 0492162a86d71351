"""Which arrows of the life cycles a log has taken."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from domain import life_cycles
from domain.events import DECIDERS
from domain.fallout import FalloutRaised, FalloutResolved
from domain.life_cycles import LifeCycle
from domain.recorded import Recorded

Arrow = tuple[LifeCycle, str, str]
States = Mapping[tuple[LifeCycle, str], str]


def arrows(log: Iterable[Recorded]) -> Iterator[Arrow]:
    """Life cycle, state before (empty at the beginning) and state after, in the order of the log."""
    streams: dict[str, Any] = {}
    for recorded in log:
        kind, before = recorded.stream.partition("-")[0], streams.get(recorded.stream)
        after = streams[recorded.stream] = DECIDERS[kind].evolve(before, recorded.event)
        yield from _steps(_states(kind, before), _states(kind, after))
        yield from _of_fallouts(recorded.event)


def _steps(before: States, after: States) -> Iterator[Arrow]:
    for (cycle, id), state in after.items():
        if state != before.get((cycle, id), ""):
            yield cycle, before.get((cycle, id), ""), state


def _states(kind: str, state: Any) -> States:
    match kind:
        case _ if state is None:
            return {}
        case "po" | "sr":
            items = {(life_cycles.PRODUCT_ORDER_ITEM, id): shown for id, shown in state.shown.items()}
            return {(life_cycles.PRODUCT_ORDER, ""): state.state, **items}
        case "so":
            steps = {(life_cycles.TASK, id): task.state for id, task in state.tasks.items()}
            steps |= {(life_cycles.SERVICE_ORDER_ITEM, id): item.state for id, item in state.items.items()}
            return {(life_cycles.SERVICE_ORDER, ""): state.state, **steps}
        case "wo":
            return {(life_cycles.WORK_ORDER, ""): state.state}
        case "pr":
            return {(life_cycles.PRODUCT, ""): state.status}
        case "svc":
            return {(life_cycles.SERVICE, ""): state.state}
        case _:
            return {}


def _of_fallouts(event: Any) -> Iterator[Arrow]:
    if isinstance(event, FalloutRaised):
        yield life_cycles.FALLOUT, "", "open"
    if isinstance(event, FalloutResolved):
        yield life_cycles.FALLOUT, "open", "closed"


def illegal(log: Iterable[Recorded]) -> list[str]:
    """What a log has done that no table has, a line each."""
    taken = dict.fromkeys(arrows(log))
    return [f"{cycle.name}: {before} → {after}" for cycle, before, after in taken if not cycle.may_become(before, after)]
