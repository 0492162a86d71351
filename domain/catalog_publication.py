"""Publishing a catalog: from its date on new orders are decided by it, and orders in flight keep the version they were acknowledged under."""

from datetime import UTC, datetime
from typing import Any

from domain.decider import Decider, Events, World
from domain.record import record
from domain.values import Rejected

STREAM = "catalog"


@record
class PublishCatalog:
    """Make a checked catalog the current one, at once or from `effective` on. `document` is its file content, `digest` that of its canonical JSON."""

    stream: str
    version: str
    digest: str
    document: dict[str, Any]
    effective: datetime | None = None


Command = PublishCatalog


@record
class CatalogPublished:
    """In force from `effective` on; those without a date were so at once."""

    version: str
    digest: str
    document: dict[str, Any]
    effective: datetime | None = None


Event = CatalogPublished


EVER = datetime.min.replace(tzinfo=UTC)


@record
class Publications:
    """The digest of every published version, and since when it is in force, the one that was published last standing last."""

    digests: dict[str, str]
    effective: dict[str, datetime]

    def current(self, at: datetime) -> str:
        """The version in force: that with the latest date of those that have come; of several the one that was published last. Empty when none has."""
        begun = [(since, number, version) for number, (version, since) in enumerate(self.effective.items()) if since <= at]
        return max(begun)[2] if begun else ""


NONE = Publications({}, {})


def decide(command: Command, state: Publications | None, world: World) -> Events:
    published = state or NONE
    if published.digests.get(command.version, command.digest) != command.digest:
        raise Rejected("conflict", f"Catalog version {command.version} is published with other content: give the new one a new version.")
    since = max(command.effective or world.now, world.now)
    if published.current(world.now) == command.version:
        if since > world.now:
            raise Rejected("conflict", f"Catalog version {command.version} is in force: it cannot become so later.")
        return ()
    if since > world.now and published.effective.get(command.version) == since:
        return ()
    return (CatalogPublished(command.version, command.digest, command.document, since),)


def evolve(state: Publications | None, event: Event) -> Publications:
    before = state or NONE
    others = {version: since for version, since in before.effective.items() if version != event.version}
    return Publications({**before.digests, event.version: event.digest}, {**others, event.version: event.effective or EVER})


decider = Decider("catalog", decide, evolve, lambda state: False)
