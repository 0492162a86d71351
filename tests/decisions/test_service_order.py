"""The service order: one request per decision, answered once in effect; time-outs, fallout, operators, undo."""

from datetime import timedelta
from typing import Any

import pytest

from domain.decider import fold
from domain.fallout import FalloutRaised, FalloutResolved, ResolveTask
from domain.plan import PlannedService
from domain.service import Service
from domain.service_order import (
    AcknowledgeServiceOrder,
    ActivationAnswered,
    ActivationRequested,
    ActivationTimedOut,
    AnswerActivation,
    AnswerRecorded,
    CloseServiceOrderItems,
    DispatchTask,
    ManualTaskRequested,
    PassDeadline,
    ReleaseServiceOrder,
    RetryScheduled,
    ServiceOrder,
    ServiceOrderAcknowledged,
    ServiceOrderItemsClosed,
    ServiceOrderReleased,
    TaskCompletedByHand,
    TaskWithdrawn,
    UndoSpared,
    WithdrawTask,
    decider,
    task_of_key,
)
from domain.values import Place, Reason, Who
from tests.decisions.given import NOW, Like, given
from tests.decisions.made import by_hand, service, task

SO = "so-1-1"
OP = Who("op", "why")
LATER = NOW + timedelta(seconds=901)
KEY = "so-1-1.1.activate.add.1"
REFUSED = Reason("no-port", "No free port")


def made(*services: PlannedService, gates: tuple[str, ...] = ()) -> ServiceOrderAcknowledged:
    return ServiceOrderAcknowledged("po-1", "cust-1", services or (service("1", task("1.1.activate")),), gates, None, None)


def after(*commands: Any, begun: ServiceOrderAcknowledged | None = None) -> tuple[Any, ...]:
    """The history that these commands make; a deadline passes when it is told to."""
    history: tuple[Any, ...] = (begun or made(),)
    for command in commands:
        at = NOW + timedelta(days=len(history)) if isinstance(command, PassDeadline) else NOW
        history += given(*history).at(at).knowing(svc_1=None).at(at).when(command).events
    return history


def state(*history: Any) -> ServiceOrder:
    order: ServiceOrder = fold(decider, history)
    return order


def answer(outcome: str, key: str = KEY, task: str = "1.1.activate", attempt: int = 0, **values: Any) -> AnswerActivation:
    return AnswerActivation(SO, task, key, outcome, values, REFUSED if outcome == "rejected" else Reason("", ""), attempt, NOW)


def deadline(attempt: int, key: str = KEY, task: str = "1.1.activate") -> PassDeadline:
    return PassDeadline(SO, task, key, attempt)


def resolve(action: str, task: str = "1.1.activate", **values: Any) -> ResolveTask:
    return ResolveTask(SO, task, action, values, OP, NOW)


DISPATCH = DispatchTask(SO, "1.1.activate")
UNDO = DispatchTask(SO, "1.1.activate", undo=True)
SILENCE = (DISPATCH, deadline(1), deadline(2), deadline(3))


# Requests -------------------------------------------------------------------------------------------------------------------------------
def test_an_order_is_acknowledged_once() -> None:
    planned = service("1", task("1.1.activate"))
    given().when(AcknowledgeServiceOrder(SO, "po-1", "cust-1", (planned,), (), None, None)).then(made())


def test_a_task_is_requested_under_its_key_and_shows_in_progress() -> None:
    given(made()).when(DISPATCH).then(
        Like(ActivationRequested, key=KEY, attempt=1, decision=1, undo=False, items={"1": "inProgress"}, state="inProgress")
    )


def test_the_request_is_the_message_of_the_contract() -> None:
    request = after(DISPATCH)[-1].request
    assert request == {
        "activationKey": KEY,
        "attempt": 1,
        "action": "add",
        "task": "activate",
        "targetSystem": "gpon",
        "service": {
            "id": "svc-1",
            "@type": "Service",
            "category": "RFS",
            "name": "GPON port",
            "serviceSpecification": {"id": "gpon-port", "version": "1.0"},
            "serviceCharacteristic": [{"name": "downstream", "value": 500}],
            "place": [{"id": "site-1", "role": "installation"}],
            "supportingService": [],
        },
        "serviceOrder": {"id": SO, "itemId": "1"},
        "productOrder": {"id": "po-1", "itemId": "1"},
        "requestedStartDate": NOW,
        "answerBy": NOW + timedelta(seconds=900),
    }


def test_the_request_of_a_service_that_is_nowhere_names_no_place() -> None:
    for places in ((), (Place("", "installation"),)):
        begun = made(service("1", task("1.1.activate"), places=places))
        assert "place" not in after(DISPATCH, begun=begun)[-1].request["service"]


@pytest.mark.parametrize(
    ("key", "found"),
    [
        (KEY, (SO, "1.1.activate")),
        ("so-9f-12.3.port-number.delete.2", ("so-9f-12", "12.3.port-number")),
        ("so-1-1.1.two.words.add.1", (SO, "1.1.two.words")),
        ("wo-1-1.1", None),
        ("so-1-x.1.activate.add.1", None),
        ("so-1-1", None),
        ("", None),
        ("nonsense", None),
    ],
)
def test_a_key_leads_back_to_its_task(key: str, found: tuple[str, str] | None) -> None:
    assert task_of_key(key) == found


def test_a_task_for_people_is_handed_to_its_group() -> None:
    given(made(service("1", by_hand("1.1.port-number")))).when(DispatchTask(SO, "1.1.port-number")).then(
        Like(ManualTaskRequested, group="porting", form=("date",), items={"1": "inProgress"}, state="inProgress")
    )


def test_an_unknown_order_or_task_is_refused() -> None:
    given().when(DISPATCH).then_rejected("unknown")
    given(made()).when(DispatchTask(SO, "1.9.activate")).then_rejected("unknown", "1.9.activate")


# Answers --------------------------------------------------------------------------------------------------------------------------------
def test_the_answer_completes_item_and_order_and_its_values_stay() -> None:
    given(*after(DISPATCH)).when(answer("completed", port="7")).then(
        Like(ActivationAnswered, outcome="completed", values={"port": "7"}, items={"1": "completed"}, state="completed")
    )
    assert state(*after(DISPATCH, answer("completed", port="7"))).items["1"].values == {"downstream": 500, "port": "7"}


def test_progress_is_heard_and_extends_nothing() -> None:
    given(*after(DISPATCH)).when(answer("inProgress")).then(Like(AnswerRecorded, outcome="inProgress"))


@pytest.mark.parametrize("late", ["completed", "rejected", "failed"])
def test_the_first_final_answer_counts_and_later_ones_change_nothing(late: str) -> None:
    given(*after(DISPATCH, answer("completed"))).when(answer(late)).then(Like(AnswerRecorded, outcome=late))
    given(*after(DISPATCH, answer("rejected"))).when(answer(late)).then(Like(AnswerRecorded, outcome=late))


@pytest.mark.parametrize("rest", ["add.2", "add.99", "add.01", "add.0", "delete.1", "frobnicate.1", "add."])
def test_an_answer_under_a_key_that_was_never_issued_is_refused(rest: str) -> None:
    key = f"so-1-1.1.activate.{rest}"
    sentence = f"Nobody has asked for activation key '{key}'."
    given(*after(DISPATCH)).when(answer("completed", key=key)).then_rejected("unknown", sentence)


def test_nothing_is_answered_before_it_was_asked() -> None:
    given(made()).when(answer("completed")).then_rejected("unknown", KEY)


def test_late_answers_under_earlier_keys_are_kept() -> None:
    again = after(DISPATCH, answer("rejected"), resolve("retry"), answer("completed", key="so-1-1.1.activate.add.2"), UNDO)
    for key in (KEY, "so-1-1.1.activate.add.2"):
        given(*again).when(answer("failed", key=key)).then(Like(AnswerRecorded, key=key))
    given(*again).when(answer("failed", key="so-1-1.1.activate.delete.2")).then_rejected("unknown")
    given(*again).when(answer("completed", key="so-1-1.1.activate.delete.3")).then(Like(ActivationAnswered, undo=True))


def test_a_refusal_is_fallout_at_once() -> None:
    given(*after(DISPATCH)).when(answer("rejected")).then(
        Like(ActivationAnswered, outcome="rejected", items={}, state=""),
        Like(FalloutRaised, number=1, reason=REFUSED, items={"1": "held"}, state="held"),
    )


def test_a_technical_failure_is_tried_again_under_the_same_key() -> None:
    again = Like(ActivationRequested, key=KEY, attempt=2)
    given(*after(DISPATCH)).when(answer("failed", attempt=1)).then(Like(ActivationAnswered, outcome="failed"), again)


def test_a_failure_counts_only_for_the_attempt_that_is_running() -> None:
    tried_twice = after(DISPATCH, answer("failed"))
    given(*tried_twice).when(answer("failed", attempt=1)).then(Like(AnswerRecorded, outcome="failed"))
    given(*tried_twice).when(answer("failed", attempt=2)).then(Like(ActivationAnswered), Like(ActivationRequested, attempt=3))
    assert after(DISPATCH, answer("failed"), answer("failed"))[-1] == Like(ActivationRequested, attempt=3)


def test_the_third_failure_is_fallout() -> None:
    given(*after(DISPATCH, answer("failed"), answer("failed"))).when(answer("failed")).then(Like(ActivationAnswered), Like(FalloutRaised))


def test_pauses_between_attempts_are_kept() -> None:
    begun = made(service("1", task("1.1.activate", retry_after=(10.0, 60.0))))
    given(*after(DISPATCH, begun=begun)).when(answer("failed")).then(
        Like(ActivationAnswered), Like(RetryScheduled, due=NOW + timedelta(seconds=10))
    )
    waiting = after(DISPATCH, answer("failed"), begun=begun)
    given(*waiting).at(LATER).when(deadline(1)).then(Like(ActivationRequested, key=KEY, attempt=2))
    again = (*waiting, *given(*waiting).at(LATER).when(deadline(1)).events)
    given(*again).when(answer("failed")).then(Like(ActivationAnswered), Like(RetryScheduled, due=NOW + timedelta(seconds=60)))
    given(*waiting).when(answer("completed")).then(Like(ActivationAnswered, outcome="completed"))


# Time-outs ------------------------------------------------------------------------------------------------------------------------------
def test_silence_is_asked_again_under_the_same_key() -> None:
    given(*after(DISPATCH)).at(LATER).when(deadline(1)).then(
        Like(ActivationTimedOut, attempt=1), Like(ActivationRequested, key=KEY, attempt=2)
    )


def test_a_deadline_that_is_not_due_or_of_an_earlier_attempt_changes_nothing() -> None:
    given(*after(DISPATCH)).when(deadline(1)).then_nothing()
    given(*after(DISPATCH, deadline(1))).at(NOW + timedelta(days=9)).when(deadline(1)).then_nothing()
    given(*after(DISPATCH, answer("completed"))).at(LATER).when(deadline(1)).then_nothing()


def test_silence_ends_in_fallout_that_says_so() -> None:
    assert after(*SILENCE)[-1] == Like(FalloutRaised, reason=Reason("no-answer", "No answer from gpon after 3 attempts"))


def test_a_late_answer_repairs_the_fallout() -> None:
    given(*after(*SILENCE)).when(answer("completed")).then(
        Like(ActivationAnswered, outcome="completed", items={"1": "completed"}), Like(FalloutResolved, action="answered", number=1)
    )


def test_a_late_refusal_leaves_the_fallout_and_makes_the_retry_a_new_decision() -> None:
    given(*after(*SILENCE)).when(answer("rejected")).then(Like(ActivationAnswered, outcome="rejected"))
    given(*after(*SILENCE, answer("rejected"))).when(resolve("retry")).then(
        Like(FalloutResolved, action="retry"), Like(ActivationRequested, key="so-1-1.1.activate.add.2", attempt=1)
    )


# Operators ------------------------------------------------------------------------------------------------------------------------------
def test_a_retry_after_a_refusal_has_a_new_key_and_after_silence_the_same_with_a_new_budget() -> None:
    given(*after(DISPATCH, answer("rejected"))).when(resolve("retry")).then(
        Like(FalloutResolved, action="retry", who=OP), Like(ActivationRequested, key="so-1-1.1.activate.add.2", attempt=1, decision=2)
    )
    retried = after(*SILENCE, resolve("retry"))
    assert retried[-1] == Like(ActivationRequested, key=KEY, attempt=4, decision=1)
    assert after(*SILENCE, resolve("retry"), deadline(4))[-1] == Like(ActivationRequested, attempt=5)


def test_skip_and_complete_finish_the_task_by_hand() -> None:
    stopped = after(DISPATCH, answer("rejected"))
    given(*stopped).when(resolve("complete", port="8")).then(
        Like(FalloutResolved, action="complete"),
        Like(TaskCompletedByHand, values={"port": "8"}, skipped=False, undo=False, items={"1": "completed"}, state="completed"),
    )
    given(*stopped).when(resolve("skip")).then(Like(FalloutResolved, action="skip"), Like(TaskCompletedByHand, skipped=True))


def test_abort_ends_the_task() -> None:
    given(*after(DISPATCH, answer("rejected"))).when(resolve("abort")).then(
        Like(FalloutResolved, action="abort", number=1, items={"1": "inProgress"}, state="inProgress")
    )


def test_a_request_that_is_out_can_be_completed_by_hand_and_nothing_else() -> None:
    given(*after(DISPATCH)).when(resolve("complete")).then(Like(TaskCompletedByHand))
    for action in ("retry", "skip", "abort"):
        given(*after(DISPATCH)).when(resolve(action)).then_rejected("conflict", f"cannot be resolved by {action}")
    given(made()).when(resolve("retry")).then_rejected("conflict")
    given(*after(DISPATCH)).when(resolve("burn")).then_rejected("invalid", "'burn'")


def test_a_step_for_people_is_completed_skipped_or_aborted_by_them() -> None:
    handed = after(DispatchTask(SO, "1.1.port-number"), begun=made(service("1", by_hand("1.1.port-number"))))
    given(*handed).when(resolve("complete", "1.1.port-number", date="2026-12-01")).then(
        Like(TaskCompletedByHand, values={"date": "2026-12-01"}, state="completed")
    )
    given(*handed).when(resolve("skip", "1.1.port-number")).then(Like(TaskCompletedByHand, skipped=True))
    given(*handed).when(resolve("abort", "1.1.port-number")).then(
        Like(FalloutRaised, reason=Reason("aborted", "why"), number=1), Like(FalloutResolved, action="abort", number=1)
    )
    given(*handed).when(resolve("retry", "1.1.port-number")).then_rejected("conflict")
    given(*handed).when(answer("completed", handed[-1].key, "1.1.port-number")).then(Like(AnswerRecorded))


def test_each_fallout_is_resolved_under_its_own_number() -> None:
    begun = made(service("1", task("1.1.activate")), service("2", task("1.2.activate")))
    second = answer("rejected", "so-1-1.2.activate.add.1", "1.2.activate")
    history = after(DISPATCH, DispatchTask(SO, "1.2.activate"), answer("rejected"), second, begun=begun)
    given(*history).when(resolve("skip")).then(Like(FalloutResolved, task="1.1.activate", number=1), Like(TaskCompletedByHand))
    given(*history).when(resolve("skip", "1.2.activate")).then(Like(FalloutResolved, number=2), Like(TaskCompletedByHand))


# Undo and the end -------------------------------------------------------------------------------------------------------------------------
def test_undo_is_a_new_decision_with_the_inverse_action() -> None:
    given(*after(DISPATCH, answer("completed"))).knowing(svc_1=None).when(UNDO).then(
        Like(ActivationRequested, key="so-1-1.1.activate.delete.2", undo=True, decision=2, items={"1": "inProgress"}, state="inProgress")
    )


def test_undoing_a_change_sends_the_values_before() -> None:
    change = service("1", task("1.1.activate", "modify"), action="modify", previous={"downstream": 100})
    done = after(DISPATCH, answer("completed", "so-1-1.1.activate.modify.1"), begun=made(change))
    undo = given(*done).when(UNDO).events[0]
    assert undo.request["action"] == "modify"
    assert undo.request["service"]["serviceCharacteristic"] == [{"name": "downstream", "value": 100}]


def test_what_others_use_by_now_is_spared() -> None:
    shared = Service("active", "cust-1", "gpon-port", "1.0", "", "RFS", {}, (), {"pr-1-1": "po-1", "pr-2-1": "po-2"}, (), "", "po-1")
    given(*after(DISPATCH, answer("completed"))).knowing(svc_1=shared).when(UNDO).then(UndoSpared("1.1.activate", "1"))


def test_an_undo_that_is_refused_and_completed_by_hand_is_known_as_an_undo() -> None:
    undoing = after(DISPATCH, answer("completed"), UNDO, answer("rejected", "so-1-1.1.activate.delete.2"))
    given(*undoing).when(resolve("complete")).then(Like(FalloutResolved), Like(TaskCompletedByHand, undo=True, items={"1": "inProgress"}))


def test_a_task_that_is_no_longer_wanted_is_withdrawn_and_its_fallout_with_it() -> None:
    given(made()).when(WithdrawTask(SO, "1.1.activate")).then(Like(TaskWithdrawn))
    given(*after(DISPATCH, answer("rejected"))).when(WithdrawTask(SO, "1.1.activate")).then(
        Like(FalloutResolved, action="withdrawn", number=1), Like(TaskWithdrawn)
    )
    given(*after(DISPATCH, answer("completed"))).when(WithdrawTask(SO, "1.1.activate")).then_nothing()


def test_a_completion_counts_even_when_the_task_is_not_wanted_any_more() -> None:
    withdrawn = after(*SILENCE, WithdrawTask(SO, "1.1.activate"), CloseServiceOrderItems(SO, ("1",), "cancelled"))
    given(*withdrawn).when(answer("completed")).then(Like(ActivationAnswered, outcome="completed", items={}, state=""))
    given(*withdrawn).when(answer("rejected")).then(Like(AnswerRecorded))
    late = (*withdrawn, *given(*withdrawn).when(answer("completed")).events)
    given(*late).knowing(svc_1=None).when(UNDO).then(Like(ActivationRequested, undo=True, items={}, state=""))


@pytest.mark.parametrize("outcome", ["cancelled", "failed"])
def test_items_are_closed_as_the_order_ends(outcome: str) -> None:
    closed = ServiceOrderItemsClosed({"1": outcome}, outcome)
    given(made()).when(CloseServiceOrderItems(SO, ("1",), outcome)).then(closed)
    given(*after(DISPATCH, answer("completed"))).when(CloseServiceOrderItems(SO, ("1",), outcome)).then(closed)


def test_an_open_work_order_holds_the_service_order_back_from_its_end() -> None:
    gated = after(DISPATCH, answer("completed"), begun=made(gates=("wo-1-1",)))
    assert state(*gated).state == "inProgress"
    given(*gated).when(ReleaseServiceOrder(SO, "wo-1-1")).then(ServiceOrderReleased("wo-1-1", {}, "completed"))
    given(*gated).when(ReleaseServiceOrder(SO, "wo-9-9")).then_nothing()


def test_a_service_is_done_when_its_tasks_and_those_below_it_are() -> None:
    cfs = service("1", category="CFS", supporting=("svc-2",))
    rfs = service("2", task("1.2.reserve"), task("1.2.configure"))
    reserve, configure = DispatchTask(SO, "1.2.reserve"), DispatchTask(SO, "1.2.configure")
    reserved = answer("completed", "so-1-1.2.reserve.add.1", "1.2.reserve")
    history = after(reserve, reserved, configure, begun=made(cfs, rfs))
    assert {id: item.state for id, item in state(*history).items.items()} == {"1": "inProgress", "2": "inProgress"}
    given(*history).when(answer("completed", "so-1-1.2.configure.add.1", "1.2.configure")).then(
        Like(ActivationAnswered, items={"2": "completed", "1": "completed"}, state="completed")
    )
    given(*history).when(answer("rejected", "so-1-1.2.configure.add.1", "1.2.configure")).then(
        Like(ActivationAnswered), Like(FalloutRaised, items={"2": "held", "1": "held"}, state="held")
    )
