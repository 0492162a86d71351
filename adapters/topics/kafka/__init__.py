"""Topics on a Kafka broker: producers, the engine's source and consumers share one thread with an event loop."""

import logging
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any

from adapters.topics.kafka.broker import Broker
from adapters.topics.kafka.connection import Connection, read_options
from adapters.topics.kafka.consumer import KafkaConsumer
from adapters.topics.kafka.loop import LoopThread
from adapters.topics.kafka.producer import KafkaProducer
from adapters.topics.kafka.source import KafkaSource

# A broker that is away is told in one sentence, by whoever needed it; its clients would tell it line after line.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

__all__ = ["Broker", "KafkaConsumer", "KafkaProducer", "KafkaSource", "KafkaTopics"]


class KafkaTopics:
    """The topics on one cluster (see the port). Topics that are missing are created when the first client is made; see `connection.Options` for what
    `options` may hold."""

    def __init__(self, bootstrap: str, options: Mapping[str, Any]) -> None:
        self._connection = Connection(bootstrap, read_options(options))
        self._loop = LoopThread()
        self._checking = Lock()
        self._checked = False

    @property
    def broker(self) -> Broker:
        """The cluster's topics as such: what `crossconnect topics` plans and applies."""
        return Broker(self._connection, self._loop)

    def producer(self) -> KafkaProducer:
        """See the port."""
        self._check()
        return KafkaProducer(self._connection, self._loop)

    def source(self, topics: Sequence[str], positions: Callable[[], Mapping[str, int]]) -> KafkaSource:
        """See the port."""
        self._check()
        return KafkaSource(self._connection, self._loop, topics, positions)

    def consumer(self, group: str, topics: Sequence[str]) -> KafkaConsumer:
        """See the port."""
        self._check()
        return KafkaConsumer(self._connection, self._loop, group, topics)

    def _check(self) -> None:
        with self._checking:
            if not self._checked:
                self.broker.create_missing()
                self._checked = True

    def close(self) -> None:
        """See the port."""
        self._loop.close()
