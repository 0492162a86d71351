"""Customers who order without a pause, by topic and over HTTP, while the server dies under them; they know what was accepted and what has ended."""

import http.client
import json
import time
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import Any

from adapters.event_log.port import EventLog
from adapters.topics.port import Producer
from tests.benchmarks.closed_loop import Ends
from tests.benchmarks.doors import PATH
from tests.benchmarks.loads import W1
from tests.servers.crossconnect import Crossconnect

UNDER_WAY = 48  # orders by topic that have not ended: more are placed when some have
HTTP_CLIENTS = 2
UNCLEAR = (OSError, http.client.HTTPException)


class Customers:
    """`accepted` are the customers whose order is published, or answered with 201 (200 for a repeat). Each orders once."""

    def __init__(self, server: Crossconnect, log: EventLog, producer: Producer) -> None:
        self._server = server
        self._producer = producer
        self._ends = Ends(log)
        self._lock = Lock()
        self._stopped = Event()
        self._abandoned = Event()
        self._numbers = 0
        self.accepted: list[str] = []
        self.repeats = 0
        self.ended: set[str] = set()
        self.last_end = 0.0  # time.monotonic()
        self.problems: list[BaseException] = []
        self._threads = [Thread(target=self._watched, args=(work,)) for work in (self._by_topic, *[self._by_http] * HTTP_CLIENTS)]
        self._follower = Thread(target=self._watched, args=(self._follow,))
        self._all_ended = Event()

    def start(self) -> None:
        """Begin to order."""
        for thread in (*self._threads, self._follower):
            thread.start()

    def stop_ordering(self) -> None:
        """Nobody orders any more; whoever waits for an answer gets it first (the server must be running)."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def abandon(self) -> None:
        """Give up at once, whatever waits for an answer: the test has failed."""
        self._abandoned.set()
        self._all_ended.set()
        self.stop_ordering()
        self._follower.join()

    def wait_until_all_ended(self, timeout: float) -> bool:
        """Whether every accepted order has ended in time. Raises what went wrong in one of the threads."""
        give_up = time.monotonic() + timeout
        while len(self.ended) < len(self.accepted) and time.monotonic() < give_up and not self.problems:
            time.sleep(0.05)
        self._all_ended.set()
        self._follower.join()
        if self.problems:
            raise self.problems[0]
        return len(self.ended) == len(self.accepted)

    def wait_for_end_after(self, moment: float, timeout: float) -> float | None:
        """Seconds from `moment` (time.monotonic()) until an order ended; None when none did in time."""
        while self.last_end < moment:
            if time.monotonic() > moment + timeout:
                return None
            time.sleep(0.002)
        return self.last_end - moment

    def _watched(self, work: Any) -> None:
        try:
            work()
        except BaseException as problem:
            self.problems.append(problem)

    def _next(self, kind: str) -> str:
        with self._lock:
            self._numbers += 1
            return f"{kind}-{self._numbers}"

    def _by_topic(self) -> None:
        while not self._stopped.is_set():
            free = UNDER_WAY - (len(self.accepted) - len(self.ended))
            if free <= 0:
                self._stopped.wait(0.002)
                continue
            customers = [self._next("topic") for _ in range(min(free, 8))]
            self._producer.publish([W1.message(customer, time.time_ns() // 1_000_000) for customer in customers])
            with self._lock:
                self.accepted += customers

    def _by_http(self) -> None:
        while not self._stopped.is_set():
            customer = self._next("http")
            while not self._is_accepted(customer):
                if self._abandoned.wait(0.02):  # a client's back-off
                    return
            with self._lock:
                self.accepted.append(customer)

    def _is_accepted(self, customer: str) -> bool:
        """Sent again under the same key until the answer is clear: a server that died may have stored the order or not."""
        with suppress(*UNCLEAR):
            status, body = self._server.post(PATH, json.loads(W1.body(customer)), {"Idempotency-Key": customer})
            if status in (200, 201):
                return True
            if status < 500:
                raise AssertionError(f"An order was answered {status}: {body[:500]!r}")
        self.repeats += 1
        return False

    def _follow(self) -> None:
        while not self._all_ended.is_set():
            if ended := self._ends.next(0.2):
                self.ended.update(ended)
                self.last_end = time.monotonic()
