"""Looking: a thread that looks again and again for what has to be told to the engine."""

from collections.abc import Callable
from threading import Event, Thread

import structlog

REST_SECONDS = 1.0  # after something went wrong
MOST_AT_ONCE = 500

log = structlog.get_logger()


class Looking:
    """Calls `look` every so many seconds. When that fails, the store being out of reach, say, it rests and goes on: what is due waits."""

    def __init__(self, name: str, every: float, look: Callable[[], object]) -> None:
        self.every = every
        self._name = name
        self._look = look
        self._stop = Event()
        self._thread = Thread(target=self._run, name=name.replace(" ", "-"), daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Stop, after what is being told."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self.every):
            try:
                self._look()
            except Exception as error:
                log.error(self._name, reason=str(error))
                self._stop.wait(REST_SECONDS)
