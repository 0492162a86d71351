"""Where a service is, and who holds it."""

from typing import Any

from domain.record import record
from domain.values import Place

DESIGNED, ACTIVE, INACTIVE, TERMINATED = "designed", "active", "inactive", "terminated"


@record
class Service:
    """`pending` is the order that builds, changes or ends the service now, empty when none; `holders` maps each product that holds it to the order
    by which it came to do so; `last_order` is the last that built, changed or ended it, `loaded` the
    digest of what it was loaded as."""

    state: str
    customer: str
    specification: str
    version: str
    name: str
    category: str
    values: dict[str, Any]
    places: tuple[Place, ...]
    holders: dict[str, str]
    supporting: tuple[str, ...]
    pending: str
    last_order: str = ""
    loaded: str = ""

    @property
    def status(self) -> str:
        """Its state, as a product has one: either may hold services."""
        return self.state

    @property
    def is_live(self) -> bool:
        """Whether the service exists in the network (or is being ended)."""
        return self.state in (ACTIVE, INACTIVE)

    def is_held_by_others(self, order: str) -> bool:
        """Whether a product holds it that came to do so by another order."""
        return any(by != order for by in self.holders.values())


def is_over(service: Service) -> bool:
    """Whether it is no longer there."""
    return service.state == TERMINATED
