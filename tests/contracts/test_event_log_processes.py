"""Several processes at one log: they wake each other, race fairly, migrate once, and may be killed at any instruction."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from adapters.event_log import open_log
from tests.contracts.log_process import BATCH, other_process

pytestmark = pytest.mark.servers


def test_an_append_wakes_who_waits_in_another_process(new_store: Callable[[], str]) -> None:
    url = new_store()
    log = open_log(url)
    assert not log.wait(0, 0.2)  # by now it listens
    latencies = []
    for number in range(3):
        with other_process(url, "ring", f"bell-{number}") as other:
            position = log.head()
            other.go()
            assert log.wait(position, 10.0)
            assert log.since(position, 10)[0].stream == f"bell-{number}"
            started = time.monotonic()
            assert int(other.says()) == log.head()
            latencies.append(time.monotonic() - started)
    log.close()
    assert min(latencies) < 0.5


def test_of_two_processes_that_race_for_a_version_one_wins(new_store: Callable[[], str]) -> None:
    url, versions = new_store(), 200
    log = open_log(url)
    with other_process(url, "race", str(versions)) as one, other_process(url, "race", str(versions)) as other:
        one.go()
        other.go()
        won = int(one.says()), int(other.says())
    rows = log.read(["race-1"])
    assert [row.version for row in rows] == list(range(1, versions + 1))
    assert sum(won) == versions
    log.close()


def test_processes_that_start_at_once_make_the_tables_once(new_store: Callable[[], str]) -> None:
    for _ in range(3):
        url = new_store()
        with ExitStack() as stack:
            others = [stack.enter_context(other_process(url, "migrate")) for _ in range(3)]
            for other in others:
                other.go()
            assert [other.says() for other in others] == ["migrated"] * 3


def test_a_process_killed_while_appending_leaves_all_of_a_batch_or_nothing(new_store: Callable[[], str]) -> None:
    url = new_store()
    for name in ("flood-a", "flood-b", "flood-c"):
        with other_process(url, "flood", name) as other:
            other.go()
            acknowledged = 0
            for _ in range(random.randint(1, 20)):
                acknowledged = int(other.says())
            time.sleep(random.random() * 0.005)  # not to wait for anything: to die anywhere
            os.kill(other.process.pid, signal.SIGKILL)
            other.process.wait()
        log = open_log(url)
        stored = Counter(row.stream for row in log.since(0, 1_000_000) if row.stream.startswith(name))
        batches = len(stored)
        assert set(stored.values()) == {BATCH}
        assert log.positions()[name] == batches
        assert len(log.inbox([(name, str(number)) for number in range(1, batches + 2)])) == batches
        assert batches >= acknowledged
        log.close()
