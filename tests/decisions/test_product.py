"""The product in the install base: ordered, fulfilled, abandoned, and taken back."""

from typing import Any

import pytest

from domain.product import (
    AbandonProduct,
    FulfilProduct,
    OrderProduct,
    ProductAbandoned,
    ProductActivated,
    ProductChangeAbandoned,
    ProductChanged,
    ProductChangeOrdered,
    ProductOrdered,
    ProductReopened,
    ProductTerminated,
    ProductTerminationOrdered,
    ReopenProduct,
    evolve,
)
from tests.decisions.given import NOW, given
from tests.decisions.made import SITE, item

ORDERED = ProductOrdered("po-1", "1", "cust-1", "fibre-broadband", "fibre-broadband", "1.0", {"downstream": 500}, (SITE,), ())
ACTIVATED = ProductActivated("po-1", "1", {"downstream": 500}, ("svc-1",), NOW)
CHANGE_ORDERED = ProductChangeOrdered("po-2", "1", {"downstream": 1000})
CHANGED = ProductChanged("po-2", "1", {"downstream": 1000}, ("svc-1",), NOW)
ENDING = ProductTerminationOrdered("po-2", "1")
ENDED = ProductTerminated("po-2", "1", "ordered", NOW)


def order(action: str, by: str = "po-2", **values: Any) -> OrderProduct:
    return OrderProduct("pr-1-1", by, "cust-1", "1.0", item(action, values=values or {"downstream": 500}))


def fulfil(action: str, by: str = "po-2", **values: Any) -> FulfilProduct:
    return FulfilProduct("pr-1-1", by, item(action), values or {"downstream": 500}, NOW)


def abandon(action: str, by: str = "po-2", outcome: str = "cancelled") -> AbandonProduct:
    return AbandonProduct("pr-1-1", by, item(action), outcome, NOW)


def status(*events: Any) -> str:
    product = None
    for event in events:
        product = evolve(product, event)
    assert product is not None
    return product.status


def test_an_add_orders_the_product_and_activates_it_with_what_fulfilment_assigned() -> None:
    given().when(order("add", "po-1")).then(ORDERED)
    given(ORDERED).when(fulfil("add", "po-1", downstream=500, port=7)).then(
        ProductActivated("po-1", "1", {"downstream": 500, "port": 7}, ("svc-1",), NOW)
    )


def test_a_modify_keeps_the_old_values_until_it_is_done() -> None:
    given(ORDERED, ACTIVATED).when(order("modify", downstream=1000)).then(CHANGE_ORDERED)
    product = evolve(evolve(evolve(None, ORDERED), ACTIVATED), CHANGE_ORDERED)
    assert product.values == {"downstream": 500}
    given(ORDERED, ACTIVATED, CHANGE_ORDERED).when(fulfil("modify", downstream=1000)).then(CHANGED)


def test_a_delete_terminates() -> None:
    given(ORDERED, ACTIVATED).when(order("delete")).then(ENDING)
    given(ORDERED, ACTIVATED, ENDING).when(fulfil("delete")).then(ENDED)


def test_what_another_order_asks_for_is_not_fulfilled() -> None:
    given(ORDERED, ACTIVATED, CHANGE_ORDERED).when(fulfil("modify", "po-3")).then_nothing()
    given().when(fulfil("add", "po-1")).then_nothing()


@pytest.mark.parametrize("outcome", ["cancelled", "aborted"])
def test_an_add_that_did_not_happen_says_how_it_ended(outcome: str) -> None:
    given(ORDERED).when(abandon("add", "po-1", outcome)).then(ProductAbandoned("po-1", "1", outcome, NOW))


def test_a_change_or_end_that_did_not_happen_leaves_the_product_active() -> None:
    abandoned = ProductChangeAbandoned("po-2", "1", NOW)
    given(ORDERED, ACTIVATED, CHANGE_ORDERED).when(abandon("modify")).then(abandoned)
    given(ORDERED, ACTIVATED, ENDING).when(abandon("delete")).then(abandoned)
    assert status(ORDERED, ACTIVATED, ENDING, abandoned) == "active"


def test_undoing_a_completed_add_is_a_compensating_fact() -> None:
    given(ORDERED, ACTIVATED).when(abandon("add", "po-1")).then(ProductTerminated("po-1", "1", "undone", NOW))


def test_undoing_a_completed_modify_returns_to_the_values_before() -> None:
    given(ORDERED, ACTIVATED, CHANGE_ORDERED, CHANGED).when(abandon("modify")).then(
        ProductChanged("po-2", "1", {"downstream": 500}, ("svc-1",), NOW)
    )


def test_undoing_a_completed_delete_brings_the_product_back() -> None:
    given(ORDERED, ACTIVATED, ENDING, ENDED).when(abandon("delete")).then(
        ProductActivated("po-2", "1", {"downstream": 500}, ("svc-1",), NOW)
    )


def test_an_order_that_is_taken_back_keeps_others_off_until_it_is_over() -> None:
    given(ORDERED, ACTIVATED).when(ReopenProduct("pr-1-1", "po-1")).then(ProductReopened("po-1"))
    given(ORDERED, ACTIVATED, CHANGE_ORDERED).when(ReopenProduct("pr-1-1", "po-1")).then_nothing()
    given(ORDERED, ACTIVATED, CHANGE_ORDERED, CHANGED, ProductReopened("po-2")).when(abandon("modify")).then(
        ProductChanged("po-2", "1", {"downstream": 500}, ("svc-1",), NOW)
    )


def test_an_order_cannot_undo_what_a_later_one_did() -> None:
    given(ORDERED, ACTIVATED, CHANGE_ORDERED, CHANGED).when(abandon("add", "po-1")).then_nothing()


def test_what_fulfilment_assigned_beyond_the_values_stays_with_the_product() -> None:
    done = FulfilProduct("pr-1-1", "po-1", item(), {"downstream": 500}, NOW, {"ontSerial": "ALCL1234"})
    given(ORDERED).when(done).then(ProductActivated("po-1", "1", {"downstream": 500}, ("svc-1",), NOW, assigned={"ontSerial": "ALCL1234"}))
