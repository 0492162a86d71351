"""What an amendment asks for: one version of an order's document turned into the next (domain-rules 4.1).

A document is compared and merged as statements: which items there are and in what they are nested, and one value for each attribute and each
characteristic of an item. Two changes that make different statements do not touch each other.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from domain.plan import Plan
from domain.values import Reason, Rejected

DELTA, FULL = "delta", "full"
MODES = (DELTA, FULL)

# (item,): the item that it is nested in; (item, attribute) and (item, "product", attribute): the value; (item, "product", CHARACTERISTIC, name): the
# characteristic.
Path = tuple[str, ...]
Statements = dict[Path, Any]
ITEMS, PRODUCT, CHARACTERISTIC = "productOrderItem", "product", "productCharacteristic"


def statements(items: Iterable[Mapping[str, Any]], parent: str = "") -> Statements:
    """What these items say, nested ones included; parents stand before what is nested in them. Raises Rejected."""
    said: Statements = {}
    todo = [(parent, item) for item in items]
    todo.reverse()
    while todo:
        around, item = todo.pop()
        id = str(item["id"])
        if (id,) in said:
            sentence = f"Item {id} stands there more than once."
            raise Rejected("invalid", sentence, (Reason("invalid", sentence, f"{ITEMS}[{id}]"),))
        said[id,] = around
        said.update(_own(id, item))
        todo.extend((id, each) for each in reversed(item.get(ITEMS) or ()))
    return said


def _own(id: str, item: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    for name, value in item.items():
        if name == PRODUCT:
            yield from _of_product(id, value)
        elif name not in ("id", "state", ITEMS):  # states are never said, only shown
            yield (id, name), value


def _of_product(id: str, product: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    for name, value in product.items():
        if name == CHARACTERISTIC:
            yield from (((id, PRODUCT, name, each["name"]), each) for each in value)
        else:
            yield (id, PRODUCT, name), value


def as_planned(said: Statements, plan: Plan) -> Statements:
    """The statements with those parts of bundles that were ordered without being named, so that each can be amended."""
    whole = dict(said)
    for item in plan.items:
        if (item.id,) not in whole and (item.parent,) in whole:
            whole[item.id,] = item.parent
            whole[item.id, "action"] = item.action
            whole[item.id, "productOffering"] = {"id": item.offering}
            if item.action != "add":
                whole[item.id, PRODUCT, "id"] = item.product
    return whole


def items_of(said: Statements) -> list[dict[str, Any]]:
    """The items that say this."""
    made: dict[str, dict[str, Any]] = {path[0]: {"id": path[0]} for path in said if len(path) == 1}
    roots: list[dict[str, Any]] = []
    for path, value in said.items():
        item = made[path[0]]
        if len(path) == 1:
            (made[value].setdefault(ITEMS, []) if value else roots).append(item)
        elif len(path) == 2:
            item[path[1]] = value
        elif len(path) == 3:
            item.setdefault(PRODUCT, {})[path[2]] = value
        else:
            item.setdefault(PRODUCT, {}).setdefault(CHARACTERISTIC, []).append(value)
    return roots


def desired(before: Statements, items: Iterable[Mapping[str, Any]], mode: str) -> Statements:
    """What the order says once these items have their way. Raises Rejected.

    In a full amendment the items are the order. In a delta they overlay it: what they do not name stays, a characteristic with the value null is unsaid,
    and an item is taken out by `delete` where the order adds, by `noChange` where it changes or ends a product [choice]."""
    wanted = statements(items)
    if mode == FULL:
        for path in wanted:
            if len(path) == 1:
                _check_action(path[0], before, wanted)
        return _with_actions(wanted, before)
    after = dict(before)
    for path, value in wanted.items():
        if len(path) == 1:
            _place_item(path[0], value, before, wanted, after)
        elif (path[0],) in after and (path[1] != "action" or path not in before):
            _say(path, value, after)
    return _with_actions(after, before)


def _with_actions(after: Statements, before: Statements) -> Statements:
    """Items that the order has keep their action; a new one has to name it."""
    for id in [path[0] for path in after if len(path) == 1 and (path[0], "action") not in after]:
        if (id, "action") not in before:
            sentence = f"Item {id}: action is missing, and the order has no such item."
            raise Rejected("invalid", sentence, (Reason("invalid", sentence, f"{ITEMS}[{id}].action"),))
        after[id, "action"] = before[id, "action"]
    for id in [path[0] for path in after if len(path) == 1 and path not in before]:
        _check_new(id, after)
    return after


def _check_new(id: str, after: Statements) -> None:
    """Whoever changes or ends what the order does not have must mean a product; else it is a slip of the pen."""
    action = after[id, "action"]
    if action != "add" and not any(path[:2] == (id, PRODUCT) for path in after):
        sentence = f"Item {id}: the order has no such item, and {action} names no product."
        raise Rejected("invalid", sentence, (Reason("invalid", sentence, f"{ITEMS}[{id}]"),))


def _place_item(id: str, around: str, before: Statements, wanted: Statements, after: Statements) -> None:
    if (id,) not in before:
        after[id,] = around
        return
    if _is_taken_out(before.get((id, "action")), wanted.get((id, "action"))):
        _take_out(id, after)
        return
    _check_action(id, before, wanted)


def _say(path: Path, value: Any, after: Statements) -> None:
    if len(path) == 4 and value.get("value") is None:
        after.pop(path, None)
    else:
        after[path] = value


def _is_taken_out(action: Any, wanted: Any) -> bool:
    return wanted == "delete" if action == "add" else wanted == "noChange" and action in ("modify", "delete")


def _take_out(id: str, after: Statements) -> None:
    leaving, found = [id], {id}
    while leaving:
        parent = leaving.pop()
        nested = [path[0] for path, value in after.items() if len(path) == 1 and value == parent]
        found.update(nested)
        leaving.extend(nested)
    for path in [path for path in after if path[0] in found]:
        del after[path]


def _check_action(id: str, before: Statements, wanted: Statements) -> None:
    action, now = before.get((id, "action")), wanted.get((id, "action"))
    if action is not None and now is not None and action != now:
        sentence = f"Item {id}: action is {action} in the order and cannot become {now}."
        raise Rejected("invalid", sentence, (Reason("invalid", sentence, f"{ITEMS}[{id}].action"),))


def touched(before: Statements, after: Statements) -> frozenset[Path]:
    """What the two say differently."""
    missing = object()
    return frozenset(path for path in before.keys() | after.keys() if before.get(path, missing) != after.get(path, missing))


def rebased(base: Statements, current: Statements, wanted: Statements) -> Statements:
    """`wanted`, which was written against `base`, upon what the order says now. Raises Rejected, naming every path that both have changed."""
    mine, theirs = touched(base, wanted), touched(base, current)
    if conflicts := sorted(path for path in mine if any(_meet(path, other) for other in theirs)):
        reasons = tuple([Reason("stale-base", f"{shown(path)} has been changed since that version.", shown(path)) for path in conflicts])
        raise Rejected("conflict", f"The order has changed since: {', '.join(map(shown, conflicts))}.", reasons)
    after = dict(current)
    for path in mine:
        if path in wanted:
            after[path] = wanted[path]
        else:
            after.pop(path, None)
    return after


def _meet(path: Path, other: Path) -> bool:
    shorter = min(len(path), len(other))
    return path[:shorter] == other[:shorter]


def shown(path: Path) -> str:
    """A path as people read it: `productOrderItem[1].product.productCharacteristic[downstream]`."""
    attributes = path[1:3] + tuple(f"[{name}]" for name in path[3:])
    return f"{ITEMS}[{path[0]}]" + "".join(part if part.startswith("[") else f".{part}" for part in attributes)
