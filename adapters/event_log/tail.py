"""The end of the log as this process wrote it: readers in the same process need neither fetch nor decode it again."""

from collections import deque
from collections.abc import Sequence

from domain.recorded import Recorded

MOST_EVENTS = 30_000


class Tail:
    """The last batches that this process has committed. What another process wrote in between is not here, so that a reader may be sent to the log."""

    def __init__(self) -> None:
        self._batches: deque[list[Recorded]] = deque()
        self._count = 0

    def put(self, last: int, facts: Sequence[Recorded]) -> None:
        """Facts that were just committed, the last of them at position `last`."""
        if not facts:
            return
        first = last - len(facts) + 1
        self._batches.append([Recorded(first + n, fact.stream, fact.version, fact.event, fact.meta) for n, fact in enumerate(facts)])
        self._count += len(facts)
        while self._count > MOST_EVENTS:
            self._count -= len(self._batches.popleft())

    def since(self, position: int, limit: int) -> list[Recorded] | None:
        """The events that follow `position` without a gap, about `limit` of them at most; None when they are not (all) here."""
        found: list[Recorded] = []
        for batch in tuple(self._batches):
            if batch[-1].position <= position:
                continue
            if batch[0].position > position + 1:
                break
            found.extend(batch[position + 1 - batch[0].position :])
            position = batch[-1].position
            if len(found) >= limit:
                break
        return found or None
