"""Target systems as operators have switched them: a row for each that was ever taken offline."""

from domain.recorded import Recorded
from domain.target_system import TargetSystemBroughtOnline, TargetSystemTakenOffline
from projections.references import present
from projections.view import Column, Document, View

ONLINE, OFFLINE = "online", "offline"


def keys(recorded: Recorded) -> tuple[str, ...]:
    return (recorded.event.name,)


def evolve(document: Document | None, recorded: Recorded, key: str) -> Document | None:
    event: TargetSystemTakenOffline | TargetSystemBroughtOnline = recorded.event
    state = OFFLINE if isinstance(event, TargetSystemTakenOffline) else ONLINE
    return {**target_system(key, state), "since": recorded.meta.time, "who": event.who.name, **present(reason=event.who.reason)}


def target_system(name: str, state: str = ONLINE) -> Document:
    """One that nobody has switched is online."""
    return {"id": name, "@type": "TargetSystem", "name": name, "state": state}


TARGET_SYSTEMS = View(
    name="target_systems",
    generation=1,
    events=(TargetSystemTakenOffline, TargetSystemBroughtOnline),
    keys=keys,
    evolve=evolve,
    columns=(Column("state", "state"),),
)
