"""`crossconnect serve` as a process of its own: started on a free loopback port, watched until ready, and ended politely or not."""

import ctypes
import http.client
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import psutil

from tests.servers.kafka import Kafka
from tests.servers.postgres import free_port

ROOT = Path(__file__).resolve().parents[2]
BENCHMARK_CATALOG = ROOT / "schemas" / "catalogs" / "benchmark-w1.yaml"
PATIENCE = 30.0  # seconds until a process is ready or has ended


class NotReady(Exception):
    """The server ended, or did not become ready in time; the sentence has the end of what it printed."""


class Crossconnect:
    """One place to serve from: a store, the settings as flags, and a port that stays the same over restarts. What it prints is added to `printed`."""

    def __init__(self, folder: Path, store: str, kafka: Kafka | None = None, **settings: str) -> None:
        self.store = store
        if kafka is not None:
            settings = {**settings, "kafka": kafka.bootstrap, "kafka_options": json.dumps(kafka.options)}
        self.port = free_port()
        self.printed = folder / "serve.log"
        flags = [part for name, value in settings.items() for part in (f"--{name.replace('_', '-')}", value)]
        self._command = program("serve", "--store", store, "--port", str(self.port), "--log-format", "json", *flags)
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Crossconnect":
        self.start()
        self.wait_until_ready()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process; does not wait for it."""
        with self.printed.open("ab") as printed:
            self.process = subprocess.Popen(self._command, cwd=ROOT, stdout=printed, stderr=printed, preexec_fn=end_with_us)

    def wait_until_ready(self) -> None:
        """Raises NotReady."""
        assert self.process is not None
        give_up = time.monotonic() + PATIENCE
        while not self._answers_ready():
            if self.process.poll() is not None or time.monotonic() > give_up:
                raise NotReady(f"serve is not ready (exit {self.process.poll()}): {self.last_words()}")
            time.sleep(0.01)

    def _answers_ready(self) -> bool:
        try:
            return self.get("/readyz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of one GET."""
        return self._call("GET", path, None, {})

    def post(self, path: str, document: object, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """Status and body of one POST of JSON."""
        return self._call("POST", path, json.dumps(document).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _call(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def metric(self, name: str) -> float:
        """The sum of a counter or gauge over its labels."""
        _, text = self.get("/metrics")
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text.decode(), re.MULTILINE))

    def cpu_seconds(self) -> float:
        """What the process has computed so far, in user and system mode."""
        assert self.process is not None
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def resident_megabytes(self) -> float:
        """The memory that the process holds."""
        assert self.process is not None
        return float(psutil.Process(self.process.pid).memory_info().rss) / 1_000_000

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone. Raises NotReady when it has ended by itself before."""
        assert self.process is not None
        if self.process.poll() is not None:
            raise NotReady(f"serve ended by itself (exit {self.process.poll()}): {self.last_words()}")
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; answers the exit code. Killed when it does not end in time."""
        return end(self.process) if self.process is not None else 0

    def last_words(self) -> str:
        """The end of what the process printed."""
        return self.printed.read_text(errors="replace")[-2000:] if self.printed.exists() else ""


def program(*arguments: str) -> list[str]:
    """The command line of one of our verbs."""
    return [sys.executable, "-m", "api.cli", *arguments]


def end(process: "subprocess.Popen[bytes]") -> int:
    """SIGTERM; SIGKILL when that does not help in time. Answers the exit code."""
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def end_with_us() -> None:
    """The kernel kills the process when the one that started it dies without being able to."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, int(signal.SIGKILL))
