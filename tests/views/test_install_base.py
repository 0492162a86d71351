"""The install base: products as TMF637 and services as TMF638 show them."""

from datetime import timedelta

from projections import PRODUCTS, SERVICES
from projections.sold import install_base_item, sold_product
from tests.views.story import ABSENT, BEGINNING, Story, item, order
from tests.wire.tmf import faults


def held(story: Story, service: str) -> list[str]:
    """The products that hold the one service of a specification."""
    (row,) = [each for each in story.rows(SERVICES).values() if each["serviceSpecification"]["id"] == service]
    return [each["id"] for each in row["relatedEntity"]]


def test_an_ordered_product_waits_and_is_active_once_its_item_is_done() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line")))
    waiting = {
        "@type": "Product",
        "href": "/tmf-api/productInventory/v4/product/pr-1-1",
        "status": "pendingActive",
        "startDate": ABSENT,
        "productOffering": {"id": "mobile-line"},
        "productSpecification": {"id": "mobile-line"},
        "relatedParty": [{"id": "cust-1", "role": "customer", "@referredType": "Customer"}],
        "productOrderItem": [{"productOrderId": "po-1", "orderItemId": "1", "orderItemAction": "add"}],
        "productCharacteristic": [{"name": "simType", "value": "esim", "valueType": "string"}],
        "place": [{"id": "site-1", "role": "installation"}],
        "realizingService": [],
    }
    story.then_rows(PRODUCTS, {"pr-1-1": waiting})
    story.finish().then_rows(PRODUCTS, {"pr-1-1": {"status": "active", "startDate": BEGINNING + timedelta(seconds=1)}})
    services = [each["id"] for each in story.rows(PRODUCTS)["pr-1-1"]["realizingService"]]
    assert set(services) == set(story.rows(SERVICES))


def test_a_bundle_is_a_product_that_names_its_parts() -> None:
    rows = Story().submit("po-1", order(item("1", "triple-play"))).finish().rows(PRODUCTS)
    related = rows["pr-1-1"]["productRelationship"]
    assert rows["pr-1-1"]["isBundle"] is True
    assert [each["product"]["id"] for each in related] == ["pr-1-1.1", "pr-1-1.2", "pr-1-1.3"]
    assert {each["relationshipType"] for each in related} == {"bundles"}
    assert rows["pr-1-1.1"]["isBundle"] is False


def test_a_change_shows_when_it_is_done_and_the_product_remembers_both_orders() -> None:
    story = Story().submit("po-1", order(item("1", "fibre-broadband", downstream=100))).finish()
    story.submit("po-2", order(item("7", product="pr-1-1", action="modify", site="", downstream=1000)))
    assert value(story, "downstream") == 100
    story.finish()
    assert value(story, "downstream") == 1000
    orders = [
        (each["productOrderId"], each["orderItemId"], each["orderItemAction"])
        for each in story.rows(PRODUCTS)["pr-1-1"]["productOrderItem"]
    ]
    assert orders == [("po-1", "1", "add"), ("po-2", "7", "modify")]


def value(story: Story, name: str) -> object:
    return next(each["value"] for each in story.rows(PRODUCTS)["pr-1-1"]["productCharacteristic"] if each["name"] == name)


def test_an_ended_product_says_when_and_so_do_its_services() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line"))).finish()
    story.submit("po-2", order(item("1", product="pr-1-1", action="delete", site="")))
    story.then_rows(PRODUCTS, {"pr-1-1": {"status": "pendingTerminate"}})
    story.finish().then_rows(PRODUCTS, {"pr-1-1": {"status": "terminated", "terminationDate": story.now}})
    for service in story.rows(SERVICES).values():
        assert (service["state"], service["isServiceEnabled"], service["endDate"]) == ("terminated", False, story.now)
        assert [each["itemAction"] for each in service["serviceOrderItem"]] == ["add", "delete"]


def test_a_cancelled_order_leaves_a_cancelled_product() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line"))).cancel("po-1").finish()
    story.then_rows(PRODUCTS, {"pr-1-1": {"status": "cancelled"}})


def test_a_withdrawn_termination_makes_the_product_active_again() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line"))).finish()
    story.submit("po-2", order(item("1", product="pr-1-1", action="delete", site=""))).cancel("po-2").finish()
    story.then_rows(PRODUCTS, {"pr-1-1": {"status": "active", "terminationDate": ABSENT}})


def test_a_service_that_runs_says_since_when_and_for_whom() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line")))
    for service in story.rows(SERVICES).values():
        assert (service["state"], service["hasStarted"], service["serviceDate"]) == ("designed", False, "2026-11-22")
    for service in story.finish().rows(SERVICES).values():
        assert (service["state"], service["hasStarted"], service["startDate"]) == ("active", True, story.now)
        assert service["relatedEntity"] == [
            {
                "id": "pr-1-1",
                "href": "/tmf-api/productInventory/v4/product/pr-1-1",
                "role": "product",
                "@type": "RelatedEntityRefOrValue",
                "@referredType": "Product",
            }
        ]
        assert service["serviceOrderItem"][0]["serviceOrderId"] == "so-1-1"


def test_a_shared_service_names_every_product_that_holds_it() -> None:
    story = Story().submit("po-1", order(item("1", "fibre-broadband"))).finish()
    story.submit("po-2", order(item("1", "tv"))).finish()
    assert held(story, "access-line") == ["pr-1-1", "pr-2-1"]
    story.submit("po-3", order(item("1", product="pr-1-1", action="delete", site=""))).finish()
    assert held(story, "access-line") == ["pr-2-1"]


def test_a_skipped_step_leaves_a_service_that_does_not_run() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line"))).answer("1.2.activate", "rejected")
    story.resolve("so-1-1", "1.2.activate", "skip")
    (rfs,) = [each for each in story.rows(SERVICES).values() if each["category"] == "RFS"]
    assert (rfs["state"], rfs["isServiceEnabled"], "startDate" in rfs) == ("inactive", False, False)


# The two halves of a product ------------------------------------------------------------------------------------------------------------
def test_what_was_sold_has_price_term_and_account_and_what_was_configured_its_values_and_serial() -> None:
    line = item("1", "fibre-broadband", downstream=500)
    price = {"priceType": "recurring", "recurringChargePeriod": "month", "price": {"dutyFreeAmount": {"unit": "EUR", "value": 40.0}}}
    line["itemPrice"] = [price, {"name": "to be told later"}]
    line["product"]["productTerm"] = [{"name": "24 months"}]
    story = Story().submit("po-1", order(line, billingAccount={"id": "acc-1"})).finish_with({"gpon-port": {"ontSerial": "ALCL1234"}})
    product = story.rows(PRODUCTS)["pr-1-1"]
    assert faults("Product", product) == []
    sold, configured = sold_product(product), install_base_item(product)
    assert (sold["productPrice"], sold["productTerm"], sold["billingAccount"]["id"]) == ([price], [{"name": "24 months"}], "acc-1")
    assert [each["id"] for each in sold["installBaseItem"]] == ["pr-1-1"]
    assert configured is not None
    assert (configured["productSerialNumber"], configured["soldProduct"]["id"]) == ("ALCL1234", "pr-1-1")
    assert [each["value"] for each in configured["assignedCharacteristic"]] == ["ALCL1234"]
    assert not {"productPrice", "productTerm", "billingAccount"} & configured.keys()
    assert not {"productCharacteristic", "productSerialNumber", "place", "realizingService"} & sold.keys()


def test_a_bundle_is_sold_once_and_configured_in_its_parts() -> None:
    rows = Story().submit("po-1", order(item("1", "triple-play"))).finish().rows(PRODUCTS)
    assert [each["id"] for each in sold_product(rows["pr-1-1"])["installBaseItem"]] == ["pr-1-1.1", "pr-1-1.2", "pr-1-1.3"]
    assert [id for id, each in sorted(rows.items()) if install_base_item(each) is None] == ["pr-1-1"]


def test_a_change_that_names_no_price_leaves_it_as_it_was_bought() -> None:
    bought = item("1", "mobile-line")
    bought["itemPrice"] = [{"priceType": "recurring", "price": {"dutyFreeAmount": {"unit": "EUR", "value": 15.0}}}]
    story = Story().submit("po-1", order(bought)).finish()
    story.submit("po-2", order(item("1", product="pr-1-1", action="modify", site="", simType="physical"))).finish()
    assert sold_product(story.rows(PRODUCTS)["pr-1-1"])["productPrice"] == bought["itemPrice"]
