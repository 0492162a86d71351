"""Who calls: the name and roles that a request is made under, and the key under which it may be sent again (contract, "Over HTTP")."""

import re

from starlette.requests import Request

from adapters.engine.port import Identity
from api.http.errors import HttpError
from domain.values import Who

OPERATOR_ROLE = "operator"
SUPERVISOR_ROLE = "supervisor"
NOBODY = "anonymous"
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


def idempotency_key(request: Request) -> str:
    """The key, empty when none was sent."""
    key = request.headers.get("idempotency-key", "")
    if "idempotency-key" in request.headers and not _KEY.fullmatch(key):
        raise HttpError(400, "Idempotency-Key must be 1 to 200 visible ASCII characters.", "invalidHeader")
    return key


def sent_before(key: str, digest: bytes) -> tuple[Identity, ...]:
    """By which a request with a key is known again: the first answer's status and resource, 422 for another body."""
    return (Identity("Idempotency-Key", key, digest),) if key else ()


def roles(request: Request) -> frozenset[str]:
    """The roles that a request says its caller has."""
    return frozenset(role.strip() for role in request.headers.get("x-operator-roles", "").split(",") if role.strip())


def supervisor(request: Request, reason: str) -> Who:
    """Who goes back behind a point of no return: the role has to be said (domain-rules 4.4)."""
    if SUPERVISOR_ROLE not in roles(request):
        raise HttpError(403, f"This needs the role {SUPERVISOR_ROLE}.", "forbidden")
    return named(request, reason)


def operator(request: Request, reason: str = "") -> Who:
    """Who acts on orders. Without a token the headers say it; roles that are given must include operator."""
    if "x-operator-roles" in request.headers and OPERATOR_ROLE not in roles(request):
        raise HttpError(403, f"This needs the role {OPERATOR_ROLE}.", "forbidden")
    return named(request, reason)


def named(request: Request, reason: str) -> Who:
    """The name that a request is made under."""
    name = request.headers.get("x-operator", "").strip() or NOBODY
    if not _NAME.fullmatch(name):
        raise HttpError(400, "X-Operator must be a name of at most 200 characters.", "invalidHeader")
    return Who(name, reason)
