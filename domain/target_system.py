"""Target systems: which of them an operator has taken offline, so that nothing is asked of them until they are back (domain-rules 3.6).

There are few, and every decision about a task asks whether one is offline: so all of them are one stream, which each process keeps in mind.
"""

from collections.abc import Iterator
from typing import assert_never

from domain.catalog import Catalog
from domain.decider import Decider, Events, World
from domain.record import record
from domain.values import Rejected, Who

STREAM = "targets"


# Commands -----------------------------------------------------------------------------------------------------------------------------
@record
class TakeTargetSystemOffline:
    """Ask nothing of it any more: what would be sent is parked."""

    stream: str
    name: str
    who: Who


@record
class BringTargetSystemOnline:
    """It is back: what is parked goes on."""

    stream: str
    name: str
    who: Who


Command = TakeTargetSystemOffline | BringTargetSystemOnline


# Events -------------------------------------------------------------------------------------------------------------------------------
@record
class TargetSystemTakenOffline:
    name: str
    who: Who


@record
class TargetSystemBroughtOnline:
    name: str
    who: Who


Event = TargetSystemTakenOffline | TargetSystemBroughtOnline


# State --------------------------------------------------------------------------------------------------------------------------------
@record
class TargetSystems:
    """The names of those that are offline."""

    offline: frozenset[str]


def decide(command: Command, state: TargetSystems | None, world: World) -> Events:
    """What is so already is refused, not passed over: a refusal is decided on the log once more, and another process may have changed it."""
    offline = state.offline if state is not None else frozenset[str]()
    match command:
        case TakeTargetSystemOffline(name=name, who=who):
            _check_known(name, world)
            if name in offline:
                raise Rejected("conflict", f"Target system {name} is offline already.")
            return (TargetSystemTakenOffline(name, who),)
        case BringTargetSystemOnline(name=name, who=who):
            if name not in offline:
                _check_known(name, world)
                raise Rejected("conflict", f"Target system {name} is online already.")
            return (TargetSystemBroughtOnline(name, who),)
        case _:
            assert_never(command)


def _check_known(name: str, world: World) -> None:
    known = {system for catalog in world.catalogs.values() for system in target_systems(catalog)}
    if name not in known:
        raise Rejected("unknown", f"No target system is called {name!r}: the catalog has {', '.join(sorted(known)) or 'none'}.")


def target_systems(catalog: Catalog) -> Iterator[str]:
    """Every target system that a catalog asks anything of, some more than once."""
    named = [service.target_system for service in catalog.services.values()]
    named += [task.target_system for service in catalog.services.values() for task in service.tasks]
    named += [rule.target_system for rule in catalog.distributions]
    named += [visit.target_system for visit in catalog.work_orders.values()]
    return filter(None, named)


def evolve(state: TargetSystems | None, event: Event) -> TargetSystems:
    offline = state.offline if state is not None else frozenset[str]()
    if isinstance(event, TargetSystemTakenOffline):
        return TargetSystems(offline | {event.name})
    return TargetSystems(offline - {event.name})


decider = Decider("targets", decide, evolve, lambda state: False)
