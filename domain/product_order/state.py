"""Where a product order is: the state of each item, and what the customer sees of it."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from domain.plan import Plan, PlannedItem
from domain.product_order.events import ProductOrderJeopardyAssessed
from domain.record import record
from domain.states import COMPLETED, FAILED, PARTIAL, PENDING, TERMINAL, roll_up


@record
class Part:
    """An item: the one it is nested in, those nested in it, whether it has work of its own, its product, the services that the order works on for
    it, and those that its product lets go of; `removed` by an amendment: the order waits for it to be taken back, and then forgets it."""

    parent: str
    children: tuple[str, ...]
    own: bool
    product: str
    services: tuple[str, ...]
    detached: tuple[str, ...]
    removed: bool = False


@record
class ProductOrder:
    """`own` are the items' own states, `shown` what they are with their nested items; `changes` the cancels and amendments that have been decided on;
    `plan` everything that was planned so far (None for a rejected order); `steps` the tasks and visits that wait for a moment, and until when; `held`
    the items that an operator keeps back; `jeopardy` the last assessment, of an order that has a date to keep, and `review` when the next is due;
    `documents` the items as each version of the order has them, the present one last; `amending` the amendment that is being applied, empty when none
    is; `about` what else of the order is read when it is decomposed."""

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
    plan: Plan | None
    steps: Mapping[str, datetime] = field(default_factory=dict)
    held: frozenset[str] = frozenset()
    jeopardy: ProductOrderJeopardyAssessed | None = None
    review: datetime | None = None
    documents: tuple[tuple[dict[str, Any], ...], ...] = ()
    amending: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> int:
        """Counts accepted amendments, from 1."""
        return len(self.documents) or 1

    @property
    def waits_for_information(self) -> bool:
        """Whether an item lacks something that its customer has to say."""
        return self.plan is not None and any(item.missing for item in self.plan.items)

    @property
    def behind(self) -> frozenset[str]:
        """The orders that have to be over before its waiting items can be planned, or that these have become part of."""
        waiting = (
            [item for item in self.plan.items if item.behind and self.own.get(item.id) not in TERMINAL] if self.plan is not None else ()
        )
        return frozenset(other for item in waiting for other in item.behind)

    @property
    def merged(self) -> Mapping[str, PlannedItem]:
        """The items that have become part of another order and are not at their end there."""
        items = self.plan.items if self.plan is not None else ()
        return {item.id: item for item in items if item.merged and self.own.get(item.id, COMPLETED) not in TERMINAL}


def shown_states(parts: dict[str, Part], own: Mapping[str, str]) -> dict[str, str]:
    """What the customer sees of each item: nested items roll up to their parent first."""
    shown: dict[str, str] = {}
    for id in reversed(parts):  # parents stand before their nested items
        shown[id] = _shown(id, parts[id], own, shown)
    return shown


def shown_changes(order: ProductOrder, own: Mapping[str, str], changed: Iterable[str]) -> dict[str, str]:
    """What the customer sees differently once the own states of some items have changed."""
    found: dict[str, str] = {}
    for id in changed:
        while id:
            part = order.parts[id]
            state = _shown(id, part, own, {child: found.get(child, order.shown[child]) for child in part.children})
            if state == found.get(id, order.shown[id]):
                break
            found[id] = state
            id = part.parent
    return {id: state for id, state in found.items() if state != order.shown[id]}


def _shown(id: str, part: Part, own: Mapping[str, str], shown: Mapping[str, str]) -> str:
    if not part.children:
        return own[id]
    states = [shown[child] for child in part.children]
    if part.own:
        states.append(own[id])
    state = roll_up(states)
    return FAILED if state == PARTIAL else state  # TMF622 v4 items know no partial [choice]


def order_state(parts: Mapping[str, Part], own: Mapping[str, str], cancelling: str, amending: str = "") -> str:
    """An order rolls up from the items that have work of their own; while an amendment is applied it is pending (domain-rules 5.8)."""
    if amending and not cancelling:
        return PENDING
    return roll_up([own[id] for id, part in parts.items() if part.own and not (part.removed and own[id] in TERMINAL)], cancelling)


def rolled_up(order: ProductOrder) -> str:
    """The state that the order's items say it has."""
    return order_state(order.parts, order.own, order.cancelling, order.amending)


def is_over(order: ProductOrder) -> bool:
    """Whether nothing is expected to happen to it any more."""
    return order.state in TERMINAL
