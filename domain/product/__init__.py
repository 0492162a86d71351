"""Product (TMF637): what a customer has bought and holds, as the install base knows it.

created → pendingActive → active ⇄ suspended → pendingTerminate → terminated; cancelled, aborted (domain-rules 6.1).
"""

from domain.decider import Decider
from domain.product.commands import AbandonProduct, AmendProduct, Command, FulfilProduct, OrderProduct, ReopenProduct
from domain.product.decide import decide
from domain.product.events import (
    Event,
    ProductAbandoned,
    ProductActivated,
    ProductAmended,
    ProductChangeAbandoned,
    ProductChanged,
    ProductChangeOrdered,
    ProductOrdered,
    ProductReopened,
    ProductTerminated,
    ProductTerminationOrdered,
)
from domain.product.evolve import evolve, is_over
from domain.product.state import ABORTED, ACTIVE, CANCELLED, GONE, PENDING_ACTIVE, PENDING_TERMINATE, SUSPENDED, TERMINATED, Product
from domain.product_loading import (
    CorrectProduct,
    JoinProduct,
    Loaded,
    LoadProduct,
    ProductCorrected,
    ProductJoined,
    ProductLoaded,
    ProductRealised,
    ProductStatusCorrected,
    RealiseProduct,
)

decider = Decider("pr", decide, evolve, is_over)

__all__ = [
    "ABORTED",
    "ACTIVE",
    "CANCELLED",
    "GONE",
    "PENDING_ACTIVE",
    "PENDING_TERMINATE",
    "SUSPENDED",
    "TERMINATED",
    "AbandonProduct",
    "AmendProduct",
    "Command",
    "CorrectProduct",
    "Event",
    "FulfilProduct",
    "JoinProduct",
    "LoadProduct",
    "Loaded",
    "OrderProduct",
    "Product",
    "ProductAbandoned",
    "ProductActivated",
    "ProductAmended",
    "ProductChangeAbandoned",
    "ProductChangeOrdered",
    "ProductChanged",
    "ProductCorrected",
    "ProductJoined",
    "ProductLoaded",
    "ProductOrdered",
    "ProductRealised",
    "ProductReopened",
    "ProductStatusCorrected",
    "ProductTerminated",
    "ProductTerminationOrdered",
    "RealiseProduct",
    "ReopenProduct",
    "decide",
    "decider",
    "evolve",
    "is_over",
]
