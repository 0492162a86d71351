"""Target systems offline and online: what would be sent is parked without spending anything, and goes on when they are back (domain-rules 3.6)."""

from datetime import timedelta

import pytest

from domain import fallout
from domain.fallout import FalloutRaised, FalloutResolved, RaiseFallout
from domain.service_order import (
    FALLOUT,
    PARKED,
    RUNNING,
    ActivationAnswered,
    ActivationRequested,
    AnswerRecorded,
    ReleaseTask,
    TaskCompletedByHand,
    TaskParked,
    TaskWithdrawn,
)
from domain.target_system import (
    STREAM,
    BringTargetSystemOnline,
    TakeTargetSystemOffline,
    TargetSystemBroughtOnline,
    TargetSystemTakenOffline,
    target_systems,
)
from domain.values import Reason, Rejected, Who
from domain.work_order import WorkOrderClosed, WorkOrderParked, WorkOrderRequested
from tests.decisions.given import Like, given
from tests.decisions.world import OPERATOR, InMemory, add, sample

OP = Who("op", "a new release")
OFFLINE, ONLINE = TakeTargetSystemOffline(STREAM, "hlr", OP), BringTargetSystemOnline(STREAM, "hlr", OP)
TASK = "1.2.activate"


@pytest.fixture
def world() -> InMemory:
    return InMemory(sample(), rebuild_each=True)


def mobile(world: InMemory) -> str:
    return world.order(add("1", "mobile-line"))


# The target systems themselves ----------------------------------------------------------------------------------------------------------
def test_a_target_system_is_taken_offline_and_brought_back() -> None:
    given().knowing(sample()).when(OFFLINE).then(TargetSystemTakenOffline("hlr", OP))
    given(TargetSystemTakenOffline("hlr", OP)).knowing(sample()).when(ONLINE).then(TargetSystemBroughtOnline("hlr", OP))


def test_what_is_so_already_is_refused() -> None:
    given(TargetSystemTakenOffline("hlr", OP)).knowing(sample()).when(OFFLINE).then_rejected("conflict", "offline already")
    given().knowing(sample()).when(ONLINE).then_rejected("conflict", "online already")


def test_a_target_system_that_no_catalog_has_is_refused_with_those_there_are() -> None:
    for command in (TakeTargetSystemOffline(STREAM, "warp", OP), BringTargetSystemOnline(STREAM, "warp", OP)):
        given().knowing(sample()).when(command).then_rejected("unknown", "gpon")
    given().when(OFFLINE).then_rejected("unknown", "none")


def test_one_that_has_left_the_catalog_can_still_be_brought_back() -> None:
    back = BringTargetSystemOnline(STREAM, "old", OP)
    assert given(TargetSystemTakenOffline("old", OP)).knowing(sample()).when(back).events == (TargetSystemBroughtOnline("old", OP),)


def test_the_catalog_names_target_systems_of_services_tasks_and_visits() -> None:
    assert {"gpon", "assurance", "field-service"} <= set(target_systems(sample()))


# Parked tasks ---------------------------------------------------------------------------------------------------------------------------
def test_a_task_whose_turn_comes_is_parked_and_its_item_held(world: InMemory) -> None:
    world.take_offline("hlr")
    order = mobile(world)
    assert world.events(ActivationRequested) == []
    assert world.events(TaskParked) == [Like(TaskParked, task=TASK, target_system="hlr", decision=1, attempt=1, undo=False, owner="1")]
    assert (world.state(order).state, world.state("so-1-1").state) == ("held", "held")
    world.bring_online("hlr")
    assert (world.state(order).state, world.state("so-1-1").state) == ("inProgress", "inProgress")
    assert world.events(ActivationRequested) == [Like(ActivationRequested, attempt=1, decision=1, key="so-1-1.2.activate.add.1")]
    world.complete_all()
    assert world.state(order).state == "completed"


def test_a_task_of_another_system_goes_its_way(world: InMemory) -> None:
    world.take_offline("gpon")
    mobile(world)
    assert world.events(TaskParked) == []
    assert world.task(TASK).state == RUNNING


def test_what_is_not_back_stays_parked_and_what_is_not_parked_is_not_released(world: InMemory) -> None:
    world.take_offline("hlr")
    mobile(world)
    assert world.send(ReleaseTask("so-1-1", TASK)) == []
    world.bring_online("hlr")
    assert world.send(ReleaseTask("so-1-1", TASK)) == []


@pytest.mark.parametrize("silent", [True, False])
def test_an_attempt_that_ends_while_the_system_is_offline_is_parked_and_the_budget_begins_anew(world: InMemory, silent: bool) -> None:
    mobile(world)
    for _ in range(2):
        world.let_time_pass()
    assert world.task(TASK).attempt == 3  # the last one
    world.take_offline("hlr")
    if silent:
        world.let_time_pass()
    else:
        world.answer(TASK, "failed")
    assert world.events(FalloutRaised) == []
    assert world.task(TASK).state == PARKED
    world.bring_online("hlr")
    assert world.events(ActivationRequested)[-1] == Like(ActivationRequested, key="so-1-1.2.activate.add.1", attempt=4)
    world.let_time_pass()
    world.let_time_pass()
    assert world.events(FalloutRaised) == []
    world.let_time_pass()
    assert [event.type for event in world.events(FalloutRaised)] == ["noAnswer"]


def test_a_refusal_is_an_answer_also_while_its_system_is_offline(world: InMemory) -> None:
    mobile(world)
    world.take_offline("hlr")
    world.answer(TASK, "rejected")
    assert world.task(TASK).state == FALLOUT
    assert world.resolve(TASK, fallout.RETRY)[:2] == [Like(FalloutResolved), Like(TaskParked, decision=2, attempt=1)]
    world.bring_online("hlr")
    assert world.task(TASK).key == "so-1-1.2.activate.add.2"


def test_a_late_answer_counts_for_the_key_that_would_be_asked_again(world: InMemory) -> None:
    order = mobile(world)
    world.take_offline("hlr")
    world.let_time_pass()
    assert world.task(TASK).state == PARKED
    assert world.answer(TASK, "completed", imsi="90170")[0] == Like(ActivationAnswered, outcome="completed")
    assert world.state(order).state == "completed"
    world.bring_online("hlr")
    assert len(world.events(ActivationRequested)) == 1


def test_an_answer_under_a_key_that_is_not_asked_again_changes_nothing(world: InMemory) -> None:
    order = mobile(world)
    world.answer(TASK)
    world.take_offline("hlr")
    world.cancel(order, include_completed=True)
    assert world.events(TaskParked) == [Like(TaskParked, undo=True)]
    assert world.answer(TASK, "completed") == [Like(AnswerRecorded)]
    world.bring_online("hlr")
    world.complete_all()
    assert world.state(order).state == "cancelled"
    assert world.status(order, "1") == "terminated"


@pytest.mark.parametrize(
    ("action", "order_state", "product"),
    [("complete", "completed", "active"), ("skip", "completed", "active"), ("abort", "failed", "aborted")],
)
def test_an_operator_need_not_wait_for_the_system(world: InMemory, action: str, order_state: str, product: str) -> None:
    world.take_offline("hlr")
    order = mobile(world)
    with pytest.raises(Rejected, match="cannot be resolved by retry"):
        world.resolve(TASK, fallout.RETRY)
    world.resolve(TASK, action)
    assert (world.state(order).state, world.status(order, "1")) == (order_state, product)
    assert world.events(TaskCompletedByHand) == ([] if action == "abort" else [Like(TaskCompletedByHand, skipped=action == "skip")])


def test_a_cancel_drops_what_is_parked(world: InMemory) -> None:
    world.take_offline("hlr")
    order = mobile(world)
    world.cancel(order)
    assert world.events(TaskWithdrawn) == [Like(TaskWithdrawn, task=TASK)]
    assert world.state(order).state == "cancelled"
    world.bring_online("hlr")
    assert world.events(ActivationRequested) == []


def test_what_is_parked_while_it_is_done_once_more_for_an_amendment_is_dropped_by_a_cancel(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband"))
    world.complete_all(but=lambda task: task.startswith("wo-"))
    world.amend(order, add("1", "fibre-broadband", downstream=100))
    world.answer(world.named("gpon-port/reserve"))
    world.take_offline("gpon")
    world.answer(world.named("gpon-port/configure"), "failed")
    assert [event.task for event in world.events(TaskParked)] == [world.named("gpon-port/configure")]
    world.cancel(order)
    assert [event.task for event in world.events(TaskWithdrawn)].count(world.named("gpon-port/configure")) == 1
    world.bring_online("gpon")
    world.complete_all()
    assert (world.state(order).state, world.status(order, "1")) == ("cancelled", "cancelled")


def test_what_runs_when_its_order_is_cancelled_is_not_parked_for_it(world: InMemory) -> None:
    order = mobile(world)
    world.cancel(order)
    world.take_offline("hlr")
    world.answer(TASK, "failed")
    assert world.state(order).state == "cancelled"


def test_a_shared_line_that_is_parked_holds_every_item_that_needs_it(world: InMemory) -> None:
    world.take_offline("gpon")
    order = world.order(add("1", "fibre-broadband"), add("2", "tv"), add("3", "mobile-line"))
    assert {id: world.state(order).own[id] for id in ("1", "2", "3")} == {"1": "held", "2": "held", "3": "inProgress"}


def test_what_is_parked_and_held_waits_for_both(world: InMemory) -> None:
    world.take_offline("hlr")
    order = mobile(world)
    world.hold()
    world.bring_online("hlr")
    assert world.events(ActivationRequested) == []
    assert (world.task(TASK).state, world.state(order).state) == (PARKED, "held")
    world.release()
    world.send(ReleaseTask("so-1-1", TASK))
    assert len(world.events(ActivationRequested)) == 1


def test_undoing_is_parked_but_not_held(world: InMemory) -> None:
    order = world.order(add("1", "mobile-line"), add("2", "tv"))
    world.answer(TASK)
    world.take_offline("hlr")
    world.hold("2")
    world.cancel(order, include_completed=True)
    world.bring_online("hlr")
    world.complete_all()
    assert world.state(order).state == "cancelled"


def stop(world: InMemory, task: str) -> None:
    world.send(RaiseFallout(world.stream_of(task), task, "odd", Reason("odd", "Odd"), "minor", "", OPERATOR))


def test_an_undo_that_was_parked_and_given_up_is_not_answered_by_what_is_to_be_undone(world: InMemory) -> None:
    order = mobile(world)
    world.answer(TASK)
    world.take_offline("hlr")
    world.cancel(order, include_completed=True)
    stop(world, TASK)
    world.resolve(TASK, fallout.ABORT)
    world.answer(TASK, key="so-1-1.2.activate.add.1")
    assert [event.key for event in world.events(ActivationAnswered)] == ["so-1-1.2.activate.add.1"]
    assert world.task(TASK).state == "gone"


def test_what_was_parked_and_raised_by_hand_is_asked_for_as_it_would_have_been(world: InMemory) -> None:
    world.take_offline("hlr")
    order = mobile(world)
    stop(world, TASK)
    world.bring_online("hlr")
    assert world.events(ActivationRequested) == []
    world.resolve(TASK, fallout.RETRY)
    assert world.events(ActivationRequested) == [Like(ActivationRequested, key="so-1-1.2.activate.add.1", decision=1, attempt=1)]
    world.answer(TASK)
    world.take_offline("hlr")
    world.cancel(order, include_completed=True)
    stop(world, TASK)
    assert world.answer(TASK) == [Like(AnswerRecorded)]
    world.bring_online("hlr")
    world.resolve(TASK, fallout.RETRY)
    assert world.events(ActivationRequested)[-1] == Like(ActivationRequested, key="so-1-1.2.activate.delete.2", attempt=1, undo=True)
    world.complete_all()
    assert world.state(order).state == "cancelled"


# Visits ---------------------------------------------------------------------------------------------------------------------------------
def test_a_visit_waits_for_field_service_to_be_back(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband"))
    world.take_offline("field-service")
    world.complete_all()
    assert world.events(WorkOrderParked) == [Like(WorkOrderParked, action="create", decision=1, attempt=1, state="held")]
    assert (world.state("wo-1-1").state, world.state(order).own["1"]) == ("held", "held")
    assert world.fallouts() == []
    world.bring_online("field-service")
    assert world.events(WorkOrderRequested) == [Like(WorkOrderRequested, key="wo-1-1.1", attempt=1, state="inProgress")]
    world.complete_all()
    assert world.state(order).state == "completed"


def test_a_visit_that_nobody_answers_while_field_service_is_offline_is_parked(world: InMemory) -> None:
    world.order(add("1", "fibre-broadband"))
    world.complete_all(but=lambda task: task.startswith("wo-"))
    world.let_time_pass(timedelta(days=30).total_seconds())
    world.take_offline("field-service")
    for _ in range(4):
        world.let_time_pass(timedelta(days=30).total_seconds())
    assert world.events(FalloutRaised) == []
    assert world.state("wo-1-1").parked is not None


def test_a_visit_that_is_parked_and_held_waits_for_both(world: InMemory) -> None:
    world.take_offline("field-service")
    world.order(add("1", "fibre-broadband"))
    world.complete_all()
    world.hold("1")
    world.bring_online("field-service")
    assert world.events(WorkOrderRequested) == []
    world.release("1")
    world.send(ReleaseTask("wo-1-1", "wo-1-1"))
    assert len(world.events(WorkOrderRequested)) == 1


def test_cancelling_a_visit_waits_too(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband"))
    world.complete_all(but=lambda task: task.startswith("wo-"))
    world.take_offline("field-service")
    world.cancel(order)
    assert world.events(WorkOrderParked) == [Like(WorkOrderParked, action="cancel", decision=2)]
    assert world.state(order).state == "pendingCancellation"
    world.bring_online("field-service")
    assert world.events(WorkOrderRequested)[-1].request["action"] == "cancel"
    world.answer("wo-1-1", "cancelled")
    world.complete_all()
    assert world.state(order).state == "cancelled"


def test_a_visit_that_was_never_asked_for_is_cancelled_without_field_service(world: InMemory) -> None:
    world.take_offline("field-service")
    order = world.order(add("1", "fibre-broadband"))
    world.complete_all()
    world.cancel(order)
    world.complete_all()
    assert world.state(order).state == "cancelled"
    assert world.events(WorkOrderClosed) == [Like(WorkOrderClosed, action="cancel")]


def test_a_parked_visit_can_be_ended_or_raised_by_hand(world: InMemory) -> None:
    world.take_offline("field-service")
    order = world.order(add("1", "fibre-broadband"))
    world.complete_all()
    with pytest.raises(Rejected, match="cannot be resolved by retry"):
        world.resolve("wo-1-1", fallout.RETRY)
    world.send(RaiseFallout("wo-1-1", "wo-1-1", "noAccess", Reason("closed", "The gate is closed"), "minor", "", OPERATOR))
    assert world.events(FalloutRaised) == [Like(FalloutRaised, type="noAccess", target_system="field-service", who=OPERATOR)]
    world.resolve("wo-1-1", fallout.RETRY)
    assert world.events(WorkOrderParked)[-1] == Like(WorkOrderParked, attempt=1)
    world.resolve("wo-1-1", fallout.COMPLETE)
    world.complete_all()
    assert world.state(order).state == "completed"


def test_a_cancel_of_a_visit_that_was_parked_and_raised_by_hand_has_its_own_key(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband"))
    world.complete_all(but=lambda task: task.startswith("wo-"))
    world.take_offline("field-service")
    world.cancel(order)
    stop(world, "wo-1-1")
    world.bring_online("field-service")
    world.resolve("wo-1-1", fallout.RETRY)
    assert world.events(WorkOrderRequested)[-1] == Like(WorkOrderRequested, key="wo-1-1.2", attempt=1)
    assert world.events(WorkOrderRequested)[-1].request["action"] == "cancel"
