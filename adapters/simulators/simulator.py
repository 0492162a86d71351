"""A simulated target system: reads requests from a topic, answers them on another, at once or later, and forgets none across restarts."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heappush
from itertools import count
from threading import Event, Thread
from typing import NamedTuple, Protocol

import msgspec
import structlog

from adapters.topics.port import Consumer, Message, Outgoing, Producer, TopicsUnavailable

log = structlog.get_logger()

# How long a poll waits when nothing is due, and how long a simulator rests after its topics could not be reached (seconds).
LONGEST_POLL = 0.1
REST = 0.5


class Answer(NamedTuple):
    """What to publish, `delay` seconds from now. Those with the same `subject` can be called back."""

    delay: float
    message: Outgoing
    subject: str = ""


class Part(Protocol):
    """What a simulated system answers to a request; pure but for its script."""

    name: str

    def answers(self, request: Message) -> Sequence[Answer]:
        """In order; none for a request that is not for it or that it leaves unanswered."""
        ...

    def calls_back(self, request: Message) -> str:
        """The subject whose delayed answers this request makes void, or nothing."""
        ...


class Ticket:
    """One request under way: the offset after it, and how many of its answers are still to be published."""

    __slots__ = ("left", "next")

    def __init__(self, next: int) -> None:
        self.next = next
        self.left = 0


class Simulator:
    """Plays one part. Answers are published before the position moves past their request, and the position stays below the oldest request with
    an answer outstanding: after a crash these are answered again, never lost."""

    def __init__(
        self,
        part: Part,
        consumer: Consumer,
        producer: Producer,
        now: Callable[[], float] = time.monotonic,
        stopped: Event | None = None,
    ) -> None:
        self._part = part
        self._consumer = consumer
        self._producer = producer
        self._now = now
        self._order = count()
        self._ready: list[tuple[Outgoing, Ticket]] = []
        self._later: list[tuple[float, int, Answer, Ticket]] = []
        self._under_way: dict[tuple[str, int], deque[Ticket]] = {}
        self._stopped = stopped or Event()
        self._thread = Thread(target=self._run, name=f"simulator-{part.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop after the present turn and release consumer and producer. What is to be answered later is answered after the next start."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._consumer.close()
        self._producer.close()

    def run(self) -> None:
        """In this thread, until `stop`."""
        self._run()

    def stop(self) -> None:
        """May be called from a signal handler."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self.turn(LONGEST_POLL)
            except TopicsUnavailable as error:
                log.warning("simulator.topics_unavailable", simulator=self._part.name, problem=str(error))
                self._stopped.wait(REST)

    def turn(self, timeout: float) -> int:
        """Take in what has come, waiting at most `timeout` seconds for it, publish what is due; answers how many answers were published.

        Raises TopicsUnavailable; then the next turn publishes the same again."""
        if not self._ready:
            for request in self._consumer.poll(self._patience(timeout)):
                self._take(request)
        self._ripen()
        published = len(self._ready)
        if published:
            self._producer.publish([message for message, _ in self._ready])
            for _, ticket in self._ready:
                ticket.left -= 1
            self._ready.clear()
        self._commit()
        return published

    def _patience(self, timeout: float) -> float:
        return min(timeout, max(0.0, self._later[0][0] - self._now())) if self._later else timeout

    def _take(self, request: Message) -> None:
        ticket = Ticket(request.offset + 1)
        self._under_way.setdefault((request.topic, request.partition), deque()).append(ticket)
        try:
            void, answers = self._part.calls_back(request), self._part.answers(request)
        except msgspec.MsgspecError as error:
            log.warning("simulator.unreadable_request", simulator=self._part.name, offset=request.offset, problem=str(error))
            return
        if void:
            self._call_back(void)
        for answer in answers:
            ticket.left += 1
            if answer.delay > 0:
                heappush(self._later, (self._now() + answer.delay, next(self._order), answer, ticket))
            else:
                self._ready.append((answer.message, ticket))

    def _call_back(self, subject: str) -> None:
        kept = []
        for entry in self._later:
            if entry[2].subject == subject:
                entry[3].left -= 1
            else:
                kept.append(entry)
        heapify(kept)
        self._later = kept

    def _ripen(self) -> None:
        now = self._now()
        while self._later and self._later[0][0] <= now:
            _, _, answer, ticket = heappop(self._later)
            self._ready.append((answer.message, ticket))

    def _commit(self) -> None:
        positions = {}
        for place, tickets in self._under_way.items():
            while tickets and not tickets[0].left:
                positions[place] = tickets.popleft().next
        if positions:
            self._consumer.commit(positions)
