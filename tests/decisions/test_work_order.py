"""The visit to a site: asked for once, answered once in effect, repeated when nobody answers, cancelled under a key of its own."""

from datetime import timedelta
from typing import Any

import pytest

from domain import fallout
from domain.fallout import FalloutRaised, FalloutResolved, ResolveTask
from domain.service_order import PassDeadline
from domain.values import Place, Reason, Who
from domain.work_order import (
    AcknowledgeWorkOrder,
    AnswerWorkOrder,
    CancelWorkOrder,
    RequestWorkOrder,
    WorkOrderAcknowledged,
    WorkOrderAnswered,
    WorkOrderAnswerRecorded,
    WorkOrderClosed,
    WorkOrderRequested,
    WorkOrderTimedOut,
    decider,
)
from tests.decisions.given import NOW, Like, given
from tests.decisions.made import visit

WO = "wo-1-1"
OP = Who("op", "why")
LATER = NOW + timedelta(seconds=901)
MADE = WorkOrderAcknowledged("po-1", "cust-1", visit(), None)


def asked(*commands: Any, history: tuple[Any, ...] = (MADE,)) -> tuple[Any, ...]:
    """The history that these commands make; a deadline passes whenever one is told to."""
    for command in commands:
        at = LATER + timedelta(days=len(history)) if isinstance(command, PassDeadline) else NOW
        history += given(*history).at(at).when(command).events
    return history


def answer(outcome: str, decision: int = 1, appointment: Any = None) -> AnswerWorkOrder:
    return AnswerWorkOrder(WO, f"{WO}.{decision}", outcome, appointment, Reason("", ""), NOW)


def resolve(action: str) -> ResolveTask:
    return ResolveTask(WO, WO, action, {}, OP, NOW)


REQUESTED = asked(RequestWorkOrder(WO))
FALLEN = asked(RequestWorkOrder(WO), answer("failed"))


def test_a_visit_is_acknowledged_and_requested_when_its_turn_comes() -> None:
    given().when(AcknowledgeWorkOrder(WO, "po-1", "cust-1", visit(), None)).then(MADE)
    given(MADE).when(RequestWorkOrder(WO)).then(Like(WorkOrderRequested, key="wo-1-1.1", attempt=1, state="inProgress"))


def test_the_request_is_the_message_of_the_contract() -> None:
    request = REQUESTED[-1].request
    assert request.keys() == {"workOrderKey", "targetSystem", "action", "workOrder", "productOrder", "answerBy"}
    assert (request["action"], request["answerBy"]) == ("create", NOW + timedelta(seconds=900))


def test_a_request_leaves_out_what_is_not_known() -> None:
    assert "requestedStartDate" not in REQUESTED[-1].request["workOrder"]
    start = NOW + timedelta(days=1)
    nowhere = WorkOrderAcknowledged("po-1", "cust-1", visit(place=Place("", "installation")), start)
    document = asked(RequestWorkOrder(WO), history=(nowhere,))[-1].request["workOrder"]
    assert document["requestedStartDate"] == start
    assert "place" not in document


def test_the_first_final_answer_counts_and_later_ones_are_recorded() -> None:
    given(*REQUESTED).when(answer("completed")).then(Like(WorkOrderAnswered, outcome="completed", state="completed"))
    given(*REQUESTED, *given(*REQUESTED).when(answer("completed")).events).when(answer("failed")).then(
        Like(WorkOrderAnswerRecorded, outcome="failed")
    )


def test_an_answer_for_a_key_that_was_never_issued_is_refused() -> None:
    given(*REQUESTED).when(answer("completed", decision=7)).then_rejected("unknown", "Nobody has asked for work order key 'wo-1-1.7'.")
    given(MADE).when(answer("completed")).then_rejected("unknown", "wo-1-1.1")


def test_an_answer_for_an_earlier_key_changes_nothing() -> None:
    given(*asked(RequestWorkOrder(WO), CancelWorkOrder(WO))).when(answer("completed")).then(Like(WorkOrderAnswerRecorded))


def test_an_appointment_moves_the_deadline_behind_it() -> None:
    end = NOW + timedelta(days=2)
    given(*REQUESTED).when(answer("scheduled", appointment=(NOW, end))).then(
        Like(WorkOrderAnswered, outcome="scheduled", due=end + timedelta(seconds=900), state="")
    )


@pytest.mark.parametrize("outcome", ["failed", "cancelled"])
def test_a_visit_that_does_not_take_place_is_fallout(outcome: str) -> None:
    given(*REQUESTED).when(answer(outcome)).then(Like(WorkOrderAnswered, outcome=outcome, state=""), Like(FalloutRaised, task=WO, number=1))


def test_silence_is_asked_again_under_the_same_key_then_falls_out() -> None:
    again = Like(WorkOrderRequested, key="wo-1-1.1", attempt=2)
    given(*REQUESTED).at(LATER).when(PassDeadline(WO, WO, "wo-1-1.1", 1)).then(Like(WorkOrderTimedOut), again)
    history = asked(RequestWorkOrder(WO), PassDeadline(WO, WO, "wo-1-1.1", 1))
    given(*history).at(LATER + timedelta(days=9)).when(PassDeadline(WO, WO, "wo-1-1.1", 2)).then(
        Like(WorkOrderTimedOut), Like(FalloutRaised, reason=Reason("no-answer", "No answer from field-service after 2 attempts"))
    )


def test_a_deadline_that_is_not_due_or_of_an_earlier_attempt_changes_nothing() -> None:
    given(*REQUESTED).when(PassDeadline(WO, WO, "wo-1-1.1", 1)).then_nothing()
    given(*REQUESTED).at(LATER).when(PassDeadline(WO, WO, "wo-1-1.1", 2)).then_nothing()


def test_a_retry_after_a_refusal_is_a_new_decision_and_after_silence_the_same_with_a_new_budget() -> None:
    given(*FALLEN).when(resolve(fallout.RETRY)).then(
        Like(FalloutResolved, action="retry", number=1), Like(WorkOrderRequested, key="wo-1-1.2")
    )
    silent = asked(RequestWorkOrder(WO), PassDeadline(WO, WO, "wo-1-1.1", 1), PassDeadline(WO, WO, "wo-1-1.1", 2), resolve(fallout.RETRY))
    assert silent[-1] == Like(WorkOrderRequested, key="wo-1-1.1", attempt=3)
    given(*silent).at(LATER).when(PassDeadline(WO, WO, "wo-1-1.1", 3)).then(Like(WorkOrderTimedOut), Like(WorkOrderRequested, attempt=4))


@pytest.mark.parametrize(("action", "state"), [("skip", "completed"), ("complete", "completed"), ("abort", "cancelled")])
def test_an_operator_ends_a_visit_in_fallout(action: str, state: str) -> None:
    given(*FALLEN).when(resolve(action)).then(Like(FalloutResolved, task=WO, action=action), WorkOrderClosed(OP, action, state))


def test_a_visit_that_is_under_way_can_only_be_completed_by_hand() -> None:
    given(*REQUESTED).when(resolve("complete")).then(WorkOrderClosed(OP, "complete", "completed"))
    given(*REQUESTED).when(resolve("abort")).then_rejected("conflict", "cannot be resolved by abort")
    given(*FALLEN).when(resolve("burn")).then_rejected("invalid")


def test_a_late_answer_closes_the_fallout() -> None:
    silent = asked(RequestWorkOrder(WO), PassDeadline(WO, WO, "wo-1-1.1", 1), PassDeadline(WO, WO, "wo-1-1.1", 2))
    given(*silent).when(answer("completed")).then(
        Like(WorkOrderAnswered, state="completed"), Like(FalloutResolved, task=WO, action="answered")
    )


def test_a_cancel_before_the_request_closes_at_once_and_after_it_asks_under_a_new_key() -> None:
    given(MADE).when(CancelWorkOrder(WO)).then(Like(WorkOrderClosed, state="cancelled"))
    given(*REQUESTED).when(CancelWorkOrder(WO)).then(Like(WorkOrderRequested, key="wo-1-1.2", state=""))
    cancelling = asked(RequestWorkOrder(WO), CancelWorkOrder(WO))
    assert cancelling[-1].request["action"] == "cancel"
    given(*cancelling).when(answer("cancelled", 2)).then(Like(WorkOrderAnswered, state="cancelled"))
    given(*FALLEN).when(CancelWorkOrder(WO)).then(Like(FalloutResolved, action="withdrawn"), Like(WorkOrderClosed, state="cancelled"))


def test_what_does_not_exist_is_unknown() -> None:
    given().when(CancelWorkOrder(WO)).then_rejected("unknown")


def test_a_work_order_is_over_when_it_has_ended() -> None:
    state = None
    for event in asked(RequestWorkOrder(WO), answer("completed")):
        state = decider.evolve(state, event)
    assert decider.is_over(state)
