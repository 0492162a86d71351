"""The thread in which every Kafka client of a process lives, and the bridge to it."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread
from typing import Any, TypeVar

import structlog

from adapters.topics.port import TopicsUnavailable

log = structlog.get_logger("topics")

T = TypeVar("T")

# What the bridge waits beyond the time limits that a coroutine has itself.
GRACE_SECONDS = 15.0


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # not on every platform
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _say_in_one_line(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What a client's own tasks end with; its user has been told by the call that needed them."""
    log.info("topics.client_task_failed", problem=str(context.get("exception") or context.get("message")))


class LoopThread:
    """An event loop in a thread of its own. Calls come from other threads."""

    def __init__(self) -> None:
        self.loop = _new_loop()
        self.loop.set_exception_handler(_say_in_one_line)
        self._thread = Thread(target=self._run, name="kafka", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def submit(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Begin something; the future ends with it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def run(self, work: Coroutine[Any, Any, T], timeout: float) -> T:
        """What `work` answers. Raises TopicsUnavailable after `timeout` seconds and some grace; work should give up by itself before."""
        future = self.submit(work)
        try:
            return future.result(timeout + GRACE_SECONDS)
        except TimeoutError:
            future.cancel()
            raise TopicsUnavailable(f"Kafka has not answered for {timeout + GRACE_SECONDS:.0f} seconds.") from None

    def close(self) -> None:
        """End what still runs, and the thread."""
        if self.loop.is_closed():
            return
        with suppress(TimeoutError):  # a client's task that does not let itself be ended
            self.submit(self._end_tasks()).result(GRACE_SECONDS)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    async def _end_tasks(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
