"""The nodes of an order's tree as the plan names them, before anything has happened to them."""

from domain.plan import Clearance, PlannedItem, PlannedService, PlannedTask, PlannedVisit, service_order_id
from domain.states import ACKNOWLEDGED, COMPLETED, PENDING
from projections.references import present
from projections.view import Document

WAITING = "waiting"


def item_node(item: PlannedItem) -> Document:
    """A product order item."""
    state = COMPLETED if item.action == "noChange" else PENDING if item.waits else ACKNOWLEDGED
    return {
        "id": item.id,
        **present(parent=item.parent, offering=item.offering, specification=item.specification, **_about(item)),
        "action": item.action,
        "state": state,
        "characteristics": item.values,
        "services": list(item.services),
        **present(detached=list(item.detached), bundles=list(item.bundles), missing=list(item.missing), behind=list(item.behind)),
        **({"mergedInto": {"id": item.behind[0], "itemId": item.merged}} if item.merged else {}),
        **present(status=item.status, productTerm=list(item.term), moves=item.moved or None),
        **_sub_state(item),
        **present(place=[{"id": place.id, "role": place.role} for place in item.places]),
    }


# What an item waits for that is pending: the customer, the group that knows technical values, or who has to approve it. The first that holds is shown.
AWAITING_INFORMATION, AWAITING_ENRICHMENT, AWAITING_APPROVAL = "awaitingInformation", "awaitingEnrichment", "awaitingApproval"


def _sub_state(item: PlannedItem) -> Document:
    if not item.missing:
        return {}
    asked = item.clearance or Clearance()
    of_customer = len(item.missing) > len(asked.paths) + bool(asked.role)
    state = AWAITING_INFORMATION if of_customer else AWAITING_ENRICHMENT if asked.paths else AWAITING_APPROVAL
    return {"subState": state, **present(enrichment=list(asked.paths), group=asked.group, approval=asked.role)}


def _about(item: PlannedItem) -> Document:
    """The product of an item, or the service that it orders."""
    if item.waits:
        return {}
    return {"product": item.product} if item.sells else {"service": item.product}


def service_node(order: str, service: PlannedService) -> Document:
    """A service, with the service order item that works on it; none when it only is held."""
    return {
        "id": service.id,
        "name": service.name,
        "category": service.category,
        "specification": service.specification,
        "action": service.action,
        "item": service.owner,
        "rule": service.rule,
        "products": list(service.products),
        "supportingService": list(service.supporting),
        "characteristics": service.values,
        "tasks": [task.id for task in service.tasks],
        **present(wantedState=service.state),
        "state": ACKNOWLEDGED if service.number else COMPLETED,
        **({"serviceOrder": {"id": service_order_id(order, service.number), "itemId": service.item}} if service.number else {}),
    }


def task_node(order: str, service: PlannedService, task: PlannedTask) -> Document:
    """One step of a service order item."""
    return {
        "id": task.id,
        "name": task.name,
        "kind": task.kind,
        "state": WAITING,
        "action": task.action,
        "item": service.owner,
        "service": service.id,
        "serviceOrder": {"id": service_order_id(order, service.number), "itemId": service.item},
        **present(
            targetSystem=task.target_system if task.kind == "automatic" else "",
            group=task.group,
            form=list(task.form),
        ),
        "pointOfNoReturn": task.point_of_no_return,
        "attempts": task.attempts,
    }


def visit_node(visit: PlannedVisit) -> Document:
    """A work order."""
    return {
        "id": visit.id,
        "name": visit.name,
        "template": visit.template,
        "targetSystem": visit.target_system,
        "state": ACKNOWLEDGED,
        **({"place": {"id": visit.place.id, "role": visit.place.role}} if visit.place.id else {}),
        "items": list(visit.items),
        "tasks": list(visit.tasks),
        "skills": list(visit.skills),
    }
