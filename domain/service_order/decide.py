"""What a service order decides on each command."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, assert_never

from domain import fallout
from domain.decider import Events, Need, World
from domain.fallout import AssignFallout, NoteFallout, RaiseFallout, RateFallout, ResolveTask
from domain.service_order.asking import asked, dispatch, parked, release, take_back
from domain.service_order.commands import (
    AcknowledgeServiceOrder,
    AmendServiceOrder,
    AnswerActivation,
    CloseServiceOrderItems,
    Command,
    DispatchTask,
    HoldServiceOrderItems,
    PassDeadline,
    ReleaseServiceOrder,
    ReleaseTask,
    SetValues,
    WithdrawTask,
)
from domain.service_order.events import (
    ActivationAnswered,
    ActivationTimedOut,
    AnswerRecorded,
    ManualTaskOverdue,
    RetryScheduled,
    ServiceOrderAcknowledged,
    ServiceOrderAmended,
    ServiceOrderItemsClosed,
    ServiceOrderReleased,
    TaskWithdrawn,
)
from domain.service_order.evolve import amended, answered, evolve
from domain.service_order.operators import decide_by_hand, raised, resolved
from domain.service_order.state import (
    CLOSED,
    ENDED,
    FALLOUT,
    GONE,
    PARKED,
    RETRYING,
    RUNNING,
    ServiceOrder,
    Task,
    order_state,
    states_after,
    states_anew,
    task_of,
)
from domain.values import Reason, Rejected, Who


def decide(command: Command, order: ServiceOrder | None, world: World) -> Events | Need:
    """The events that follow from `command`. Raises Rejected."""
    if isinstance(command, AcknowledgeServiceOrder):
        return () if order is not None else (_acknowledged(command),)
    if order is None:
        raise Rejected("unknown", f"There is no service order {command.stream}.")
    match command:
        case DispatchTask():
            task = task_of(order, command.task)
            return take_back(command, order, task, world) if command.undo else dispatch(command, order, task, world)
        case AnswerActivation():
            return tuple(_answer(command, order, world))
        case PassDeadline():
            return tuple(_pass_deadline(command, order, world))
        case ResolveTask() | RaiseFallout() | NoteFallout() | AssignFallout() | RateFallout() | SetValues() | HoldServiceOrderItems():
            return decide_by_hand(command, order, world)
        case ReleaseTask():
            return release(command, order, task_of(order, command.task), world)
        case WithdrawTask():
            return tuple(_withdraw(command, order))
        case AmendServiceOrder():
            return _amend(command, order)
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


# Answers and time-outs ----------------------------------------------------------------------------------------------------------------
def _answer(command: AnswerActivation, order: ServiceOrder, world: World) -> Iterator[Any]:
    task = task_of(order, command.task)
    _check_issued(command, task)
    if not _counts(command, task):
        yield AnswerRecorded(command.task, command.key, command.outcome, command.reason, command.at)
        return
    counted = _answered(command, order, task)
    yield counted
    if command.outcome == "completed":
        if task.state == FALLOUT:
            yield resolved(task, fallout.ANSWERED, Who("target system"))
        return
    order = evolve(order, counted)
    if command.outcome == "rejected" and task.state != FALLOUT:
        yield raised(order, task, command.reason, fallout.REFUSED)
    elif command.outcome == "failed":
        yield from _next_attempt(command.stream, order, command.task, command.reason, fallout.FAILED, world)


def _check_issued(command: AnswerActivation, task: Task) -> None:
    """A key that was issued may be answered late; one that never was is nobody's."""
    if command.key not in task.keys:
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
    for the attempt that is running, and none for values that were overridden since. People do not answer: they resolve."""
    if task.planned.kind == "manual" or command.key != task.key or command.outcome == "inProgress" or task.rejected or task.overridden:
        return False
    if task.next[0] not in (0, task.decision):  # it was parked to be asked under another key
        return False
    if command.outcome == "failed":
        return task.state == RUNNING and command.attempt in (0, task.attempt)
    return task.state in (RUNNING, RETRYING, FALLOUT, PARKED) or (task.state == GONE and command.outcome == "completed")


def _next_attempt(stream: str, order: ServiceOrder, id: str, reason: Reason, type: str, world: World) -> Iterator[Any]:
    """Technical failure or time-out: the same key again while the budget lasts, then fallout (domain-rules 3.5, 3.6). A target system that is offline
    cannot be blamed: what it left undone is parked."""
    task = order.tasks[id]
    used = task.attempt - task.first_attempt + 1
    if task.planned.target_system in world.offline:
        yield parked(order, task, *task.again(), task.undo)
    elif used >= task.planned.attempts:
        yield raised(order, task, reason, type)
    elif task.planned.retry_after:
        pauses = task.planned.retry_after
        due = world.now + timedelta(seconds=pauses[min(used, len(pauses)) - 1])
        yield RetryScheduled(id, task.item, task.key, task.attempt, due)
    else:
        yield asked(stream, order, task, world, *task.again(), task.undo)


def _pass_deadline(command: PassDeadline, order: ServiceOrder, world: World) -> Iterator[Any]:
    task = order.tasks.get(command.task)
    if task is None or task.key != command.key or task.attempt != command.attempt or task.due is None or task.due > world.now:
        return
    if task.state == RETRYING:
        yield asked(command.stream, order, task, world, *task.again(), task.undo)
    elif task.state == RUNNING and task.planned.kind == "manual":
        owner = order.items[task.item].service.owner
        yield ManualTaskOverdue(command.task, task.item, task.key, task.planned.group, task.due, owner)
    elif task.state == RUNNING:
        yield ActivationTimedOut(command.task, task.item, task.key, task.attempt)
        yield from _next_attempt(command.stream, order, command.task, _no_answer(task), fallout.NO_ANSWER, world)


def _no_answer(task: Task) -> Reason:
    attempts = task.attempt - task.first_attempt + 1
    return Reason("no-answer", f"No answer from {task.planned.target_system} after {attempts} attempt{'s' if attempts > 1 else ''}")


# The end ------------------------------------------------------------------------------------------------------------------------------
def _withdraw(command: WithdrawTask, order: ServiceOrder) -> Iterator[Any]:
    task = task_of(order, command.task)
    if task.state in ENDED:
        return
    if task.state == FALLOUT:
        yield resolved(task, fallout.WITHDRAWN, Who("crossconnect"))
    items, state = states_after(order, task.in_state(GONE))
    yield TaskWithdrawn(command.task, task.item, items, state)


def _amend(command: AmendServiceOrder, order: ServiceOrder) -> Events:
    changed = tuple([service for service in command.services if service != order.items[service.item].service])
    staying = {service.item for service in command.services}
    removed = tuple([id for id in order.items if id not in staying and id not in order.removed])
    if not changed and not removed and not command.again and order.gates == frozenset(command.gates):
        return ()
    after = amended(order, ServiceOrderAmended(changed, command.gates, command.again, removed, {}, ""))
    values = {service.item: after.items[service.item].values for service in changed}
    return (ServiceOrderAmended(changed, command.gates, command.again, removed, *states_anew(after, order), values),)


def _release(command: ReleaseServiceOrder, order: ServiceOrder) -> Events:
    if command.work_order not in order.gates:
        return ()
    return (ServiceOrderReleased(command.work_order, {}, order_state(order, {}, order.gates - {command.work_order})),)


def _close(command: CloseServiceOrderItems, order: ServiceOrder) -> Events:
    states = {item: command.outcome for item in command.items if order.items[item].state not in (*CLOSED, command.outcome)}
    return (ServiceOrderItemsClosed(states, order_state(order, states, order.gates)),) if states else ()
