"""Asking for a step: a request to its target system, a task for people, or nothing yet while that system is offline (domain-rules 3.2, 3.6)."""

from datetime import timedelta

from domain.decider import Events, Facts, Need, World
from domain.fallout import AMENDED, FalloutResolved
from domain.plan import PlannedService
from domain.service import ACTIVE, Service
from domain.service_order.commands import DispatchTask, ReleaseTask
from domain.service_order.events import ActivationRequested, ManualTaskRequested, TaskParked, UndoSpared
from domain.service_order.keys import INVERSE, activation_key
from domain.service_order.request import activation_request
from domain.service_order.state import DONE, FALLOUT, GONE, PARKED, SKIPPED, UNDONE, WAITING, ServiceOrder, Task, states_after
from domain.values import Who

Asked = ActivationRequested | ManualTaskRequested | TaskParked


def dispatch(command: DispatchTask, order: ServiceOrder, task: Task, world: World) -> Events:
    """A step whose turn has come, for the first time or because an amendment wants it done again."""
    if task.redo and task.state == FALLOUT:
        resolved = FalloutResolved(command.task, task.fallout, AMENDED, Who("crossconnect"), task.item, {}, "")
        return (resolved, asked(command.stream, order, task, world, task.decision + 1, 1, undo=False))
    if task.state not in (WAITING, UNDONE, GONE):
        return ()
    return (asked(command.stream, order, task, world, task.decision + 1, 1, undo=False),)


def take_back(command: DispatchTask, order: ServiceOrder, task: Task, world: World) -> Events | Need:
    """Undo a task, unless what it built has come into use by products of other orders meanwhile (domain-rules 6.3)."""
    if task.state not in (DONE, SKIPPED) and not (task.built and task.state in (WAITING, GONE)):
        return ()
    planned = order.items[task.item].service
    facts = Facts(world.loaded)
    service: Service | None = facts.get(planned.id) if planned.action == "add" else None
    if facts.need is not None:
        return facts.need
    if service is not None and service.is_held_by_others(order.product_order):
        return (UndoSpared(command.task, task.item),)
    return (asked(command.stream, order, task, world, task.decision + 1, 1, undo=True),)


def release(command: ReleaseTask, order: ServiceOrder, task: Task, world: World) -> Events:
    """A parked step goes on, unless its target system is still, or again, offline, or an operator holds its item."""
    if task.state != PARKED or task.planned.target_system in world.offline or (task.item in order.held and not task.undo):
        return ()
    return (asked(command.stream, order, task, world, *task.again(), task.undo),)


def asked(stream: str, order: ServiceOrder, task: Task, world: World, decision: int, attempt: int, undo: bool) -> Asked:
    """What asking for this attempt comes to."""
    if task.planned.kind == "manual":
        return _handed_out(stream, order, task, world, decision, undo)
    if task.planned.target_system in world.offline:
        return parked(order, task, decision, attempt, undo)
    return _requested(stream, order, task, world, decision, attempt, undo)


def parked(order: ServiceOrder, task: Task, decision: int, attempt: int, undo: bool) -> TaskParked:
    """The step waits for its target system; no attempt is spent."""
    planned = task.planned
    items, state = states_after(order, task.parked(decision, attempt, undo))
    owner = order.items[task.item].service.owner
    return TaskParked(planned.id, task.item, planned.target_system, decision, attempt, undo, items, state, owner)


def _action(task: Task, undo: bool) -> str:
    """What is asked for: what is there already is modified, not added a second time."""
    action = task.planned.action
    if undo:
        return INVERSE[action]
    return "modify" if action == "add" and task.built else action


def _handed_out(stream: str, order: ServiceOrder, task: Task, world: World, decision: int, undo: bool) -> ManualTaskRequested:
    planned = task.planned
    key = activation_key(stream, planned, _action(task, undo), decision)
    due = world.now + timedelta(seconds=planned.answer_within) if planned.answer_within else None
    items, state = states_after(order, task.requested(key, 1, decision, undo, due))
    owner, form = order.items[task.item].service.owner, () if undo else planned.form
    return ManualTaskRequested(planned.id, task.item, key, planned.group, form, items, state, owner, due, undo, decision)


def _requested(stream: str, order: ServiceOrder, task: Task, world: World, decision: int, attempt: int, undo: bool) -> ActivationRequested:
    planned, item = task.planned, order.items[task.item]
    action = _action(task, undo)
    key = activation_key(stream, planned, action, decision)
    due = world.now + timedelta(seconds=planned.answer_within)
    values = item.service.previous if undo and planned.action == "modify" else item.values
    state = _wanted_state(item.service, undo)
    request = activation_request(stream, order, task, action, key, attempt, due, values, world.now, state)
    items, state = states_after(order, task.requested(key, attempt, decision, undo, due))
    return ActivationRequested(planned.id, task.item, key, attempt, decision, undo, due, request, items, state)


def _wanted_state(service: PlannedService, undo: bool) -> str:
    """Whether the service is to run after the task, where the task decides it: when a product is suspended or resumed, and when that is undone."""
    if not undo:
        return service.state
    return service.previous_state or (ACTIVE if service.state else "")
