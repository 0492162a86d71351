"""A candidate catalog over past orders: which of them it would decompose otherwise or refuse. Nothing is published or stored."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapters.over_orders import Span, over_orders
from api.http import caller, openapi
from api.http.context import context_of
from api.http.errors import HttpError
from api.http.messages import json_response, read_json_body, require_json_accepted
from api.http.own import ROOT, TITLE
from api.http.own.catalogs import CATALOG_FILE, EXAMPLE
from api.http.own.shapes.catalogs import OVER_ORDERS
from api.over_orders import as_document, moment
from api.wiring import System
from schemas.catalog import catalog_from_document, catalog_in_body

# Orders of one answer: they are compared while others are decided; the command line takes all.
DEFAULT_ORDERS = 1_000
MOST_ORDERS = 10_000

SINCE = openapi.parameter("since", "query", "Only orders that were accepted from this time on.", {"type": "string", "format": "date-time"})
UNTIL = openapi.parameter("until", "query", "Only orders that were accepted before this time.", {"type": "string", "format": "date-time"})
LIMIT = openapi.parameter(
    "limit",
    "query",
    f"The first so many of them, up to {MOST_ORDERS}.",
    {"type": "integer", "minimum": 1, "maximum": MOST_ORDERS, "default": DEFAULT_ORDERS},
)


def add_over_orders(router: APIRouter) -> None:
    """The route."""
    router.add_api_route(
        f"{ROOT}/catalogs/overOrders",
        compare,
        methods=["POST"],
        **openapi.operation(
            TITLE,
            "Which past orders a catalog would decompose otherwise",
            "catalog_over_orders",
            {200: openapi.answer("The report.", OVER_ORDERS.reference), **openapi.errors(400, 403, 406, 413, 415, 422)},
            (SINCE, UNTIL, LIMIT),
            openapi.content(CATALOG_FILE.reference, example=EXAMPLE),
        ),
    )


async def compare(request: Request) -> Response:
    """POST catalogs/overOrders: a catalog file as JSON in, the report out."""
    require_json_accepted(request)
    caller.operator(request)
    span = _span(request)
    body = await read_json_body(request)
    context = context_of(request)
    return json_response(await context.run(_compared, context.system, body, span))


def _compared(system: System, body: bytes, span: Span) -> dict[str, Any]:
    candidate = catalog_from_document(catalog_in_body(body).document)
    return as_document(over_orders(system.log, system.codec, candidate, system.catalogs, system.settings.answer_within, span))


def _span(request: Request) -> Span:
    asked = request.query_params
    try:
        since, until = moment(asked.get("since", "")), moment(asked.get("until", ""))
    except ValueError as error:
        raise HttpError(400, str(error), "invalidQuery") from None
    text = asked.get("limit", str(DEFAULT_ORDERS))
    limit = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= limit <= MOST_ORDERS:
        raise HttpError(400, f"limit must be 1 to {MOST_ORDERS}.", "invalidQuery")
    return Span(since, until, limit)
