"""Another process at the same event log: `python -m tests.contracts.log_process URL VERB [ARGUMENT]`. It says `ready`, then goes when told."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import IO

from adapters.event_log import open_log
from adapters.event_log.port import Advance, EventLog, InboxEntry, NewRow, VersionConflict

BATCH = 50
THE_TIME = datetime(2026, 1, 1, tzinfo=UTC)


class Other:
    """The other process as its parent sees it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self._in: IO[str] = process.stdin
        self._out: IO[str] = process.stdout

    def says(self) -> str:
        """Its next line."""
        return self._out.readline().strip()

    def go(self) -> None:
        """Let it begin."""
        self._in.write("go\n")
        self._in.flush()


@contextmanager
def other_process(url: str, verb: str, argument: str = "") -> Iterator[Other]:
    """Another process that is ready to go; killed at the end if it is still there."""
    command = [sys.executable, "-m", "tests.contracts.log_process", url, verb, argument]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        other = Other(process)
        try:
            assert other.says() == "ready"
            yield other
        finally:
            process.kill()


def say(what: object) -> None:
    print(what, flush=True)


def ready() -> None:
    say("ready")
    sys.stdin.readline()


def migrate(url: str) -> None:
    ready()
    open_log(url).close()
    say("migrated")


def ring(log: EventLog, name: str) -> None:
    ready()
    say(log.append([NewRow(name, 1, "Rang/1", b"{}")]))


def race(log: EventLog, times: str) -> None:
    """Try to be the first at every version of one stream."""
    ready()
    won = 0
    for version in range(1, int(times) + 1):
        try:
            log.append([NewRow("race-1", version, "Run/1", b"{}")])
            won += 1
        except VersionConflict:
            pass
    say(won)


def flood(log: EventLog, name: str) -> None:
    """Batch after batch until killed, each acknowledged by its number."""
    ready()
    for number in count(1):
        log.append(
            [NewRow(f"{name}-{number}", version, "Flooded/1", b"{}") for version in range(1, BATCH + 1)],
            [InboxEntry(name, str(number), b"", 200, name, THE_TIME)],
            [Advance(name, -1 if number == 1 else number - 1, number)],
        )
        say(number)


if __name__ == "__main__":
    url, verb, argument = sys.argv[1:]
    if verb == "migrate":
        migrate(url)
    else:
        opened = open_log(url)
        {"ring": ring, "race": race, "flood": flood}[verb](opened, argument)
        opened.close()
