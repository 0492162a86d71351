"""Who plays which target systems: the simulators of one process."""

from collections.abc import Callable, Collection

from adapters.simulators import activation, field_service
from adapters.simulators.script import Script
from adapters.simulators.simulator import Part, Simulator
from adapters.topics.port import Consumer, Producer

PARTS = (activation.ActivationPart.name, field_service.FieldServicePart.name)


def cast(
    parts: Collection[str],
    played: Collection[str],
    script: str,
    consumer: Callable[[str, str], Consumer],
    producer: Callable[[], Producer],
) -> list[Simulator]:
    """One simulator for each of `parts` (of PARTS) for the target systems in `played`; `consumer` opens a topic for a group. Raises ScriptError.

    Not started yet: `start`, or `run` in a thread of one's own."""
    scripts = {name: Script(script) for name in parts}  # first, so that a wrong one opens nothing
    return [Simulator(_part(name, scripts[name], played), consumer(_REQUESTS[name], f"simulator-{name}"), producer()) for name in parts]


_REQUESTS = {activation.ActivationPart.name: activation.REQUESTS, field_service.FieldServicePart.name: field_service.REQUESTS}


def _part(name: str, script: Script, played: Collection[str]) -> Part:
    if name == activation.ActivationPart.name:
        return activation.ActivationPart(script, played)
    return field_service.FieldServicePart(script, played)
