"""Requests in and answers out: media types, size limits, JSON."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from api.http.errors import HttpError

LARGEST_BODY = 4 * 1024 * 1024
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"

encode = msgspec.json.Encoder().encode

# An id that could name something; anything else is not worth asking the store for.
_ID = re.compile(r"[\x21-\x7e\u00a0-\uffff]{1,200}")


def path_id(request: Request) -> str:
    """The id in the path; empty when nothing can have it."""
    id = str(request.path_params["id"])
    return id if _ID.fullmatch(id) else ""


def json_response(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in JSON."""
    return Response(encode(content), status, dict(headers) if headers else None, JSON)


def require_json_accepted(request: Request) -> None:
    """406 for a client that takes no JSON."""
    accept = request.headers.get("accept")
    if not accept or "*/*" in accept or "application/json" in accept or "application/*" in accept:
        return
    raise HttpError(406, "Answers are application/json, which the Accept header rules out.", "notAcceptable")


async def read_json_body(request: Request, *media_types: str) -> bytes:
    """The body of a request that carries JSON. Raises HttpError (413, 415, 400).

    A missing content type is refused too: a browser sends none across sites without asking, and nobody is to post orders that way."""
    sent = request.headers.get("content-type", "")
    media_type = sent.partition(";")[0].strip().lower()
    if media_type not in (media_types or (JSON,)):
        wanted = " or ".join(media_types or (JSON,))
        raise HttpError(415, f"The body must be sent as {wanted}.", "unsupportedMediaType", headers={"Accept-Post": wanted})
    body = await read_body(request)
    if not body.strip():
        raise HttpError(400, "The request has no body.", "invalidBody")
    return body


async def read_body(request: Request) -> bytes:
    """The body, read no further than its limit."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > LARGEST_BODY:
        raise _too_large()
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_BODY:
            raise _too_large()
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large() -> HttpError:
    return HttpError(413, f"A body has at most {LARGEST_BODY // 1024 // 1024} MiB.", "bodyTooLarge")
