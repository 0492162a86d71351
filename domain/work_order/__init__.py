"""Work order (TMF697): a visit to a site by field service, asked for under a stable key and gating the service orders that need it."""

from domain.decider import Decider
from domain.work_order.asking import work_order_document
from domain.work_order.commands import (
    AcknowledgeWorkOrder,
    AnswerWorkOrder,
    CancelWorkOrder,
    Command,
    HoldWorkOrder,
    RequestWorkOrder,
)
from domain.work_order.decide import decide
from domain.work_order.events import (
    Event,
    WorkOrderAcknowledged,
    WorkOrderAnswered,
    WorkOrderAnswerRecorded,
    WorkOrderClosed,
    WorkOrderHoldChanged,
    WorkOrderParked,
    WorkOrderRequested,
    WorkOrderTimedOut,
)
from domain.work_order.evolve import evolve, is_over
from domain.work_order.state import WorkOrder, work_order_key

decider = Decider("wo", decide, evolve, is_over)

__all__ = [
    "AcknowledgeWorkOrder",
    "AnswerWorkOrder",
    "CancelWorkOrder",
    "Command",
    "Event",
    "HoldWorkOrder",
    "RequestWorkOrder",
    "WorkOrder",
    "WorkOrderAcknowledged",
    "WorkOrderAnswerRecorded",
    "WorkOrderAnswered",
    "WorkOrderClosed",
    "WorkOrderHoldChanged",
    "WorkOrderParked",
    "WorkOrderRequested",
    "WorkOrderTimedOut",
    "decide",
    "decider",
    "evolve",
    "is_over",
    "work_order_document",
    "work_order_key",
]
