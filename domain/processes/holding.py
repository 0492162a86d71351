"""What an operator holds of an order: tasks and visits that serve nobody but held items are not sent out (domain-rules 3.2, 3.7)."""

from collections.abc import Collection, Iterable
from typing import Any

from domain.plan import service_order_id
from domain.processes.progress import ItemProgress, Progress
from domain.service_order import HoldServiceOrderItems
from domain.work_order import HoldWorkOrder

HOLD = "hold"  # stands among the tasks for which an item is held


class Holding:
    """The items that are held now. A step that an item shares with one that goes on, goes on too [choice]."""

    def __init__(self, order: str, progress: Progress) -> None:
        self.items: set[str] = set()
        self._order = order
        self._of = progress

    def hold(self, items: Iterable[str]) -> list[ItemProgress]:
        """These items are held from now on; answers them."""
        held = [self._of.items[id] for id in items]
        for item in held:
            self.items.add(item.planned.id)
            item.held.add(HOLD)
        return held

    def release(self, items: Iterable[str]) -> list[ItemProgress]:
        """These items go on; answers them."""
        released = [self._of.items[id] for id in items]
        for item in released:
            self.items.discard(item.planned.id)
            item.held.discard(HOLD)
        return released

    def tell(self) -> list[Any]:
        """What service orders and visits have to know of it: so that what is parked stays so, and so that another process that does not know of the hold
        yet, and sends something out, is refused by the log."""
        numbers: dict[int, list[str]] = {}
        for service in self._of.services.values():
            if service.planned.number:
                numbers.setdefault(service.planned.number, []).extend([service.planned.item] if self._are_held(service.users) else [])
        orders = [HoldServiceOrderItems(service_order_id(self._order, number), tuple(items)) for number, items in numbers.items()]
        return [*orders, *[HoldWorkOrder(visit.id, self._are_held(visit.items)) for visit in self._of.visits.values()]]

    def _are_held(self, items: Collection[str]) -> bool:
        return bool(items) and all(id in self.items for id in items)

    def keeps_back(self, node: str) -> bool:
        """Whether a task or visit has to wait."""
        return self._are_held([item.planned.id for item in self._of.items_of(node)])

    def part(self, ready: list[str]) -> tuple[list[str], list[str]]:
        """What of these nodes goes out, and what waits."""
        if not self.items:
            return ready, []
        waiting = {node for node in ready if self.keeps_back(node)}
        return [node for node in ready if node not in waiting], [node for node in ready if node in waiting]
