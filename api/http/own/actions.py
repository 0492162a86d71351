"""What operators decide: from the body of a request to the decisions that the domain is asked to take."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from starlette.requests import Request as HttpRequest

from adapters.engine.port import Request
from api.http import caller
from api.http.context import Context
from api.http.errors import HttpError, as_http, not_found
from api.http.own.shapes import LATER_ACTIONS, READ_ACTION
from domain.fallout import COMPLETE, RETRY, ResolveTask
from domain.plan import service_order_id
from domain.values import Values, Who
from projections.obligations import FALLOUT, MANUAL
from schemas.reading import digest, read

Tree = dict[str, Any]


class Action(NamedTuple):
    """`item` is a product order item or a task, empty for all that stopped; `key` and `digest` by which the request is known again."""

    name: str
    item: str
    values: Values
    who: Who
    key: str
    digest: bytes


class Decision(NamedTuple):
    """One action on one task, or work order, of an order."""

    order: str
    task: str
    action: Action


def read_action(body: bytes, http: HttpRequest) -> Action:
    """The action in a request. Raises Unreadable, HttpError (403, 501)."""
    return action_from(read(READ_ACTION, body), http)


def action_from(document: dict[str, Any], http: HttpRequest) -> Action:
    """The action in a body that has been read."""
    name = document["action"]
    who = caller.operator(http, document.get("reason", ""))
    if name in LATER_ACTIONS:
        raise HttpError(501, f"The action {name} is not built yet.", "notImplemented")
    values = {each["name"]: each["value"] for each in document.get("values", ())}
    if values and name != COMPLETE:
        raise HttpError(422, f"Only complete takes values, not {name}.", "invalid")
    return Action(name, document.get("item", ""), values, who, caller.idempotency_key(http), digest(document))


def tasks_meant(tree: Tree, action: Action) -> list[str]:
    """The tasks and work orders that the action is for. Raises HttpError (404, 409)."""
    item = action.item
    if item in tree["tasks"] or item in tree["workOrders"]:
        return [item]
    if item and item not in tree["items"]:
        raise not_found("item, task or work order", f"{item[:100]} in order {tree['id']}")
    within = _nested(tree, item) if item else set(tree["items"])
    found = [row["task"] for row in tree["obligations"].values() if _waits_for_people(row, action.name) and _items_of(tree, row) & within]
    if not found:
        where = f"item {item} of order {tree['id']}" if item else f"order {tree['id']}"
        raise HttpError(409, f"Nothing in {where} waits for {action.name}.", "conflict")
    return found


def _waits_for_people(row: Tree, action: str) -> bool:
    return row["kind"] == FALLOUT or (row["kind"] == MANUAL and action != RETRY)


def _items_of(tree: Tree, row: Tree) -> set[str]:
    """The product order items that an obligation is about."""
    task = row["task"]
    if task in tree["tasks"]:
        return {tree["tasks"][task]["item"]}
    return set(tree["workOrders"].get(task, {}).get("items", ()))


def _nested(tree: Tree, item: str) -> set[str]:
    """An item and those within it."""
    found = {item}
    for id, node in tree["items"].items():  # parents stand before their nested items
        if node.get("parent") in found:
            found.add(id)
    return found


async def decide_all(context: Context, decisions: Sequence[Decision], strict: bool) -> dict[str, Any]:
    """Take the decisions one by one. The first one that is refused ends it if `strict` and nothing was decided before; else all are told."""
    told: list[dict[str, Any]] = []
    for decision in decisions:
        try:
            await context.submit(_request(context, decision))
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
    return {"productOrder": {"id": decision.order}, "task": decision.task, "action": decision.action.name}


def _request(context: Context, decision: Decision) -> Request:
    action = decision.action
    command = ResolveTask(
        stream_of(decision.order, decision.task), decision.task, action.name, action.values, action.who, context.system.clock()
    )
    key = f"{action.key}/{decision.order}/{decision.task}" if action.key else ""
    return Request(command, "", action.key or context.system.new_id(), caller.sent_before(key, action.digest), 200)


def stream_of(order: str, task: str) -> str:
    """The service or work order that a task stands in: a task's id begins with the number of its service order."""
    number = task.partition(".")[0]
    return service_order_id(order, int(number)) if number.isdigit() else task
