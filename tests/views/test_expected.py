"""What is seen of time: when an order and its steps are expected, and the alert while that is too late."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from adapters.notifications import notification
from adapters.timers import REVIEW, TIMERS, command_of
from domain.product_order import ProductOrderJeopardyAssessed, ReviewProductOrder
from projections import PRODUCT_ORDERS, SERVICE_ORDERS
from projections.jeopardy import late_by
from projections.order_trees import order_tree
from projections.view import Document
from tests.views.story import ABSENT, BEGINNING, Story, item, order

HOUR = timedelta(hours=1)
TODAY, FORTNIGHT = "2026-11-22T12:00:00Z", "2026-12-06T12:00:00Z"
APPOINTMENT = (BEGINNING + 48 * HOUR, BEGINNING + 50 * HOUR)


def ordered(completion: str | None) -> Story:
    """A broadband with a visit of two hours, asked for until then."""
    return Story().submit("po-1", order(item("1", "fibre-broadband"), **({"requestedCompletionDate": completion} if completion else {})))


def until_the_visit(completion: str | None) -> Story:
    story = ordered(completion)
    return story.answer("1.2.reserve").answer("1.2.configure")


def tree(story: Story, now: datetime | None = None) -> Document:
    made = order_tree(story.log, now)
    assert made is not None
    return made


# The tree -------------------------------------------------------------------------------------------------------------------------------
def test_every_step_that_is_not_done_says_when_it_is_expected_and_when_it_must_start() -> None:
    made = tree(until_the_visit(FORTNIGHT))
    visit = made["workOrders"]["wo-1-1"]
    assert (visit["expectedStart"], visit["expectedFinish"], visit["critical"]) == (BEGINNING, BEGINNING + 2 * HOUR, True)
    assert visit["latestStart"] == datetime.fromisoformat(FORTNIGHT) - 2 * HOUR
    assert timedelta(seconds=visit["slack"]) == visit["latestStart"] - visit["expectedStart"]
    waiting = [task for task in made["tasks"].values() if task["state"] == "waiting"]
    assert waiting
    assert {task["expectedStart"] for task in waiting} == {BEGINNING + 2 * HOUR}
    assert "expectedStart" not in made["tasks"]["1.2.reserve"]
    assert made["items"]["1"]["expectedFinish"] == made["expectedCompletionDate"] == BEGINNING + 2 * HOUR
    assert (made["leadTime"], made["criticalPath"][0]) == (7200, "wo-1-1")
    assert made["jeopardy"]["level"] == "normal"


def test_an_order_without_a_date_is_expected_too_and_has_no_jeopardy() -> None:
    made = tree(until_the_visit(None))
    assert (made["expectedCompletionDate"], "jeopardy" in made) == (BEGINNING + 2 * HOUR, False)
    assert made["workOrders"]["wo-1-1"]["slack"] == 0


def test_it_is_told_as_of_now() -> None:
    assert tree(ordered(None), BEGINNING + 24 * HOUR)["expectedCompletionDate"] == BEGINNING + 26 * HOUR


def test_an_appointment_moves_what_is_behind_it() -> None:
    story = until_the_visit(TODAY).visit("wo-1-1", "scheduled", APPOINTMENT)
    made = tree(story)
    assert made["expectedCompletionDate"] == APPOINTMENT[1]
    assert (made["jeopardy"]["level"], made["jeopardy"]["risk"]) == ("high", 47 * 3600)
    test = next(task for task in made["tasks"].values() if task["name"] == "test")
    assert (test["expectedStart"], test["slack"]) == (APPOINTMENT[1], -47 * 3600)


def test_an_order_at_its_end_is_not_expected_any_more() -> None:
    assert "expectedCompletionDate" not in tree(ordered(TODAY).finish())


# Documents and what is told -------------------------------------------------------------------------------------------------------------
def test_the_order_says_when_it_is_expected_and_warns_while_that_is_too_late() -> None:
    story = until_the_visit(TODAY)
    story.then_rows(PRODUCT_ORDERS, {"po-1": {"expectedCompletionDate": BEGINNING + 2 * HOUR, "productOrderJeopardyAlert": ABSENT}})
    story.visit("wo-1-1", "scheduled", APPOINTMENT)
    alert = {"jeopardyType": "high", "alertDate": BEGINNING, "message": "Expected 1 day later than requested."}
    story.then_rows(PRODUCT_ORDERS, {"po-1": {"expectedCompletionDate": APPOINTMENT[1], "productOrderJeopardyAlert": [alert]}})
    story.visit("wo-1-1", "scheduled", (BEGINNING, BEGINNING + HOUR))
    story.then_rows(PRODUCT_ORDERS, {"po-1": {"expectedCompletionDate": BEGINNING + HOUR, "productOrderJeopardyAlert": ABSENT}})


def test_another_level_is_an_alert_and_another_date_a_change() -> None:
    story = until_the_visit(TODAY).visit("wo-1-1", "scheduled", (BEGINNING, BEGINNING + HOUR)).visit("wo-1-1", "scheduled", APPOINTMENT)
    assessed = [each for each in story.log if isinstance(each.event, ProductOrderJeopardyAssessed)]
    told = [each for each in map(notification, assessed) if each is not None]
    assert [each.type for each in told] == [
        "ProductOrderAttributeValueChangeEvent",
        "ProductOrderAttributeValueChangeEvent",
        "ProductOrderJeopardyAlertEvent",
    ]
    assert [each.document["expectedCompletionDate"] for each in told] == [BEGINNING + 2 * HOUR, BEGINNING + HOUR, APPOINTMENT[1]]
    assert [alert["jeopardyType"] for alert in told[-1].document["productOrderJeopardyAlert"]] == ["high"]


def test_a_service_order_from_outside_warns_as_tmf641_has_it() -> None:
    document: dict[str, Any] = {
        "requestedCompletionDate": "2026-11-22T08:00:00Z",
        "relatedParty": [{"id": "cust-1", "role": "customer"}],
        "serviceOrderItem": [{"id": "1", "action": "add", "service": {"serviceSpecification": {"id": "mobile-service"}}}],
    }
    story = Story().submit_services("sr-1", document)
    story.then_rows(
        SERVICE_ORDERS, {"sr-1": {"jeopardyAlert": [{"jeopardyType": "low"}], "expectedCompletionDate": BEGINNING}, "so-sr-1-1": {}}
    )
    (told,) = [notification(each) for each in story.log if isinstance(each.event, ProductOrderJeopardyAssessed)]
    assert told is not None
    assert told.type == "ServiceOrderJeopardyEvent"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 seconds"), (1, "1 second"), (90, "1 minute"), (7200, "2 hours"), (86400, "1 day"), (200000, "2 days"), (-5, "0 seconds")],
)
def test_a_delay_is_told_in_the_largest_unit_that_fits(seconds: int, text: str) -> None:
    event = ProductOrderJeopardyAssessed("low", "", BEGINNING + timedelta(seconds=seconds), BEGINNING, (), BEGINNING, BEGINNING)
    assert late_by(event) == text


# Reviews --------------------------------------------------------------------------------------------------------------------------------
def test_a_watched_order_has_a_timer_for_its_next_review_until_it_ends() -> None:
    story = ordered(TODAY)
    row = story.rows(TIMERS)[f"po-1/{REVIEW}"]
    assert row["due"] == datetime.fromisoformat(TODAY) - 2 * HOUR + timedelta(seconds=1)
    assert command_of(row) == ReviewProductOrder("po-1")
    story.later((row["due"] - BEGINNING).total_seconds()).tell(command_of(row))
    assert story.rows(TIMERS)[f"po-1/{REVIEW}"]["due"] > row["due"]
    assert f"po-1/{REVIEW}" not in ordered(TODAY).cancel("po-1").rows(TIMERS)
    assert ordered(TODAY).finish().rows(TIMERS) == {}
