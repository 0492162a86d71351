"""Housekeeping: what may be forgotten is, now and then: the ids of messages that nobody will repeat any more, and tables that nobody reads."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread

import structlog

from adapters.engine.port import Clock
from adapters.event_log.port import EventLog, LogUnavailable
from adapters.generations import Generations
from adapters.read_models.port import ReadModelsUnavailable

EVERY = 3600.0  # seconds; also how long the table of an earlier version of a view must stand still

log = structlog.get_logger()


class Housekeeping:
    """Forgets accepted message ids after `keep` (a repeat that comes later than that is a new message), and earlier generations of views."""

    def __init__(self, event_log: EventLog, generations: Generations, clock: Clock, keep: timedelta) -> None:
        self._log = event_log
        self._generations = generations
        self._clock = clock
        self._keep = keep
        self._stop = Event()
        self._thread = Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Begin; the first round is at once."""
        self._thread.start()

    def close(self) -> None:
        """Stop, after the round in hand."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            self._try(self._forget_message_ids)
            self._try(self._drop_old_views)
            if self._stop.wait(EVERY):
                return

    def _try(self, chore: Callable[[], None]) -> None:
        """What one chore cannot do waits for the next round, and keeps no other from being done."""
        try:
            chore()
        except Exception as error:
            expected = isinstance(error, LogUnavailable | ReadModelsUnavailable)
            log.warning("housekeeping waits", reason=str(error), exc_info=not expected)

    def _forget_message_ids(self) -> None:
        if count := self._log.forget_inbox(self._clock() - self._keep):
            log.info("message ids forgotten", count=count)

    def _drop_old_views(self) -> None:
        if tables := self._generations.drop_abandoned():
            log.info("tables of earlier views dropped", tables=tables)
