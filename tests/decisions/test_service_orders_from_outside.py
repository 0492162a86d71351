"""Service orders that come from outside: split from CFS to RFS or taken as listed, against the service inventory, without a product."""

from typing import Any

import pytest

from domain import fallout
from domain.product import ProductOrdered
from domain.product_order import ProductOrderCancellationAssessed, ProductOrderDecomposed, ProductOrderRejected, SubmitServiceOrder
from domain.service_order import ActivationRequested
from domain.values import Rejected
from domain.verification import Verification
from tests.decisions.world import InMemory, add, ask, change, sample


@pytest.fixture
def world() -> InMemory:
    return InMemory(sample(), rebuild_each=True)


def requested(world: InMemory) -> list[str]:
    """What was asked of target systems: action, specification and task."""
    return [
        f"{event.request['action']} {event.request['service']['serviceSpecification']['id']}/{event.request['task']}"
        for event in world.events(ActivationRequested)
    ]


def states(world: InMemory) -> dict[str, str]:
    return {service.specification: service.state for service in world.services().values()}


def verified(world: InMemory) -> None:
    verification = Verification()
    for recorded in world.log:
        verification.learn(recorded)
    assert [each for each in verification.report() if each.offenders] == []


def built(world: InMemory, specification: str, **values: Any) -> str:
    """A service that an order from outside has built; answers its id."""
    order = world.order_services(ask("1", specification, **values))
    world.complete_all()
    return world.product(order, "1")


# Split or listed ----------------------------------------------------------------------------------------------------------------------
def test_a_customer_facing_service_is_split_by_the_catalog_and_makes_no_product(world: InMemory) -> None:
    order = world.order_services(ask("1", "internet-access", downstream=500, upstream=250))
    world.complete_all()
    assert world.state(order).state == "completed"
    assert states(world) == {"internet-access": "active", "ip-session": "active"}
    assert requested(world) == ["add ip-session/reserve", "add ip-session/configure", "add internet-access/test"]
    assert world.services("ip-session").popitem()[1].values == {"downstream": 500, "upstream": 250}
    assert world.events(ProductOrdered) == []
    verified(world)


def test_a_service_takes_the_characteristics_of_what_it_is_built_of(world: InMemory) -> None:
    world.order_services(ask("1", "access-line", downstream=1000))
    world.complete_all()
    assert world.services("gpon-port").popitem()[1].values == {"downstream": 1000}


def test_an_order_that_lists_its_parts_is_not_split_again(world: InMemory) -> None:
    world.order_services(ask("line", "access-line"), ask("port", "gpon-port", downstream=100))
    (decomposed,) = world.events(ProductOrderDecomposed)
    assert [service.specification for service in decomposed.plan.services] == ["access-line", "gpon-port"]
    world.complete_all()
    assert requested(world) == ["add gpon-port/reserve", "add gpon-port/configure", "add access-line/test"]  # the whole after its part
    (line, _) = world.services("access-line").popitem()
    assert world.services()[line].supporting == (f"{line}.gpon-port",)
    verified(world)


def test_an_item_that_names_the_part_it_waits_for_is_the_whole(world: InMemory) -> None:
    world.order_services(ask("p", "gpon-port"), ask("l", "access-line", after="p"))
    world.complete_all()
    (line, _) = world.services("access-line").popitem()
    assert set(world.services()) == {line, f"{line}.gpon-port"}


def test_a_part_may_be_nested_in_its_whole(world: InMemory) -> None:
    order = world.order_services(ask("1", "internet-access", nested=[ask("2", "ip-session", site="")]))
    assert world.state(order).parts["1"].children == ("2",)
    world.complete_all()
    (whole, _) = world.services("internet-access").popitem()
    assert set(world.services()) == {whole, f"{whole}.ip-session"}
    assert world.state(order).shown == {"1": "completed", "2": "completed"}


def test_items_wait_for_those_they_name(world: InMemory) -> None:
    world.order_services(ask("1", "mobile-service", after="2"), ask("2", "home-gateway"))
    assert requested(world) == ["add home-gateway/provision"]
    world.complete_all()
    assert requested(world) == ["add home-gateway/provision", "add hlr-subscription/activate"]


def test_a_lone_resource_facing_service_can_be_ordered(world: InMemory) -> None:
    order = world.order_services(ask("1", "gpon-port", downstream=500))
    world.complete_all()
    assert world.state(order).state == "completed"
    assert states(world) == {"gpon-port": "active"}


# Modify, delete, noChange ----------------------------------------------------------------------------------------------------------------
def test_a_modify_reaches_the_parts(world: InMemory) -> None:
    service = built(world, "internet-access", downstream=100)
    world.order_services(ask("1", action="modify", service=service, downstream=500))
    world.complete_all()
    assert {each.values["downstream"] for each in world.services().values()} == {500}
    assert requested(world)[3:] == ["modify ip-session/reserve", "modify ip-session/configure", "modify internet-access/test"]
    verified(world)


def test_a_modify_that_changes_nothing_is_done_at_once(world: InMemory) -> None:
    service = built(world, "internet-access", downstream=100)
    order = world.order_services(ask("1", action="modify", service=service, downstream=100))
    assert world.state(order).state == "completed"
    verified(world)


def test_a_delete_takes_down_what_was_built(world: InMemory) -> None:
    service = built(world, "internet-access", downstream=100)
    order = world.order_services(ask("1", action="delete", service=service))
    world.complete_all()
    assert world.state(order).state == "completed"
    assert states(world) == {"internet-access": "terminated", "ip-session": "terminated"}
    verified(world)


def test_nothing_is_done_for_items_that_do_not_change(world: InMemory) -> None:
    service = built(world, "internet-access")
    order = world.order_services(ask("1", action="noChange", service=service), ask("2", "home-gateway"))
    assert world.state(order).own == {"2": "inProgress"}
    world.complete_all()
    assert world.state(order).state == "completed"
    verified(world)


# What its sender calls a service ------------------------------------------------------------------------------------------------------
def named(item: dict[str, Any], name: str) -> dict[str, Any]:
    return {**item, "service": {**item["service"], "externalId": name}}


def test_a_service_is_found_by_the_id_that_its_sender_gave_it(world: InMemory) -> None:
    order = world.order_services(named(ask("1", "internet-access", downstream=100), "net/17"))
    world.complete_all()
    service = world.product(order, "1")
    world.order_services(ask("1", action="modify", service="net/17", downstream=500))
    world.complete_all()
    assert world.services()[service].values["downstream"] == 500
    world.order_services(named(ask("1", action="delete"), "net/17"))
    world.complete_all()
    assert set(states(world).values()) == {"terminated"}
    verified(world)


def test_an_id_of_a_sender_is_the_name_of_one_service(world: InMemory) -> None:
    world.order_services(named(ask("1", "home-gateway"), "g-1"))
    with pytest.raises(Rejected, match="is being changed by order sr-1"):
        world.order_services(named(ask("1", "home-gateway"), "g-1"))
    world.complete_all()
    with pytest.raises(Rejected, match="externalId 'g-1' is that of service") as refused:
        world.order_services(named(ask("1", "home-gateway"), "g-1"))
    assert refused.value.code == "conflict"
    world.order_services(named(ask("1", "home-gateway"), "g-1"), customer="cust-2")  # each has names of its own
    with pytest.raises(Rejected, match="service 'g-2' is not in the service inventory"):
        world.order_services(ask("1", action="delete", service="g-2"))


def test_ids_are_unique_within_their_source(world: InMemory) -> None:
    """The requester of an order is its source; the customer's own names are those of nobody else."""
    document = {"serviceOrderItem": [named(ask("1", "home-gateway"), "g-1")]}
    for number, source in enumerate(("soms", "other", "cust-1"), 1):
        stream = f"sr-{number}"
        world.send(SubmitServiceOrder(stream, document, "cust-1", source, None, None, keep_refusal=False))
        world.orders.append(stream)
    world.complete_all()
    assert len(world.services("home-gateway")) == 3
    ended = {"serviceOrderItem": [ask("1", action="delete", service="g-1")]}
    world.send(SubmitServiceOrder("sr-4", ended, "cust-1", "other", None, None, keep_refusal=False))
    world.orders.append("sr-4")
    world.complete_all()
    assert world.services()[world.product("sr-2", "1")].state == "terminated"
    verified(world)


# Shared with products -----------------------------------------------------------------------------------------------------------------
def test_a_product_joins_a_line_that_was_ordered_as_a_service_and_neither_ends_it_for_the_other(world: InMemory) -> None:
    line = built(world, "access-line", downstream=500, upstream=250)
    order = world.order(add("1", "fibre-broadband"))
    world.complete_all()
    assert len(world.services("access-line")) == len(world.services("gpon-port")) == 1
    product = world.product(order, "1")
    assert set(world.services()[line].holders) == {line, product}
    let_go = world.order_services(ask("1", action="delete", service=line))
    assert world.state(let_go).state == "completed"
    assert (world.services()[line].state, set(world.services()[line].holders)) == ("active", {product})
    world.order(change("1", "delete", product))
    world.complete_all()
    assert {service.state for service in world.services().values()} == {"terminated"}
    verified(world)


def test_a_line_that_a_product_has_is_shared_with_who_orders_it_as_a_service(world: InMemory) -> None:
    product = world.product(world.order(add("1", "fibre-broadband")), "1")
    world.complete_all()
    order = world.order_services(ask("1", "access-line"))
    assert world.state(order).state == "completed"
    world.order(change("1", "delete", product))
    world.complete_all()
    assert {name for name, state in states(world).items() if state == "active"} == {"access-line", "gpon-port"}
    verified(world)


def test_what_a_product_was_built_on_is_changed_but_not_ended(world: InMemory) -> None:
    world.order(add("1", "fibre-broadband"))
    world.complete_all()
    (access, before) = world.services("internet-access").popitem()
    order = world.order_services(ask("1", action="modify", service=access, staticIp=True))
    world.complete_all()
    assert world.state(order).state == "completed"
    assert world.services()[access].values["staticIp"] is True
    assert world.services()[access].holders == before.holders
    with pytest.raises(Rejected, match="it ends when that does") as refused:
        world.order_services(ask("1", action="delete", service=access))
    assert refused.value.code == "conflict"
    verified(world)


# Refused ------------------------------------------------------------------------------------------------------------------------------
def test_what_contradicts_catalog_or_inventory_is_refused_naming_item_and_field(world: InMemory) -> None:
    service = built(world, "internet-access", downstream=100)
    ended = built(world, "home-gateway")
    world.order_services(ask("1", action="delete", service=ended))
    world.complete_all()
    for item, path in (
        (ask("7", "warp-drive"), "service.serviceSpecification"),
        (ask("7"), "service.serviceSpecification"),
        (ask("7", "internet-access", colour="red"), "service.serviceCharacteristic[colour]"),
        (ask("7", "internet-access", downstream="fast"), "service.serviceCharacteristic[downstream]"),
        (ask("7", action="modify"), "service.id"),
        (ask("7", action="modify", service="svc-nobody"), "service.id"),
        (ask("7", action="modify", service="sr-1"), "service.id"),
        (ask("7", action="delete", service=ended), "service.id"),
        (ask("7", "ip-session", "modify", service), "service.serviceSpecification"),
        (ask("7", "internet-access", "modify", service, site="site-2"), "service.place"),
        ({**ask("7", "internet-access"), "quantity": 2}, "quantity"),
        (ask("7", "internet-access", after="8"), "serviceOrderItemRelationship"),
    ):
        with pytest.raises(Rejected, match="Item 7") as refused:
            world.order_services(item)
        assert refused.value.code == "invalid"
        assert refused.value.reasons[0].path == f"serviceOrderItem[0].{path}"


def test_a_service_of_somebody_else_is_not_there(world: InMemory) -> None:
    service = built(world, "internet-access")
    with pytest.raises(Rejected, match="not in the service inventory of customer cust-2"):
        world.order_services(ask("1", action="delete", service=service), customer="cust-2")


def test_a_service_is_named_once(world: InMemory) -> None:
    service = built(world, "internet-access")
    with pytest.raises(Rejected, match="the subject of item 1 already"):
        world.order_services(ask("1", action="delete", service=service), ask("2", action="modify", service=service))
    with pytest.raises(Rejected, match="access-line is shared"):
        world.order_services(ask("1", "access-line"), ask("2", "access-line"))


def test_a_service_that_another_order_changes_is_a_conflict(world: InMemory) -> None:
    service = built(world, "internet-access", downstream=100)
    world.order_services(ask("1", action="modify", service=service, downstream=500))
    with pytest.raises(Rejected, match="is being changed by order sr-2") as refused:
        world.order_services(ask("1", action="delete", service=service))
    assert refused.value.code == "conflict"


def test_a_refusal_is_kept_where_there_is_nobody_to_tell(world: InMemory) -> None:
    order = world.order_services(ask("1", "warp-drive"), keep_refusal=True)
    (rejected,) = world.events(ProductOrderRejected)
    assert (world.state(order).state, rejected.reasons[0].path) == ("rejected", "serviceOrderItem[0].service.serviceSpecification")
    verified(world)


# Fallout and cancel -------------------------------------------------------------------------------------------------------------------
def test_what_stops_is_repaired_as_in_any_order(world: InMemory) -> None:
    order = world.order_services(ask("1", "mobile-service", simType="esim"))
    world.answer(world.named("hlr-subscription/activate"), "rejected")
    assert (world.state(order).state, world.fallouts()) == ("held", [(order, "1.2.activate")])
    world.resolve("1.2.activate", fallout.RETRY)
    world.complete_all()
    assert world.state(order).state == "completed"
    verified(world)


def test_an_abort_fails_the_item_and_leaves_no_service(world: InMemory) -> None:
    order = world.order_services(ask("1", "mobile-service"), ask("2", "home-gateway"))
    world.answer(world.named("hlr-subscription/activate"), "rejected")
    world.resolve("1.2.activate", fallout.ABORT)
    world.complete_all()
    assert world.state(order).state == "partial"
    assert states(world) == {"mobile-service": "terminated", "hlr-subscription": "terminated", "home-gateway": "active"}
    verified(world)


def test_a_whole_fails_with_its_part(world: InMemory) -> None:
    order = world.order_services(ask("1", "internet-access", nested=[ask("2", "ip-session")]), ask("3", "home-gateway"))
    world.answer(world.named("ip-session/reserve"), "rejected")
    world.resolve(world.named("ip-session/reserve"), fallout.ABORT)
    world.complete_all()
    assert world.state(order).shown == {"1": "failed", "2": "failed", "3": "completed"}
    verified(world)


def test_a_cancel_undoes_what_was_built(world: InMemory) -> None:
    order = world.order_services(ask("1", "internet-access"))
    world.answer(world.named("ip-session/reserve"))
    world.cancel(order)
    world.complete_all()
    assert world.state(order).state == "cancelled"
    assert set(states(world).values()) == {"terminated"}
    verified(world)


def test_a_completed_order_is_undone_when_its_sender_says_so(world: InMemory) -> None:
    order = world.order_services(ask("1", "internet-access"))
    world.complete_all()
    world.cancel(order, include_completed=True)
    world.complete_all()
    assert world.state(order).state == "cancelled"
    assert set(states(world).values()) == {"terminated"}
    verified(world)


def test_what_others_have_built_on_is_not_undone(world: InMemory) -> None:
    service = built(world, "internet-access", downstream=100)
    world.order_services(ask("1", action="modify", service=service, downstream=500))
    world.complete_all()
    world.cancel("sr-1", include_completed=True)
    assert [each.accepted for each in world.events(ProductOrderCancellationAssessed)] == [False]
