"""What a service order decides on each command."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, assert_never

from domain import fallout
from domain.decider import Events, Facts, Need, World
from domain.fallout import FalloutRaised, FalloutResolved, ResolveTask
from domain.plan import PlannedService
from domain.service import ACTIVE, Service
from domain.service_order.commands import (
    AcknowledgeServiceOrder,
    AnswerActivation,
    CloseServiceOrderItems,
    Command,
    DispatchTask,
    PassDeadline,
    ReleaseServiceOrder,
    WithdrawTask,
)
from domain.service_order.events import (
    ActivationAnswered,
    ActivationRequested,
    ActivationTimedOut,
    AnswerRecorded,
    ManualTaskRequested,
    RetryScheduled,
    ServiceOrderAcknowledged,
    ServiceOrderItemsClosed,
    ServiceOrderReleased,
    TaskCompletedByHand,
    TaskWithdrawn,
    UndoSpared,
)
from domain.service_order.evolve import answered, evolve
from domain.service_order.keys import activation_key
from domain.service_order.request import activation_request
from domain.service_order.state import (
    CLOSED,
    DONE,
    ENDED,
    FALLOUT,
    GONE,
    RETRYING,
    RUNNING,
    SKIPPED,
    WAITING,
    ServiceOrder,
    Task,
    order_state,
    states_after,
)
from domain.values import Reason, Rejected, Values, Who

INVERSE = {"add": "delete", "delete": "add", "modify": "modify"}


def decide(command: Command, order: ServiceOrder | None, world: World) -> Events | Need:
    """The events that follow from `command`. Raises Rejected."""
    if isinstance(command, AcknowledgeServiceOrder):
        return () if order is not None else (_acknowledged(command),)
    if order is None:
        raise Rejected("unknown", f"There is no service order {command.stream}.")
    match command:
        case DispatchTask():
            return _take_back(command, order, world) if command.undo else _dispatch(command, order, world)
        case AnswerActivation():
            return tuple(_answer(command, order, world))
        case PassDeadline():
            return tuple(_pass_deadline(command, order, world))
        case ResolveTask():
            return tuple(_resolve(command, order, world))
        case WithdrawTask():
            return tuple(_withdraw(command, order))
        case ReleaseServiceOrder():
            return _release(command, order)
        case CloseServiceOrderItems():
            return _close(command, order)
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


def _task(order: ServiceOrder, id: str) -> Task:
    task = order.tasks.get(id)
    if task is None:
        raise Rejected("unknown", f"There is no task {id} in this service order.")
    return task


# Requests -----------------------------------------------------------------------------------------------------------------------------
def _dispatch(command: DispatchTask, order: ServiceOrder, world: World) -> Events:
    task = _task(order, command.task)
    if task.state != WAITING:
        return ()
    if task.planned.kind == "manual":
        return (_handed_out(command.stream, order, task),)
    return (_requested(command.stream, order, task, world, task.decision + 1, 1, undo=False),)


def _take_back(command: DispatchTask, order: ServiceOrder, world: World) -> Events | Need:
    """Undo a task, unless what it built has come into use by products of other orders meanwhile (domain-rules 6.3)."""
    task = _task(order, command.task)
    if task.state not in (DONE, SKIPPED):
        return ()
    planned = order.items[task.item].service
    facts = Facts(world.loaded)
    service: Service | None = facts.get(planned.id) if planned.action == "add" else None
    if facts.need is not None:
        return facts.need
    if service is not None and service.is_held_by_others(order.product_order):
        return (UndoSpared(command.task, task.item),)
    return (_requested(command.stream, order, task, world, task.decision + 1, 1, undo=True),)


def _handed_out(stream: str, order: ServiceOrder, task: Task) -> ManualTaskRequested:
    planned = task.planned
    key = activation_key(stream, planned, planned.action, task.decision + 1)
    items, state = states_after(order, task.requested(key, 1, task.decision + 1, False, None))
    owner = order.items[task.item].service.owner
    return ManualTaskRequested(planned.id, task.item, key, planned.group, planned.form, items, state, owner)


def _requested(stream: str, order: ServiceOrder, task: Task, world: World, decision: int, attempt: int, undo: bool) -> ActivationRequested:
    planned, item = task.planned, order.items[task.item]
    action = INVERSE[planned.action] if undo else planned.action
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


# Answers and time-outs ----------------------------------------------------------------------------------------------------------------
def _answer(command: AnswerActivation, order: ServiceOrder, world: World) -> Iterator[Any]:
    task = _task(order, command.task)
    _check_issued(command, task)
    if not _counts(command, task):
        yield AnswerRecorded(command.task, command.key, command.outcome, command.reason, command.at)
        return
    counted = _answered(command, order, task)
    yield counted
    if command.outcome == "completed":
        if task.state == FALLOUT:
            yield _resolved(task, fallout.ANSWERED, Who("target system"))
        return
    order = evolve(order, counted)
    if command.outcome == "rejected" and task.state != FALLOUT:
        yield _raised(order, task, command.reason)
    elif command.outcome == "failed":
        yield from _next_attempt(command.stream, order, command.task, command.reason, world)


def _check_issued(command: AnswerActivation, task: Task) -> None:
    """A key that was issued may be answered late; one that never was is nobody's."""
    if command.key == task.key != "":
        return
    planned = task.planned
    for decision in range(1, task.decision + 1):
        action = INVERSE[planned.action] if 0 < task.first_undo <= decision else planned.action
        if command.key == activation_key(command.stream, planned, action, decision):
            return
    raise Rejected("unknown", f"Nobody has asked for activation key {command.key!r}.")


def _answered(command: AnswerActivation, order: ServiceOrder, task: Task) -> ActivationAnswered:
    items, state = states_after(order, answered(task, command.outcome))
    return ActivationAnswered(
        command.task,
        task.item,
        command.key,
        task.attempt,
        task.undo,
        command.outcome,
        dict(command.values),
        command.reason,
        command.at,
        items,
        state,
    )


def _counts(command: AnswerActivation, task: Task) -> bool:
    """The first final answer of the present key counts, a completion even when the task is not wanted any more (then it is undone); a failure only
    for the attempt that is running. People do not answer: they resolve."""
    if task.planned.kind == "manual" or command.key != task.key or command.outcome == "inProgress" or task.rejected:
        return False
    if command.outcome == "failed":
        return task.state == RUNNING and command.attempt in (0, task.attempt)
    return task.state in (RUNNING, RETRYING, FALLOUT) or (task.state == GONE and command.outcome == "completed")


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
        yield from _next_attempt(command.stream, order, command.task, _no_answer(task), world)


def _no_answer(task: Task) -> Reason:
    attempts = task.attempt - task.first_attempt + 1
    return Reason("no-answer", f"No answer from {task.planned.target_system} after {attempts} attempt{'s' if attempts > 1 else ''}")


# Fallout ------------------------------------------------------------------------------------------------------------------------------
def _raised(order: ServiceOrder, task: Task, reason: Reason) -> FalloutRaised:
    number = order.fallouts + 1
    items, state = states_after(order, task.in_state(FALLOUT, fallout=number))
    return FalloutRaised(task.planned.id, number, reason, task.item, items, state, owner=order.items[task.item].service.owner)


def _resolved(
    task: Task, action: str, who: Who, items: Mapping[str, str] | None = None, state: str = "", number: int = 0
) -> FalloutResolved:
    return FalloutResolved(task.planned.id, number or task.fallout, action, who, task.item, dict(items or {}), state)


def _resolve(command: ResolveTask, order: ServiceOrder, world: World) -> Iterator[Any]:
    task = _task(order, command.task)
    _check_resolvable(command, task)
    if command.action == fallout.ABORT:
        yield from _aborted(command, order, task)
        return
    if task.state == FALLOUT:
        yield _resolved(task, command.action, command.who)
    if command.action == fallout.RETRY:
        yield _retried(command.stream, order, task, world)
    else:
        yield _completed_by_hand(order, task, command.values, command.who, command.action == fallout.SKIP)


def _check_resolvable(command: ResolveTask, task: Task) -> None:
    """In fallout everything goes; a step for people can be ended by them; a request that is out can only be completed by hand."""
    by_people = task.planned.kind == "manual" and task.state == RUNNING and command.action != fallout.RETRY
    completed = task.state in (RUNNING, RETRYING) and command.action == fallout.COMPLETE
    if command.action not in fallout.OPERATOR_ACTIONS:
        raise Rejected("invalid", f"{command.action!r} is not one of {', '.join(fallout.OPERATOR_ACTIONS)}.")
    if not (task.state == FALLOUT or by_people or completed):
        raise Rejected("conflict", f"Task {command.task} is {task.state}: it cannot be resolved by {command.action} now.")


def _aborted(command: ResolveTask, order: ServiceOrder, task: Task) -> Iterator[Any]:
    """A step for people that was not in fallout gets one first: aborting is what an operator decides about a fallout (domain-rules 3.7)."""
    number = task.fallout
    if task.state != FALLOUT:
        raised = _raised(order, task, Reason("aborted", command.who.reason or "Aborted by hand"))
        yield raised
        order, number = evolve(order, raised), raised.number
    items, state = states_after(order, task.in_state(GONE))
    yield _resolved(task, command.action, command.who, items, state, number)


def _retried(stream: str, order: ServiceOrder, task: Task, world: World) -> Any:
    """An operator's retry: after a refusal a new decision with a new key, else the same key goes on (contract)."""
    if task.rejected:
        return _requested(stream, order, task, world, task.decision + 1, 1, task.undo)
    return _requested(stream, order, task, world, task.decision, task.attempt + 1, task.undo)


def _completed_by_hand(order: ServiceOrder, task: Task, values: Values, who: Who, skipped: bool) -> TaskCompletedByHand:
    items, state = states_after(order, task.ended(skipped))
    return TaskCompletedByHand(task.planned.id, task.item, dict(values), who, task.undo, skipped, items, state)


# The end ------------------------------------------------------------------------------------------------------------------------------
def _withdraw(command: WithdrawTask, order: ServiceOrder) -> Iterator[Any]:
    task = _task(order, command.task)
    if task.state in ENDED:
        return
    if task.state == FALLOUT:
        yield _resolved(task, fallout.WITHDRAWN, Who("crossconnect"))
    items, state = states_after(order, task.in_state(GONE))
    yield TaskWithdrawn(command.task, task.item, items, state)


def _release(command: ReleaseServiceOrder, order: ServiceOrder) -> Events:
    if command.work_order not in order.gates:
        return ()
    return (ServiceOrderReleased(command.work_order, {}, order_state(order, {}, order.gates - {command.work_order})),)


def _close(command: CloseServiceOrderItems, order: ServiceOrder) -> Events:
    states = {item: command.outcome for item in command.items if order.items[item].state not in (*CLOSED, command.outcome)}
    return (ServiceOrderItemsClosed(states, order_state(order, states, order.gates)),) if states else ()
