"""How far the log has grown, told to every thread of this process that waits for more."""

from threading import Condition


class Bell:
    """A position that only grows, and the threads that wait for it to pass theirs."""

    def __init__(self) -> None:
        self._news = Condition()
        self._position = 0
        self._closed = False

    @property
    def position(self) -> int:
        """The last position that anybody has rung."""
        return self._position

    def ring(self, position: int) -> None:
        """Wake every thread that waits for an event up to `position`."""
        if position <= self._position:
            return
        with self._news:
            self._position = max(position, self._position)
            self._news.notify_all()

    def wait(self, position: int, timeout: float) -> bool:
        """Block until something after `position` was rung (True), or `timeout` seconds passed or the bell was closed (False)."""
        with self._news:
            self._news.wait_for(lambda: self._closed or self._position > position, timeout)
            return self._position > position

    def close(self) -> None:
        """Let every waiting thread go, now and from now on."""
        with self._news:
            self._closed = True
            self._news.notify_all()
