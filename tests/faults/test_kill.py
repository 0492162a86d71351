"""The server dies at random points under load, by SIGKILL, and nothing is lost or doubled."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.faults.killing import kill_under_load
from tests.servers.kafka import Kafka

pytestmark = pytest.mark.servers

KILLS = int(os.environ.get("CROSSCONNECT_TEST_KILLS", "25"))  # each
# Printed, so that a run that failed can be repeated.
SEED = int(os.environ.get("CROSSCONNECT_TEST_SEED", time.time_ns() % 1_000_000))


def test_nothing_is_lost_or_doubled_embedded(capsys: pytest.CaptureFixture[str]) -> None:
    # A short path, because processes wake each other by sockets beside the store.
    with TemporaryDirectory(prefix="kill-") as folder:
        outcome = kill_under_load(Path(folder), f"sqlite:///{folder}/s.db", None, KILLS, SEED)
    with capsys.disabled():
        print(f"\nembedded, {outcome}")


def test_nothing_is_lost_or_doubled_on_postgres_and_kafka(
    tmp_path: Path, postgres: Callable[[], str], kafka: Callable[[], Kafka], capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = kill_under_load(tmp_path, postgres(), kafka(), KILLS, SEED)
    with capsys.disabled():
        print(f"\nPostgreSQL and Kafka, {outcome}")
