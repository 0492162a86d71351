"""What-if and why: what an order would lead to if it came now, and which rules made what an order has."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.http import openapi, service_orders
from api.http.context import context_of
from api.http.errors import HttpError, not_found
from api.http.examples import MOBILE_LINE
from api.http.messages import json_response, path_id, read_json_body, require_json_accepted
from api.http.own import ROOT, TITLE
from api.http.own.orders import own_history
from api.http.own.shapes.orders import EXPLANATION, PREVIEW
from api.http.product_orders import SUBMIT, submission
from api.wiring import System
from domain.decomposition import Order
from domain.decomposition.explanation import (
    ExplainedRule,
    ExplainedTask,
    ExplainedVisit,
    explained_rules,
    explained_tasks,
    explained_visits,
)
from domain.decomposition.order import segment_of
from domain.plan import Plan
from domain.product_order import ProductOrderAcknowledged, ProductOrderAmended, ProductOrderDecomposed
from domain.recorded import Recorded
from projections import service_requests
from projections.order_trees import order_tree
from schemas import product_ordering, service_ordering
from schemas.reading import parse


def add_what_if(router: APIRouter) -> None:
    """The routes."""
    router.add_api_route(
        f"{ROOT}/orders/preview",
        preview,
        methods=["POST"],
        **openapi.operation(
            TITLE,
            "What an order would lead to",
            "order_preview",
            {200: openapi.answer("The preview; nothing is stored.", PREVIEW.reference), **openapi.errors(400, 406, 413, 415, 422)},
            (),
            openapi.content(SUBMIT.shape.reference, example=MOBILE_LINE),
        ),
    )
    router.add_api_route(
        f"{ROOT}/orders/{{id}}/explanation",
        explanation,
        methods=["GET"],
        **openapi.operation(
            TITLE,
            "Why an order has the services and tasks it has",
            "order_explanation",
            {200: openapi.answer("The explanation.", EXPLANATION.reference), **openapi.errors(404, 406, 409)},
            (openapi.ID,),
        ),
    )


async def preview(request: Request) -> Response:
    """POST orders/preview: a TMF622 create, or a TMF641 one, in; the tree that it would make, and why, out."""
    require_json_accepted(request)
    body, context = await read_json_body(request), context_of(request)
    found = await context.run(_what_if, context.system, body)
    facts = [fact for fact in found if fact.meta.order == found[0].stream]  # not what they do to an order that this one becomes part of
    return json_response({"@type": "ProductOrderPreview", "tree": order_tree(facts), "explanation": _explained(context.system, facts)})


def _what_if(system: System, body: bytes) -> list[Recorded]:
    document = parse(body)
    if isinstance(document, dict) and service_requests.ITEMS in document:
        return system.engine.what_if(service_orders.submission(system, service_ordering.read_create(body)))
    return system.engine.what_if(submission(system, product_ordering.read_create(body)))


async def explanation(request: Request) -> Response:
    """GET orders/{id}/explanation."""
    require_json_accepted(request)
    context = context_of(request)
    history = await context.run(own_history, context.system, path_id(request))
    if not history:
        raise not_found("order", str(request.path_params["id"])[:200])
    return json_response(_explained(context.system, history))


def _explained(system: System, history: Sequence[Recorded]) -> dict[str, Any]:
    """The explanation of an order by its own events. Raises HttpError (409) for one that was rejected."""
    made = history[0].event
    plan = _plan_of(history)
    if not isinstance(made, ProductOrderAcknowledged) or plan is None:
        raise HttpError(409, f"Order {history[0].stream} was rejected: nothing was made of it.", "conflict")
    catalog = system.engine.catalogs[made.catalog]
    order = Order(history[0].stream, made.customer, segment=segment_of(made.order))
    return {
        "@type": "ProductOrderExplanation",
        "id": history[0].stream,
        "catalog": made.catalog,
        "rules": [_rule(each) for each in explained_rules(plan, catalog, order)],
        "tasks": [_task(each) for each in explained_tasks(plan, catalog, order)],
        "visits": [_visit(each) for each in explained_visits(plan, catalog, order)],
    }


def _plan_of(history: Sequence[Recorded]) -> Plan | None:
    """The plan as it is now: added to by what came later, replaced by an amendment."""
    plan: Plan | None = None
    for recorded in history:
        event = recorded.event
        if isinstance(event, ProductOrderAmended):
            plan = event.plan
        elif isinstance(event, ProductOrderDecomposed):
            plan = event.plan if plan is None else plan.extended(event.plan)
    return plan


def _rule(rule: ExplainedRule) -> dict[str, Any]:
    return {
        "productOrderItem": rule.item,
        "rule": rule.rule,
        "parent": rule.parent,
        "serviceSpecification": rule.specification,
        "condition": rule.condition,
        "holds": rule.holds,
        "reads": rule.reads,
        "sets": rule.values,
        "services": list(rule.services),
    }


def _task(task: ExplainedTask) -> dict[str, Any]:
    return {"task": task.task, "service": task.service, "targetSystem": task.target_system, "chosenBy": task.chosen_by}


def _visit(visit: ExplainedVisit) -> dict[str, Any]:
    return {
        "workOrder": visit.visit,
        "template": visit.template,
        "whenNew": visit.when_new,
        "condition": visit.condition,
        "reads": visit.reads,
        "productOrderItems": list(visit.items),
    }
