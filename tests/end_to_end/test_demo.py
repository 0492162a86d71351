"""The demonstration ends well and leaves nothing behind."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

# What each act comes to, as its audience reads it.
OUTCOMES = (
    r"voice-service/port-number of item \d has passed its point of no return",
    r"gpon-port stays where it is, because:\n +gpon-port/configure had to be done before access-line/test",
    r"triple-play: completed, 3/3 service orders",
    r"redo +gpon-port \(1\.\d\)\n",
    r"new +tv-service \(2\.1\)\n",
    r"Accepted: version 2 of the order, applied as it was previewed\.",
    r"fibre-changed: completed, 2/2 service orders",
    r"terminated +Internet access\n",
    r"active +Access line\n",
    r"Fallout: No free port at the distributor \(no-port\)\.",
    r"fibre-refused: completed, 1/1 service orders",
    r"fibre-cancelled: cancelled",
    r"[1-9] steps that the network had done are undone",
    r"Jeopardy medium: Expected 2 hours later than requested\.",
    r"fibre-late: completed",
    r"SIGKILL",
    r"24 completed",
)


@pytest.mark.servers
def test_the_demonstration_ends_well_and_leaves_no_process(tmp_path: Path) -> None:
    env = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    ended = subprocess.run(
        (sys.executable, "-m", "api.cli", "demo"), capture_output=True, text=True, timeout=170, env=env, cwd=tmp_path, check=False
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr
    for told in OUTCOMES:
        assert re.search(told, ended.stdout), f"{told}\n{ended.stdout[-6000:]}"
    assert "✗" not in ended.stdout
    assert ended.stderr == ""
    assert list(tmp_path.iterdir()) == []
    assert [
        process.pid for process in psutil.process_iter(["environ"]) if (process.info["environ"] or {}).get("TMPDIR") == str(tmp_path)
    ] == []
