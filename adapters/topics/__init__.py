"""Topics: how messages reach Crossconnect and leave it."""

from collections.abc import Mapping
from typing import Any

from adapters.event_log.codec import Codec
from adapters.event_log.port import EventLog
from adapters.topics.port import Topics


def open_topics(
    store: str, kafka: str = "", options: Mapping[str, Any] | None = None, log: EventLog | None = None, codec: Codec | None = None
) -> Topics:
    """The topics of this process: on the Kafka at the bootstrap servers `kafka`, else embedded beside the store.

    `options` go to the Kafka clients. Consumers of embedded topics that lead out need `log` and `codec`. Raises TopicsUnavailable."""
    if kafka:
        from adapters.topics.kafka import KafkaTopics

        return KafkaTopics(kafka, options or {})
    from adapters.topics.embedded import EmbeddedTopics

    return EmbeddedTopics(store, log, codec)
