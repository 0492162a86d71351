"""What operators do beside retry, skip, complete and abort: set values, raise and describe fallouts, fill in forms (domain-rules 3.7)."""

from datetime import timedelta
from typing import Any

import pytest

from domain import fallout
from domain.fallout import (
    AssignFallout,
    FalloutAssigned,
    FalloutNoted,
    FalloutRaised,
    FalloutRated,
    FalloutResolved,
    NoteFallout,
    RaiseFallout,
    RateFallout,
)
from domain.service_order import (
    ActivationAnswered,
    ActivationRequested,
    AnswerRecorded,
    DispatchTask,
    ManualTaskOverdue,
    ManualTaskRequested,
    ServiceOrderItemValuesSet,
    SetValues,
    TaskCompletedByHand,
)
from domain.values import Reason, Rejected
from domain.work_order import WorkOrderRequested
from tests.decisions.given import NOW, Like, given
from tests.decisions.made import by_hand, service, task
from tests.decisions.test_service_order import DISPATCH, SILENCE, after, answer, deadline, made, resolve
from tests.decisions.world import OPERATOR, InMemory, add, sample

TASK, SO = "1.2.activate", "so-1-1"
PORT = "1.1.port-number"


@pytest.fixture
def world() -> InMemory:
    return InMemory(sample(), rebuild_each=True)


def mobile(world: InMemory) -> str:
    return world.order(add("1", "mobile-line"))


# Values ---------------------------------------------------------------------------------------------------------------------------------
def test_a_value_that_was_set_is_asked_for_under_a_new_key_and_reaches_service_and_product(world: InMemory) -> None:
    order = mobile(world)
    world.answer(TASK, "rejected")
    told = world.set_values("2", simType="physical")
    assert told == [
        ServiceOrderItemValuesSet("2", world.state(SO).items["2"].service.id, {"simType": "esim"}, {"simType": "physical"}, OPERATOR, "1")
    ]
    assert world.task(TASK).state == "fallout"
    world.resolve(TASK, fallout.RETRY)
    asked = world.events(ActivationRequested)[-1]
    assert (asked.key, asked.attempt) == ("so-1-1.2.activate.add.2", 1)
    assert asked.request["service"]["serviceCharacteristic"] == [{"name": "simType", "value": "physical"}]
    world.answer(TASK)
    assert world.state(order).state == "completed"
    assert world.state(world.product(order, "1")).values["simType"] == "physical"
    assert [each.values for each in world.services("hlr-subscription").values()] == [{"simType": "physical"}]


def test_silence_under_the_old_values_does_not_go_on_under_the_same_key(world: InMemory) -> None:
    mobile(world)
    for _ in range(3):
        world.let_time_pass()
    world.set_values("2", simType="physical")
    assert world.answer(TASK, "completed") == [Like(AnswerRecorded)]
    world.resolve(TASK, fallout.RETRY)
    assert world.task(TASK).key == "so-1-1.2.activate.add.2"
    assert world.answer(TASK)[0] == Like(ActivationAnswered, outcome="completed")
    assert world.offenders() == []


def test_a_parked_retry_asks_for_the_values_that_were_set_meanwhile(world: InMemory) -> None:
    mobile(world)
    world.take_offline("hlr")
    world.let_time_pass()
    world.set_values("2", simType="physical")
    world.bring_online("hlr")
    assert world.events(ActivationRequested)[-1] == Like(ActivationRequested, key="so-1-1.2.activate.add.2", attempt=1)


def test_an_amendment_that_does_not_name_the_value_leaves_it_as_it_was_set(world: InMemory) -> None:
    order = mobile(world)
    world.answer(TASK, "rejected")
    world.set_values("2", simType="physical")
    world.amend(order, add("2", "mobile-line"))
    world.resolve(TASK, fallout.RETRY)
    world.complete_all()
    assert [world.state(world.product(order, item)).values["simType"] for item in ("1", "2")] == ["physical", "esim"]


def test_values_that_are_set_before_the_first_step_are_in_its_request(world: InMemory) -> None:
    world.order(add("1", "mobile-line"), start=NOW + timedelta(hours=1))
    world.set_values("2", simType="physical")
    world.let_time_pass(3601)
    assert world.events(ActivationRequested) == [Like(ActivationRequested, key="so-1-1.2.activate.add.1")]
    assert world.state(SO).items["2"].values == {"simType": "physical"}


def test_the_same_value_changes_nothing(world: InMemory) -> None:
    mobile(world)
    world.answer(TASK, "rejected")
    assert world.set_values("2", simType="esim") == []


@pytest.mark.parametrize(
    ("item", "values", "code", "sentence"),
    [
        ("2", {"colour": "red"}, "invalid", "colour is not a characteristic of hlr-subscription"),
        ("2", {"simType": 7}, "invalid", "must be a string"),
        ("9", {"simType": "esim"}, "unknown", "no item 9"),
    ],
)
def test_values_are_checked_against_the_specification(world: InMemory, item: str, values: dict[str, Any], code: str, sentence: str) -> None:
    mobile(world)
    world.answer(TASK, "rejected")
    with pytest.raises(Rejected, match=sentence) as refused:
        world.set_values(item, **values)
    assert refused.value.code == code


def test_values_are_not_set_under_a_request_that_is_out_nor_after_the_end(world: InMemory) -> None:
    mobile(world)
    with pytest.raises(Rejected, match="its answer comes first"):
        world.set_values("2", simType="physical")
    world.answer(TASK)
    with pytest.raises(Rejected, match="completed"):
        world.set_values("2", simType="physical")


# Fallouts -------------------------------------------------------------------------------------------------------------------------------
def raise_by_hand(severity: str = "minor") -> RaiseFallout:
    return RaiseFallout(SO, "1.1.activate", "wrongPort", Reason("wrong-port", "It is the neighbour's"), severity, "gpon-desk", OPERATOR)


def test_a_person_raises_a_fallout_that_is_resolved_like_any_other() -> None:
    given(*after(DISPATCH)).when(raise_by_hand()).then(
        Like(
            FalloutRaised,
            number=1,
            type="wrongPort",
            severity="minor",
            group="gpon-desk",
            target_system="gpon",
            specification="gpon-port",
            who=OPERATOR,
            items={"1": "held"},
        )
    )
    raised = after(DISPATCH, raise_by_hand())
    given(*raised).when(resolve("retry")).then(Like(FalloutResolved), Like(ActivationRequested, attempt=2))
    given(*raised).when(answer("completed")).then(Like(ActivationAnswered), Like(FalloutResolved, action="answered"))


def test_a_fallout_is_raised_only_for_what_is_out() -> None:
    given(made()).when(raise_by_hand()).then_rejected("conflict", "waiting")
    given(*after(DISPATCH, answer("rejected"))).when(raise_by_hand()).then_rejected("conflict", "fallout")
    given(*after(DISPATCH, answer("completed"))).when(raise_by_hand()).then_rejected("conflict", "done")
    given(*after(DISPATCH)).when(raise_by_hand("terrible")).then_rejected("invalid", "critical, major, minor, warning")


@pytest.mark.parametrize(
    ("history", "type"),
    [
        ((DISPATCH, answer("rejected")), "refused"),
        (SILENCE, "noAnswer"),
        ((DISPATCH, answer("failed"), answer("failed"), answer("failed")), "failed"),
    ],
)
def test_a_fallout_says_what_kind_it_is(history: tuple[Any, ...], type: str) -> None:
    assert [event.type for event in after(*history) if isinstance(event, FalloutRaised)] == [type]


def test_what_is_known_of_a_fallout_is_told_with_what_was_known_before() -> None:
    refused = after(DISPATCH, answer("rejected"))
    task = "1.1.activate"
    given(*refused).when(RateFallout(SO, task, "critical", OPERATOR)).then(FalloutRated(task, 1, "critical", "major", OPERATOR))
    given(*refused).when(RateFallout(SO, task, "major", OPERATOR)).then_nothing()
    given(*refused).when(RateFallout(SO, task, "bad", OPERATOR)).then_rejected("invalid")
    assigned = AssignFallout(SO, task, "kim", "desk", OPERATOR)
    given(*refused).when(assigned).then(FalloutAssigned(task, 1, "kim", "desk", "", "", OPERATOR))
    given(*after(DISPATCH, answer("rejected"), assigned)).when(AssignFallout(SO, task, "lee", "", OPERATOR)).then(
        FalloutAssigned(task, 1, "lee", "", "kim", "desk", OPERATOR)
    )
    assert given(*refused).when(NoteFallout(SO, task, "Called them", OPERATOR)).events == (FalloutNoted(task, 1, "Called them", OPERATOR),)


def test_a_fallout_that_is_closed_is_history() -> None:
    for history in (after(DISPATCH), after(DISPATCH, answer("rejected"), resolve("skip"))):
        given(*history).when(NoteFallout(SO, "1.1.activate", "Too late", OPERATOR)).then_rejected("conflict", "no fallout")


def test_an_item_has_a_fallout_for_each_step_that_stopped(world: InMemory) -> None:
    order = world.order(add("1", "triple-play"))
    world.complete_all(but=lambda task: task.endswith("reserve") and task != world.named("gpon-port/reserve"))
    sip, iptv = world.named("sip-account/reserve"), world.named("iptv-stream/reserve")
    for stopped in (sip, iptv):
        world.answer(stopped, "rejected")
        world.send(NoteFallout(world.stream_of(stopped), stopped, "seen", OPERATOR))
    assert [state.open_fallouts.keys() for state in map(world.state, ("so-1-2", "so-1-3"))] == [{sip}, {iptv}]
    world.resolve(sip, fallout.SKIP)
    world.resolve(iptv, fallout.SKIP)
    world.complete_all()
    assert world.state(order).state == "completed"


# Every decision about a step that stopped, and what becomes of item, product and service ------------------------------------------------
@pytest.mark.parametrize(
    ("action", "item", "product", "service"),
    [
        ("retry", "inProgress", "pendingActive", "designed"),
        ("complete", "completed", "active", "active"),
        ("skip", "completed", "active", "inactive"),
        ("abort", "failed", "aborted", "terminated"),
    ],
)
@pytest.mark.parametrize("stopped_by", ["refusal", "silence", "failure", "hand", "offline"])
def test_every_cell_of_the_table_of_decisions(world: InMemory, stopped_by: str, action: str, item: str, product: str, service: str) -> None:
    if stopped_by == "offline":
        world.take_offline("hlr")
    order = mobile(world)
    if stopped_by == "refusal":
        world.answer(TASK, "rejected")
    elif stopped_by == "silence":
        for _ in range(3):
            world.let_time_pass()
    elif stopped_by == "failure":
        for _ in range(3):
            world.answer(TASK, "failed")
    elif stopped_by == "hand":
        world.send(RaiseFallout(SO, TASK, "byHand", Reason("odd", "Odd"), "major", "", OPERATOR))
    assert world.state(order).own["1"] == "held"
    if stopped_by == "offline" and action == "retry":
        with pytest.raises(Rejected, match="cannot be resolved by retry"):
            world.resolve(TASK, action)
        return
    world.resolve(TASK, action)
    assert (world.state(order).own["1"], world.status(order, "1")) == (item, product)
    assert [each.state for each in world.services("hlr-subscription").values()] == [service]
    assert world.offenders() == []


# Tasks for people -----------------------------------------------------------------------------------------------------------------------
def handed(**changed: Any) -> tuple[Any, ...]:
    begun = made(service("1", by_hand(PORT, **changed)))
    return after(DispatchTask(SO, PORT), begun=begun)


def test_a_task_for_people_is_due_when_the_catalog_says_so() -> None:
    assert handed(answer_within=60.0)[-1] == Like(ManualTaskRequested, due=NOW + timedelta(seconds=60))
    assert handed(answer_within=0.0)[-1] == Like(ManualTaskRequested, due=None)


def test_a_task_for_people_that_is_late_is_told_once_and_still_waits_for_them() -> None:
    history, key = handed(answer_within=60.0), "so-1-1.1.port-number.add.1"
    late = deadline(1, key, PORT)
    given(*history).at(NOW + timedelta(seconds=59)).when(late).then_nothing()
    given(*history).at(NOW + timedelta(seconds=61)).when(late).then(
        ManualTaskOverdue(PORT, "1", key, "porting", NOW + timedelta(seconds=60), "1")
    )
    overdue = (*history, *given(*history).at(NOW + timedelta(seconds=61)).when(late).events)
    given(*overdue).when(resolve("complete", PORT, date="today")).then(Like(TaskCompletedByHand))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "date is missing"),
        ({"date": "today", "colour": "red"}, "asks for only date, not for colour"),
        ({"colour": "red"}, "date is missing"),
    ],
)
def test_the_values_of_a_form_are_checked(values: dict[str, Any], sentence: str) -> None:
    given(*handed()).when(resolve("complete", PORT, **values)).then_rejected("invalid", sentence)
    given(*handed()).when(resolve("skip", PORT)).then(Like(TaskCompletedByHand, skipped=True))


def test_a_form_that_asks_for_nothing_takes_nothing() -> None:
    given(*handed(form=())).when(resolve("complete", PORT)).then(Like(TaskCompletedByHand))
    given(*handed(form=())).when(resolve("complete", PORT, date="today")).then_rejected("invalid", "asks for nothing")


def test_what_was_done_by_hand_is_taken_back_by_hand(world: InMemory) -> None:
    order = world.order(add("1", "voice-line", numberPorting=True, portingNumber="555"))
    port, test = world.named("voice-service/port-number"), world.named("voice-service/test")
    world.complete_all(but=lambda task: task == test)
    if world.task(test).state == "waiting":
        pytest.fail("the test comes before the porting now: tell the story with another step")
    world.answer(test, "rejected")
    world.resolve(test, fallout.ABORT)
    (undo,) = [event for event in world.events(ManualTaskRequested) if event.undo]
    assert (undo.task, undo.form, undo.key.split(".")[-2]) == (port, (), "delete")
    world.resolve(port, fallout.COMPLETE)
    assert world.events(TaskCompletedByHand)[-1] == Like(TaskCompletedByHand, task=port, undo=True)
    world.complete_all()
    assert (world.state(order).state, world.status(order, "1")) == ("failed", "aborted")


def test_a_fallout_of_a_task_for_people_hands_it_out_again() -> None:
    history = handed()
    raised = given(*history).when(RaiseFallout(SO, PORT, "byHand", Reason("odd", "Odd"), "major", "", OPERATOR)).events
    given(*history, *raised).when(resolve("retry", PORT)).then(
        Like(FalloutResolved), Like(ManualTaskRequested, key="so-1-1.1.port-number.add.2")
    )


# The pauses between attempts -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("pauses", "expected"),
    [((), [0, 0, 0]), ((30.0,), [30, 30, 30]), ((10.0, 60.0), [10, 60, 60]), ((1.0, 2.0, 3.0, 4.0), [1, 2, 3])],
    ids=["at once", "fixed", "a list", "a longer list"],
)
def test_attempts_follow_each_other_by_the_policy_of_the_catalog(pauses: tuple[float, ...], expected: list[int]) -> None:
    history = after(DISPATCH, begun=made(service("1", task("1.1.activate", retry_after=pauses, attempts=4))))
    waited, now = [], NOW
    for attempt in range(1, 4):
        history += given(*history).at(now).when(answer("failed", attempt=attempt)).events
        due = history[-1].due
        pause = 0.0 if isinstance(history[-1], ActivationRequested) else (due - now).total_seconds()
        waited.append(int(pause))
        now += timedelta(seconds=pause)
        if pause:
            history += given(*history).at(now).when(deadline(attempt)).events
        assert history[-1] == Like(ActivationRequested, attempt=attempt + 1)
    assert waited == expected
    given(*history).at(now).when(answer("failed", attempt=4)).then(Like(ActivationAnswered), Like(FalloutRaised))


# Visits ---------------------------------------------------------------------------------------------------------------------------------
def test_a_visit_cancelled_by_field_service_without_another_holds_its_items(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband"))
    world.complete_all(but=lambda task: task.startswith("wo-"))
    world.answer("wo-1-1", "cancelled")
    assert (world.state("wo-1-1").state, world.state(order).state) == ("held", "held")
    assert world.outstanding() == []
    world.resolve("wo-1-1", fallout.RETRY)
    assert world.events(WorkOrderRequested)[-1] == Like(WorkOrderRequested, key="wo-1-1.2", attempt=1)
    world.complete_all()
    assert world.state(order).state == "completed"


def test_the_fallout_of_a_visit_is_described_like_any_other(world: InMemory) -> None:
    world.order(add("1", "fibre-broadband"))
    world.complete_all(but=lambda task: task.startswith("wo-"))
    world.answer("wo-1-1", "failed")
    world.send(AssignFallout("wo-1-1", "wo-1-1", "lee", "", OPERATOR))
    assert world.state("wo-1-1").open_fallouts["wo-1-1"].assignee == "lee"
    world.resolve("wo-1-1", fallout.SKIP)
    with pytest.raises(Rejected, match="in no fallout"):
        world.send(NoteFallout("wo-1-1", "wo-1-1", "late", OPERATOR))


def test_set_values_asks_for_the_catalog_of_the_order() -> None:
    given().when(SetValues(SO, "1", {}, OPERATOR)).then_rejected("unknown")
