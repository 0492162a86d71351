"""How far each item, service and task of one order has come, and what waits for what: the ledger that fulfilment keeps."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from domain.plan import Plan, PlannedItem, PlannedService, PlannedTask, PlannedVisit
from domain.states import ACKNOWLEDGED, COMPLETED, HELD, PENDING


class ItemProgress:
    """One product order item: `open` are the services and visits it still waits for, `held` its tasks that stopped, and whether an operator holds it,
    `closed` whether it was withdrawn and everything of it has been taken back, `done_at` when the last of it was done, as those say who did it."""

    __slots__ = ("children", "closed", "done_at", "held", "open", "planned", "reported", "state")

    def __init__(self, planned: PlannedItem) -> None:
        self.planned = planned
        self.children: list[str] = []
        self.open: set[str] = set()
        self.held: set[str] = set()
        self.state = PENDING if planned.waits else ACKNOWLEDGED
        self.reported = ACKNOWLEDGED
        self.closed = False
        self.done_at: datetime | None = None

    def replan(self, planned: PlannedItem) -> None:
        """It is planned otherwise now, or at last."""
        self.planned = planned
        if planned.waits:
            self.state = PENDING
        elif self.state == PENDING:
            self.state = HELD if self.held else ACKNOWLEDGED

    @property
    def is_bundle(self) -> bool:
        """Whether it has no work of its own, so that it is what its nested items are."""
        planned = self.planned
        return bool(self.children) and not (planned.services or planned.detached or planned.waits)


class ServiceProgress:
    """One service the order works on: `open` are its tasks and supporting services that are not done, `holders` the services that rest on it,
    `users` the items that need it, `done_at` as for items."""

    __slots__ = ("assigned", "done_at", "holders", "inactive", "kept", "open", "planned", "state", "users")

    def __init__(self, planned: PlannedService) -> None:
        self.planned = planned
        self.open: set[str] = {task.id for task in planned.tasks}
        self.holders: list[str] = []
        self.users: list[str] = []
        self.assigned: dict[str, Any] = {}
        self.inactive = False
        self.kept = False
        self.done_at: datetime | None = None
        self.state = COMPLETED if planned.action == "noChange" else ACKNOWLEDGED

    def replan(self, planned: PlannedService) -> None:
        """It is planned otherwise now: what fulfilment assigned stays, unless the plan says something else of just that (domain-rules 4.6)."""
        before = self.planned.values
        for name in [name for name, value in planned.values.items() if before.get(name) != value]:
            self.assigned.pop(name, None)
        self.planned = planned

    def reopen(self, done: Collection[str], is_otherwise: bool) -> None:
        """Wait for those of its tasks that are not done. A service that was complete is so no longer when there is one, or when it is planned otherwise."""
        self.open = {task.id for task in self.planned.tasks if task.id not in done}
        if (self.open or is_otherwise) and self.state == COMPLETED:
            self.state, self.inactive = ACKNOWLEDGED, False


def undo_node(task: str) -> str:
    """What those wait for that can only be done once `task` has been undone."""
    return f"undo:{task}"


def later_of(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two times, either of which may not be known."""
    return other if one is None else one if other is None else max(one, other)


class Progress:
    """The nodes of the plan by id, and the edges between them: `waits` counts what a node waits for, `after` lists what waits for it.

    `finished` are the nodes that are done, in the order in which they were, and whether each was skipped; `ended` when; `built` those that were done, and
    have to be done again; `running` those that are out. `lags` are the edges that take longer, `moments` what a node waits for besides other nodes,
    `scheduled` the nodes that wait for nothing else.
    """

    def __init__(self) -> None:
        self.items: dict[str, ItemProgress] = {}
        self.services: dict[str, ServiceProgress] = {}
        self.tasks: dict[str, PlannedTask] = {}
        self.service_of: dict[str, ServiceProgress] = {}
        self.visits: dict[str, PlannedVisit] = {}
        self.visit_states: dict[str, str] = {}
        self.waits: dict[str, int] = {}
        self.after: dict[str, list[str]] = {}
        self.running: set[str] = set()
        self.finished: dict[str, bool] = {}
        self.ended: dict[str, datetime] = {}
        self.lags: dict[tuple[str, str], float] = {}
        self.moments: dict[str, datetime] = {}
        self.scheduled: set[str] = set()
        self.built: dict[str, bool] = {}

    def add(self, plan: Plan) -> list[str]:
        """Take in a plan, or what a later plan adds; answers the new tasks and visits that wait for nothing."""
        self.add_items(plan.items)
        added = [service for service in plan.services if service.number or service.id not in self.services]
        for service in added:
            self.add_service(service)
        for service in added:
            self.add_support(service)
        for item in plan.items:
            self.add_needs(item)
        for visit in plan.visits:
            self.visits[visit.id], self.visit_states[visit.id] = visit, ACKNOWLEDGED
            for id in visit.items:
                self.items[id].open.add(visit.id)
        self.add_moments(plan)
        self._add_edges(plan.edges)
        nodes = [*[task.id for service in added for task in service.tasks], *[visit.id for visit in plan.visits]]
        return [node for node in nodes if node not in self.waits]

    def add_items(self, items: Iterable[PlannedItem]) -> None:
        """Items that are new, or planned otherwise now; parents stand before what is nested in them."""
        for planned in items:
            if planned.action == "noChange":
                continue
            known = self.items.get(planned.id)
            if known is None:
                self.items[planned.id] = ItemProgress(planned)
            else:
                known.replan(planned)
            if planned.parent in self.items and planned.id not in self.items[planned.parent].children:
                self.items[planned.parent].children.append(planned.id)

    def add_service(self, planned: PlannedService) -> None:
        """A service that is new."""
        progress = self.services[planned.id] = ServiceProgress(planned)
        for task in planned.tasks:
            self.tasks[task.id] = task
            self.service_of[task.id] = progress

    def add_support(self, planned: PlannedService) -> None:
        """What the service rests on is done before it is."""
        if planned.action == "noChange" or (planned.action == "delete" and planned.tasks):
            return  # when a service with tasks is deleted, its parts wait for it
        for id in planned.supporting:
            part = self.services.get(id)
            if part is not None and part.state != COMPLETED:
                self.services[planned.id].open.add(id)
                part.holders.append(planned.id)

    def add_needs(self, planned: PlannedItem) -> None:
        """The services that an item uses, and waits for."""
        item = self.items.get(planned.id)
        if item is None:
            return
        for id in (*planned.services, *planned.detached):
            service = self.services.get(id)
            ends = service is not None and service.planned.action == "delete"
            if service is None or planned.id in service.users or (ends and id not in planned.detached):
                continue  # who needed a service that the order ends now has no say in that
            service.users.append(planned.id)
            if service.state != COMPLETED:
                item.open.add(id)

    def _add_edges(self, edges: Iterable[tuple[str, str]]) -> None:
        for first, second in edges:
            if first in self.finished:
                self.lag(first, second)
            else:
                self.add_edge(first, second)

    def add_edge(self, first: str, second: str) -> None:
        """`second` waits for `first`."""
        self.after.setdefault(first, []).append(second)
        self.waits[second] = self.waits.get(second, 0) + 1
        if second.startswith("item:"):
            self.items[second[5:]].open.add(second)

    def is_stuck(self, node: str) -> bool:
        """Whether a task or visit waits for a person, or for its target system."""
        return any(node in item.held for item in self.items_of(node))

    def add_moments(self, plan: Plan) -> None:
        """What waits for a time besides other nodes."""
        self.lags.update({(lag.before, lag.after): lag.seconds for lag in plan.lags})
        for each in plan.not_before:
            self._wait_until(each.node, each.due)

    def _wait_until(self, node: str, due: datetime) -> None:
        self.moments[node] = max(self.moments.get(node, due), due)

    def lag(self, first: str, second: str) -> None:
        """What waits for a node that is done waits on from then; one that was given up delays nothing."""
        seconds, ended = self.lags.get((first, second)), self.ended.get(first)
        if seconds is not None and ended is not None:
            self._wait_until(second, ended + timedelta(seconds=seconds))

    def finish(self, node: str, now: datetime, skipped: bool) -> None:
        """A node is done."""
        self.finished[node] = skipped
        self.ended[node] = now

    def free(self, node: str) -> list[str]:
        """A node is out of the way: what waited for nothing else may start."""
        free = []
        for follower in self.after.pop(node, ()):
            if self.lags:
                self.lag(node, follower)
            self.waits[follower] -= 1
            if not self.waits[follower]:
                free.append(follower)
        return free

    def items_of(self, node: str) -> list[ItemProgress]:
        """The items that a task or visit is for."""
        visit = self.visits.get(node)
        if visit is not None:
            return [self.items[id] for id in visit.items]
        service = self.service_of.get(node)
        return [self.items[id] for id in service.users] if service is not None else []

    def has_begun(self, item: ItemProgress) -> bool:
        """Whether anything has been sent out for an item."""
        tasks = (task.id for id in item.planned.services if id in self.services for task in self.services[id].planned.tasks)
        visits = (visit.id for visit in self.visits.values() if item.planned.id in visit.items)
        return any(node in self.running or node in self.finished for nodes in (tasks, visits) for node in nodes)

    def relying_on(self, item: str) -> list[str]:
        """The items that cannot go on before this one is done."""
        found: dict[str, None] = {}
        for follower in self.after.get(f"item:{item}", ()):
            if follower.startswith("item:"):
                found[follower[5:]] = None
            else:
                found.update(dict.fromkeys(each.planned.id for each in self.items_of(follower)))
        return list(found)
