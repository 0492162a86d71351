"""Where views keep their rows: the read-model store beside the event log."""

from adapters.read_models.port import ReadModelStore


def open_read_models(url: str) -> ReadModelStore:
    """The read models of the event log at `url`: in the sibling file `PATH.views.db` of `sqlite:///PATH`, or in the same PostgreSQL database. Raises
    ValueError for any other address, ReadModelsUnavailable when it cannot be opened."""
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        from adapters.read_models.sqlite import SqliteReadModels

        return SqliteReadModels(url.removeprefix("sqlite:///") + ".views.db")
    if url.startswith("postgresql://"):
        from adapters.read_models.postgres import PostgresReadModels

        return PostgresReadModels(url)
    raise ValueError(f"The store must be sqlite:///PATH or postgresql://user@host:port/database, not {url!r}.")
