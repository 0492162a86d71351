"""What one process at a time may do with a store: work with one that is a file."""

import os

from adapters.event_log.port import LogUnavailable
from adapters.held_file import HeldFile, hold, holder

FILE = "sqlite:///"


class Claimed(Exception):
    """Another process is at it; the sentence says which and what to do."""


def claim_store(store: str) -> HeldFile | None:
    """Be the one who decides on the store at this address, until the answer is closed; None for a database, which any number may share. Whoever only
    reads it does not ask. Raises Claimed, LogUnavailable."""
    if not store.startswith(FILE):
        return None
    path = store.removeprefix(FILE)
    lock = f"{os.path.realpath(path)}.lock"
    try:
        held = hold(lock)
    except OSError as error:
        raise LogUnavailable(f"The store {path} cannot be opened: {lock}: {(error.strerror or str(error)).lower()}.") from error
    if held is None:
        raise Claimed(f"The store {path} is in use by {holder(lock)}: stop that first, or use PostgreSQL, which several may share.")
    return held
