"""The log, as pages and as a stream of server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from adapters.event_log.port import LogUnavailable
from api.http import openapi
from api.http.context import Context, context_of
from api.http.edge import HEAD_ONLY
from api.http.errors import HttpError
from api.http.messages import json_response, require_json_accepted
from api.http.own import ROOT, TITLE
from api.http.own.shapes.orders import LINES
from schemas.log_line import Line, encode, line

DEFAULT_PAGE = 500
LARGEST_PAGE = 2000
HEARTBEAT = 15.0  # seconds
LONGEST_WAIT = 0.25  # seconds; as long may a stream need to see that the server stops
EVENT_STREAM = "text/event-stream"

AFTER = openapi.parameter("after", "query", "The position after which to begin.", {"type": "integer", "minimum": 0})
LIMIT = openapi.parameter(
    "limit", "query", f"How many at most, up to {LARGEST_PAGE}.", {"type": "integer", "minimum": 1, "default": DEFAULT_PAGE}
)
LAST_ID = openapi.parameter("Last-Event-ID", "header", "Where a broken stream was; wins over `after`.")


def add_events(router: APIRouter) -> None:
    """The routes of the log."""
    link = {"Link": {"description": "The next page (rel next).", "schema": {"type": "string"}}}
    paged = {200: openapi.answer("Events in the order of the log.", LINES.reference, link), **openapi.errors(400, 406)}
    stream = {200: openapi.answer("Events as they happen.", {"type": "string"}, media_type=EVENT_STREAM), **openapi.errors(400, 503)}
    router.add_api_route(
        f"{ROOT}/events", page, methods=["GET"], **openapi.operation(TITLE, "Read the log", "list_events", paged, (AFTER, LIMIT))
    )
    router.add_api_route(
        f"{ROOT}/events/stream",
        follow,
        methods=["GET"],
        **openapi.operation(TITLE, "Follow the log", "stream_events", stream, (AFTER, LAST_ID)),
    )


async def page(request: Request) -> Response:
    """GET events."""
    require_json_accepted(request)
    after, limit = _number(request, "after", 0), _number(request, "limit", DEFAULT_PAGE)
    context = context_of(request)
    lines = await context.run(_lines, context, after, min(max(limit, 1), LARGEST_PAGE))
    following = f'<{ROOT}/events?after={lines[-1].position if lines else after}&limit={limit}>; rel="next"'
    return json_response(lines, 200, {"Link": following, "X-Result-Count": str(len(lines))})


async def follow(request: Request) -> Response:
    """GET events/stream: from `Last-Event-ID` or `after`, else from now on."""
    context = context_of(request)
    begin = request.headers.get("last-event-id") or request.query_params.get("after")
    position = _whole(begin, "after") if begin else await context.run(context.system.log.head)
    if HEAD_ONLY in request.scope:
        return Response(media_type=EVENT_STREAM)
    if context.full:
        raise HttpError(503, "Too many streams are open already.", "unavailable", headers={"Retry-After": "30"})
    return StreamingResponse(_stream(context, position), media_type=EVENT_STREAM, headers={"Cache-Control": "no-store"})


async def _stream(context: Context, position: int) -> AsyncIterator[bytes]:
    """Ends when the log is out of reach: the client comes again by itself, with the last position that it got."""
    with context.stream(), suppress(LogUnavailable):
        yield b": events of the log\n\n"
        async for lines in _pages(context, position):
            yield b"".join(map(_event, lines)) if lines else b": still here\n\n"


async def _pages(context: Context, position: int) -> AsyncIterator[list[Line]]:
    """What is new, as it comes; an empty page when nothing has come for a while."""
    clock = asyncio.get_running_loop().time
    told = clock()
    while not context.closed:
        await context.wait(position, LONGEST_WAIT)
        lines = await context.run(_lines, context, position, DEFAULT_PAGE)
        if lines or clock() - told > HEARTBEAT:
            position, told = lines[-1].position if lines else position, clock()
            yield lines


def _lines(context: Context, after: int, limit: int) -> list[Line]:
    codec = context.system.codec
    return [line(codec.decode(row)) for row in context.system.log.since(after, limit)]


def _event(told: Line) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (told.position, told.type.encode(), encode(told))


def _number(request: Request, name: str, otherwise: int) -> int:
    text = request.query_params.get(name)
    return otherwise if text is None else _whole(text, name)


def _whole(text: Any, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise HttpError(400, f"{name} must be a whole number from 0.", "invalidQuery")
    return int(text)
