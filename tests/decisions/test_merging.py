"""Orders that become part of another one that is at work on the same (domain-rules 2.8)."""

from typing import Any

import pytest

from domain.product_order import (
    PlanQueuedItems,
    ProductOrderAmended,
    ProductOrderMerged,
    ProductOrderMergedItemsEnded,
    ProductOrderQueued,
)
from domain.values import Rejected
from tests.decisions.world import InMemory, add, change, merging, sample


@pytest.fixture
def world() -> InMemory:
    return InMemory(merging(*sample().offerings), rebuild_each=True)


def finish(world: InMemory) -> None:
    world.complete_all()
    assert world.offenders() == []


# What becomes of the items --------------------------------------------------------------------------------------------------------------
def test_an_item_for_what_is_being_built_is_added_to_the_order_that_builds_it(world: InMemory) -> None:
    world.order(add("1", "tv"))
    world.order(add("1", "voice-line"))
    assert world.events(ProductOrderMerged) == [ProductOrderMerged("po-1", {"1": "2-1"})]
    assert world.events(ProductOrderQueued) == [ProductOrderQueued({"1": ("po-1",)})]
    (amended,) = world.events(ProductOrderAmended)
    assert (amended.amendment, amended.merges, [item.id for item in amended.plan.items]) == ("merge-po-2", "po-2", ["1", "2-1"])
    assert world.planned().services == ()
    assert world.item_states("po-2") == ("pending", {"1": "pending"})
    finish(world)
    assert world.item_states("po-1") == ("completed", {"1": "completed", "2-1": "completed"})
    assert world.item_states("po-2") == ("completed", {"1": "completed"})
    assert world.status("po-1", "2-1") == "active"
    assert world.state("pr-2-1") is None


def test_a_change_of_a_product_that_is_being_added_changes_how_it_is_added(world: InMemory) -> None:
    world.order(add("1", "tv", setTopBoxes=2))
    world.order(change("1", "modify", "pr-1-1", setTopBoxes=3))
    assert world.events(ProductOrderMerged) == [ProductOrderMerged("po-1", {"1": "1"})]
    finish(world)
    assert world.state("pr-1-1").values["setTopBoxes"] == 3
    assert (world.state("po-1").state, world.state("po-2").state) == ("completed", "completed")


def test_two_changes_of_a_product_are_one_change(world: InMemory) -> None:
    world.having(add("1", "fibre-broadband", downstream=100))
    world.order(change("1", "modify", "pr-1-1", downstream=500))
    world.order(change("7", "modify", "pr-1-1", downstream=1000))
    finish(world)
    assert world.state("pr-1-1").values["downstream"] == 1000
    assert world.item_states("po-3") == ("completed", {"7": "completed"})


def test_the_end_of_a_product_that_is_being_added_takes_it_out(world: InMemory) -> None:
    world.order(add("1", "tv"), add("2", "mobile-line"))
    world.order(change("1", "delete", "pr-1-1"))
    finish(world)
    assert world.status("po-1", "1") == "cancelled"
    assert world.item_states("po-1")[0] == "completed"
    assert world.item_states("po-2") == ("completed", {"1": "completed"})


def test_the_same_end_ordered_twice_is_one(world: InMemory) -> None:
    world.having(add("1", "tv"))
    world.order(change("1", "delete", "pr-1-1"))
    world.order(change("1", "delete", "pr-1-1"))
    assert world.events(ProductOrderAmended) == []
    finish(world)
    assert (world.state("po-2").state, world.state("po-3").state) == ("completed", "completed")


def test_a_bundle_joins_as_a_whole(world: InMemory) -> None:
    world.order(add("1", "tv"))
    world.order(add("1", "triple-play"), add("2", "mobile-line"))
    assert {item.id: (item.merged, item.behind) for item in world.planned().items} == {
        "1": ("2-1", ("po-1",)),
        "1.1": ("2-1.1", ("po-1",)),
        "1.2": ("2-1.2", ("po-1",)),
        "1.3": ("2-1.3", ("po-1",)),
        "2": ("", ()),
    }
    finish(world)
    assert set(world.item_states("po-2")[1].values()) == {"completed"}
    assert world.state("po-2").state == "completed"


def test_items_that_rely_on_one_another_join_together(world: InMemory) -> None:
    world.order(add("1", "tv"))
    world.order(add("1", "fibre-broadband"), add("2", "voice-line", relies_on="1"))
    finish(world)
    assert [world.state(order).state for order in world.orders] == ["completed", "completed"]


def test_what_relies_on_an_item_that_joined_waits_for_it(world: InMemory) -> None:
    world.order(add("1", "tv"))
    world.order(add("1", "voice-line"), add("2", "mobile-line", relies_on="1"))
    assert not [task for order, task in world.outstanding() if order == "po-2"]
    finish(world)
    assert world.item_states("po-2") == ("completed", {"1": "completed", "2": "completed"})


def test_a_third_order_joins_too(world: InMemory) -> None:
    world.order(add("1", "tv"))
    world.order(add("1", "voice-line"))
    world.order(add("1", "fibre-broadband"))
    assert list(world.state("po-1").parts) == ["1", "2-1", "3-1"]
    finish(world)
    assert [world.state(order).state for order in world.orders] == ["completed"] * 3


# What is refused ------------------------------------------------------------------------------------------------------------------------
def refused(world: InMemory, match: str, *items: dict[str, Any]) -> Rejected:
    before = len(world.log)
    with pytest.raises(Rejected, match=match) as refusal:
        world.order(*items)
    assert len(world.log) == before
    return refusal.value


def test_a_point_of_no_return_stands_in_the_way(world: InMemory) -> None:
    world.order(add("1", "voice-line", numberPorting=True, portingNumber="1"), add("2", "tv"))
    while out := [task for _, task in world.outstanding() if not task.endswith("port-number")]:
        world.answer(out[0])
    assert world.state("po-1").passed
    refusal = refused(world, "cannot become part of order po-1", change("1", "modify", "pr-1-1", portingNumber="2"))
    assert (refusal.code, refusal.reasons[0].code) == ("invalid", "point-of-no-return")
    assert refusal.reasons[0].message.endswith("of item 1 has passed its point of no return.")


REFUSED: list[tuple[str, list[dict[str, Any]], dict[str, Any], str]] = [
    ("an end of what is changed", [change("1", "modify", "pr-1-1", setTopBoxes=2)], change("1", "delete", "pr-1-1"), "has action modify"),
    ("a change of what is ended", [change("1", "delete", "pr-1-1")], change("1", "modify", "pr-1-1", setTopBoxes=2), "has action delete"),
]


@pytest.mark.parametrize(("first", "second", "match"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_contradicts_the_other_order_is_refused(
    world: InMemory, first: list[dict[str, Any]], second: dict[str, Any], match: str
) -> None:
    world.having(add("1", "tv"))
    world.order(*first)
    assert refused(world, match, second).code == "conflict"


def test_a_product_has_no_status_before_it_is_there(world: InMemory) -> None:
    world.order(add("1", "tv"))
    suspend = change("1", "modify", "pr-1-1")
    suspend["product"]["status"] = "suspended"
    refused(world, "has no other status yet", suspend)


def test_what_relies_on_an_item_that_stays_behind_cannot_join(world: InMemory) -> None:
    world.order(add("1", "tv"))
    refused(world, "does not become part of it", add("1", "voice-line", relies_on="2"), add("2", "mobile-line"))


def test_an_order_that_is_being_cancelled_takes_nothing_in(world: InMemory) -> None:
    world.order(add("1", "tv"))
    world.cancel("po-1")
    refused(world, "is being cancelled and cannot be amended", add("1", "voice-line"))


# Later ----------------------------------------------------------------------------------------------------------------------------------
def test_an_order_that_is_to_start_later_waits(world: InMemory) -> None:
    first = world.order(add("1", "tv"))
    world.order(add("1", "voice-line"), start=world.now.replace(year=world.now.year + 1))
    assert [(item.merged, item.behind) for item in world.planned().items] == [("", (first,))]


def test_nothing_ends_before_it_has_ended_there(world: InMemory) -> None:
    world.order(add("1", "tv"))
    world.order(add("1", "voice-line"))
    assert world.send(PlanQueuedItems("po-2")) == []


def test_an_item_ends_with_the_one_that_it_has_become_though_the_other_order_goes_on(world: InMemory) -> None:
    world.order(add("1", "tv"), add("2", "mobile-line"))
    world.order(change("1", "modify", "pr-1-1", setTopBoxes=3))
    mobile = world.outstanding()[-1][1]
    while out := [task for _, task in world.outstanding() if task != mobile]:
        world.answer(out[0], order="po-1")
    assert world.state("po-1").state == "inProgress"
    world.send(PlanQueuedItems("po-2"))
    assert world.events(ProductOrderMergedItemsEnded) == [ProductOrderMergedItemsEnded({"1": "completed"})]
    assert world.state("po-2").state == "completed"


def test_what_is_cancelled_there_is_cancelled_here(world: InMemory) -> None:
    world.order(add("1", "tv"))
    world.order(add("1", "voice-line"), add("2", "mobile-line"))
    world.cancel("po-1")
    finish(world)
    assert (world.state("po-1").state, world.state("po-2").state) == ("cancelled", "partial")
    assert world.item_states("po-2")[1] == {"1": "cancelled", "2": "completed"}


def test_what_is_part_of_another_order_is_cancelled_held_and_amended_there(world: InMemory) -> None:
    world.order(add("1", "tv"))
    world.order(add("1", "voice-line"))
    with pytest.raises(Rejected, match="has become part of order po-1"):
        world.cancel("po-2")
    with pytest.raises(Rejected, match="is part of order po-1"):
        world.hold(order="po-2")
    with pytest.raises(Rejected, match="has become item 2-1 of order po-1"):
        world.amend("po-2", add("3", "mobile-line"))
    finish(world)


def test_a_cancel_reaches_what_is_not_part_of_another_order(world: InMemory) -> None:
    world.order(add("1", "tv"))
    world.order(add("1", "voice-line"), add("2", "mobile-line"))
    world.cancel("po-2")
    finish(world)
    assert world.item_states("po-2") == ("partial", {"1": "completed", "2": "cancelled"})
