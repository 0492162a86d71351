"""Taking an order back: before its start, under way, when part of it is done; and what others use meanwhile."""

from datetime import timedelta

import pytest

from domain import fallout
from domain.product_order import ProductOrderCancellationAssessed
from domain.service_order import ActivationRequested, UndoSpared
from domain.values import Rejected
from domain.work_order import WorkOrderRequested
from tests.decisions.given import NOW
from tests.decisions.world import InMemory, add, change, sample


@pytest.fixture
def world() -> InMemory:
    return InMemory(sample(), rebuild_each=True)


def undone(world: InMemory) -> list[str]:
    return [
        f"{event.request['service']['serviceSpecification']['id']}/{event.request['task']}"
        for event in world.events(ActivationRequested)
        if event.undo
    ]


def test_an_order_for_later_is_cancelled_at_once(world: InMemory) -> None:
    order = world.order(add("1", "triple-play"), start=NOW + timedelta(days=9))
    world.cancel(order)
    assert world.state(order).state == "cancelled"
    assert {world.status(order, part) for part in world.state(order).parts} == {"cancelled"}
    assert {service.state for service in world.services().values()} == {"terminated"}
    assert {world.state(f"so-1-{number}").state for number in (1, 2, 3)} == {"cancelled"}
    assert world.state("wo-1-1").state == "cancelled"
    assert world.events(ActivationRequested) == []
    world.let_time_pass(10 * 86400)
    assert world.events(ActivationRequested) == []


def test_a_request_that_is_out_is_waited_for_and_then_undone(world: InMemory) -> None:
    order = world.order(add("1", "mobile-line"))
    world.cancel(order)
    assert world.state(order).state == "pendingCancellation"
    world.answer(world.named("hlr-subscription/activate"))
    assert undone(world) == ["hlr-subscription/activate"]
    assert world.state(order).state == "pendingCancellation"
    world.complete_all()
    assert (world.state(order).state, world.status(order, "1")) == ("cancelled", "cancelled")


def test_a_request_that_is_refused_meanwhile_needs_no_repair(world: InMemory) -> None:
    order = world.order(add("1", "mobile-line"))
    world.cancel(order)
    world.answer(world.named("hlr-subscription/activate"), "rejected")
    assert world.fallouts() == []
    assert world.state(order).state == "cancelled"
    assert undone(world) == []


@pytest.mark.parametrize("how", ["cancel", "abort"])
def test_what_turns_out_to_be_built_after_all_is_taken_down(world: InMemory, how: str) -> None:
    order = world.order(add("1", "mobile-line"))
    task = world.named("hlr-subscription/activate")
    for _ in range(3):
        world.let_time_pass()
    if how == "cancel":
        world.cancel(order)
    else:
        world.resolve(task, fallout.ABORT)
    ended = world.state(order)
    assert ended.state == ("cancelled" if how == "cancel" else "failed")
    world.answer(task)
    assert undone(world) == ["hlr-subscription/activate"]
    world.complete_all()
    assert world.state(order) == ended
    assert {service.state for service in world.services().values()} == {"terminated"}
    world.answer(task)
    assert len(undone(world)) == 1


def test_undo_runs_in_reverse_order_of_completion_one_at_a_time(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband"))
    world.complete_all(but=lambda task: task == world.named("home-gateway/provision", order))
    world.cancel(order)
    assert undone(world) == []  # provision is out, and its answer counts
    world.complete_all()
    assert undone(world) == [
        "home-gateway/provision",
        "ip-session/configure",
        "ip-session/reserve",
        "gpon-port/configure",
        "gpon-port/reserve",
    ]
    assert world.state(order).state == "cancelled"
    assert {service.state for service in world.services().values()} == {"terminated"}


def test_a_visit_that_was_asked_for_is_cancelled_under_a_key_of_its_own(world: InMemory) -> None:
    order = world.order(add("1", "tv"))
    world.complete_all(but=lambda task: task == "wo-1-1")
    world.cancel(order)
    assert [event.request["action"] for event in world.events(WorkOrderRequested)] == ["create", "cancel"]
    world.answer("wo-1-1", "cancelled")
    world.complete_all()
    assert world.state(order).state == "cancelled"


def test_a_cancel_leaves_what_is_completed_unless_it_says_otherwise(world: InMemory) -> None:
    order = world.order(add("1", "mobile-line"), add("2", "tv"))
    mobile = world.named("hlr-subscription/activate")
    world.answer(mobile)
    world.cancel(order)
    world.complete_all()
    assert world.state(order).state == "partial"
    assert (world.status(order, "1"), world.status(order, "2")) == ("active", "cancelled")


def test_a_completed_order_is_undone_when_the_cancel_includes_it(world: InMemory) -> None:
    order = world.order(add("1", "triple-play"))
    world.complete_all()
    with pytest.raises(Rejected, match="is completed and cannot be cancelled"):
        world.cancel(order)
    world.cancel(order, include_completed=True)
    assert world.state(order).state == "pendingCancellation"
    world.complete_all()
    assert world.state(order).state == "cancelled"
    assert {world.status(order, part) for part in world.state(order).parts} == {"terminated"}
    assert {service.state for service in world.services().values()} == {"terminated"}


def test_a_completed_change_is_changed_back(world: InMemory) -> None:
    world.order(add("1", "fibre-broadband"))
    world.complete_all()
    order = world.order(change("1", "modify", "pr-1-1", downstream=1000))
    world.complete_all()
    world.cancel(order, include_completed=True)
    world.complete_all()
    assert world.state(order).state == "cancelled"
    assert world.state("pr-1-1").values["downstream"] == 500
    assert {s.values["downstream"] for s in world.services("gpon-port").values()} == {500}


def test_a_completed_end_is_built_again_and_what_was_shared_held_again(world: InMemory) -> None:
    world.order(add("1", "tv"), add("2", "voice-line"))
    world.complete_all()
    order = world.order(change("1", "delete", "pr-1-1"))
    world.complete_all()
    (line,) = world.services("access-line").values()
    assert list(line.holders) == ["pr-1-2"]
    world.cancel(order, include_completed=True)
    world.complete_all()
    assert world.status(order, "1") == "active"
    (line,) = world.services("access-line").values()
    assert set(line.holders) == {"pr-1-1", "pr-1-2"}
    assert {service.state for service in world.services().values()} == {"active"}


def test_a_cancelled_end_leaves_everything_as_it_was(world: InMemory) -> None:
    world.order(add("1", "tv"), add("2", "voice-line"))
    world.complete_all()
    order = world.order(change("1", "delete", "pr-1-1"))
    world.cancel(order)
    world.complete_all()
    assert world.status(order, "1") == "active"
    (line,) = world.services("access-line").values()
    assert set(line.holders) == {"pr-1-1", "pr-1-2"}


def test_behind_a_point_of_no_return_a_cancel_is_refused_and_the_order_goes_on(world: InMemory) -> None:
    order = world.order(add("1", "voice-line", numberPorting=True, portingNumber="1"))
    port = world.named("voice-service/port-number")
    world.complete_all(but=lambda task: task == port)
    world.cancel(order)
    (assessed,) = world.events(ProductOrderCancellationAssessed)
    assert not assessed.accepted
    assert assessed.reasons[0].code == "point-of-no-return"
    assert world.state(order).state == "inProgress"
    world.complete_all()
    assert world.state(order).state == "completed"


def test_a_point_of_no_return_is_passed_by_a_request_too(world: InMemory) -> None:
    order = world.order(add("1", "business-ethernet", bandwidth=500))
    configure = world.named("evc/configure")
    world.complete_all(but=lambda task: task == configure)
    world.cancel(order)
    (assessed,) = world.events(ProductOrderCancellationAssessed)
    assert assessed.reasons[0].message == "evc/configure of item 1 has passed its point of no return."
    assert "nid-a/activate had to be done before evc/configure; evc/configure of item 1 has passed its point of no return." in [
        reason.message for reason in assessed.reasons
    ]


def test_a_cancel_is_decided_once(world: InMemory) -> None:
    order = world.order(add("1", "mobile-line"))
    world.cancel(order)
    with pytest.raises(Rejected, match="is being cancelled already"):
        world.cancel(order)


@pytest.mark.parametrize("action", [fallout.COMPLETE, fallout.SKIP, fallout.ABORT, fallout.RETRY])
def test_an_undo_that_is_refused_is_ended_by_an_operator(world: InMemory, action: str) -> None:
    order = world.order(add("1", "mobile-line"))
    task = world.named("hlr-subscription/activate")
    world.answer(task)
    world.cancel(order, include_completed=True)
    world.answer(task, "rejected")
    assert world.fallouts() == [(order, task)]
    world.resolve(task, action)
    world.complete_all()
    assert (world.state(order).state, world.status(order, "1")) == ("cancelled", "terminated")


def test_a_cancelled_second_order_gives_the_shared_line_back(world: InMemory) -> None:
    world.order(add("1", "tv"))
    world.complete_all()
    order = world.order(add("1", "voice-line"))
    (line,) = world.services("access-line").values()
    assert set(line.holders) == {"pr-1-1", "pr-2-1"}
    world.cancel(order)
    world.complete_all()
    (line,) = world.services("access-line").values()
    assert (line.state, list(line.holders)) == ("active", ["pr-1-1"])


def test_a_line_that_another_order_uses_by_now_is_spared(world: InMemory) -> None:
    first = world.order(add("1", "tv"))
    world.complete_all()
    second = world.order(add("1", "voice-line"))
    world.complete_all()
    world.cancel(first, include_completed=True)
    world.complete_all()
    assert world.events(UndoSpared) != []
    assert undone(world) == ["iptv-stream/configure", "iptv-stream/reserve"]
    assert (world.status(first, "1"), world.status(second, "1")) == ("terminated", "active")
    (line,) = world.services("access-line").values()
    assert (line.state, list(line.holders)) == ("active", [world.product(second, "1")])


def test_what_is_being_undone_is_closed_to_other_orders(world: InMemory) -> None:
    order = world.order(add("1", "tv"))
    world.complete_all()
    world.cancel(order, include_completed=True)
    with pytest.raises(Rejected, match="is being changed by order po-1"):
        world.order(add("1", "voice-line"))
    with pytest.raises(Rejected, match="is being changed by order po-1"):
        world.order(change("1", "delete", "pr-1-1"))
    world.complete_all()
    world.order(add("1", "voice-line"))


def test_a_shared_service_is_closed_while_its_change_is_undone(world: InMemory) -> None:
    world.order(add("1", "fibre-broadband"), add("2", "tv"))
    world.complete_all()
    order = world.order(change("1", "modify", "pr-1-1", downstream=1000))
    world.complete_all()
    world.cancel(order, include_completed=True)
    with pytest.raises(Rejected, match="gpon-port at this site is being changed by order po-2"):
        world.order(add("1", "fibre-broadband", downstream=100))


def test_an_order_on_which_others_are_building_cannot_be_undone(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband"))
    world.complete_all()
    world.order(change("1", "modify", "pr-1-1", downstream=100))
    world.cancel(order, include_completed=True)
    world.complete_all()
    world.cancel(order, include_completed=True)
    first, second = world.events(ProductOrderCancellationAssessed)
    assert first.reasons[0].message == "Product pr-1-1 is being changed by order po-2."
    assert second.reasons[0].message == "Product pr-1-1 has been changed since, by po-2."


def test_two_ends_that_share_a_line_are_not_both_lost_when_one_is_aborted(world: InMemory) -> None:
    world.order(add("1", "tv"), add("2", "voice-line"))
    world.complete_all()
    order = world.order(change("1", "delete", "pr-1-1"), change("2", "delete", "pr-1-2"))
    stream = world.named("iptv-stream/configure", order)
    world.answer(stream, "rejected", order)
    world.resolve(stream, fallout.ABORT, order)
    world.complete_all()
    assert world.state(order).state == "partial"
    assert (world.status(order, "1"), world.status(order, "2")) == ("active", "terminated")
    (line,) = world.services("access-line").values()
    assert (line.state, list(line.holders)) == ("active", ["pr-1-1"])


def test_a_cancel_takes_an_order_that_waits_for_information(world: InMemory) -> None:
    order = world.order(add("1", "voice-line", numberPorting=True))
    world.cancel(order)
    assert world.state(order).state == "cancelled"


def test_a_shared_line_is_kept_for_a_product_whose_end_is_being_taken_back(world: InMemory) -> None:
    """Else its last other holder would take the line down under it."""
    world.order(add("1", "tv"), add("2", "voice-line"))
    world.complete_all()
    ending = world.order(change("1", "delete", "pr-1-1"))
    world.complete_all()
    world.cancel(ending, include_completed=True)
    with pytest.raises(Rejected, match="shared with a product that is being changed by order po-2"):
        world.order(change("1", "delete", "pr-1-2"))
    world.complete_all()
    (line,) = world.services("access-line").values()
    assert (line.state, set(line.holders)) == ("active", {"pr-1-1", "pr-1-2"})
