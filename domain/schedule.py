"""When everything that an order does is expected, and when at the latest: a forward and a backward pass over its plan (domain-rules 3.3).

The critical path method: the forward pass starts each step as soon as what it waits for allows, the backward pass as late as a date allows; what lies
between is slack. Both walk the plan once, in one order, so that the same facts give the same forecast, and without recursion. Times are seconds
since 1970, because sums and differences of them are all that is needed. Source: J. E. Kelley and M. R. Walker, Critical-Path Planning and
Scheduling (1959).
"""

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from domain.plan import Plan
from domain.record import record

NEVER = float("-inf")
ITEM = "item:"
FIRST, LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


class Expected(NamedTuple):
    """A step that is not done: when it starts and finishes as things stand, and when at the latest, so that the date is kept."""

    start: float
    finish: float
    latest_start: float
    latest_finish: float
    is_out: bool

    @property
    def slack(self) -> float:
        """By how much it may come later; negative, by how much it comes too late."""
        return self.latest_finish - self.finish

    @property
    def turns_late(self) -> float:
        """From when on, if nothing happens, it makes the order late."""
        return self.latest_finish if self.is_out else self.latest_start


@record
class Forecast:
    """`nodes` are the steps that are not done; `finish` is when the order is; `critical` the steps that decide this, in the order in which they come."""

    now: float
    until: float
    finish: float
    nodes: dict[str, Expected]
    critical: tuple[str, ...]

    @property
    def risk(self) -> float:
        """By how many seconds the order is expected later than it should be; negative: how much time there is left."""
        return self.finish - self.until

    @property
    def turns_late(self) -> float:
        """From when on the order gets later with every moment in which nothing happens."""
        return min((each.turns_late for each in self.nodes.values()), default=self.until)

    @property
    def lead_time(self) -> float:
        """How long the steps take that decide the end, from the first of them."""
        return self.finish - self.nodes[self.critical[0]].start if self.critical else 0.0


class Standing:
    """How far a plan has come: when its steps started and ended (given up counts as ended), and which visits have an appointment."""

    __slots__ = ("appointments", "ended", "gate", "started")

    def __init__(self) -> None:
        self.gate = NEVER
        self.started: dict[str, float] = {}
        self.ended: dict[str, float] = {}
        self.appointments: dict[str, tuple[float, float]] = {}


class Network:
    """A plan as both passes walk it: how long each step takes, what it waits for and how long then, and an order in which nothing comes before what it
    waits for."""

    def __init__(self, plan: Plan) -> None:
        self.durations = _durations(plan)
        self.not_before = {each.node: each.due.timestamp() for each in plan.not_before}
        self.before: dict[str, list[tuple[str, float]]] = {node: [] for node in self.durations}
        self.after: dict[str, list[tuple[str, float]]] = {node: [] for node in self.durations}
        lags = {(lag.before, lag.after): lag.seconds for lag in plan.lags}
        for edge in dict.fromkeys(_edges(plan)):
            first, second = edge
            if first in self.durations and second in self.durations:
                lag = lags.get(edge, 0.0)
                self.before[second].append((first, lag))
                self.after[first].append((second, lag))
        self.order = self._ordered()

    def _ordered(self) -> list[str]:
        """What waits for nothing in the order of the plan, and each other step as soon as it may come."""
        waits = {node: len(before) for node, before in self.before.items()}
        ordered: list[str] = []
        free = deque([node for node, count in waits.items() if not count])
        while free:
            node = free.popleft()
            ordered.append(node)
            for follower, _ in self.after[node]:
                waits[follower] -= 1
                if not waits[follower]:
                    free.append(follower)
        return ordered


def _durations(plan: Plan) -> dict[str, float]:
    found = {task.id: task.duration for service in plan.services for task in service.tasks}
    found.update((visit.id, visit.duration) for visit in plan.visits)
    if any(first.startswith(ITEM) for first, _ in plan.edges):
        found.update((f"{ITEM}{item.id}", 0.0) for item in plan.items)
    return found


def _edges(plan: Plan) -> Iterator[tuple[str, str]]:
    """Where items wait for each other, also what an item consists of: it is done when all of that is."""
    yield from plan.edges
    if not any(first.startswith(ITEM) for first, _ in plan.edges):
        return
    tasks = {service.id: [task.id for task in service.tasks] for service in plan.services}
    for item in plan.items:
        for service in (*item.services, *item.detached):
            yield from ((task, f"{ITEM}{item.id}") for task in tasks.get(service, ()))
        if item.parent:
            yield f"{ITEM}{item.id}", f"{ITEM}{item.parent}"
    for visit in plan.visits:
        yield from ((visit.id, f"{ITEM}{item}") for item in visit.items)


def forecast(network: Network, standing: Standing, now: float, until: float | None = None) -> Forecast:
    """Both passes, as of `now`. Without a date to keep the backward pass begins at the expected end: then what has no slack is what decides it."""
    ahead = _Ahead(network, standing, now)
    finish = max([max(now, standing.gate), *(finish for _, finish in ahead.spans.values())])
    end = finish if until is None else until
    return Forecast(now, end, finish, _backward(network, standing, ahead, end), ahead.critical())


class _Ahead:
    """The forward pass: `spans` are start and finish of what is not done, `decided_by` the step that each was waiting for last."""

    def __init__(self, network: Network, standing: Standing, now: float) -> None:
        self.spans: dict[str, tuple[float, float]] = {}
        self.decided_by: dict[str, str] = {}
        ended = dict(standing.ended)
        floor = max(now, standing.gate)
        for node in network.order:
            if node in ended:
                continue
            if node in standing.appointments:
                start, finish = standing.appointments[node]
                self.spans[node] = start, max(finish, now)
            elif node in standing.started:
                start = standing.started[node]
                self.spans[node] = start, max(start + network.durations[node], now)
            elif node.startswith(ITEM) and all(first in ended for first, _ in network.before[node]):
                ended[node] = max([ended[first] for first, _ in network.before[node]], default=now)
            else:
                start = self._start(node, network, ended, floor)
                self.spans[node] = start, start + network.durations[node]

    def _start(self, node: str, network: Network, ended: dict[str, float], floor: float) -> float:
        start, decided_by = max(floor, network.not_before.get(node, floor)), ""
        for first, lag in network.before[node]:
            known = self.spans.get(first)
            ready = (ended[first] if known is None else known[1]) + lag
            if ready > start or (ready == start and known is not None and not decided_by):
                start, decided_by = ready, first if known is not None else ""
        self.decided_by[node] = decided_by
        return start

    def critical(self) -> tuple[str, ...]:
        """Back from the step that ends last, from each to the one that it waits for last. Of several it is the first in the order of the plan."""
        path: list[str] = []
        node = max(self.spans, key=lambda each: self.spans[each][1], default="")
        while node:
            path.append(node)
            node = self.decided_by.get(node, "")
        return tuple([node for node in reversed(path) if not node.startswith(ITEM)])


def _backward(network: Network, standing: Standing, ahead: _Ahead, until: float) -> dict[str, Expected]:
    found: dict[str, Expected] = {}
    for node in reversed(network.order):
        span = ahead.spans.get(node)
        if span is None:
            continue
        start, finish = span
        latest = min([found[each].latest_start - lag for each, lag in network.after[node] if each in found], default=until)
        promised = standing.appointments.get(node)
        length = promised[1] - promised[0] if promised else network.durations[node]
        found[node] = Expected(start, finish, latest - length, latest, node in standing.started)
    return {node: found[node] for node in reversed(found)}


def moment(seconds: float) -> datetime:
    """Seconds since 1970 as a time; what lies beyond the calendar is its first or last day."""
    return datetime.fromtimestamp(min(max(seconds, FIRST.timestamp()), LAST.timestamp()), UTC)
