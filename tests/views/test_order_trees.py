"""The tree of an order: everything that was made of it, as it stands."""

import pytest

from domain.values import Reason
from projections import FALLOUTS, OBLIGATIONS, PRODUCT_ORDERS
from projections.order_trees import order_tree, streams_of
from projections.view import Document
from tests.views.story import Story, item, order


def tree(story: Story, id: str = "po-1") -> Document:
    """Folded from the streams that the order's own events name, and from no others."""
    own = [each for each in story.log if each.stream == id]
    streams = {id, *streams_of(own)}
    made = order_tree([each for each in story.log if each.stream in streams])
    assert made is not None
    return made


@pytest.fixture
def triple() -> Story:
    voice = {"productOffering": {"id": "voice-line"}, "product": {"productCharacteristic": []}}
    voice["product"] = {"productCharacteristic": [{"name": "numberPorting", "value": True}, {"name": "portingNumber", "value": "555"}]}
    children = [{"id": "2", "action": "add", "productOffering": {"id": "fibre-broadband"}}, {"id": "3", "action": "add", **voice}]
    bundle = {**item("1", "triple-play"), "productOrderItem": [*children, {"id": "4", "action": "add", "productOffering": {"id": "tv"}}]}
    return Story().submit("po-1", order(bundle, externalId="x-1"))


def test_the_standard_order_has_its_27_nodes(triple: Story) -> None:
    made = tree(triple)
    products = [each for each in made["items"].values() if each.get("specification")]
    services = list(made["services"].values())
    facing = [len([each for each in services if each["category"] == category]) for category in ("CFS", "RFS")]
    assert (len(products), *facing, len(made["workOrders"]), len(made["tasks"])) == (3, 5, 4, 1, 14)
    assert [each["kind"] for each in made["tasks"].values()].count("manual") == 1


def test_its_parts_name_each_other(triple: Story) -> None:
    made = tree(triple)
    for id, each in made["items"].items():
        assert each.get("parent", id) in made["items"]
        assert set(each["services"]) <= set(made["services"])
    for service in made["services"].values():
        assert set(service["tasks"]) <= set(made["tasks"])
        assert set(service["supportingService"]) <= set(made["services"])
        assert service["serviceOrder"]["id"] in made["serviceOrders"]
    nodes = {*made["tasks"], *made["workOrders"], *(f"item:{item}" for item in made["items"])}
    assert {node for edge in made["edges"] for node in edge} <= nodes


def test_tasks_say_how_they_stand(triple: Story) -> None:
    made = tree(triple)
    running = [each for each in made["tasks"].values() if each["state"] == "running"]
    assert [(each["name"], each["targetSystem"], each["attempt"]) for each in running] == [("reserve", "gpon", 1)]
    assert running[0]["activationKey"] == f"so-1-1.{running[0]['id'].partition('.')[2]}.add.1"
    assert {each["state"] for each in made["tasks"].values()} == {"running", "waiting"}


def test_a_finished_order_is_done_all_over(triple: Story) -> None:
    made = tree(triple.finish())
    assert made["state"] == "completed"
    assert made["completionDate"] == triple.now
    for part in ("items", "services", "serviceOrders", "workOrders"):
        assert {each["state"] for each in made[part].values()} == {"completed"}, part
    assert {each["state"] for each in made["tasks"].values()} == {"done"}
    assert next(each for each in made["tasks"].values() if each["kind"] == "manual")["by"]["name"] == "olga"
    assert made["obligations"] == {}
    assert all(not each["gates"] for each in made["serviceOrders"].values())


def test_its_queues_are_those_of_the_lists(triple: Story) -> None:
    task = next(iter(tree(triple)["obligations"].values()))["task"]
    triple.answer(task, "rejected", reason=Reason("no-port", "No free port"))
    made = tree(triple)
    assert made["obligations"] == triple.rows(OBLIGATIONS)
    assert made["fallouts"] == triple.rows(FALLOUTS)
    assert made["tasks"][task]["state"] == "fallout"
    assert made["tasks"][task]["reason"] == {"code": "no-port", "message": "No free port"}


@pytest.mark.parametrize(("action", "state"), [("retry", "running"), ("skip", "skipped"), ("complete", "done"), ("abort", "gone")])
def test_an_operators_decision_shows_at_the_task(action: str, state: str) -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line"))).answer("1.2.activate", "rejected", reason=Reason("no-sim", "None left"))
    assert tree(story.resolve("so-1-1", "1.2.activate", action))["tasks"]["1.2.activate"]["state"] == state


def test_a_time_out_says_so_at_the_task() -> None:
    story = Story().submit("po-1", order(item("1", "mobile-line"))).time_out("1.2.activate")
    assert tree(story)["tasks"]["1.2.activate"]["attempt"] == 2


def test_item_states_are_those_of_the_order(triple: Story) -> None:
    def check() -> bool:
        shown = {}
        todo = list(triple.rows(PRODUCT_ORDERS)["po-1"]["productOrderItem"])
        while todo:
            each = todo.pop()
            shown[each["id"]] = each["state"]
            todo.extend(each.get("productOrderItem", ()))
        made = tree(triple)
        assert {id: each["state"] for id, each in made["items"].items()} == shown
        assert made["state"] == triple.rows(PRODUCT_ORDERS)["po-1"]["state"]
        return False

    triple.finish(check)


def test_cancels_are_kept_with_their_reasons() -> None:
    story = Story().submit("po-1", order(item("1", "business-ethernet", bandwidth=100))).finish_until_point_of_no_return().cancel("po-1")
    made = tree(story)
    (milestone,) = made["milestones"]
    assert (milestone["name"], milestone["item"]) == ("pointOfNoReturn", "1")
    (change,) = made["changes"]
    assert (change["id"], change["kind"], change["accepted"]) == ("cancel-1", "cancel", False)
    assert change["reasons"][0]["code"] == "point-of-no-return"


def test_what_was_undone_says_so() -> None:
    story = Story().submit("po-1", order(item("1", "fibre-broadband"))).answer("1.2.reserve").cancel("po-1").finish()
    made = tree(story)
    assert made["state"] == "cancelled"
    assert made["tasks"]["1.2.reserve"]["state"] == "undone"


def test_information_that_came_later_adds_its_part_of_the_plan() -> None:
    story = Story().submit("po-1", order(item("1", "business-ethernet")))
    assert tree(story)["items"]["1"]["missing"] == ["productOrderItem[0].product.productCharacteristic[bandwidth]"]
    assert tree(story)["tasks"] == {}
    made = tree(story.supply("po-1", order(item("1", "business-ethernet", bandwidth=100))))
    assert "missing" not in made["items"]["1"]
    assert made["tasks"]


def test_a_rejected_order_is_a_tree_with_reasons() -> None:
    made = tree(Story().submit("po-1", order(item("1", "legacy-dsl")), keep_refusal=True))
    assert (made["state"], made["items"]) == ("rejected", {})
    assert made["reasons"][0]["message"]


def test_an_order_that_does_not_exist_has_no_tree() -> None:
    assert order_tree([]) is None
