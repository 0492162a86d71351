"""The guide to modelling as a script: its commands run in a real shell against a real server, and what they print stands below them.

`python -m tests.end_to_end.modelling` writes what they print now into the page.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.servers.crossconnect import Crossconnect

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "modelling.md"
PATIENCE = 180  # seconds
BETWEEN = "\x1e"  # what separates the blocks on standard output

_BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:```\n.*?^```\n)?", re.MULTILINE | re.DOTALL)
_IDS = re.compile(r"\b[0-9a-f]{20,22}\b|\b[0-9a-f]{12}\b")
_TIMES = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?Z?|(?<=due )\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?")


class Printed(NamedTuple):
    """A block of commands and what it printed, without ids and times."""

    script: str
    output: str


def blocks(page: str) -> list[str]:
    """The commands of the page, block by block."""
    return [found[1] for found in _BLOCK.finditer(page)]


def run(page: str, folder: Path) -> list[Printed]:
    """What the blocks print. The server is started after the second one, as the page says, with what stands in `security` then."""
    (folder / ".venv").symlink_to(sys.prefix)
    scripts = blocks(page)
    first = _shell(scripts[:2], folder, {})
    with Crossconnect(folder, f"sqlite:///{folder}/security.db", catalog=str(folder / "security"), simulators="all") as server:
        others = _shell(scripts[2:], folder, {"CROSSCONNECT_PORT": str(server.port)})
    return [Printed(script, told) for script, told in zip(scripts, (*first, *others), strict=True)]


def _shell(scripts: list[str], folder: Path, more: dict[str, str]) -> list[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CROSSCONNECT_")}
    path = f"{folder}/.venv/bin:{os.environ['PATH']}"
    script = f"\nprintf '{BETWEEN}'\n".join(scripts)
    done = subprocess.run(
        ("bash", "-euo", "pipefail", "-c", script),
        cwd=folder,
        env={**clean, **more, "PATH": path, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return [_plain(told) for told in done.stdout.split(BETWEEN)]


def _plain(text: str) -> str:
    return _TIMES.sub("…", _IDS.sub("…", text))


def filled(page: str, printed: list[Printed]) -> str:
    """The page with what its blocks print below each of them."""
    told = iter(printed)

    def block(found: "re.Match[str]") -> str:
        output = next(told).output
        return f"```sh\n{found[1]}```\n" + (f"```\n{output.rstrip()}\n```\n" if output.strip() else "")

    return _BLOCK.sub(block, page)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        GUIDE.write_text(filled(GUIDE.read_text(), run(GUIDE.read_text(), Path(name))))
