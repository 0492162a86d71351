"""Another open order is at work on what this one needs: refuse, or wait for it (domain-rules 2.8)."""

from collections.abc import Iterable

from domain.catalog import QUEUE
from domain.decider import Facts
from domain.decomposition.item import Item
from domain.values import Rejected


class InTheWay(Rejected):
    """What an item needs is being changed by `other`, an order that is not over."""

    def __init__(self, item: Item, what: str, other: str) -> None:
        super().__init__("conflict", f"Item {item.line.id}: {what} is being changed by order {other}.")
        self.other = other


def wait_behind(conflict: InTheWay, items: Iterable[Item], facts: Facts, order: str) -> None:
    """Let these items wait until the other order is over, if the catalog has it so. Raises the conflict when it does not, or when the other order waits for
    this one: then neither would ever begin."""
    for item in items:
        if not queues(item) or _waits_for(conflict.other, order, facts):
            raise conflict
        item.wait_behind(conflict.other)


def queues(item: Item) -> bool:
    """Whether its offering waits, or one that it is a part of."""
    each: Item | None = item
    while each is not None:
        if each.offering is not None and each.offering.when_pending == QUEUE:
            return True
        each = each.parent
    return False


def _waits_for(other: str, order: str, facts: Facts) -> bool:
    todo, seen = [other], {other}
    while todo:
        state = facts.get(todo.pop())
        behind = state.behind if state is not None else ()
        if order in behind:
            return True
        todo.extend(each for each in behind if each not in seen)
        seen.update(behind)
    return False
