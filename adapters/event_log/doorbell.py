"""The bell between processes that share a file on one machine: a datagram says that there is more to read."""

import hashlib
import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from threading import Event
from uuid import uuid4

# A Unix socket's address holds 108 bytes on Linux and 104 elsewhere.
LONGEST_ADDRESS = 100
LONGEST_NAME = len("/4194304-0a1b2c3d.sock")

# Where a folder that is open has a short name; Linux only.
DESCRIPTORS = "/proc/self/fd"

# Two changes of a folder within one tick of the kernel's clock have the same time, so a listing this young is not trusted.
TICK_NS = 50_000_000


class Doorbell:
    """Rings every process that listens at the same path. A ring may be lost (a full buffer, a socket that came this instant), so
    listeners look by themselves now and then too. Where the folder is another user's, they only do that."""

    def __init__(self, path: Path) -> None:
        """The folder of `path` must be there."""
        self._opened: int | None = None
        self._folder = self._place(path)
        self._sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sender.setblocking(False)
        self._own = ""
        self._ear: socket.socket | None = None
        self._closed = Event()
        self._others: list[str] = []
        self._listed = (0, 0)  # the folder's time of change when it was listed, and when that was

    def _place(self, path: Path) -> str:
        """The folder of the sockets: beside the file, under a name that leaves room for theirs."""
        beside = f"{path.absolute()}.wake"
        if len(os.fsencode(beside)) + LONGEST_NAME <= LONGEST_ADDRESS:
            return beside
        if os.path.isdir(DESCRIPTORS):
            self._opened = os.open(path.absolute().parent, os.O_RDONLY | os.O_DIRECTORY)
            return f"{DESCRIPTORS}/{self._opened}/{_short(path.name)}.wake"
        # Short, and the same for all processes whatever their environment says. What is written there is one byte that says nothing.
        return f"/tmp/crossconnect-{_short(os.path.realpath(path))}.wake"  # noqa: S108

    def ring(self) -> None:
        """Wake every listening process but this one; never blocks."""
        for address in self._addresses():
            try:
                self._sender.sendto(b"!", address)
            except BlockingIOError:
                pass  # it has not answered the rings before this one yet
            except ConnectionRefusedError:
                with suppress(FileNotFoundError):
                    os.unlink(address)  # its process died without closing
            except (FileNotFoundError, PermissionError):
                pass  # closed since the folder was listed; or another user's

    def _addresses(self) -> list[str]:
        try:
            changed = os.stat(self._folder).st_mtime_ns
        except FileNotFoundError:
            return []
        if changed != self._listed[0] or self._listed[1] - changed < TICK_NS:
            self._listed = (changed, time.time_ns())
            self._others = [entry.path for entry in os.scandir(self._folder) if entry.path != self._own]
        return self._others

    def listen(self) -> None:
        """Open this process's socket, to be rung from now on."""
        address = os.path.join(self._folder, f"{os.getpid()}-{uuid4().hex[:8]}.sock")
        ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        while True:
            try:
                os.makedirs(self._folder, exist_ok=True)
                ear.bind(address)
                break
            except FileNotFoundError:
                pass  # the last listener leaving removes the folder
            except PermissionError:
                ear.close()
                return
        self._own, self._ear = address, ear

    def heard(self, timeout: float) -> bool:
        """Block until rung (True) or `timeout` seconds passed (False); answers every ring so far at once."""
        if self._ear is None:
            return self._closed.wait(timeout)
        self._ear.settimeout(timeout)
        try:
            self._ear.recv(1)
            self._ear.setblocking(False)
            while True:
                self._ear.recv(1)
        except TimeoutError:
            return False
        except BlockingIOError:
            return True

    def leave(self) -> None:
        """Wake this process's own listener, because it is to stop."""
        self._closed.set()
        self.rouse()

    def rouse(self) -> None:
        """Wake this process's own listener, because something else than a ring is to be looked at."""
        if self._own:
            with suppress(BlockingIOError):
                self._sender.sendto(b"!", self._own)

    def close(self) -> None:
        """Remove this process's socket; the last one out removes the folder. The listener must have stopped. May be called twice."""
        own, self._own = self._own, ""
        self._sender.close()
        if self._ear is not None:
            self._ear.close()
            with suppress(OSError):
                os.unlink(own)
                os.rmdir(self._folder)
        if self._opened is not None:
            os.close(self._opened)
            self._opened = None


def _short(name: str) -> str:
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
