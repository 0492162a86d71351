"""Who plays which target systems: the simulators of one process."""

from collections.abc import Callable, Collection, Iterable
from threading import Event

from adapters.simulators import activation, field_service
from adapters.simulators.script import Script
from adapters.simulators.simulator import Part, Simulator
from adapters.topics.port import Consumer, Producer
from domain.catalog import Catalog
from domain.target_system import target_systems

EVERY = "all"
PARTS = (activation.ActivationPart.name, field_service.FieldServicePart.name)


class UnknownSystem(Exception):
    """A target system is to be played that no catalog asks anything of; the sentence names those that there are."""


def check_played(played: Collection[str], catalogs: Iterable[Catalog]) -> None:
    """Raises UnknownSystem when a name in `played` is not that of a target system of one of the catalogs."""
    known = {system for catalog in catalogs for system in target_systems(catalog)}
    unknown = sorted(set(played) - known - {EVERY})
    if unknown:
        raise UnknownSystem(f"No target system is called {unknown[0]!r}: the catalog has {', '.join(sorted(known))}; or say all, or none.")


def cast(
    parts: Collection[str],
    played: Collection[str],
    script: str,
    consumer: Callable[[str, str], Consumer],
    producer: Callable[[], Producer],
) -> list[Simulator]:
    """One simulator for each of `parts` (of PARTS) for the target systems in `played`; `consumer` opens a topic for a group. Raises ScriptError.

    Not started yet: `start`, or `run` in a thread of one's own. They stop together."""
    scripts = {name: Script(script) for name in parts}  # first, so that a wrong one opens nothing
    stopped = Event()  # one for all: whoever stops one after the other does not wait for the last poll of each
    return [
        Simulator(_part(name, scripts[name], played), consumer(_REQUESTS[name], f"simulator-{name}"), producer(), stopped=stopped)
        for name in parts
    ]


_REQUESTS = {activation.ActivationPart.name: activation.REQUESTS, field_service.FieldServicePart.name: field_service.REQUESTS}


def _part(name: str, script: Script, played: Collection[str]) -> Part:
    if name == activation.ActivationPart.name:
        return activation.ActivationPart(script, played)
    return field_service.FieldServicePart(script, played)
