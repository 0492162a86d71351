"""What POST of service orders from outside and of their cancels asks of the engine (contract, "Over HTTP")."""

from typing import Any

from starlette.requests import Request as HttpRequest

from adapters.engine.port import Request
from adapters.intake import SERVICES, identities_of
from api.http import caller
from api.http.context import Context
from api.http.errors import not_found
from api.http.examples import CANCEL_SERVICES, HOME_INTERNET
from api.http.product_orders import cancel_of
from api.http.resource import Change, Made
from api.http.shapes import own_shape
from api.http.sources import Folded, Rows
from api.wiring import System
from domain.order_document import customer_of
from domain.product_order import CancelProductOrder, SubmitServiceOrder
from projections.cancellations import SERVICE_CANCELLATIONS
from projections.service_orders import SERVICE_ORDERS
from schemas import product_ordering, service_ordering
from schemas.reading import digest

ORDERS = Folded(SERVICE_ORDERS, "so", "sr")
FROM_OUTSIDE = Folded(SERVICE_ORDERS, "sr")
CANCELS = Rows(SERVICE_CANCELLATIONS)


async def submit(context: Context, http: HttpRequest, body: bytes, _: str) -> Made:
    """POST serviceOrder. A repeat is answered as the first was; the same externalId with the same content is answered 200 with the order as it is."""
    request = submission(context.system, service_ordering.read_create(body), caller.idempotency_key(http))
    outcome = await context.submit(request)
    look_up = FROM_OUTSIDE.find if outcome.status == 200 else FROM_OUTSIDE.find_as_made
    found = await context.run(look_up, context.system, outcome.resource)
    assert found is not None, "an accepted order can be read"
    return Made(outcome.status, found)


def submission(system: System, document: dict[str, Any], key: str = "") -> Request:
    """What a TMF641 create asks of the engine, under a new id."""
    stream = f"sr-{system.new_id()}"
    customer = customer_of(document, stream)
    requester = customer_of(document)
    command = SubmitServiceOrder(stream, document, customer, requester, *product_ordering.requested_dates(document), keep_refusal=False)
    identities = identities_of(document, requester, ("Idempotency-Key", key) if key else None, SERVICES)
    return Request(command, customer, key or stream, identities, 201)


async def cancel(context: Context, http: HttpRequest, body: bytes, _: str) -> Made:
    """POST cancelServiceOrder, of an order that came from outside: what was made of a product order ends with that. The idempotency key is its id."""
    key = caller.idempotency_key(http)
    document = service_ordering.read_cancel(body)
    id, order = key or context.system.new_id(), document["serviceOrder"]["id"]
    if not FROM_OUTSIDE.may_have(order):
        raise not_found("service order that came from outside", order[:200])
    command = CancelProductOrder(order, id, bool(document.get("includeCompleted")), document)
    await context.submit(Request(command, "", id, caller.sent_before(key, digest(document)), 201))
    found = await context.run(cancel_of, context.system, FROM_OUTSIDE, order, id)
    assert found is not None, "a cancel that was assessed can be read"
    return Made(201, found)


SUBMIT = Change(submit, own_shape(service_ordering.ServiceOrderCreate), HOME_INTERNET)
CANCEL = Change(cancel, own_shape(service_ordering.CancelServiceOrderCreate), CANCEL_SERVICES)
