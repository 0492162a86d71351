"""Both stores behind one fixture: a test that asks for `new_store` runs once on each."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Answers the address of an empty store at every call."""
    if request.param == "postgresql":
        fresh: Callable[[], str] = request.getfixturevalue("postgres")
        return fresh
    made: list[str] = []

    def file() -> str:
        made.append(f"sqlite:///{tmp_path}/store-{len(made)}.db")
        return made[-1]

    return file
