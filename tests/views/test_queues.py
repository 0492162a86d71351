"""The two queues: fallouts, and open obligations."""

from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.timers import TIMERS
from domain.product_order import ReleaseStep, StartProductOrder
from domain.values import Reason
from projections import FALLOUTS, OBLIGATIONS
from tests.decisions.test_plan_edges import catalog
from tests.views.story import ABSENT, BEGINNING, Story, item, order

TASK = "1.2.activate"
NO_SIM = Reason("no-sim", "No SIM card left")


@pytest.fixture
def mobile() -> Story:
    return Story().submit("po-1", order(item("1", "mobile-line")))


def test_a_request_is_an_obligation_until_it_is_answered(mobile: Story) -> None:
    mobile.then_rows(
        OBLIGATIONS,
        {
            f"po-1:{TASK}": {
                "kind": "activation",
                "state": "open",
                "productOrder": {"id": "po-1", "itemId": "1"},
                "serviceOrder": {"id": "so-1-1", "itemId": "2"},
                "task": TASK,
                "targetSystem": "hlr",
                "activationKey": "so-1-1.2.activate.add.1",
                "attempt": 1,
                "reason": {"code": "awaiting-answer", "message": "hlr has not answered yet."},
                "dueAt": BEGINNING + timedelta(seconds=900),
            }
        },
    )
    mobile.answer(TASK).then_rows(OBLIGATIONS, {})


def test_a_step_that_waits_for_its_moment_is_an_obligation_until_then() -> None:
    story = Story(catalog({"before": "base/dig", "after": "antenna", "lag": 3600})).submit("po-1", order(item("1", "mast")))
    story.answer("1.1.dig")
    waiting = {"kind": "scheduledStep", "productOrder": {"id": "po-1"}, "task": "1.2.reserve", "dueAt": story.now + timedelta(hours=1)}
    others = {"po-1:1.1.pour": {"kind": "activation"}, "po-1:wo-1-1": {"kind": "workOrder"}}
    story.then_rows(OBLIGATIONS, {"po-1:1.2.reserve": waiting, **others})
    story.later(3600).tell(ReleaseStep("po-1", "1.2.reserve"))
    story.then_rows(OBLIGATIONS, {"po-1:1.2.reserve": {"kind": "activation"}, **others})


def test_what_waits_for_its_moment_is_not_waited_for_once_the_order_is_cancelled() -> None:
    story = Story(catalog({"before": "base/dig", "after": "antenna", "lag": 3600})).submit("po-1", order(item("1", "mast")))
    story.answer("1.1.dig").cancel("po-1")
    assert "po-1:1.2.reserve" not in story.rows(OBLIGATIONS)
    assert "po-1/1.2.reserve" not in story.rows(TIMERS)


def test_a_time_out_asks_again_and_then_waits_for_a_person(mobile: Story) -> None:
    mobile.time_out(TASK).then_rows(
        OBLIGATIONS, {f"po-1:{TASK}": {"kind": "activation", "attempt": 2, "dueAt": mobile.now + timedelta(seconds=900)}}
    )
    mobile.time_out(TASK).time_out(TASK)
    mobile.then_rows(
        OBLIGATIONS, {f"po-1:{TASK}": {"kind": "fallout", "dueAt": None, "reason": {"code": "no-answer"}, "productOrder": {"itemId": "1"}}}
    )


def test_a_refusal_is_a_fallout_until_an_operator_decides(mobile: Story) -> None:
    mobile.answer(TASK, "rejected", reason=NO_SIM)
    raised = {
        "productOrder": {"id": "po-1", "itemId": "1"},
        "task": TASK,
        "severity": "major",
        "reason": {"code": "no-sim", "message": "No SIM card left"},
    }
    mobile.then_rows(
        FALLOUTS, {"so-1-1.1": {**raised, "state": "open", "serviceOrder": {"id": "so-1-1", "itemId": "2"}, "resolution": ABSENT}}
    )
    mobile.then_rows(OBLIGATIONS, {f"po-1:{TASK}": {"kind": "fallout", "reason": {"code": "no-sim"}}})
    mobile.later(60).resolve("so-1-1", TASK, "retry")
    resolution = {"action": "retry", "who": "olga", "reason": "checked on site"}
    mobile.then_rows(FALLOUTS, {"so-1-1.1": {**raised, "state": "closed", "resolvedAt": mobile.now, "resolution": resolution}})
    mobile.then_rows(OBLIGATIONS, {f"po-1:{TASK}": {"kind": "activation", "activationKey": "so-1-1.2.activate.add.2", "attempt": 1}})


@pytest.mark.parametrize("action", ["skip", "complete", "abort"])
def test_every_other_decision_ends_the_obligation(mobile: Story, action: str) -> None:
    mobile.answer(TASK, "rejected", reason=NO_SIM).resolve("so-1-1", TASK, action)
    mobile.then_rows(OBLIGATIONS, {})
    mobile.then_rows(FALLOUTS, {"so-1-1.1": {"state": "closed", "resolution": {"action": action}}})


def test_a_late_answer_ends_the_fallout(mobile: Story) -> None:
    mobile.time_out(TASK).time_out(TASK).time_out(TASK).answer(TASK)
    mobile.then_rows(OBLIGATIONS, {})
    mobile.then_rows(FALLOUTS, {"so-1-1.1": {"state": "closed", "resolution": {"action": "answered"}}})


def test_a_cancel_withdraws_what_nobody_will_answer(mobile: Story) -> None:
    mobile.answer(TASK, "rejected", reason=NO_SIM).cancel("po-1").then_rows(OBLIGATIONS, {})
    mobile.then_rows(FALLOUTS, {"so-1-1.1": {"state": "closed"}})


def test_a_manual_task_waits_for_its_group() -> None:
    story = Story().submit("po-1", order(item("1", "voice-line", numberPorting=True, portingNumber="555")))
    story.finish(lambda: any(row["kind"] == "manualTask" for row in story.rows(OBLIGATIONS).values()))
    (row,) = [row for row in story.rows(OBLIGATIONS).values() if row["kind"] == "manualTask"]
    assert row["task"].endswith("port-number")
    assert row["productOrder"] == {"id": "po-1", "itemId": "1"}
    assert row["group"]
    assert row["dueAt"] == story.now + timedelta(days=10)
    story.finish().then_rows(OBLIGATIONS, {})


def test_an_order_for_later_waits_for_its_day() -> None:
    day = BEGINNING + timedelta(days=2)
    story = Story().submit("po-1", order(item("1", "mobile-line"), requestedStartDate=day.isoformat()))
    story.then_rows(OBLIGATIONS, {"po-1:start": {"kind": "scheduledStart", "dueAt": day, "productOrder": {"id": "po-1"}}})
    story.now = day
    story.tell(StartProductOrder("po-1")).then_rows(OBLIGATIONS, {f"po-1:{TASK}": {"kind": "activation"}})


def test_a_cancel_before_its_day_leaves_nothing_open() -> None:
    later = order(item("1", "mobile-line"), requestedStartDate="2026-12-24T00:00:00Z")
    Story().submit("po-1", later).cancel("po-1").then_rows(OBLIGATIONS, {})


def test_everything_that_an_item_lacks_is_one_row() -> None:
    (told,) = [each for each in Story().submit("po-1", order(item("1", "business-ethernet"))).log if hasattr(each.event, "paths")]
    (key,) = OBLIGATIONS.keys(told)
    row = OBLIGATIONS.evolve(OBLIGATIONS.evolve(None, told, key), replace(told, event=replace(told.event, paths=("second",))), key)
    assert row is not None
    assert row["paths"] == [*told.event.paths, "second"]


def test_missing_information_is_named_until_it_is_supplied() -> None:
    story = Story().submit("po-1", order(item("1", "business-ethernet")))
    path = "productOrderItem[0].product.productCharacteristic[bandwidth]"
    waiting = {"kind": "information", "productOrder": {"id": "po-1", "itemId": "1"}, "paths": [path], "dueAt": None}
    story.then_rows(OBLIGATIONS, {"po-1:item:1": waiting})
    story.supply("po-1", order(item("1", "business-ethernet", bandwidth=100)))
    assert "po-1:item:1" not in story.rows(OBLIGATIONS)
    assert story.rows(OBLIGATIONS)


def test_a_cancel_asks_for_no_more_information() -> None:
    Story().submit("po-1", order(item("1", "business-ethernet"))).cancel("po-1").then_rows(OBLIGATIONS, {})


def test_a_visit_is_an_obligation_and_a_failed_one_a_fallout() -> None:
    story = Story().submit("po-1", order(item("1", "fibre-broadband")))
    story.finish(lambda: "po-1:wo-1-1" in story.rows(OBLIGATIONS))
    row = story.rows(OBLIGATIONS)["po-1:wo-1-1"]
    assert (row["kind"], row["workOrder"], row["workOrderKey"]) == ("workOrder", {"id": "wo-1-1"}, "wo-1-1.1")
    start, end = story.now + timedelta(days=1), story.now + timedelta(days=1, hours=2)
    story.visit("wo-1-1", "scheduled", (start, end))
    assert story.rows(OBLIGATIONS)["po-1:wo-1-1"]["dueAt"] == end + timedelta(seconds=900)
    story.visit("wo-1-1", "failed")
    assert story.rows(OBLIGATIONS)["po-1:wo-1-1"]["kind"] == "fallout"
    story.then_rows(FALLOUTS, {"wo-1-1.1": {"state": "open", "task": "wo-1-1", "workOrder": {"id": "wo-1-1"}, "serviceOrder": ABSENT}})
    story.resolve("wo-1-1", "wo-1-1", "retry")
    assert story.rows(OBLIGATIONS)["po-1:wo-1-1"]["kind"] == "workOrder"
    story.finish().then_rows(OBLIGATIONS, {})
    story.then_rows(FALLOUTS, {"wo-1-1.1": {"state": "closed"}})
