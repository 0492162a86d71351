"""How events stored in an earlier shape are read as the shape of today; one entry for every shape that was ever released and changed since."""

from adapters.event_log.codec import Upcaster

UPCASTERS: tuple[Upcaster, ...] = ()
