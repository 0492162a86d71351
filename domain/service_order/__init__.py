"""Service order (TMF641): the services one product order item needs, and each step of building, changing or ending them.

A task is dispatched as an activation request under a stable key; its answer, a time-out or an operator moves it on. At most one request of a
key is answered in effect (domain-rules 8).
"""

from domain.decider import Decider
from domain.service_order.commands import (
    AcknowledgeServiceOrder,
    AmendServiceOrder,
    AnswerActivation,
    CloseServiceOrderItems,
    Command,
    DispatchTask,
    PassDeadline,
    ReleaseServiceOrder,
    ReleaseTask,
    SetValues,
    WithdrawTask,
)
from domain.service_order.decide import decide
from domain.service_order.events import (
    ActivationAnswered,
    ActivationRequested,
    ActivationTimedOut,
    AnswerRecorded,
    Event,
    ManualTaskOverdue,
    ManualTaskRequested,
    RetryScheduled,
    ServiceOrderAcknowledged,
    ServiceOrderAmended,
    ServiceOrderItemsClosed,
    ServiceOrderItemValuesSet,
    ServiceOrderReleased,
    TaskCompletedByHand,
    TaskParked,
    TaskWithdrawn,
    UndoSpared,
)
from domain.service_order.evolve import evolve, is_over
from domain.service_order.keys import activation_key, task_of_key
from domain.service_order.state import (
    DONE,
    ENDED,
    FALLOUT,
    GONE,
    PARKED,
    RETRYING,
    RUNNING,
    SKIPPED,
    UNDONE,
    WAITING,
    Item,
    ServiceOrder,
    Task,
)

decider = Decider("so", decide, evolve, is_over)

__all__ = [
    "DONE",
    "ENDED",
    "FALLOUT",
    "GONE",
    "PARKED",
    "RETRYING",
    "RUNNING",
    "SKIPPED",
    "UNDONE",
    "WAITING",
    "AcknowledgeServiceOrder",
    "ActivationAnswered",
    "ActivationRequested",
    "ActivationTimedOut",
    "AmendServiceOrder",
    "AnswerActivation",
    "AnswerRecorded",
    "CloseServiceOrderItems",
    "Command",
    "DispatchTask",
    "Event",
    "Item",
    "ManualTaskOverdue",
    "ManualTaskRequested",
    "PassDeadline",
    "ReleaseServiceOrder",
    "ReleaseTask",
    "RetryScheduled",
    "ServiceOrder",
    "ServiceOrderAcknowledged",
    "ServiceOrderAmended",
    "ServiceOrderItemValuesSet",
    "ServiceOrderItemsClosed",
    "ServiceOrderReleased",
    "SetValues",
    "Task",
    "TaskCompletedByHand",
    "TaskParked",
    "TaskWithdrawn",
    "UndoSpared",
    "WithdrawTask",
    "activation_key",
    "decide",
    "decider",
    "evolve",
    "is_over",
    "task_of_key",
]
