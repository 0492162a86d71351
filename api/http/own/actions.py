"""What operators decide: from the body of a request to the decisions that the domain is asked to take."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from starlette.requests import Request as HttpRequest

from adapters.engine.port import Clock, Request
from api.http import caller
from api.http.context import Context
from api.http.errors import HttpError, as_http
from api.http.own.meaning import meant, named_items, service_order_items, tasks_meant
from api.http.own.shapes.operating import READ_ACTION
from domain.fallout import (
    BY_HAND,
    COMPLETE,
    OPERATOR_ACTIONS,
    AssignFallout,
    NoteFallout,
    RaiseFallout,
    RateFallout,
    ResolveTask,
)
from domain.plan import service_order_id
from domain.product_order import HoldItems, ReleaseItems
from domain.service_order import SetValues
from domain.values import Reason, Values, Who
from schemas.reading import digest, read

Tree = dict[str, Any]

SET, RAISE = "set", "raise"
# What an action cannot do without.
NEEDS = {SET: ("values",), "note": ("note",), "severity": ("severity",)}


class Action(NamedTuple):
    """`item` is a product order item or a task, empty for all that is meant; `document` the whole body; `key` and `digest` by which the request is known
    again."""

    name: str
    item: str
    values: Values
    document: Mapping[str, Any]
    who: Who
    key: str
    digest: bytes


class Decision(NamedTuple):
    """One action on one step, service order item or item of an order; `task` is how it is told."""

    order: str
    task: str
    action: str
    command: Any


def read_action(body: bytes, http: HttpRequest) -> Action:
    """The action in a request. Raises Unreadable, HttpError (403, 422)."""
    return action_from(read(READ_ACTION, body), http)


def action_from(document: dict[str, Any], http: HttpRequest) -> Action:
    """The action in a body that has been read."""
    name = document["action"]
    who = caller.operator(http, document.get("reason", ""))
    values = {each["name"]: each["value"] for each in document.get("values", ())}
    if values and name not in (COMPLETE, SET):
        raise HttpError(422, f"Only complete and set take values, not {name}.", "invalid")
    for attribute in NEEDS.get(name, ()):
        if not document.get(attribute):
            raise HttpError(422, f"{name} needs {attribute}.", "invalid")
    if name == "assign" and not {"assignee", "group"} & document.keys():
        raise HttpError(422, "assign needs assignee or group.", "invalid")
    return Action(name, document.get("item", ""), values, document, who, caller.idempotency_key(http), digest(document))


def decisions_for(tree: Tree, action: Action, clock: Clock) -> list[Decision]:
    """The decisions that an action means in an order. Raises HttpError (404, 409)."""
    order = tree["id"]
    if action.name in _OF_ITEMS:
        items = named_items(tree, action.item)
        return [Decision(order, f"item:{items[0]}" if items else "order", action.name, _OF_ITEMS[action.name](order, items, action.who))]
    if action.name == SET:
        stands = meant(tree, action.item, "set") if action.item else None
        return [
            Decision(order, f"{stream}/{item}", SET, SetValues(stream, item, action.values, action.who))
            for stream, item in service_order_items(tree, stands, action.values)
        ]
    return [decision_on(order, task, action, clock) for task in tasks_meant(tree, action.item, action.name)]


_OF_ITEMS: Mapping[str, Callable[[str, tuple[str, ...], Who], Any]] = {"hold": HoldItems, "release": ReleaseItems}


def decision_on(order: str, task: str, action: Action, clock: Clock) -> Decision:
    """An action on one task or work order."""
    return Decision(order, task, action.name, _command(stream_of(order, task), task, action, clock))


def _command(stream: str, task: str, action: Action, clock: Clock) -> Any:
    document, who = action.document, action.who
    if action.name in OPERATOR_ACTIONS:
        return ResolveTask(stream, task, action.name, action.values, who, clock())
    match action.name:
        case "note":
            return NoteFallout(stream, task, document["note"], who)
        case "assign":
            return AssignFallout(stream, task, document.get("assignee", ""), document.get("group", ""), who)
        case "severity":
            return RateFallout(stream, task, document["severity"], who)
    kind = document.get("type") or BY_HAND
    reason = Reason(kind, who.reason or f"Raised by {who.name}")
    return RaiseFallout(stream, task, kind, reason, document.get("severity", "major"), document.get("group", ""), who)


async def decide_all(context: Context, decisions: Sequence[Decision], action: Action, strict: bool) -> dict[str, Any]:
    """Take the decisions one by one. The first one that is refused ends it if `strict` and nothing was decided before; else all are told."""
    told: list[dict[str, Any]] = []
    for decision in decisions:
        try:
            await context.submit(_request(context, decision, action))
        except Exception as error:
            refused = as_http(error)
            if refused is None or refused.status >= 500 or (strict and not told):
                raise
            told.append({**described(decision), "outcome": "refused", "message": refused.message})
        else:
            told.append({**described(decision), "outcome": "accepted"})
    return {"@type": "Decisions", "dryRun": False, "tasks": told}


def described(decision: Decision) -> dict[str, Any]:
    """A decision as it is told."""
    return {"productOrder": {"id": decision.order}, "task": decision.task, "action": decision.action}


def _request(context: Context, decision: Decision, action: Action) -> Request:
    key = f"{action.key}/{decision.order}/{decision.task}" if action.key else ""
    return Request(decision.command, "", action.key or context.system.new_id(), caller.sent_before(key, action.digest), 200)


def stream_of(order: str, task: str) -> str:
    """The service or work order that a task stands in: a task's id begins with the number of its service order."""
    number = task.partition(".")[0]
    return service_order_id(order, int(number)) if number.isdigit() else task
