"""The shape of the event log's tables, and the numbered steps that bring an older store to it. A released step is never changed."""

from collections.abc import Sequence
from typing import TypeVar

from adapters.event_log.port import LogUnavailable

Step = TypeVar("Step")

# The tables of events and positions have the shape of the `eventsourcing` library's own, with text ids, so that its recorders can read
# and write them too. `__migration__` in them is that library's mark for one position per name.
VERSIONS = "CREATE TABLE IF NOT EXISTS event_log_schema (version INTEGER PRIMARY KEY)"


def missing_steps(steps: Sequence[Step], version: int, store: str) -> list[tuple[int, Step]]:
    """The steps after `version`, with their numbers."""
    if version > len(steps):
        raise LogUnavailable(
            f"The store {store} has schema version {version}, but this Crossconnect knows none after {len(steps)}: use a newer one."
        )
    return list(enumerate(steps, 1))[version:]
