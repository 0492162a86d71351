"""What operators decide about the steps and values of a service order (domain-rules 3.7)."""

from collections.abc import Iterator, Mapping
from typing import Any, assert_never

from domain import fallout
from domain.catalog import Catalog
from domain.decider import Events, Facts, Need, World
from domain.fallout import (
    AssignFallout,
    Documenting,
    FalloutRaised,
    FalloutResolved,
    NoteFallout,
    RaiseFallout,
    RateFallout,
    ResolveTask,
)
from domain.service_order.asking import asked
from domain.service_order.commands import HoldServiceOrderItems, SetValues
from domain.service_order.events import ServiceOrderHoldChanged, ServiceOrderItemValuesSet, TaskCompletedByHand
from domain.service_order.evolve import evolve
from domain.service_order.state import FALLOUT, GONE, PARKED, RETRYING, RUNNING, Item, ServiceOrder, Task, states_after, task_of
from domain.states import CANCELLED, TERMINAL
from domain.values import Reason, Rejected, Values, Who

ByHand = ResolveTask | RaiseFallout | Documenting | SetValues | HoldServiceOrderItems


def decide_by_hand(command: ByHand, order: ServiceOrder, world: World) -> Events | Need:
    """Whatever a person has decided."""
    match command:
        case ResolveTask():
            return tuple(resolve(command, order, task_of(order, command.task), world))
        case RaiseFallout():
            return raise_by_hand(command, order, task_of(order, command.task))
        case SetValues():
            return set_values(command, order, world)
        case HoldServiceOrderItems():
            changed = set(command.items) != order.held and order.state not in TERMINAL
            return (ServiceOrderHoldChanged(command.items),) if changed else ()
        case NoteFallout() | AssignFallout() | RateFallout():
            return fallout.document(command, order.open_fallouts)
        case _:
            assert_never(command)


# Fallout ------------------------------------------------------------------------------------------------------------------------------
def raised(
    order: ServiceOrder, task: Task, reason: Reason, type: str, severity: str = "major", group: str = "", who: Who | None = None
) -> FalloutRaised:
    """The step stops and waits for a person."""
    number, service = order.fallouts + 1, order.items[task.item].service
    items, state = states_after(order, task.in_state(FALLOUT, fallout=number))
    return FalloutRaised(
        task.planned.id,
        number,
        reason,
        task.item,
        items,
        state,
        severity,
        service.owner,
        type,
        group,
        task.planned.target_system,
        service.specification,
        who,
    )


def resolved(
    task: Task, action: str, who: Who, items: Mapping[str, str] | None = None, state: str = "", number: int = 0
) -> FalloutResolved:
    """The fallout of a step is over."""
    return FalloutResolved(task.planned.id, number or task.fallout, action, who, task.item, dict(items or {}), state)


def raise_by_hand(command: RaiseFallout, order: ServiceOrder, task: Task) -> Events:
    """Only what is out, or about to be asked again, can come to nothing; what has not begun can be held."""
    fallout.check_severity(command.severity)
    if task.state not in (RUNNING, RETRYING, PARKED):
        raise Rejected("conflict", f"Task {command.task} is {task.state}: no fallout can be raised for it now.")
    return (raised(order, task, command.reason, command.type, command.severity, command.group, command.who),)


def resolve(command: ResolveTask, order: ServiceOrder, task: Task, world: World) -> Iterator[Any]:
    """Retry, skip, complete or abort."""
    _check_resolvable(command, task)
    if command.action == fallout.ABORT:
        yield from _aborted(command, order, task)
        return
    if command.action == fallout.COMPLETE:
        _check_form(command, task)
    if task.state == FALLOUT:
        yield resolved(task, command.action, command.who)
    if command.action == fallout.RETRY:
        yield asked(command.stream, order, task, world, *task.again(), task.undo)
    else:
        yield _completed_by_hand(order, task, command.values, command.who, command.action == fallout.SKIP)


def _check_resolvable(command: ResolveTask, task: Task) -> None:
    """In fallout everything goes; what waits for people, or for a target system that is offline, can be ended by an operator; a request that is out
    can only be completed by hand."""
    waits = task.state == PARKED or (task.planned.kind == "manual" and task.state == RUNNING)
    by_people = waits and command.action != fallout.RETRY
    completed = task.state in (RUNNING, RETRYING) and command.action == fallout.COMPLETE
    if command.action not in fallout.OPERATOR_ACTIONS:
        raise Rejected("invalid", f"{command.action!r} is not one of {', '.join(fallout.OPERATOR_ACTIONS)}.")
    if not (task.state == FALLOUT or by_people or completed):
        raise Rejected("conflict", f"Task {command.task} is {task.state}: it cannot be resolved by {command.action} now.")


def _check_form(command: ResolveTask, task: Task) -> None:
    """Who does a task by hand says what its form asks for, and nothing else."""
    if task.planned.kind != "manual" or task.undo:
        return
    form, given = task.planned.form, command.values
    missing = [name for name in form if name not in given]
    unknown = [name for name in given if name not in form]
    if missing:
        raise Rejected("invalid", f"Task {command.task} is completed with values for {', '.join(form)}: {', '.join(missing)} is missing.")
    if unknown:
        asks = f"only {', '.join(form)}" if form else "nothing"
        raise Rejected("invalid", f"The form of task {command.task} asks for {asks}, not for {', '.join(unknown)}.")


def _aborted(command: ResolveTask, order: ServiceOrder, task: Task) -> Iterator[Any]:
    """A step that was not in fallout gets one first: aborting is what an operator decides about a fallout (domain-rules 3.7)."""
    number = task.fallout
    if task.state != FALLOUT:
        fell = raised(order, task, Reason("aborted", command.who.reason or "Aborted by hand"), fallout.BY_HAND, who=command.who)
        yield fell
        order, number = evolve(order, fell), fell.number
    items, state = states_after(order, task.in_state(GONE))
    yield resolved(task, command.action, command.who, items, state, number)


def _completed_by_hand(order: ServiceOrder, task: Task, values: Values, who: Who, skipped: bool) -> TaskCompletedByHand:
    items, state = states_after(order, task.ended_by_hand(skipped))
    before = order.items[task.item].values
    previous = {name: before[name] for name in values if name in before}
    return TaskCompletedByHand(task.planned.id, task.item, dict(values), who, task.undo, skipped, items, state, task.state, previous)


# Values -------------------------------------------------------------------------------------------------------------------------------
def set_values(command: SetValues, order: ServiceOrder, world: World) -> Events | Need:
    """Override what is asked for. A request that is out has the old values, so its answer comes first."""
    item = order.items.get(command.item)
    if item is None:
        raise Rejected("unknown", f"There is no item {command.item} in this service order.")
    _check_open(command, order, item)
    facts = Facts(world.loaded)
    product_order = facts.get(order.product_order)
    if facts.need is not None:
        return facts.need
    _check_values(command.values, item, world.catalog(product_order.catalog))
    after = {name: value for name, value in command.values.items() if name not in item.values or item.values[name] != value}
    before = {name: item.values[name] for name in after if name in item.values}
    set = ServiceOrderItemValuesSet(command.item, item.service.id, before, after, command.who, item.service.owner)
    return (set,) if after else ()


def _check_open(command: SetValues, order: ServiceOrder, item: Item) -> None:
    if item.state in (*TERMINAL, CANCELLED):
        raise Rejected("conflict", f"Service order item {command.item} is {item.state}: what it was built with is changed by an order.")
    for id in item.tasks:
        if order.tasks[id].state == RUNNING and order.tasks[id].planned.kind != "manual":
            raise Rejected("conflict", f"Task {id} has been asked for with the values as they are: its answer comes first.")


def _check_values(values: Values, item: Item, catalog: Catalog) -> None:
    """Raises Rejected for what the service specification does not know or allow."""
    specification = catalog.services[item.service.specification]
    known = {each.name: each for each in specification.characteristics}
    for name, value in values.items():
        if name not in known:
            raise Rejected("invalid", f"{name} is not a characteristic of {specification.id}.")
        if problem := known[name].problem(value):
            raise Rejected("invalid", f"{name} of {specification.id} {problem}.")
