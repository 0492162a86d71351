"""Where every fact is written: the event log and its stores."""

from adapters.event_log.port import EventLog


def open_log(url: str) -> EventLog:
    """The event log at `sqlite:///PATH` or `postgresql://user@host:port/database`. Raises ValueError for any other address, LogUnavailable
    when it cannot be opened."""
    # A store is imported when it is used: the PostgreSQL driver costs 0.1 s at start.
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        from adapters.event_log.sqlite import SqliteEventLog

        return SqliteEventLog(url.removeprefix("sqlite:///"))
    if url.startswith("postgresql://"):
        from adapters.event_log.postgres import PostgresEventLog

        return PostgresEventLog(url)
    raise ValueError(f"The store must be sqlite:///PATH or postgresql://user@host:port/database, not {url!r}.")
