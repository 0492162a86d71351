"""Which services are one service order, and what rules can know of an order when they choose target systems and visits (domain-rules 2.11)."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from domain.catalog import Catalog
from domain.plan import Plan
from domain.product_order import ProductOrderDecomposed, SubmitProductOrder
from domain.service_order import ServiceOrder
from domain.states import COMPLETED
from domain.verification import Verification
from schemas.catalog import catalog_document, catalog_from_document
from tests.decisions.world import InMemory, add

Document = dict[str, Any]


def edited(edit: Callable[[Document], None]) -> Catalog:
    document = copy.deepcopy(catalog_document("sample").document)
    edit(document)
    return catalog_from_document(document)


def grouped(per: str) -> InMemory:
    return InMemory(edited(lambda document: document.update(serviceOrderPer=per)), rebuild_each=True)


def plan_of(world: InMemory) -> Plan:
    plan: Plan = world.events(ProductOrderDecomposed)[-1].plan
    return plan


@pytest.mark.parametrize(
    ("per", "expected"),
    [
        (
            "item",
            [
                ["access-line", "gpon-port", "internet-access", "ip-session", "home-gateway"],
                ["voice-service", "sip-account"],
                ["tv-service", "iptv-stream"],
            ],
        ),
        (
            "targetSystem",
            [
                ["access-line", "internet-access", "voice-service", "tv-service"],
                ["gpon-port"],
                ["ip-session"],
                ["home-gateway"],
                ["sip-account"],
                ["iptv-stream"],
            ],
        ),
        (
            "order",
            [
                [
                    "access-line",
                    "gpon-port",
                    "internet-access",
                    "ip-session",
                    "home-gateway",
                    "voice-service",
                    "sip-account",
                    "tv-service",
                    "iptv-stream",
                ]
            ],
        ),
    ],
)
def test_the_catalog_says_what_one_service_order_is_for(per: str, expected: list[list[str]]) -> None:
    world = grouped(per)
    order = world.order(add("1", "triple-play"))
    services = plan_of(world).services
    found = [[each.specification for each in services if each.number == number] for number in sorted({each.number for each in services})]
    assert found == expected
    assert len({(each.number, each.item) for each in services}) == len(services)
    assert set(world.state(order).service_orders) == set(range(1, len(expected) + 1))


@pytest.mark.parametrize("per", ["item", "targetSystem", "order"])
def test_whatever_the_grouping_the_order_is_built_and_nothing_is_lost(per: str) -> None:
    world = grouped(per)
    order = world.order(add("1", "triple-play"))
    (visit,) = plan_of(world).visits
    assert set(visit.numbers) == set(world.state(order).service_orders)
    world.complete_all()
    assert world.state(order).state == COMPLETED
    states = {number: world.state(f"so-1-{number}") for number in world.state(order).service_orders}
    assert {state.state for state in states.values()} == {COMPLETED}
    assert checked(world) == []


@pytest.mark.parametrize("per", ["item", "targetSystem", "order"])
def test_whatever_the_grouping_a_cancel_takes_back_what_was_built(per: str) -> None:
    world = grouped(per)
    order = world.order(add("1", "triple-play"))
    world.answer(world.named("gpon-port/reserve"))
    world.answer(world.named("gpon-port/configure"))
    world.cancel(order)
    world.complete_all()
    assert world.state(order).state == "cancelled"
    orders: list[ServiceOrder] = [world.state(f"so-1-{number}") for number in world.state(order).service_orders]
    assert {each.state for each in orders} <= {"cancelled", "partial", "failed"}
    assert not any(service.is_live for service in world.services().values())
    assert checked(world) == []


@pytest.mark.parametrize("per", ["item", "targetSystem", "order"])
def test_whatever_the_grouping_an_amendment_adds_and_takes_out(per: str) -> None:
    """What stays is the service order item that it was; what is new is in a service order of its own."""
    world = grouped(per)
    order = world.order(add("1", "fibre-broadband"), add("2", "voice-line"))
    before = {service.id: (service.number, service.item) for service in plan_of(world).services}
    world.answer(world.named("gpon-port/reserve"))
    world.amend(order, add("1", "fibre-broadband"), add("3", "tv"), mode="full")
    after = {service.id: (service.number, service.item) for service in world.state(order).plan.services if service.number}
    assert all(before[id] == place for id, place in after.items() if id in before)
    assert len(set(after.values())) == len(after)
    world.complete_all()
    assert world.state(order).state == COMPLETED
    assert checked(world) == []


def test_what_is_planned_later_is_a_service_order_of_its_own() -> None:
    """A service order that has been sent out does not grow."""
    world = grouped("order")
    order = world.order(add("1", "voice-line", numberPorting=True), add("2", "tv"))
    assert world.state(order).service_orders == (1,)
    world.supply(order, add("1", "voice-line", numberPorting=True, portingNumber="+49 1"), add("2", "tv"))
    assert world.state(order).service_orders == (1, 2)
    world.complete_all()
    assert world.state(order).state == COMPLETED


def checked(world: InMemory) -> list[str]:
    verification = Verification()
    for recorded in world.log:
        verification.learn(recorded)
    return [offender for invariant in verification.report() for offender in invariant.offenders]


# ---- who gets a task, and which visit is made


def targets(world: InMemory) -> dict[str, str]:
    return {f"{service.specification}/{task.name}": task.target_system for service in plan_of(world).services for task in service.tasks}


@pytest.mark.parametrize(
    ("condition", "chosen"),
    [
        (True, "hlr-2"),
        ({"eq": [{"input": "action"}, "add"]}, "hlr-2"),
        ({"eq": [{"input": "site"}, "site-7"]}, "hlr-2"),
        ({"eq": [{"input": "site"}, "site-8"]}, "hlr"),
        ({"eq": [{"input": "customer"}, "cust-7"]}, "hlr-2"),
        ({"in": [{"input": "customer"}, ["cust-8", "cust-9"]]}, "hlr"),
        ({"eq": [{"input": "segment"}, "business"]}, "hlr-2"),
        ({"eq": [{"input": "segment"}, "residential"]}, "hlr"),
        ({"eq": [{"characteristic": "simType"}, "esim"]}, "hlr-2"),
        ({"eq": [{"characteristic": "simType"}, "physical"]}, "hlr"),
        ({"and": [{"eq": [{"input": "customer"}, "cust-7"]}, {"eq": [{"input": "site"}, "site-7"]}]}, "hlr-2"),
    ],
)
def test_a_distribution_rule_knows_action_place_customer_segment_and_characteristics(condition: Any, chosen: str) -> None:
    rule = {"id": "some", "specification": "hlr-subscription", "targetSystem": "hlr-2", "condition": condition}
    world = InMemory(edited(lambda document: document.update(distributions=[rule])))
    submit(world, "mobile-line")
    assert targets(world)["hlr-subscription/activate"] == chosen


def submit(world: InMemory, offering: str) -> None:
    """An order of customer cust-7, a business, for site-7."""
    document = {"category": "business", "productOrderItem": [add("1", offering, "site-7")]}
    world.send(SubmitProductOrder("po-1", document, "cust-7", "shop", None, None, False), "cust-7")
    world.orders.append("po-1")


@pytest.mark.parametrize(("actions", "chosen"), [([], "hlr-2"), (["add"], "hlr-2"), (["modify", "delete"], "hlr")])
def test_a_distribution_rule_is_for_actions(actions: list[str], chosen: str) -> None:
    rule = {"id": "some", "specification": "hlr-subscription", "targetSystem": "hlr-2", "actions": actions}
    world = InMemory(edited(lambda document: document.update(distributions=[rule])))
    world.order(add("1", "mobile-line"))
    assert targets(world)["hlr-subscription/activate"] == chosen


def test_the_first_distribution_rule_that_fits_counts_and_a_task_s_own_target_system_outranks_all() -> None:
    def two(document: Document) -> None:
        document["distributions"] = [
            {"id": "first", "specification": "tv-service", "targetSystem": "one", "condition": {"eq": [{"input": "customer"}, "nobody"]}},
            {"id": "second", "specification": "iptv-stream", "targetSystem": "two"},
            {"id": "third", "specification": "iptv-stream", "targetSystem": "three"},
        ]

    world = InMemory(edited(two))
    world.order(add("1", "tv"))
    assert targets(world)["iptv-stream/reserve"] == "two"
    assert targets(world)["tv-service/test"] == "assurance"


@pytest.mark.parametrize(
    ("condition", "visits"),
    [
        (True, ["site-visit"]),
        ({"eq": [{"input": "segment"}, "business"]}, ["site-visit"]),
        ({"ne": [{"input": "segment"}, "business"]}, []),
        ({"eq": [{"input": "site"}, "site-7"]}, ["site-visit"]),
        ({"eq": [{"input": "customer"}, "cust-8"]}, []),
        ({"gt": [{"characteristic": "setTopBoxes"}, 1]}, []),
    ],
)
def test_a_work_order_template_is_chosen_by_its_condition(condition: Any, visits: list[str]) -> None:
    world = InMemory(edited(lambda document: document["workOrders"][0].update(condition=condition)))
    submit(world, "tv")
    assert [each.template for each in plan_of(world).visits] == visits


def test_a_visit_is_for_a_product_whatever_the_offering_that_sells_it_is_called() -> None:
    def another(document: Document) -> None:
        document["offerings"].append({"id": "tv-for-hotels", "name": "TV for hotels", "specification": "tv"})

    world = InMemory(edited(another))
    world.order(add("1", "tv-for-hotels"))
    assert [each.template for each in plan_of(world).visits] == ["site-visit"]
