"""What the world is told about product orders."""

from adapters.notifications.making import CREATE, INFORMATION, STATE, VALUES, Table, Told, cancel_told, changed, jeopardy
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
from projections import product_orders
from projections.references import present, reference, resource
from schemas.notification import Notification, by_reference


def _order_created(recorded: Recorded) -> Told:
    """Only a product order says what its sender said, people included; all other documents are ours and hold references."""
    document = product_orders.evolve(None, recorded, recorded.stream)
    return Notification("ProductOrder", CREATE, recorded.stream, by_reference(document))


def _order_rejected(recorded: Recorded) -> Told:
    """Nobody has heard of this order before: it is told whole, with the reasons."""
    document = product_orders.evolve(None, recorded, recorded.stream)
    return Notification("ProductOrder", STATE, recorded.stream, by_reference(document))


def _items_changed(recorded: Recorded) -> Told:
    event = recorded.event
    items = [{"id": id, "state": state} for id, state in event.items.items()]
    return changed("ProductOrder", STATE, recorded, **present(state=event.state, productOrderItem=items))


def _information_required(recorded: Recorded) -> Told:
    """As TMF622 v5 has it: one JSON Patch operation beside the order."""
    event: ProductOrderInformationRequired = recorded.event
    document = {**resource("ProductOrder", recorded.stream), "productOrderItem": [{"id": event.item}]}
    required = {"op": "add", "path": event.paths[0]}
    return Notification("ProductOrder", INFORMATION, recorded.stream, document, ",".join(event.paths), {"informationRequired": required})


def _information_supplied(recorded: Recorded) -> Told:
    event: ProductOrderInformationSupplied = recorded.event
    return changed("ProductOrder", VALUES, recorded, productOrderItem=by_reference(list(event.items.values())))


def _order_described(recorded: Recorded) -> Told:
    """What the public may know of it; of notes and contacts only that they are others."""
    event: ProductOrderDescribed = recorded.event
    document = {**resource("ProductOrder", recorded.stream), **by_reference(event.order)}
    return Notification("ProductOrder", VALUES, recorded.stream, document, ",".join(sorted((*event.order, *event.personal, *event.unsaid))))


def _order_amended(recorded: Recorded) -> Told:
    """All items as they read now, and the state if it is another one."""
    event: ProductOrderAmended = recorded.event
    attributes = present(state=event.state, productOrderItem=by_reference(list(event.items)))
    return changed("ProductOrder", VALUES, recorded, version=event.version, **attributes)


def _amendment_finished(recorded: Recorded) -> Told:
    event: ProductOrderAmendmentFinished = recorded.event
    return changed("ProductOrder", STATE, recorded, state=event.state) if event.state else None


def _cancel_assessed(recorded: Recorded) -> Told:
    event = recorded.event
    if not event.accepted:
        return cancel_told(recorded)
    return changed("ProductOrder", STATE, recorded, state=event.state, cancelProductOrder=reference("CancelProductOrder", event.cancel))


def _point_of_no_return(recorded: Recorded) -> Told:
    event: PointOfNoReturnPassed = recorded.event
    milestone = {
        "id": event.task,
        "name": "pointOfNoReturn",
        "status": "passed",
        "milestoneDate": event.at,
        "productOrderItem": [{"itemId": event.item, "productOrderId": recorded.stream}],
    }
    return changed("ProductOrder", "Milestone", recorded, productOrderMilestone=[milestone])


def _change_refused(recorded: Recorded) -> Told:
    event: ProductOrderChangeRefused = recorded.event
    if event.kind == "cancel":
        return cancel_told(recorded)
    errors = [present(code=reason.code, message=reason.message, path=reason.path) for reason in event.reasons]
    return changed(
        "ProductOrder", "ChangeRefused", recorded, change={"id": event.change, "kind": event.kind}, productOrderErrorMessage=errors
    )


PRODUCT_ORDER: Table = {
    ProductOrderAcknowledged: _order_created,
    ProductOrderRejected: _order_rejected,
    ProductOrderItemsChanged: _items_changed,
    ProductOrderInformationRequired: _information_required,
    ProductOrderInformationSupplied: _information_supplied,
    ProductOrderDescribed: _order_described,
    ProductOrderJeopardyAssessed: jeopardy("ProductOrder", "JeopardyAlert"),
    PointOfNoReturnPassed: _point_of_no_return,
    ProductOrderCancellationAssessed: _cancel_assessed,
    ProductOrderChangeRefused: _change_refused,
    ProductOrderAmended: _order_amended,
    ProductOrderAmendmentFinished: _amendment_finished,
}
