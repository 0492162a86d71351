"""Service order (TMF641): the services one product order item needs, and each step of building, changing or ending them.

A task is dispatched as an activation request under a stable key; its answer, a time-out or an operator moves it on. At most one request of a
key is answered in effect (domain-rules 8).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, assert_never

from domain import fallout
from domain.decider import Decider, Events, World
from domain.fallout import FalloutRaised, FalloutResolved, ResolveTask
from domain.plan import PlannedService, PlannedTask
from domain.record import record
from domain.states import ACKNOWLEDGED, CANCELLED, COMPLETED, HELD, IN_PROGRESS, TERMINAL, roll_up
from domain.values import Reason, Rejected, Values, Who

WAITING, RUNNING, RETRYING, FALLOUT = "waiting", "running", "retrying", "fallout"
DONE, SKIPPED, GONE, UNDONE = "done", "skipped", "gone", "undone"
ENDED = frozenset({DONE, SKIPPED, GONE, UNDONE})
INVERSE = {"add": "delete", "delete": "add", "modify": "modify"}


# Commands -------------------------------------------------------------------------------------------------------------------------
@record
class AcknowledgeServiceOrder:
    """Take on a service order of a product order. `gates` are the work orders it waits for."""

    stream: str
    product_order: str
    customer: str
    services: tuple[PlannedService, ...]
    gates: tuple[str, ...]
    requested_start: datetime | None
    requested_completion: datetime | None


@record
class DispatchTask:
    """Send a task to its target system, or to the group that does it by hand. `undo` takes back what it did."""

    stream: str
    task: str
    undo: bool = False


@record
class AnswerActivation:
    """What a target system answered. `attempt` is 0 when the answer does not echo it."""

    stream: str
    task: str
    key: str
    outcome: str
    values: Values
    reason: Reason
    attempt: int
    at: datetime


@record
class PassDeadline:
    """The moment `due` of a task's obligation has passed."""

    stream: str
    task: str
    key: str
    attempt: int


@record
class ReleaseServiceOrder:
    """A work order that gated this service order is over."""

    stream: str
    work_order: str


@record
class WithdrawTask:
    """A task that has not been answered, or never started, is no longer wanted."""

    stream: str
    task: str


@record
class CloseServiceOrderItems:
    """These items end without being completed: `outcome` is cancelled or failed."""

    stream: str
    items: tuple[str, ...]
    outcome: str


Command = (
    AcknowledgeServiceOrder
    | DispatchTask
    | AnswerActivation
    | PassDeadline
    | ReleaseServiceOrder
    | WithdrawTask
    | CloseServiceOrderItems
    | ResolveTask
)


# Events: names and fields are storage format; `items` and `state` are the item and order states that change with the event ---------------
@record
class ServiceOrderAcknowledged:
    product_order: str
    customer: str
    services: tuple[PlannedService, ...]
    gates: tuple[str, ...]
    requested_start: datetime | None
    requested_completion: datetime | None


@record
class ActivationRequested:
    """`request` is the message as sent (contract, "Downstream: activation"); `due` is its `answerBy`."""

    task: str
    item: str
    key: str
    attempt: int
    decision: int
    undo: bool
    due: datetime
    request: dict[str, Any]
    items: dict[str, str]
    state: str


@record
class ActivationAnswered:
    """The answer that counts: `outcome` is completed, rejected or failed."""

    task: str
    item: str
    key: str
    attempt: int
    undo: bool
    outcome: str
    values: dict[str, Any]
    reason: Reason
    at: datetime
    items: dict[str, str]
    state: str


@record
class ActivationTimedOut:
    """Nobody answered in time: the outcome is unknown."""

    task: str
    item: str
    key: str
    attempt: int


@record
class RetryScheduled:
    """The next attempt starts at `due`."""

    task: str
    item: str
    key: str
    attempt: int
    due: datetime


@record
class AnswerRecorded:
    """An answer that changes nothing: progress, a repeat, or one that came after the key's final answer."""

    task: str
    key: str
    outcome: str
    reason: Reason
    at: datetime


@record
class ManualTaskRequested:
    """A step for a person of `group`, who fills in `form`."""

    task: str
    item: str
    key: str
    group: str
    form: tuple[str, ...]
    items: dict[str, str]
    state: str


@record
class TaskCompletedByHand:
    """A manual task done, or a running one that an operator completed."""

    task: str
    item: str
    values: dict[str, Any]
    who: Who
    skipped: bool
    items: dict[str, str]
    state: str


@record
class TaskWithdrawn:
    task: str
    item: str
    items: dict[str, str]
    state: str


@record
class ServiceOrderReleased:
    work_order: str
    items: dict[str, str]
    state: str


@record
class ServiceOrderItemsClosed:
    items: dict[str, str]
    state: str


Event = (
    ServiceOrderAcknowledged
    | ActivationRequested
    | ActivationAnswered
    | ActivationTimedOut
    | RetryScheduled
    | AnswerRecorded
    | ManualTaskRequested
    | TaskCompletedByHand
    | TaskWithdrawn
    | ServiceOrderReleased
    | ServiceOrderItemsClosed
    | FalloutRaised
    | FalloutResolved
)


# State --------------------------------------------------------------------------------------------------------------------------------
@record
class Task:
    """Where one step is. `first_attempt` is where the present retry budget began; `rejected` that the key has its final answer."""

    planned: PlannedTask
    item: str
    state: str = WAITING
    key: str = ""
    attempt: int = 0
    first_attempt: int = 1
    decision: int = 0
    undo: bool = False
    rejected: bool = False
    due: datetime | None = None


@record
class Item:
    """One service order item: `values` are the ordered ones overlaid by what fulfilment assigned."""

    service: PlannedService
    values: dict[str, Any]
    state: str
    tasks: tuple[str, ...]
    closed: str = ""


@record
class ServiceOrder:
    product_order: str
    customer: str
    items: dict[str, Item]
    tasks: dict[str, Task]
    gates: frozenset[str]
    fallouts: int
    requested_start: datetime | None
    state: str


# Decide -------------------------------------------------------------------------------------------------------------------------------
def decide(command: Command, order: ServiceOrder | None, world: World) -> Events:
    if isinstance(command, AcknowledgeServiceOrder):
        return () if order is not None else (_acknowledged(command),)
    if order is None:
        raise Rejected("unknown", f"There is no service order {command.stream}.")
    match command:
        case DispatchTask():
            return _dispatch(command, order, world)
        case AnswerActivation():
            return tuple(_answer(command, order, world))
        case PassDeadline():
            return tuple(_pass_deadline(command, order, world))
        case ResolveTask():
            return tuple(_resolve(command, order, world))
        case WithdrawTask():
            return _withdraw(command, order)
        case ReleaseServiceOrder():
            waiting = command.work_order in order.gates
            return (_told(order, ServiceOrderReleased(command.work_order, {}, "")),) if waiting else ()
        case CloseServiceOrderItems():
            states = {item: command.outcome for item in command.items if order.items[item].state not in TERMINAL}
            return (_told(order, ServiceOrderItemsClosed(states, "")),) if states else ()
        case _:
            assert_never(command)


def _acknowledged(command: AcknowledgeServiceOrder) -> ServiceOrderAcknowledged:
    return ServiceOrderAcknowledged(
        command.product_order,
        command.customer,
        command.services,
        command.gates,
        command.requested_start,
        command.requested_completion,
    )


def _told(order: ServiceOrder, event: Any) -> Any:
    """The event with the item and order states that it brings, so that readers need not know the rules behind them."""
    after = evolve(order, event)
    items = {id: item.state for id, item in after.items.items() if item.state != order.items[id].state}
    return replace(event, items=items, state=after.state if after.state != order.state else "")


def activation_key(stream: str, task: PlannedTask, action: str, decision: int) -> str:
    """Order, service order item, task, action, decision number: stable for every attempt of one decision (contract)."""
    return f"{stream}.{task.id.partition('.')[2]}.{action}.{decision}"


def task_of_key(key: str) -> tuple[str, str] | None:
    """The stream and task id that an activation key belongs to; None when it is not one of ours."""
    parts = key.rsplit(".", 4)
    if len(parts) != 5 or not parts[0].startswith("so-"):
        return None
    stream, item, task, _, _ = parts
    return stream, f"{stream.rpartition('-')[2]}.{item}.{task}"


def _task(order: ServiceOrder, id: str) -> Task:
    task = order.tasks.get(id)
    if task is None:
        raise Rejected("unknown", f"There is no task {id} in this service order.")
    return task


def _dispatch(command: DispatchTask, order: ServiceOrder, world: World) -> Events:
    task = _task(order, command.task)
    if task.state != WAITING and not (command.undo and task.state in (DONE, SKIPPED)):
        return ()
    if task.planned.kind == "manual":
        return (
            _told(
                order, ManualTaskRequested(task.planned.id, task.item, _key(command, task), task.planned.group, task.planned.form, {}, "")
            ),
        )
    return (_requested(command.stream, order, task, world, decision=task.decision + 1, attempt=1, undo=command.undo),)


def _key(command: DispatchTask, task: Task) -> str:
    return activation_key(command.stream, task.planned, task.planned.action, task.decision + 1)


def _requested(stream: str, order: ServiceOrder, task: Task, world: World, decision: int, attempt: int, undo: bool) -> ActivationRequested:
    planned, item = task.planned, order.items[task.item]
    action = INVERSE[planned.action] if undo else planned.action
    key = activation_key(stream, planned, action, decision)
    due = world.now + timedelta(seconds=planned.answer_within)
    values = item.service.previous if undo and planned.action == "modify" else item.values
    request = _message(stream, order, task, item, action, key, attempt, due, values, world.now)
    return _told(order, ActivationRequested(planned.id, task.item, key, attempt, decision, undo, due, request, {}, ""))  # type: ignore[no-any-return]


def _message(
    stream: str,
    order: ServiceOrder,
    task: Task,
    item: Item,
    action: str,
    key: str,
    attempt: int,
    due: datetime,
    values: dict[str, Any],
    now: datetime,
) -> dict[str, Any]:
    service = item.service
    start = max(order.requested_start, now) if order.requested_start else now
    return {
        "activationKey": key,
        "attempt": attempt,
        "action": action,
        "task": task.planned.name,
        "targetSystem": task.planned.target_system,
        "service": {
            "id": service.id,
            "@type": "Service",
            "category": service.category,
            "name": service.name,
            "serviceSpecification": {"id": service.specification, "version": service.version},
            "serviceCharacteristic": [{"name": name, "value": value} for name, value in values.items()],
            "place": [{"id": place.id, "role": place.role} for place in service.places],
            "supportingService": [{"id": id} for id in service.supporting],
        },
        "serviceOrder": {"id": stream, "itemId": task.item},
        "productOrder": {"id": order.product_order, "itemId": service.owner},
        "requestedStartDate": start,
        "answerBy": due,
    }


def _answer(command: AnswerActivation, order: ServiceOrder, world: World) -> Iterator[Any]:
    task = _task(order, command.task)
    if not _counts(command, task):
        yield AnswerRecorded(command.task, command.key, command.outcome, command.reason, command.at)
        return
    answered = _told(
        order,
        ActivationAnswered(
            command.task,
            task.item,
            command.key,
            task.attempt,
            task.undo,
            command.outcome,
            dict(command.values),
            command.reason,
            command.at,
            {},
            "",
        ),
    )
    yield answered
    order = evolve(order, answered)
    if command.outcome == "completed" and task.state == FALLOUT:
        yield _told(order, FalloutResolved(command.task, order.fallouts, fallout.ANSWERED, Who("target system"), task.item, {}, ""))
    elif command.outcome == "rejected" and task.state != FALLOUT:
        yield _raised(order, task, command.reason)
    elif command.outcome == "failed":
        yield from _next_attempt(command.stream, order, command.task, command.reason, world)


def _counts(command: AnswerActivation, task: Task) -> bool:
    """The first final answer of the present key counts; a failure only for the attempt that is running."""
    if command.key != task.key or command.outcome == "inProgress" or task.rejected:
        return False
    if command.outcome == "failed":
        return task.state == RUNNING and command.attempt in (0, task.attempt)
    return task.state in (RUNNING, RETRYING, FALLOUT)


def _raised(order: ServiceOrder, task: Task, reason: Reason) -> FalloutRaised:
    return _told(order, FalloutRaised(task.planned.id, order.fallouts + 1, reason, task.item, {}, ""))  # type: ignore[no-any-return]


def _next_attempt(stream: str, order: ServiceOrder, id: str, reason: Reason, world: World) -> Iterator[Any]:
    """Technical failure or time-out: the same key again while the budget lasts, then fallout (domain-rules 3.5, 3.6)."""
    task = order.tasks[id]
    used = task.attempt - task.first_attempt + 1
    if used >= task.planned.attempts:
        yield _raised(order, task, reason)
    elif task.planned.retry_after:
        pauses = task.planned.retry_after
        due = world.now + timedelta(seconds=pauses[min(used, len(pauses)) - 1])
        yield RetryScheduled(id, task.item, task.key, task.attempt, due)
    else:
        yield _requested(stream, order, task, world, task.decision, task.attempt + 1, task.undo)


def _pass_deadline(command: PassDeadline, order: ServiceOrder, world: World) -> Iterator[Any]:
    task = order.tasks.get(command.task)
    if task is None or task.key != command.key or task.attempt != command.attempt or task.due is None or task.due > world.now:
        return
    if task.state == RETRYING:
        yield _requested(command.stream, order, task, world, task.decision, task.attempt + 1, task.undo)
    elif task.state == RUNNING:
        yield ActivationTimedOut(command.task, task.item, task.key, task.attempt)
        reason = Reason("no-answer", f"No answer from {task.planned.target_system} after {task.attempt - task.first_attempt + 1} attempts")
        yield from _next_attempt(command.stream, order, command.task, reason, world)


def _resolve(command: ResolveTask, order: ServiceOrder, world: World) -> Iterator[Any]:
    task = _task(order, command.task)
    manual = task.state == RUNNING and task.planned.kind == "manual"
    allowed = task.state == FALLOUT or manual or (task.state in (RUNNING, RETRYING) and command.action == fallout.COMPLETE)
    if not allowed or (manual and command.action == fallout.RETRY):
        raise Rejected("conflict", f"Task {command.task} is {task.state}: it cannot be resolved by {command.action} now.")
    if task.state == FALLOUT:
        resolved = _told(order, FalloutResolved(command.task, order.fallouts, command.action, command.who, task.item, {}, ""))
        yield resolved
        order = evolve(order, resolved)
    if command.action == fallout.RETRY:
        yield _retried(command.stream, order, task, world)
    elif command.action in (fallout.SKIP, fallout.COMPLETE):
        skipped = command.action == fallout.SKIP
        yield _told(order, TaskCompletedByHand(command.task, task.item, dict(command.values), command.who, skipped, {}, ""))


def _retried(stream: str, order: ServiceOrder, task: Task, world: World) -> Any:
    """An operator's retry: after a refusal a new decision with a new key, else the same key goes on (contract)."""
    if task.planned.kind == "manual":
        key = activation_key(stream, task.planned, task.planned.action, task.decision + 1)
        return _told(order, ManualTaskRequested(task.planned.id, task.item, key, task.planned.group, task.planned.form, {}, ""))
    if task.rejected:
        return _requested(stream, order, task, world, task.decision + 1, 1, task.undo)
    return _requested(stream, order, task, world, task.decision, task.attempt + 1, task.undo)


def _withdraw(command: WithdrawTask, order: ServiceOrder) -> Events:
    task = _task(order, command.task)
    return () if task.state in ENDED else (_told(order, TaskWithdrawn(command.task, task.item, {}, "")),)


# Evolve -------------------------------------------------------------------------------------------------------------------------------
def evolve(order: ServiceOrder | None, event: Event) -> ServiceOrder:
    if isinstance(event, ServiceOrderAcknowledged):
        return _begun(event)
    assert order is not None, "a service order's history begins with ServiceOrderAcknowledged"
    match event:
        case ActivationRequested():
            return _moved(order, event.task, _running(order.tasks[event.task], event))
        case ActivationAnswered():
            return _answered(order, event)
        case ManualTaskRequested():
            task = order.tasks[event.task]
            return _moved(order, event.task, Task(task.planned, task.item, RUNNING, event.key, 1, 1, task.decision + 1))
        case TaskCompletedByHand():
            state = SKIPPED if event.skipped else DONE
            task = order.tasks[event.task]
            return _moved(order, event.task, _in(task, UNDONE if task.undo else state), event.values)
        case ActivationTimedOut() | AnswerRecorded():
            return order
        case RetryScheduled():
            return _moved(order, event.task, _in(order.tasks[event.task], RETRYING, event.due))
        case FalloutRaised():
            return _moved(order, event.task, _in(order.tasks[event.task], FALLOUT), fallouts=1)
        case FalloutResolved():
            return order if event.action != fallout.ABORT else _moved(order, event.task, _in(order.tasks[event.task], GONE))
        case TaskWithdrawn():
            return _moved(order, event.task, _in(order.tasks[event.task], GONE))
        case ServiceOrderReleased():
            return _rolled_up(order, order.items, order.tasks, order.gates - {event.work_order}, order.fallouts)
        case ServiceOrderItemsClosed():
            items = {id: _closed(item, event.items[id]) if id in event.items else item for id, item in order.items.items()}
            return _rolled_up(order, items, order.tasks, order.gates, order.fallouts)
        case _:
            assert_never(event)


def _begun(event: ServiceOrderAcknowledged) -> ServiceOrder:
    tasks = {task.id: Task(task, service.item) for service in event.services for task in service.tasks}
    items = {
        service.item: Item(service, service.values, ACKNOWLEDGED, tuple(task.id for task in service.tasks)) for service in event.services
    }
    gates = frozenset(event.gates)
    return ServiceOrder(event.product_order, event.customer, items, tasks, gates, 0, event.requested_start, ACKNOWLEDGED)


def _running(task: Task, event: ActivationRequested) -> Task:
    new_budget = event.decision != task.decision or task.state == FALLOUT
    first = event.attempt if new_budget else task.first_attempt
    return Task(task.planned, task.item, RUNNING, event.key, event.attempt, first, event.decision, event.undo, False, event.due)


def _answered(order: ServiceOrder, event: ActivationAnswered) -> ServiceOrder:
    task = order.tasks[event.task]
    if event.outcome == "completed":
        return _moved(order, event.task, _in(task, UNDONE if task.undo else DONE), {} if task.undo else event.values)
    rejected = event.outcome == "rejected"
    state = task.state if task.state == FALLOUT else RUNNING
    ended = Task(task.planned, task.item, state, task.key, task.attempt, task.first_attempt, task.decision, task.undo, rejected, None)
    return _moved(order, event.task, ended)


def _in(task: Task, state: str, due: datetime | None = None) -> Task:
    return Task(task.planned, task.item, state, task.key, task.attempt, task.first_attempt, task.decision, task.undo, task.rejected, due)


def _closed(item: Item, outcome: str) -> Item:
    return Item(item.service, item.values, item.state, item.tasks, outcome)


def _moved(order: ServiceOrder, id: str, task: Task, values: dict[str, Any] | None = None, fallouts: int = 0) -> ServiceOrder:
    """The order with one task moved, its item's values overlaid, and all states that follow."""
    tasks = {**order.tasks, id: task}
    items = order.items
    if values:
        item = items[task.item]
        items = {**items, task.item: Item(item.service, {**item.values, **values}, item.state, item.tasks, item.closed)}
    return _rolled_up(order, items, tasks, order.gates, order.fallouts + fallouts)


def _rolled_up(order: ServiceOrder, items: dict[str, Item], tasks: dict[str, Task], gates: frozenset[str], fallouts: int) -> ServiceOrder:
    done = {item.service.id for item in items.values() if item.state == COMPLETED}
    settled: dict[str, Item] = {}
    for id in reversed(items):  # a CFS stands before the services that support it, so they are settled first
        item = items[id]
        state = _item_state(item, tasks, {other.service.id: other.state for other in settled.values()}, done)
        settled[id] = item if state == item.state else Item(item.service, item.values, state, item.tasks, item.closed)
    ordered = {id: settled[id] for id in items}
    state = roll_up([item.state for item in ordered.values()])
    if gates and state == COMPLETED:
        state = IN_PROGRESS
    return ServiceOrder(order.product_order, order.customer, ordered, tasks, gates, fallouts, order.requested_start, state)


def _item_state(item: Item, tasks: dict[str, Task], settled: dict[str, str], done: set[str]) -> str:
    if item.closed:
        return item.closed
    states = {tasks[id].state for id in item.tasks}
    below = {settled[id] for id in item.service.supporting if id in settled} if item.service.action != "delete" else set()
    if FALLOUT in states:
        return HELD
    if states <= {DONE, SKIPPED} and below <= {COMPLETED}:
        return COMPLETED
    if states <= {WAITING} and below <= {ACKNOWLEDGED}:
        return ACKNOWLEDGED
    return CANCELLED if states and states <= {GONE, UNDONE} and item.closed else IN_PROGRESS


def is_over(order: ServiceOrder) -> bool:
    return order.state in TERMINAL


decider = Decider("so", decide, evolve, is_over)
