"""The two queues of operators, fallouts and open obligations, and one decision about many fallouts at once."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapters.engine.port import Clock
from adapters.read_models.port import Filter, Sort
from api.http import openapi
from api.http.context import Context, context_of
from api.http.errors import HttpError
from api.http.examples import BULK_ACTION
from api.http.messages import json_response, read_json_body, require_json_accepted
from api.http.own import ROOT, TITLE
from api.http.own.actions import action_from, decide_all, decision_on, described
from api.http.own.shapes.operating import BULK_BODY, DECISIONS, FALLOUT, OBLIGATION, READ_BULK_ACTION
from api.http.resource import Resource, add_resource
from api.http.sources import Rows
from projections.fallouts import FALLOUTS, OPEN
from projections.obligations import OBLIGATIONS
from schemas.reading import read

MOST_AT_ONCE = 1000

FALLOUT_QUEUE = Resource("fallout", f"{ROOT}/fallouts", TITLE, FALLOUT, Rows(FALLOUTS))
OBLIGATION_QUEUE = Resource("obligation", f"{ROOT}/obligations", TITLE, OBLIGATION, Rows(OBLIGATIONS))


def add_queues(router: APIRouter) -> None:
    """The routes of both queues."""
    router.add_api_route(f"{ROOT}/fallouts/actions", act, methods=["POST"], **_acting())
    add_resource(router, FALLOUT_QUEUE)
    add_resource(router, OBLIGATION_QUEUE)


def _acting() -> dict[str, Any]:
    return openapi.operation(
        TITLE,
        f"Decide about all open fallouts that match, {MOST_AT_ONCE} at a time",
        "fallout_action",
        {200: openapi.answer("What was decided, or would be.", DECISIONS.reference), **openapi.errors(400, 403, 406, 413, 415, 422)},
        (openapi.IDEMPOTENCY, openapi.OPERATOR, openapi.ROLES),
        openapi.content(BULK_BODY.reference, example=BULK_ACTION),
    )


async def act(request: Request) -> Response:
    """POST fallouts/actions."""
    require_json_accepted(request)
    document = read(READ_BULK_ACTION, await read_json_body(request))
    action = action_from(document, request)
    context = context_of(request)
    rows = await _matching(context, (*filters_of(FALLOUT_QUEUE, document["filter"], OPEN), *_older(document, context.system.clock)))
    decisions = [decision_on(row["productOrder"]["id"], row["task"], action, context.system.clock) for row in rows]
    if document.get("dryRun"):
        planned = [{**described(decision), "outcome": "planned"} for decision in decisions]
        return json_response({"@type": "Decisions", "dryRun": True, "tasks": planned})
    return json_response(await decide_all(context, decisions, action, strict=False))


def _older(document: dict[str, Any], clock: Clock) -> tuple[Filter, ...]:
    """By age: what has waited long enough."""
    seconds = document.get("olderThan", 0)
    try:
        before = clock() - timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        raise HttpError(422, "olderThan must be seconds, and not too many.", "invalid") from None
    return (Filter("raisedAt", "lte", (before.isoformat(),)),) if seconds > 0 else ()


def filters_of(queue: Resource, filter: dict[str, Any], state: str) -> tuple[Filter, ...]:
    """The rows of a queue in this state that a filter in a body means. Raises HttpError (400)."""
    for path in filter:
        if not queue.shape.knows(path):
            raise HttpError(400, f"A {queue.noun} has no attribute {path[:100]}.", "invalidBody")
    asked = (Filter(path, "eq", tuple(map(_text, value if isinstance(value, list) else [value]))) for path, value in filter.items())
    return (*asked, Filter("state", "eq", (state,)))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def _matching(context: Context, filters: tuple[Filter, ...]) -> list[dict[str, Any]]:
    def select() -> list[dict[str, Any]]:
        context.fresh()
        return context.system.read_models.select(FALLOUTS, filters, [Sort("raisedAt", False)], limit=MOST_AT_ONCE, count=False).documents

    return await context.run(select)
