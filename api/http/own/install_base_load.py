"""An install base of elsewhere, many products and services with one request: decided one by one, committed together."""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from fastapi import APIRouter
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from adapters.engine.port import Request
from api.http import openapi
from api.http.context import Context, context_of
from api.http.errors import HttpError, as_http
from api.http.examples import PRODUCT, SERVICE
from api.http.inventory import product_load, service_load
from api.http.messages import json_response, read_json_body, require_json_accepted
from api.http.own import TITLE
from api.http.own.install_base import PATH
from api.http.own.shapes.install_base import LOAD_BODY, LOADED, READ_LOAD
from api.wiring import System
from domain.product_loading import LoadProduct
from domain.service import LoadService
from domain.values import Rejected
from schemas.inventory import check_any
from schemas.reading import Json, Unreadable, read

MOST_AT_ONCE = 1000

Told = dict[str, Any]
Command = LoadProduct | LoadService


class Asked(NamedTuple):
    """One of the items: the message to the engine, or why there is none."""

    request: Request | None
    refused: HttpError | None = None


def add_install_base_load(router: APIRouter) -> None:
    """The route."""
    answers = {200: openapi.answer("What became of each.", LOADED.reference), **openapi.errors(400, 406, 413, 415)}
    body = openapi.content(LOAD_BODY.reference, example={"items": [SERVICE, PRODUCT]})
    summary = f"Load products and services that were built elsewhere, {MOST_AT_ONCE} at a time"
    router.add_api_route(PATH, load, methods=["POST"], **openapi.operation(TITLE, summary, "install_base_load", answers, (), body))


async def load(request: HttpRequest) -> Response:
    """POST installBase."""
    require_json_accepted(request)
    items = read(READ_LOAD, await read_json_body(request))["items"]
    if len(items) > MOST_AT_ONCE:
        raise HttpError(400, f"At most {MOST_AT_ONCE} are loaded at a time.", "invalidBody")
    context = context_of(request)
    asked = _asked(context.system, items)
    outcomes = await asyncio.gather(*(_submitted(context, each) for each in asked))
    made = await context.run(_made, context.system, asked)
    return json_response({"@type": "InstallBaseLoaded", "items": [_told(*each, made) for each in zip(asked, outcomes, strict=True)]})


def _asked(system: System, items: Sequence[Json]) -> list[Asked]:
    """The messages, in order. A service that later ones name by its id of elsewhere is known by it, also where its id here is made of its site."""
    names: dict[tuple[str, str], str] = {}
    asked = []
    for item in items:
        try:
            document, is_product = check_any(item)
            command: Command = (product_load if is_product else service_load)(system, document, names)
        except (Unreadable, Rejected) as error:
            asked.append(Asked(None, as_http(error)))
            continue
        if isinstance(command, LoadService) and command.loaded.external:
            names[command.loaded.customer, command.loaded.external] = command.stream
        asked.append(Asked(Request(command, command.loaded.customer, system.new_id(), (), 201)))
    return asked


async def _submitted(context: Context, asked: Asked) -> HttpError | None:
    """Why it was refused; None when it was not."""
    if asked.request is None:
        return asked.refused
    try:
        await context.submit(asked.request)
    except Exception as error:
        refused = as_http(error)
        if refused is None or refused.status >= 500:
            raise
        return refused
    return None


def _made(system: System, asked: Sequence[Asked]) -> set[str]:
    """The messages that made what they asked for; what others made was known before."""
    streams = list(dict.fromkeys(each.request.command.stream for each in asked if each.request is not None))
    first = [system.codec.decode(row) for row in system.log.read(streams) if row.version == 1] if streams else []
    return {each.meta.causation for each in first}


def _told(asked: Asked, refused: HttpError | None, made: set[str]) -> Told:
    if refused is not None:
        return {"outcome": "refused", "code": refused.code, "message": refused.message}
    assert asked.request is not None, "what is not asked for is refused"
    outcome = "loaded" if asked.request.causation in made else "known"
    return {"id": asked.request.command.stream, "outcome": outcome}
