"""What an operator holds of an order: tasks and visits that serve nobody but held items are not sent out (domain-rules 3.2, 3.7)."""

from collections.abc import Iterable

from domain.processes.progress import ItemProgress, Progress

HOLD = "hold"  # stands among the tasks for which an item is held


class Holding:
    """The items that are held now. A step that an item shares with one that goes on, goes on too [choice]."""

    def __init__(self, progress: Progress) -> None:
        self.items: set[str] = set()
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

    def keeps_back(self, node: str) -> bool:
        """Whether a task or visit has to wait."""
        items = self._of.items_of(node)
        return bool(items) and all(item.planned.id in self.items for item in items)

    def part(self, ready: list[str]) -> tuple[list[str], list[str]]:
        """What of these nodes goes out, and what waits."""
        if not self.items:
            return ready, []
        waiting = {node for node in ready if self.keeps_back(node)}
        return [node for node in ready if node not in waiting], [node for node in ready if node in waiting]
