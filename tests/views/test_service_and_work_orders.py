"""Service orders as TMF641 and work orders as TMF697 show them."""

from datetime import timedelta

import pytest

from domain.values import Reason
from projections import SERVICE_ORDERS, WORK_ORDERS
from tests.views.story import ABSENT, BEGINNING, Story, item, order


@pytest.fixture
def mobile() -> Story:
    return Story().submit("po-1", order(item("1", "mobile-line"), requestedCompletionDate="2026-12-01T00:00:00+01:00"))


def test_a_service_order_refers_to_its_product_order_and_says_what_it_is_for(mobile: Story) -> None:
    mobile.then_rows(
        SERVICE_ORDERS,
        {
            "so-1-1": {
                "@type": "ServiceOrder",
                "href": "/tmf-api/serviceOrdering/v4/serviceOrder/so-1-1",
                "state": "inProgress",
                "startDate": BEGINNING,
                "completionDate": ABSENT,
                "externalReference": [{"id": "po-1", "externalReferenceType": "productOrder"}],
                "orderRelationship": [{"id": "po-1", "relationshipType": "cross-ref", "@referredType": "ProductOrder"}],
                "relatedParty": [{"id": "cust-1", "role": "customer", "@type": "RelatedParty"}],
            }
        },
    )
    items = mobile.rows(SERVICE_ORDERS)["so-1-1"]["serviceOrderItem"]
    assert [each["service"]["serviceSpecification"]["id"] for each in items] == ["mobile-service", "hlr-subscription"]
    cfs, rfs = items
    assert cfs["serviceOrderItemRelationship"][0]["orderItem"] == {
        "id": rfs["id"],
        "itemId": rfs["id"],
        "serviceOrderId": "so-1-1",
        "serviceOrderHref": "/tmf-api/serviceOrdering/v4/serviceOrder/so-1-1",
        "@type": "ServiceOrderItemRef",
        "@referredType": "ServiceOrder",
    }
    assert cfs["service"]["supportingService"][0]["id"] == rfs["service"]["id"]


def test_what_fulfilment_assigned_overlays_what_was_ordered(mobile: Story) -> None:
    mobile.answer("1.2.activate", values={"imsi": "90170", "simType": "esim"})
    (_, rfs) = mobile.rows(SERVICE_ORDERS)["so-1-1"]["serviceOrderItem"]
    assert {each["name"]: each["value"] for each in rfs["service"]["serviceCharacteristic"]}["imsi"] == "90170"
    assert rfs["state"] == "completed"


def test_a_completed_service_order_says_when(mobile: Story) -> None:
    mobile.finish().then_rows(SERVICE_ORDERS, {"so-1-1": {"state": "completed", "completionDate": BEGINNING + timedelta(seconds=1)}})


def test_a_refused_activation_is_told_by_the_order_and_by_the_item(mobile: Story) -> None:
    mobile.answer("1.2.activate", "rejected", reason=Reason("no-sim", "No SIM card left"))
    error = {"code": "no-sim", "reason": "No SIM card left", "timestamp": BEGINNING}
    (row,) = mobile.rows(SERVICE_ORDERS).values()
    assert row["state"] in ("held", "inProgress")
    assert row["errorMessage"][0] | error == row["errorMessage"][0]
    assert row["errorMessage"][0]["serviceOrderItem"][0]["itemId"] == "2"
    held = next(each for each in row["serviceOrderItem"] if each["id"] == "2")
    assert held["state"] == "held"
    assert held["errorMessage"][0] | error == held["errorMessage"][0]


def test_a_point_of_no_return_is_a_milestone_from_the_beginning_and_dated_once_passed() -> None:
    story = Story().submit("po-1", order(item("1", "business-ethernet", bandwidth=100)))
    (milestone,) = next(row for row in story.rows(SERVICE_ORDERS).values() if "milestone" in row)["milestone"]
    assert (milestone["name"], milestone["status"], "milestoneDate" in milestone) == ("pointOfNoReturn", "ahead", False)
    story.finish_until_point_of_no_return()
    (milestone,) = next(row for row in story.rows(SERVICE_ORDERS).values() if "milestone" in row)["milestone"]
    assert (milestone["status"], milestone["milestoneDate"]) == ("passed", story.now)


@pytest.fixture
def visit() -> Story:
    story = Story().submit("po-1", order(item("1", "fibre-broadband")))
    return story.finish(lambda: any(each.stream == "wo-1-1" and each.version == 2 for each in story.log))


def test_a_work_order_names_its_site_its_steps_and_its_product_order(visit: Story) -> None:
    visit.then_rows(
        WORK_ORDERS,
        {
            "wo-1-1": {
                "@type": "WorkOrder",
                "href": "/tmf-api/workOrderManagement/v4/workOrder/wo-1-1",
                "state": "inProgress",
                "category": "site-visit",
                "place": {"id": "site-1", "role": "installation"},
                "order": [{"id": "po-1", "@referredType": "ProductOrder"}],
                "relatedParty": [{"id": "cust-1"}],
                "startDate": visit.now,
            }
        },
    )


def test_an_appointment_is_shown_with_its_period(visit: Story) -> None:
    start, end = visit.now + timedelta(days=1), visit.now + timedelta(days=1, hours=2)
    visit.visit("wo-1-1", "scheduled", (start, end))
    period = {"startDateTime": start, "endDateTime": end}
    visit.then_rows(WORK_ORDERS, {"wo-1-1": {"state": "inProgress", "appointment": {"validFor": period}, "expectedCompletionDate": end}})


@pytest.mark.parametrize(("outcome", "state"), [("completed", "completed"), ("failed", "held")])
def test_a_visit_ends_as_field_service_says(visit: Story, outcome: str, state: str) -> None:
    visit.visit("wo-1-1", outcome)
    items = [{"state": state} for _ in visit.rows(WORK_ORDERS)["wo-1-1"]["workOrderItem"]]
    visit.then_rows(WORK_ORDERS, {"wo-1-1": {"state": state, "workOrderItem": items}})


def test_fallouts_of_the_one_kind_of_order_do_not_touch_the_other(visit: Story) -> None:
    before = visit.rows(SERVICE_ORDERS)
    visit.visit("wo-1-1", "failed")
    assert set(visit.rows(SERVICE_ORDERS)) == set(before)
    assert set(visit.rows(WORK_ORDERS)) == {"wo-1-1"}
