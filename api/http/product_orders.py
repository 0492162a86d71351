"""What POST and PATCH of product orders and their cancels ask of the engine (contract, "Over HTTP")."""

from typing import Any

from starlette.requests import Request as HttpRequest

from adapters.engine.port import Request
from adapters.intake import identities_of
from api.http import caller, information
from api.http.context import Context
from api.http.errors import not_found
from api.http.examples import CANCEL_ORDER, MISSING_INFORMATION, MOBILE_LINE
from api.http.resource import Change, Made
from api.http.shapes import own_shape
from api.http.sources import Folded, Found, Rows
from api.wiring import System
from domain.order_document import customer_of
from domain.product_order import (
    AmendProductOrder,
    CancelProductOrder,
    DescribeProductOrder,
    ProductOrderCancellationAssessed,
    SubmitProductOrder,
    SupplyInformation,
)
from projections import cancellations
from projections.cancellations import CANCELLATIONS
from projections.product_orders import PRODUCT_ORDERS
from schemas import product_ordering
from schemas.reading import digest

ORDERS = Folded(PRODUCT_ORDERS, "po")
CANCELS = Rows(CANCELLATIONS)


# POST productOrder --------------------------------------------------------------------------------------------------------------------
async def submit(context: Context, http: HttpRequest, body: bytes, _: str) -> Made:
    """Take on an order. A repeat is answered as the first was; the same externalId with the same content is answered 200 with the order as it is."""
    key = caller.idempotency_key(http)
    request = submission(context.system, product_ordering.read_create(body), key)
    outcome = await context.submit(request)
    look_up = ORDERS.find if outcome.status == 200 else ORDERS.find_as_made
    found = await context.run(look_up, context.system, outcome.resource)
    assert found is not None, "an accepted order can be read"
    return Made(outcome.status, found)


def submission(system: System, document: dict[str, Any], key: str = "") -> Request:
    """What a TMF622 create asks of the engine, under a new id."""
    stream = f"po-{system.new_id()}"
    customer = customer_of(document, stream)
    requester = customer_of(document)
    command = SubmitProductOrder(stream, document, customer, requester, *product_ordering.requested_dates(document), keep_refusal=False)
    identities = identities_of(document, requester, ("Idempotency-Key", key) if key else None)
    return Request(command, customer, key or stream, identities, 201)


# PATCH productOrder: what was missing is supplied, all else amends the order ----------------------------------------------------------------
async def supply(context: Context, http: HttpRequest, body: bytes, id: str) -> Made:
    """Merge the patch into the order. What only says what items wait for supplies it; anything else of the items is an amendment (domain-rules 4); what
    describes the order is said otherwise once its items have been accepted."""
    key = caller.idempotency_key(http)
    patch = product_ordering.read_update(body)
    sent, shown = await context.run(order_as_it_reads, context.system, id)
    lacking = await context.run(_waiting, context.system, id)
    document = information.merged(sent, shown, patch)
    changed, causation = information.changed_items(sent, document), key or context.system.new_id()
    customer, identities = customer_of(document, id), caller.sent_before(key, digest({"patch": patch, "id": id}))
    if changed:
        command = _of_items(id, sent, shown, document, lacking, causation)
        await context.submit(Request(command, customer, causation, identities, 200))
    if described := information.descriptive_changes(sent, document):
        product_ordering.check_create(dict(document))
        identities = () if changed else identities
        await context.submit(Request(DescribeProductOrder(id, described), customer, causation, identities, 200))
    found = await context.run(ORDERS.find, context.system, id)
    assert found is not None, "it was there before"
    return Made(200, found)


def _of_items(
    id: str, sent: dict[str, Any], shown: dict[str, Any], document: dict[str, Any], lacking: frozenset[str], causation: str
) -> SupplyInformation | AmendProductOrder:
    changed = information.changed_items(sent, document)
    if changed <= lacking and not information.takes_out(sent, document):
        return SupplyInformation(id, product_ordering.check_create(document), changed)
    items = information.difference(sent, document)
    amendment = product_ordering.check_amend({"productOrder": {"id": id}, "baseVersion": shown["version"], "productOrderItem": items})
    return product_ordering.amend_command(amendment, causation)


def _waiting(system: System, id: str) -> frozenset[str]:
    return information.waiting(ORDERS.history(system, id))


def order_as_it_reads(system: System, id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The order as its sender wrote it, with what was supplied since; and as it is shown."""
    found = ORDERS.find(system, id)
    if found is None:
        raise not_found("product order", id)
    return information.as_sent(ORDERS.history(system, id)), found.document


# POST cancelProductOrder ----------------------------------------------------------------------------------------------------------------
async def cancel(context: Context, http: HttpRequest, body: bytes, _: str) -> Made:
    """Assess a cancel. The idempotency key is its id."""
    key = caller.idempotency_key(http)
    document = product_ordering.read_overriding_cancel(body)
    identities = caller.sent_before(key, digest(document))
    id, order = key or context.system.new_id(), document["productOrder"]["id"]
    if not ORDERS.may_have(order):
        raise not_found("product order", order[:200])
    override = caller.supervisor(http, document.pop("override")["reason"]) if "override" in document else None
    command = CancelProductOrder(order, id, bool(document.get("includeCompleted")), document, override=override)
    await context.submit(Request(command, "", id, identities, 201))
    found = await context.run(cancel_of, context.system, ORDERS, order, id)
    assert found is not None, "a cancel that was assessed can be read"
    return Made(201, found)


def cancel_of(system: System, orders: Folded, order: str, id: str) -> Found | None:
    """The cancel as it stands in its order's stream: no view needs to be waited for."""
    for recorded in orders.history(system, order):
        event = recorded.event
        if isinstance(event, ProductOrderCancellationAssessed) and event.cancel == id:
            document = cancellations.evolve(None, recorded, id)
            return Found(document) if document is not None else None
    return None


SUBMIT = Change(submit, own_shape(product_ordering.ProductOrderCreate), MOBILE_LINE)
SUPPLY = Change(supply, own_shape(product_ordering.ProductOrderCreate).partial("ProductOrderUpdate"), MISSING_INFORMATION)
CANCEL = Change(cancel, own_shape(product_ordering.OverridingCancel), CANCEL_ORDER)
