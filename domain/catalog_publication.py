"""Publishing a catalog: from then on new orders are decided by it, and orders in flight keep the version they were acknowledged under."""

from typing import Any

from domain.decider import Decider, Events, World
from domain.record import record
from domain.values import Rejected

STREAM = "catalog"


@record
class PublishCatalog:
    """Make a checked catalog the current one. `document` is its file content, `digest` that of its canonical JSON."""

    stream: str
    version: str
    digest: str
    document: dict[str, Any]


Command = PublishCatalog


@record
class CatalogPublished:
    version: str
    digest: str
    document: dict[str, Any]


Event = CatalogPublished


@record
class Publications:
    """The digest of every published version, and the current version."""

    digests: dict[str, str]
    current: str


def decide(command: Command, state: Publications | None, world: World) -> Events:
    digests = state.digests if state is not None else {}
    if state is not None and digests.get(command.version) == command.digest and state.current == command.version:
        return ()
    if digests.get(command.version, command.digest) != command.digest:
        raise Rejected("conflict", f"Catalog version {command.version} is published with other content: give the new one a new version.")
    return (CatalogPublished(command.version, command.digest, command.document),)


def evolve(state: Publications | None, event: Event) -> Publications:
    digests = state.digests if state is not None else {}
    return Publications({**digests, event.version: event.digest}, event.version)


decider = Decider("catalog", decide, evolve, lambda state: False)
