"""Open obligations: everything that must still happen for an order to go on, who it waits for, and until when.

A row is one waiting step: what it waits for may change (an answer, then a retry, then a person), and the row ends when the step does. What is over is
history, and the order's timeline has it; so the table holds only what is under way.
"""

from datetime import datetime
from typing import Any

from domain import fallout
from domain.fallout import FalloutRaised, FalloutResolved
from domain.product_order import (
    ProductOrderAmended,
    ProductOrderApprovalRefused,
    ProductOrderApprovalRequired,
    ProductOrderApproved,
    ProductOrderCancellationAssessed,
    ProductOrderEnrichmentRequired,
    ProductOrderInformationRequired,
    ProductOrderInformationSupplied,
    ProductOrderItemsHeld,
    ProductOrderItemsRefused,
    ProductOrderItemsReleased,
    ProductOrderQueued,
    ProductOrderStarted,
    ProductOrderStartScheduled,
    ProductOrderStepReleased,
    ProductOrderStepScheduled,
)
from domain.recorded import Recorded
from domain.service_order import (
    ActivationAnswered,
    ActivationRequested,
    ManualTaskOverdue,
    ManualTaskRequested,
    RetryScheduled,
    TaskCompletedByHand,
    TaskParked,
    TaskWithdrawn,
)
from domain.work_order import WorkOrderAnswered, WorkOrderClosed, WorkOrderParked, WorkOrderRequested
from projections.fallouts import OPEN, order_item, place_of
from projections.obligations.nodes import NODES, START, approval_node, enrichment_node, information_node, keys, queue_node, task_of
from projections.view import Column, Document, View

ACTIVATION, RETRY, MANUAL, FALLOUT, VISIT = "activation", "retry", "manualTask", "fallout", "workOrder"
ENRICHMENT, APPROVAL = "enrichment", "approval"
SCHEDULED_START, SCHEDULED_STEP, INFORMATION, PARKED, HOLD = "scheduledStart", "scheduledStep", "information", "parked", "hold"
ORDER = "order"


_ENDINGS = (
    ProductOrderStarted,
    ProductOrderStepReleased,
    ProductOrderInformationSupplied,
    ProductOrderItemsReleased,
    ProductOrderItemsRefused,
    ProductOrderCancellationAssessed,
    ProductOrderAmended,
    ProductOrderApproved,
    ProductOrderApprovalRefused,
    TaskCompletedByHand,
    TaskWithdrawn,
    WorkOrderClosed,
)


def evolve(document: Document | None, recorded: Recorded, key: str) -> Document | None:
    event = recorded.event
    if isinstance(event, _ENDINGS):
        return None
    match event:
        case ActivationRequested():
            return _activation(key, event, recorded)
        case WorkOrderRequested():
            return _work_order(key, event, recorded)
        case ManualTaskRequested():
            return _manual(key, event, recorded)
        case ProductOrderStartScheduled() | ProductOrderStepScheduled():
            return _scheduled(key, event, recorded)
        case ProductOrderInformationRequired():
            return _information(key, document, event, recorded)
        case ProductOrderEnrichmentRequired():
            return _enriched(key, event, recorded)
        case ProductOrderApprovalRequired():
            return _approved(key, event, recorded)
        case ManualTaskOverdue() if document is not None:
            return {**document, "reason": _reason("overdue", f"{event.group} should have done this by now.")}
        case TaskParked() | WorkOrderParked():
            return _parked(key, document, event, recorded)
        case ProductOrderItemsHeld() | ProductOrderQueued():
            return _hold(key, event, recorded) if isinstance(event, ProductOrderItemsHeld) else _queued(key, event, recorded)
        case ActivationAnswered():
            return None if event.outcome == "completed" else document
        case WorkOrderAnswered():
            return _visit_answered(document, event)
        case RetryScheduled():
            return _next(document, RETRY, event.due, _reason("retry", f"Attempt {event.attempt + 1} follows.")) if document else None
        case FalloutRaised() | FalloutResolved():
            return _fallout(key, document, event, recorded)
    return document


def _row(
    key: str, kind: str, recorded: Recorded, order: Document, task: str, due: datetime | None, reason: Document, **more: Any
) -> Document:
    return {
        "id": key,
        "@type": "Obligation",
        "kind": kind,
        "state": OPEN,
        "productOrder": order,
        "task": task,
        "reason": reason,
        "customer": recorded.meta.customer,
        "since": recorded.meta.time,
        "dueAt": due,
        **more,
    }


def _reason(code: str, message: str) -> Document:
    return {"code": code, "message": message}


def _activation(key: str, event: ActivationRequested, recorded: Recorded) -> Document:
    request = event.request
    target = request["targetSystem"]
    return _row(
        key,
        ACTIVATION,
        recorded,
        request["productOrder"],
        event.task,
        event.due,
        _reason("awaiting-answer", f"{target} has not answered yet."),
        serviceOrder=request["serviceOrder"],
        targetSystem=target,
        activationKey=event.key,
        attempt=event.attempt,
    )


def _work_order(key: str, event: WorkOrderRequested, recorded: Recorded) -> Document:
    request = event.request
    target = request["targetSystem"]
    return _row(
        key,
        VISIT,
        recorded,
        request["productOrder"],
        recorded.stream,
        event.due,
        _reason("awaiting-answer", f"{target} has not finished yet."),
        workOrder={"id": recorded.stream},
        targetSystem=target,
        workOrderKey=event.key,
        attempt=event.attempt,
    )


def _manual(key: str, event: ManualTaskRequested, recorded: Recorded) -> Document:
    reason = _reason("manual-task", f"{event.group} must {'take this back' if event.undo else 'do this'} by hand.")
    place = place_of(recorded.stream, event.item)
    order = order_item(recorded.meta.order, event.owner)
    more = {"group": event.group, "form": list(event.form), **({"undo": True} if event.undo else {})}
    return _row(key, MANUAL, recorded, order, event.task, event.due, reason, **place, **more)


def _parked(key: str, document: Document | None, event: TaskParked | WorkOrderParked, recorded: Recorded) -> Document:
    """Since when it has waited is told anew: what waits longest goes on first."""
    target = event.target_system
    reason = _reason("target-offline", f"{target} is offline.")
    if document is not None:
        return {**_next(document, PARKED, None, reason), "targetSystem": target, "since": recorded.meta.time}
    (task,) = task_of(recorded)
    item, owner = (event.item, event.owner) if isinstance(event, TaskParked) else ("", "")
    order, place = order_item(recorded.meta.order, owner), place_of(recorded.stream, item)
    return _row(key, PARKED, recorded, order, task, None, reason, **place, targetSystem=target)


def _hold(key: str, event: ProductOrderItemsHeld, recorded: Recorded) -> Document:
    item = key.partition(":hold:")[2]
    reason = _reason("held", " ".join(filter(None, (f"{event.who.name} holds this.", event.who.reason))))
    order = {"id": recorded.stream, "itemId": item}
    return _row(key, HOLD, recorded, order, information_node(item), None, reason)


def _scheduled(key: str, event: ProductOrderStartScheduled | ProductOrderStepScheduled, recorded: Recorded) -> Document:
    if isinstance(event, ProductOrderStartScheduled):
        reason = _reason("scheduled", "The order starts later, as requested.")
        return _row(key, SCHEDULED_START, recorded, {"id": recorded.stream}, START, event.due, reason)
    reason = _reason("scheduled", "All that it follows is done; it waits for its moment.")
    return _row(key, SCHEDULED_STEP, recorded, {"id": recorded.stream}, event.node, event.due, reason)


def _queued(key: str, event: ProductOrderQueued, recorded: Recorded) -> Document | None:
    """One row an item, with the orders that have to be over first."""
    item = key.partition(":queue:")[2]
    behind = list(event.items[item])
    if not behind:
        return None
    reason = _reason("order-pending", f"What it needs is being changed by {' and '.join(behind)}.")
    return _row(key, ORDER, recorded, {"id": recorded.stream, "itemId": item}, queue_node(item), None, reason, behind=behind)


def _information(key: str, document: Document | None, event: ProductOrderInformationRequired, recorded: Recorded) -> Document:
    """One row an item, with all that it lacks."""
    paths = [*(document["paths"] if document is not None else ()), *event.paths]
    reason = _reason("information-required", f"The customer must supply {', '.join(paths)}.")
    order = {"id": recorded.stream, "itemId": event.item}
    return _row(key, INFORMATION, recorded, order, information_node(event.item), None, reason, paths=paths)


def _enriched(key: str, event: ProductOrderEnrichmentRequired, recorded: Recorded) -> Document:
    names = ", ".join(path.rpartition("[")[2].rstrip("]") for path in event.paths)
    reason = _reason("enrichment-required", f"{event.group} must add {names}.")
    order, node = {"id": recorded.stream, "itemId": event.item}, enrichment_node(event.item)
    return _row(key, ENRICHMENT, recorded, order, node, None, reason, paths=list(event.paths), group=event.group)


def _approved(key: str, event: ProductOrderApprovalRequired, recorded: Recorded) -> Document:
    reason = _reason("approval-required", f"Somebody with the role {event.role} must approve this.")
    order, node = {"id": recorded.stream, "itemId": event.item}, approval_node(event.item)
    return _row(key, APPROVAL, recorded, order, node, None, reason, role=event.role)


def _visit_answered(document: Document | None, event: WorkOrderAnswered) -> Document | None:
    if event.state or document is None:
        return None
    return {**document, "dueAt": event.due} if event.due else document


def _fallout(key: str, document: Document | None, event: FalloutRaised | FalloutResolved, recorded: Recorded) -> Document | None:
    if isinstance(event, FalloutResolved):
        return None if event.action in (fallout.ABORT, fallout.WITHDRAWN) else document
    reason = _reason(event.reason.code, event.reason.message)
    if document is not None:
        return _next(document, FALLOUT, None, reason)
    (task,) = task_of(recorded)
    return _row(
        key, FALLOUT, recorded, order_item(recorded.meta.order, event.owner), task, None, reason, **place_of(recorded.stream, event.item)
    )


def _next(document: Document, kind: str, due: datetime | None, reason: Document) -> Document:
    return {**document, "kind": kind, "dueAt": due, "reason": reason}


OBLIGATIONS = View(
    name="obligations",
    generation=3,
    events=tuple(NODES),
    keys=keys,
    evolve=evolve,
    columns=(
        Column("kind", "kind"),
        Column("product_order", "productOrder.id"),
        Column("task", "task"),
        Column("target_system", "targetSystem"),
        Column("customer", "customer"),
        Column("due_at", "dueAt", "time"),
    ),
)
