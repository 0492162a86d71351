"""Product order (TMF622): what the customer asked for, and how far each item has come.

A service order that comes from outside (TMF641) is the same thing for services that somebody else has sold: it has streams of its own (`sr-…`), and
everything that is decided of an order is decided of it too (domain-rules 2.14, ADR 0016).
"""

from domain.decider import Decider
from domain.product_order.commands import (
    AmendProductOrder,
    CancelProductOrder,
    Command,
    FinishAmendment,
    HoldItems,
    PassPointOfNoReturn,
    RefuseChange,
    RejectProductOrder,
    ReleaseItems,
    ReleaseStep,
    ReportItems,
    ReportJeopardy,
    ReviewProductOrder,
    ScheduleStep,
    StartProductOrder,
    SubmitProductOrder,
    SubmitServiceOrder,
    SupplyInformation,
)
from domain.product_order.decide import decide
from domain.product_order.events import (
    Event,
    PointOfNoReturnPassed,
    ProductOrderAcknowledged,
    ProductOrderAmended,
    ProductOrderAmendmentFinished,
    ProductOrderCancellationAssessed,
    ProductOrderChangeRefused,
    ProductOrderDecomposed,
    ProductOrderInformationRequired,
    ProductOrderInformationSupplied,
    ProductOrderItemsChanged,
    ProductOrderItemsHeld,
    ProductOrderItemsReleased,
    ProductOrderJeopardyAssessed,
    ProductOrderRejected,
    ProductOrderReviewed,
    ProductOrderStarted,
    ProductOrderStartScheduled,
    ProductOrderStepReleased,
    ProductOrderStepScheduled,
)
from domain.product_order.evolve import evolve
from domain.product_order.state import Part, ProductOrder, is_over, rolled_up

decider = Decider("po", decide, evolve, is_over)
services_decider = Decider("sr", decide, evolve, is_over)

__all__ = [
    "AmendProductOrder",
    "CancelProductOrder",
    "Command",
    "Event",
    "FinishAmendment",
    "HoldItems",
    "Part",
    "PassPointOfNoReturn",
    "PointOfNoReturnPassed",
    "ProductOrder",
    "ProductOrderAcknowledged",
    "ProductOrderAmended",
    "ProductOrderAmendmentFinished",
    "ProductOrderCancellationAssessed",
    "ProductOrderChangeRefused",
    "ProductOrderDecomposed",
    "ProductOrderInformationRequired",
    "ProductOrderInformationSupplied",
    "ProductOrderItemsChanged",
    "ProductOrderItemsHeld",
    "ProductOrderItemsReleased",
    "ProductOrderJeopardyAssessed",
    "ProductOrderRejected",
    "ProductOrderReviewed",
    "ProductOrderStartScheduled",
    "ProductOrderStarted",
    "ProductOrderStepReleased",
    "ProductOrderStepScheduled",
    "RefuseChange",
    "RejectProductOrder",
    "ReleaseItems",
    "ReleaseStep",
    "ReportItems",
    "ReportJeopardy",
    "ReviewProductOrder",
    "ScheduleStep",
    "StartProductOrder",
    "SubmitProductOrder",
    "SubmitServiceOrder",
    "SupplyInformation",
    "decide",
    "decider",
    "evolve",
    "is_over",
    "rolled_up",
    "services_decider",
]
