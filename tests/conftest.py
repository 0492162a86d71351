"""What every test can have: real servers on loopback ports, and a last line that says which."""

import pytest
import structlog

from tests.servers import RAN
from tests.servers.kafka import kafka, kafka_server
from tests.servers.postgres import postgres, postgres_server
from tests.servers.stores import new_store

__all__ = ["kafka", "kafka_server", "new_store", "postgres", "postgres_server"]

# A traceback with the values of all variables takes seconds to draw: a catalog is among them.
structlog.configure(processors=[structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which servers the tests ran on."""
    for server, which in sorted(RAN.items()):
        terminalreporter.write_line(f"{server}: {which}")
