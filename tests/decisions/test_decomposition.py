"""Decomposition by the sample catalog: which services an order makes, changes, shares and ends, and what it refuses."""

from typing import Any

import pytest

from domain.plan import Plan, PlannedService
from domain.product_order import ProductOrderAcknowledged, ProductOrderDecomposed, ProductOrderRejected
from domain.values import Rejected
from tests.decisions.world import InMemory, add, change, sample


@pytest.fixture
def world() -> InMemory:
    return InMemory(sample())


def having(world: InMemory, *items: dict[str, Any]) -> str:
    """The customer has what these items ask for."""
    order = world.order(*items)
    world.complete_all()
    assert world.state(order).state == "completed"
    return order


def plan(world: InMemory, *items: dict[str, Any]) -> Plan:
    world.order(*items)
    found: Plan = world.events(ProductOrderDecomposed)[-1].plan
    return found


def actions(planned: Plan) -> dict[str, str]:
    return {service.specification: service.action for service in planned.services}


def by_specification(planned: Plan, specification: str) -> PlannedService:
    (found,) = [service for service in planned.services if service.specification == specification]
    return found


def edges(planned: Plan) -> set[tuple[str, str]]:
    """The edges with names for ids: `gpon-port/configure`, `site-visit`."""
    names = {task.id: f"{service.specification}/{task.name}" for service in planned.services for task in service.tasks}
    names |= {visit.id: visit.template for visit in planned.visits}
    return {(names.get(first, first), names.get(second, second)) for first, second in planned.edges}


# The standard order -------------------------------------------------------------------------------------------------------------------
def test_a_triple_play_with_porting_has_27_nodes(world: InMemory) -> None:
    voice = add("1.2", "voice-line", numberPorting=True, portingNumber="+31201234567")
    planned = plan(world, add("1", "triple-play", nested=[add("1.1", "fibre-broadband"), voice, add("1.3", "tv")]))
    products = [item for item in planned.items if item.services]
    tasks = [task for service in planned.services for task in service.tasks]
    kinds = [service.category for service in planned.services]
    assert (len(products), kinds.count("CFS"), kinds.count("RFS"), len(planned.visits), len(tasks)) == (3, 5, 4, 1, 14)
    assert [task.name for task in tasks if task.kind == "manual"] == ["port-number"]
    assert {service.number for service in planned.services} == {1, 2, 3}
    assert planned.visits[0].numbers == (1, 2, 3)


def test_its_steps_wait_for_each_other(world: InMemory) -> None:
    assert edges(plan(world, add("1", "triple-play"))) >= {
        ("gpon-port/reserve", "gpon-port/configure"),
        ("gpon-port/configure", "site-visit"),
        ("site-visit", "access-line/test"),
        ("access-line/test", "ip-session/reserve"),
        ("access-line/test", "sip-account/reserve"),
        ("access-line/test", "iptv-stream/reserve"),
        ("ip-session/configure", "internet-access/test"),
        ("internet-access/test", "home-gateway/provision"),
    }


def test_a_bundle_without_parts_expands_with_its_defaults(world: InMemory) -> None:
    planned = plan(world, add("1", "triple-play"))
    assert [(item.id, item.parent, item.offering) for item in planned.items] == [
        ("1", "", "triple-play"),
        ("1.1", "1", "fibre-broadband"),
        ("1.2", "1", "voice-line"),
        ("1.3", "1", "tv"),
    ]
    assert planned.items[0].bundles == ("pr-1-1.1", "pr-1-1.2", "pr-1-1.3")
    assert planned.items[1].values == {"downstream": 500, "upstream": 250, "staticIp": False}


def test_the_parts_of_a_bundle_never_take_an_id_of_the_customer(world: InMemory) -> None:
    planned = plan(world, add("1", "triple-play"), add("1.1", "mobile-line"))
    assert [item.id for item in planned.items] == ["1", "1.2", "1.3", "1.4", "1.1"]


def test_the_same_order_has_the_same_plan() -> None:
    plans = [plan(InMemory(sample()), add("1", "triple-play")) for _ in range(2)]
    assert plans[0] == plans[1]


# The action table (domain-rules 2.5) ------------------------------------------------------------------------------------------------------
def test_add_when_nothing_is_there(world: InMemory) -> None:
    assert set(actions(plan(world, add("1", "tv"))).values()) == {"add"}


def test_add_joins_a_shared_service_that_is_there(world: InMemory) -> None:
    having(world, add("1", "tv"))
    planned = plan(world, add("1", "voice-line"))
    assert actions(planned) == {"access-line": "noChange", "gpon-port": "noChange", "voice-service": "add", "sip-account": "add"}
    assert planned.visits == ()
    assert world.services("access-line").popitem()[1].holders == {"pr-1-1": "po-1", "pr-2-1": "po-2"}


def test_add_changes_a_shared_service_that_is_there_with_other_values(world: InMemory) -> None:
    having(world, add("1", "tv"))
    planned = plan(world, add("1", "fibre-broadband"))
    assert actions(planned)["gpon-port"] == "modify"
    assert by_specification(planned, "gpon-port").values == {"downstream": 500, "upstream": 250}


def test_another_site_has_another_line(world: InMemory) -> None:
    having(world, add("1", "tv"))
    assert actions(plan(world, add("1", "tv", site="site-2")))["access-line"] == "add"


def test_modify_touches_what_differs(world: InMemory) -> None:
    order = having(world, add("1", "fibre-broadband"))
    planned = plan(world, change("1", "modify", world.product(order, "1"), downstream=1000))
    assert {name for name, action in actions(planned).items() if action == "modify"} == {"gpon-port", "internet-access", "ip-session"}
    assert planned.items[0].values == {"downstream": 1000, "upstream": 250, "staticIp": False}  # upstream is not named, so it stays
    assert by_specification(planned, "gpon-port").previous == {"downstream": 500, "upstream": 250}


def test_modify_leaves_what_the_customer_chose_unless_it_is_a_snapshot(world: InMemory) -> None:
    order = having(world, add("1", "fibre-broadband", downstream=500, upstream=50, staticIp=True))
    delta = change("1", "modify", world.product(order, "1"), downstream=1000)
    assert plan(world, delta).items[0].values == {"downstream": 1000, "upstream": 50, "staticIp": True}
    world.complete_all()
    full = {**change("1", "modify", world.product(order, "1"), downstream=1000), "modifyMode": "full"}
    assert plan(world, full).items[0].values == {"downstream": 1000, "upstream": 500, "staticIp": False}


def test_modify_without_a_difference_has_no_work(world: InMemory) -> None:
    order = having(world, add("1", "tv"))
    again = world.order(change("1", "modify", world.product(order, "1")))
    assert world.state(again).state == "completed"


def test_delete_goes_backwards_from_what_was_built(world: InMemory) -> None:
    order = having(world, add("1", "tv"))
    planned = plan(world, change("1", "delete", world.product(order, "1")))
    assert set(actions(planned).values()) == {"delete"}
    assert edges(planned) >= {
        ("iptv-stream/configure", "iptv-stream/reserve"),
        ("gpon-port/configure", "gpon-port/reserve"),
        ("iptv-stream/reserve", "gpon-port/configure"),
    }


def test_delete_lets_go_of_what_another_product_holds_and_the_last_one_ends_it(world: InMemory) -> None:
    order = having(world, add("1", "tv"), add("2", "voice-line"))
    planned = plan(world, change("1", "delete", world.product(order, "1")))
    assert actions(planned) == {"tv-service": "delete", "iptv-stream": "delete"}
    assert len(planned.items[0].detached) == 4
    world.complete_all()
    assert {service.specification for service in world.services().values() if service.holders.get("pr-1-1")} == {
        "tv-service",
        "iptv-stream",
    }
    last = plan(world, change("1", "delete", world.product(order, "2")))
    assert set(actions(last)) == {"access-line", "gpon-port", "voice-service", "sip-account"}


def test_delete_of_a_bundle_deletes_its_parts(world: InMemory) -> None:
    having(world, add("1", "triple-play"))
    order = world.order(change("1", "delete", "pr-1-1"))
    world.complete_all()
    assert world.state(order).state == "completed"
    assert {world.status(order, item) for item in world.state(order).parts} == {"terminated"}
    assert {service.state for service in world.services().values()} == {"terminated"}


def test_delete_of_a_product_deletes_what_was_ordered_inside_it(world: InMemory) -> None:
    having(world, add("1", "fibre-broadband", nested=[add("2", "wifi-mesh")]))
    planned = plan(world, change("1", "delete", "pr-1-1"))
    assert [(item.product, item.action) for item in planned.items] == [("pr-1-1", "delete"), ("pr-1-2", "delete")]


def test_a_part_is_added_to_a_product_that_is_there(world: InMemory) -> None:
    having(world, add("1", "fibre-broadband"))
    order = world.order(change("1", "modify", "pr-1-1", nested=[add("2", "wifi-mesh")]))
    world.complete_all()
    assert world.state(order).state == "completed"
    assert world.state("pr-1-1").bundles == ("pr-2-2",)
    too_many = [add(str(n), "wifi-mesh") for n in range(2, 6)]
    with pytest.raises(Rejected, match="needs 0 to 4 wifi-mesh, not 5"):
        world.order(change("1", "modify", "pr-1-1", nested=too_many))


def test_an_order_in_which_nothing_changes_is_completed(world: InMemory) -> None:
    having(world, add("1", "tv"))
    assert world.state(world.order(change("1", "noChange", "pr-1-1"))).state == "completed"


# Items that rely on others ---------------------------------------------------------------------------------------------------------------
def test_what_relies_on_another_item_waits_for_it(world: InMemory) -> None:
    planned = plan(world, add("1", "fibre-broadband"), add("2", "voice-line", relies_on="1"))
    assert ("item:1", "sip-account/reserve") in edges(planned)
    assert ("item:1", "gpon-port/reserve") not in edges(planned)


def test_items_that_rely_on_each_other_are_refused(world: InMemory) -> None:
    with pytest.raises(Rejected, match="wait for each other"):
        world.order(add("1", "mobile-line", relies_on="2"), add("2", "mobile-line", relies_on="1"))


def test_a_part_cannot_rely_on_its_own_bundle(world: InMemory) -> None:
    broadband = add("1.1", "fibre-broadband", relies_on="1")
    with pytest.raises(Rejected, match="wait for each other"):
        world.order(add("1", "triple-play", nested=[broadband, add("1.2", "voice-line"), add("1.3", "tv")]))


# Places ---------------------------------------------------------------------------------------------------------------------------------
def places(planned: Plan) -> dict[str, list[str]]:
    return {service.specification: [f"{place.role} {place.id}" for place in service.places] for service in planned.services}


def test_ethernet_that_names_no_ends_is_built_at_the_site_that_it_names(world: InMemory) -> None:
    planned = plan(world, add("1", "business-ethernet", site="site-1", bandwidth=100))
    assert set(map(tuple, places(planned).values())) == {("installation site-1",)}
    assert [(visit.template, visit.place.id) for visit in planned.visits] == [("site-visit-a", "site-1"), ("site-visit-z", "site-1")]


def test_what_is_for_one_end_is_not_sent_to_the_other(world: InMemory) -> None:
    item = add("1", "business-ethernet", bandwidth=100)
    item["product"]["place"] = [{"id": "site-a", "role": "aEnd"}]
    found = places(plan(world, item))
    assert (found["nid-a"], found["nid-z"]) == (["aEnd site-a"], [])


# Refusals ---------------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("item", "sentence", "path"),
    [
        (add("1", "carrier-pigeon"), "'carrier-pigeon' is not in the catalog", "productOrderItem[0].productOffering"),
        (add("1", "legacy-dsl"), "'legacy-dsl' cannot be ordered: it is Retired", "productOrderItem[0].productOffering"),
        (add("1", "wifi-mesh"), "can only be ordered inside fibre-broadband", "productOrderItem[0].productOffering"),
        (
            add("1", "fibre-broadband", downstream=7),
            "must be one of 100, 500, 1000, not 7",
            "productOrderItem[0].product.productCharacteristic[downstream]",
        ),
        (
            add("1", "business-ethernet", bandwidth="much"),
            "must be a number, not 'much'",
            "productOrderItem[0].product.productCharacteristic[bandwidth]",
        ),
        (
            add("1", "business-ethernet", bandwidth=20000),
            "must be between 100 and 10000, not 20000",
            "productOrderItem[0].product.productCharacteristic[bandwidth]",
        ),
        (add("1", "tv", colour="red"), "is not a characteristic of tv", "productOrderItem[0].product.productCharacteristic[colour]"),
        (add("1", "triple-play", nested=[add("2", "tv")]), "needs 1 to 1 fibre-broadband, not 0", "productOrderItem[0].productOrderItem"),
        (
            add("1", "tv", nested=[add("2", "mobile-line")]),
            "'mobile-line' is not a part of 'tv'",
            "productOrderItem[0].productOrderItem[0].productOffering",
        ),
        ({**add("1", "tv"), "quantity": 3}, "Item 1: quantity must be 1, not 3", "productOrderItem[0].quantity"),
        ({**add("1", "tv"), "quantity": 0}, "Item 1: quantity must be 1, not 0", "productOrderItem[0].quantity"),
        (change("1", "delete", "pr-9-9"), "'pr-9-9' is not in the install base", "productOrderItem[0].product.id"),
    ],
)
def test_what_cannot_be_ordered_is_refused_by_item_and_attribute(world: InMemory, item: dict[str, Any], sentence: str, path: str) -> None:
    with pytest.raises(Rejected) as refused:
        world.order(item)
    assert refused.value.code == "invalid"
    assert sentence in refused.value.sentence
    assert refused.value.reasons[0].path == path
    assert world.log == []


def test_a_product_of_another_customer_or_one_that_is_gone_is_refused(world: InMemory) -> None:
    order = having(world, add("1", "tv"))
    product = world.product(order, "1")
    with pytest.raises(Rejected, match="not in the install base of customer cust-2"):
        world.order(change("1", "delete", product), customer="cust-2")
    world.order(change("1", "delete", product))
    world.complete_all()
    with pytest.raises(Rejected, match="is terminated"):
        world.order(change("1", "delete", product))


def test_one_product_is_the_subject_of_one_item(world: InMemory) -> None:
    having(world, add("1", "tv"))
    with pytest.raises(Rejected, match="is the subject of item 1 already"):
        world.order(change("1", "modify", "pr-1-1"), change("2", "delete", "pr-1-1"))


@pytest.mark.parametrize("action", ["modify", "delete"])
def test_a_product_that_another_order_changes_is_a_conflict(world: InMemory, action: str) -> None:
    having(world, add("1", "fibre-broadband"))
    world.order(change("1", "modify", "pr-1-1", downstream=100))
    with pytest.raises(Rejected, match="is being changed by order po-2") as refused:
        world.order(change("1", action, "pr-1-1", downstream=1000))
    assert refused.value.code == "conflict"


def test_a_shared_service_that_another_order_is_building_is_a_conflict(world: InMemory) -> None:
    world.order(add("1", "tv"))
    with pytest.raises(Rejected, match="access-line at this site is being changed by order po-1"):
        world.order(add("1", "voice-line"))


def test_the_last_holder_cannot_be_known_while_the_other_one_is_being_ended(world: InMemory) -> None:
    having(world, add("1", "tv"), add("2", "voice-line"))
    world.order(change("1", "delete", "pr-1-1"))
    with pytest.raises(Rejected, match="shared with a product that is being changed by order po-2"):
        world.order(change("1", "delete", "pr-1-2"))


def test_a_refused_order_that_came_by_topic_is_kept_with_its_reasons(world: InMemory) -> None:
    order = world.order(add("1", "carrier-pigeon"), keep_refusal=True)
    (kept,) = world.events(ProductOrderRejected)
    assert world.state(order).state == "rejected"
    assert kept.reasons[0].path == "productOrderItem[0].productOffering"
    assert world.events(ProductOrderAcknowledged) == []


# Missing information ----------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("item", "paths"),
    [
        (add("1", "voice-line", numberPorting=True), ("productOrderItem[0].product.productCharacteristic[portingNumber]",)),
        ({"id": "1", "action": "add"}, ("productOrderItem[0].productOffering.id",)),
        ({"id": "1", "action": "delete"}, ("productOrderItem[0].product.id",)),
        (add("1", "business-ethernet"), ("productOrderItem[0].product.productCharacteristic[bandwidth]",)),
    ],
)
def test_what_is_missing_is_named_by_path(world: InMemory, item: dict[str, Any], paths: tuple[str, ...]) -> None:
    assert plan(world, item).items[0].missing == paths
    assert world.state("po-1").state == "pending"
