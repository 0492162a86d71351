"""What decomposition must know about an order besides its lines."""

from collections.abc import Mapping
from typing import Any

from domain.record import record


@record
class Order:
    """What decomposition must know about the order: its id, its customer and account, the service and work orders it has already, its segment (the
    `category` of the document: residential, say), and the source within which its sender's own ids of services are unique: empty, it is the customer.
    `merges`: what another open order is changing may become part of that one."""

    id: str
    customer: str
    account: str = ""
    service_orders: int = 0
    work_orders: int = 0
    segment: str = ""
    source: str = ""
    merges: bool = False

    def inputs(self, action: str, site: str | None) -> dict[str, Any]:
        """What rules can read besides characteristics (`domain.catalog.expression.INPUTS`). What is empty is not known."""
        return {"action": action, "site": site or None, "customer": self.customer or None, "segment": self.segment or None}


def segment_of(document: Mapping[str, Any]) -> str:
    """The customer's segment as the order says it."""
    category = document.get("category")
    return category if isinstance(category, str) else ""
