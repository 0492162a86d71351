"""What goes wrong over HTTP, as TMF630 says it: a body with code, reason, message and status, whatever failed."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.responses import Response

from adapters.engine.port import EngineClosed
from adapters.event_log.port import Conflict, LogUnavailable
from adapters.read_models.port import FilterRefused, ReadModelsUnavailable
from domain.values import Reason, Rejected
from schemas.catalog import CatalogError
from schemas.reading import Unreadable

DOCUMENTATION = "/docs"

_encode = msgspec.json.Encoder().encode


class HttpError(Exception):
    """A request that is refused at the edge. `reasons` are the single faults, where there is more than one thing to say."""

    def __init__(
        self, status: int, message: str, code: str = "", reasons: tuple[Reason, ...] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code or str(status)
        self.reasons = reasons
        self.headers = dict(headers or {})


def not_found(what: str, id: str) -> HttpError:
    """404 for a resource that is not there."""
    return HttpError(404, f"There is no {what} {id}.")


def error_body(status: int, message: str, code: str = "", reasons: tuple[Reason, ...] = ()) -> dict[str, Any]:
    """The TMF630 error document; `errors` lists the single faults and is left out when the message says it all."""
    body: dict[str, Any] = {
        "@type": "Error",
        "code": code or str(status),
        "reason": HTTPStatus(status).phrase,
        "message": message,
        "status": str(status),
        "referenceError": DOCUMENTATION,
    }
    if any(reason.path for reason in reasons) or len(reasons) > 1:
        body["errors"] = [{"code": each.code, "message": each.message, **({"path": each.path} if each.path else {})} for each in reasons]
    return body


def error_response(error: HttpError) -> Response:
    """The answer to a request that failed."""
    body = _encode(error_body(error.status, error.message, error.code, error.reasons))
    return Response(body, error.status, error.headers, "application/json")


# What the domain's refusals are over HTTP (contract, "Over HTTP").
REFUSALS: Mapping[str, int] = {"invalid": 422, "unknown": 404, "conflict": 409, "unsupported": 501}


def as_http(error: Exception) -> HttpError | None:
    """The answer to an error that has one; None for a fault of this program."""
    if isinstance(error, HttpError):
        return error
    translate = next((_TRANSLATE[kind] for kind in type(error).__mro__ if kind in _TRANSLATE), None)
    return translate(error) if translate is not None else None


def _rejected(error: Rejected) -> HttpError:
    return HttpError(REFUSALS.get(error.code, 422), error.sentence, error.code, error.reasons)


def _unreadable(error: Unreadable) -> HttpError:
    return HttpError(400, error.sentence, "invalidBody", error.reasons)


def _wrong_catalog(error: CatalogError) -> HttpError:
    count = len(error.findings)
    reasons = tuple(Reason("invalid", finding.message, finding.path) for finding in error.findings)
    return HttpError(422, f"The catalog has {count} fault{'s' * (count != 1)}: {error.findings[0]}", "invalidCatalog", reasons)


def _unavailable(error: Exception) -> HttpError:
    return HttpError(503, f"{str(error).rstrip('.')}. Send the request again.", "unavailable", headers={"Retry-After": "1"})


_TRANSLATE: Mapping[type[Exception], Callable[[Any], HttpError]] = {
    Rejected: _rejected,
    Unreadable: _unreadable,
    CatalogError: _wrong_catalog,
    FilterRefused: lambda error: HttpError(400, str(error), "invalidQuery"),
    LogUnavailable: _unavailable,
    ReadModelsUnavailable: _unavailable,
    EngineClosed: _unavailable,
    Conflict: _unavailable,
}
# The errors that have an answer.
TRANSLATED: tuple[type[Exception], ...] = (HttpError, *_TRANSLATE)
