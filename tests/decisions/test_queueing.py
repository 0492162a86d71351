"""Orders that wait for another one: what is in the way, what goes on meanwhile, and what becomes of them when it is over (domain-rules 2.8)."""

from typing import Any

import pytest

from domain.product_order import (
    PlanQueuedItems,
    ProductOrderItemsRefused,
    ProductOrderQueued,
)
from domain.values import Rejected
from tests.decisions.world import InMemory, add, change, queueing, sample


@pytest.fixture
def world() -> InMemory:
    return InMemory(queueing("tv", "voice-line"), rebuild_each=True)


# What is in the way ---------------------------------------------------------------------------------------------------------------------
IN_THE_WAY: list[tuple[str, list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]] = [
    ("its product", [add("1", "tv")], [change("1", "modify", "pr-1-1", setTopBoxes=2)], [change("1", "modify", "pr-1-1", setTopBoxes=3)]),
    ("its product, to be ended", [add("1", "tv")], [change("1", "modify", "pr-1-1", setTopBoxes=2)], [change("1", "delete", "pr-1-1")]),
    ("a shared service that is being built", [], [add("1", "tv")], [add("1", "voice-line")]),
    (
        "the last holder of a shared service",
        [add("1", "tv"), add("2", "voice-line")],
        [change("1", "delete", "pr-1-1")],
        [change("1", "delete", "pr-1-2")],
    ),
]


@pytest.mark.parametrize(("base", "first", "second"), [case[1:] for case in IN_THE_WAY], ids=[case[0] for case in IN_THE_WAY])
def test_what_is_in_the_way_is_waited_for(
    world: InMemory, base: list[dict[str, Any]], first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    if base:
        world.having(*base)
    before, after = world.order(*first), world.order(*second)
    assert world.item_states(after) == ("pending", {"1": "pending"})
    assert world.events(ProductOrderQueued) == [ProductOrderQueued({"1": (before,)})]
    assert world.planned().services == ()
    assert world.offenders() == []
    world.complete_all()
    assert (world.state(before).state, world.state(after).state) == ("completed", "completed")
    assert world.events(ProductOrderQueued)[-1] == ProductOrderQueued({"1": ()})
    assert world.offenders() == []


@pytest.mark.parametrize(("base", "first", "second"), [case[1:] for case in IN_THE_WAY], ids=[case[0] for case in IN_THE_WAY])
def test_it_is_refused_where_the_catalog_does_not_say_otherwise(
    base: list[dict[str, Any]], first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    world = InMemory(sample())
    if base:
        world.having(*base)
    world.order(*first)
    with pytest.raises(Rejected, match="is being changed by order") as refused:
        world.order(*second)
    assert refused.value.code == "conflict"


def test_one_item_waits_and_the_others_go_on(world: InMemory) -> None:
    first = world.order(add("1", "tv"))
    second = world.order(add("1", "voice-line"), add("2", "mobile-line"))
    while out := [task for order, task in world.outstanding() if order == second]:
        world.answer(out[0], order=second)
    assert world.item_states(second) == ("pending", {"1": "pending", "2": "completed"})
    assert world.state(first).state == "inProgress"


def test_an_item_whose_offering_does_not_wait_refuses_the_whole_order(world: InMemory) -> None:
    world.order(add("1", "tv"))
    with pytest.raises(Rejected, match="Item 2: access-line at this site is being changed by order po-1"):
        world.order(add("1", "mobile-line"), add("2", "fibre-broadband"))


def test_what_is_nested_in_an_item_that_waits_waits_too() -> None:
    world = InMemory(queueing("fibre-broadband"))
    world.order(add("1", "tv"))
    world.order(add("1", "fibre-broadband", nested=[add("2", "wifi-mesh")]))
    assert [item.behind for item in world.planned().items] == [("po-1",), ("po-1",)]
    world.complete_all()
    assert world.item_states("po-2") == ("completed", {"1": "completed", "2": "completed"})
    assert world.state("pr-2-1").bundles == ("pr-2-2",)


def test_the_parts_of_a_bundle_that_waits_wait() -> None:
    world = InMemory(queueing("triple-play"))
    world.order(add("1", "tv"))
    world.order(add("1", "triple-play"))
    assert {item.id: item.behind for item in world.planned().items} == {"1": (), "1.1": ("po-1",), "1.2": ("po-1",), "1.3": ("po-1",)}
    world.complete_all()
    assert world.state("po-2").state == "completed"


# When it is over ------------------------------------------------------------------------------------------------------------------------
def test_nothing_happens_before_the_other_order_is_over(world: InMemory) -> None:
    world.order(add("1", "tv"))
    world.order(add("1", "voice-line"))
    assert world.send(PlanQueuedItems("po-2")) == []
    assert world.send(PlanQueuedItems("po-1")) == []


def test_what_the_other_order_left_is_what_it_is_planned_upon(world: InMemory) -> None:
    world.order(add("1", "tv"))
    world.order(add("1", "voice-line"))
    world.cancel("po-1")
    world.complete_all()
    assert {service.specification: service.action for service in world.planned().services}["access-line"] == "add"
    assert world.state("po-2").state == "completed"


def test_three_orders_wait_in_a_row(world: InMemory) -> None:
    world.having(add("1", "tv"))
    for boxes in (2, 3, 4):
        world.order(change("1", "modify", "pr-1-1", setTopBoxes=boxes))
    assert [world.state(order).behind for order in world.orders[2:]] == [{"po-2"}, {"po-2"}]
    world.complete_all()
    assert [world.state(order).state for order in world.orders] == ["completed"] * 4
    assert world.state("pr-1-1").values["setTopBoxes"] == 4


def test_what_cannot_be_done_any_more_fails_with_its_reasons(world: InMemory) -> None:
    world.having(add("1", "tv"))
    world.order(change("1", "delete", "pr-1-1"))
    world.order(change("1", "modify", "pr-1-1", setTopBoxes=2), add("2", "mobile-line"))
    world.complete_all()
    (refused,) = world.events(ProductOrderItemsRefused)
    assert (refused.items, refused.reasons[0].message) == (("1",), "Item 1: product.id product 'pr-1-1' is terminated.")
    assert world.item_states("po-3") == ("partial", {"1": "failed", "2": "completed"})
    assert world.offenders() == []


def test_an_order_that_waits_can_be_cancelled(world: InMemory) -> None:
    world.order(add("1", "tv"))
    world.order(add("1", "voice-line"))
    world.cancel("po-2")
    assert world.state("po-2").state == "cancelled"
    world.complete_all()
    assert world.send(PlanQueuedItems("po-2")) == []
    assert world.state("po-1").state == "completed"


def test_a_bundle_all_of_whose_parts_wait_can_be_cancelled() -> None:
    world = InMemory(queueing("triple-play"), rebuild_each=True)
    world.order(add("1", "tv"))
    world.order(add("1", "triple-play"))
    world.cancel("po-2")
    assert (world.state("po-2").state, world.status("po-2", "1")) == ("cancelled", "cancelled")
    assert world.offenders() == []


def test_information_can_be_supplied_to_one_item_while_another_waits(world: InMemory) -> None:
    world.order(add("1", "tv"))
    voice = add("1", "voice-line", site="site-2", numberPorting=True)
    world.order(voice, add("2", "voice-line"))
    assert [(item.missing, item.behind) for item in world.planned().items] == [
        (("productOrderItem[0].product.productCharacteristic[portingNumber]",), ()),
        ((), ("po-1",)),
    ]
    supplied = add("1", "voice-line", site="site-2", numberPorting=True, portingNumber="+31201234567")
    world.supply("po-2", supplied, add("2", "voice-line"))
    assert world.item_states("po-2")[1]["2"] == "pending"
    world.complete_all()
    assert world.item_states("po-2") == ("completed", {"1": "completed", "2": "completed"})
    assert world.services("sip-account")["svc-2-1-voice-service.sip-account"].values == {"phoneNumber": "+31201234567"}


def test_two_orders_never_wait_for_each_other(world: InMemory) -> None:
    """The first one's second item comes to need what the second order, which waits for the first, is at work on."""
    world.having(add("1", "tv", site="site-2"))
    porting = add("2", "voice-line", site="site-3", numberPorting=True)
    world.order(add("1", "tv"), porting)
    world.order(add("1", "voice-line"), add("2", "tv", site="site-3"))
    assert world.state("po-3").behind == {"po-2"}
    with pytest.raises(Rejected, match="access-line at this site is being changed by order po-3"):
        world.supply("po-2", add("1", "tv"), add("2", "voice-line", site="site-3", numberPorting=True, portingNumber="1"))
    while out := [task for order, task in world.outstanding() if order == "po-3"]:
        world.answer(out[0], order="po-3")
    world.supply("po-2", add("1", "tv"), add("2", "voice-line", site="site-3", numberPorting=True, portingNumber="1"))
    world.complete_all()
    assert [world.state(order).state for order in world.orders] == ["completed"] * 3
