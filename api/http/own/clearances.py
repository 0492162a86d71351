"""What our own people decide about an item before it is planned: approve it, refuse it, or add the technical values that it lacks."""

from typing import Any

from starlette.requests import Request as HttpRequest

from adapters.engine.port import Request
from api.http import caller, information, product_orders
from api.http.context import Context
from api.http.errors import HttpError, not_found
from api.http.own.actions import Action
from api.http.own.shapes.operating import CLEARANCES
from domain.fallout import COMPLETE
from domain.order_document import customer_of
from domain.product_order import ApproveItem, RefuseItem, SupplyInformation
from schemas import product_ordering

Tree = dict[str, Any]


def is_clearance(tree: Tree, action: Action) -> bool:
    """Whether an action is about what an item waits for before it is planned."""
    item = tree["items"].get(action.item, {})
    return action.name in CLEARANCES or (action.name == COMPLETE and "subState" in item and bool(item.get("enrichment")))


async def clear(context: Context, http: HttpRequest, tree: Tree, action: Action) -> Tree:
    """Take the decision; answers as other actions do. Raises HttpError (403, 404, 409)."""
    item = tree["items"].get(action.item)
    if item is None:
        raise not_found("item", f"{action.item[:100]} in order {tree['id']}")
    request = await _supplied(context, tree, item, action) if action.name == COMPLETE else _approval(context, http, tree, item, action)
    await context.submit(request)
    told = {"productOrder": {"id": tree["id"], "itemId": item["id"]}, "task": item["id"], "action": action.name, "outcome": "accepted"}
    return {"@type": "Decisions", "dryRun": False, "tasks": [told]}


def _approval(context: Context, http: HttpRequest, tree: Tree, item: Tree, action: Action) -> Request:
    role = item.get("approval") if "subState" in item else None
    if not role:
        raise HttpError(409, f"Item {item['id']} of order {tree['id']} waits for no approval.", "conflict")
    if role not in caller.roles(http):
        raise HttpError(403, f"This needs the role {role}.", "forbidden")
    kind = ApproveItem if action.name == "approve" else RefuseItem
    return _request(context, kind(tree["id"], item["id"], action.who), action)


async def _supplied(context: Context, tree: Tree, item: Tree, action: Action) -> Request:
    """The values go into the order, as if its sender had said them."""
    sent, shown = await context.run(product_orders.order_as_it_reads, context.system, tree["id"])
    values = [{"name": name, "value": value} for name, value in action.values.items()]
    patch = {"productOrderItem": [_around(tree, item, {"id": item["id"], "product": {"productCharacteristic": values}})]}
    document = product_ordering.check_create(information.merged(sent, shown, patch))
    command = SupplyInformation(tree["id"], document, information.changed_items(sent, document), action.who)
    return _request(context, command, action, customer_of(document, tree["id"]))


def _around(tree: Tree, item: Tree, patch: Tree) -> Tree:
    """The patch within the items around the item."""
    while parent := item.get("parent"):
        item = tree["items"][parent]
        patch = {"id": item["id"], "productOrderItem": [patch]}
    return patch


def _request(context: Context, command: Any, action: Action, customer: str = "") -> Request:
    return Request(command, customer, action.key or context.system.new_id(), caller.sent_before(action.key, action.digest), 200)
