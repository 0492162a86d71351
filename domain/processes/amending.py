"""Amending: putting another plan in the place of the one that is under way, and what that makes due at once (domain-rules 4.3).

What stays goes on as it is. What is new is opened, what was to be otherwise is told so, and steps that have been taken are taken again, each when its
turn comes in the new plan.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.impact import KEEP, LET_FINISH_THEN_REDO, NEW, REDO, UNDO_THEN_DO
from domain.plan import Plan, PlannedItem, PlannedService, item_node, service_node, service_order_id
from domain.processes.opening import Opened, opening
from domain.processes.progress import Progress, ServiceProgress
from domain.processes.replanning import replan, startable, wait_for_undo
from domain.product import AmendProduct
from domain.product_order import ProductOrderAmended
from domain.service import AmendService, AttachService, DetachService, OrderService
from domain.service_order import AmendServiceOrder
from domain.states import IN_PROGRESS, TERMINAL


class Amending:
    """One amendment, taken into the progress of its order. Afterwards: `again` are the tasks to be done again, `undo_first` those among them that are
    undone before, `leaving` what the new plan does not have any more."""

    def __init__(self, event: ProductOrderAmended, progress: Progress) -> None:
        self._plan = event.plan
        self._progress = progress
        self._impact = event.impact
        self._kinds = {each.node: each.kind for each in event.impact}
        self._items = {id: item.planned for id, item in progress.items.items()}
        self._services = {id: service.planned for id, service in progress.services.items()}
        first = self._begun(UNDO_THEN_DO)
        self.undo_first = frozenset(task for task in first if self._leaves_something(task))
        self.again = self._begun(REDO) | self._begun(LET_FINISH_THEN_REDO) | first
        self.leaving: list[ServiceProgress] = []
        self.leaving_tasks: list[str] = []
        self.leaving_visits: list[str] = []

    def _begun(self, kind: str) -> frozenset[str]:
        return frozenset(task for each in self._impact if each.kind == kind for task in each.tasks)

    def _leaves_something(self, task: str) -> bool:
        skipped = self._progress.finished.get(task, False)
        return self._progress.tasks[task].undo and not skipped

    def take_in(self) -> list[str]:
        """Put the new plan into the progress; answers the nodes that may start."""
        progress, plan = self._progress, self._plan
        self.leaving_tasks = self._dropped_tasks()
        self.leaving_visits = [
            id for id, state in progress.visit_states.items() if state not in TERMINAL and id not in {visit.id for visit in plan.visits}
        ]
        reopened = [id for id in progress.items if self._kinds.get(item_node(id)) == REDO]
        for id in reopened:
            progress.items[id].state = IN_PROGRESS
        changed = {node for node, kind in self._kinds.items() if kind not in (KEEP, NEW)}
        self.leaving = replan(progress, plan, self.again, self.undo_first, [item_node(id) for id in reopened], changed)
        for task in sorted(self.undo_first):
            own = progress.service_of[task]
            wait_for_undo(progress, task, [each.id for each in own.planned.tasks if each.id in self.again])
        return startable(progress, plan, self.again)

    def _dropped_tasks(self) -> list[str]:
        """Steps of services that stay, which they do without from now on."""
        after = {service_node(service): {task.id for task in service.tasks} for service in self._plan.services if service.number}
        return [
            task.id
            for service in self._services.values()
            if service.number and service_node(service) in after
            for task in service.tasks
            if task.id not in after[service_node(service)]
        ]

    # What becomes due -----------------------------------------------------------------------------------------------------------------
    def due(self, of: Opened) -> Iterator[Any]:
        """The commands that tell everybody, in the order of the plan."""
        yield from opening(self._new(), of)
        for item in self._plan.items:
            before = self._items.get(item.id)
            if before is not None and before != item and not item.waits:
                yield from self._changed_product(before, item, of)
        for service in self._plan.services:
            before_service = self._services.get(service.id)
            if before_service is not None and before_service != service and service_node(before_service) == service_node(service):
                yield from self._changed_service(service, of)
        yield from self._changed_service_orders(of)

    def _new(self) -> Plan:
        """What of the new plan is not there yet."""
        items = [item for item in self._plan.items if item.id not in self._items or self._items[item.id].waits]
        services = [service for service in self._plan.services if self._is_new(service)]
        visits = [visit for visit in self._plan.visits if self._progress.visit_states[visit.id] not in TERMINAL]
        return Plan(tuple(items), tuple(services), tuple(visits), ())

    def _is_new(self, service: PlannedService) -> bool:
        before = self._services.get(service.id)
        return before is None or service_node(before) != service_node(service)

    def _changed_product(self, before: PlannedItem, item: PlannedItem, of: Opened) -> Iterator[Any]:
        if before.waits:
            return
        if self._kinds.get(item_node(item.id)) == REDO or (before.values, before.places, before.bundles) != (
            item.values,
            item.places,
            item.bundles,
        ):
            yield AmendProduct(item.product, of.order, item)
        ending = {service.planned.id for service in self.leaving}
        for id in before.services:
            if id not in item.services and id not in ending:
                yield DetachService(id, of.order, item.product, undo=True)
        for id in before.detached:
            if id not in item.detached and id not in ending:
                yield AttachService(id, of.order, item.product)

    def _changed_service(self, service: PlannedService, of: Opened) -> Iterator[Any]:
        stream = service_order_id(of.order, service.number)
        if service.number:
            yield AmendService(service.id, of.order, stream, service, self._kinds[service_node(service)] != KEEP)
        else:
            yield OrderService(service.id, of.order, stream, of.customer, service)

    def _changed_service_orders(self, of: Opened) -> Iterator[Any]:
        """Service orders that are open already learn how their items are planned now, and which of their steps are to be taken again."""
        numbers: dict[int, list[PlannedService]] = {}
        for service in self._plan.services:
            if service.number and not self._is_new(service):
                numbers.setdefault(service.number, []).append(service)
        gates = _open_gates(self._plan, self._progress.visit_states)
        for number, services in numbers.items():
            again = [task.id for service in services for task in service.tasks if task.id in self.again and self._is_asked_again(task.id)]
            yield AmendServiceOrder(service_order_id(of.order, number), tuple(services), tuple(gates.get(number, ())), tuple(again))

    def _is_asked_again(self, task: str) -> bool:
        """One that is undone first is asked again once that is over."""
        return task not in self.undo_first


def _open_gates(plan: Plan, states: Mapping[str, str]) -> dict[int, list[str]]:
    gates: dict[int, list[str]] = {}
    for visit in plan.visits:
        if states[visit.id] not in TERMINAL:
            for number in visit.numbers:
                gates.setdefault(number, []).append(visit.id)
    return gates
