"""The HTTP server, and how it stops: what it is working on is answered, and clients that keep it waiting are not waited for."""

import asyncio
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn

# Seconds that requests under way have to end in. With what the system needs for its last batch it stays below the ten of the contract.
GRACE = 4

# Seconds in which a client must have gone on reading its answer or sending its request once the server is to stop.
PATIENCE = 0.2


class Server(uvicorn.Server):
    """Answers for `app` until SIGTERM or SIGINT. Streams have no end of their own: `end_streams` brings them to it."""

    def __init__(self, app: Any, end_streams: Callable[[], None]) -> None:
        super().__init__(uvicorn.Config(app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=GRACE))
        self._end_streams = end_streams

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first thing that a signal does."""
        self._end_streams()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends when every connection has: by itself, or left behind."""
        leaving = asyncio.create_task(self._leave_behind())
        try:
            await super().shutdown(sockets)
        finally:
            leaving.cancel()

    async def _leave_behind(self) -> None:
        """Cut connections whose clients do nothing. No order is lost: a request that is not complete was not accepted, and one whose answer
        is not read can be sent again."""
        while True:
            unread = {each: _unread(each) for each in self.server_state.connections}
            await asyncio.sleep(PATIENCE)
            for connection in list(self.server_state.connections):
                if _is_incomplete(connection) or 0 < _unread(connection) == unread.get(connection):
                    connection.transport.abort()


def _unread(connection: Any) -> int:
    """The bytes of the answer that the client's side has not taken."""
    return int(connection.transport.get_write_buffer_size())


def _is_incomplete(connection: Any) -> bool:
    """Whether the answer waits for the rest of a body."""
    request = connection.cycle
    return request is not None and request.more_body and not request.response_complete
