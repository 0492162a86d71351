"""Replanning: another plan in the place of the one that an order has come some way with; what stays keeps how far it is."""

from collections.abc import Collection, Iterable

from domain.plan import Plan, service_node
from domain.processes.progress import Progress, ServiceProgress, undo_node
from domain.states import ACKNOWLEDGED, CANCELLED, COMPLETED, FAILED, TERMINAL

CLOSED = frozenset({CANCELLED, FAILED})


def replan(
    progress: Progress,
    plan: Plan,
    again: Collection[str],
    undo_first: Collection[str],
    reopened: Collection[str],
    changed: Collection[str],
) -> list[ServiceProgress]:
    """Put `plan` in its place. Tasks to be done `again` count as not done, some of them once they have been undone; item nodes that are `reopened`, and
    service order items that are `changed`, too. Answers the services that are no longer worked on as they were."""
    finished = progress.finished
    for node in again:
        if node in finished and node not in undo_first:
            progress.built[node] = finished.pop(node)
    for node in reopened:
        finished.pop(node, None)
    leaving = _replan_services(progress, plan, finished.keys() - again, changed)
    _replan_items(progress, plan)
    _replan_visits(progress, plan)
    _replan_edges(progress, plan, again)
    return leaving


def _replan_services(progress: Progress, plan: Plan, done: Collection[str], changed: Collection[str]) -> list[ServiceProgress]:
    services, leaving = progress.services, []
    staying = {planned.id for planned in plan.services}
    for planned in plan.services:
        before = services.get(planned.id)
        if before is not None and service_node(before.planned) == service_node(planned):
            before.replan(planned)
        else:
            if before is not None and before.planned.number:
                leaving.append(before)
            progress.add_service(planned)
        for task in planned.tasks:
            progress.tasks[task.id], progress.service_of[task.id] = task, services[planned.id]
    leaving.extend(service for id, service in services.items() if id not in staying and service.planned.number)
    for service in services.values():
        service.users, service.holders = [], []
    for planned in plan.services:
        services[planned.id].reopen(done, bool(planned.number) and service_node(planned) in changed)
    for planned in plan.services:
        if services[planned.id].state != COMPLETED:
            progress.add_support(planned)
    return [service for service in leaving if service.state not in CLOSED]


def _replan_items(progress: Progress, plan: Plan) -> None:
    staying = {planned.id for planned in plan.items}
    for item in progress.items.values():
        item.children, item.open = [], set()
    progress.add_items(plan.items)
    leaving = {id: item for id, item in progress.items.items() if id not in staying}
    for item in (progress.items[planned.id] for planned in plan.items if planned.id in progress.items):  # in this order, everywhere
        progress.add_needs(item.planned)
        item.open = set() if item.state in TERMINAL else item.open
    for id, item in leaving.items():
        if item.planned.parent in leaving:
            leaving[item.planned.parent].children.append(id)
        progress.add_needs(item.planned)
        item.open = set()


def _replan_visits(progress: Progress, plan: Plan) -> None:
    for visit in plan.visits:
        progress.visits[visit.id] = visit
        if progress.visit_states.setdefault(visit.id, ACKNOWLEDGED) in TERMINAL:
            continue
        for item in (progress.items[id] for id in visit.items):
            if item.state not in TERMINAL:
                item.open.add(visit.id)


def _replan_edges(progress: Progress, plan: Plan, again: Collection[str]) -> None:
    progress.waits, progress.after, progress.lags, progress.moments = {}, {}, {}, {}
    progress.add_moments(plan)
    for first, second in plan.edges:
        if _has_started(progress, second) and second not in again:
            continue
        if first in progress.finished and first not in again:
            progress.lag(first, second)
        else:
            progress.add_edge(first, second)


def _has_started(progress: Progress, node: str) -> bool:
    return node in progress.finished or node in progress.running


def wait_for_undo(progress: Progress, task: str, followers: Iterable[str]) -> None:
    """Until `task` has been undone these wait."""
    for follower in followers:
        progress.add_edge(undo_node(task), follower)


def startable(progress: Progress, plan: Plan, again: Collection[str]) -> list[str]:
    """The nodes of the plan that wait for nothing and have not been started; a task that is in fallout may be started `again`."""
    nodes = [*[task.id for service in plan.services for task in service.tasks], *[visit.id for visit in plan.visits]]
    free = [node for node in nodes if node not in progress.waits and node not in progress.scheduled]
    return [node for node in free if (node in again if progress.is_stuck(node) else not _has_started(progress, node))]
