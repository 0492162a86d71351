"""Items that an operator keeps back: nothing new of them is sent out, what runs goes on (domain-rules 3.7)."""

from collections.abc import Iterable, Iterator

from domain.decider import Events
from domain.product_order.commands import HoldItems, ReleaseItems
from domain.product_order.events import ProductOrderItemsHeld, ProductOrderItemsReleased
from domain.product_order.state import ProductOrder
from domain.states import TERMINAL
from domain.values import Rejected, Who


def hold(command: HoldItems, order: ProductOrder) -> Events:
    """Whatever of these items has work of its own and is not at its end."""
    if order.state in TERMINAL or order.cancelling:
        raise Rejected("conflict", f"Order {command.stream} is {order.state}: nothing in it can be held.")
    merged = order.merged
    items = tuple([id for id in _meant(command.items, order) if order.parts[id].own and order.own[id] not in TERMINAL and id not in merged])
    if not items and merged:
        raise Rejected(
            "conflict", f"What is meant of order {command.stream} is part of order {', '.join(sorted(order.behind))}: hold that one."
        )
    if not items:
        raise Rejected("conflict", f"Every item that is meant of order {command.stream} is at its end.")
    new = tuple([id for id in items if id not in order.held])
    return (ProductOrderItemsHeld(new, command.who),) if new else ()


def release(command: ReleaseItems, order: ProductOrder) -> Events:
    """Those of these items that are held."""
    items = tuple([id for id in _meant(command.items, order) if id in order.held])
    if not items:
        raise Rejected("conflict", f"Nothing that is meant of order {command.stream} is held by an operator.")
    return (ProductOrderItemsReleased(items, command.who),)


def let_go(order: ProductOrder, ended: Iterable[str], why: str) -> Events:
    """Items at their end need nobody to release them."""
    items = tuple([id for id in ended if id in order.held])
    return (ProductOrderItemsReleased(items, Who("crossconnect", why)),) if items else ()


def _meant(items: tuple[str, ...], order: ProductOrder) -> Iterator[str]:
    """The items and all that is nested in them, in the order of the plan; none are all. Raises Rejected."""
    for id in items:
        if id not in order.parts:
            raise Rejected("unknown", f"There is no item {id} in the order, or nothing is done for it.")
    found = set(items)
    for id, part in order.parts.items():  # parents stand before their nested items
        if not items or id in found or part.parent in found:
            found.add(id)
            yield id
