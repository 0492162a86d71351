"""Cancels of product orders and of service orders from outside as TMF622 and TMF641 show them: what was asked, and what the assessment came to.

A cancel that was assessed is `done`, whether it was accepted or not: the order's state tells. One that could not be assessed is `terminatedWithError`.
"""

from collections.abc import Callable
from typing import Any

from domain.product_order import ProductOrderCancellationAssessed, ProductOrderChangeRefused
from domain.recorded import Recorded
from domain.values import Reason
from projections.references import present, reference, resource
from projections.view import Column, Document, View

DONE, TERMINATED_WITH_ERROR = "done", "terminatedWithError"


def _keys(prefix: str) -> Callable[[Recorded], tuple[str, ...]]:
    def keys(recorded: Recorded) -> tuple[str, ...]:
        event = recorded.event
        if not recorded.stream.startswith(prefix):
            return ()
        if isinstance(event, ProductOrderChangeRefused):
            return (event.change,) if event.kind == "cancel" else ()
        return (event.cancel,)

    return keys


def evolve(document: Document | None, recorded: Recorded, key: str) -> Document | None:
    if document is not None:
        return document  # the first answer to a cancel is its answer
    of_services = recorded.stream.startswith("sr-")
    type, name = ("ServiceOrder", "serviceOrder") if of_services else ("ProductOrder", "productOrder")
    order = {name: reference(type, recorded.stream)}
    event = recorded.event
    if isinstance(event, ProductOrderChangeRefused):
        return {**resource(f"Cancel{type}", key), **order, "state": TERMINATED_WITH_ERROR, **_errors(event.reasons, of_services)}
    asked = {name: event.request[name] for name in ("cancellationReason", "requestedCancellationDate") if name in event.request}
    effective = {"effectiveCancellationDate": event.at} if event.accepted else {}
    return {**resource(f"Cancel{type}", key), **asked, **order, "state": DONE, **effective, **_errors(event.reasons, of_services)}


def _errors(reasons: tuple[Reason, ...], one: bool) -> Document:
    """TMF641 has room for one message: it tells all reasons."""
    errors = [present(code=reason.code, message=reason.message, path=reason.path) for reason in reasons]
    if not (one and reasons):
        return present(errorMessage=errors)
    return {"errorMessage": present(code=reasons[0].code, reason=reasons[0].message, message=" ".join(each.message for each in reasons))}


def _view(name: str, prefix: str, order: Column) -> View:
    events: tuple[type[Any], ...] = (ProductOrderCancellationAssessed, ProductOrderChangeRefused)
    return View(name=name, generation=1, events=events, keys=_keys(prefix), evolve=evolve, columns=(Column("state", "state"), order))


CANCELLATIONS = _view("cancellations", "po-", Column("product_order", "productOrder.id"))
SERVICE_CANCELLATIONS = _view("service_cancellations", "sr-", Column("service_order", "serviceOrder.id"))
