"""The engine: takes what is waiting, decides it in memory, commits it as one transaction while it decides the next, then tells the callers.

Safety rests on the log alone (unique stream versions, compare-and-set positions, unique message ids): when another process was faster, the batch is
rolled back, memory is forgotten, and its messages are decided again one by one.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from time import perf_counter
from typing import Any, NamedTuple

import structlog

from adapters import telemetry
from adapters.engine.batch import Batch, Work
from adapters.engine.decisions import Decisions
from adapters.engine.port import Clock, Delivery, EngineClosed, Outcome, Request
from adapters.event_log.codec import Codec
from adapters.event_log.port import Conflict, EventLog, LogUnavailable, PositionConflict
from adapters.event_log.tail import Tail
from domain.catalog import Catalog
from domain.product_order import ProductOrder
from domain.product_order.change import Assessment, Change
from domain.recorded import Recorded
from domain.unit_of_work import Broken
from domain.values import Rejected

MOST_MESSAGES = 512  # in one batch
SMALL = 100  # facts: a batch up to this size is committed where it was decided, which saves waking another thread
ATTEMPTS = 5

log = structlog.get_logger()


class _Written(NamedTuple):
    """The writer is done with a batch: what wakes the engine's thread when nothing else does."""

    batch: Batch


class Engine:
    """See the port for `submit` and `deliver`. `compile_catalog` makes a catalog of a published document; `tail` is where readers of this process
    find what was just written."""

    def __init__(
        self,
        event_log: EventLog,
        codec: Codec,
        clock: Clock,
        compile_catalog: Callable[[dict[str, Any]], Catalog],
        answer_within: float,
        tail: Tail | None = None,
    ) -> None:
        self._log = event_log
        self._codec = codec
        self._clock = clock
        self._tail = tail or Tail()
        self._decisions = Decisions(event_log, codec, compile_catalog, answer_within)
        self._queue: SimpleQueue[Work | _Written | None] = SimpleQueue()
        self._writer: SimpleQueue[Batch | None] = SimpleQueue()
        self._in_flight: Batch | None = None
        self._under_way: list[Batch] = []
        self._written = Event()
        self._door = Lock()
        self._closed = False
        self.fault = ""
        self._threads = [
            Thread(target=self._run, name="engine", daemon=True),
            Thread(target=self._write, name="engine-writer", daemon=True),
        ]

    # Callers ------------------------------------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Read the published catalogs and which target systems are offline, and begin. Raises LogUnavailable."""
        self._decisions.reload()
        for thread in self._threads:
            thread.start()

    def submit(self, request: Request) -> "Future[Outcome]":
        """See the port."""
        return self._enqueue(Work((request,), Future()))

    def deliver(self, delivery: Delivery) -> "Future[None]":
        """See the port."""
        return self._enqueue(Work(delivery.requests, Future(), delivery.refused, delivery.name, delivery.expected, delivery.next))

    def what_if(self, request: Request) -> list[Recorded]:
        """What a message would lead to if it came now; nothing is stored. From any thread. Raises Rejected, Broken, LogUnavailable."""
        return self._decisions.what_if(request, self._clock())

    def assess(self, command: Change) -> tuple[ProductOrder, Assessment | None]:
        """The order that an amendment or cancel is for, and what the change would do to it, None when that is nothing; nothing is stored. From any
        thread. Raises Rejected, LogUnavailable."""
        return self._decisions.assess(command, self._clock())

    def _enqueue(self, work: Work) -> "Future[Any]":
        work.future.set_running_or_notify_cancel()  # a caller that goes away must not fail the thread that has its answer
        with self._door:
            if not self._closed:
                self._queue.put(work)
                return work.future
        work.future.set_exception(EngineClosed(self.fault or "Crossconnect is stopping."))
        return work.future

    def waiting(self) -> int:
        """How many works wait to be decided."""
        return self._queue.qsize()

    def orders_in_memory(self) -> int:
        """How many orders are kept at hand."""
        return self._decisions.orders_in_memory()

    @property
    def catalogs(self) -> Mapping[str, Catalog]:
        """Every published version."""
        return self._decisions.catalogs

    @property
    def current_catalog(self) -> str:
        """The version that new orders are decided by."""
        return self._decisions.current_catalog(self._clock())

    @property
    def offline(self) -> frozenset[str]:
        """The target systems that are offline, as far as this process knows."""
        return self._decisions.offline

    def close(self) -> None:
        """Take nothing in any more, finish what is waiting, and stop."""
        with self._door:
            self._closed = True
            self._queue.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    # The loop -----------------------------------------------------------------------------------------------------------------------
    def _run(self) -> None:
        try:
            while works := self._gather():
                self._decide(works)
            self._settle()
        except Exception as error:  # a fault of the engine itself: nobody may wait for ever
            self.fault = f"The engine has stopped: {type(error).__name__}: {error}"
            log.exception("engine stopped")
        finally:
            self._writer.put(None)
            self._refuse_the_rest()

    def _gather(self) -> list[Work]:
        """What is waiting, up to a limit; blocks while nothing is, and concludes meanwhile what is written. Empty at the end."""
        while isinstance(work := self._queue.get(), _Written):
            if self._in_flight is work.batch:
                self._settle()
        works, count = [], 0
        while work is not None:
            if not isinstance(work, _Written):  # of a batch that `_hand_over` will settle
                works.append(work)
                count += len(work.requests)
            work = self._next() if count < MOST_MESSAGES else None
        telemetry.WAITING.set(self._queue.qsize())
        return works

    def _next(self) -> "Work | _Written | None":
        try:
            work = self._queue.get_nowait()
        except Empty:
            return None
        if work is None:
            self._queue.put(None)  # the end comes after what is being gathered
        return work

    def _refuse_the_rest(self) -> None:
        with self._door:
            self._closed = True
        error = EngineClosed(self.fault or "Crossconnect is stopping.")
        for batch in self._under_way:
            for work in batch.works:
                if not work.future.done():
                    work.future.set_exception(error)
        with suppress(Empty):
            while True:
                if isinstance(waiting := self._queue.get_nowait(), Work):
                    waiting.future.set_exception(error)

    # Deciding -----------------------------------------------------------------------------------------------------------------------
    def _decide(self, works: list[Work]) -> None:
        """Decide these works and hand them to the writer."""
        batch = Batch(self._clock(), works)
        self._under_way = [batch] if self._in_flight is None else [self._in_flight, batch]
        try:
            known = self._decisions.accepted(works, self._in_flight)
            for work in works:
                self._decisions.decide(work, batch, known)
        except (Broken, Conflict, LogUnavailable) as error:
            # After a fault in what follows a message its order's fulfilment is in doubt: read it anew, and let the bad one fail alone.
            if not isinstance(error, Conflict):
                log.error("a batch failed", reason=str(error), exc_info=error if isinstance(error, Broken) else None)
            if self._settle(batch):
                self._recover(error, [batch])
            return
        self._hand_over(batch)

    # Committing ---------------------------------------------------------------------------------------------------------------------
    def _hand_over(self, batch: Batch) -> None:
        """Commit the batch: here when it is small and nothing else waits, else by the writer, while the next is decided."""
        if not self._settle(batch):
            return
        if len(batch.facts) <= SMALL and self._queue.empty():
            self._commit(batch)
            self._conclude(batch, None)
            return
        self._in_flight = batch
        self._written.clear()
        self._writer.put(batch)

    def _settle(self, following: Batch | None = None) -> bool:
        """Wait for the batch in flight. When it failed, it and the one decided upon it are decided again, and the answer is False."""
        batch, self._in_flight = self._in_flight, None
        if batch is None:
            return True
        self._written.wait()
        return self._conclude(batch, following)

    def _conclude(self, batch: Batch, following: Batch | None) -> bool:
        if batch.error is not None:
            self._recover(batch.error, [batch] if following is None else [batch, following])
            return False
        self._decisions.forget_finished(batch, following)
        return True

    def _write(self) -> None:
        while (batch := self._writer.get()) is not None:
            try:
                self._commit(batch)
            finally:
                self._written.set()
                self._queue.put(_Written(batch))

    def _commit(self, batch: Batch) -> None:
        """Write a batch and tell its callers; on failure only note it."""
        began = perf_counter()
        try:
            rows = batch.rows(self._codec)
            batch.position = self._log.append(rows, tuple(batch.inbox.values()), tuple(batch.advances.values()))
            self._tail.put(batch.position, batch.facts)
        except Exception as error:
            batch.error = error
            return
        telemetry.COMMITS.inc()
        telemetry.EVENTS.inc(len(rows))
        telemetry.ACCEPTED.inc(sum(len(work.requests) for work in batch.works))
        telemetry.COMMIT_SECONDS.observe(perf_counter() - began)
        batch.tell()

    # When a commit fails ------------------------------------------------------------------------------------------------------------
    def _recover(self, error: Exception, batches: Sequence[Batch]) -> None:
        """Nothing of these batches is stored, as far as is known: forget what was decided and begin again, one message at a time."""
        works = [work for batch in batches for work in batch.works if not work.future.done()]
        self._decisions.forget_everything()
        if isinstance(error, LogUnavailable):
            log.error("event log unavailable", reason=str(error))
            for work in works:
                work.future.set_exception(error)
            return
        telemetry.CONFLICTS.inc()
        log.info("messages are decided one by one", messages=sum(len(work.requests) for work in works), reason=str(error))
        for work in works:
            self._decide_alone(work)

    def _decide_alone(self, work: Work) -> None:
        """Each message of a work in a transaction of its own, with the position after it; the first that fails ends it."""
        for part in work.parts():
            self._decide_part(part)
            if part.future is not work.future and (error := part.future.exception()) is not None:
                work.future.set_exception(error)
                return

    def _decide_part(self, part: Work) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            batch = Batch(self._clock(), [part])
            try:
                self._decisions.decide(part, batch, self._decisions.accepted([part], None))
                self._commit(batch)
            except Broken as error:
                batch.error = self._give_up_broken(part, error) if attempt > 1 else error
            except Exception as error:
                batch.error = error
            if batch.error is None:
                self._decisions.forget_finished(batch, None)
                return
            self._decisions.forget_everything()
            if part.future.done() or attempt == ATTEMPTS or not _is_worth_another(batch.error):
                break
        if not part.future.done():
            part.future.set_exception(_told(batch.error))

    def _give_up_broken(self, part: Work, error: Broken) -> Exception | None:
        """A message that fails whenever it is tried: set aside when it came by topic, else its caller is told."""
        self._decisions.forget_everything()
        if part.refused is None:
            part.future.set_exception(error)
            return error
        batch = Batch(self._clock(), [part])
        try:
            outcome = self._decisions.set_aside(part.refused, part.requests[0], error, batch)
        except (Broken, Conflict, LogUnavailable) as fault:
            return fault
        batch.finish(part, outcome, 0 if isinstance(outcome, Exception) else 1)
        self._commit(batch)
        return batch.error


def _is_worth_another(error: Exception | None) -> bool:
    """Whether a message may fare better upon what the log says now. A position that is not ours stays so."""
    return isinstance(error, Conflict | Broken) and not isinstance(error, PositionConflict)


def _told(error: Exception | None) -> Exception:
    """What a caller is told when its message cannot be stored."""
    if isinstance(error, Conflict) and not isinstance(error, PositionConflict):
        return Rejected("conflict", "This is being changed by another process at the same moment: try again.")
    return error or EngineClosed("The message could not be stored.")
