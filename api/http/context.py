"""What every route works with: the running system, threads for calls that block, and a limit to streams."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from adapters.engine.port import Outcome, Request
from api.wiring import System

READERS = 4
STREAMS = 16
FRESH_WITHIN = 2.0  # seconds that a list waits for the views

P = ParamSpec("P")
T = TypeVar("T")


class Context:
    """One per application."""

    def __init__(self, system: System) -> None:
        self.system = system
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="http-reader")
        self._waiters = ThreadPoolExecutor(STREAMS, thread_name_prefix="http-stream")
        self._streams = 0
        self.closed = False

    def start(self) -> None:
        """A part of the system; its threads begin with the first request."""

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A call that blocks (log, views), on a thread, so that it holds up no other request."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: call(*args, **kwargs))

    async def submit(self, request: Request) -> Outcome:
        """Hand a message to the engine and wait for its commit. Raises what the engine says (see its port)."""
        return await asyncio.wrap_future(self.system.engine.submit(request))

    def fresh(self) -> None:
        """Wait, bounded, until the views show all that is written by now, by whomever: a client may know of it. Blocks: for `run`."""
        self.system.projector.wait_for(self.system.log.head(), FRESH_WITHIN)

    # Streams: each waits on a thread of its own, so there are only so many -------------------------------------------------------------
    @property
    def full(self) -> bool:
        """Whether another stream would be one too many."""
        return self._streams >= STREAMS

    @contextmanager
    def stream(self) -> Iterator[None]:
        """While a stream runs."""
        self._streams += 1
        try:
            yield
        finally:
            self._streams -= 1

    async def wait(self, position: int, seconds: float) -> bool:
        """Whether an event after `position` may exist, within so many seconds."""
        return await asyncio.get_running_loop().run_in_executor(self._waiters, self.system.log.wait, position, seconds)

    def end_streams(self) -> None:
        """Let every stream come to its end at once, so that a server that stops need not wait for its clients to leave."""
        self.closed = True

    def close(self) -> None:
        """End the streams and release the threads."""
        self.end_streams()
        self._waiters.shutdown(cancel_futures=True)
        self._threads.shutdown(cancel_futures=True)


def context_of(request: Any) -> Context:
    """The context of the application that a request came to."""
    context: Context = request.app.state.context
    return context
