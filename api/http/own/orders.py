"""One order in full: its tree, its events with their causes, and what operators do about it."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.http import openapi
from api.http.context import Context, context_of
from api.http.errors import not_found
from api.http.examples import ACTION
from api.http.messages import json_response, path_id, read_json_body, require_json_accepted
from api.http.own import ROOT, TITLE
from api.http.own.actions import decide_all, decisions_for, read_action
from api.http.own.clearances import clear, is_clearance
from api.http.own.shapes.operating import ACTION_BODY, DECISIONS
from api.http.own.shapes.orders import LINES, TREE
from api.http.product_orders import ORDERS
from api.http.service_orders import FROM_OUTSIDE
from api.wiring import System
from domain.recorded import Recorded
from projections.order_trees import order_tree, streams_of
from schemas.log_line import line

TREE_DOCUMENT = dict[str, Any]


def add_orders(router: APIRouter) -> None:
    """The routes below `orders/{id}`."""
    path = f"{ROOT}/orders/{{id}}"
    router.add_api_route(f"{path}/tree", tree, methods=["GET"], **_reading("tree", "Items, services, orders, tasks, obligations", TREE))
    router.add_api_route(f"{path}/timeline", timeline, methods=["GET"], **_reading("timeline", "Every event, with its cause", LINES))
    router.add_api_route(f"{path}/actions", act, methods=["POST"], **_acting())


def _reading(what: str, summary: str, shape: Any) -> dict[str, Any]:
    answers = {200: openapi.answer(f"The {what}.", shape.reference), **openapi.errors(404, 406)}
    return openapi.operation(TITLE, f"{summary} of an order", f"order_{what}", answers, (openapi.ID,))


def _acting() -> dict[str, Any]:
    return openapi.operation(
        TITLE,
        "Decide about what stopped in an order, hold or release it, set values",
        "order_action",
        {200: openapi.answer("What was decided.", DECISIONS.reference), **openapi.errors(400, 403, 404, 406, 409, 413, 415, 422)},
        (openapi.ID, openapi.IDEMPOTENCY, openapi.OPERATOR, openapi.ROLES),
        openapi.content(ACTION_BODY.reference, example=ACTION),
    )


async def tree(request: Request) -> Response:
    """GET orders/{id}/tree."""
    require_json_accepted(request)
    return json_response(await tree_of(context_of(request), request))


async def timeline(request: Request) -> Response:
    """GET orders/{id}/timeline."""
    require_json_accepted(request)
    context = context_of(request)
    history = await context.run(order_history, context.system, path_id(request))
    if not history:
        raise not_found("order", str(request.path_params["id"])[:200])
    return json_response([line(recorded) for recorded in history])


async def act(request: Request) -> Response:
    """POST orders/{id}/actions."""
    require_json_accepted(request)
    action = read_action(await read_json_body(request), request)
    context = context_of(request)
    order = await tree_of(context, request)
    if is_clearance(order, action):
        return json_response(await clear(context, request, order, action))
    decisions = decisions_for(order, action, context.system.clock)
    return json_response(await decide_all(context, decisions, action, strict=True))


async def tree_of(context: Context, request: Request) -> TREE_DOCUMENT:
    """The tree of the order in the path. Raises HttpError (404)."""
    history = await context.run(order_history, context.system, path_id(request))
    found = order_tree(history, context.system.clock())
    if found is None:
        raise not_found("order", str(request.path_params["id"])[:200])
    return found


def order_history(system: System, id: str) -> list[Recorded]:
    """All events of an order and of its service and work orders, in the order of the log."""
    own = own_history(system, id)
    parts = [system.codec.decode(row) for row in system.log.read(streams_of(own))] if own else []
    return sorted([*own, *parts], key=lambda recorded: recorded.position)


def own_history(system: System, id: str) -> list[Recorded]:
    """The events of a product order, or of a service order from outside."""
    return (FROM_OUTSIDE if FROM_OUTSIDE.may_have(id) else ORDERS).history(system, id)
