"""Between accepting and planning: technical values that somebody of ours adds, and the approval of a role; the default asks for neither."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from domain.catalog import Approval, Catalog, CharacteristicSpecification, Enrichment
from domain.product import ProductOrdered
from domain.product_order import (
    ProductOrderApprovalRefused,
    ProductOrderApprovalRequired,
    ProductOrderApproved,
    ProductOrderEnrichmentRequired,
    ProductOrderInformationRequired,
    ProductOrderInformationSupplied,
)
from domain.service_order import ActivationRequested
from domain.values import Rejected
from domain.verification import Verification
from tests.decisions.stories import Story, refusals, scripts
from tests.decisions.world import InMemory, add, change, sample
from tests.examples import examples


def policies(**asked: tuple[Enrichment | None, Approval | None]) -> Catalog:
    """The sample catalog with policies for some products (`mobile_line`), which have a characteristic `profile` then."""
    catalog, products = sample(), dict(sample().products)
    for name, (enrichment, approval) in asked.items():
        product = products[name.replace("_", "-")]
        profile = CharacteristicSpecification("profile")
        products[product.id] = replace(
            product, characteristics=(*product.characteristics, profile), enrichment=enrichment, approval=approval
        )
    return replace(catalog, products=products)


ENRICHED = Enrichment(("profile",), "network-planning")
APPROVED = Approval("credit-manager")
DEAR = Approval("credit-manager", {"gt": [{"characteristic": "downstream"}, 500]})


def world_with(**asked: tuple[Enrichment | None, Approval | None]) -> InMemory:
    return InMemory(policies(**asked), rebuild_each=True)


def verified(world: InMemory) -> None:
    verification = Verification()
    for recorded in world.log:
        verification.learn(recorded)
    assert [each for each in verification.report() if each.offenders] == []


# Enrichment ---------------------------------------------------------------------------------------------------------------------------
def test_an_item_waits_for_its_technical_values_and_the_rest_goes_on() -> None:
    world = world_with(mobile_line=(ENRICHED, None))
    order = world.order(add("1", "mobile-line"), add("2", "tv"))
    assert world.state(order).own == {"1": "pending", "2": "inProgress"}
    path = "productOrderItem[0].product.productCharacteristic[profile]"
    assert world.events(ProductOrderEnrichmentRequired) == [ProductOrderEnrichmentRequired("1", (path,), "network-planning")]
    assert world.events(ProductOrderInformationRequired) == []  # the customer is asked for nothing
    world.supply(order, add("1", "mobile-line", profile="gold"), add("2", "tv"))
    world.complete_all()
    assert world.state(order).state == "completed"
    assert world.state(world.product(order, "1")).values["profile"] == "gold"
    verified(world)


def test_who_says_the_values_in_the_order_is_asked_for_nothing() -> None:
    world = world_with(mobile_line=(ENRICHED, None))
    world.order(add("1", "mobile-line", profile="gold"))
    assert world.events(ProductOrderEnrichmentRequired) == []
    assert len(world.events(ActivationRequested)) == 1


def test_what_the_customer_lacks_is_asked_of_the_customer() -> None:
    world = world_with(voice_line=(ENRICHED, None))
    order = world.order(add("1", "voice-line", numberPorting=True))
    (asked,) = world.events(ProductOrderInformationRequired)
    assert asked.paths == ("productOrderItem[0].product.productCharacteristic[portingNumber]",)
    assert [each.paths[0][-9:] for each in world.events(ProductOrderEnrichmentRequired)] == ["[profile]"]
    world.supply(order, add("1", "voice-line", numberPorting=True, portingNumber="1"))
    assert world.state(order).state == "pending"
    world.supply(order, add("1", "voice-line", numberPorting=True, portingNumber="1", profile="gold"))
    assert world.state(order).state == "inProgress"
    verified(world)


# Approval -----------------------------------------------------------------------------------------------------------------------------
def test_an_item_is_planned_once_it_is_approved() -> None:
    world = world_with(mobile_line=(None, APPROVED))
    order = world.order(add("1", "mobile-line"))
    assert (world.state(order).state, world.events(ProductOrdered)) == ("pending", [])
    assert world.events(ProductOrderApprovalRequired) == [ProductOrderApprovalRequired("1", "credit-manager")]
    world.approve("1")
    assert [each.role for each in world.events(ProductOrderApproved)] == ["credit-manager"]
    world.complete_all()
    assert (world.state(order).state, world.status(order, "1")) == ("completed", "active")
    verified(world)


@pytest.mark.parametrize(("downstream", "asked"), [(100, 0), (500, 0), (1000, 1)])
def test_only_what_the_condition_holds_for_is_asked(downstream: int, asked: int) -> None:
    world = world_with(fibre_broadband=(None, DEAR))
    world.order(add("1", "fibre-broadband", downstream=downstream))
    assert len(world.events(ProductOrderApprovalRequired)) == asked


def test_a_modify_and_a_delete_are_asked_about_too() -> None:
    world = world_with(fibre_broadband=(None, DEAR))
    product = world.product(world.order(add("1", "fibre-broadband", downstream=100)), "1")
    world.complete_all()
    world.order(change("1", "modify", product, downstream=1000))
    assert len(world.events(ProductOrderApprovalRequired)) == 1
    world.approve("1")
    world.complete_all()
    world.order(change("1", "delete", product))
    assert len(world.events(ProductOrderApprovalRequired)) == 2
    world.approve("1")
    world.complete_all()
    assert world.state(product).status == "terminated"
    verified(world)


def test_a_refusal_cancels_the_item_alone() -> None:
    world = world_with(mobile_line=(ENRICHED, APPROVED))
    order = world.order(add("1", "mobile-line"), add("2", "tv"))
    world.refuse("1")
    (refused,) = world.events(ProductOrderApprovalRefused)
    assert (refused.item, refused.who.reason) == ("1", "test")
    assert world.state(order).own["1"] == "cancelled"
    world.complete_all()
    assert world.state(order).state == "partial"
    verified(world)


def test_an_order_of_nothing_else_is_cancelled_with_it() -> None:
    world = world_with(mobile_line=(None, APPROVED))
    order = world.order(add("1", "mobile-line"))
    world.refuse("1")
    assert world.state(order).state == "cancelled"
    assert world.events(ProductOrdered) == []
    verified(world)


def test_a_refused_item_does_not_come_back_when_another_is_decided() -> None:
    world = world_with(mobile_line=(None, APPROVED), tv=(ENRICHED, APPROVED))
    order = world.order(add("1", "mobile-line"), add("2", "tv"))
    world.refuse("1")
    world.approve("2")
    assert world.state(order).own == {"1": "cancelled", "2": "pending"}  # the second still lacks its values
    world.supply(order, add("1", "mobile-line"), add("2", "tv", profile="gold"))
    world.complete_all()
    assert world.state(order).own == {"1": "cancelled", "2": "completed"}
    assert len(world.events(ProductOrderApprovalRequired)) == 2
    verified(world)


def test_parts_of_a_bundle_are_approved_each() -> None:
    world = world_with(tv=(None, APPROVED))
    order = world.order(add("1", "triple-play"))
    (waiting,) = [id for id, state in world.state(order).own.items() if state == "pending"]
    world.complete_all()
    assert world.state(order).state == "pending"
    world.approve(waiting)
    world.complete_all()
    assert world.state(order).state == "completed"
    verified(world)


def test_a_value_that_changes_what_was_approved_is_approved_anew() -> None:
    world = world_with(fibre_broadband=(ENRICHED, DEAR))
    order = world.order(add("1", "fibre-broadband", downstream=1000))
    world.approve("1")
    world.supply(order, add("1", "fibre-broadband", downstream=1000, profile="gold"))
    assert len(world.events(ProductOrderApprovalRequired)) == 1  # what was added was asked for
    world.complete_all()
    assert world.state(order).state == "completed"


def test_what_waits_for_no_approval_cannot_be_approved() -> None:
    world = world_with(mobile_line=(None, APPROVED))
    order = world.order(add("1", "mobile-line"), add("2", "tv"))
    for item, code in (("2", "conflict"), ("9", "unknown")):
        with pytest.raises(Rejected) as rejected:
            world.approve(item)
        assert rejected.value.code == code
    world.approve("1")
    for decide in (world.approve, world.refuse):
        with pytest.raises(Rejected, match="waits for no approval"):
            decide("1")
    world.cancel(order)


def test_a_cancel_ends_what_waits_for_approval() -> None:
    world = world_with(mobile_line=(ENRICHED, APPROVED))
    order = world.order(add("1", "mobile-line"))
    world.cancel(order)
    assert world.state(order).state == "cancelled"
    with pytest.raises(Rejected, match="waits for no approval"):
        world.approve("1")
    verified(world)


def test_who_supplied_the_values_is_recorded() -> None:
    world = world_with(mobile_line=(ENRICHED, None))
    order = world.order(add("1", "mobile-line"))
    world.supply(order, add("1", "mobile-line", profile="gold"))
    supplied: list[Any] = world.events(ProductOrderInformationSupplied)
    assert [each.who.name for each in supplied] == [""]


def test_the_default_asks_for_neither() -> None:
    assert all(product.enrichment is None and product.approval is None for product in sample().products.values())


def test_an_order_with_a_refused_item_is_not_amended() -> None:
    world = world_with(mobile_line=(None, APPROVED))
    order = world.order(add("1", "mobile-line"), add("2", "tv"))
    world.refuse("1")
    with pytest.raises(Rejected, match="an item that was not approved"):
        world.amend(order, add("2", "tv", setTopBoxes=2))


def test_a_bundle_is_done_when_the_part_that_waited_is_cancelled() -> None:
    world = world_with(tv=(None, APPROVED))
    order = world.order(add("1", "triple-play"))
    world.complete_all()
    world.cancel(order)
    assert (world.state(order).state, world.status(order, "1")) == ("partial", "active")
    verified(world)


# Random stories -----------------------------------------------------------------------------------------------------------------------
class Cleared(Story):
    """A story in which some products ask for values and approvals, and our own people say what comes to their mind."""

    def __init__(self, numbers: list[int]) -> None:
        super().__init__(numbers)
        self.world = world_with(mobile_line=(ENRICHED, APPROVED), tv=(None, APPROVED), fibre_broadband=(None, DEAR))

    def step(self) -> None:
        self.chance.of([super().step, super().step, super().step, self.clear])()

    def clear(self) -> None:
        for order in self.world.orders:
            plan = self.world.state(order).plan
            waiting = [item.id for item in plan.items if item.clearance is not None and item.clearance.role] if plan is not None else []
            if waiting:
                with refusals("conflict"):
                    self.chance.of([self.world.approve, self.world.approve, self.world.refuse])(self.chance.of(waiting), order)
                return


@examples(200)
@given(scripts)
def test_every_story_with_policies_ends_well(numbers: list[int]) -> None:
    Cleared(numbers).run()
