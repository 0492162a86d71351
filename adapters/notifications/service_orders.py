"""What the world is told about service orders, ours and those from outside, and about work orders."""

from collections.abc import Callable, Mapping
from typing import Any

from adapters.notifications.making import CREATE, STATE, VALUES, Table, Told, cancel_told, changed, created, jeopardy
from domain.fallout import FalloutRaised, FalloutResolved
from domain.product_order import (
    PointOfNoReturnPassed,
    ProductOrderAcknowledged,
    ProductOrderCancellationAssessed,
    ProductOrderChangeRefused,
    ProductOrderItemsChanged,
    ProductOrderJeopardyAssessed,
    ProductOrderRejected,
)
from domain.recorded import Recorded
from domain.service_order import (
    ActivationAnswered,
    ActivationRequested,
    ManualTaskOverdue,
    ManualTaskRequested,
    ServiceOrderAcknowledged,
    ServiceOrderAmended,
    ServiceOrderItemsClosed,
    ServiceOrderItemValuesSet,
    ServiceOrderReleased,
    TaskCompletedByHand,
    TaskParked,
    TaskWithdrawn,
)
from domain.work_order import WorkOrderAcknowledged, WorkOrderAnswered, WorkOrderClosed, WorkOrderParked, WorkOrderRequested
from projections import service_orders, service_requests, work_orders
from projections.references import characteristics, present, reference
from schemas.notification import Notification, by_reference


# Service orders from outside ------------------------------------------------------------------------------------------------------------
def _request(kind: str) -> Callable[[Recorded], Told]:
    """The whole order, as its first event makes it; one that is rejected nobody has heard of before."""

    def tell(recorded: Recorded) -> Told:
        return Notification("ServiceOrder", kind, recorded.stream, by_reference(service_requests.evolve(None, recorded)))

    return tell


def _request_changed(recorded: Recorded) -> Told:
    event: ProductOrderItemsChanged = recorded.event
    items = [{"id": id, "state": state} for id, state in event.items.items()]
    return changed("ServiceOrder", STATE, recorded, **present(state=event.state, serviceOrderItem=items))


def _request_milestone(recorded: Recorded) -> Told:
    return changed("ServiceOrder", "Milestone", recorded, milestone=[service_requests.milestone(recorded.stream, recorded.event)])


def _request_cancel(recorded: Recorded) -> Told:
    event: ProductOrderCancellationAssessed = recorded.event
    if not event.accepted:
        return cancel_told(recorded)
    return changed("ServiceOrder", STATE, recorded, state=event.state, cancelServiceOrder=reference("CancelServiceOrder", event.cancel))


def _request_change_refused(recorded: Recorded) -> Told:
    return cancel_told(recorded) if recorded.event.kind == "cancel" else None


# Service and work orders --------------------------------------------------------------------------------------------------------------
def _service_order_changed(recorded: Recorded) -> Told:
    event = recorded.event
    if not (event.items or event.state):
        return None
    items = [{"id": id, "state": state} for id, state in event.items.items()]
    return changed("ServiceOrder", STATE, recorded, **present(state=event.state, serviceOrderItem=items))


def _service_order_amended(recorded: Recorded) -> Told:
    """Items that are wanted otherwise, with the states that follow; only the states when steps are merely to be done again."""
    event: ServiceOrderAmended = recorded.event
    if not event.services:
        return _service_order_changed(recorded)
    ids = dict.fromkeys((*(service.item for service in event.services), *event.items))
    wanted = {service.item: {"service": _wanted(service.id, event.values[service.item])} for service in event.services}
    items = [{"id": id, **present(state=event.items.get(id)), **wanted.get(id, {})} for id in ids]
    return changed("ServiceOrder", VALUES, recorded, **present(state=event.state), serviceOrderItem=items)


def _wanted(service: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": service, "serviceCharacteristic": characteristics(values)}


def _fallout_raised(recorded: Recorded) -> Told:
    event: FalloutRaised = recorded.event
    told = _service_order_changed(recorded)
    if told is None:
        return None
    error = {"code": event.reason.code, "reason": event.reason.message, "timestamp": recorded.meta.time}
    return Notification("ServiceOrder", STATE, told.id, {**told.document, "errorMessage": [error]})


def _work_order_changed(recorded: Recorded) -> Told:
    state = recorded.event.state
    return changed("WorkOrder", STATE, recorded, state=state) if state else None


def _visit_answered(recorded: Recorded) -> Told:
    event: WorkOrderAnswered = recorded.event
    if event.state or event.appointment is None:
        return _work_order_changed(recorded)
    start, end = event.appointment
    appointment = {"id": event.key, "validFor": {"startDateTime": start, "endDateTime": end}}
    return changed("WorkOrder", VALUES, recorded, appointment=appointment)


def _values_set(recorded: Recorded) -> Told:
    event: ServiceOrderItemValuesSet = recorded.event
    item = {"id": event.item, "service": {"id": event.service, "serviceCharacteristic": characteristics(event.after)}}
    return changed("ServiceOrder", VALUES, recorded, serviceOrderItem=[item])


def _overdue(recorded: Recorded) -> Told:
    """TMF641's jeopardy: a person has not done a step in time."""
    event: ManualTaskOverdue = recorded.event
    alert = {
        "id": event.key,
        "name": "overdue",
        "jeopardyType": "normal",
        "alertDate": recorded.meta.time,
        "message": f"{event.group} should have done task {event.task} by now.",
        "serviceOrderItem": [{"itemId": event.item, "serviceOrderId": recorded.stream}],
    }
    return changed("ServiceOrder", "Jeopardy", recorded, jeopardyAlert=[alert])


SERVICE_ORDER: Table = {
    ServiceOrderAcknowledged: created("ServiceOrder", service_orders.SERVICE_ORDERS),
    ActivationRequested: _service_order_changed,
    ActivationAnswered: _service_order_changed,
    ManualTaskRequested: _service_order_changed,
    ManualTaskOverdue: _overdue,
    TaskParked: _service_order_changed,
    ServiceOrderItemValuesSet: _values_set,
    TaskCompletedByHand: _service_order_changed,
    TaskWithdrawn: _service_order_changed,
    ServiceOrderReleased: _service_order_changed,
    ServiceOrderItemsClosed: _service_order_changed,
    ServiceOrderAmended: _service_order_amended,
    FalloutRaised: _fallout_raised,
    FalloutResolved: _service_order_changed,
}
SERVICE_REQUEST: Table = {
    ProductOrderAcknowledged: _request(CREATE),
    ProductOrderRejected: _request(STATE),
    ProductOrderItemsChanged: _request_changed,
    ProductOrderJeopardyAssessed: jeopardy("ServiceOrder", "Jeopardy"),
    PointOfNoReturnPassed: _request_milestone,
    ProductOrderCancellationAssessed: _request_cancel,
    ProductOrderChangeRefused: _request_change_refused,
}
WORK_ORDER: Table = {
    WorkOrderAcknowledged: created("WorkOrder", work_orders.WORK_ORDERS),
    WorkOrderRequested: _work_order_changed,
    WorkOrderParked: _work_order_changed,
    WorkOrderAnswered: _visit_answered,
    WorkOrderClosed: _work_order_changed,
    FalloutRaised: _work_order_changed,
    FalloutResolved: _work_order_changed,
}
