"""`doctor`: every setting with where it comes from, and a test of everything that can be reached."""

import os
import socket
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import typer

from api.cli.failures import Failed
from api.cli.flags import ALL, AsJson, with_settings
from api.cli.whereabouts import whereabouts
from api.settings import SETTINGS, Settings, shown


class Finding(NamedTuple):
    """One thing tested. `problem` is empty when it is well; `told` says what was found."""

    name: str
    told: str
    problem: str


@with_settings(*ALL)
def doctor(settings: Settings, as_json: AsJson = False) -> None:
    """List every setting, and say what is wrong."""
    from api.cli.terminal import print_json

    findings = list(_examined(settings))
    if as_json:
        listed = [{"name": each.name, "variable": each.variable, "value": shown(each.name, settings)} for each in SETTINGS]
        print_json({"settings": listed, "findings": [finding._asdict() for finding in findings]})
    else:
        _print(settings, findings)
    wrong = sum(1 for finding in findings if finding.problem)
    if wrong and as_json:
        raise typer.Exit(1)
    if wrong:
        raise Failed(f"{wrong} of {len(findings)} tests found a problem.")


def _print(settings: Settings, findings: list[Finding]) -> None:
    from api.cli import terminal

    rows = [[each.variable, terminal.escaped(shown(each.name, settings) or "–"), _origin(each.variable), each.help] for each in SETTINGS]
    terminal.print_table(("setting", "value", "from", "meaning"), rows, "")
    print()
    for finding in findings:
        print(f"{'✗' if finding.problem else '✓'} {finding.name}: {finding.problem or finding.told}")


def _origin(variable: str) -> str:
    return "environment" if os.environ.get(variable) else "default or flag"


def _examined(settings: Settings) -> Iterator[Finding]:
    for name, test in _TESTS.items():
        try:
            yield Finding(name, test(settings), "")
        except Exception as error:  # whatever it is, it is what the doctor was asked to find
            yield Finding(name, "", str(error).strip() or type(error).__name__)


def _python(settings: Settings) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        which = version("crossconnect")
    except PackageNotFoundError:
        which = "from a folder (not installed)"
    return f"Crossconnect {which} on Python {sys.version.split()[0]}"


def _store(settings: Settings) -> str:
    from adapters.event_log import open_log

    path = settings.store.removeprefix("sqlite:///")
    if path != settings.store and not os.path.exists(path):
        folder = os.path.dirname(os.path.abspath(path))
        if not os.access(folder, os.W_OK):
            raise Failed(f"{folder} is not a folder in which the store can be made.")
        return f"{path} will be made at the first start"
    log = open_log(settings.store)
    try:
        return f"opened; its last position is {log.head()}"
    finally:
        log.close()


def _kafka(settings: Settings) -> str:
    if not settings.kafka:
        return "not used: the topics are embedded in the store"
    for server in settings.kafka.split(","):
        host, _, port = server.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
        except OSError as error:
            raise Failed(f"{server} cannot be reached: {error.strerror or error}.") from None
    return f"{settings.kafka} answers"


def _catalog(settings: Settings) -> str:
    from schemas.catalog import catalog_document

    document = catalog_document(settings.catalog)
    return f"{settings.catalog} is valid, version {document.version}"


def _script(settings: Settings) -> str:
    from adapters.simulators.script import read_script

    if not settings.simulator_script:
        return "none: every request is completed at once"
    return f"{len(read_script(settings.simulator_script))} rules"


def _server(settings: Settings) -> str:
    import httpx

    url = whereabouts(settings.store) or settings.url
    try:
        answer = httpx.get(f"{url}/readyz", timeout=5, trust_env=False)
    except httpx.TransportError:
        return _free(settings)
    if answer.is_success:
        return f"one runs at {url} and is ready"
    raise Failed(f"One runs at {url} and is not ready: {' '.join(answer.text.split())[:300]}")


def _free(settings: Settings) -> str:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise Failed(f"None can start on {settings.host}:{settings.port}: {(error.strerror or str(error)).lower()}.") from None
    return f"none runs; {settings.host}:{settings.port} is free"


_TESTS: dict[str, Callable[[Settings], str]] = {
    "program": _python,
    "store": _store,
    "Kafka": _kafka,
    "catalog": _catalog,
    "simulator script": _script,
    "server": _server,
}
