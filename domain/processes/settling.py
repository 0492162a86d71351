"""Settling: what is complete once everything that it waits for is, from tasks up to services, items and bundles."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from domain.plan import service_order_id
from domain.processes.holding import HOLD, Holding
from domain.processes.progress import ItemProgress, Progress, ServiceProgress, later_of
from domain.processes.withdrawal import Withdrawal
from domain.product import AbandonProduct, FulfilProduct
from domain.product_order import ReleaseStep, ScheduleStep
from domain.service import INACTIVE, DetachService, FulfilService
from domain.service_order import CloseServiceOrderItems
from domain.states import CANCELLED, COMPLETED, FAILED, HELD, IN_PROGRESS, TERMINAL


class Settling:
    """The progress of one order, and what follows from each step in it: `due` are the commands, `ready` the tasks and visits that may start, `changed` the
    items whose state may be another one. `again` are the tasks that an amendment wants done again and that have not been yet, `finishing` those among
    them that are out as they were asked for before."""

    def __init__(self, order: str) -> None:
        self.order = order
        self.customer = ""
        self.catalog = ""
        self.requested_start: datetime | None = None
        self.requested_completion: datetime | None = None
        self.progress = Progress()
        self.withdrawal: Withdrawal | None = None
        self.holding = Holding(order, self.progress)
        self.gate_closed = False
        self.now = datetime.min
        self.due: list[Any] = []
        self.ready: list[str] = []
        self.changed: dict[str, ItemProgress] = {}
        self.again: set[str] = set()
        self.finishing: set[str] = set()

    # Nodes ----------------------------------------------------------------------------------------------------------------------------
    def finish(self, node: str, at: datetime | None = None, skipped: bool = False) -> None:
        """A node is done: what waited for it alone may start."""
        self.progress.finish(node, at or self.now, skipped)
        self.free(node)

    def make_ready(self, node: str) -> None:
        """A node waits for no other one; its moment may still have to come (domain-rules 3.1)."""
        due = self.progress.moments.get(node)
        if due is None or due <= self.now:
            self.ready.append(node)
        else:
            self.due.append(ScheduleStep(self.order, node, due))

    def free(self, node: str) -> None:
        """A node is out of the way, done or not: what waited for it alone may start."""
        if node in self.progress.scheduled:
            self.due.append(ReleaseStep(self.order, node, withdrawn=True))
        for follower in self.progress.free(node):
            if follower.startswith("item:"):
                item = self.progress.items[follower[5:]]
                item.open.discard(follower)
                self.settle_item(item)
            elif self.may_start(follower):
                self.make_ready(follower)

    def may_start(self, node: str) -> bool:
        """Whether a node that waits for nothing is wanted, and not still out as it was wanted before."""
        out = node in self.finishing and not self.progress.is_stuck(node)
        return not out and (self.withdrawal is None or not self.withdrawal.covers(node))

    def settle_all(self) -> None:
        """Complete everything that waits for nothing."""
        for service in self.progress.services.values():
            self.settle_service(service)
        for item in self.progress.items.values():
            self.settle_item(item)

    def settle_service(self, service: ServiceProgress) -> None:
        """A service is done when its tasks and what it rests on are; then so may be what it is a part of. Services nest without limit, so nothing here
        calls itself."""
        if service.open:
            return
        under_way = [self._settling(service)]
        while under_way:
            holder = next(under_way[-1], None)
            if holder is None:
                under_way.pop()
            else:
                under_way.append(self._settling(holder))

    def _settling(self, service: ServiceProgress) -> Iterator[ServiceProgress]:
        """One service; yields those that it is a part of, each to be settled before the next."""
        if service.open or service.state in TERMINAL:
            return
        service.state = COMPLETED
        planned, progress = service.planned, self.progress
        values = {**planned.values, **service.assigned}
        inactive = service.inactive or planned.state == INACTIVE
        self.due.append(FulfilService(planned.id, self.order, planned.action, values, inactive, service.done_at or self.now))
        if not planned.tasks:
            self.due.append(CloseServiceOrderItems(service_order_id(self.order, planned.number), (planned.item,), COMPLETED))
        for id in service.holders:
            holder = progress.services[id]
            holder.open.discard(planned.id)
            holder.done_at = later_of(holder.done_at, service.done_at)
            yield holder
        for id in service.users:
            item = progress.items[id]
            item.open.discard(planned.id)
            item.done_at = later_of(item.done_at, service.done_at)
            self.settle_item(item)

    def settle_item(self, item: ItemProgress) -> None:
        """An item is done when its services, visits and nested items are."""
        planned = item.planned
        if item.is_bundle and self.settle_bundle(item):
            self.tell_parent(item)
        if item.open or item.is_bundle or item.state in TERMINAL or planned.waits:
            return
        if HOLD in item.held and not self.progress.has_begun(item):
            return
        if self.withdrawal is not None and planned.id in self.withdrawal.items:
            return
        self.complete(item)
        self.tell_parent(item)

    def complete(self, item: ItemProgress) -> None:
        """An item is done."""
        planned = item.planned
        item.state = COMPLETED
        self.changed[planned.id] = item
        if planned.sells:
            at = item.done_at or self.now
            self.due.append(FulfilProduct(planned.product, self.order, planned, self._values(item), at, self._assigned(item)))
        for id in planned.detached:
            service = self.progress.services.get(id)
            if service is None or service.planned.action != "delete" or (self.withdrawal and self.withdrawal.takes_back(service)):
                self.due.append(DetachService(id, self.order, planned.product))
        self.finish(f"item:{planned.id}")

    def complete_elsewhere(self, item: ItemProgress) -> None:
        """An item is done that another order was at work on: its product is that one's."""
        item.state = COMPLETED
        self.changed[item.planned.id] = item
        self.finish(f"item:{item.planned.id}")
        self.tell_parent(item)

    def _assigned(self, item: ItemProgress) -> dict[str, Any]:
        """What fulfilment gave its services that is no value of the product's own."""
        given = {name: value for id in item.planned.services for name, value in self.progress.services[id].assigned.items()}
        return {name: value for name, value in given.items() if name not in item.planned.values}

    def _values(self, item: ItemProgress) -> dict[str, Any]:
        """The ordered values, overlaid by those that fulfilment assigned (domain-rules 6.2)."""
        values = dict(item.planned.values)
        for id in item.planned.services:
            assigned = self.progress.services[id].assigned
            values.update((name, value) for name, value in assigned.items() if name in values)
        return values

    def tell_parent(self, item: ItemProgress) -> None:
        """A bundle may be done when one of its parts is, and then the one around it; bundles nest without limit too."""
        parent = self.progress.items.get(item.planned.parent)
        while parent is not None and parent.is_bundle:
            parent.done_at = later_of(parent.done_at, item.done_at)
            if not self.settle_bundle(parent):
                return
            item, parent = parent, self.progress.items.get(parent.planned.parent)

    def settle_bundle(self, bundle: ItemProgress) -> bool:
        """A bundle that is added lives while one of its parts does; one that is changed or ended is so when all of them are [choice]. Answers whether it is
        another state."""
        states = {self.progress.items[id].state for id in bundle.children}
        if not states <= TERMINAL:
            return False
        some, every = COMPLETED in states, states == {COMPLETED}
        outcome = COMPLETED if every or (some and bundle.planned.action == "add") else FAILED if FAILED in states else CANCELLED
        if outcome == bundle.state:
            return False
        if outcome == COMPLETED:
            self.complete(bundle)
            return True
        planned = bundle.planned
        bundle.state = outcome
        self.changed[planned.id] = bundle
        status = "cancelled" if outcome == CANCELLED else "aborted"
        self.due.append(AbandonProduct(planned.product, self.order, planned, status, self.now))
        if relying := self.progress.relying_on(planned.id):
            self.withdraw(relying, outcome, False)
        return True

    def withdraw(self, items: Iterable[str], outcome: str, include_completed: bool) -> None:
        """Take back these items, and what cannot go on without them; `outcome` is the state that they end in."""
        withdrawal = self.begin_withdrawal()
        before = set(withdrawal.items)
        withdrawal.start(items, outcome, include_completed)
        for item in (self.progress.items[id] for id in withdrawal.items if id not in before):
            if item.state == COMPLETED:
                self.show(item, IN_PROGRESS)
        self.ready = [node for node in self.ready if not withdrawal.covers(node)]
        for item in withdrawal.take_freed():
            self.settle_item(item)

    def begin_withdrawal(self) -> Withdrawal:
        """The withdrawal of the order, which begins with the first thing that is taken back."""
        if self.withdrawal is None:
            self.withdrawal = Withdrawal(self.order, self.progress)
        return self.withdrawal

    def show(self, item: ItemProgress, state: str) -> None:
        """The state that an item is in, unless something holds it."""
        if item.closed or (item.state in TERMINAL and not (self.withdrawal and item.planned.id in self.withdrawal.items)):
            return
        item.state = HELD if item.held else state
        self.changed[item.planned.id] = item
