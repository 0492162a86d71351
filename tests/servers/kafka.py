"""Kafka for the tests: the one that `CROSSCONNECT_TEST_KAFKA` names, else one from jars that Maven fetches, else one in Docker."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from adapters.topics.kafka import KafkaTopics
from adapters.topics.port import TopicsUnavailable
from schemas.topics import MANIFEST
from tests.servers import RAN, missing

ROOT = Path(__file__).resolve().parents[2]
# Fewer partitions than in production, because every test has topics of its own.
PARTITIONS = 3


class KafkaMissing(Exception):
    """No Kafka can be had here."""


class Cluster(NamedTuple):
    """A running broker, and where it came from."""

    bootstrap: str
    origin: str


class Kafka(NamedTuple):
    """Topics of one test on the run's broker: their names begin with `options["prefix"]`."""

    bootstrap: str
    options: dict[str, Any]

    def topic(self, name: str) -> str:
        """A topic's name on the broker."""
        return f"{self.options['prefix']}{name}"


class LocalKafka:
    """A broker from deploy/kafka-local, which can be killed and started again at the same port with the same data."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Raises KafkaMissing. A port that another process took in between is another try's business."""
        problem = ""
        for _ in range(3):
            with (self._folder / "log").open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "deploy.kafka-local", "--port", str(self.port), "--folder", str(self._folder / "kafka")],
                    stdout=subprocess.PIPE,
                    stderr=log,
                    cwd=ROOT,
                    text=True,
                )
            assert self._process.stdout is not None
            line = self._process.stdout.readline()
            if "listens on" in line:
                self.port = int(line.rpartition(":")[2])
                return
            self.stop()
            problem = (self._folder / "log").read_text(errors="replace")[-2000:]
        raise KafkaMissing(f"the one from deploy/kafka-local does not start: {problem}")

    def kill(self) -> None:
        """The broker itself ends with SIGKILL; its start program follows."""
        assert self._process is not None
        os.kill(int((self._folder / "kafka" / "kafka.pid").read_text()), signal.SIGKILL)
        self.stop()

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(20)
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None


@contextmanager
def local_kafka() -> Iterator[LocalKafka]:
    """A broker of its own, for as long as the context lasts. Raises KafkaMissing."""
    if not shutil.which("java") or not (shutil.which("mvn") or (ROOT / "deploy/kafka-local/jars").exists()):
        raise KafkaMissing("java and mvn are not both on the PATH.")
    folder = Path(tempfile.mkdtemp(prefix="crossconnect-kafka-"))
    broker = LocalKafka(folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_kafka() -> Iterator[Cluster]:
    """A broker for as long as the context lasts. Raises KafkaMissing."""
    if given := os.environ.get("CROSSCONNECT_TEST_KAFKA"):
        yield Cluster(given, "CROSSCONNECT_TEST_KAFKA")
        return
    with ExitStack() as stack:
        try:
            local = stack.enter_context(local_kafka())
            cluster = Cluster(local.bootstrap, f"{_version()} from Maven's jars (deploy/kafka-local)")
        except KafkaMissing as missing_jars:
            if not shutil.which("docker"):
                raise KafkaMissing(f"no CROSSCONNECT_TEST_KAFKA, no Docker, and {missing_jars}") from missing_jars
            cluster = stack.enter_context(_docker_kafka())
        yield cluster


def _version() -> str:
    (jar,) = (ROOT / "deploy/kafka-local/jars").glob("kafka_2.13-*.jar")
    return jar.stem.rpartition("-")[2]


@contextmanager
def _docker_kafka() -> Iterator[Cluster]:
    from testcontainers.kafka import KafkaContainer

    with ExitStack() as stack:
        try:
            container = KafkaContainer("confluentinc/cp-kafka:7.6.0").with_kraft()
            for name in ("REPLICATION_FACTOR", "MIN_ISR"):
                container.with_env(f"KAFKA_TRANSACTION_STATE_LOG_{name}", "1")
            container.start(timeout=90)
            stack.callback(container.stop)
        except Exception as error:
            raise KafkaMissing(f"Docker does not start one: {error}") from error
        yield Cluster(container.get_bootstrap_server(), "in Docker")


@pytest.fixture(scope="session")
def kafka_server() -> Iterator[Cluster]:
    """The run's broker."""
    with ExitStack() as stack:
        try:
            cluster = stack.enter_context(running_kafka())
        except KafkaMissing as error:
            missing("Kafka", str(error))
        RAN["Kafka"] = cluster.origin
        yield cluster


@pytest.fixture
def kafka(kafka_server: Cluster) -> Iterator[Callable[[], Kafka]]:
    """Answers fresh topics at every call; they are deleted after the test."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(fresh_topics(kafka_server.bootstrap))


@contextmanager
def fresh_topics(bootstrap: str, partitions: int = PARTITIONS) -> Iterator[Kafka]:
    """Topics with a prefix of their own, made by the first client that needs them."""
    kafka = Kafka(bootstrap, {"prefix": f"t{uuid4().hex[:10]}.", "partitions": partitions})
    yield kafka
    topics = KafkaTopics(bootstrap, kafka.options)
    try:
        with suppress(TopicsUnavailable):  # a broker that the test has ended
            topics.broker.delete([topic.name for topic in MANIFEST])
    finally:
        topics.close()
