"""The command line as a process: what it printed and how it ended."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from api.cli.demo.cast import document


class Ended:
    """What a verb left: its exit code and what it printed."""

    def __init__(self, process: "subprocess.CompletedProcess[str]") -> None:
        self.code = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    def json(self) -> Any:
        return json.loads(self.out)

    def fails_with(self, code: int, words: str) -> None:
        """One sentence on standard error that has these words, and no traceback."""
        assert self.code == code, self.out + self.err
        assert words in self.err
        assert "Traceback" not in self.err
        assert len(self.err.strip().splitlines()) == 1, self.err


def crossconnect(*arguments: str, stdin: str = "", env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Ended:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CROSSCONNECT_")}
    command = (sys.executable, "-m", "api.cli", *arguments)
    path = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    finished = subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=60, env={**clean, **path, **(env or {})}, cwd=cwd, check=False
    )
    return Ended(finished)


def nowhere() -> str:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def order_of(customer: str) -> str:
    """A mobile line for somebody."""
    return json.dumps({**document("mobile-line"), "externalId": customer, "relatedParty": [{"id": customer, "role": "customer"}]})
