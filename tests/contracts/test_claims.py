"""What one process at a time may do with a store, and that a claim dies with its process."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.claims import Claim, Claimed, claim_store, claim_view
from adapters.event_log.port import LogUnavailable
from adapters.held_file import hold, holder

CLAIM = """
import sys
from adapters.claims import claim_store, claim_view
claim = claim_view(*sys.argv[1:]) if sys.argv[2:] else claim_store(sys.argv[1])
print("claimed", flush=True)
sys.stdin.read()
"""


def claiming(*arguments: str) -> "subprocess.Popen[str]":
    """Another process that has claimed a store, or a view of it, and keeps it until its standard input ends."""
    process = subprocess.Popen([sys.executable, "-c", CLAIM, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "claimed\n"
    return process


def test_a_store_that_another_process_works_with_is_refused_and_that_process_named(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/s.db"
    with claiming(store) as other, pytest.raises(Claimed, match=rf"{tmp_path}/s\.db is in use by process {other.pid}: stop"):
        claim_store(store)


def test_a_claim_dies_with_its_process(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/s.db"
    with claiming(store) as other:
        other.kill()
        other.wait()
        claim = claim_store(store)
    assert claim is not None
    assert holder(f"{tmp_path}/s.db.lock") == f"process {os.getpid()}"
    claim.close()


def test_a_store_is_the_same_under_whatever_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "s.db")
    monkeypatch.chdir(tmp_path)
    claim = claim_store("sqlite:///s.db")
    assert claim is not None
    for name in (f"{tmp_path}/s.db", f"{tmp_path}/link.db", "./s.db"):
        with pytest.raises(Claimed):
            claim_store(f"sqlite:///{name}")
    claim.close()


def test_a_claim_that_is_given_back_leaves_nothing_behind(tmp_path: Path) -> None:
    for _ in range(2):
        claim = claim_store(f"sqlite:///{tmp_path}/s.db")
        assert claim is not None
        claim.close()
        claim.close()
    assert list(tmp_path.iterdir()) == []


def test_a_database_is_shared(tmp_path: Path) -> None:
    assert claim_store("postgresql://me@127.0.0.1:1/db") is None


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailable, match=r"The store .*/missing/s\.db cannot be opened: .*no such file or directory\."):
        claim_store(f"sqlite:///{tmp_path}/missing/s.db")


def test_a_view_is_made_anew_by_one_process_at_a_time(new_store: Callable[[], str]) -> None:
    store = new_store()
    with claiming(store, "things") as other:
        with pytest.raises(Claimed, match=r"^View things is being made anew, or checked, by (another process|process \d+): wait until"):
            claim_view(store, "things")
        claim_view(store, "totals").close()  # others are not concerned
        other.kill()
        other.wait()
    within(lambda: claim_view(store, "things")).close()
    claim_view(store, "things").close()


def within(claim: Callable[[], Claim]) -> Claim:
    """PostgreSQL sees within moments, not at once, that a client was killed."""
    give_up = time.monotonic() + 10.0
    while True:
        try:
            return claim()
        except Claimed:
            assert time.monotonic() < give_up
            time.sleep(0.01)


def test_a_file_at_the_path_that_nobody_holds_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "left.lock"
    path.write_text("4194305 is long dead")
    held = hold(str(path))
    assert held is not None
    assert path.read_text() == str(os.getpid())
    held.close()


def test_a_link_at_the_path_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("data")
    (tmp_path / "x.lock").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="symbolic links"):
        hold(f"{tmp_path}/x.lock")
    assert (tmp_path / "precious").read_text() == "data"
