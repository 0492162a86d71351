"""Another open order is at work on what this one needs: refuse, wait for it, or become part of it (domain-rules 2.8)."""

from collections.abc import Iterable

from domain.catalog import MERGE, REJECT
from domain.decider import Facts
from domain.decomposition.item import Item
from domain.values import Rejected


class InTheWay(Rejected):
    """What an item needs is being changed by `other`, an order that is not over."""

    def __init__(self, item: Item, what: str, other: str) -> None:
        super().__init__("conflict", f"Item {item.line.id}: {what} is being changed by order {other}.")
        self.other = other


def wait_behind(conflict: InTheWay, items: Iterable[Item], facts: Facts, order: str) -> None:
    """Let these items wait until the other order is over, or become part of it, as the catalog has it. Raises the conflict when it has neither, or when the
    other order waits for this one: then neither would ever begin."""
    for item in items:
        policy = policy_of(item)
        if policy == REJECT or _waits_for(conflict.other, order, facts):
            raise conflict
        if policy == MERGE and not any(each.settled for each in item.top.with_nested()):
            _join(item.top, conflict)
        else:
            item.wait_behind(conflict.other)


def policy_of(item: Item) -> str:
    """What its offering says; else what that of the nearest item around it does."""
    each: Item | None = item
    while each is not None:
        if each.offering is not None and each.offering.when_pending != REJECT:
            return each.offering.when_pending
        each = each.parent
    return REJECT


def _join(top: Item, conflict: InTheWay) -> None:
    """The whole line joins the other order: a part of a bundle cannot be in one order and the bundle in another. Raises the conflict when part of it waits
    for a third one [choice]."""
    if any(other != conflict.other for each in top.with_nested() for other in each.behind):
        raise conflict
    top.joins = conflict
    top.wait_behind(conflict.other)


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
