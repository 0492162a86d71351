"""Real servers for the tests, started once a run on free loopback ports and stopped at its end."""

import os
from typing import NoReturn

import pytest

# What ran, by kind, for the summary at the end of the run.
RAN: dict[str, str] = {}


def missing(server: str, why: str) -> NoReturn:
    """Skip a test for want of a server; in CI that is an error."""
    sentence = f"No {server} for the tests: {why}"
    if os.environ.get("CI"):
        raise RuntimeError(sentence)
    RAN.setdefault(server, f"none ({why})")
    pytest.skip(sentence)
