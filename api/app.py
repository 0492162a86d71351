"""The HTTP application of a system: every route, the errors they answer with, and the layer around them."""

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.console import add_console
from api.documentation import add_documentation
from api.front_page import add_front_page
from api.http.context import Context
from api.http.edge import Edge, allowed_methods
from api.http.errors import TRANSLATED, HttpError, as_http, error_response
from api.http.own import shapes as own
from api.http.own.catalogs import CATALOG_FILE, CATALOGS
from api.http.own.changes import add_changes
from api.http.own.dead_letters import add_dead_letters
from api.http.own.events import add_events
from api.http.own.install_base import ITEMS, SOLD, add_install_base
from api.http.own.install_base_load import add_install_base_load
from api.http.own.orders import add_orders
from api.http.own.over_orders import add_over_orders
from api.http.own.queues import add_queues
from api.http.own.target_systems import add_target_systems
from api.http.own.what_if import add_what_if
from api.http.resource import Resource, add_resource
from api.http.shapes import Shape
from api.http.tmf import RESOURCES
from api.operations import add_operations
from api.wiring import System

VERSION = "0.1.0"


def create_app(system: System) -> FastAPI:
    """The application. It starts and stops nothing of the system; when the system closes, its streams end."""
    app = FastAPI(title="Crossconnect", version=VERSION, openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.context = Context(system)
    system.parts.append(app.state.context)
    for add in (
        _add_resources,
        add_orders,
        add_what_if,
        add_changes,
        add_over_orders,
        add_queues,
        add_target_systems,
        add_install_base,
        add_install_base_load,
        add_dead_letters,
        add_events,
        add_operations,
        add_console,
        add_front_page,
    ):
        router = APIRouter()
        add(router)
        app.include_router(router)
    add_documentation(app, [*_shapes(), *own.SHAPES, CATALOG_FILE])
    refusals: tuple[type[Exception], ...] = (HTTPException, *TRANSLATED)
    for error in refusals:
        app.add_exception_handler(error, _answer_error)
    app.add_middleware(Edge, routes=app.routes, local=system.settings.auth == "none")
    return app


def _add_resources(router: APIRouter) -> None:
    for resource in (*RESOURCES, CATALOGS, SOLD, ITEMS):
        add_resource(router, resource)


def _shapes() -> list[Shape]:
    return [shape for resource in RESOURCES for shape in _shapes_of(resource)]


def _shapes_of(resource: Resource) -> list[Shape]:
    changes = [change for change in (resource.create, resource.patch) if change is not None]
    return [resource.shape, *(change.shape for change in changes)]


async def _answer_error(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return error_response(_from_router(request, error))
    answer = as_http(error)
    assert answer is not None, "handlers are registered for what has an answer"
    return error_response(answer)


def _from_router(request: Request, error: HTTPException) -> HttpError:
    """What the router itself refuses: an address or a method that is not there."""
    if error.status_code == 404:
        return HttpError(404, "There is nothing at this address; /docs lists what there is.")
    if error.status_code == 405:
        allowed = ", ".join(allowed_methods(request.app.routes, request.scope))
        return HttpError(405, f"This address knows {allowed} only.", headers={"Allow": allowed})
    return HttpError(error.status_code, str(error.detail), headers=error.headers)
