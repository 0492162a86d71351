"""Target systems: which there are, which are offline, how many steps wait for each, and switching them."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from adapters.engine.port import Request
from adapters.read_models.port import Filter, Page
from api.http import caller, openapi
from api.http.context import context_of
from api.http.errors import not_found
from api.http.examples import TARGET_ACTION
from api.http.in_memory import select
from api.http.messages import json_response, path_id, read_json_body, require_json_accepted
from api.http.own import ROOT, TITLE
from api.http.own.shapes.operating import READ_TARGET_ACTION, TARGET_ACTION_BODY, TARGET_SYSTEM
from api.http.query import Selection
from api.http.resource import Resource, add_resource, find
from api.http.sources import Found
from api.wiring import System
from domain.target_system import STREAM, BringTargetSystemOnline, TakeTargetSystemOffline, target_systems
from projections.obligations import OBLIGATIONS, PARKED
from projections.target_systems import TARGET_SYSTEMS, target_system
from projections.view import Document
from schemas.reading import digest, read

COMMANDS = {"offline": TakeTargetSystemOffline, "online": BringTargetSystemOnline}


class TargetSystems:
    """Those that a published catalog names, and those that were ever switched."""

    from_views = True

    def find(self, system: System, id: str) -> Found | None:
        """See Source."""
        return next((Found(_counted(system, each)) for each in _all(system) if each["id"] == id), None)

    def select(self, system: System, selection: Selection) -> Page:
        """See Source."""
        return select([_counted(system, each) for each in _all(system)], selection)


def _all(system: System) -> list[Document]:
    named = sorted({name for catalog in system.catalogs.values() for name in target_systems(catalog)})
    switched = {row["id"]: row for row in system.read_models.select(TARGET_SYSTEMS, count=False).documents}
    return list(({name: target_system(name) for name in named} | switched).values())


def _counted(system: System, row: Document) -> Document:
    filters = [Filter("kind", "eq", (PARKED,)), Filter("targetSystem", "eq", (row["id"],))]
    return {**row, "parkedTasks": system.read_models.select(OBLIGATIONS, filters, limit=1).total}


TARGETS = Resource("targetSystem", f"{ROOT}/targetSystems", TITLE, TARGET_SYSTEM, TargetSystems())


def add_target_systems(router: APIRouter) -> None:
    """The list and what is done about them."""
    add_resource(router, TARGETS)
    router.add_api_route(f"{TARGETS.path}/{{id}}/actions", act, methods=["POST"], **_acting())


def _acting() -> dict[str, Any]:
    return openapi.operation(
        TITLE,
        "Take a target system offline, or bring it back",
        "target_system_action",
        {
            200: openapi.answer("The target system as it is now.", TARGET_SYSTEM.reference),
            **openapi.errors(400, 403, 404, 406, 409, 413, 415, 422),
        },
        (openapi.ID, openapi.IDEMPOTENCY, openapi.OPERATOR, openapi.ROLES),
        openapi.content(TARGET_ACTION_BODY.reference, example=TARGET_ACTION),
    )


async def act(request: HttpRequest) -> Response:
    """POST targetSystems/{id}/actions."""
    require_json_accepted(request)
    document = read(READ_TARGET_ACTION, await read_json_body(request))
    who, key = caller.operator(request, document.get("reason", "")), caller.idempotency_key(request)
    context, name = context_of(request), path_id(request)
    command = COMMANDS[document["action"]](STREAM, name, who)
    identities = caller.sent_before(f"{key}/{name}" if key else "", digest(document))
    await context.submit(Request(command, "", key or context.system.new_id(), identities))
    found = await find(context, TARGETS, name)
    if found is None:
        raise not_found(TARGETS.noun, name[:200])
    return json_response(found.document)
