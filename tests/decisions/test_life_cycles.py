"""Every arrow of every life cycle, legal or not: what a decision, a correction or a roll-up does is what the tables say."""

from datetime import UTC, datetime
from itertools import combinations_with_replacement, product
from typing import Any

import pytest

from domain import life_cycles, product_loading
from domain.decider import World
from domain.life_cycles import LifeCycle
from domain.product import Product
from domain.product import decide as decide_product
from domain.product import evolve as evolve_product
from domain.product_loading import CorrectProduct
from domain.service import CorrectService, Service
from domain.service import decide as decide_service
from domain.service import evolve as evolve_service
from domain.service import loading as service_loading
from domain.states import PENDING_CANCELLATION, REJECTED, TERMINAL, may_become, roll_up
from domain.target_system import BringTargetSystemOnline, TakeTargetSystemOffline, TargetSystems
from domain.target_system import decide as decide_target
from domain.target_system import evolve as evolve_target
from domain.values import Rejected, Who
from tests.decisions.arrows import arrows
from tests.decisions.world import InMemory, add, sample

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def world(**named: Any) -> World:
    return World(NOW, {"1.0": sample()}, "1.0", {}, 900.0, frozenset(), **named)


# Corrections: the full matrix ----------------------------------------------------------------------------------------------------------
def a_product(status: str) -> Product:
    return Product(status, "cust-1", "tv", "tv", {}, (), (), (), "", "", None)


def a_service(state: str) -> Service:
    return Service(state, "cust-1", "iptv-stream", "1.0", "IPTV", "RFS", {}, (), {}, (), "")


def pairs(cycle: LifeCycle) -> list[tuple[str, str]]:
    return [(before, after) for before, after in product(cycle.states, repeat=2) if before != after]


@pytest.mark.parametrize(("before", "after"), pairs(life_cycles.PRODUCT))
def test_a_product_is_corrected_along_an_arrow_or_not_at_all(before: str, after: str) -> None:
    command = CorrectProduct("pr-1", {}, None, None, None, after, {}, {}, NOW)
    if after not in product_loading.TRANSITIONS.get(before, ()):
        with pytest.raises(Rejected):
            decide_product(command, a_product(before), world())
        return
    events = decide_product(command, a_product(before), world())
    assert isinstance(events, tuple)
    assert evolve_product(a_product(before), events[-1]).status == after
    assert life_cycles.PRODUCT.may_become(before, after)


@pytest.mark.parametrize(("before", "after"), pairs(life_cycles.SERVICE))
def test_a_service_is_corrected_along_an_arrow_or_not_at_all(before: str, after: str) -> None:
    command = CorrectService("svc-1", {}, None, None, after, {}, {}, NOW)
    if after not in service_loading.TRANSITIONS.get(before, ()):
        with pytest.raises(Rejected):
            decide_service(command, a_service(before), world())
        return
    events = decide_service(command, a_service(before), world())
    assert isinstance(events, tuple)
    assert evolve_service(a_service(before), events[-1]).state == after
    assert life_cycles.SERVICE.may_become(before, after)


@pytest.mark.parametrize(("before", "after"), list(product(life_cycles.TARGET_SYSTEM.states, repeat=2)))
def test_a_target_system_is_switched_and_never_to_what_it_is(before: str, after: str) -> None:
    state = TargetSystems(frozenset({"gpon"} if before == "offline" else ()))
    switch = TakeTargetSystemOffline if after == "offline" else BringTargetSystemOnline
    if not life_cycles.TARGET_SYSTEM.may_become(before, after):
        with pytest.raises(Rejected):
            decide_target(switch("targets", "gpon", Who("ada")), state, world())
        return
    (event,) = decide_target(switch("targets", "gpon", Who("ada")), state, world())
    assert ("gpon" in evolve_target(state, event).offline) == (after == "offline")


# Roll-up: any items, any step of one of them ---------------------------------------------------------------------------------------------
OTHERS = [states for count in range(3) for states in combinations_with_replacement(life_cycles.PRODUCT_ORDER_ITEM.states, count)]


@pytest.mark.parametrize("cancelling", ["", PENDING_CANCELLATION])
def test_whatever_arrow_an_item_takes_its_order_takes_one_too(cancelling: str) -> None:
    """But for rejected: an order is refused as a whole, and an ended order is amended no more."""
    missing = set()
    for arrow, others in product(life_cycles.PRODUCT_ORDER_ITEM.arrows, OTHERS):
        if arrow.before and REJECTED not in (arrow.after, *others):
            before, after = (roll_up([state, *others], cancelling) for state in (arrow.before, arrow.after))
            if before not in TERMINAL and before != after and not may_become(before, after):
                missing.add((before, after))
    assert missing == set()


# The tables --------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("cycle", life_cycles.ALL, ids=lambda cycle: cycle.name)
def test_every_state_can_be_reached_and_no_arrow_is_drawn_twice(cycle: LifeCycle) -> None:
    reached = {""}
    while more := {arrow.after for arrow in cycle.arrows if arrow.before in reached} - reached:
        reached |= more
    assert reached - {""} == set(cycle.states)
    assert len({(arrow.before, arrow.after) for arrow in cycle.arrows}) == len(cycle.arrows)
    assert all(arrow.before != arrow.after for arrow in cycle.arrows)


@pytest.mark.parametrize("cycle", [life_cycles.PRODUCT_ORDER, life_cycles.WORK_ORDER], ids=lambda cycle: cycle.name)
def test_what_is_final_is_what_nothing_leaves_but_an_undo(cycle: LifeCycle) -> None:
    assert cycle.final() == TERMINAL & set(cycle.states)


def test_every_arrow_of_an_order_is_that_of_the_roll_up() -> None:
    states = ["", *life_cycles.PRODUCT_ORDER.states]
    told = {pair for pair in product(states, repeat=2) if life_cycles.PRODUCT_ORDER.may_become(*pair)}
    assert told == {pair for pair in product(states, repeat=2) if may_become(*pair)}


# Arrows that need a story ------------------------------------------------------------------------------------------------------------
def taken(world: InMemory) -> set[tuple[str, str, str]]:
    return {(cycle.name, before, after) for cycle, before, after in arrows(world.log)}


def test_an_order_that_goes_well_takes_the_arrows_of_tmf() -> None:
    happy = InMemory(sample())
    happy.order(add("1", "tv"))
    happy.complete_all()
    assert {step for step in taken(happy) if step[0] == "Product order"} == {
        ("Product order", "", "acknowledged"),
        ("Product order", "acknowledged", "inProgress"),
        ("Product order", "inProgress", "completed"),
    }
    assert ("Product", "pendingActive", "active") in taken(happy)
    assert ("Service", "designed", "active") in taken(happy)
    assert ("Work order", "inProgress", "completed") in taken(happy)


def test_a_refusal_and_an_abort_take_the_arrows_through_held() -> None:
    refused = InMemory(sample())
    refused.order(add("1", "mobile-line", site=""))
    (_, task), *_ = refused.outstanding()
    refused.answer(task, "rejected")
    refused.resolve(task, "abort")
    refused.complete_all()
    steps = taken(refused)
    assert {("Product order", "inProgress", "held"), ("Product order", "held", "failed")} <= steps
    assert {("Fallout", "", "open"), ("Fallout", "open", "closed"), ("Task of a service order", "running", "fallout")} <= steps
    assert ("Product", "pendingActive", "aborted") in steps


def test_a_completed_order_that_is_undone_leaves_what_is_final() -> None:
    undone = InMemory(sample())
    undone.order(add("1", "mobile-line", site=""))
    undone.complete_all()
    undone.cancel(undone.orders[0], include_completed=True)
    undone.complete_all()
    steps = taken(undone)
    assert {("Product order", "completed", "pendingCancellation"), ("Product order", "pendingCancellation", "cancelled")} <= steps
    assert {("Product", "active", "terminated"), ("Service", "active", "terminated")} <= steps
