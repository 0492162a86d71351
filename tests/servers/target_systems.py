"""The target systems as a process of their own: both simulators, with a count of what they published and, if wanted, a journal of what they were asked.

    python -m tests.servers.target_systems --store URL [--kafka SERVERS [--kafka-options JSON]] [--script FILE] [--journal FILE]

Prints `{"asked": …, "publishes": …}` on SIGUSR1; ends on SIGTERM.
"""

import argparse
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import IO, Any

from adapters.event_log import open_log
from adapters.event_log.codec import Codec
from adapters.event_log.upcasters import UPCASTERS
from adapters.simulators.cast import PARTS, cast
from adapters.topics import open_topics
from adapters.topics.port import Consumer, Message, Outgoing, Producer
from domain.events import EVENTS
from tests.servers.crossconnect import ROOT, end_with_us
from tests.servers.kafka import Kafka


class Counts:
    """How many requests were read and how often answers were published."""

    def __init__(self) -> None:
        self.asked = 0
        self.publishes = 0

    def print(self) -> None:
        print(json.dumps(vars(self)), flush=True)


class Watched:
    """A consumer whose messages are counted, and written to a journal before anybody answers them."""

    def __init__(self, consumer: Consumer, counts: Counts, journal: IO[str] | None) -> None:
        self._consumer = consumer
        self._counts = counts
        self._journal = journal

    def poll(self, timeout: float) -> list[Message]:
        messages = self._consumer.poll(timeout)
        self._counts.asked += len(messages)
        if self._journal is not None and messages:
            self._journal.writelines(message.value.decode() + "\n" for message in messages)
            self._journal.flush()
        return messages

    def commit(self, positions: Mapping[tuple[str, int], int]) -> None:
        self._consumer.commit(positions)

    def close(self) -> None:
        self._consumer.close()


class Counted:
    """A producer whose calls are counted: each is durable when it returns, so each is a flush."""

    def __init__(self, producer: Producer, counts: Counts) -> None:
        self._producer = producer
        self._counts = counts

    def publish(self, messages: Sequence[Outgoing]) -> None:
        self._producer.publish(messages)
        self._counts.publishes += 1

    def close(self) -> None:
        self._producer.close()


def play(store: str, kafka: str, options: Mapping[str, Any], script: str, journal: IO[str] | None) -> None:
    """Play all of them until SIGTERM."""
    counts = Counts()
    with ExitStack() as stack:
        codec = Codec(EVENTS, UPCASTERS)
        # On Kafka nothing of the store is read: target systems know the topics only.
        log = None if kafka else stack.enter_context(closing(open_log(store)))
        topics = stack.enter_context(closing(open_topics(store, kafka, options, log, codec)))
        simulators = cast(
            PARTS,
            {"all"},
            script,
            lambda topic, group: Watched(topics.consumer(group, [topic]), counts, journal),
            lambda: Counted(topics.producer(), counts),
        )

        def stop(caught: int, frame: object) -> None:
            for simulator in simulators:
                simulator.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        signal.signal(signal.SIGUSR1, lambda caught, frame: counts.print())
        threads = [Thread(target=simulator.run, name="simulator") for simulator in simulators]
        for thread in threads:
            thread.start()
        print("playing", flush=True)
        for thread in threads:
            thread.join()
        for simulator in simulators:
            simulator.close()


class TargetSystems:
    """The process, seen from the test that started it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def counts(self) -> dict[str, int]:
        """What it has counted so far."""
        assert self._process.stdout is not None
        self._process.send_signal(signal.SIGUSR1)
        counted: dict[str, int] = json.loads(self._process.stdout.readline())
        return counted

    def stop(self) -> None:
        """SIGTERM, and wait until it has ended."""
        self._process.terminate()
        self._process.communicate(timeout=30)


@contextmanager
def target_systems(
    store: str, kafka: Kafka | None = None, script: Path | None = None, journal: Path | None = None
) -> Iterator[TargetSystems]:
    """Both simulators beside this process, from when they listen until the context ends."""
    flags = {"--store": store, "--script": str(script or ""), "--journal": str(journal or "")}
    if kafka is not None:
        flags |= {"--kafka": kafka.bootstrap, "--kafka-options": json.dumps(kafka.options)}
    command = [sys.executable, "-m", __name__, *(part for name, value in flags.items() if value for part in (name, value))]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, preexec_fn=end_with_us)
    assert process.stdout is not None
    if process.stdout.readline().strip() != "playing":
        raise RuntimeError(f"The target systems do not play: exit {process.wait(10)}.")
    systems = TargetSystems(process)
    try:
        yield systems
    finally:
        systems.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description="Both simulators in one process")
    for name in ("store", "kafka", "script", "journal"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--kafka-options", default="{}", type=json.loads)
    asked = parser.parse_args()
    with ExitStack() as stack:
        journal = stack.enter_context(open(asked.journal, "a")) if asked.journal else None
        play(asked.store, asked.kafka, asked.kafka_options, asked.script, journal)


if __name__ == "__main__":
    main()
