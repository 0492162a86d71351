"""What decomposition must know about an order besides its lines."""

from domain.record import record


@record
class Order:
    """What decomposition must know about the order: its id, its customer and account, and the service and work orders it has already."""

    id: str
    customer: str
    account: str = ""
    service_orders: int = 0
    work_orders: int = 0
