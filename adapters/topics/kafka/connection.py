"""How Kafka is reached, and who this process is to it."""

import hashlib
import os
import socket
import ssl
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka.helpers import create_ssl_context

from adapters.held_file import HeldFile, hold
from adapters.topics.port import TopicsUnavailable

CERTIFICATES = ("ssl_cafile", "ssl_certfile", "ssl_keyfile", "ssl_password")


@dataclass(frozen=True, slots=True)
class Options:
    """What `CROSSCONNECT_KAFKA_OPTIONS` may hold.

    Ours: `prefix` stands before every topic, group and member name (several installations, or tests, on one cluster); `partitions` of each topic when it is
    created (6; 24 where shards will be many; never changed afterwards); `replication` of each topic (0 = three, or as many as there are brokers);
    `instance` names this process among those of one group, for good (an ordinal); empty: one that is free on this host. `start` says where a topic
    without a stored position is begun: `earliest` or `latest`.

    Everything else goes to every client as aiokafka names it (`security_protocol`, `sasl_mechanism`, `sasl_plain_username`, …); `ssl_cafile`,
    `ssl_certfile`, `ssl_keyfile` and `ssl_password` are made a TLS context.
    """

    prefix: str = ""
    partitions: int = 6
    replication: int = 0
    instance: str = ""
    start: str = "earliest"
    compression: str | None = "lz4"
    client: Mapping[str, Any] = field(default_factory=dict)


OURS: Mapping[str, type] = {"prefix": str, "partitions": int, "replication": int, "instance": str, "start": str, "compression": str}


def read_options(options: Mapping[str, Any]) -> Options:
    """Raises TopicsUnavailable for an option of ours that is not what it should be."""
    ours = {name: options[name] for name in OURS if name in options}
    for name, value in ours.items():
        if not isinstance(value, OURS[name]) or isinstance(value, bool):
            raise TopicsUnavailable(f"The Kafka option {name} must be {'a number' if OURS[name] is int else 'text'}, not {value!r}.")
    if ours.get("start", "earliest") not in ("earliest", "latest"):
        raise TopicsUnavailable(f"The Kafka option start must be earliest or latest, not {ours['start']!r}.")
    if ours.get("compression") == "none":
        ours["compression"] = None
    client = {name: value for name, value in options.items() if name not in OURS and name not in CERTIFICATES}
    return Options(**ours, client={**client, **_tls(options)})


def _tls(options: Mapping[str, Any]) -> dict[str, ssl.SSLContext]:
    if "SSL" not in str(options.get("security_protocol", "")):
        return {}
    files = {name.removeprefix("ssl_"): options[name] for name in CERTIFICATES if name in options}
    try:
        return {"ssl_context": create_ssl_context(**files)}
    except (OSError, ValueError) as error:
        raise TopicsUnavailable(f"The certificates of the Kafka options cannot be used: {error}.") from error


@dataclass(frozen=True, slots=True)
class Connection:
    """One cluster, and our names on it."""

    bootstrap: str
    options: Options

    def client(self) -> dict[str, Any]:
        """What every client is told."""
        return {"bootstrap_servers": self.bootstrap, "client_id": "crossconnect", **self.options.client}

    def topic(self, name: str) -> str:
        """A topic's name on the cluster."""
        return self.options.prefix + name

    def name(self, topic: str) -> str:
        """Our name of a topic on the cluster."""
        return topic.removeprefix(self.options.prefix)

    def group(self, name: str) -> str:
        """A consumer group's name on the cluster."""
        return f"{self.options.prefix}crossconnect.{name}"


class Instance:
    """This process's name in a group: the same after a restart, so that the partitions come back at once, and never that of another live process: two
    with one name would take the partitions from each other for ever. On one host a locked file tells them apart. The topics are part of the name, because
    a broker gives a member it knows the partitions it had, whatever it subscribes to now."""

    def __init__(self, connection: Connection, group: str, topics: Sequence[str]) -> None:
        self._held: HeldFile | None = None
        host = connection.options.instance or self._take(f"{connection.bootstrap} {connection.group(group)}")
        self.name = f"{host}-{hashlib.sha256(' '.join(sorted(topics)).encode()).hexdigest()[:8]}"

    def _take(self, group: str) -> str:
        digest = hashlib.sha256(f"{os.getuid()} {group}".encode()).hexdigest()[:16]
        ordinal = 0
        while not self._is_free(os.path.join(tempfile.gettempdir(), f"crossconnect-{digest}-{ordinal}.lock")):
            ordinal += 1
        return f"{socket.gethostname()}-{ordinal}"

    def _is_free(self, path: str) -> bool:
        self._held = hold(path)
        return self._held is not None

    def release(self) -> None:
        """Let another process have the name."""
        if self._held is not None:
            self._held.close()
