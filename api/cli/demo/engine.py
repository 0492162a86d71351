"""The engine of the demonstration: a process of its own, as an operator runs it, so that it can be killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from api.cli.failures import Failed
from api.settings import PREFIX

# Seconds: how long a start and an orderly stop may take.
START, STOP = 30.0, 12.0


class EngineProcess:
    """One `crossconnect serve` at a time on one store and one free port of this machine."""

    def __init__(self, folder: Path, script: Path, **settings: str) -> None:
        """`settings` are further ones, by the names of their flags with underscores."""
        self.store = f"sqlite:///{folder / 'demo.db'}"
        self._log = folder / "engine.log"
        self._port = _free_port()
        self._script = script
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> float:
        """Until it is ready; answers the seconds that took. Raises Failed."""
        began = time.monotonic()
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                (sys.executable, "-m", "api.cli", "serve", *self._flags()), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_clean()
            )
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() - began > START:
                raise Failed(f"The engine did not start: {self._last_words()}")
            time.sleep(0.05)
        return time.monotonic() - began

    def _flags(self) -> tuple[str, ...]:
        own = {
            "store": self.store,
            "port": str(self._port),
            "simulators": "all",
            "simulator_script": str(self._script),
            "log_format": "json",
        }
        return tuple(f"--{name.replace('_', '-')}={value}" for name, value in (own | self._settings).items())

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2.0, trust_env=False).is_success
        except httpx.TransportError:
            return False

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing."

    def kill(self) -> None:
        """SIGKILL: it learns nothing of it."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """In good order, as an operator's system does it. Raises Failed when it does not end as promised."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.send_signal(number)
        try:
            code = process.wait(STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Failed(f"The engine did not stop within {STOP:g} seconds.") from None
        if code:
            raise Failed(f"The engine stopped with exit code {code}: {self._last_words()}")

    def __enter__(self) -> "EngineProcess":
        return self

    def __exit__(self, *_: object) -> None:
        """Whatever happened, no process stays."""
        if self._process is not None:
            self.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _clean() -> dict[str, str]:
    """The environment without the caller's own settings: the demonstration is the same everywhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
