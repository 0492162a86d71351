"""Housekeeping: what may be forgotten is, now and then: the ids of messages that nobody will repeat any more."""

from datetime import timedelta
from threading import Event, Thread

import structlog

from adapters.engine.port import Clock
from adapters.event_log.port import EventLog, LogUnavailable

EVERY = 3600.0  # seconds

log = structlog.get_logger()


class Housekeeping:
    """Forgets accepted message ids after `keep`: a repeat that comes later than that is a new message."""

    def __init__(self, event_log: EventLog, clock: Clock, keep: timedelta) -> None:
        self._log = event_log
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
            try:
                if count := self._log.forget_inbox(self._clock() - self._keep):
                    log.info("message ids forgotten", count=count)
            except LogUnavailable as error:
                log.warning("message ids are kept for now", reason=str(error))
            if self._stop.wait(EVERY):
                return
