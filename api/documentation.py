"""The documents about the API, made from the declarations, and the page that shows them without asking any other host."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import Response

from api.http.errors import HttpError
from api.http.messages import encode, json_response
from api.http.openapi import components
from api.http.shapes import Shape
from schemas.generate import MESSAGES, json_schema
from schemas.topics import asyncapi

ABOUT = """Order orchestration for telecom operators. TMF resources follow TMF630: `fields`, filters, `sort`, `offset` and `limit` work on
every list, and every error has a TMF error body."""

# The page runs no code but its own: what it shows comes from documents that others may have written into.
POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Crossconnect API</title><link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body>
</html>
"""
START = """SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null, docExpansion: "none"});
"""
ASSETS: Mapping[str, str] = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}


def add_documentation(app: FastAPI, shapes: Iterable[Shape]) -> None:
    """/openapi.json, /asyncapi, /docs and its files."""
    known = tuple(shapes)

    @cache
    def document() -> bytes:
        return encode(openapi_document(app, known))

    async def show_openapi(request: Request) -> Response:
        return Response(document(), media_type="application/json")

    router = APIRouter(include_in_schema=False)
    router.add_api_route("/openapi.json", show_openapi, methods=["GET"])
    router.add_api_route("/asyncapi", show_asyncapi, methods=["GET"])
    router.add_api_route("/docs", show_page, methods=["GET"])
    router.add_api_route("/docs/{name}", show_asset, methods=["GET"])
    router.add_api_route("/schemas/{name}", show_schema, methods=["GET"])
    app.include_router(router)


def openapi_document(app: FastAPI, shapes: Iterable[Shape]) -> dict[str, Any]:
    """OpenAPI 3.1 of everything that the application answers."""
    document = get_openapi(title="Crossconnect", version=app.version, description=ABOUT, routes=app.routes)
    document.setdefault("components", {})["schemas"] = components(shapes)
    return document


async def show_asyncapi(request: Request) -> Response:
    """AsyncAPI 3.0 of all topics, from their manifest."""
    return json_response(asyncapi())


async def show_schema(request: Request) -> Response:
    """The JSON Schema of a message: what `ce_dataschema` points at."""
    name, _, suffix = request.path_params["name"].rpartition(".")
    if suffix != "json" or name not in MESSAGES:
        raise HttpError(404, "There is nothing at this address.")
    return json_response(json_schema(name))


async def show_page(request: Request) -> Response:
    """Swagger UI."""
    return _page(PAGE, "text/html")


async def show_asset(request: Request) -> Response:
    """A file of Swagger UI, from the package that carries it."""
    name = request.path_params["name"]
    if name == "start.js":
        return _page(START, "text/javascript")
    if name not in ASSETS:
        raise HttpError(404, "There is nothing at this address.")
    return Response(_asset(name), media_type=ASSETS[name], headers={"Cache-Control": "max-age=86400"})


@cache
def _asset(name: str) -> bytes:
    return (files("fastapi_standalone_docs") / "static" / "swagger" / name).read_bytes()


def _page(text: str, media_type: str) -> Response:
    return Response(text, media_type=media_type, headers={"Content-Security-Policy": POLICY})
