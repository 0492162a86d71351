"""`doctor`: every setting with where it comes from, and a test of everything that can be reached."""

import os
import socket
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

import typer

from api.cli.failures import Failed
from api.cli.flags import ALL, AsJson, with_settings
from api.cli.release import release
from api.cli.whereabouts import whereabouts
from api.settings import AUTOMATIC, SETTINGS, Setting, Settings, shown

if TYPE_CHECKING:
    from schemas.catalog import CatalogDocument


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

    rows = [[each.variable, terminal.escaped(_value(each, settings)), _origin(each), each.help] for each in SETTINGS]
    terminal.print_table(("setting", "value", "from", "meaning"), rows, "")
    print()
    for finding in findings:
        print(f"{'✗' if finding.problem else '✓'} {finding.name}: {finding.problem or finding.told}")


def _value(setting: Setting, settings: Settings) -> str:
    value = shown(setting.name, settings) or "–"
    return f"{AUTOMATIC} ({value} here)" if setting.default == AUTOMATIC and _origin(setting) == "default" else value


def _origin(setting: Setting) -> str:
    if any(word == setting.flag or word.startswith(f"{setting.flag}=") for word in sys.argv):
        return "flag"
    return "environment" if os.environ.get(setting.variable) else "default"


def _examined(settings: Settings) -> Iterator[Finding]:
    for name, test in _TESTS.items():
        try:
            yield Finding(name, test(settings), "")
        except Exception as error:  # whatever it is, it is what the doctor was asked to find
            yield Finding(name, "", str(error).strip() or type(error).__name__)


def _python(settings: Settings) -> str:
    return f"Crossconnect {release()} on Python {sys.version.split()[0]}"


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
        ignored = ", so CROSSCONNECT_KAFKA_OPTIONS is ignored" if settings.kafka_options else ""
        return f"not used: the topics are embedded in the store{ignored}"
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
    told = f"{settings.catalog} is valid, version {document.version}"
    return f"{told}; {_in_force(settings, document)}"


def _in_force(settings: Settings, document: "CatalogDocument") -> str:
    """What the store works with, which the catalog of the settings does not change once something is published. Raises Failed."""
    from adapters.event_log import open_log
    from adapters.event_log.codec import Codec
    from adapters.event_log.port import LogUnavailable
    from adapters.event_log.upcasters import UPCASTERS
    from domain.catalog_publication import NONE, STREAM, evolve
    from domain.events import EVENTS

    path = settings.store.removeprefix("sqlite:///")
    if path != settings.store and not os.path.exists(path):
        return "it will be published at the first start"
    try:
        log = open_log(settings.store)
    except LogUnavailable:
        return "what the store works with cannot be seen"
    codec = Codec(EVENTS, UPCASTERS)
    try:
        published = [codec.decode(row).event for row in log.read([STREAM])]
    finally:
        log.close()
    if not published:
        return "it will be published at the first start"
    version = reduce(evolve, published, NONE).current(datetime.now(UTC)) or published[-1].version
    current = next(each for each in reversed(published) if each.version == version)
    if current.digest == document.digest:
        return "the store works with it"
    if any(each.digest == document.digest for each in published):
        return f"the store works with version {current.version}"
    raise Failed(
        f"{settings.catalog} (version {document.version}) is not the one that the store works with (version {current.version}), so a start is "
        f"refused: start with --catalog of that one, then run `crossconnect catalog publish {settings.catalog}`."
    )


def _script(settings: Settings) -> str:
    from adapters.simulators.script import read_script

    if not settings.simulator_script:
        return "none: every request is completed at once"
    rules = f"{len(read_script(settings.simulator_script))} rules"
    return rules if settings.simulators else f"{rules}, not used by this server: --simulators is none"


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
