"""Changing an order under way: what stays, what is done again, what is taken back, and what can no longer be changed."""

from dataclasses import replace
from typing import Any

import pytest

from domain.impact import Impact
from domain.product import AmendProduct, ProductAmended
from domain.product_order import AmendProductOrder, FinishAmendment, ProductOrderAmended, ProductOrderAmendmentFinished
from domain.product_order.change import Assessment
from domain.service import AmendService, ServiceAmended
from domain.service_order import ActivationRequested, AmendServiceOrder, ServiceOrderAmended
from domain.values import Rejected, Who
from domain.work_order import WorkOrderRequested
from tests.decisions.given import Like, given
from tests.decisions.world import InMemory, add, change, sample


@pytest.fixture
def world() -> InMemory:
    return InMemory(sample(), rebuild_each=True)


def says(id: str, **values: object) -> dict[str, object]:
    """An item of a delta that changes characteristics."""
    return {"id": id, "product": {"productCharacteristic": [{"name": name, "value": value} for name, value in values.items()]}}


def asked(world: InMemory, after: int = 0) -> list[str]:
    """What target systems were asked since, as `specification/task action`."""
    events = [recorded.event for recorded in world.log[after:] if isinstance(recorded.event, ActivationRequested)]
    return [f"{e.request['service']['serviceSpecification']['id']}/{e.request['task']} {e.request['action']}" for e in events]


def assessed(world: InMemory, *arguments: Any, **options: Any) -> Assessment:
    found = world.assess(*arguments, **options)
    assert found is not None, "the amendment says nothing new"
    return found


def kinds(items: tuple[Impact, ...]) -> dict[str, str]:
    return {f"{each.item}:{each.name}": each.kind for each in items if each.kind != "keep"}


def test_what_has_not_begun_is_amended_in_place(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband", downstream=100))
    found = assessed(world, order, says("1", downstream=1000, upstream=500))
    assert kinds(found.impact)["1:ip-session"] == "amend"
    world.amend(order, says("1", downstream=1000, upstream=500), hash=found.plan_hash)
    world.complete_all()
    assert world.state(order).state == "completed"
    assert world.state("pr-1-1").values["downstream"] == 1000
    assert {service.values.get("downstream", 1000) for service in world.services().values()} == {1000}
    assert world.state(order).version == 2


def test_what_runs_is_waited_for_and_done_again(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband", downstream=100))
    found = assessed(world, order, says("1", downstream=1000))
    assert kinds(found.impact)["1:gpon-port"] == "letFinishThenRedo"
    position = len(world.log)
    world.amend(order, says("1", downstream=1000))
    assert world.state(order).state == "pending"
    assert asked(world, position) == []
    world.answer(world.named("gpon-port/reserve"))
    assert asked(world, position) == ["gpon-port/reserve modify"]
    world.answer(world.named("gpon-port/reserve"))
    assert asked(world, position)[1:] == ["gpon-port/configure add"]
    assert world.state(order).state == "inProgress"
    world.complete_all()
    assert world.state(order).state == "completed"
    (port,) = world.services("gpon-port").values()
    assert port.values["downstream"] == 1000


def test_what_is_done_is_done_again_with_the_new_values(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband", downstream=100))
    world.complete_all(but=lambda task: task == world.named("home-gateway/provision"))
    position = len(world.log)
    found = assessed(world, order, says("1", downstream=1000))
    assert kinds(found.impact) == {
        "1:fibre-broadband": "amend",
        "1:gpon-port": "redo",
        "1:internet-access": "redo",
        "1:ip-session": "redo",
    }
    world.amend(order, says("1", downstream=1000), hash=found.plan_hash)
    assert world.state(order).state == "pending"
    world.complete_all()
    assert asked(world, position) == [
        "gpon-port/reserve modify",
        "ip-session/reserve modify",
        "gpon-port/configure modify",
        "ip-session/configure modify",
        "internet-access/test modify",
    ]
    assert world.state(order).state == "completed"
    assert world.state("pr-1-1").values["downstream"] == 1000
    assert len(world.events(ProductOrderAmendmentFinished)) == 1


def test_a_completed_item_of_an_open_order_is_done_again(world: InMemory) -> None:
    order = world.order(add("1", "mobile-line"), add("2", "tv"))
    world.answer(world.named("hlr-subscription/activate"))
    assert world.status(order, "1") == "active"
    world.amend(order, says("1", simType="physical"))
    assert world.state(order).own["1"] == "inProgress"
    world.complete_all()
    assert (world.state(order).state, world.status(order, "1")) == ("completed", "active")
    assert world.state("pr-1-1").values["simType"] == "physical"
    (subscription,) = world.services("hlr-subscription").values()
    assert subscription.values["simType"] == "physical"


def test_an_item_that_is_added_joins_what_is_shared(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband"))
    world.complete_all(but=lambda task: task.startswith("wo-"))
    position = len(world.log)
    found = assessed(world, order, add("2", "tv"))
    assert kinds(found.impact) == {"2:tv": "new", "2:tv-service": "new", "2:iptv-stream": "new"}
    world.amend(order, add("2", "tv"))
    world.complete_all()
    assert "gpon-port/reserve add" not in asked(world, position)
    assert len(world.events(WorkOrderRequested)) == 1
    (line,) = world.services("access-line").values()
    assert set(line.holders) == {"pr-1-1", "pr-1-2"}
    assert world.state(order).state == "completed"


def test_an_item_that_is_taken_out_is_undone_and_forgotten(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband"), add("2", "tv"))
    world.complete_all(but=lambda task: task == world.named("home-gateway/provision"))
    position = len(world.log)
    world.amend(order, change("2", "delete", ""))
    assert world.state(order).state == "pending"
    world.complete_all()
    assert asked(world, position) == ["iptv-stream/configure delete", "iptv-stream/reserve delete"]
    assert world.state(order).state == "completed"
    assert world.status(order, "2") == "terminated"
    (line,) = world.services("access-line").values()
    assert set(line.holders) == {"pr-1-1"}
    assert line.state == "active"


def test_a_part_of_a_bundle_can_be_changed_though_nobody_named_it(world: InMemory) -> None:
    order = world.order(add("1", "triple-play"))
    world.amend(order, says("1.3", setTopBoxes=3))
    world.complete_all()
    assert world.state(order).state == "completed"
    assert world.state(world.product(order, "1.3")).values["setTopBoxes"] == 3
    with pytest.raises(Rejected, match="is completed and cannot be amended"):
        world.amend(order, says("1.3", setTopBoxes=4))


def test_another_site_is_undone_then_done(world: InMemory) -> None:
    order = world.order(add("1", "mobile-line", site="site-1"), add("2", "tv"))
    world.answer(world.named("hlr-subscription/activate"))
    position = len(world.log)
    moved = {"id": "1", "product": {"place": [{"id": "site-9", "role": "installation"}]}}
    found = assessed(world, order, moved)
    assert kinds(found.impact)["1:hlr-subscription"] == "undoThenDo"
    world.amend(order, moved)
    assert asked(world, position) == ["hlr-subscription/activate delete"]
    world.complete_all()
    assert asked(world, position)[:2] == ["hlr-subscription/activate delete", "hlr-subscription/activate add"]
    assert world.state(order).state == "completed"
    (subscription,) = world.services("hlr-subscription").values()
    assert subscription.places[0].id == "site-9"


def test_a_service_without_steps_of_its_own_is_settled_again(world: InMemory) -> None:
    order = world.order(add("1", "mobile-line", site="site-1"), add("2", "tv"))
    world.answer(world.named("hlr-subscription/activate"))
    assert world.status(order, "1") == "active"
    world.amend(order, {"id": "1", "product": {"place": [{"id": "site-9", "role": "installation"}]}})
    world.complete_all()
    assert {service.pending for service in world.services().values()} == {""}
    (line,) = world.services("mobile-service").values()
    assert (line.state, line.places[0].id) == ("active", "site-9")


def test_another_site_moves_the_line_with_all_that_it_needs(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband"))
    world.complete_all(but=lambda task: task == world.named("home-gateway/provision"))
    world.amend(order, {"id": "1", "product": {"place": [{"id": "site-9", "role": "installation"}]}})
    world.complete_all()
    assert world.state(order).state == "completed"
    lines = {line.places[0].id: line.state for line in world.services("access-line").values()}
    assert lines == {"site-1": "terminated", "site-9": "active"}
    assert {world.state(f"so-1-{number}").state for number in (1, 2)} == {"completed"}
    assert world.state("wo-1-2").state == "completed"


def test_a_point_of_no_return_blocks_what_had_to_come_before(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband"), add("2", "voice-line", numberPorting=True, portingNumber="+31201234567"))
    world.complete_all(but=lambda task: task == world.named("voice-service/port-number"))
    assert world.state(order).passed
    found = assessed(world, order, says("1", downstream=1000))
    (port,) = [each for each in found.impact if each.name == "gpon-port"]
    assert port.kind == "blocked"
    assert port.reasons == (
        "gpon-port/configure had to be done before access-line/test",
        "access-line/test had to be done before sip-account/reserve",
        "sip-account/reserve had to be done before sip-account/configure",
        "sip-account/configure had to be done before voice-service/port-number",
        "voice-service/port-number of item 2 has passed its point of no return",
    )
    with pytest.raises(Rejected, match="The amendment is blocked") as refused:
        world.amend(order, says("1", downstream=1000))
    assert refused.value.code == "invalid"
    world.amend(order, says("1", downstream=1000), who=Who("boss", "the customer insists"))
    world.complete_all()
    assert world.state(order).state == "completed"
    assert world.state(order).passed
    assert world.events(ProductOrderAmended)[0].override == Who("boss", "the customer insists")


def test_a_stale_base_is_rebased_when_nothing_is_said_twice(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband"), add("2", "tv"))
    world.amend(order, says("1", downstream=1000), base=1)
    world.complete_all(but=lambda task: task.endswith("configure"))
    world.amend(order, says("2", setTopBoxes=2), base=1)
    with pytest.raises(Rejected, match=r"productOrderItem\[1\]\.product\.productCharacteristic\[downstream\]") as refused:
        world.amend(order, says("1", downstream=100), base=1)
    assert refused.value.code == "conflict"
    with pytest.raises(Rejected, match="has no version 9"):
        world.amend(order, says("1", downstream=100), base=9)
    world.complete_all()
    assert world.state(order).version == 3
    assert world.state("pr-1-1").values["downstream"] == 1000
    assert world.state("pr-1-2").values["setTopBoxes"] == 2


def test_only_the_plan_that_was_seen_is_applied(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband"))
    seen = assessed(world, order, says("1", downstream=1000))
    world.answer(world.named("gpon-port/reserve"))
    with pytest.raises(Rejected, match="has moved on since") as refused:
        world.amend(order, says("1", downstream=1000), hash=seen.plan_hash)
    assert refused.value.code == "conflict"
    assert world.events(ProductOrderAmended) == []


def test_a_full_amendment_is_the_whole_order(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband"), add("2", "tv"))
    world.amend(order, add("1", "fibre-broadband", downstream=100), add("3", "voice-line"), mode="full")
    world.complete_all()
    assert world.state(order).state == "completed"
    assert [world.status(order, item) for item in ("1", "2", "3")] == ["active", "cancelled", "active"]


def test_what_fulfilment_wrote_outranks_what_an_amendment_does_not_name(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband", downstream=100))
    world.answer(world.named("gpon-port/reserve"), upstream=77)
    world.amend(order, says("1", staticIp=True))
    world.complete_all()
    (port,) = world.services("gpon-port").values()
    assert port.values["upstream"] == 77


def test_an_amendment_says_all_that_it_takes(world: InMemory) -> None:
    order = world.order(add("1", "voice-line"))
    with pytest.raises(Rejected, match=r"productCharacteristic\[portingNumber\] is missing for what the amendment asks"):
        world.amend(order, says("1", numberPorting=True))
    world.amend(order, add("2", "voice-line", site="site-2", numberPorting=True))
    assert world.state(order).own["2"] == "pending"
    world.amend(order, says("2", portingNumber="+31201234567"))
    world.complete_all()
    assert world.state(order).state == "completed"


@pytest.mark.parametrize("action", ["delete", "modify", "noChange"])
def test_an_item_that_nobody_knows_is_not_a_new_one_without_a_product(world: InMemory, action: str) -> None:
    order = world.order(add("1", "voice-line"))
    for mode in ("delta", "full"):
        with pytest.raises(Rejected, match=f"Item 7: the order has no such item, and {action} names no product"):
            world.amend(order, says("1"), {"id": "7", "action": action}, mode=mode)
    assert world.state(order).own == {"1": "inProgress"}


def test_an_amendment_repairs_what_was_refused(world: InMemory) -> None:
    order = world.order(add("1", "mobile-line"))
    world.answer(world.named("hlr-subscription/activate"), "rejected")
    assert world.state(order).state == "held"
    position = len(world.log)
    world.amend(order, says("1", simType="physical"))
    assert asked(world, position) == ["hlr-subscription/activate add"]
    assert world.fallouts() == []
    world.complete_all()
    assert world.state(order).state == "completed"


def test_a_cancel_in_the_middle_of_an_amendment_takes_down_what_was_built(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband"))
    world.complete_all(but=lambda task: task == world.named("home-gateway/provision"))
    world.amend(order, says("1", downstream=1000))
    world.cancel(order)
    world.complete_all()
    assert world.state(order).state == "cancelled"
    assert {service.state for service in world.services().values()} == {"terminated"}


# The decisions one by one ---------------------------------------------------------------------------------------------------------------
def test_a_product_order_that_is_at_its_end_takes_no_amendment(world: InMemory) -> None:
    order = world.order(add("1", "mobile-line"))
    world.complete_all()
    command = AmendProductOrder(order, "amendment-1", (says("1", simType="physical"),))
    with pytest.raises(Rejected, match="is completed and cannot be amended"):
        world.send(command)


def test_the_same_amendment_counts_once(world: InMemory) -> None:
    order = world.order(add("1", "mobile-line"))
    command = AmendProductOrder(order, "amendment-1", (says("1", simType="physical"),))
    assert world.send(AmendProductOrder(order, "amendment-0", (says("1"),))) == []  # it says nothing new
    world.send(command)
    assert world.send(command) == []


def test_an_amendment_is_finished_once(world: InMemory) -> None:
    order = world.order(add("1", "mobile-line"))
    world.amend(order, says("1", simType="physical"))
    amendment = world.state(order).amending
    assert world.send(FinishAmendment(order, "another")) == []
    world.complete_all()
    assert world.send(FinishAmendment(order, amendment)) == []


def test_a_service_order_whose_items_stay_as_they_are_says_nothing(world: InMemory) -> None:
    order = world.order(add("1", "mobile-line"))
    services = tuple(item.service for item in world.state("so-1-1").items.values())
    assert world.send(AmendServiceOrder("so-1-1", services, (), ())) == []
    (subscription,) = [service for service in services if service.specification == "hlr-subscription"]
    changed = replace(subscription, values={"simType": "physical"})
    amended = world.send(AmendServiceOrder("so-1-1", (changed,), (), (subscription.tasks[0].id,)))
    assert [type(event) for event in amended] == [ServiceOrderAmended]
    assert world.state(order).state == "inProgress"


def test_products_and_services_are_told_only_by_the_order_that_works_on_them(world: InMemory) -> None:
    order = world.order(add("1", "mobile-line"))
    (item,) = world.state(order).plan.items
    service = next(each for each in world.state(order).plan.services if each.specification == "mobile-service")
    given(*[fact.event for fact in world.log if fact.stream == item.product]).when(AmendProduct(item.product, "po-9", item)).then_nothing()
    given(*[fact.event for fact in world.log if fact.stream == service.id]).when(
        AmendService(service.id, "po-9", "so-9-1", service, True)
    ).then_nothing()
    given(*[fact.event for fact in world.log if fact.stream == item.product]).when(AmendProduct(item.product, order, item)).then(
        Like(ProductAmended, values=item.values)
    )
    given(*[fact.event for fact in world.log if fact.stream == service.id]).when(
        AmendService(service.id, order, "so-1-1", service, True)
    ).then(Like(ServiceAmended, values=service.values))


def test_a_product_holds_what_an_amendment_leaves_as_it_was(world: InMemory) -> None:
    world.order(add("1", "tv"))
    world.complete_all()
    order = world.order(change("1", "modify", "pr-1-1", setTopBoxes=2))
    world.amend(order, change("1", "modify", "pr-1-1", setTopBoxes=1))
    world.complete_all()
    assert world.state("pr-1-1").values["setTopBoxes"] == 1
    assert all(world.state(service).holders.keys() == {"pr-1-1"} for service in world.state("pr-1-1").services)


def test_a_shared_port_that_is_not_to_be_faster_any_more_is_let_go_as_it_was(world: InMemory) -> None:
    world.order(add("1", "tv"))
    world.complete_all()
    (port,) = world.services("gpon-port")
    order = world.order(add("1", "fibre-broadband", downstream=1000), add("2", "voice-line"))
    assert world.state(port).pending == order
    world.amend(order, {"id": "1", "product": {"place": [{"id": "site-2", "role": "installation"}]}})
    world.complete_all()
    assert world.state(order).state == "completed"
    assert world.state(port).pending == ""
    assert world.state(port).holders.keys() == {"pr-1-1", world.product(order, "2")}


def test_a_shared_line_that_is_to_end_stays_for_a_product_that_an_amendment_adds(world: InMemory) -> None:
    world.order(add("1", "tv"))
    world.complete_all()
    (line,) = world.services("access-line")
    order = world.order(change("1", "delete", "pr-1-1"))
    world.amend(order, add("2", "voice-line"))
    world.complete_all()
    assert world.state(order).state == "completed"
    assert (world.state(line).state, world.state(line).pending) == ("active", "")
    assert world.state(line).holders.keys() == {world.product(order, "2")}
