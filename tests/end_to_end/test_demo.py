"""The demonstration ends well and leaves nothing behind."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest


@pytest.mark.servers
def test_the_demonstration_ends_well_and_leaves_no_process(tmp_path: Path) -> None:
    env = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    ended = subprocess.run(
        (sys.executable, "-m", "api.cli", "demo"), capture_output=True, text=True, timeout=170, env=env, cwd=tmp_path, check=False
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr
    assert "SIGKILL" in ended.stdout
    assert "✗" not in ended.stdout
    assert ended.stderr == ""
    assert list(tmp_path.iterdir()) == []
    assert [
        process.pid for process in psutil.process_iter(["environ"]) if (process.info["environ"] or {}).get("TMPDIR") == str(tmp_path)
    ] == []
