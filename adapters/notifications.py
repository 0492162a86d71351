"""Which facts the world is told about, and in which TMF event: one table a resource.

A notification is made from its event alone, so that any reader of the log makes the same one. Hence a state change names a state only when the event
changed it: item states may move while their order's stays.
"""

from collections.abc import Callable, Mapping
from typing import Any

from domain import product as products_domain
from domain import service as services_domain
from domain.fallout import FalloutRaised, FalloutResolved
from domain.jeopardy import NORMAL
from domain.product import (
    ProductAbandoned,
    ProductActivated,
    ProductAmended,
    ProductChangeAbandoned,
    ProductChanged,
    ProductOrdered,
    ProductTerminated,
    ProductTerminationOrdered,
)
from domain.product_loading import ProductCorrected, ProductLoaded, ProductRealised, ProductStatusCorrected
from domain.product_order import (
    PointOfNoReturnPassed,
    ProductOrderAcknowledged,
    ProductOrderAmended,
    ProductOrderAmendmentFinished,
    ProductOrderCancellationAssessed,
    ProductOrderChangeRefused,
    ProductOrderDescribed,
    ProductOrderInformationRequired,
    ProductOrderInformationSupplied,
    ProductOrderItemsChanged,
    ProductOrderJeopardyAssessed,
    ProductOrderRejected,
)
from domain.recorded import Recorded
from domain.service import (
    ServiceActivated,
    ServiceAmended,
    ServiceChanged,
    ServiceCorrected,
    ServiceDeactivated,
    ServiceDesigned,
    ServiceLoaded,
    ServiceStateCorrected,
    ServiceTerminated,
)
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
from projections import cancellations, product_orders, products, service_orders, service_requests, services, work_orders
from projections.jeopardy import alerts
from projections.references import characteristics, places, present, reference, resource
from projections.view import View
from schemas.notification import Notification, by_reference

Told = Notification | None
CREATE, STATE, VALUES, INFORMATION = "Create", "StateChange", "AttributeValueChange", "InformationRequired"


def notification(recorded: Recorded) -> Told:
    """What the world is told about an event; None for facts that are nobody else's business."""
    tell = _TOLD.get(recorded.stream.partition("-")[0], {}).get(type(recorded.event))
    return tell(recorded) if tell is not None else None


def _created(kind: str, view: View) -> Callable[[Recorded], Told]:
    """The whole resource, as its first event makes it."""

    def tell(recorded: Recorded) -> Told:
        document = view.evolve(None, recorded, recorded.stream)
        return Notification(kind, CREATE, recorded.stream, document) if document is not None else None

    return tell


def _taken_in(kind: str, view: View) -> Callable[[Recorded], Told]:
    """The whole resource, as its sender said it, people by reference."""

    def tell(recorded: Recorded) -> Told:
        document = view.evolve(None, recorded, recorded.stream)
        return Notification(kind, CREATE, recorded.stream, by_reference(document)) if document is not None else None

    return tell


def _order_created(recorded: Recorded) -> Told:
    """Only a product order says what its sender said, people included; all other documents are ours and hold references."""
    document = product_orders.evolve(None, recorded, recorded.stream)
    return Notification("ProductOrder", CREATE, recorded.stream, by_reference(document))


def _changed(type: str, kind: str, recorded: Recorded, **attributes: Any) -> Notification:
    """Id, address and what changed; `path` lists it for those who only look there."""
    document = {**resource(type, recorded.stream), **attributes}
    return Notification(type, kind, recorded.stream, document, ",".join(attributes) if kind == VALUES else "")


# Product orders -----------------------------------------------------------------------------------------------------------------------
def _order_rejected(recorded: Recorded) -> Told:
    """Nobody has heard of this order before: it is told whole, with the reasons."""
    document = product_orders.evolve(None, recorded, recorded.stream)
    return Notification("ProductOrder", STATE, recorded.stream, by_reference(document))


def _items_changed(recorded: Recorded) -> Told:
    event = recorded.event
    items = [{"id": id, "state": state} for id, state in event.items.items()]
    return _changed("ProductOrder", STATE, recorded, **present(state=event.state, productOrderItem=items))


def _information_required(recorded: Recorded) -> Told:
    """As TMF622 v5 has it: one JSON Patch operation beside the order."""
    event: ProductOrderInformationRequired = recorded.event
    document = {**resource("ProductOrder", recorded.stream), "productOrderItem": [{"id": event.item}]}
    required = {"op": "add", "path": event.paths[0]}
    return Notification("ProductOrder", INFORMATION, recorded.stream, document, ",".join(event.paths), {"informationRequired": required})


def _information_supplied(recorded: Recorded) -> Told:
    event: ProductOrderInformationSupplied = recorded.event
    return _changed("ProductOrder", VALUES, recorded, productOrderItem=by_reference(list(event.items.values())))


def _order_described(recorded: Recorded) -> Told:
    """What the public may know of it; of notes and contacts only that they are others."""
    event: ProductOrderDescribed = recorded.event
    document = {**resource("ProductOrder", recorded.stream), **by_reference(event.order)}
    return Notification("ProductOrder", VALUES, recorded.stream, document, ",".join(sorted((*event.order, *event.personal, *event.unsaid))))


def _order_amended(recorded: Recorded) -> Told:
    """All items as they read now, and the state if it is another one."""
    event: ProductOrderAmended = recorded.event
    attributes = present(state=event.state, productOrderItem=by_reference(list(event.items)))
    return _changed("ProductOrder", VALUES, recorded, version=event.version, **attributes)


def _amendment_finished(recorded: Recorded) -> Told:
    event: ProductOrderAmendmentFinished = recorded.event
    return _changed("ProductOrder", STATE, recorded, state=event.state) if event.state else None


def _cancel_assessed(recorded: Recorded) -> Told:
    event = recorded.event
    if not event.accepted:
        return _cancel_told(recorded)
    return _changed("ProductOrder", STATE, recorded, state=event.state, cancelProductOrder=reference("CancelProductOrder", event.cancel))


def _cancel_told(recorded: Recorded) -> Told:
    event: ProductOrderCancellationAssessed | ProductOrderChangeRefused = recorded.event
    cancel = event.change if isinstance(event, ProductOrderChangeRefused) else event.cancel
    document = cancellations.evolve(None, recorded, cancel)
    return Notification(document["@type"], STATE, cancel, by_reference(document)) if document is not None else None


def _point_of_no_return(recorded: Recorded) -> Told:
    event: PointOfNoReturnPassed = recorded.event
    milestone = {
        "id": event.task,
        "name": "pointOfNoReturn",
        "status": "passed",
        "milestoneDate": event.at,
        "productOrderItem": [{"itemId": event.item, "productOrderId": recorded.stream}],
    }
    return _changed("ProductOrder", "Milestone", recorded, productOrderMilestone=[milestone])


def _jeopardy(type: str, kind: str) -> Callable[[Recorded], Told]:
    """Another level is an alert; all else of an assessment is another date (of which only a change is told)."""

    def tell(recorded: Recorded) -> Told:
        event: ProductOrderJeopardyAssessed = recorded.event
        expected = {"expectedCompletionDate": event.expected}
        if event.level == (event.was or NORMAL):
            return _changed(type, VALUES, recorded, **expected)
        found = alerts(event, type, recorded.stream)
        return _changed(type, kind, recorded, **expected, **found)

    return tell


def _change_refused(recorded: Recorded) -> Told:
    event: ProductOrderChangeRefused = recorded.event
    if event.kind == "cancel":
        return _cancel_told(recorded)
    errors = [present(code=reason.code, message=reason.message, path=reason.path) for reason in event.reasons]
    return _changed(
        "ProductOrder", "ChangeRefused", recorded, change={"id": event.change, "kind": event.kind}, productOrderErrorMessage=errors
    )


# Service orders from outside ------------------------------------------------------------------------------------------------------------
def _request(kind: str) -> Callable[[Recorded], Told]:
    """The whole order, as its first event makes it; one that is rejected nobody has heard of before."""

    def tell(recorded: Recorded) -> Told:
        return Notification("ServiceOrder", kind, recorded.stream, by_reference(service_requests.evolve(None, recorded)))

    return tell


def _request_changed(recorded: Recorded) -> Told:
    event: ProductOrderItemsChanged = recorded.event
    items = [{"id": id, "state": state} for id, state in event.items.items()]
    return _changed("ServiceOrder", STATE, recorded, **present(state=event.state, serviceOrderItem=items))


def _request_milestone(recorded: Recorded) -> Told:
    return _changed("ServiceOrder", "Milestone", recorded, milestone=[service_requests.milestone(recorded.stream, recorded.event)])


def _request_cancel(recorded: Recorded) -> Told:
    event: ProductOrderCancellationAssessed = recorded.event
    if not event.accepted:
        return _cancel_told(recorded)
    return _changed("ServiceOrder", STATE, recorded, state=event.state, cancelServiceOrder=reference("CancelServiceOrder", event.cancel))


def _request_change_refused(recorded: Recorded) -> Told:
    return _cancel_told(recorded) if recorded.event.kind == "cancel" else None


# Service and work orders --------------------------------------------------------------------------------------------------------------
def _service_order_changed(recorded: Recorded) -> Told:
    event = recorded.event
    if not (event.items or event.state):
        return None
    items = [{"id": id, "state": state} for id, state in event.items.items()]
    return _changed("ServiceOrder", STATE, recorded, **present(state=event.state, serviceOrderItem=items))


def _service_order_amended(recorded: Recorded) -> Told:
    """Items that are wanted otherwise, with the states that follow; only the states when steps are merely to be done again."""
    event: ServiceOrderAmended = recorded.event
    if not event.services:
        return _service_order_changed(recorded)
    ids = dict.fromkeys((*(service.item for service in event.services), *event.items))
    wanted = {service.item: {"service": _wanted(service.id, event.values[service.item])} for service in event.services}
    items = [{"id": id, **present(state=event.items.get(id)), **wanted.get(id, {})} for id in ids]
    return _changed("ServiceOrder", VALUES, recorded, **present(state=event.state), serviceOrderItem=items)


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
    return _changed("WorkOrder", STATE, recorded, state=state) if state else None


def _visit_answered(recorded: Recorded) -> Told:
    event: WorkOrderAnswered = recorded.event
    if event.state or event.appointment is None:
        return _work_order_changed(recorded)
    start, end = event.appointment
    appointment = {"id": event.key, "validFor": {"startDateTime": start, "endDateTime": end}}
    return _changed("WorkOrder", VALUES, recorded, appointment=appointment)


def _values_set(recorded: Recorded) -> Told:
    event: ServiceOrderItemValuesSet = recorded.event
    item = {"id": event.item, "service": {"id": event.service, "serviceCharacteristic": characteristics(event.after)}}
    return _changed("ServiceOrder", VALUES, recorded, serviceOrderItem=[item])


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
    return _changed("ServiceOrder", "Jeopardy", recorded, jeopardyAlert=[alert])


# Products and services ----------------------------------------------------------------------------------------------------------------
def _product_active(recorded: Recorded) -> Told:
    event = recorded.event
    services = [reference("Service", id) for id in event.services]
    return _changed("Product", STATE, recorded, status=event.status, realizingService=services)


def _product_amended(recorded: Recorded) -> Told:
    """What the product will be is told once it is so; where it is, and what it is from the beginning, at once."""
    event: ProductAmended = recorded.event
    values = {"productCharacteristic": characteristics(event.values)} if event.holds else {}
    told = {**values, **present(place=places(event.places))}
    return _changed("Product", VALUES, recorded, **told) if told else None


def _service_amended(recorded: Recorded) -> Told:
    event: ServiceAmended = recorded.event
    values = {"serviceCharacteristic": characteristics(event.values)} if event.holds else {}
    supporting = [resource("Service", id) for id in event.supporting]
    return _changed("Service", VALUES, recorded, **values, **present(place=places(event.places)), supportingService=supporting)


def _product_changed(recorded: Recorded) -> Told:
    """A suspend or resume is a change of state; all else one of values."""
    event: ProductChanged = recorded.event
    services = [reference("Service", id) for id in event.services]
    if event.status:
        return _changed("Product", STATE, recorded, status=event.status, realizingService=services)
    other = present(place=places(event.places or ()), productTerm=list(event.term or ()))
    return _changed("Product", VALUES, recorded, productCharacteristic=characteristics(event.values), realizingService=services, **other)


def _product_was_kept(recorded: Recorded) -> Told:
    return _changed("Product", STATE, recorded, status=recorded.event.status)


def _product_realised(recorded: Recorded) -> Told:
    return _changed("Product", VALUES, recorded, realizingService=[reference("Service", id) for id in recorded.event.services])


def _product_corrected(recorded: Recorded) -> Told:
    event: ProductCorrected = recorded.event
    services = [reference("Service", id) for id in event.services]
    return _corrected("Product", recorded, productCharacteristic=characteristics(event.values), realizingService=services)


def _service_corrected(recorded: Recorded) -> Told:
    event: ServiceCorrected = recorded.event
    supporting = [resource("Service", id) for id in event.supporting]
    return _corrected("Service", recorded, serviceCharacteristic=characteristics(event.values), supportingService=supporting)


def _corrected(type: str, recorded: Recorded, **attributes: Any) -> Notification:
    """An attribute that has gone is in the path alone."""
    event: ProductCorrected | ServiceCorrected = recorded.event
    attributes = {**attributes, "place": places(event.places), **by_reference(event.said)}
    told = {name: value for name, value in attributes.items() if value not in (None, [])}
    return Notification(type, VALUES, recorded.stream, {**resource(type, recorded.stream), **told}, ",".join(attributes))


def _product_is(status: str) -> Callable[[Recorded], Told]:
    return lambda recorded: _changed("Product", STATE, recorded, status=status)


def _service_is(state: str) -> Callable[[Recorded], Told]:
    return lambda recorded: _changed("Service", STATE, recorded, state=state)


def _service_changed(recorded: Recorded) -> Told:
    return _changed("Service", VALUES, recorded, serviceCharacteristic=characteristics(recorded.event.values))


Table = Mapping[type[Any], Callable[[Recorded], Told]]

_PRODUCT_ORDER: Table = {
    ProductOrderAcknowledged: _order_created,
    ProductOrderRejected: _order_rejected,
    ProductOrderItemsChanged: _items_changed,
    ProductOrderInformationRequired: _information_required,
    ProductOrderInformationSupplied: _information_supplied,
    ProductOrderDescribed: _order_described,
    ProductOrderJeopardyAssessed: _jeopardy("ProductOrder", "JeopardyAlert"),
    PointOfNoReturnPassed: _point_of_no_return,
    ProductOrderCancellationAssessed: _cancel_assessed,
    ProductOrderChangeRefused: _change_refused,
    ProductOrderAmended: _order_amended,
    ProductOrderAmendmentFinished: _amendment_finished,
}
_SERVICE_ORDER: Table = {
    ServiceOrderAcknowledged: _created("ServiceOrder", service_orders.SERVICE_ORDERS),
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
_SERVICE_REQUEST: Table = {
    ProductOrderAcknowledged: _request(CREATE),
    ProductOrderRejected: _request(STATE),
    ProductOrderItemsChanged: _request_changed,
    ProductOrderJeopardyAssessed: _jeopardy("ServiceOrder", "Jeopardy"),
    PointOfNoReturnPassed: _request_milestone,
    ProductOrderCancellationAssessed: _request_cancel,
    ProductOrderChangeRefused: _request_change_refused,
}
_WORK_ORDER: Table = {
    WorkOrderAcknowledged: _created("WorkOrder", work_orders.WORK_ORDERS),
    WorkOrderRequested: _work_order_changed,
    WorkOrderParked: _work_order_changed,
    WorkOrderAnswered: _visit_answered,
    WorkOrderClosed: _work_order_changed,
    FalloutRaised: _work_order_changed,
    FalloutResolved: _work_order_changed,
}
_PRODUCT: Table = {
    ProductOrdered: _created("Product", products.PRODUCTS),
    ProductActivated: _product_active,
    ProductChanged: _product_changed,
    ProductAmended: _product_amended,
    ProductTerminationOrdered: _product_is(products_domain.PENDING_TERMINATE),
    ProductTerminated: _product_is(products_domain.TERMINATED),
    ProductChangeAbandoned: _product_was_kept,
    ProductAbandoned: lambda recorded: _changed("Product", STATE, recorded, status=recorded.event.status),
    ProductLoaded: _taken_in("Product", products.PRODUCTS),
    ProductRealised: _product_realised,
    ProductCorrected: _product_corrected,
    ProductStatusCorrected: lambda recorded: _changed("Product", STATE, recorded, status=recorded.event.status),
}
_SERVICE: Table = {
    ServiceDesigned: _created("Service", services.SERVICES),
    ServiceActivated: _service_is(services_domain.ACTIVE),
    ServiceDeactivated: _service_is(services_domain.INACTIVE),
    ServiceChanged: _service_changed,
    ServiceAmended: _service_amended,
    ServiceTerminated: _service_is(services_domain.TERMINATED),
    ServiceLoaded: _taken_in("Service", services.SERVICES),
    ServiceCorrected: _service_corrected,
    ServiceStateCorrected: lambda recorded: _changed("Service", STATE, recorded, state=recorded.event.state),
}

# By what the streams of each resource begin with, and the resource's name in topics.
_TOLD: Mapping[str, Table] = {
    "po": _PRODUCT_ORDER,
    "so": _SERVICE_ORDER,
    "sr": _SERVICE_REQUEST,
    "wo": _WORK_ORDER,
    "pr": _PRODUCT,
    "svc": _SERVICE,
}
STREAMS: Mapping[str, tuple[str, ...]] = {
    "product-order": ("po",),
    "service-order": ("so", "sr"),
    "work-order": ("wo",),
    "product": ("pr",),
    "service": ("svc",),
}
EVENTS: Mapping[str, tuple[type[Any], ...]] = {
    name: tuple(event for prefix in prefixes for event in _TOLD[prefix]) for name, prefixes in STREAMS.items()
}
