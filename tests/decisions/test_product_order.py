"""The product order itself: roll-up with nested items, starts, points of no return, refused changes."""

from datetime import timedelta
from typing import Any

import pytest

from domain.plan import Plan
from domain.product_order import (
    CancelProductOrder,
    DescribeProductOrder,
    PassPointOfNoReturn,
    PointOfNoReturnPassed,
    ProductOrderAcknowledged,
    ProductOrderCancellationAssessed,
    ProductOrderChangeRefused,
    ProductOrderDecomposed,
    ProductOrderDescribed,
    ProductOrderItemsChanged,
    ProductOrderRejected,
    ProductOrderStarted,
    ProductOrderStartScheduled,
    RefuseChange,
    RejectProductOrder,
    ReportItems,
    StartProductOrder,
    SupplyInformation,
)
from domain.values import Reason
from tests.decisions.given import NOW, Like, given
from tests.decisions.made import item

PO = "po-1"
MADE = ProductOrderAcknowledged("cust-1", "shop", "1.0", {"productOrderItem": []}, {}, None, None)


def planned(*items: Any) -> tuple[Any, ...]:
    return MADE, ProductOrderDecomposed(Plan(items, (), (), ()))


def reported(*reports: dict[str, str], history: tuple[Any, ...]) -> tuple[Any, ...]:
    for report in reports:
        history += given(*history).when(ReportItems(PO, report)).events
    return history


TWO = planned(item(), item(id="2", product="pr-1-2"))
NESTED = planned(item(), item(id="2", parent="1", product="pr-1-2"))
BUNDLE = planned(item(services=()), item(id="2", parent="1", product="pr-1-2"), item(id="3", parent="1", product="pr-1-3"))


def test_items_roll_up_to_their_order() -> None:
    given(*TWO).when(ReportItems(PO, {"1": "inProgress"})).then(ProductOrderItemsChanged({"1": "inProgress"}, {}, "inProgress", NOW))
    history = reported({"1": "completed"}, history=TWO)
    given(*history).when(ReportItems(PO, {"2": "failed"})).then(ProductOrderItemsChanged({"2": "failed"}, {}, "partial", NOW))


def test_a_parent_with_work_of_its_own_ends_with_its_nested_item() -> None:
    history = reported({"1": "inProgress", "2": "inProgress"}, history=NESTED)
    given(*history).when(ReportItems(PO, {"1": "completed"})).then(ProductOrderItemsChanged({}, {"1": "completed"}, "", NOW))
    history = reported({"1": "completed"}, history=history)
    given(*history).when(ReportItems(PO, {"2": "completed"})).then(
        ProductOrderItemsChanged({"2": "completed", "1": "completed"}, {}, "completed", NOW)
    )


def test_a_bundle_shows_what_its_parts_are_and_failed_for_partial() -> None:
    history = reported({"2": "completed"}, history=BUNDLE)
    assert history[-1] == ProductOrderItemsChanged({"2": "completed", "1": "inProgress"}, {}, "inProgress", NOW)
    given(*history).when(ReportItems(PO, {"3": "failed"})).then(
        ProductOrderItemsChanged({"3": "failed", "1": "failed"}, {}, "partial", NOW)
    )


def test_a_start_comes_when_it_is_due_and_once() -> None:
    later = NOW + timedelta(hours=1)
    history = (*TWO, ProductOrderStartScheduled(later))
    given(*history).when(StartProductOrder(PO)).then_nothing()
    given(*history).at(later).when(StartProductOrder(PO)).then(ProductOrderStarted())
    given(*TWO).at(later).when(StartProductOrder(PO)).then_nothing()


def test_a_point_of_no_return_is_passed_once_and_refuses_the_cancel() -> None:
    passed = PointOfNoReturnPassed("1.1.configure", "1", NOW)
    given(*TWO).when(PassPointOfNoReturn(PO, "1.1.configure", "1")).then(passed)
    given(*TWO, passed).when(CancelProductOrder(PO, "c-1", False, {})).then(
        Like(ProductOrderCancellationAssessed, accepted=False, state="", items=("1", "2"))
    )


def test_a_cancel_reaches_the_items_that_are_not_at_their_end() -> None:
    history = reported({"1": "completed"}, history=TWO)
    given(*history).when(CancelProductOrder(PO, "c-1", False, {"reason": "moved"})).then(
        Like(ProductOrderCancellationAssessed, accepted=True, items=("2",), state="pendingCancellation", request={"reason": "moved"})
    )


def test_a_cancel_including_what_is_completed_asks_the_install_base_first() -> None:
    history = reported({"1": "completed", "2": "completed"}, history=TWO)
    with pytest.raises(AssertionError, match="pr-1-1"):
        given(*history).when(CancelProductOrder(PO, "c-1", True, {}))
    given(*history).knowing(pr_1_1=None, pr_1_2=None).when(CancelProductOrder(PO, "c-1", True, {})).then(
        Like(ProductOrderCancellationAssessed, accepted=True, items=("1", "2"), include_completed=True)
    )


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_an_order_at_its_end_cannot_be_cancelled(state: str) -> None:
    history = reported({"1": state, "2": state}, history=TWO)
    given(*history).when(CancelProductOrder(PO, "c-1", True, {})).then_rejected("conflict", f"is {state} and cannot be cancelled")


def test_a_cancelling_order_stays_so_until_all_items_are_at_their_end() -> None:
    cancelling = given(*TWO).when(CancelProductOrder(PO, "c-1", False, {})).events
    history = reported({"1": "cancelled"}, history=(*TWO, *cancelling))
    assert history[-1] == Like(ProductOrderItemsChanged, state="")
    given(*history).when(ReportItems(PO, {"2": "cancelled"})).then(Like(ProductOrderItemsChanged, state="cancelled"))


def test_a_refused_change_is_told_once() -> None:
    reasons = (Reason("conflict", "no"),)
    given(*TWO).when(RefuseChange(PO, "a-1", "amend", reasons)).then(ProductOrderChangeRefused("a-1", "amend", reasons))


def test_an_order_that_cannot_even_be_decided_on_is_kept_once_as_rejected() -> None:
    reasons = (Reason("conflict", "externalId was used before"),)
    command = RejectProductOrder(PO, {"externalId": "e-1", "productOrderItem": []}, "cust-1", "shop", reasons)
    rejected = Like(ProductOrderRejected, customer="cust-1", requester="shop", reasons=reasons)
    given().when(command).then(rejected)
    given(*TWO).when(command).then()


def test_what_describes_an_order_may_be_said_otherwise_and_what_is_personal_stands_apart() -> None:
    said = {"description": "x", "note": [{"text": "Ring twice"}], "priority": None}
    told = ProductOrderDescribed({"description": "x"}, {"note": [{"text": "Ring twice"}]}, ("priority",))
    given(*TWO).when(DescribeProductOrder(PO, said)).then(told)
    given(*TWO).when(DescribeProductOrder(PO, {})).then()
    given(*TWO).when(DescribeProductOrder(PO, {"requestedStartDate": "x"})).then_rejected("invalid")


def test_what_does_not_exist_is_unknown() -> None:
    given().when(StartProductOrder(PO)).then_rejected("unknown")
    given().when(SupplyInformation(PO, {})).then_rejected("unknown")
