"""A file that one process at a time may hold. The kernel lets go of it when the process ends, however it ends."""

import fcntl
import os
from contextlib import suppress
from typing import IO


class HeldFile:
    """A file at a path, locked by this process until it is closed; it holds the process's id for whoever comes second."""

    def __init__(self, path: str, file: IO[bytes]) -> None:
        self._path = path
        self._file = file

    def close(self) -> None:
        """Let go, and leave nothing behind."""
        if self._file.closed:
            return
        with suppress(FileNotFoundError):  # people tidy folders
            os.unlink(self._path)  # while it is locked: nobody else's file is at the path
        self._file.close()


def hold(path: str) -> HeldFile | None:
    """Make the file and hold it; None while another holds it, this process included. Raises OSError."""
    while True:
        file = open(path, "r+b", opener=_without_links)  # noqa: SIM115 (held as long as its HeldFile is)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(path, file):
                file.truncate()
                file.write(b"%d" % os.getpid())
                file.flush()
                return HeldFile(path, file)
        except BlockingIOError:
            file.close()
            return None
        except BaseException:
            file.close()
            raise
        file.close()  # its last holder removed it in this moment: there is another file at the path, or none


def holder(path: str) -> str:
    """Who holds the file, for a sentence: its process, as far as that has said so by now."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            process = file.read()
    except OSError:
        process = ""
    return f"process {process}" if process.isdecimal() else "another process"


def _without_links(path: str, flags: int) -> int:
    """Where everybody may write, a link at the path is somebody else's doing."""
    return os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW, 0o644)


def _is_still(path: str, file: IO[bytes]) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
