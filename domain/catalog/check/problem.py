"""One thing that is wrong with a catalog."""

from collections.abc import Iterator

from domain.record import record


@record
class Problem:
    """`path` says where (`services[gpon-port].tasks[1].attempts`); the message goes on after it as a sentence does."""

    path: str
    message: str


Problems = Iterator[Problem]
