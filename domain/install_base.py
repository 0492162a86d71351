"""The install base in two times: what was so at one moment, as far as it was known at another (domain-rules 6.4).

A fact has a record time, when the log took it in, and a valid time, since when it is so: what a target system says of when it did its work. Late
answers make the two differ, and then the answer to *what did they have on 3 March* depends on the day on which it is asked.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from domain.product import ProductChangeOrdered, ProductOrdered, ProductReopened, ProductTerminationOrdered
from domain.recorded import Recorded
from domain.service import ServiceChangeOrdered, ServiceDesigned, ServiceReopened, ServiceTerminationOrdered

# What an order asked for was not so before it was asked for, whatever a clock elsewhere says.
ASKED_FOR = frozenset(
    {
        ProductOrdered,
        ProductChangeOrdered,
        ProductTerminationOrdered,
        ProductReopened,
        ServiceDesigned,
        ServiceChangeOrdered,
        ServiceTerminationOrdered,
        ServiceReopened,
    }
)


def facts_at(history: Iterable[Recorded], at: datetime, known_at: datetime) -> list[Recorded]:
    """The facts of one product or service that were recorded by `known_at` and so by `at`, in the order in which they came to be so. `history` is the
    stream in order of version."""
    known = [(valid, recorded) for valid, recorded in valid_times(history) if recorded.meta.time <= known_at and valid <= at]
    return [recorded for _, recorded in sorted(known, key=lambda each: (each[0], each[1].version))]


def valid_times(history: Iterable[Recorded]) -> Iterator[tuple[datetime, Recorded]]:
    """Each fact of a stream with the time since when it is so: never later than it was recorded, since nobody knows the future."""
    floor: datetime | None = None
    for recorded in history:
        time: datetime = recorded.meta.time
        valid = min(getattr(recorded.event, "at", time), time)
        if floor is not None:
            valid = max(valid, floor)
        if floor is None or type(recorded.event) in ASKED_FOR:
            floor = valid
        yield valid, recorded
