"""Services that were built elsewhere, or that must be there because a loaded product needs them; and corrections (domain-rules 6.0)."""

from domain.decider import Events, Facts, Need, World
from domain.product_loading import check_step, merged, wrong
from domain.service.commands import CorrectService, LoadService
from domain.service.events import ServiceAttached, ServiceCorrected, ServiceStateCorrected
from domain.service.state import TERMINATED, Service
from domain.values import Rejected

# TMF638's arrows; nothing comes back from terminated [choice].
TRANSITIONS: dict[str, frozenset[str]] = {
    "feasibilityChecked": frozenset({"designed", "reserved", "inactive", "active", "terminated"}),
    "designed": frozenset({"reserved", "inactive", "active", "terminated"}),
    "reserved": frozenset({"designed", "inactive", "active", "terminated"}),
    "inactive": frozenset({"active", "terminated"}),
    "active": frozenset({"inactive", "terminated"}),
    "terminated": frozenset(),
}


def decide(command: LoadService | CorrectService, service: Service | None, world: World) -> Events | Need:
    match command:
        case LoadService(product=product) if product and service is not None and service.state != TERMINATED:
            return _join(command, service)
        case LoadService():
            return _load(command, service, world)
        case CorrectService():
            if service is None:
                raise Rejected("unknown", f"There is no service {command.stream}.")
            return _correct(command, service, world)


def _join(command: LoadService, service: Service) -> Events:
    """Another product rests on what is there already, unless an order is at work on it: who is the last to hold it would be decided without this one."""
    if command.product in service.holders:
        return ()
    if service.pending:
        raise Rejected("conflict", f"Service {command.stream}, which the product needs, is being changed by order {service.pending}.")
    return (ServiceAttached("", command.product),)


def _load(command: LoadService, service: Service | None, world: World) -> Events | Need:
    loaded = command.loaded
    if service is not None and not command.product:
        if service.loaded and service.loaded == loaded.digest:
            return ()
        raise Rejected("conflict", _is_there_already(command, service))
    facts = Facts(world.loaded)
    if not command.product:  # those that a product needs are made before those that they support
        _check_supporting(loaded.supporting, loaded.customer, facts)
    if facts.need is not None:
        return facts.need
    return (loaded,) if command.ended is None else (loaded, ServiceStateCorrected(TERMINATED, command.ended))


def _is_there_already(command: LoadService, service: Service) -> str:
    if not service.loaded:
        return f"The {service.name} at this place is there already: service {command.stream}."
    return f"externalId {command.loaded.external!r} is that of service {command.stream}, which was loaded as something else."


def _check_supporting(named: tuple[str, ...], customer: str, facts: Facts) -> None:
    for number, id in enumerate(named):
        service: Service | None = facts.get(id)
        if id not in facts.missing and (service is None or service.customer != customer):
            raise wrong(f"supportingService[{number}].id", f"{id!r} is no service of customer {customer}")


def _correct(command: CorrectService, service: Service, world: World) -> Events | Need:
    if service.pending:
        raise Rejected("conflict", f"Service {command.stream} is being changed by order {service.pending}.")
    check_step(command.state, service.state, TRANSITIONS, f"service {command.stream}")
    if command.state == TERMINATED != service.state and service.holders:
        held = ", ".join(service.holders)
        raise Rejected("conflict", f"Service {command.stream} cannot be terminated while products rest on it: {held}.")
    if command.supporting not in (None, service.supporting) and service.holders:
        raise Rejected("conflict", f"What supports service {command.stream} cannot be corrected while products rest on it: correct these.")
    facts = Facts(world.loaded)
    _check_supporting(command.supporting or (), service.customer, facts)
    if facts.need is not None:
        return facts.need
    changed = _corrected(command, service)
    return (*changed, ServiceStateCorrected(command.state, command.at)) if command.state not in ("", service.state) else changed


def _corrected(command: CorrectService, service: Service) -> Events:
    values = merged(service.values, command.values)
    places = service.places if command.places is None else command.places
    supporting = service.supporting if command.supporting is None else command.supporting
    same = (values, places, supporting) == (service.values, service.places, service.supporting)
    if same and not command.said and not command.personal:
        return ()
    return (ServiceCorrected(values, places, supporting, command.said, command.personal, command.at),)
