"""What happens to the tasks, services, service orders and work orders of an order's tree."""

from domain import fallout
from domain.fallout import FalloutRaised, FalloutResolved
from domain.recorded import Recorded
from domain.service_order import (
    ActivationAnswered,
    ActivationRequested,
    ActivationTimedOut,
    ManualTaskOverdue,
    ManualTaskRequested,
    RetryScheduled,
    ServiceOrderAcknowledged,
    ServiceOrderAmended,
    ServiceOrderItemValuesSet,
    ServiceOrderReleased,
    TaskCompletedByHand,
    TaskParked,
    TaskWithdrawn,
)
from domain.states import ACKNOWLEDGED
from domain.values import Reason, Who
from domain.work_order import WorkOrderAnswered, WorkOrderClosed, WorkOrderParked, WorkOrderRequested
from projections.order_trees.planned import WAITING
from projections.references import present
from projections.view import Document

# A task is waiting, then one of these.
RUNNING, RETRYING, IN_FALLOUT, PARKED = "running", "retrying", "fallout", "parked"
DONE, SKIPPED, UNDONE, GONE = "done", "skipped", "undone", "gone"


# Service orders -----------------------------------------------------------------------------------------------------------------------
def acknowledged(tree: Document, recorded: Recorded) -> None:
    event: ServiceOrderAcknowledged = recorded.event
    tree["serviceOrders"][recorded.stream] = {
        "id": recorded.stream,
        "state": ACKNOWLEDGED,
        "services": {service.item: service.id for service in event.services},
        "gates": list(event.gates),
    }


def moved(tree: Document, recorded: Recorded) -> None:
    """The states that an event brings to its service order and the services in it."""
    event, order = recorded.event, tree["serviceOrders"][recorded.stream]
    for item, state in event.items.items():
        service = tree["services"][order["services"][item]]
        if service.get("serviceOrder") == {"id": recorded.stream, "itemId": item}:  # else another item works on it by now
            service["state"] = state
    if event.state:
        order["state"] = event.state


def released(tree: Document, recorded: Recorded) -> None:
    event: ServiceOrderReleased = recorded.event
    gates: list[str] = tree["serviceOrders"][recorded.stream]["gates"]
    if event.work_order in gates:
        gates.remove(event.work_order)
    moved(tree, recorded)


def amended(tree: Document, recorded: Recorded) -> None:
    event: ServiceOrderAmended = recorded.event
    order = tree["serviceOrders"][recorded.stream]
    order["gates"] = list(event.gates)
    for item, values in event.values.items():
        tree["services"][order["services"][item]]["characteristics"] = values
    for task in event.again:
        if tree["tasks"][task]["state"] in (DONE, SKIPPED):
            tree["tasks"][task]["state"] = WAITING
    moved(tree, recorded)


# Tasks --------------------------------------------------------------------------------------------------------------------------------
def activation_requested(tree: Document, recorded: Recorded) -> None:
    event: ActivationRequested = recorded.event
    task = tree["tasks"][event.task]
    task.update(state=RUNNING, activationKey=event.key, attempt=event.attempt, undo=event.undo, answerBy=event.due)
    task.pop("reason", None)
    task.pop("retryAt", None)
    moved(tree, recorded)


def activation_answered(tree: Document, recorded: Recorded) -> None:
    event: ActivationAnswered = recorded.event
    task = tree["tasks"][event.task]
    if event.outcome == "completed":
        task.update(state=UNDONE if event.undo else DONE, answeredAt=event.at, **present(assigned=event.values or None))
    else:
        task["reason"] = _reason(event.reason)
    moved(tree, recorded)


def timed_out(tree: Document, recorded: Recorded) -> None:
    event: ActivationTimedOut = recorded.event
    tree["tasks"][event.task]["reason"] = {"code": "no-answer", "message": f"Attempt {event.attempt} was not answered in time."}


def retry_scheduled(tree: Document, recorded: Recorded) -> None:
    event: RetryScheduled = recorded.event
    tree["tasks"][event.task].update(state=RETRYING, retryAt=event.due)


def manual_requested(tree: Document, recorded: Recorded) -> None:
    event: ManualTaskRequested = recorded.event
    task = tree["tasks"][event.task]
    task.update(state=RUNNING, activationKey=event.key, undo=event.undo, **present(answerBy=event.due))
    task.pop("reason", None)
    moved(tree, recorded)


def overdue(tree: Document, recorded: Recorded) -> None:
    event: ManualTaskOverdue = recorded.event
    tree["tasks"][event.task]["reason"] = {"code": "overdue", "message": f"{event.group} should have done this by now."}


def parked(tree: Document, recorded: Recorded) -> None:
    event: TaskParked = recorded.event
    task = tree["tasks"][event.task]
    task.update(state=PARKED, undo=event.undo, reason=_offline(event.target_system))
    task.pop("retryAt", None)
    moved(tree, recorded)


def values_set(tree: Document, recorded: Recorded) -> None:
    event: ServiceOrderItemValuesSet = recorded.event
    service = tree["services"][event.service]
    service["characteristics"] = {**service["characteristics"], **event.after}


def completed_by_hand(tree: Document, recorded: Recorded) -> None:
    event: TaskCompletedByHand = recorded.event
    task = tree["tasks"][event.task]
    state = UNDONE if task.get("undo") else SKIPPED if event.skipped else DONE
    task.update(state=state, answeredAt=recorded.meta.time, by=_who(event.who), **present(assigned=event.values or None))
    moved(tree, recorded)


def withdrawn(tree: Document, recorded: Recorded) -> None:
    event: TaskWithdrawn = recorded.event
    tree["tasks"][event.task]["state"] = GONE
    moved(tree, recorded)


# Fallout ------------------------------------------------------------------------------------------------------------------------------
def fallout_raised(tree: Document, recorded: Recorded) -> None:
    event: FalloutRaised = recorded.event
    if recorded.stream in tree["workOrders"]:
        tree["workOrders"][recorded.stream].update(state=event.state, reason=_reason(event.reason))
        return
    tree["tasks"][event.task].update(state=IN_FALLOUT, reason=_reason(event.reason))
    moved(tree, recorded)


def fallout_resolved(tree: Document, recorded: Recorded) -> None:
    event: FalloutResolved = recorded.event
    if recorded.stream in tree["workOrders"]:
        return
    if event.action == fallout.ABORT:
        tree["tasks"][event.task]["state"] = GONE
    moved(tree, recorded)


# Work orders --------------------------------------------------------------------------------------------------------------------------
def visit_requested(tree: Document, recorded: Recorded) -> None:
    event: WorkOrderRequested = recorded.event
    visit = tree["workOrders"][recorded.stream]
    action = event.request["action"]
    visit.update(workOrderKey=event.key, attempt=event.attempt, action=action, answerBy=event.due, **present(state=event.state))
    visit.pop("reason", None)


def visit_parked(tree: Document, recorded: Recorded) -> None:
    event: WorkOrderParked = recorded.event
    tree["workOrders"][recorded.stream].update(**present(state=event.state), reason=_offline(event.target_system))


def visit_answered(tree: Document, recorded: Recorded) -> None:
    event: WorkOrderAnswered = recorded.event
    visit = tree["workOrders"][recorded.stream]
    visit.update(outcome=event.outcome, **present(state=event.state, answerBy=event.due))
    if event.appointment is not None:
        start, end = event.appointment
        visit["appointment"] = {"startDateTime": start, "endDateTime": end}


def visit_closed(tree: Document, recorded: Recorded) -> None:
    event: WorkOrderClosed = recorded.event
    tree["workOrders"][recorded.stream].update(state=event.state, by=_who(event.who))


def _offline(target: str) -> Document:
    return {"code": "target-offline", "message": f"{target} is offline."}


def _reason(reason: Reason) -> Document:
    return {"code": reason.code, "message": reason.message}


def _who(who: Who) -> Document:
    return {"name": who.name, "reason": who.reason}
