"""Service (TMF638): a customer-facing or resource-facing service that realises products, and who holds it.

feasibilityChecked, designed, reserved, inactive, active, terminated. A service shared by several products counts them: it lives while one holds it
(domain-rules 6.3). Its stream id derives from its child key, so the stream is the lookup (domain-rules 2.4).
"""

from domain.decider import Decider
from domain.service.commands import (
    AbandonService,
    AmendService,
    AttachService,
    Command,
    CorrectService,
    DetachService,
    FulfilService,
    LoadService,
    OrderService,
    ReopenService,
)
from domain.service.decide import decide
from domain.service.events import (
    Event,
    ServiceActivated,
    ServiceAmended,
    ServiceAttached,
    ServiceChangeAbandoned,
    ServiceChanged,
    ServiceChangeOrdered,
    ServiceCorrected,
    ServiceDeactivated,
    ServiceDesigned,
    ServiceDetached,
    ServiceLoaded,
    ServiceReopened,
    ServiceStateCorrected,
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
    "AmendService",
    "AttachService",
    "Command",
    "CorrectService",
    "DetachService",
    "Event",
    "FulfilService",
    "LoadService",
    "OrderService",
    "ReopenService",
    "Service",
    "ServiceActivated",
    "ServiceAmended",
    "ServiceAttached",
    "ServiceChangeAbandoned",
    "ServiceChangeOrdered",
    "ServiceChanged",
    "ServiceCorrected",
    "ServiceDeactivated",
    "ServiceDesigned",
    "ServiceDetached",
    "ServiceLoaded",
    "ServiceReopened",
    "ServiceStateCorrected",
    "ServiceTerminated",
    "ServiceTerminationOrdered",
    "decide",
    "decider",
    "evolve",
    "is_over",
]
