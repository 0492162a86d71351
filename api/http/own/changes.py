"""Changing an order under way: what an amendment or cancel would do, and doing it (contract, "Impact plan")."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from fastapi import APIRouter
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from adapters.engine.port import Request
from api.http import caller, openapi
from api.http.context import Context, context_of
from api.http.errors import HttpError, not_found
from api.http.examples import AMENDMENT
from api.http.messages import json_response, path_id, read_json_body, require_json_accepted
from api.http.own import ROOT, TITLE
from api.http.own.orders import order_history
from api.http.own.shapes.changes import AMENDED, CHANGE_BODY, IMPACT_PLAN, READ_CHANGE
from api.http.product_orders import ORDERS, cancel_of
from api.wiring import System
from domain.impact import Impact
from domain.processes.outlook import Outlook
from domain.product_order import CancelProductOrder, ProductOrderAmended, RefuseChange
from domain.product_order.change import Assessment, Change
from domain.recorded import Recorded
from domain.schedule import moment
from domain.values import Reason, Who
from projections.references import href, present
from schemas import product_ordering
from schemas.reading import digest, read

KINDS = ("productOrderItem", "cancel", "reject")


class Asked(NamedTuple):
    """What a body asks for: `key` and `digest` by which it is known again, `id` the amendment's or cancel's."""

    document: Mapping[str, Any]
    order: str
    id: str
    key: str
    digest: bytes
    override: Who | None


def add_changes(router: APIRouter) -> None:
    """The routes."""
    path, body = f"{ROOT}/orders/{{id}}", openapi.content(CHANGE_BODY.reference, example=AMENDMENT)
    failures = openapi.errors(400, 403, 404, 406, 409, 413, 415, 422)
    asking = {200: openapi.answer("The impact plan; nothing is changed.", IMPACT_PLAN.reference), **failures}
    told = {
        200: openapi.answer("It changes nothing, or was rejected.", AMENDED.reference),
        201: openapi.answer("The order says something else from now on, or is being cancelled.", AMENDED.reference),
        **failures,
    }
    who = (openapi.ID, openapi.OPERATOR, openapi.ROLES)
    router.add_api_route(
        f"{path}/impact",
        impact,
        methods=["POST"],
        **openapi.operation(TITLE, "What a change of an order would do", "order_impact", asking, who, body),
    )
    router.add_api_route(
        f"{path}/amendments",
        amend,
        methods=["POST"],
        **openapi.operation(
            TITLE, "Amend or cancel an order, or reject an impact plan", "order_amend", told, (*who, openapi.IDEMPOTENCY), body
        ),
    )


# What would be ------------------------------------------------------------------------------------------------------------------------
async def impact(http: HttpRequest) -> Response:
    """POST orders/{id}/impact."""
    require_json_accepted(http)
    context = context_of(http)
    asked = _asked(context, http, await read_json_body(http))
    if "reject" in asked.document:
        raise HttpError(422, "A rejection has no impact plan.", "invalid")
    return json_response(await context.run(_impact, context.system, asked))


def _impact(system: System, asked: Asked) -> dict[str, Any]:
    order, found = system.engine.assess(_command(asked))
    if found is None:
        return _plan(asked.order, order.version, "", (), (), {})
    dates = _dates(system, asked) if not found.reasons else {}
    return _plan(asked.order, order.version, found.plan_hash, found.impact, found.reasons, dates, found)


def _plan(
    order: str,
    version: int,
    plan_hash: str,
    items: Iterable[Impact],
    reasons: Iterable[Reason],
    dates: Mapping[str, Any],
    assessed: Assessment | None = None,
) -> dict[str, Any]:
    visits = [each for each in items if each.node.startswith("wo-")]
    return {
        "@type": "ImpactPlan",
        "planHash": plan_hash,
        "productOrder": {"id": order, "href": href("ProductOrder", order)},
        "baseVersion": version,
        "accepted": not [*reasons],
        "reasons": [present(code=each.code, message=each.message, path=each.path) for each in reasons],
        "items": [_item(each) for each in items],
        "workOrders": [{"id": each.node, "kind": each.kind, "template": each.name} for each in visits],
        "removedItems": list(assessed.removed) if assessed is not None else [],
        **dates,
    }


def _item(each: Impact) -> dict[str, Any]:
    told = {"item": each.item, "node": each.node, "kind": each.kind, "name": each.name}
    return {**told, "reasons": list(each.reasons), "tasks": list(each.tasks)}


def _dates(system: System, asked: Asked) -> dict[str, Any]:
    """When the order is expected to be complete as it is, and as it would be."""
    history = order_history(system, asked.order)
    facts = system.engine.what_if(Request(_command(asked), "", asked.id))
    before, after = (_expected(system, each) for each in (history, [*history, *facts]))
    return {"expectedCompletionDate": {"before": before, "after": after}}


def _expected(system: System, history: Iterable[Recorded]) -> Any:
    outlook = Outlook()
    for recorded in history:
        outlook.learn(recorded)
    found = outlook.forecast(system.clock())
    return moment(found.finish) if found is not None else None


# Doing it -----------------------------------------------------------------------------------------------------------------------------
async def amend(http: HttpRequest) -> Response:
    """POST orders/{id}/amendments."""
    require_json_accepted(http)
    context = context_of(http)
    asked = _asked(context, http, await read_json_body(http))
    if "reject" in asked.document:
        return await _reject(context, http, asked)
    await context.submit(Request(_command(asked), "", asked.id, caller.sent_before(asked.key, asked.digest), 201))
    answer = _cancelled if "cancel" in asked.document else _amended
    return await context.run(answer, context.system, asked)


def _amended(system: System, asked: Asked) -> Response:
    found = ORDERS.find(system, asked.order)
    assert found is not None, "an order that was amended can be read"
    address = {"Location": found.document["href"], "ETag": f'"{found.version}"'}
    event = _event_of(ORDERS.history(system, asked.order), asked.id)
    told = {"@type": "Amendment", "id": asked.id, "productOrder": {"id": asked.order, "href": found.document["href"]}}
    if event is None:
        return json_response({**told, "version": found.document["version"], "changed": False}, 200, address)
    plan = _plan(asked.order, event.version - 1, event.plan_hash, event.impact, (), {})
    who = event.override
    more = {} if who is None else {"override": {"name": who.name, "reason": who.reason}}
    return json_response({**told, "version": event.version, "changed": True, "impactPlan": plan, **more}, 201, address)


def _event_of(history: Iterable[Recorded], amendment: str) -> ProductOrderAmended | None:
    events = [each.event for each in history if isinstance(each.event, ProductOrderAmended)]
    return next((event for event in events if event.amendment == amendment), None)


def _cancelled(system: System, asked: Asked) -> Response:
    found = cancel_of(system, ORDERS, asked.order, asked.id)
    assert found is not None, "a cancel that was assessed can be read"
    if errors := found.document.get("errorMessage"):
        reasons = tuple([Reason(each.get("code", ""), each.get("message", ""), each.get("path", "")) for each in errors])
        raise HttpError(422, f"The cancel is blocked: {reasons[0].message}", "invalid", reasons)
    return json_response(found.document, 201, {"Location": found.document["href"]})


async def _reject(context: Context, http: HttpRequest, asked: Asked) -> Response:
    """Somebody has seen an impact plan and does not want it: the order stays as it is, and says so."""
    rejected = asked.document["reject"]
    who = caller.operator(http, rejected["reason"])
    reason = Reason("rejected", f"{who.name} rejected impact plan {rejected['planHash'][:12]}: {who.reason}", "planHash")
    command = RefuseChange(asked.order, asked.id, "amend", (reason,))
    await context.submit(Request(command, "", asked.id, caller.sent_before(asked.key, asked.digest), 200))
    order = {"id": asked.order, "href": href("ProductOrder", asked.order)}
    return json_response({"@type": "Amendment", "id": asked.id, "productOrder": order, "changed": False, "rejected": True})


# Reading it ---------------------------------------------------------------------------------------------------------------------------
def _asked(context: Context, http: HttpRequest, body: bytes) -> Asked:
    document, order = read(READ_CHANGE, body), path_id(http)
    if not ORDERS.may_have(order):
        raise not_found("product order", order[:200])
    if sum(kind in document for kind in KINDS) != 1:
        raise HttpError(422, f"A change says one of {', '.join(KINDS)}.", "invalid")
    for named in (document.get("productOrder"), document.get("cancel", {}).get("productOrder")):
        if named is not None and named["id"] != order:
            raise HttpError(422, f"The body is for order {named['id']}, the address for {order}.", "invalid")
    key = caller.idempotency_key(http)
    override = caller.supervisor(http, document["override"]["reason"]) if "override" in document else None
    return Asked(document, order, key or context.system.new_id(), key, digest({"change": document, "id": order}), override)


def _command(asked: Asked) -> Change:
    document, order = asked.document, {"id": asked.order}
    plan_hash = document.get("planHash", "")
    if "cancel" in document:
        request = product_ordering.check_cancel({**document["cancel"], "productOrder": order})
        return CancelProductOrder(asked.order, asked.id, bool(request.get("includeCompleted")), request, plan_hash, asked.override)
    return product_ordering.amend_command({**document, "productOrder": order}, asked.id, plan_hash, asked.override)
