"""Stores that cannot be opened or written: one sentence each, and nothing left behind."""

import os
import pwd
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from adapters.event_log import open_log
from adapters.event_log.port import LogUnavailable, NewRow
from tests.servers.postgres import free_port


@pytest.mark.parametrize("url", ["", "sqlite:///", "sqlite://x.db", "mysql://host/database", "crossconnect.db"])
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must be sqlite:///PATH or postgresql://"):
        open_log(url)


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailable, match="cannot be opened: unable to open database file"):
        open_log(f"sqlite:///{tmp_path}/missing/log.db")
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_kind_is_said(tmp_path: Path) -> None:
    (tmp_path / "log.db").write_bytes(b"something else entirely" * 100)
    with pytest.raises(LogUnavailable, match="file is not a database"):
        open_log(f"sqlite:///{tmp_path}/log.db")


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the power of root, who may write every file."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_that_may_only_be_read_is_said() -> None:
    with TemporaryDirectory() as folder:  # not pytest's, which only its owner may enter
        path = Path(folder, "log.db")
        path.parent.chmod(0o755)
        open_log(f"sqlite:///{path}").close()
        path.chmod(0o444)
        path.parent.chmod(0o555)
        with as_nobody(), pytest.raises(LogUnavailable, match=r"The store .*log\.db cannot be \w+: .*(readonly|unable to open)"):
            open_log(f"sqlite:///{path}")
        path.parent.chmod(0o755)


def test_a_disk_that_is_full_is_said_and_nothing_was_written(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    log = open_log(f"sqlite:///{path}")
    log.append([NewRow("a-1", 1, "Happened/1", b"{}")])
    writer = log._file._writer  # type: ignore[attr-defined]  # the only connection whose limit counts
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(LogUnavailable, match="cannot be written: database or disk is full"):
        log.append([NewRow("a-2", version, "Happened/1", b" " * 5_000) for version in range(1, 100)])
    assert [row.stream for row in log.since(0, 10)] == ["a-1"]
    log.close()


def test_a_file_locked_for_ever_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.sqlite_file.BUSY_SECONDS", 0.05)
    log = open_log(f"sqlite:///{tmp_path}/log.db")
    other = sqlite3.connect(tmp_path / "log.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LogUnavailable, match="database is locked"):
        log.append([NewRow("a-1", 1, "Happened/1", b"{}")])
    other.close()
    log.append([NewRow("a-1", 1, "Happened/1", b"{}")])
    log.close()


def test_a_closed_port_is_said() -> None:
    with pytest.raises(LogUnavailable, match=r"PostgreSQL at 127\.0\.0\.1:\d+ cannot be used: .*refused"):
        open_log(f"postgresql://postgres@127.0.0.1:{free_port()}/postgres")


def test_an_address_that_cannot_be_read_is_said() -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        open_log("postgresql://127.0.0.1:5432/postgres?nonsense=1")


@pytest.mark.servers
def test_a_missing_database_is_said(postgres: Callable[[], str]) -> None:
    with pytest.raises(LogUnavailable, match='database "missing" does not exist'):
        open_log(postgres().rpartition("/")[0] + "/missing")
