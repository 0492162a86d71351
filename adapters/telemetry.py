"""What an operator can measure: Prometheus metrics, all named `crossconnect_…`, and structured logs."""

import logging
import sys

import structlog
from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # a time of creation beside each count: a quarter more to scrape

MESSAGES = Counter("crossconnect_messages", "Messages that the engine has decided on", ["outcome"])
ACCEPTED, REFUSED = MESSAGES.labels("accepted"), MESSAGES.labels("refused")
EVENTS = Counter("crossconnect_events", "Events written to the log")
COMMITS = Counter("crossconnect_commits", "Transactions of the engine")
COMMIT_SECONDS = Histogram(
    "crossconnect_commit_seconds", "Time of one transaction", buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)
)
CONFLICTS = Counter("crossconnect_conflicts", "Batches that another writer overtook, decided again one by one")
WAITING = Gauge("crossconnect_messages_waiting", "Messages that wait for the engine")
ORDERS_IN_MEMORY = Gauge("crossconnect_orders_in_memory", "Orders whose state the engine keeps at hand")
DEAD_LETTERS = Counter("crossconnect_dead_letters", "Messages that could not be taken in", ["topic"])
OPEN_OBLIGATIONS = Gauge("crossconnect_open_obligations", "What orders wait for: answers, retries, people, dates")
RELAY_LAG = Gauge("crossconnect_relay_lag_seconds", "Age of the oldest event that a lane has not published yet", ["lane"])
RELAY_TOO_LARGE = Counter("crossconnect_relay_too_large", "Messages that no topic takes: they are in the log alone", ["topic"])
PROJECTION_LAG = Gauge("crossconnect_projection_lag_seconds", "Age of the oldest event that the views have not read yet")
INBOX_LAG = Gauge("crossconnect_inbox_lag_seconds", "Age of the oldest message that has not been taken in yet", ["topic"])


def configure_logging(log_format: str) -> None:
    """Log lines for people (`console`) or for programs (`json`), on standard error; empty = what standard error is."""
    readable = log_format == "console" or (not log_format and sys.stderr.isatty())
    # A plain traceback: one with the values of variables would print the customers' data.
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    last: structlog.types.Processor = plain if readable else structlog.processors.JSONRenderer()
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, last] if not readable else [*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    _bring_in_the_library_loggers(last, shared)


def _bring_in_the_library_loggers(renderer: structlog.types.Processor, shared: list[structlog.types.Processor]) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.format_exc_info, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
