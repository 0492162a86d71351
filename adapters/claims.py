"""What one process at a time may do with a store: work with one that is a file, and make one of its views anew."""

import os
from typing import Protocol

from adapters.event_log.port import LogUnavailable
from adapters.held_file import hold, holder
from adapters.read_models.port import ReadModelsUnavailable

FILE = "sqlite:///"
_LOCK = "SELECT pg_try_advisory_lock(hashtext('crossconnect view made anew'), hashtext(%s)) AS locked"


class Claimed(Exception):
    """Another process is at it; the sentence says which and what to do."""


class Claim(Protocol):
    """Held until it is closed, or its process ends."""

    def close(self) -> None: ...


def claim_store(store: str) -> Claim | None:
    """Be the one who decides on the store at this address; None for a database, which any number may share. Whoever only reads it does not ask.
    Raises Claimed, LogUnavailable."""
    if not store.startswith(FILE):
        return None
    taken = "The store {store} is in use by {holder}: stop that first, or use PostgreSQL, which several may share."
    return _held(store.removeprefix(FILE), ".lock", taken, LogUnavailable)


def claim_view(store: str, view: str) -> Claim:
    """Be the one who folds this view from the beginning: two would fold into the same tables. Raises Claimed, ReadModelsUnavailable."""
    taken = f"View {view} is being made anew, or checked, by {{holder}}: wait until that is done."
    if store.startswith(FILE):
        return _held(store.removeprefix(FILE), f".views.db.{view}.lock", taken, ReadModelsUnavailable)
    return _locked_in_database(store, view, taken)


def _held(store: str, suffix: str, taken: str, unavailable: type[Exception]) -> Claim:
    path = os.path.realpath(store) + suffix
    try:
        held = hold(path)
    except OSError as error:
        raise unavailable(f"The store {store} cannot be opened: {path}: {(error.strerror or str(error)).lower()}.") from error
    if held is None:
        raise Claimed(taken.format(store=store, holder=holder(path)))
    return held


def _locked_in_database(store: str, view: str, taken: str) -> Claim:
    """A lock of a session, which the server lets go of with the connection."""
    from adapters.postgres_server import PostgresServer  # the driver costs 0.1 s at start

    server = PostgresServer(store, ReadModelsUnavailable)
    try:
        row = server.run(lambda session: session.execute(_LOCK, (view,)).fetchone())
        if row is None or not row["locked"]:
            raise Claimed(taken.format(holder="another process"))
    except BaseException:
        server.close()
        raise
    return server
