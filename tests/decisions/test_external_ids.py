"""What a customer calls a product is the name of one product, and later orders may say it (domain-rules 2.14)."""

from typing import Any

import pytest

from domain.product import ProductOrdered
from domain.values import Rejected
from tests.decisions.world import InMemory, add, change, sample


@pytest.fixture
def world() -> InMemory:
    return InMemory(sample(), rebuild_each=True)


def named(item: dict[str, Any], name: str) -> dict[str, Any]:
    return {**item, "product": {**item["product"], "externalId": name}}


def test_a_product_is_found_by_the_id_that_its_customer_gave_it(world: InMemory) -> None:
    order = world.order(named(add("1", "fibre-broadband", downstream=100), "line/7"))
    assert [each.external for each in world.events(ProductOrdered)] == ["line/7"]
    world.complete_all()
    product = world.product(order, "1")
    world.order(change("1", "modify", "line/7", downstream=1000))
    world.complete_all()
    assert world.state(product).values["downstream"] == 1000
    world.order(named(change("1", "delete", ""), "line/7"))
    world.complete_all()
    assert world.state(product).status == "terminated"
    assert {service.state for service in world.services().values()} == {"terminated"}


def test_a_name_is_given_once(world: InMemory) -> None:
    world.order(named(add("1", "mobile-line"), "sim-1"))
    with pytest.raises(Rejected, match="externalId 'sim-1' is that of product") as refused:
        world.order(named(add("1", "mobile-line"), "sim-1"))
    assert refused.value.code == "conflict"
    with pytest.raises(Rejected, match="the subject of item 1 already"):
        world.order(named(add("1", "mobile-line"), "sim-2"), named(add("2", "mobile-line"), "sim-2"))
    world.order(named(add("1", "mobile-line"), "sim-1"), customer="cust-2")  # each customer has names of their own


def test_a_name_stays_with_its_product_when_information_is_supplied(world: InMemory) -> None:
    order = world.order(named(add("1", "voice-line", numberPorting=True), "v-1"))
    world.supply(order, named(add("1", "voice-line", numberPorting=True, portingNumber="1"), "v-1"))
    world.complete_all()
    assert world.state(order).state == "completed"
    (ordered,) = world.events(ProductOrdered)
    assert ordered.external == "v-1"


def test_parts_of_a_bundle_have_names_too(world: InMemory) -> None:
    mesh = [named(add("1.1", "wifi-mesh"), "mesh-1")]
    world.order(named(add("1", "fibre-broadband", nested=mesh), "line-1"))
    world.complete_all()
    world.order(change("1", "delete", "mesh-1"))
    world.complete_all()
    assert [service.state for service in world.services("mesh-point").values()] == ["terminated"]
