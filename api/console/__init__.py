"""The console: three static files that call the API like any other client does."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.http.errors import HttpError

FOLDER = Path(__file__).parent
FILES: Mapping[str, str] = {"index.html": "text/html", "console.css": "text/css", "console.js": "text/javascript"}

# The page shows what customers have written, so it may load nothing and run nothing but its own files.
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"


def add_console(router: APIRouter) -> None:
    """/console and its files."""
    router.add_api_route("/console", show_page, methods=["GET"], include_in_schema=False)
    router.add_api_route("/console/{name}", show_file, methods=["GET"], include_in_schema=False)


async def show_page(request: Request) -> Response:
    """The page."""
    return _file("index.html")


async def show_file(request: Request) -> Response:
    """What the page consists of."""
    name = request.path_params["name"]
    if name not in FILES:
        raise HttpError(404, "There is nothing at this address.")
    return _file(name)


def _file(name: str) -> Response:
    return Response(_content(name), media_type=FILES[name], headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})


@cache
def _content(name: str) -> bytes:
    return (FOLDER / name).read_bytes()
