"""The bell between processes that share a file: heard at once wherever the file is, and gone without a trace."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from adapters.event_log import doorbell, open_log
from adapters.event_log.doorbell import Doorbell
from adapters.event_log.port import NewRow
from tests.contracts.test_event_log_unavailable import as_nobody

PLACES = {
    "near": "s.db",
    "deep": f"{'d' * 60}/{'e' * 60}/s.db",
    "long": f"{'n' * 150}.db",
    "deep and long": f"{'d' * 200}/{'é' * 100}.db",
}


@pytest.fixture(params=PLACES)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / PLACES[request.param]
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def listening(path: Path) -> Iterator[Doorbell]:
    ear = Doorbell(path)
    ear.listen()
    yield ear
    ear.close()


def test_a_ring_is_heard_by_all_who_listen_and_leaves_nothing_behind(path: Path) -> None:
    bell = Doorbell(path)
    with listening(path) as one, listening(path) as other:
        bell.ring()
        assert one.heard(5.0)
        assert other.heard(5.0)
        assert not other.heard(0.001)
    bell.close()
    assert list(path.parent.iterdir()) == []


def test_without_short_names_of_open_folders_it_is_heard_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "DESCRIPTORS", "/not/on/this/system")
    bell = Doorbell(path)
    with listening(path) as ear:
        bell.ring()
        assert ear.heard(5.0)
    bell.close()
    assert not Path(bell._folder).exists()


def test_the_last_to_leave_takes_the_folder_and_the_next_makes_it_again(path: Path) -> None:
    bell = Doorbell(path)
    for _ in range(3):
        with listening(path) as ear:
            bell.ring()
            assert ear.heard(5.0)
        bell.ring()
    bell.close()


def test_one_that_is_closed_stays_closed(path: Path) -> None:
    with listening(path) as ear:
        ear.close()
        ear.rouse()
    assert list(path.parent.iterdir()) == []


def test_two_files_with_long_names_in_one_folder_have_bells_of_their_own(tmp_path: Path) -> None:
    bell = Doorbell(tmp_path / f"{'n' * 120}1.db")
    with listening(tmp_path / f"{'n' * 120}2.db") as ear:
        bell.ring()
        assert not ear.heard(0.01)
    bell.close()


def test_a_folder_that_one_may_not_write_costs_the_bell_and_no_more() -> None:
    with TemporaryDirectory() as folder:  # not pytest's, which only its owner may enter
        path = Path(folder, "s.db")
        path.parent.chmod(0o755)
        with listening(path), as_nobody():
            bell = Doorbell(path)
            with listening(path) as deaf:
                bell.ring()
                assert not deaf.heard(0.001)
            bell.close()


def test_a_log_far_down_wakes_its_readers_by_the_bell_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.event_log.sqlite.POLL_SECONDS", 60.0)
    writer, reader = open_log(f"sqlite:///{path}"), open_log(f"sqlite:///{path}")
    assert not reader.wait(0, 0.05)  # by now it listens
    began = time.monotonic()
    writer.append([NewRow("a-1", 1, "Happened/1", b"{}")])
    assert reader.wait(0, 10.0)
    assert time.monotonic() - began < 5.0
    reader.close()
    writer.close()
