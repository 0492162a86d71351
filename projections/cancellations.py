"""Cancels of product orders as TMF622 shows them: what was asked, and what the assessment came to.

A cancel that was assessed is `done`, whether it was accepted or not: the order's state tells. One that could not be assessed is `terminatedWithError`.
"""

from domain.product_order import ProductOrderCancellationAssessed, ProductOrderChangeRefused
from domain.recorded import Recorded
from domain.values import Reason
from projections.references import present, reference, resource
from projections.view import Column, Document, View

DONE, TERMINATED_WITH_ERROR = "done", "terminatedWithError"


def keys(recorded: Recorded) -> tuple[str, ...]:
    event = recorded.event
    if isinstance(event, ProductOrderChangeRefused):
        return (event.change,) if event.kind == "cancel" else ()
    return (event.cancel,)


def evolve(document: Document | None, recorded: Recorded, key: str) -> Document | None:
    if document is not None:
        return document  # the first answer to a cancel is its answer
    order = {"productOrder": reference("ProductOrder", recorded.stream)}
    event = recorded.event
    if isinstance(event, ProductOrderChangeRefused):
        return {**resource("CancelProductOrder", key), **order, "state": TERMINATED_WITH_ERROR, **_errors(event.reasons)}
    asked = {name: event.request[name] for name in ("cancellationReason", "requestedCancellationDate") if name in event.request}
    effective = {"effectiveCancellationDate": event.at} if event.accepted else {}
    return {**resource("CancelProductOrder", key), **asked, **order, "state": DONE, **effective, **_errors(event.reasons)}


def _errors(reasons: tuple[Reason, ...]) -> Document:
    return present(errorMessage=[present(code=reason.code, message=reason.message, path=reason.path) for reason in reasons])


CANCELLATIONS = View(
    name="cancellations",
    generation=1,
    events=(ProductOrderCancellationAssessed, ProductOrderChangeRefused),
    keys=keys,
    evolve=evolve,
    columns=(Column("state", "state"), Column("product_order", "productOrder.id")),
)
