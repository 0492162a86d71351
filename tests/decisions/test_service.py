"""The service in the inventory: built, shared, changed, ended, and taken back."""

from typing import Any

from domain.service import (
    AbandonService,
    AttachService,
    DetachService,
    FulfilService,
    OrderService,
    ReopenService,
    ServiceActivated,
    ServiceAttached,
    ServiceChangeAbandoned,
    ServiceChanged,
    ServiceChangeOrdered,
    ServiceDeactivated,
    ServiceDesigned,
    ServiceDetached,
    ServiceReopened,
    ServiceTerminated,
    ServiceTerminationOrdered,
    evolve,
)
from tests.decisions.given import NOW, Like, given
from tests.decisions.made import SITE, service

DESIGNED = ServiceDesigned(
    "po-1", "so-1-1", "1", "cust-1", "gpon-port", "1.0", "GPON port", "RFS", {"downstream": 500}, (SITE,), ("pr-1-1",), ()
)
ACTIVE = (DESIGNED, ServiceActivated("po-1", {"downstream": 500}, NOW))
SHARED = (*ACTIVE, ServiceAttached("po-2", "pr-2-1"))
CHANGE = ServiceChangeOrdered("po-2", "so-2-1", "1", {"downstream": 1000})
CHANGED = ServiceChanged("po-2", {"downstream": 1000}, NOW)
ENDING = ServiceTerminationOrdered("po-2", "so-2-1", "1")
ENDED = ServiceTerminated("po-2", "ordered", NOW)


def order(action: str, by: str = "po-2", product: str = "pr-1-1", **values: Any) -> OrderService:
    planned = service("1", action=action, products=(product,), values=values or {"downstream": 500})
    return OrderService("svc-1", by, f"so-{by[3:]}-1", "cust-1", planned)


def fulfil(action: str, by: str = "po-2", inactive: bool = False, **values: Any) -> FulfilService:
    return FulfilService("svc-1", by, action, values or {"downstream": 500}, inactive, NOW)


def abandon(action: str, by: str = "po-2", undone: bool = False, outcome: str = "cancelled") -> AbandonService:
    return AbandonService("svc-1", by, action, {"downstream": 500}, undone, outcome, NOW)


def test_a_service_is_designed_then_activated() -> None:
    given().when(order("add", "po-1")).then(DESIGNED)
    given(DESIGNED).when(fulfil("add", "po-1")).then(ACTIVE[1])


def test_a_service_that_was_ended_can_be_built_again() -> None:
    given(*ACTIVE, ENDING, ENDED).when(order("add", "po-3")).then(Like(ServiceDesigned, order="po-3", products=("pr-1-1",)))


def test_a_skipped_step_leaves_the_service_inactive_but_an_end_is_an_end() -> None:
    given(DESIGNED).when(fulfil("add", "po-1", inactive=True)).then(ServiceDeactivated("po-1", {"downstream": 500}, NOW))
    given(*ACTIVE, ENDING).when(fulfil("delete", inactive=True)).then(ENDED)


def test_another_product_joins_a_shared_service_and_lets_go_again() -> None:
    given(*ACTIVE).when(order("noChange", product="pr-2-1")).then(ServiceAttached("po-2", "pr-2-1"))
    given(*SHARED).when(DetachService("svc-1", "po-9", "pr-2-1")).then(ServiceDetached("po-9", "pr-2-1"))
    given(*ACTIVE).when(DetachService("svc-1", "po-9", "pr-2-1")).then_nothing()


def test_a_product_lets_go_only_of_what_its_own_order_attached_when_that_is_undone() -> None:
    given(*SHARED).when(DetachService("svc-1", "po-2", "pr-2-1", undo=True)).then(ServiceDetached("po-2", "pr-2-1"))
    given(*SHARED).when(DetachService("svc-1", "po-2", "pr-1-1", undo=True)).then_nothing()


def test_a_product_can_come_back_to_a_service_that_lives() -> None:
    given(*ACTIVE).when(AttachService("svc-1", "po-2", "pr-2-1")).then(ServiceAttached("po-2", "pr-2-1"))
    given(*ACTIVE, ENDING, ENDED).when(AttachService("svc-1", "po-2", "pr-2-1")).then_nothing()


def test_a_change_is_ordered_then_done() -> None:
    given(*ACTIVE).when(order("modify", downstream=1000)).then(CHANGE)
    given(*ACTIVE, CHANGE).when(fulfil("modify", downstream=1000)).then(CHANGED)


def test_a_change_by_a_new_holder_attaches_it_too() -> None:
    given(*ACTIVE).when(order("modify", product="pr-2-1", downstream=1000)).then(ServiceAttached("po-2", "pr-2-1"), CHANGE)


def test_what_was_never_built_ends_as_its_item_does() -> None:
    given(DESIGNED).when(abandon("add", "po-1")).then(ServiceTerminated("po-1", "cancelled", NOW))
    given(DESIGNED).when(abandon("add", "po-1", outcome="failed")).then(ServiceTerminated("po-1", "failed", NOW))


def test_what_was_built_and_taken_down_again_is_undone() -> None:
    given(*ACTIVE).when(abandon("add", "po-1", undone=True)).then(ServiceTerminated("po-1", "undone", NOW))


def test_what_others_hold_by_now_stays_when_its_order_is_undone() -> None:
    given(*SHARED).when(abandon("add", "po-1", undone=True)).then(ServiceDetached("po-1", "pr-1-1"))
    given(*SHARED).when(ReopenService("svc-1", "po-1", "add")).then_nothing()


def test_a_cancelled_second_order_gives_back_its_hold_on_the_shared_service() -> None:
    given(*SHARED).when(abandon("noChange")).then(ServiceDetached("po-2", "pr-2-1"))


def test_a_change_that_did_not_happen_changes_nothing() -> None:
    given(*ACTIVE, CHANGE).when(abandon("modify")).then(ServiceChangeAbandoned("po-2", NOW))
    given(*ACTIVE, ENDING).when(abandon("delete")).then(ServiceChangeAbandoned("po-2", NOW))


def test_a_completed_change_is_changed_back_and_a_completed_end_is_built_again() -> None:
    given(*ACTIVE, CHANGE, CHANGED).when(abandon("modify", undone=True)).then(ServiceChanged("po-2", {"downstream": 500}, NOW))
    given(*ACTIVE, ENDING, ENDED).when(abandon("delete", undone=True)).then(ServiceActivated("po-2", {"downstream": 500}, NOW))


def test_a_service_is_locked_while_it_is_taken_back() -> None:
    given(*ACTIVE).when(ReopenService("svc-1", "po-1", "add")).then(ServiceReopened("po-1"))
    state = None
    for event in (*ACTIVE, ServiceReopened("po-1")):
        state = evolve(state, event)
    assert state is not None
    assert state.pending == "po-1"
    given(*ACTIVE, ServiceReopened("po-1")).when(abandon("add", "po-1", undone=True)).then(ServiceTerminated("po-1", "undone", NOW))
