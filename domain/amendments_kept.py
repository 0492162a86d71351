"""Whether amendments did what their impact plans said: what was done is done again, and taken back, only where a plan named it (domain-rules 4.3)."""

from collections.abc import Iterator
from typing import Any

from domain.fallout import ABORT, FalloutResolved
from domain.product_order import (
    ProductOrderAmended,
    ProductOrderAmendmentFinished,
    ProductOrderApprovalRefused,
    ProductOrderCancellationAssessed,
)
from domain.recorded import Recorded
from domain.service_order import ActivationAnswered, ActivationRequested, ManualTaskRequested, TaskCompletedByHand
from domain.work_order import WorkOrderClosed

DISTURBED = (ProductOrderCancellationAssessed, ProductOrderApprovalRefused, WorkOrderClosed)


class _Order:
    """One order: the tasks that are done, those that its amendments have named, whether one is under way, and whether anything else takes steps back."""

    def __init__(self) -> None:
        self.done: set[str] = set()
        self.named: set[str] = set()
        self.amending = False
        self.disturbed = False


class AmendmentsKept:
    """Learns the facts of a log in order, and judges each step that is asked for."""

    def __init__(self) -> None:
        self._orders: dict[str, _Order] = {}

    def learn(self, recorded: Recorded) -> Iterator[tuple[bool, str]]:
        """Whether each step that is asked for may be, and the sentence to say if not."""
        event, order = recorded.event, self._orders.setdefault(recorded.meta.order, _Order())
        match event:
            case ProductOrderAmended():
                order.named.update(task for each in event.impact for task in each.tasks)
                order.amending = event.is_under_way
            case ProductOrderAmendmentFinished():
                order.amending = False
            case FalloutResolved(action=action):
                order.disturbed = order.disturbed or action == ABORT
            case ActivationRequested() | ManualTaskRequested():
                yield from _asked(recorded, order)
            case ActivationAnswered(outcome="completed") | TaskCompletedByHand():
                _ended(event, order)
            case _:
                order.disturbed = order.disturbed or isinstance(event, DISTURBED)


def _asked(recorded: Recorded, order: _Order) -> Iterator[tuple[bool, str]]:
    event: ActivationRequested | ManualTaskRequested = recorded.event
    if not event.undo and event.task in order.done:
        yield event.task in order.named, f"{recorded.id}: {event.task} was done, and is done again though no impact plan names it"
    elif event.undo and order.amending and not order.disturbed:
        yield event.task in order.named, f"{recorded.id}: {event.task} is undone though no impact plan names it"


def _ended(event: Any, order: _Order) -> None:
    """What was completed is done, or no longer so."""
    (order.done.discard if event.undo else order.done.add)(event.task)


EVENTS = (
    ProductOrderAmended,
    ProductOrderAmendmentFinished,
    FalloutResolved,
    ActivationRequested,
    ManualTaskRequested,
    ActivationAnswered,
    TaskCompletedByHand,
    *DISTURBED,
)
