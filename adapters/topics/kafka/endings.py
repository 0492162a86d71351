"""How a client of Kafka ends, whatever state its connections are in, and what a lost connection looks like."""

import asyncio
from typing import Any

from aiokafka.errors import KafkaError

# What aiokafka raises when the broker cannot be reached. RuntimeError is uvloop's word for writing to a connection that has just been closed.
UNREACHABLE = (KafkaError, OSError, TimeoutError, RuntimeError)


async def end_refresh(client: Any) -> None:
    """End the task by which a client refreshes its metadata. When it has failed with its connection, closing the client would fail likewise
    and leave the other connections open."""
    task, client._sync_task = client._sync_task, None
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
