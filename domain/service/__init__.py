"""Service (TMF638): a customer-facing or resource-facing service that realises products, and who holds it.

feasibilityChecked, designed, reserved, inactive, active, terminated. A service shared by several products counts them: it lives while one holds it
(domain-rules 6.3). Its stream id derives from its child key, so the stream is the lookup (domain-rules 2.4).
"""

from domain.decider import Decider
from domain.service.commands import AbandonService, AttachService, Command, DetachService, FulfilService, OrderService, ReopenService
from domain.service.decide import decide
from domain.service.events import (
    Event,
    ServiceActivated,
    ServiceAttached,
    ServiceChangeAbandoned,
    ServiceChanged,
    ServiceChangeOrdered,
    ServiceDeactivated,
    ServiceDesigned,
    ServiceDetached,
    ServiceReopened,
    ServiceTerminated,
    ServiceTerminationOrdered,
)
from domain.service.evolve import evolve
from domain.service.state import ACTIVE, DESIGNED, INACTIVE, TERMINATED, Service, is_over

decider = Decider("svc", decide, evolve, is_over)

__all__ = [
    "ACTIVE",
    "DESIGNED",
    "INACTIVE",
    "TERMINATED",
    "AbandonService",
    "AttachService",
    "Command",
    "DetachService",
    "Event",
    "FulfilService",
    "OrderService",
    "ReopenService",
    "Service",
    "ServiceActivated",
    "ServiceAttached",
    "ServiceChangeAbandoned",
    "ServiceChangeOrdered",
    "ServiceChanged",
    "ServiceDeactivated",
    "ServiceDesigned",
    "ServiceDetached",
    "ServiceReopened",
    "ServiceTerminated",
    "ServiceTerminationOrdered",
    "decide",
    "decider",
    "evolve",
    "is_over",
]
