"""The activation request as it is sent (contract, "Downstream: activation")."""

from datetime import datetime
from typing import Any

from domain.service_order.state import ServiceOrder, Task


def activation_request(
    stream: str,
    order: ServiceOrder,
    task: Task,
    action: str,
    key: str,
    attempt: int,
    due: datetime,
    values: dict[str, Any],
    now: datetime,
    state: str = "",
) -> dict[str, Any]:
    """The message for one attempt. Its times are datetimes, written as RFC 3339 where it leaves. `state` is told where the action decides it."""
    service = order.items[task.item].service
    start = order.requested_start
    places = [{"id": place.id, "role": place.role} for place in service.places if place.id]
    return {
        "activationKey": key,
        "attempt": attempt,
        "action": action,
        "task": task.planned.name,
        "targetSystem": task.planned.target_system,
        "service": {
            "id": service.id,
            "@type": "Service",
            "category": service.category,
            "name": service.name,
            **({"state": state} if state else {}),
            "serviceSpecification": {"id": service.specification, "version": service.version},
            "serviceCharacteristic": [{"name": name, "value": value} for name, value in values.items()],
            **({"place": places} if places else {}),
            "supportingService": [{"id": id} for id in service.supporting],
        },
        "serviceOrder": {"id": stream, "itemId": task.item},
        "productOrder": {"id": order.product_order, "itemId": service.owner, **_kind(order.product_order)},
        "requestedStartDate": start if start is not None and start > now else now,
        "answerBy": due,
    }


def _kind(order: str) -> dict[str, str]:
    """The order that everything began with is a service order where that came from outside."""
    return {"@referredType": "ServiceOrder"} if order.startswith("sr-") else {}
