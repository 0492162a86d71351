"""The same verbs on a real Kafka: topics planned and made, and target systems that hear of their work from a broker."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from api.cli.demo.cast import ORDERS
from api.cli.demo.engine import EngineProcess
from tests.end_to_end.command_line import crossconnect
from tests.servers.kafka import Kafka

pytestmark = pytest.mark.servers


def test_topics_are_planned_made_and_then_as_they_should_be(kafka: Callable[[], Kafka]) -> None:
    topics = kafka()
    cluster = ("--kafka", topics.bootstrap, "--kafka-options", json.dumps(topics.options))
    planned = crossconnect("topics", "plan", "--json", *cluster).json()
    assert {each["kind"] for each in planned} <= {"create"}
    applied = crossconnect("topics", "apply", *cluster)
    assert applied.code == 0, applied.err
    assert crossconnect("topics", "plan", *cluster).out == "Every topic is as the manifest says.\n"
    other = json.dumps({**topics.options, "partitions": topics.options.get("partitions", 6) + 1})
    refused = crossconnect("topics", "apply", "--kafka", topics.bootstrap, "--kafka-options", other)
    refused.fails_with(1, "another count would move customers")


def test_simulators_answer_over_the_broker(kafka: Callable[[], Kafka], tmp_path: Path) -> None:
    (tmp_path / "script.yaml").write_text("[]")
    topics = kafka()
    options = json.dumps(topics.options)
    settings = {"simulators": "none", "kafka": topics.bootstrap, "kafka_options": options}
    with EngineProcess(tmp_path, tmp_path / "script.yaml", **settings) as engine:
        cluster = ("--kafka", topics.bootstrap, "--kafka-options", options)
        commands = [(sys.executable, "-m", "api.cli", "simulate", part, *cluster) for part in ("activation", "field-service")]
        simulators = [subprocess.Popen(command, stderr=subprocess.PIPE) for command in commands]
        try:
            engine.start()
            ended = crossconnect("submit", str(ORDERS / "fibre-and-mobile.json"), "--wait", "--timeout", "45", "--url", engine.url)
            assert ended.code == 0, ended.out + ended.err
        finally:
            for simulator in simulators:
                simulator.terminate()
            said = [simulator.communicate(timeout=20)[1] for simulator in simulators]
        assert [simulator.returncode for simulator in simulators] == [0, 0], said
        engine.stop()
    assert crossconnect("verify", "--store", engine.store).code == 0
