"""How a service order changes with each event."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, assert_never

from domain import fallout
from domain.fallout import FalloutAssigned, FalloutNoted, FalloutRaised, FalloutRated, FalloutResolved
from domain.plan import PlannedService, PlannedTask
from domain.service_order.events import (
    ActivationAnswered,
    ActivationRequested,
    ActivationTimedOut,
    AnswerRecorded,
    Event,
    ManualTaskOverdue,
    ManualTaskRequested,
    RetryScheduled,
    ServiceOrderAcknowledged,
    ServiceOrderAmended,
    ServiceOrderHoldChanged,
    ServiceOrderItemsClosed,
    ServiceOrderItemValuesSet,
    ServiceOrderReleased,
    TaskCompletedByHand,
    TaskParked,
    TaskWithdrawn,
    UndoSpared,
)
from domain.service_order.state import ENDED, FALLOUT, GONE, PARKED, RETRYING, RUNNING, UNDONE, WAITING, Item, ServiceOrder, Task
from domain.states import ACKNOWLEDGED, TERMINAL


def evolve(order: ServiceOrder | None, event: Event) -> ServiceOrder:
    """The order after `event`."""
    if isinstance(event, ServiceOrderAcknowledged):
        return _begun(event)
    assert order is not None, "a service order's history begins with ServiceOrderAcknowledged"
    match event:
        case ActivationRequested() | ManualTaskRequested():
            return _moved(order, requested(order.tasks[event.task], event), event)
        case ActivationAnswered():
            task = answered(order.tasks[event.task], event.outcome)
            return _moved(order, task, event, event.values if event.outcome == "completed" and not event.undo else None)
        case TaskCompletedByHand():
            return _moved(order, order.tasks[event.task].ended_by_hand(event.skipped), event, None if event.undo else event.values)
        case ActivationTimedOut() | AnswerRecorded() | UndoSpared():
            return order
        case TaskParked():
            return _moved(order, order.tasks[event.task].parked(event.decision, event.attempt, event.undo), event)
        case ManualTaskOverdue():
            return _moved(order, order.tasks[event.task].in_state(RUNNING), None)
        case ServiceOrderItemValuesSet() | ServiceOrderHoldChanged():
            return _by_operator(order, event)
        case RetryScheduled():
            return _moved(order, order.tasks[event.task].in_state(RETRYING, event.due), None)
        case FalloutRaised() | FalloutResolved() | FalloutNoted() | FalloutAssigned() | FalloutRated():
            return replace(_in_fallout(order, event), open_fallouts=fallout.open_after(order.open_fallouts, event))
        case TaskWithdrawn():
            return _moved(order, order.tasks[event.task].in_state(GONE), event)
        case ServiceOrderAmended():
            return _with_states(amended(order, event), event)
        case ServiceOrderReleased():
            return _with(order, order.items, order.tasks, event.state, gates=order.gates - {event.work_order})
        case ServiceOrderItemsClosed():
            return _with(order, _in_states(order.items, event.items), order.tasks, event.state)
        case _:
            assert_never(event)


def _begun(event: ServiceOrderAcknowledged) -> ServiceOrder:
    tasks = {task.id: Task(task, service.item) for service in event.services for task in service.tasks}
    items = {
        service.item: Item(service, service.values, ACKNOWLEDGED, tuple([task.id for task in service.tasks])) for service in event.services
    }
    below = _below(event.services)
    above: dict[str, tuple[str, ...]] = dict.fromkeys(items, ())
    for id, parts in below.items():
        for part in parts:
            above[part] += (id,)
    gates = frozenset(event.gates)
    return ServiceOrder(event.product_order, event.customer, items, tasks, above, below, gates, 0, event.requested_start, ACKNOWLEDGED)


def _below(services: tuple[PlannedService, ...]) -> dict[str, tuple[str, ...]]:
    item_of = {service.id: service.item for service in services}
    return {
        service.item: tuple([item_of[part] for part in service.supporting if part in item_of])
        if service.action != "delete" or not service.tasks  # else the parts wait for the whole
        else ()
        for service in services
    }


def amended(order: ServiceOrder, event: ServiceOrderAmended) -> ServiceOrder:
    """The order with its items as they are planned now, and the states that they had."""
    items, tasks = dict(order.items), dict(order.tasks)
    for service in event.services:
        before = items[service.item]
        values = {name: value for name, value in service.values.items() if before.service.values.get(name) != value}
        items[service.item] = Item(service, {**before.values, **values}, before.state, tuple([task.id for task in service.tasks]))
        for task in service.tasks:
            tasks[task.id] = _replanned(task, service, before, tasks.get(task.id))
    for id in event.again:
        tasks[id] = tasks[id].to_do_again()
    return replace(_with(order, items, tasks, "", gates=frozenset(event.gates)), removed=order.removed.union(event.removed))


def _replanned(planned: PlannedTask, service: PlannedService, before: Item, task: Task | None) -> Task:
    """A step as it is planned now: one that the item was rid of is there again, and one that is parked asks for the new values."""
    if task is None:
        return Task(planned, service.item)
    back = task.state in (GONE, UNDONE) and planned.id not in before.tasks
    return replace(task, planned=planned, state=WAITING if back else task.state, overridden=task.overridden or task.state == PARKED)


def _with_states(order: ServiceOrder, event: ServiceOrderAmended) -> ServiceOrder:
    return _with(order, _in_states(order.items, event.items) if event.items else order.items, order.tasks, event.state)


def requested(task: Task, event: ActivationRequested | ManualTaskRequested) -> Task:
    """The task once it has been handed to its target system, or to people."""
    if isinstance(event, ManualTaskRequested):
        return task.requested(event.key, 1, event.decision or task.decision + 1, event.undo, event.due)
    return task.requested(event.key, event.attempt, event.decision, event.undo, event.due)


def answered(task: Task, outcome: str) -> Task:
    """The task after an answer that counts: a refusal or failure leaves it where it is, until it is known what follows."""
    if outcome == "completed":
        return task.ended()
    return task.in_state(FALLOUT if task.state == FALLOUT else RUNNING, rejected=outcome == "rejected")


def _moved(order: ServiceOrder, task: Task, event: Any, values: Mapping[str, Any] | None = None) -> ServiceOrder:
    """The order with one task moved, its item's values overlaid, and the states that the event tells of."""
    items, state = order.items, order.state
    if event is not None:
        items = _in_states(items, event.items) if event.items else items
        state = event.state or state
    if values:
        item = items[task.item]
        items = {**items, task.item: Item(item.service, {**item.values, **values}, item.state, item.tasks)}
    raised = isinstance(event, FalloutRaised)
    return _with(order, items, {**order.tasks, task.planned.id: task}, state, fallouts=order.fallouts + raised)


def _in_fallout(order: ServiceOrder, event: FalloutRaised | FalloutResolved | fallout.Documented) -> ServiceOrder:
    """The order once a step has stopped, or an operator has decided about it."""
    task = order.tasks[event.task]
    if isinstance(event, FalloutRaised):
        return _moved(order, task.in_state(FALLOUT, fallout=event.number), event)
    is_given_up = isinstance(event, FalloutResolved) and event.action == fallout.ABORT
    return _moved(order, task.in_state(GONE), event) if is_given_up else order


def _by_operator(order: ServiceOrder, event: ServiceOrderItemValuesSet | ServiceOrderHoldChanged) -> ServiceOrder:
    """The order with items held, or an item's values set; what has been asked for with the old ones and not been done is asked for anew."""
    if isinstance(event, ServiceOrderHoldChanged):
        return replace(order, held=frozenset(event.held))
    item = order.items[event.item]
    old = {id: task for id in item.tasks if (task := order.tasks[id]).state not in (WAITING, *ENDED)}
    tasks = {**order.tasks, **{id: replace(task, overridden=True) for id, task in old.items()}}
    items = {**order.items, event.item: Item(item.service, {**item.values, **event.after}, item.state, item.tasks)}
    return _with(order, items, tasks, "")


def _in_states(items: dict[str, Item], states: Mapping[str, str]) -> dict[str, Item]:
    changed = dict(items)
    for id, state in states.items():
        item = items[id]
        changed[id] = Item(item.service, item.values, state, item.tasks)
    return changed


def _with(
    order: ServiceOrder,
    items: dict[str, Item],
    tasks: dict[str, Task],
    state: str,
    gates: frozenset[str] | None = None,
    fallouts: int | None = None,
) -> ServiceOrder:
    return ServiceOrder(
        order.product_order,
        order.customer,
        items,
        tasks,
        order.above,
        order.below,
        order.gates if gates is None else gates,
        order.fallouts if fallouts is None else fallouts,
        order.requested_start,
        state or order.state,
        order.open_fallouts,
        order.held,
        order.removed,
    )


def is_over(order: ServiceOrder) -> bool:
    """Whether nothing is expected to happen to it any more."""
    return order.state in TERMINAL
