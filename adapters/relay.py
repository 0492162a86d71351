"""The relay: carries what the log says to the topics of a broker, each event once, in order, and goes on where it was after any crash.

Two lanes of one class: *requests*, whose answers are waited for, go at once; *facts*, for which nothing waits, go in turns, because a broker pays per batch.
"""

import random
import time
from collections.abc import Mapping, Sequence
from threading import Event, Thread
from typing import NamedTuple

import structlog

from adapters import outgoing
from adapters.event_log.codec import Codec, UnreadableEvent
from adapters.event_log.port import Advance, EventLog, LogUnavailable, PositionConflict
from adapters.event_log.tail import Tail
from adapters.telemetry import RELAY_LAG, RELAY_TOO_LARGE
from adapters.topics.port import MessageTooLarge, Outgoing, Target, TopicsUnavailable
from domain.recorded import Recorded
from schemas.topics import LARGEST_MESSAGE, MANIFEST

log_of_relay = structlog.get_logger("relay")

TURN_EVENTS = 2_000
TURN_BYTES = 4 * 1024 * 1024
SAVE_SECONDS = 1.0  # between saved positions: what a crash loses of them is found at the ends of the topics
WAIT_SECONDS = 0.5
TAKE_OVER_SECONDS = 10.0  # with events waiting and a position that another relay does not move, it is taken for dead
LONGEST_BACKOFF = 5.0
PACKED_BYTES = 1024 * 1024


class Lane(NamedTuple):
    """Which topics a lane carries, and how far apart its turns are (seconds)."""

    topics: tuple[str, ...]
    turn: float


_REQUESTS = (outgoing.ACTIVATION_REQUESTS, outgoing.WORK_ORDER_REQUESTS)

LANES: Mapping[str, Lane] = {
    "requests": Lane(_REQUESTS, 0.0),
    "facts": Lane(tuple(topic.name for topic in MANIFEST if topic.leads == "out" and topic.name not in _REQUESTS), 0.03),
}


class HistoryForked(Exception):
    """The topics hold events that the log does not: it was restored from an older copy."""


class Relay:
    """One lane. Whoever starts last owns it; one that is overtaken stands by, and takes over when the owner no longer moves."""

    def __init__(
        self, log: EventLog, codec: Codec, producer: Target, lane: str, *, accept_history_fork: bool = False, tail: Tail | None = None
    ) -> None:
        self._log = log
        self._codec = codec
        self._producer = producer
        self._name = lane
        self._lane = LANES[lane]
        self._accept_history_fork = accept_history_fork
        self._tail = tail or Tail()
        self._rendered = _by_event_class(self._lane.topics)
        self._event_topics = sorted({topic for event in self._rendered for topic in codec.topics_of(event)})
        self._position = 0  # up to here everything is on the topics
        self._saved = -1  # what the log holds of it
        self._saved_at = 0.0
        self._term = -1  # how often the lane has been taken over, this time included
        self._ready = False  # owned, and the ends of the topics are known
        self._covered: dict[tuple[str, int], int] = {}
        self._failures = 0
        self._oldest = 0.0  # the time of the oldest event that waits, in seconds since 1970; 0 = none does
        self._closed = Event()
        self._thread = Thread(target=self._run, name=f"relay-{lane}", daemon=True)
        self.problem = ""

    def start(self) -> None:
        """Begin. Raises HistoryForked; a broker that cannot be reached is waited for."""
        try:
            self._take_over()
        except (TopicsUnavailable, LogUnavailable, PositionConflict) as error:
            self._note(str(error))
        self._thread.start()

    def close(self) -> None:
        """Finish the present turn, save the position, release the producer."""
        self._closed.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._producer.close()

    def lag_seconds(self) -> float:
        """The age of the oldest event that is not on the topics yet."""
        return max(0.0, time.time() - self._oldest) if self._oldest else 0.0

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._step()
                self._failures = 0
            except PositionConflict:
                self._stand_by()
            except (TopicsUnavailable, LogUnavailable) as error:
                self._ready = False
                self._back_off(str(error))
            except (HistoryForked, UnreadableEvent, MessageTooLarge) as error:
                self._back_off(str(error))
            except Exception as error:  # an event that cannot be rendered, say: the lane stands still, loudly, and loses nothing
                log_of_relay.exception("relay.fault", lane=self._name)
                self._back_off(f"{type(error).__name__}: {error}")
            RELAY_LAG.labels(self._name).set(self.lag_seconds())
        self._save_at_last()

    def _step(self) -> None:
        if not self._ready:
            self._take_over()
        begun = time.monotonic()
        published = self.turn()
        self._save_when_due()
        if not published:
            self._log.wait(self._position, WAIT_SECONDS)
        elif self._lane.turn:
            self._closed.wait(max(0.0, self._lane.turn - (time.monotonic() - begun)))

    def _note(self, problem: str) -> None:
        if problem != self.problem:
            log_of_relay.warning("relay.waits", lane=self._name, problem=problem)
        self.problem = problem

    def _back_off(self, problem: str) -> None:
        self._note(problem)
        self._failures += 1
        self._closed.wait(min(LONGEST_BACKOFF, 0.1 * 2**self._failures) * random.uniform(0.5, 1.0))

    # Ownership -----------------------------------------------------------------------------------------------------------------------
    @property
    def _position_name(self) -> str:
        return f"relay.{self._name}"

    @property
    def _term_name(self) -> str:
        return f"relay.{self._name}.term"

    def _take_over(self) -> None:
        """Begin a term of our own, so that a relay before us learns of it at its next save, and look what the topics hold."""
        stored = self._log.positions()
        if self._term < 0 or stored.get(self._term_name, -1) != self._term:
            term = stored.get(self._term_name, -1)
            self._log.append((), (), [Advance(self._term_name, term, term + 1)])
            self._term = term + 1
            self._position = max(stored.get(self._position_name, 0), 0)
        self._saved = stored.get(self._position_name, -1)
        covered = self._producer.last_sequences(self._lane.topics)
        self._refuse_fork(covered)
        self._covered = {} if self._accept_history_fork and self._is_fork(covered) else covered
        self._ready = True
        self.problem = ""

    def _is_fork(self, covered: Mapping[tuple[str, int], int]) -> bool:
        return max(covered.values(), default=0) > self._log.head()

    def _refuse_fork(self, covered: Mapping[tuple[str, int], int]) -> None:
        if not self._accept_history_fork and self._is_fork(covered):
            raise HistoryForked(
                f"The topics hold events up to position {max(covered.values())}, but the log ends at {self._log.head()}: it was restored from an older "
                "copy. Start with --accept-history-fork to go on from it."
            )

    def _stand_by(self) -> None:
        """Another relay has the lane. Come back when it stops moving though there is something to carry."""
        self._note("Another process carries this lane.")
        self._ready, self._term, self._oldest = False, -1, 0.0
        seen, since = -2, time.monotonic()
        while not self._closed.wait(WAIT_SECONDS):
            try:
                position, waiting = self._log.positions().get(self._position_name, -1), bool(self._page(max(seen, 0), 1)[0])
            except LogUnavailable:
                continue
            if position != seen or not waiting:
                seen, since = position, time.monotonic()
            elif time.monotonic() - since > TAKE_OVER_SECONDS:
                return

    # Carrying ------------------------------------------------------------------------------------------------------------------------
    def turn(self) -> int:
        """Publish what has come, up to a turn's measure; answers how many messages went out."""
        events, until = self._page(self._position, TURN_EVENTS)
        self._oldest = events[0].meta.time.timestamp() if events else 0.0
        turn = _Turn()
        for recorded in events:
            for message in self._messages(recorded):
                turn.add(recorded, message)
            if turn.size > TURN_BYTES:
                until = recorded.position
                break
        if turn.count:
            self._producer.publish(turn.messages())
        self._position = until
        self._oldest = 0.0
        if self._covered and until >= max(self._covered.values()):
            self._covered = {}
        return turn.count

    def _page(self, position: int, limit: int) -> tuple[list[Recorded], int]:
        """The lane's events after `position`, and up to where there are no others."""
        recent = self._tail.since(position, limit)
        if recent is not None:
            del recent[limit:]
            return [recorded for recorded in recent if type(recorded.event) in self._rendered], recent[-1].position
        head = self._log.head()
        rows = self._log.since(position, limit, self._event_topics)
        end = rows[-1].position if rows else position
        return [self._codec.decode(row) for row in rows], end if len(rows) == limit else max(head, end)

    def _messages(self, recorded: Recorded) -> list[Outgoing]:
        return [
            message
            for topic in self._rendered[type(recorded.event)]
            for message in outgoing.render(topic, recorded)
            if not self._is_covered(message) and self._fits(message)
        ]

    def _is_covered(self, message: Outgoing) -> bool:
        """Whether it was published before a crash: what stands at the end of its partition came later or is it."""
        if not self._covered:
            return False
        return message.sequence <= self._covered.get((message.topic, self._producer.partition_of(message)), 0)

    def _fits(self, message: Outgoing) -> bool:
        if len(message.value) <= LARGEST_MESSAGE:
            return True
        RELAY_TOO_LARGE.labels(message.topic).inc()
        log_of_relay.error(
            "relay.too_large",
            topic=message.topic,
            position=message.sequence,
            bytes=len(message.value),
            problem="It stays in the log alone.",
        )
        return False

    # The position --------------------------------------------------------------------------------------------------------------------
    def _save_when_due(self) -> None:
        if self._position > self._saved and time.monotonic() - self._saved_at > SAVE_SECONDS:
            self._save()

    def _save(self) -> None:
        """With the term compared: an overtaken relay saves nothing."""
        self._saved_at = time.monotonic()
        own = Advance(self._term_name, self._term, self._term)
        self._log.append((), (), [Advance(self._position_name, self._saved, self._position), own])
        self._saved = self._position

    def _save_at_last(self) -> None:
        try:
            if self._ready and self._position > self._saved:
                self._save()
        except (PositionConflict, LogUnavailable) as error:
            log_of_relay.info("relay.position_not_saved", lane=self._name, problem=str(error))


def _by_event_class(topics: Sequence[str]) -> dict[type, tuple[str, ...]]:
    """The lane's topics by the events that they carry."""
    classes = dict.fromkeys(event for topic in topics for event in outgoing.EVENTS[topic])
    return {event: tuple(topic for topic in topics if event in outgoing.EVENTS[topic]) for event in classes}


class _Turn:
    """What one turn publishes. Lines of the domain log that follow each other in one unit of work and stream become one record, one line each, under the
    headers of the last: a broker pays per record. Only neighbours are joined, so that sequences still grow within a partition."""

    def __init__(self) -> None:
        self.count = 0
        self.size = 0
        self._messages: list[Outgoing] = []
        self._lines: list[Outgoing] = []
        self._unit: tuple[object, ...] = ()

    def add(self, recorded: Recorded, message: Outgoing) -> None:
        self.count += 1
        self.size += len(message.value)
        if message.topic != outgoing.DOMAIN_EVENTS_TOPIC:
            self._messages.append(message)
            return
        unit = recorded.stream, recorded.meta.causation, recorded.meta.time
        if unit != self._unit or sum(len(line.value) for line in self._lines) + len(message.value) > PACKED_BYTES:
            self._close_record()
            self._unit = unit
        self._lines.append(message)

    def _close_record(self) -> None:
        if self._lines:
            self._messages.append(self._lines[-1]._replace(value=b"\n".join(line.value for line in self._lines)))
            self._lines = []

    def messages(self) -> list[Outgoing]:
        self._close_record()
        return self._messages
