"""One order with everything that was made of it: items, services, service and work orders, tasks, the plan's edges, what is open and what went wrong.

A fold over all streams of the order, made when it is asked for: so it is always current, and as nobody lists trees, none are stored. Parts are kept by
id (`items`, `services`, `serviceOrders`, `workOrders`, `tasks`) and name each other. Unlike the documents of stored views a tree changes in place
while it is folded, because an order may have thousands of nodes.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from domain.fallout import FalloutRaised, FalloutResolved
from domain.plan import Plan, service_order_id
from domain.processes.outlook import Outlook
from domain.product_order import (
    PointOfNoReturnPassed,
    ProductOrderAcknowledged,
    ProductOrderAmended,
    ProductOrderAmendmentFinished,
    ProductOrderCancellationAssessed,
    ProductOrderChangeRefused,
    ProductOrderDecomposed,
    ProductOrderItemsChanged,
    ProductOrderItemsHeld,
    ProductOrderItemsReleased,
    ProductOrderJeopardyAssessed,
    ProductOrderRejected,
)
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
    ServiceOrderItemsClosed,
    ServiceOrderItemValuesSet,
    ServiceOrderReleased,
    TaskCompletedByHand,
    TaskParked,
    TaskWithdrawn,
)
from domain.states import ACKNOWLEDGED, CANCELLED, PENDING, REJECTED, TERMINAL
from domain.values import Reason, Who
from domain.work_order import WorkOrderAnswered, WorkOrderClosed, WorkOrderParked, WorkOrderRequested
from projections.fallouts import FALLOUTS
from projections.obligations import OBLIGATIONS
from projections.order_trees import parts
from projections.order_trees.expected import add_expected, jeopardy_assessed
from projections.order_trees.planned import WAITING, item_node, service_node, task_node, visit_node
from projections.product_orders import AMENDING
from projections.references import present
from projections.view import Document


def order_tree(history: Iterable[Recorded], now: datetime | None = None) -> Document | None:
    """The tree that these events make: all streams of one order (`streams_of`), in order of position; what is not done is expected as of `now`, else of
    the last event. None for an order that does not exist."""
    tree: Document | None = None
    outlook, last = Outlook(), now
    for recorded in history:
        outlook.learn(recorded)
        last = now or recorded.meta.time
        if isinstance(recorded.event, ProductOrderAcknowledged | ProductOrderRejected):
            tree = _begun(recorded)
        elif tree is not None:
            fold = _FOLDS.get(type(recorded.event))
            if fold is not None:
                fold(tree, recorded)
            _fold_rows(tree, recorded)
    if tree is not None and last is not None and tree["state"] not in TERMINAL and (found := outlook.forecast(last)) is not None:
        add_expected(tree, found)
    return tree


def streams_of(history: Iterable[Recorded]) -> tuple[str, ...]:
    """The service and work orders that a product order's own events name: its tree needs these too."""
    found: dict[str, None] = {}
    for recorded in history:
        if isinstance(recorded.event, ProductOrderDecomposed | ProductOrderAmended):
            plan = recorded.event.plan
            found.update(dict.fromkeys(service_order_id(recorded.stream, each.number) for each in plan.services if each.number))
            found.update(dict.fromkeys(visit.id for visit in plan.visits))
    return tuple(found)


def _begun(recorded: Recorded) -> Document:
    event: ProductOrderAcknowledged | ProductOrderRejected = recorded.event
    sent = {name: event.order.get(name) for name in ("externalId", "requestedStartDate", "requestedCompletionDate")}
    return {
        "id": recorded.stream,
        "@type": "ProductOrderTree",
        **present(**sent),
        "state": ACKNOWLEDGED if isinstance(event, ProductOrderAcknowledged) else REJECTED,
        "version": 1,
        "customer": event.customer,
        "orderDate": recorded.meta.time,
        **(
            {"catalog": event.catalog}
            if isinstance(event, ProductOrderAcknowledged)
            else {"reasons": [reason_of(reason) for reason in event.reasons]}
        ),
        "items": {},
        "services": {},
        "serviceOrders": {},
        "workOrders": {},
        "tasks": {},
        "edges": [],
        "milestones": [],
        "changes": [],
        "obligations": {},
        "fallouts": {},
    }


def reason_of(reason: Reason) -> Document:
    """Why something was refused or stopped."""
    return present(code=reason.code, message=reason.message, path=reason.path)


# The product order --------------------------------------------------------------------------------------------------------------------
def _decomposed(tree: Document, recorded: Recorded) -> None:
    """A later decomposition adds the part of the plan for which information was missing before."""
    plan: Plan = recorded.event.plan
    tree["items"].update({item.id: item_node(item) for item in plan.items})
    for service in plan.services:
        tree["services"].setdefault(service.id, service_node(recorded.stream, service))
    tree["tasks"].update({task.id: task_node(recorded.stream, service, task) for service in plan.services for task in service.tasks})
    tree["workOrders"].update({visit.id: visit_node(visit) for visit in plan.visits})
    tree["edges"].extend(map(list, plan.edges))


def _amended(tree: Document, recorded: Recorded) -> None:
    """The new plan takes the place of the one before; what both have stays as far as it is, and what only the old one had stays to be read."""
    event: ProductOrderAmended = recorded.event
    plan, items, services, tasks, visits = event.plan, tree["items"], tree["services"], tree["tasks"], tree["workOrders"]
    for item in plan.items:
        items[item.id] = {**_kept(items.get(item.id), "state", "heldBy"), **_renewed(items.get(item.id), item_node(item))}
    for service in plan.services:
        before = services.get(service.id)
        services[service.id] = _service_now(before, service_node(recorded.stream, service))
        for task in service.tasks:
            known = tasks.get(task.id)
            node = tasks[task.id] = {**(known or {}), **_renewed(known, task_node(recorded.stream, service, task))}
            if node["state"] in (parts.GONE, parts.UNDONE) and before is not None and task.id not in before["tasks"]:
                node["state"] = WAITING
    for visit in plan.visits:
        visits[visit.id] = {**visits.get(visit.id, {}), **_renewed(visits.get(visit.id), visit_node(visit))}
    tree["edges"] = list(map(list, plan.edges))
    for id in event.removed:
        items[id]["removedBy"] = event.amendment
    for id, state in event.shown.items():
        items[id]["state"] = state
    merged = present(mergedFrom=event.merges)
    _change(tree, recorded, event.amendment, "amend", True, (), event.override, version=event.version, planHash=event.plan_hash, **merged)
    tree["version"] = event.version
    if event.is_under_way:
        tree["subState"] = AMENDING
    _in_state(tree, event.state, event.at)


def _kept(before: Document | None, *names: str) -> Document:
    return {name: before[name] for name in names if name in before} if before is not None else {}


def _renewed(before: Document | None, node: Document) -> Document:
    """A node as the new plan has it, in the state that it had."""
    return {**node, "state": before["state"]} if before is not None else node


def _service_now(before: Document | None, node: Document) -> Document:
    """A service keeps its state and values while the same service order item works on it: that tells when they change."""
    if before is None or before.get("serviceOrder") != node.get("serviceOrder"):
        return node
    return {**node, **_kept(before, "state", "characteristics")}


def _amendment_finished(tree: Document, recorded: Recorded) -> None:
    event: ProductOrderAmendmentFinished = recorded.event
    tree.pop("subState", None)
    _in_state(tree, event.state, event.at)


def _items_changed(tree: Document, recorded: Recorded) -> None:
    event: ProductOrderItemsChanged = recorded.event
    for id, state in event.items.items():
        tree["items"][id]["state"] = state
        if state != PENDING:
            tree["items"][id].pop("subState", None)
    _in_state(tree, event.state, event.at)


def _in_state(tree: Document, state: str, at: datetime) -> None:
    """The state that follows, if it is another one."""
    if state:
        tree["state"] = state
    if state in TERMINAL:
        tree.pop("subState", None)
        tree["cancellationDate" if state == CANCELLED else "completionDate"] = at


def _items_held(tree: Document, recorded: Recorded) -> None:
    event: ProductOrderItemsHeld = recorded.event
    for id in event.items:
        tree["items"][id]["heldBy"] = {"name": event.who.name, "reason": event.who.reason}


def _items_released(tree: Document, recorded: Recorded) -> None:
    event: ProductOrderItemsReleased = recorded.event
    for id in event.items:
        tree["items"][id].pop("heldBy", None)


def _milestone(tree: Document, recorded: Recorded) -> None:
    event: PointOfNoReturnPassed = recorded.event
    tree["milestones"].append({"name": "pointOfNoReturn", "task": event.task, "item": event.item, "milestoneDate": event.at})


def _cancel_assessed(tree: Document, recorded: Recorded) -> None:
    event: ProductOrderCancellationAssessed = recorded.event
    _change(tree, recorded, event.cancel, "cancel", event.accepted, event.reasons, event.override)
    if event.state:
        tree["state"] = event.state
        tree.pop("subState", None)


def _change_refused(tree: Document, recorded: Recorded) -> None:
    event: ProductOrderChangeRefused = recorded.event
    _change(tree, recorded, event.change, event.kind, False, event.reasons)


def _change(
    tree: Document,
    recorded: Recorded,
    id: str,
    kind: str,
    accepted: bool,
    reasons: tuple[Reason, ...],
    override: Who | None = None,
    **more: Any,
) -> None:
    told = {
        "id": id,
        "kind": kind,
        "accepted": accepted,
        "at": recorded.meta.time,
        "reasons": [reason_of(reason) for reason in reasons],
        **more,
    }
    tree["changes"].append(told if override is None else {**told, "override": {"name": override.name, "reason": override.reason}})


# The two queues, by their own rules ---------------------------------------------------------------------------------------------------
def _fold_rows(tree: Document, recorded: Recorded) -> None:
    for name, view in (("obligations", OBLIGATIONS), ("fallouts", FALLOUTS)):
        if type(recorded.event) in view.events:
            rows = tree[name]
            for key in view.keys(recorded):
                row = view.evolve(rows.pop(key, None), recorded, key)
                if row is not None:
                    rows[key] = row


_FOLDS: Mapping[type[Any], Callable[[Document, Recorded], None]] = {
    ProductOrderDecomposed: _decomposed,
    ProductOrderAmended: _amended,
    ProductOrderAmendmentFinished: _amendment_finished,
    ProductOrderItemsChanged: _items_changed,
    ProductOrderItemsHeld: _items_held,
    ProductOrderItemsReleased: _items_released,
    PointOfNoReturnPassed: _milestone,
    ProductOrderJeopardyAssessed: jeopardy_assessed,
    ProductOrderCancellationAssessed: _cancel_assessed,
    ProductOrderChangeRefused: _change_refused,
    ServiceOrderAcknowledged: parts.acknowledged,
    ServiceOrderAmended: parts.amended,
    ServiceOrderReleased: parts.released,
    ServiceOrderItemsClosed: parts.moved,
    ActivationRequested: parts.activation_requested,
    ActivationAnswered: parts.activation_answered,
    ActivationTimedOut: parts.timed_out,
    RetryScheduled: parts.retry_scheduled,
    ManualTaskRequested: parts.manual_requested,
    ManualTaskOverdue: parts.overdue,
    TaskParked: parts.parked,
    ServiceOrderItemValuesSet: parts.values_set,
    TaskCompletedByHand: parts.completed_by_hand,
    TaskWithdrawn: parts.withdrawn,
    FalloutRaised: parts.fallout_raised,
    FalloutResolved: parts.fallout_resolved,
    WorkOrderRequested: parts.visit_requested,
    WorkOrderParked: parts.visit_parked,
    WorkOrderAnswered: parts.visit_answered,
    WorkOrderClosed: parts.visit_closed,
}
