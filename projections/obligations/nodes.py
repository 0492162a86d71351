"""Which steps of an order an event touches: a row of obligations is `<order>:<node>`, where the node is a task, a work order, an item that lacks
something, or the start."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from domain.fallout import FalloutRaised, FalloutResolved
from domain.product_order import (
    ProductOrderAmended,
    ProductOrderApprovalRefused,
    ProductOrderApprovalRequired,
    ProductOrderApproved,
    ProductOrderCancellationAssessed,
    ProductOrderEnrichmentRequired,
    ProductOrderInformationRequired,
    ProductOrderInformationSupplied,
    ProductOrderItemsHeld,
    ProductOrderItemsRefused,
    ProductOrderItemsReleased,
    ProductOrderQueued,
    ProductOrderStarted,
    ProductOrderStartScheduled,
    ProductOrderStepReleased,
    ProductOrderStepScheduled,
)
from domain.recorded import Recorded
from domain.service_order import (
    ActivationAnswered,
    ActivationRequested,
    ManualTaskOverdue,
    ManualTaskRequested,
    RetryScheduled,
    TaskCompletedByHand,
    TaskParked,
    TaskWithdrawn,
)
from domain.work_order import WorkOrderAnswered, WorkOrderClosed, WorkOrderParked, WorkOrderRequested

START = "start"


def keys(recorded: Recorded) -> tuple[str, ...]:
    order = recorded.meta.order
    return tuple([f"{order}:{node}" for node in NODES[type(recorded.event)](recorded)])


def task_of(recorded: Recorded) -> tuple[str, ...]:
    return (recorded.event.task if recorded.stream.startswith("so-") else recorded.stream,)


def _visit(recorded: Recorded) -> tuple[str, ...]:
    return (recorded.stream,)


def _start(recorded: Recorded) -> tuple[str, ...]:
    return (START,)


def _node(recorded: Recorded) -> tuple[str, ...]:
    return (recorded.event.node,)


def information_node(item: str) -> str:
    """The node of an item that waits for information."""
    return f"item:{item}"


def _item(recorded: Recorded) -> tuple[str, ...]:
    return (information_node(recorded.event.item),)


def _items(recorded: Recorded) -> tuple[str, ...]:
    return tuple([node for item in recorded.event.items for node in (information_node(item), enrichment_node(item))])


def enrichment_node(item: str) -> str:
    """The node of an item that waits for technical values."""
    return f"enrichment:{item}"


def approval_node(item: str) -> str:
    """The node of an item that waits for an approval."""
    return f"approval:{item}"


def _enrichment(recorded: Recorded) -> tuple[str, ...]:
    return (enrichment_node(recorded.event.item),)


def _approval(recorded: Recorded) -> tuple[str, ...]:
    return (approval_node(recorded.event.item),)


def _refused(recorded: Recorded) -> tuple[str, ...]:
    return tuple(_of_waiting(recorded.event.items))


def _of_waiting(items: Iterable[str]) -> Iterator[str]:
    """Whatever an item may wait for before it is planned."""
    for item in items:
        yield from (information_node(item), enrichment_node(item), approval_node(item), queue_node(item))


def _held(recorded: Recorded) -> tuple[str, ...]:
    return tuple([f"hold:{item}" for item in recorded.event.items])


def queue_node(item: str) -> str:
    """The node of an item that waits for another order."""
    return f"queue:{item}"


def _queue(recorded: Recorded) -> tuple[str, ...]:
    return tuple(map(queue_node, recorded.event.items))


def _cancelled(recorded: Recorded) -> tuple[str, ...]:
    event = recorded.event
    return (START, *_of_waiting(event.items)) if event.accepted else ()


def _amended(recorded: Recorded) -> tuple[str, ...]:
    """What items lack is told anew after an amendment, item by item."""
    event: ProductOrderAmended = recorded.event
    return tuple(_of_waiting((*(item.id for item in event.plan.items), *event.removed)))


NODES: Mapping[type[Any], Callable[[Recorded], tuple[str, ...]]] = {
    ProductOrderStartScheduled: _start,
    ProductOrderStarted: _start,
    ProductOrderStepScheduled: _node,
    ProductOrderStepReleased: _node,
    ProductOrderInformationRequired: _item,
    ProductOrderInformationSupplied: _items,
    ProductOrderEnrichmentRequired: _enrichment,
    ProductOrderApprovalRequired: _approval,
    ProductOrderApproved: _approval,
    ProductOrderApprovalRefused: _refused,
    ProductOrderQueued: _queue,
    ProductOrderItemsRefused: _queue,
    ProductOrderCancellationAssessed: _cancelled,
    ProductOrderAmended: _amended,
    ProductOrderItemsHeld: _held,
    ProductOrderItemsReleased: _held,
    ActivationRequested: task_of,
    ActivationAnswered: task_of,
    RetryScheduled: task_of,
    ManualTaskRequested: task_of,
    ManualTaskOverdue: task_of,
    TaskParked: task_of,
    TaskCompletedByHand: task_of,
    TaskWithdrawn: task_of,
    FalloutRaised: task_of,
    FalloutResolved: task_of,
    WorkOrderRequested: _visit,
    WorkOrderParked: _visit,
    WorkOrderAnswered: _visit,
    WorkOrderClosed: _visit,
}
