"""Product orders and their cancels as TMF622 shows them."""

from dataclasses import replace
from datetime import timedelta

from domain.product_order import ProductOrderAcknowledged, ProductOrderInformationSupplied
from projections import CANCELLATIONS, PRODUCT_ORDERS
from projections.product_orders import evolve
from projections.view import Document
from tests.views.story import ABSENT, BEGINNING, Story, item, order


def test_an_accepted_order_reads_as_it_was_sent_with_what_the_server_adds() -> None:
    sent = order(
        item("1", "mobile-line"), externalId="x-1", description="first", somethingElse={"kept": True}, state="completed", id="mine"
    )
    Story().submit("po-1", sent).then_rows(
        PRODUCT_ORDERS,
        {
            "po-1": {
                "id": "po-1",
                "href": "/tmf-api/productOrderingManagement/v4/productOrder/po-1",
                "@type": "ProductOrder",
                "externalId": "x-1",
                "description": "first",
                "somethingElse": {"kept": True},
                "state": "inProgress",
                "version": 1,
                "orderDate": BEGINNING,
                "completionDate": ABSENT,
                "note": [{"text": "Call before noon"}],
                "relatedParty": [{"id": "cust-1", "@type": "RelatedParty", "name": "Ada Lovelace"}],
                "productOrderItem": [
                    {"id": "1", "state": "inProgress", "product": {"id": "pr-1-1", "href": "/tmf-api/productInventory/v4/product/pr-1-1"}}
                ],
            }
        },
    )


def test_a_party_without_its_type_gets_one_because_tmf_demands_it_of_those_who_answer() -> None:
    sent = {"relatedParty": [{"id": "cust-1", "role": "customer"}], "productOrderItem": [item("1", "mobile-line")]}
    Story().submit("po-1", sent).then_rows(PRODUCT_ORDERS, {"po-1": {"relatedParty": [{"id": "cust-1", "@referredType": "Party"}]}})


def test_a_completed_order_says_when() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line"))).finish()
    completed = {"state": "completed", "completionDate": BEGINNING + timedelta(seconds=1), "productOrderItem": [{"state": "completed"}]}
    story.then_rows(PRODUCT_ORDERS, {"po-1": completed})


def test_a_bundle_shows_the_items_that_the_catalog_gave_it() -> None:
    parts = [
        {"id": "1.1", "action": "add", "productOffering": {"id": "fibre-broadband"}, "product": {"id": "pr-1-1.1"}},
        {"id": "1.2", "action": "add", "productOffering": {"id": "voice-line"}, "product": {"id": "pr-1-1.2"}},
        {"id": "1.3", "action": "add", "productOffering": {"id": "tv"}, "product": {"id": "pr-1-1.3"}},
    ]
    Story().submit("po-1", order(item("1", "triple-play"))).then_rows(
        PRODUCT_ORDERS, {"po-1": {"productOrderItem": [{"productOrderItem": parts}]}}
    )


def test_nested_items_move_with_their_parents() -> None:
    story = Story().submit("po-1", order(item("1", "triple-play"))).finish()
    done = [{"id": id, "state": "completed"} for id in ("1.1", "1.2", "1.3")]
    story.then_rows(PRODUCT_ORDERS, {"po-1": {"productOrderItem": [{"state": "completed", "productOrderItem": done}]}})


def test_a_refused_order_says_why() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line", simType="paper")), keep_refusal=True)
    story.then_rows(
        PRODUCT_ORDERS,
        {
            "po-1": {
                "state": "rejected",
                "productOrderItem": [{"state": "rejected"}],
                "productOrderErrorMessage": [{"@type": "ProductOrderErrorMessage", "code": "invalid"}],
            }
        },
    )
    (error,) = story.rows(PRODUCT_ORDERS)["po-1"]["productOrderErrorMessage"]
    assert "simType" in error["message"]
    assert "simType" in error["path"] or "productCharacteristic" in error["path"]


def test_an_item_that_lacks_information_waits_and_goes_on_once_it_has_come() -> None:
    line = item("1", "mobile-line")
    story = Story().submit("po-1", order(line, item("2", "voice-line", numberPorting=True)))
    waiting = {"state": "pending", "product": {"id": ABSENT}}
    story.then_rows(PRODUCT_ORDERS, {"po-1": {"state": "inProgress", "productOrderItem": [{"state": "inProgress"}, waiting]}})
    story.supply("po-1", order(line, item("2", "voice-line", numberPorting=True, portingNumber="555")))
    values = [{"name": "numberPorting", "value": True}, {"name": "portingNumber", "value": "555"}]
    going_on = {"state": "inProgress", "product": {"id": "pr-1-2", "productCharacteristic": values}}
    story.then_rows(PRODUCT_ORDERS, {"po-1": {"state": "inProgress", "productOrderItem": [{"state": "inProgress"}, going_on]}})


def test_people_and_addresses_within_items_are_shown_and_stand_in_no_event_but_in_its_personal_part() -> None:
    user = {"id": "user-7", "role": "user", "name": "Grace Hopper"}
    home = {"id": "site-1", "role": "installation", "postcode": "SW1Y"}

    def lived_in(item: Document) -> Document:
        return {**item, "product": {**item["product"], "relatedParty": [user], "place": [home]}}

    line, voice = lived_in(item("1", "mobile-line")), lived_in(item("2", "voice-line", numberPorting=True))
    story = Story().submit("po-1", order(line, voice))
    shown = {"product": {"relatedParty": [user], "place": [home]}}
    story.then_rows(PRODUCT_ORDERS, {"po-1": {"productOrderItem": [shown, {"state": "pending", **shown}]}})
    story.supply("po-1", order(line, lived_in(item("2", "voice-line", numberPorting=True, portingNumber="555"))))
    story.then_rows(PRODUCT_ORDERS, {"po-1": {"productOrderItem": [shown, {"state": "inProgress", **shown}]}})
    told = [recorded.event for recorded in story.log if "Grace" in str(recorded.event)]
    assert [type(event) for event in told] == [ProductOrderAcknowledged, ProductOrderInformationSupplied]
    assert not any(name in str(replace(event, personal={})) for event in told for name in ("Grace", "Ada", "SW1Y"))


def test_an_accepted_cancel_shows_in_the_order_and_as_a_task_of_its_own() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line"))).cancel("po-1")
    story.then_rows(
        PRODUCT_ORDERS, {"po-1": {"state": "pendingCancellation", "cancellationReason": "moved away", "cancellationDate": ABSENT}}
    )
    story.finish().then_rows(PRODUCT_ORDERS, {"po-1": {"state": "cancelled", "completionDate": ABSENT}})
    assert "cancellationDate" in story.rows(PRODUCT_ORDERS)["po-1"]
    story.then_rows(
        CANCELLATIONS,
        {
            "cancel-1": {
                "@type": "CancelProductOrder",
                "href": "/tmf-api/productOrderingManagement/v4/cancelProductOrder/cancel-1",
                "state": "done",
                "cancellationReason": "moved away",
                "productOrder": {"id": "po-1"},
                "errorMessage": ABSENT,
            }
        },
    )


def test_a_cancel_behind_a_point_of_no_return_is_assessed_and_says_no() -> None:
    story = Story().submit("po-1", order(item("1", "business-ethernet", bandwidth=100))).finish_until_point_of_no_return().cancel("po-1")
    story.then_rows(
        CANCELLATIONS,
        {"cancel-1": {"state": "done", "effectiveCancellationDate": ABSENT, "errorMessage": [{"code": "point-of-no-return"}] * 3}},
    )
    assert story.rows(PRODUCT_ORDERS)["po-1"]["state"] == "inProgress"


def test_a_cancel_that_could_not_be_assessed_ends_with_an_error() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line"))).finish().refuse_cancel("po-1", "Order po-1 is completed.")
    story.then_rows(
        CANCELLATIONS, {"cancel-1": {"state": "terminatedWithError", "errorMessage": [{"message": "Order po-1 is completed."}]}}
    )


def test_an_event_of_an_order_that_never_began_makes_no_row() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line")))
    later = next(recorded for recorded in story.log if recorded.stream == "po-1" and recorded.version > 1)
    assert evolve(None, later, "po-1") is None
