"""One partition that this process reads for the engine: what has come, what is with the engine, and what is committed. Lives in the Kafka thread."""

from collections import deque
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from adapters.topics.port import Batch, Message
from adapters.topics.store import BATCH_BYTES, BATCH_MESSAGES

# Reading stops at this much waiting for the engine, and goes on at half of it.
FULL_MESSAGES = 4 * BATCH_MESSAGES
FULL_BYTES = 4 * BATCH_BYTES


@dataclass(eq=False, slots=True)
class Partition:
    """`committed` is the stored position, -1 before the first; `known_end` an end that the broker told at `told_at`, `proven_until` the moment up to which
    everything published has been committed (both in seconds since 1970)."""

    place: TopicPartition
    topic: str
    committed: int = -1
    begin: int = 0
    waiting: deque[Message] = field(default_factory=deque)
    waiting_bytes: int = 0
    in_flight: Batch | None = None
    positioned: bool = False
    full: bool = False
    known_end: int | None = None
    told_at: float = 0.0
    proven_until: float = 0.0
    seen_position: int = -1
    moved_at: float = 0.0

    @property
    def name(self) -> str:
        """Its position's name in the log."""
        return f"{self.topic}:{self.place.partition}"

    def place_at(self, committed: int, begin: int) -> None:
        """Begin (again) at `begin`; forget what was read."""
        self.committed, self.begin = committed, begin
        self.waiting.clear()
        self.waiting_bytes = 0
        self.full = False
        self.positioned = True

    def take(self, messages: list[Message]) -> None:
        """What was read. Anything from before the position was fetched before it was set."""
        for message in messages:
            if message.offset >= self.begin:
                self.waiting.append(message)
                self.waiting_bytes += len(message.value)
                self.begin = message.offset + 1

    def next_batch(self) -> Batch | None:
        """What the engine should have next, if it can have anything."""
        if self.in_flight is not None or not self.positioned or not self.waiting:
            return None
        messages: list[Message] = []
        size = 0
        while self.waiting and len(messages) < BATCH_MESSAGES and (size + len(self.waiting[0].value) <= BATCH_BYTES or not messages):
            message = self.waiting.popleft()
            size += len(message.value)
            messages.append(message)
        self.waiting_bytes -= size
        self.in_flight = Batch(self.topic, self.place.partition, self.committed, messages[-1].offset + 1, tuple(messages))
        return self.in_flight

    def land(self, batch: Batch) -> None:
        """The batch in flight is committed."""
        self.committed = batch.next
        self.in_flight = None
        if self.known_end is not None and self.committed >= self.known_end:
            self.proven_until, self.known_end = self.told_at, None

    def is_over_full(self) -> bool:
        return len(self.waiting) >= FULL_MESSAGES or self.waiting_bytes >= FULL_BYTES

    def has_room(self) -> bool:
        return len(self.waiting) <= FULL_MESSAGES // 2 and self.waiting_bytes <= FULL_BYTES // 2

    def oldest(self) -> int | None:
        """The timestamp of the oldest message that is here and not committed."""
        if self.in_flight is not None:
            return self.in_flight.messages[0].timestamp
        return self.waiting[0].timestamp if self.waiting else None

    def measure(self, at: float, end: int, position: int) -> None:
        """The broker's end of this partition was `end` at the moment `at`, and the client has read up to `position`. Offsets have gaps, so that only the
        client's position tells that nothing is left."""
        if self.in_flight is None and not self.waiting and position >= end:
            self.proven_until = at
        elif self.known_end is None:
            self.known_end, self.told_at = end, at
