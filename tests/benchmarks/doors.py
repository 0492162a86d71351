"""The ways in by which the driver places orders: the commands topic, and TMF622 over HTTP on connections that stay open."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import Future
from threading import Thread
from typing import Any, Protocol

from adapters.topics.port import Producer
from tests.benchmarks.loads import Load

PATH = "/tmf-api/productOrderingManagement/v4/productOrder"


class Refused(Exception):
    """An order of the benchmark was not accepted: there is nothing to measure."""


class Door(Protocol):
    """Takes orders in. `publishes` counts the durable writes of the driver itself."""

    publishes: int

    def place(self, load: Load, customers: Sequence[str]) -> None:
        """One order for each customer; returns when they are on their way. Raises Refused if an earlier one was not accepted."""
        ...

    def close(self) -> None: ...


class TopicDoor:
    """Publishes all orders of one call together, as a producer with many callers does."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self.publishes = 0

    def place(self, load: Load, customers: Sequence[str]) -> None:
        """See Door."""
        now = time.time_ns() // 1_000_000
        self._producer.publish([load.message(customer, now) for customer in customers])
        self.publishes += 1

    def close(self) -> None:
        self._producer.close()


class HttpDoor:
    """As many connections as there are clients, each with one request under way at most."""

    publishes = 0

    def __init__(self, port: int, clients: int) -> None:
        self._port = port
        self._failure: Exception | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="http-clients", daemon=True)
        self._thread.start()
        self._orders: asyncio.Queue[bytes] = asyncio.Queue()
        self._clients = [self._start(self._client()) for _ in range(clients)]

    def _start(self, work: Any) -> "Future[None]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def place(self, load: Load, customers: Sequence[str]) -> None:
        """See Door."""
        if self._failure is not None:
            raise self._failure
        requests = [self._request(load.body(customer)) for customer in customers]
        self._loop.call_soon_threadsafe(self._enqueue, requests)

    def _enqueue(self, requests: Sequence[bytes]) -> None:
        for request in requests:
            self._orders.put_nowait(request)

    def _request(self, body: bytes) -> bytes:
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def _client(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            while True:
                writer.write(await self._orders.get())
                await self._accepted(reader)
        except (OSError, EOFError, Refused) as error:
            self._failure = self._failure or error
        finally:
            writer.close()

    @staticmethod
    async def _accepted(reader: asyncio.StreamReader) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"content-length: ")[2].partition(b"\r")[0]
        body = await reader.readexactly(int(length))
        if b" 201 " not in head[:20]:
            raise Refused(f"An order was answered {head[:12].decode()}: {body[:300].decode()}")

    def close(self) -> None:
        for client in self._clients:
            client.cancel()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(asyncio.sleep(0))  # lets the cancelled clients close their connections
        self._loop.close()
