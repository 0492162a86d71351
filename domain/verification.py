"""What must always hold, checked from the log alone: read every event in order, then ask for the report (architecture, "What must always hold")."""

from collections.abc import Callable, Iterator
from typing import Any

from domain.amendments_kept import EVENTS as CHANGING
from domain.amendments_kept import AmendmentsKept
from domain.plan import PlannedItem, service_order_id
from domain.product import ACTIVE, GONE, SUSPENDED, TERMINATED, Product
from domain.product_order import (
    ProductOrder,
    ProductOrderAcknowledged,
    ProductOrderAmended,
    ProductOrderDecomposed,
    ProductOrderItemsChanged,
    ProductOrderMerged,
    ProductOrderMergedItemsEnded,
    ProductOrderRejected,
)
from domain.product_order.state import order_state
from domain.record import record
from domain.recorded import Recorded
from domain.service import TERMINATED as SERVICE_TERMINATED
from domain.service import Service
from domain.service_order import (
    FALLOUT,
    PARKED,
    RETRYING,
    RUNNING,
    ActivationAnswered,
    ActivationRequested,
    ManualTaskRequested,
    ServiceOrder,
)
from domain.states import CANCELLED, COMPLETED, TERMINAL
from domain.unit_of_work import decider_of, order_of
from domain.work_order import WorkOrder, WorkOrderRequested


@record
class Invariant:
    """One thing that must hold: how often it was checked, and what breaks it (`<id>: <why>`)."""

    name: str
    checked: int
    offenders: tuple[str, ...]


LIVE = frozenset({ACTIVE, SUSPENDED})
# The statuses that a product may have after an item with this action was completed (True) or not (False).
_AFTER = {
    ("add", True): LIVE,
    ("add", False): GONE,
    ("modify", True): LIVE,
    ("modify", False): LIVE,
    ("delete", True): frozenset({TERMINATED}),
    ("delete", False): LIVE,
}


class _Check:
    def __init__(self, name: str) -> None:
        self.name = name
        self.checked = 0
        self.offenders: list[str] = []

    def that(self, holds: bool, offender: str) -> None:
        self.checked += 1
        if not holds:
            self.offenders.append(offender)


class Verification:
    """`learn` every event of a log in order of position, then `report`. Keeps the state of every stream: some 15 KB an order."""

    def __init__(self) -> None:
        self._streams = _Check("streams are complete and in order")
        self._once = _Check("every accepted message has its effect once")
        self._keys = _Check("every activation key has one meaning and one final answer")
        self._answered = _Check("every activation is answered or an open obligation")
        self._stalls = _Check("no order stalls without anybody to wait for")
        self._holds = _Check("nothing new of what an operator holds is sent out")
        self._watched = _Check("orders that have a date to keep are looked at until they end")
        self._states = _Check("order states equal the roll-up of their items")
        self._base = _Check("the install base equals what its orders completed")
        self._links = _Check("products and the services that they rest on name each other")
        self._kept = _Check("amendments do what their impact plans said")
        self._joined = _Check("what has become part of another order ends with it")
        self._merges: dict[str, dict[str, tuple[str, str]]] = {}
        self._position = 0
        self._versions: dict[str, int] = {}
        self._made: set[str] = set()
        self._states_of: dict[str, Any] = {}
        self._items: dict[str, dict[str, PlannedItem]] = {}  # of each order, as they were planned last
        self._amendments = AmendmentsKept()
        self._meanings: dict[str, dict[str, tuple[str, str, str, int]]] = {}
        self._final: dict[str, set[str]] = {}

    def learn(self, recorded: Recorded) -> None:
        """The next event."""
        stream, event = recorded.stream, recorded.event
        expected = self._versions.get(stream, 0) + 1
        in_order = recorded.position > self._position and recorded.version == expected
        self._streams.that(in_order, f"{recorded.id}: version {expected} was expected at position {recorded.position}")
        self._versions[stream], self._position = recorded.version, recorded.position
        self._states_of[stream] = decider_of(stream).evolve(self._state(stream), event)
        if isinstance(event, CHANGING):
            for holds, offender in self._amendments.learn(recorded):
                self._kept.that(holds, offender)
        watch = _WATCHED.get(type(event))
        if watch is not None:
            watch(self, recorded)

    def report(self) -> tuple[Invariant, ...]:
        """Every invariant, with what the log says about the orders that are still under way."""
        for order in [stream for stream in self._states_of if order_of(stream) == stream]:
            self._check_open(order)
        self._check_links()
        checks = (
            self._streams,
            self._once,
            self._keys,
            self._answered,
            self._stalls,
            self._holds,
            self._watched,
            self._states,
            self._base,
            self._links,
            self._kept,
            self._joined,
        )
        return tuple(Invariant(check.name, check.checked, tuple(check.offenders)) for check in checks)

    def _state(self, stream: str) -> Any:
        return self._states_of.get(stream)

    # Watched events -----------------------------------------------------------------------------------------------------------------
    def _made_by(self, recorded: Recorded) -> None:
        """An order: its message, and its external id within its requester, have made no other."""
        event = recorded.event
        external = event.order.get("externalId")
        kind = recorded.stream.partition("-")[0]  # orders for products and for services are numbered apart
        for identity in (recorded.meta.correlation, f"{kind}\x1f{event.requester}\x1f{external}" if external else ""):
            if identity:
                self._once.that(identity not in self._made, f"{recorded.stream}: {identity!r} has made another order already")
                self._made.add(identity)

    def _decomposed(self, recorded: Recorded) -> None:
        self._items.setdefault(recorded.stream, {}).update((item.id, item) for item in recorded.event.plan.items)

    def _requested(self, recorded: Recorded) -> None:
        event: ActivationRequested = recorded.event
        keys = self._meanings.setdefault(order_of(recorded.stream), {})
        before = keys.get(event.key)
        same = before is None or before[:3] == (recorded.stream, event.task, event.request["action"])
        follows = event.attempt == (before[3] + 1 if before else 1)
        self._keys.that(
            same and follows, f"{event.key}: attempt {event.attempt} at position {recorded.position} does not follow from {before}"
        )
        keys[event.key] = (recorded.stream, event.task, event.request["action"], event.attempt)
        if event.attempt == 1:
            self._sent_out(recorded)

    def _sent_out(self, recorded: Recorded) -> None:
        """The first request for a step or visit. What had begun before the hold goes on."""
        event: Any = recorded.event
        state, is_visit = self._state(recorded.stream), isinstance(event, WorkOrderRequested)
        held = state.held if is_visit else event.item in state.held and not event.undo
        is_first = event.decision <= 1 and not (is_visit and event.attempt > 1)
        self._holds.that(not (held and is_first), f"{recorded.id}: {event.key} was asked for while it was held")

    def _was_answered(self, recorded: Recorded) -> None:
        event: ActivationAnswered = recorded.event
        order = order_of(recorded.stream)
        self._keys.that(event.key in self._meanings.get(order, {}), f"{event.key}: answered without being asked for")
        if event.outcome in ("completed", "rejected"):
            final = self._final.setdefault(order, set())
            self._keys.that(event.key not in final, f"{event.key}: a second final answer counted at position {recorded.position}")
            final.add(event.key)

    def _items_changed(self, recorded: Recorded) -> None:
        order: ProductOrder = self._state(recorded.stream)
        expected = order_state(order.parts, order.own, order.cancelling, order.amending)
        self._states.that(order.state == expected, f"{recorded.stream}: is {order.state}, its items say {expected}")
        if order.state in TERMINAL:
            self._check_ended(recorded.stream, order)

    def _merged(self, recorded: Recorded) -> None:
        """What has become part of another order ends with it, so that one must not be over."""
        event: ProductOrderMerged = recorded.event
        self._merges.setdefault(recorded.stream, {}).update((id, (event.order, item)) for id, item in event.items.items())
        other = self._state(event.order)
        self._joined.that(other is not None and other.state not in TERMINAL, f"{recorded.stream}: is part of {event.order}, which was over")

    def _merged_ended(self, recorded: Recorded) -> None:
        event: ProductOrderMergedItemsEnded = recorded.event
        for id in event.items:
            order, item = self._merges[recorded.stream][id]
            other: ProductOrder = self._state(order)
            over = other.state in TERMINAL or other.shown.get(item, CANCELLED) in TERMINAL
            self._joined.that(over, f"{recorded.stream}: item {id} has ended before item {item} of {order}")

    # Orders at their end ------------------------------------------------------------------------------------------------------------
    def _check_ended(self, stream: str, order: ProductOrder) -> None:
        for item in self._items.get(stream, {}).values():
            if item.action != "noChange" and not item.waits:
                held, outcome = self._state(item.product), order.own.get(item.id, "")
                problem = (_product_problem if item.sells else _service_problem)(item.action, outcome, held, stream)
                self._base.that(not problem, f"{item.product}: {problem} after item {item.id} of {stream} {outcome}")
        for key, (service_order, task, _, _) in self._meanings.get(stream, {}).items():
            self._answered.that(
                self._is_answered(stream, key) or not self._is_waited_for(service_order, task, key),
                f"{key}: {stream} ended without an answer",
            )

    def _is_answered(self, order: str, key: str) -> bool:
        return key in self._final.get(order, ())

    def _is_waited_for(self, service_order: str, task: str, key: str) -> bool:
        state: ServiceOrder | None = self._state(service_order)
        found = state.tasks.get(task) if state is not None else None
        return found is not None and found.key == key and found.state in (RUNNING, RETRYING)

    # References ---------------------------------------------------------------------------------------------------------------------
    def _check_links(self) -> None:
        """What no order is at work on: the references of a service are the products that hold it, counted once each."""
        for stream, state in self._states_of.items():
            if stream.startswith("pr-") and state.status in LIVE and not state.pending:
                for id in state.services:
                    service: Service | None = self._state(id)
                    held = service is not None and service.is_live and stream in service.holders
                    self._links.that(held, f"{stream}: rests on {id}, which {'does not know' if service is not None else 'does not exist'}")
            elif stream.startswith("svc-") and state.is_live and not state.pending:
                for id in state.holders:
                    product: Product | None = self._state(id)
                    there = product is not None and (product.status not in GONE or bool(product.pending))
                    self._links.that(there, f"{stream}: is held by {id}, which {'has ended' if product is not None else 'does not exist'}")

    # Orders under way ---------------------------------------------------------------------------------------------------------------
    def _check_open(self, stream: str) -> None:
        order: ProductOrder = self._state(stream)
        if order.state in TERMINAL:
            return
        if order.jeopardy is not None and not order.cancelling:
            self._watched.that(order.review is not None, f"{stream}: is {order.jeopardy.level} and will not be looked at again")
        self._stalls.that(any(self._obligations(stream, order)), f"{stream}: is {order.state} and waits for nobody")
        for key, (service_order, task, _, _) in self._meanings.get(stream, {}).items():
            lost = (
                not self._is_answered(stream, key)
                and self._is_waited_for(service_order, task, key)
                and not self._has_deadline(service_order, task)
            )
            self._answered.that(not lost, f"{key}: asked for, not answered, and without a deadline")

    def _has_deadline(self, service_order: str, task: str) -> bool:
        return self._state(service_order).tasks[task].due is not None

    def _obligations(self, stream: str, order: ProductOrder) -> Iterator[bool]:
        """Whether somebody is waited for: a date, the customer, an operator, a target system, a person, field service."""
        yield order.scheduled is not None
        yield bool(order.steps)
        yield bool(order.held)
        yield order.plan is not None and any(item.missing and order.own.get(item.id) not in TERMINAL for item in order.plan.items)
        yield bool(order.behind)
        for number in order.service_orders:
            service_order: ServiceOrder | None = self._state(service_order_id(stream, number))
            if service_order is not None:
                yield any(task.state in (RUNNING, RETRYING, FALLOUT, PARKED) for task in service_order.tasks.values())
        for visit in order.work_orders:
            work_order: WorkOrder | None = self._state(visit)
            yield work_order is not None and work_order.state not in TERMINAL and bool(work_order.decision)


def _product_problem(action: str, outcome: str, product: Product | None, order: str) -> str:
    """What is wrong with a product after an item for it ended so; empty when it is as it should be."""
    if product is None:
        return "does not exist"
    if product.pending not in ("", order) or (product.last_order != order and product.pending != order):
        return ""  # a later order has changed it, or is about to
    wanted = _AFTER[action, outcome == COMPLETED]
    return "" if product.status in wanted and not product.pending else f"is {product.status}"


def _service_problem(action: str, outcome: str, service: Service | None, order: str) -> str:
    """The same for an item that asked for a service."""
    if service is None:
        return "does not exist"
    if service.pending or service.last_order != order or service.is_held_by_others(order):
        return ""  # a later order has changed it, or it is shared
    ended = service.state == SERVICE_TERMINATED
    should = action == "delete" if outcome == COMPLETED else action == "add"
    return "" if ended == should else f"is {service.state}"


_WATCHED: dict[type[Any], Callable[[Verification, Recorded], None]] = {
    ProductOrderAcknowledged: Verification._made_by,
    ProductOrderRejected: Verification._made_by,
    ProductOrderDecomposed: Verification._decomposed,
    ProductOrderAmended: Verification._decomposed,
    ActivationRequested: Verification._requested,
    ManualTaskRequested: Verification._sent_out,
    WorkOrderRequested: Verification._sent_out,
    ActivationAnswered: Verification._was_answered,
    ProductOrderItemsChanged: Verification._items_changed,
    ProductOrderMerged: Verification._merged,
    ProductOrderMergedItemsEnded: Verification._merged_ended,
}
