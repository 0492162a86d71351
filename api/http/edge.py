"""The outermost layer: HEAD, OPTIONS and trailing slashes, counting, and an answer even when the program is at fault."""

import re
from collections.abc import Iterable
from time import perf_counter

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.errors import HttpError, error_response
from api.settings import is_loopback

REQUESTS = Counter("crossconnect_http_requests", "HTTP requests", ["method", "route", "status"])
SECONDS = Histogram(
    "crossconnect_http_request_seconds",
    "Time until an HTTP answer has been sent",
    ["method", "route"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5),
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
STREAMED = re.compile(r"/events/stream$")

ELSEWHERE = "Without authentication only this machine is served, under a loopback address; --auth none-anywhere serves under any name."

# In the scope of a request whose answer will lose its body.
HEAD_ONLY = "crossconnect.head"

log = structlog.get_logger()


class Edge:
    """Wraps the application; `routes` are those that it can be asked for. `local`: everybody may call who can reach this machine's loopback, so a
    page of another site, to which a browser was led by a name of that site, must not."""

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute], local: bool = False) -> None:
        self._app = app
        self._routes = routes
        self._local = local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope = {**scope, "path": scope["path"].rstrip("/") or "/"}
        answer = _Answer(scope["method"], send)
        began = perf_counter()
        try:
            await self._answer(scope, receive, answer)
        except ClientDisconnect:
            pass  # it left before its request was complete: there is nothing to do, and nobody to answer
        except Exception as error:
            log.exception("request failed", method=answer.method, path=scope["path"], exc_info=error)
            if not answer.begun:
                await error_response(HttpError(500, "Crossconnect failed on this request; its log says why."))(scope, receive, answer)
        finally:
            _count(scope, answer, perf_counter() - began)

    async def _answer(self, scope: Scope, receive: Receive, send: "_Answer") -> None:
        if self._local and not _names_this_machine(scope):
            await error_response(HttpError(421, ELSEWHERE))(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            await self._options(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope["method"], scope[HEAD_ONLY] = "GET", True  # ours, not the server's: it must know that no body follows
        await self._app(scope, receive, send)

    async def _options(self, scope: Scope, receive: Receive, send: "_Answer") -> None:
        allowed = allowed_methods(self._routes, scope)
        if not allowed:
            await error_response(HttpError(404, "There is nothing at this address."))(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 204, "headers": [(b"allow", ", ".join(allowed).encode())]})
        await send({"type": "http.response.body", "body": b""})


def _names_this_machine(scope: Scope) -> bool:
    """Whether the Host header, if there is one, is a loopback address."""
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "localhost")
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return is_loopback(name.lower())


def allowed_methods(routes: Iterable[BaseRoute], scope: Scope) -> list[str]:
    """The methods that an address knows, empty when there is nothing at it."""
    asked = {"type": "http", "path": scope["path"], "headers": [], "query_string": b""}
    found = {method for method in METHODS if any(route.matches({**asked, "method": method})[0] is Match.FULL for route in routes)}
    if "GET" in found:
        found.add("HEAD")
    return [*(method for method in METHODS if method in found), "OPTIONS"] if found else []


class _Answer:
    """Passes an answer on, without its body when only the head was asked for, and remembers its status."""

    def __init__(self, method: str, send: Send) -> None:
        self.method = method
        self.status = 0
        self._send = send

    @property
    def begun(self) -> bool:
        return self.status != 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), (b"x-content-type-options", b"nosniff")]
        elif self.method == "HEAD":
            message = {**message, "body": b""}
        await self._send(message)


def _count(scope: Scope, answer: _Answer, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "none")
    method = answer.method if answer.method in (*METHODS, "OPTIONS") else "other"
    REQUESTS.labels(method, route, str(answer.status)).inc()
    if not STREAMED.search(route):
        SECONDS.labels(method, route).observe(seconds)
