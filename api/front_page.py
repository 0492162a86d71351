"""What there is to see, for whoever opens the bare address."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
PAGE = b"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Crossconnect</title></head>
<body>
<h1>Crossconnect</h1>
<ul>
<li><a href="/console">Console</a>: orders, what waits for an operator, what happens now</li>
<li><a href="/docs">Calls</a>: product orders and cancels, service orders, work orders, products, services and catalogs as TM Forum has them; trees,
timelines, fallout and the event log as operators need them; to read and to try (<a href="/openapi.json">OpenAPI</a>)</li>
<li><a href="/asyncapi">Topics</a>: every message (AsyncAPI)</li>
<li><a href="/readyz">Health</a>: whether orders can be taken, and <a href="/metrics">metrics</a></li>
</ul>
</body>
</html>
"""


def add_front_page(router: APIRouter) -> None:
    """/"""
    router.add_api_route("/", show_page, methods=["GET"], include_in_schema=False)


async def show_page(request: Request) -> Response:
    """The page; it runs and loads nothing."""
    return Response(PAGE, media_type="text/html", headers={"Content-Security-Policy": POLICY})
