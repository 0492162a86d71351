"""Where the server of a store listens. It says so in a file beside the store, so that verbs find it whatever it was started with."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

FILE = "sqlite:///"


def _beside(store: str) -> str:
    """The file; nothing for a database, whose servers may be anywhere."""
    return f"{os.path.realpath(store.removeprefix(FILE))}.server" if store.startswith(FILE) else ""


@contextmanager
def announced(store: str, url: str) -> Iterator[None]:
    """The server of the store is at `url` for as long as this lasts. The file is locked: the kernel knows when its process has died."""
    path = _beside(store)
    if not path:
        yield
        return
    with open(f"{path}.new", "w", encoding="utf-8", opener=_without_links) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(url)
        file.flush()
        os.replace(file.name, path)  # complete and locked from the first moment that anybody sees it
        try:
            yield
        finally:
            with suppress(FileNotFoundError):  # people tidy folders
                os.unlink(path)


def whereabouts(store: str) -> str:
    """The address of the server that works with the store now, or nothing."""
    try:
        with open(_beside(store), encoding="utf-8") as file:
            return file.read() if _is_held(file.fileno()) else ""
    except OSError:
        return ""


def _is_held(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False  # whoever wrote it was killed


def _without_links(path: str, flags: int) -> int:
    """Where everybody may write, a link at the path is somebody else's doing."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o644)
