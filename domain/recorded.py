"""The envelope of every fact in the log: which stream it belongs to, when it was recorded, and what caused it."""

from datetime import datetime
from typing import Any

from domain.record import record


@record
class Meta:
    """What all events of one unit of work share.

    `time` is the record time; `customer` the shard key; `order` the product (or stand-alone service) order the unit of work is about, empty when
    none; `correlation` the id of the command that made the order; `causation` the id of the message that made this unit of work.
    """

    time: datetime
    customer: str
    order: str
    correlation: str
    causation: str


@record
class Recorded:
    """One event as the log holds it. `position` orders the whole log, `version` (from 1) the stream."""

    position: int
    stream: str
    version: int
    event: Any
    meta: Meta

    @property
    def id(self) -> str:
        """Unique and stable: the CloudEvents id of this event."""
        return f"{self.stream}:{self.version}"
