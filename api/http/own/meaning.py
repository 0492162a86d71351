"""What an operator means by the `item` of an action: an item of the order, a task or work order, or everything that the action can be for."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from api.http.errors import HttpError, not_found
from domain.fallout import OPERATOR_ACTIONS, RETRY
from projections.obligations import ACTIVATION, FALLOUT, MANUAL, PARKED, VISIT
from projections.obligations import RETRY as WAITS_TO_RETRY

Tree = dict[str, Any]

ITEM, TASK = "item", "task"

# The obligations that an action can be about; the others are about fallouts.
_OBLIGATIONS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(OPERATOR_ACTIONS, frozenset({FALLOUT, MANUAL, PARKED})),
    RETRY: frozenset({FALLOUT}),
    "raise": frozenset({ACTIVATION, WAITS_TO_RETRY, MANUAL, VISIT, PARKED}),
}
_FALLOUTS = frozenset({FALLOUT})


class Meaning(NamedTuple):
    """`kind` is ITEM or TASK; work orders are meant like tasks."""

    kind: str
    id: str


def meant(tree: Tree, text: str, action: str) -> Meaning:
    """What an id means: as it stands, or after `item:` or `task:`. Raises HttpError (404; 409 when it may be two things)."""
    found = [
        Meaning(kind, id)
        for kind in (ITEM, TASK)
        for id in dict.fromkeys((text, text.removeprefix(f"{kind}:")))
        if _is_there(tree, kind, id)
    ]
    if len(found) > 1:
        says = " or ".join(f"{kind}:{id}" for kind, id in found)
        raise HttpError(409, f"{text[:100]} is more than one thing in order {tree['id']}: say {says} to {action}.", "conflict")
    if not found:
        raise not_found("item, task or work order", f"{text[:100]} in order {tree['id']}")
    return found[0]


def _is_there(tree: Tree, kind: str, id: str) -> bool:
    return id in tree["items"] if kind == ITEM else id in tree["tasks"] or id in tree["workOrders"]


def named_items(tree: Tree, text: str) -> tuple[str, ...]:
    """The item that is named; none when nothing is. Raises HttpError (404)."""
    if not text:
        return ()
    id = text if text in tree["items"] else text.removeprefix("item:")
    if id not in tree["items"]:
        raise not_found("item", f"{text[:100]} in order {tree['id']}")
    return (id,)


def tasks_meant(tree: Tree, text: str, action: str) -> list[str]:
    """The tasks and work orders that an action is for. Raises HttpError (404, 409)."""
    stands = meant(tree, text, action) if text else None
    if stands is not None and stands.kind == TASK:
        return [stands.id]
    within = _nested(tree, stands.id) if stands is not None else set(tree["items"])
    kinds = _OBLIGATIONS.get(action, _FALLOUTS)
    found = [row["task"] for row in tree["obligations"].values() if row["kind"] in kinds and _items_of(tree, row) & within]
    if not found:
        where = f"item {stands.id} of order {tree['id']}" if stands is not None else f"order {tree['id']}"
        raise HttpError(409, f"Nothing in {where} waits for {action}.", "conflict")
    return found


def service_order_items(tree: Tree, stands: Meaning | None, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The service order items, as (service order, item), whose values are to be set: that of the task; or those of the item that have stopped; or, when
    none has, those that have such values. Raises HttpError (409, 422)."""
    if stands is not None and stands.kind == TASK:
        task = tree["tasks"].get(stands.id)
        if task is None:
            raise HttpError(422, f"{stands.id} is a visit, which has no values to set.", "invalid")
        return [_place(task)]
    within = _nested(tree, stands.id) if stands is not None else set(tree["items"])
    stopped = [
        tree["tasks"][row["task"]] for row in tree["obligations"].values() if row["kind"] in _FALLOUTS and row["task"] in tree["tasks"]
    ]
    found = [_place(task) for task in stopped if task["item"] in within]
    if not found:
        services = [each for each in tree["services"].values() if each["item"] in within and "serviceOrder" in each]
        found = [_place(each) for each in services if values.keys() <= each["characteristics"].keys()]
    if not found:
        raise HttpError(422, f"No service of this has {', '.join(values)}.", "invalid")
    return list(dict.fromkeys(found))


def _place(node: Tree) -> tuple[str, str]:
    return node["serviceOrder"]["id"], node["serviceOrder"]["itemId"]


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
