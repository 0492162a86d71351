"""Hold and release: what is sent out meanwhile, and what is not (domain-rules 3.7)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain import fallout
from domain.product_order import HoldItems, ProductOrderItemsHeld, ProductOrderItemsReleased, ReleaseItems
from domain.service_order import (
    ActivationRequested,
    HoldServiceOrderItems,
    ServiceOrderHoldChanged,
)
from domain.values import Rejected
from domain.verification import Verification
from domain.work_order import HoldWorkOrder, WorkOrderHoldChanged, WorkOrderRequested
from tests.decisions.given import NOW, Like, given
from tests.decisions.test_service_order import DISPATCH, after, answer, made
from tests.decisions.world import OPERATOR, InMemory, add, change, sample

TASK, SO = "1.2.activate", "so-1-1"


@pytest.fixture
def world() -> InMemory:
    return InMemory(sample(), rebuild_each=True)


def mobile(world: InMemory) -> str:
    return world.order(add("1", "mobile-line"))


# Hold and release -----------------------------------------------------------------------------------------------------------------------
def test_nothing_new_of_a_held_item_is_sent_out_and_what_runs_goes_on(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband"))
    assert world.hold("1")[0] == ProductOrderItemsHeld(("1",), OPERATOR)
    assert world.state(order).state == "held"
    world.answer(world.named("gpon-port/reserve"))
    assert world.outstanding() == []
    assert (world.state(order).own["1"], world.offenders()) == ("held", [])
    assert world.release("1")[0] == ProductOrderItemsReleased(("1",), OPERATOR)
    assert [task for _, task in world.outstanding()] == [world.named("gpon-port/configure")]
    assert world.state(order).state == "inProgress"
    world.complete_all()
    assert world.state(order).state == "completed"


def test_a_visit_of_a_held_item_is_not_asked_for(world: InMemory) -> None:
    world.order(add("1", "fibre-broadband"))
    world.complete_all(but=lambda task: task == world.named("gpon-port/configure"))
    world.hold("1")
    world.complete_all()
    assert world.events(WorkOrderRequested) == []
    world.release()
    assert len(world.events(WorkOrderRequested)) == 1


def test_a_visit_that_nobody_answers_is_asked_for_again_while_it_is_held(world: InMemory) -> None:
    world.order(add("1", "fibre-broadband"))
    world.complete_all(but=lambda task: task.startswith("wo-"))
    world.hold("1")
    world.let_time_pass(timedelta(days=30).total_seconds())
    assert [event.attempt for event in world.events(WorkOrderRequested)] == [1, 2]
    assert world.offenders() == []


def test_a_step_that_a_held_item_shares_with_another_goes_on(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband"), add("2", "tv"))
    world.hold("1")
    world.complete_all()
    assert (world.state(order).own["1"], world.state(order).own["2"]) == ("held", "completed")
    assert world.state(order).state == "held"
    assert world.named("ip-session/reserve") not in [event.task for event in world.events(ActivationRequested)]
    world.release("1")
    world.complete_all()
    assert world.state(order).state == "completed"


def test_service_orders_and_visits_are_told_what_of_them_is_held(world: InMemory) -> None:
    world.order(add("1", "fibre-broadband"), add("2", "tv"))
    world.hold("1")
    line = world.state("so-1-1")
    held = {line.items[item].service.specification for item in line.held}
    assert held == {"internet-access", "ip-session", "home-gateway"}  # not the line that television needs too
    assert (world.state("so-1-2").held, world.state("wo-1-1").held) == (frozenset(), False)
    world.hold("2")
    assert {world.state("so-1-1").items.keys() == world.state("so-1-1").held, world.state("wo-1-1").held} == {True}
    world.release()
    assert (world.state("so-1-1").held, world.state("so-1-2").held, world.state("wo-1-1").held) == (frozenset(), frozenset(), False)
    given(made()).when(HoldServiceOrderItems(SO, ("1",))).then(ServiceOrderHoldChanged(("1",)))
    given(*after(DISPATCH, answer("completed"))).when(HoldServiceOrderItems(SO, ("1",))).then_nothing()
    assert world.send(HoldWorkOrder("wo-1-1", True)) == [WorkOrderHoldChanged(True)]


def test_what_an_item_has_nested_is_held_with_it_and_no_item_is_the_whole_order(world: InMemory) -> None:
    world.order(add("1", "triple-play"), add("2", "mobile-line"))
    assert world.hold("1")[0].items == ("1.1", "1.2", "1.3")
    assert world.hold()[0].items == ("2",)
    assert world.release()[0].items == ("1.1", "1.2", "1.3", "2")


def test_an_order_for_later_that_is_held_is_acknowledged_again_when_released(world: InMemory) -> None:
    order = world.order(add("1", "mobile-line"), start=NOW + timedelta(hours=1))
    world.hold()
    assert world.state(order).state == "held"
    world.let_time_pass(3601)
    assert world.events(ActivationRequested) == []
    world.release()
    assert len(world.events(ActivationRequested)) == 1
    again = world.order(add("1", "mobile-line"), start=world.now + timedelta(hours=1))
    world.hold()
    world.release()
    assert world.state(again).state == "acknowledged"


def test_a_change_without_work_waits_too_when_it_is_held_before_its_start(world: InMemory) -> None:
    world.order(add("1", "tv"))
    world.complete_all()
    order = world.order(change("1", "modify", "pr-1-1"), start=world.now + timedelta(hours=1))
    world.hold()
    world.let_time_pass(3601)
    assert world.state(order).state == "held"
    world.release()
    assert world.state(order).state == "completed"


def test_information_that_comes_does_not_end_a_hold(world: InMemory) -> None:
    order = world.order(add("1", "voice-line", numberPorting=True))
    world.hold("1")
    assert world.state(order).state == "pending"
    world.supply(order, add("1", "voice-line", numberPorting=True, portingNumber="555"))
    assert world.state(order).state == "held"
    assert world.outstanding() == []
    world.release("1")
    world.complete_all()
    assert world.state(order).state == "completed"


def test_an_item_that_ends_is_held_no_more(world: InMemory) -> None:
    order = world.order(add("1", "mobile-line"), add("2", "tv"))
    world.hold("1")
    world.answer(TASK)
    assert world.events(ProductOrderItemsReleased) == [Like(ProductOrderItemsReleased, items=("1",))]
    assert world.state(order).own["1"] == "completed"


def test_a_cancel_does_not_wait_for_a_release(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband"))
    world.answer(world.named("gpon-port/reserve"))
    world.hold()
    assert world.cancel(order)[1] == Like(ProductOrderItemsReleased, items=("1",))
    world.complete_all()
    assert world.state(order).state == "cancelled"
    assert world.offenders() == []


def test_a_fallout_of_a_held_item_is_resolved_while_it_is_held(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband"))
    reserve = world.named("gpon-port/reserve")
    world.hold()
    world.answer(reserve, "rejected")
    world.resolve(reserve, fallout.RETRY)
    world.answer(reserve)
    assert (world.outstanding(), world.state(order).state) == ([], "held")


def test_hold_and_release_are_refused_where_they_make_no_sense(world: InMemory) -> None:
    order = mobile(world)
    for command, code in (
        (ReleaseItems(order, (), OPERATOR), "conflict"),
        (HoldItems(order, ("9",), OPERATOR), "unknown"),
        (ReleaseItems(order, ("9",), OPERATOR), "unknown"),
    ):
        with pytest.raises(Rejected) as refused:
            world.send(command)
        assert refused.value.code == code
    world.hold()
    assert world.hold() == []
    world.answer(TASK)
    with pytest.raises(Rejected, match="completed"):
        world.hold()


def test_items_at_their_end_are_not_held(world: InMemory) -> None:
    world.order(add("1", "mobile-line"), add("2", "tv"))
    world.answer(TASK)
    assert world.hold()[0].items == ("2",)
    with pytest.raises(Rejected, match="at its end"):
        world.hold("1")


def test_the_log_tells_when_something_held_was_sent_out(world: InMemory) -> None:
    world.order(add("1", "fibre-broadband"))
    world.hold()
    world.answer(world.named("gpon-port/reserve"))
    check = Verification()
    for recorded in world.log:
        check.learn(recorded)
    asked = next(recorded for recorded in world.log if isinstance(recorded.event, ActivationRequested))
    key = "so-1-1.1.test.add.1"
    sent = replace(asked.event, task="1.1.test", item="1", key=key, request={**asked.event.request, "task": "test"})
    version = max(recorded.version for recorded in world.log if recorded.stream == "so-1-1")
    check.learn(replace(asked, position=len(world.log) + 1, version=version + 1, event=sent))
    offenders = [offender for invariant in check.report() if "holds" in invariant.name for offender in invariant.offenders]
    assert offenders == [f"so-1-1:{version + 1}: {key} was asked for while it was held"]
