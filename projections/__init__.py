"""What can be asked: the stored views of the log. (Trees of orders are folded when asked for: `projections.order_trees`.)"""

from projections.cancellations import CANCELLATIONS, SERVICE_CANCELLATIONS
from projections.dead_letters import DEAD_LETTERS
from projections.fallouts import FALLOUTS
from projections.obligations import OBLIGATIONS
from projections.product_orders import PRODUCT_ORDERS
from projections.products import PRODUCTS
from projections.service_orders import SERVICE_ORDERS
from projections.services import SERVICES
from projections.target_systems import TARGET_SYSTEMS
from projections.view import View
from projections.work_orders import WORK_ORDERS

VIEWS: tuple[View, ...] = (
    PRODUCT_ORDERS,
    CANCELLATIONS,
    SERVICE_CANCELLATIONS,
    SERVICE_ORDERS,
    WORK_ORDERS,
    PRODUCTS,
    SERVICES,
    FALLOUTS,
    OBLIGATIONS,
    TARGET_SYSTEMS,
    DEAD_LETTERS,
)

__all__ = [
    "CANCELLATIONS",
    "DEAD_LETTERS",
    "FALLOUTS",
    "OBLIGATIONS",
    "PRODUCTS",
    "PRODUCT_ORDERS",
    "SERVICES",
    "SERVICE_CANCELLATIONS",
    "SERVICE_ORDERS",
    "TARGET_SYSTEMS",
    "VIEWS",
    "WORK_ORDERS",
]
