"""Orders that are changed under way, as every view shows them."""

from typing import Any

import pytest

from adapters.notifications import notification
from domain.product_order import ProductOrderAmended, ProductOrderAmendmentFinished
from domain.service import ServiceAmended
from domain.service_order import ServiceOrderAmended
from domain.states import TERMINAL
from domain.unit_of_work import decider_of
from domain.values import Reason
from projections import OBLIGATIONS, PRODUCT_ORDERS, PRODUCTS, SERVICE_ORDERS, SERVICES
from projections.order_trees import order_tree, streams_of
from projections.view import Document
from tests.decisions.world import merging
from tests.views.story import ABSENT, OLGA, Story, item, order, says
from tests.wire.histories import amendments

FIBRE = item("1", "fibre-broadband", downstream=100)


def tree(story: Story, id: str = "po-1") -> Document:
    parts = {id, *streams_of([each for each in story.log if each.stream == id])}
    made = order_tree([each for each in story.log if each.stream in parts])
    assert made is not None
    return made


def values(described: Document) -> dict[str, Any]:
    found = described.get("productCharacteristic") or described.get("serviceCharacteristic") or ()
    return {each["name"]: each["value"] for each in found}


def test_an_amended_order_reads_as_it_does_now_and_says_that_it_is_being_changed() -> None:
    story = Story().submit("po-1", order(FIBRE)).amend("po-1", says("1", downstream=1000))
    line = {"id": "1", "state": "inProgress", "product": {"id": "pr-1-1"}}
    story.then_rows(
        PRODUCT_ORDERS, {"po-1": {"version": 2, "state": "pending", "subState": "amending", "productOrderItem": [line], "note": [{}]}}
    )
    shown = story.rows(PRODUCT_ORDERS)["po-1"]
    assert values(shown["productOrderItem"][0]["product"]) == {"downstream": 1000}
    assert shown["relatedParty"][0]["name"] == "Ada Lovelace"
    story.finish().then_rows(PRODUCT_ORDERS, {"po-1": {"state": "completed", "subState": ABSENT, "version": 2}})


def test_what_is_taken_out_is_seen_until_it_is_taken_back() -> None:
    story = Story().submit("po-1", order(FIBRE, item("2", "tv")))
    story.finish(lambda: story.is_built("po-1", "iptv-stream")).amend("po-1", {"id": "2", "action": "delete"}, id="a-1")
    leaving = {"id": "2", "state": "inProgress", "removedBy": "a-1"}
    story.then_rows(PRODUCT_ORDERS, {"po-1": {"productOrderItem": [{"id": "1", "removedBy": ABSENT}, leaving]}})
    story.finish().then_rows(PRODUCT_ORDERS, {"po-1": {"state": "completed", "productOrderItem": [{"id": "1", "state": "completed"}]}})
    assert tree(story)["items"]["2"]["state"] == "cancelled"


def test_a_part_of_a_bundle_shows_all_that_it_is_once_it_is_changed() -> None:
    story = Story().submit("po-1", order(item("1", "triple-play")))
    (bundle,) = story.rows(PRODUCT_ORDERS)["po-1"]["productOrderItem"]
    before = {part["id"]: values(part["product"]) for part in bundle["productOrderItem"]}
    (bundle,) = story.amend("po-1", says("1.3", setTopBoxes=3)).rows(PRODUCT_ORDERS)["po-1"]["productOrderItem"]
    after = {part["id"]: values(part["product"]) for part in bundle["productOrderItem"]}
    assert after == {**before, "1.3": {**before["1.3"], "setTopBoxes": 3}}


def test_an_order_that_became_part_of_another_one_and_that_one_name_each_other() -> None:
    story = Story(merging("voice-line")).submit("po-1", order(item("1", "tv"))).submit("po-2", order(item("1", "voice-line")))
    assert tree(story, "po-2")["items"]["1"]["mergedInto"] == {"id": "po-1", "itemId": "2-1"}
    (change,) = tree(story)["changes"]
    assert (change["id"], change["kind"], change["mergedFrom"]) == ("merge-po-2", "amend", "po-2")
    notes = {id: row["note"][-1]["text"] for id, row in story.rows(PRODUCT_ORDERS).items()}
    assert notes == {
        "po-1": "Order po-2 has become part of this one.",
        "po-2": "This has become part of order po-1: item 1 is item 2-1 of it.",
    }
    assert story.rows(OBLIGATIONS)["po-2:queue:1"]["behind"] == ["po-1"]


def test_people_and_addresses_stay_with_the_items_that_still_name_them() -> None:
    home, user = {"id": "site-1", "role": "installation", "postcode": "SW1Y"}, {"id": "user-7", "role": "user", "name": "Grace Hopper"}
    line = item("1", "mobile-line")
    line["product"] = {**line["product"], "place": [home], "relatedParty": [user]}
    story = (
        Story()
        .submit("po-1", order({**line, "note": [{"text": "ring twice"}]}, item("2", "tv")))
        .amend("po-1", says("1", simType="physical"))
    )
    (shown, _) = story.rows(PRODUCT_ORDERS)["po-1"]["productOrderItem"]
    assert (shown["product"]["place"][0]["postcode"], shown["product"]["relatedParty"][0]["name"]) == ("SW1Y", "Grace Hopper")
    assert shown["note"] == [{"text": "ring twice"}]
    away = {"id": "site-9", "role": "installation", "postcode": "N1"}
    story.finish(lambda: any(isinstance(each.event, ProductOrderAmendmentFinished) for each in story.log))
    (shown, _) = story.amend("po-1", {"id": "1", "product": {"place": [away]}}).rows(PRODUCT_ORDERS)["po-1"]["productOrderItem"]
    assert [place.get("postcode") for place in shown["product"]["place"]] == ["N1"]
    amended = [each.event for each in story.log if isinstance(each.event, ProductOrderAmended)]
    assert not any(name in str(event.items) for event in amended for name in ("SW1Y", "Grace", "N1", "ring twice"))


def test_the_tree_has_the_new_plan_in_the_states_that_were_there() -> None:
    story = Story().submit("po-1", order(FIBRE)).answer("1.2.reserve")
    before = tree(story)
    story.amend("po-1", item("2", "tv"), id="a-1")
    made = tree(story)
    assert made["tasks"]["1.2.reserve"] == before["tasks"]["1.2.reserve"]
    assert {id: each["state"] for id, each in made["services"].items() if id in before["services"]} == {
        id: each["state"] for id, each in before["services"].items()
    }
    assert (made["items"]["2"]["state"], made["version"]) == ("acknowledged", 2)
    assert len(made["edges"]) > len(before["edges"])
    (change,) = made["changes"]
    assert (change["id"], change["kind"], change["accepted"], change["version"]) == ("a-1", "amend", True, 2)
    assert len(change["planHash"]) == 64


def test_what_is_done_again_waits_in_the_tree_with_the_new_values() -> None:
    story = Story().submit("po-1", order(FIBRE)).answer("1.2.reserve", values={"port": "7"})
    story.amend("po-1", says("1", downstream=1000))
    made = tree(story)
    assert (made["state"], made["subState"]) == ("pending", "amending")
    assert made["tasks"]["1.2.reserve"]["state"] == "running"  # again
    (port,) = [each for each in made["services"].values() if each["specification"] == "gpon-port"]
    assert port["characteristics"]["downstream"] == 1000
    assert "subState" not in tree(story.finish())


def test_who_went_back_behind_a_point_of_no_return_is_in_the_tree_and_the_milestone_stays() -> None:
    made = tree(amendments(), "po-4")
    (change,) = made["changes"]
    assert change["override"] == {"name": "olga", "reason": "checked on site"}
    assert [each["name"] for each in made["milestones"]] == ["pointOfNoReturn"]


@pytest.mark.parametrize("id", ["po-1", "po-2", "po-3", "po-4", "po-6"])
def test_at_the_end_the_tree_says_what_the_order_says(id: str) -> None:
    story = amendments()
    made, shown = tree(story, id), story.rows(PRODUCT_ORDERS)[id]
    assert (made["state"], made["version"]) == (shown["state"], shown["version"])
    assert {each["id"]: each["state"] for each in shown["productOrderItem"]}.items() <= {
        key: each["state"] for key, each in made["items"].items()
    }.items()
    assert made["obligations"] == {key: row for key, row in story.rows(OBLIGATIONS).items() if row["productOrder"]["id"] == id}
    services = story.rows(SERVICE_ORDERS)
    assert {key: each["state"] for key, each in made["serviceOrders"].items()} == {
        key: services[key]["state"] for key in made["serviceOrders"]
    }


def test_a_service_order_shows_what_is_wanted_now_beside_what_was_assigned() -> None:
    story = Story().submit("po-1", order(FIBRE)).answer("1.2.reserve", values={"port": "7"}).amend("po-1", says("1", downstream=1000))
    items = story.rows(SERVICE_ORDERS)["so-1-1"]["serviceOrderItem"]
    (port,) = [each for each in items if each["service"]["serviceSpecification"]["id"] == "gpon-port"]
    assert values(port["service"]) == {**values(port["service"]), "downstream": 1000, "port": "7"}


def test_a_product_that_is_yet_to_be_is_told_at_once_and_one_that_is_keeps_its_values_until_the_change_is_done() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line"))).amend("po-1", says("1", simType="physical"))
    assert values(story.rows(PRODUCTS)["pr-1-1"])["simType"] == "physical"
    story.finish().submit("po-2", order(item("1", product="pr-1-1", action="modify", site="", simType="esim")))
    story.amend("po-2", {"id": "1", "product": {"place": [{"id": "site-9", "role": "installation"}]}})
    assert values(story.rows(PRODUCTS)["pr-1-1"])["simType"] == "physical"
    assert values(story.finish().rows(PRODUCTS)["pr-1-1"])["simType"] == "esim"


def test_a_service_at_another_site_says_so() -> None:
    story = amendments()
    (told,) = [each for each in story.log if isinstance(each.event, ServiceAmended) and each.meta.order == "po-3" and "hlr" in each.stream]
    assert [place["id"] for place in story.rows(SERVICES)[told.stream]["place"]] == ["site-9"]


def test_an_item_that_has_what_it_lacked_waits_no_more() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line"), item("2", "business-ethernet")))
    assert "po-1:item:2" in story.rows(OBLIGATIONS)
    assert "po-1:item:2" not in story.amend("po-1", says("2", bandwidth=100)).rows(OBLIGATIONS)


def test_an_item_that_still_lacks_something_still_waits() -> None:
    story = (
        Story().submit("po-1", order(item("1", "mobile-line"), item("2", "business-ethernet"))).amend("po-1", says("1", simType="physical"))
    )
    assert story.rows(OBLIGATIONS)["po-1:item:2"]["paths"]


def test_an_amendment_repairs_a_fallout_and_its_row_is_closed() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line"))).answer("1.2.activate", "rejected", reason=Reason("no-sim", "None left"))
    story.amend("po-1", says("1", simType="physical"), override=OLGA)
    made = tree(story)
    assert [each["state"] for each in made["fallouts"].values()] == ["closed"]
    assert made["tasks"]["1.2.activate"]["state"] == "running"


# Told to the world ----------------------------------------------------------------------------------------------------------------------
def test_the_world_is_told_what_the_order_says_now_and_when_that_is_over() -> None:
    story = Story().submit("po-1", order(FIBRE)).amend("po-1", says("1", downstream=1000)).finish()
    told = {type(each.event): notification(each) for each in story.log}
    amended, finished = told[ProductOrderAmended], told[ProductOrderAmendmentFinished]
    assert amended is not None
    assert (amended.type, amended.document["version"], amended.document["state"]) == ("ProductOrderAttributeValueChangeEvent", 2, "pending")
    assert values(amended.document["productOrderItem"][0]["product"]) == {"downstream": 1000}
    assert finished is not None
    assert (finished.type, finished.document["state"]) == ("ProductOrderStateChangeEvent", "inProgress")
    services = told[ServiceOrderAmended]
    assert services is not None
    assert services.type == "ServiceOrderAttributeValueChangeEvent"
    assert 1000 in [values(each["service"]).get("downstream") for each in services.document["serviceOrderItem"]]


def shown_states(items: list[Document]) -> dict[str, str]:
    found = {each["id"]: each["state"] for each in items}
    for each in items:
        found.update(shown_states(each.get("productOrderItem", [])))
    return found


@pytest.mark.parametrize("id", ["po-1", "po-2", "po-3", "po-4", "po-5", "po-6"])
def test_after_every_event_the_view_and_the_tree_say_what_the_order_decides_by(id: str) -> None:
    document, order, seen = None, None, []
    for recorded in amendments().log:
        if recorded.meta.order == id:
            seen.append(recorded)
        if recorded.stream != id:
            continue
        order = decider_of(id).evolve(order, recorded.event)
        if isinstance(recorded.event, PRODUCT_ORDERS.events):
            document = PRODUCT_ORDERS.evolve(document, recorded, id)
        made = order_tree(seen)
        assert document is not None
        assert made is not None
        if not order.parts:
            continue
        assert (document["state"], document["version"]) == (made["state"], made["version"]) == (order.state, order.version)
        assert (document.get("subState") == "amending") == bool(order.amending and not order.cancelling)
        states = shown_states(document["productOrderItem"])
        forgotten = {item for item, part in order.parts.items() if part.removed and order.own[item] in TERMINAL}
        assert states == {item: state for item, state in order.shown.items() if item not in forgotten}
        planned = [
            item for item in order.shown if "missing" not in made["items"][item]
        ]  # what waits is pending in the tree from the beginning
        assert {item: made["items"][item]["state"] for item in planned} == {item: order.shown[item] for item in planned}
