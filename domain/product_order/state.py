"""Where a product order is: the state of each item, and what the customer sees of it."""

from collections.abc import Mapping
from datetime import datetime

from domain.plan import Plan
from domain.record import record
from domain.states import FAILED, PARTIAL, TERMINAL, roll_up


@record
class Part:
    """An item: those nested in it, whether it has work of its own, its product, the services that the order works on for it, and those that its
    product lets go of."""

    children: tuple[str, ...]
    own: bool
    product: str
    services: tuple[str, ...]
    detached: tuple[str, ...]


@record
class ProductOrder:
    """`own` are the items' own states, `shown` what they are with their nested items; `changes` the cancels and amendments that have been decided on;
    `waiting` the plan so far, kept while an item in it waits for information."""

    customer: str
    catalog: str
    state: str
    parts: dict[str, Part]
    own: dict[str, str]
    shown: dict[str, str]
    cancelling: str
    changes: frozenset[str]
    passed: dict[str, str]
    scheduled: datetime | None
    service_orders: tuple[int, ...]
    work_orders: tuple[str, ...]
    waiting: Plan | None


def shown_states(parts: dict[str, Part], own: Mapping[str, str]) -> dict[str, str]:
    """What the customer sees of each item: nested items roll up to their parent first."""
    shown: dict[str, str] = {}
    for id in reversed(parts):  # parents stand before their nested items
        part = parts[id]
        if not part.children:
            shown[id] = own[id]
            continue
        states = [shown[child] for child in part.children]
        if part.own:
            states.append(own[id])
        state = roll_up(states)
        shown[id] = FAILED if state == PARTIAL else state  # TMF622 v4 items know no partial [choice]
    return shown


def order_state(parts: Mapping[str, Part], own: Mapping[str, str], cancelling: str) -> str:
    """An order rolls up from the items that have work of their own."""
    return roll_up([own[id] for id, part in parts.items() if part.own], cancelling)


def rolled_up(order: ProductOrder) -> str:
    """The state that the order's items say it has."""
    return order_state(order.parts, order.own, order.cancelling)


def is_over(order: ProductOrder) -> bool:
    """Whether nothing is expected to happen to it any more."""
    return order.state in TERMINAL
