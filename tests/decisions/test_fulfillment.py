"""The fulfilment of orders: what follows what, fallout, operators, visits, sharing, and information that comes later."""

from datetime import timedelta
from typing import Any

import pytest

from domain import fallout
from domain.plan import Plan
from domain.product import FulfilProduct
from domain.product_order import (
    PointOfNoReturnPassed,
    ProductOrderAcknowledged,
    ProductOrderDecomposed,
    ProductOrderInformationRequired,
    ProductOrderInformationSupplied,
    ProductOrderItemsChanged,
    ReportItems,
    SupplyInformation,
)
from domain.service import FulfilService
from domain.service_order import (
    ActivationAnswered,
    ActivationRequested,
    DispatchTask,
    ManualTaskRequested,
    ServiceOrderAcknowledged,
)
from domain.values import Reason, Rejected
from domain.work_order import WorkOrderRequested
from tests.decisions.given import NOW, Like, facts
from tests.decisions.made import item, service, task
from tests.decisions.world import InMemory, add, change, sample


@pytest.fixture
def world() -> InMemory:
    return InMemory(sample(), rebuild_each=True)


def requested(world: InMemory) -> list[str]:
    """What has been sent out so far, by specification and task."""
    return [
        f"{event.request['service']['serviceSpecification']['id']}/{event.request['task']}" for event in world.events(ActivationRequested)
    ]


# The process manager by itself --------------------------------------------------------------------------------------------------------
def small_plan() -> tuple[tuple[str, Any], ...]:
    """One item, one service, two tasks of which the first has been requested."""
    planned = service("1", task("1.1.reserve"), task("1.1.configure"))
    plan = Plan((item(),), (planned,), (), (("1.1.reserve", "1.1.configure"),))
    return (
        ("po-1", ProductOrderAcknowledged("cust-1", "shop", "1.0", {"productOrderItem": []}, {}, None, None)),
        ("po-1", ProductOrderDecomposed(plan)),
        ("so-1-1", ServiceOrderAcknowledged("po-1", "cust-1", (planned,), (), None, None)),
        ("so-1-1", requested_event("reserve")),
        ("po-1", ProductOrderItemsChanged({"1": "inProgress"}, {}, "inProgress", NOW)),
    )


def requested_event(name: str) -> ActivationRequested:
    return ActivationRequested(f"1.1.{name}", "1", f"so-1-1.1.{name}.add.1", 1, 1, False, NOW, {}, {}, "")


def completed(name: str) -> ActivationAnswered:
    return ActivationAnswered(f"1.1.{name}", "1", f"so-1-1.1.{name}.add.1", 1, False, "completed", {"port": 7}, Reason("", ""), NOW, {}, "")


def test_the_next_task_waits_for_the_one_before() -> None:
    facts("po-1", *small_plan()).when("so-1-1", completed("reserve")).then_due(DispatchTask("so-1-1", "1.1.configure"))


def test_a_refusal_makes_nothing_due() -> None:
    refused = ActivationAnswered("1.1.reserve", "1", "so-1-1.1.reserve.add.1", 1, False, "rejected", {}, Reason("", ""), NOW, {}, "")
    facts("po-1", *small_plan()).when("so-1-1", refused).then_due()


def test_the_last_task_fulfils_service_and_product_and_reports_the_item() -> None:
    history = (*small_plan(), ("so-1-1", completed("reserve")), ("so-1-1", requested_event("configure")))
    facts("po-1", *history).when("so-1-1", completed("configure")).then_due(
        FulfilService("svc-1", "po-1", "add", {"downstream": 500, "port": 7}, False, NOW),
        Like(FulfilProduct, product="pr-1-1", values={"downstream": 500}),
        ReportItems("po-1", {"1": "completed"}),
    )


# The way through ------------------------------------------------------------------------------------------------------------------------
def test_a_triple_play_goes_its_way(world: InMemory) -> None:
    order = world.order(add("1", "triple-play"))
    assert requested(world) == ["gpon-port/reserve"]
    world.answer(world.named("gpon-port/reserve"))
    world.answer(world.named("gpon-port/configure"))
    assert len(world.events(WorkOrderRequested)) == 1
    assert "access-line/test" not in requested(world)
    world.answer("wo-1-1")
    world.answer(world.named("access-line/test"))
    assert requested(world)[3:] == ["ip-session/reserve", "sip-account/reserve", "iptv-stream/reserve"]
    world.complete_all()
    assert world.state(order).state == "completed"
    assert {world.status(order, part) for part in ("1", "1.1", "1.2", "1.3")} == {"active"}
    assert {world.state(f"so-1-{number}").state for number in (1, 2, 3)} == {"completed"}


def test_a_product_is_active_when_its_item_is_done_not_when_the_order_is(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband"), add("2", "tv"))
    world.complete_all(but=lambda task: task == world.named("ip-session/reserve", order))
    assert (world.status(order, "1"), world.status(order, "2")) == ("pendingActive", "active")
    assert world.state(order).state == "inProgress"


def test_a_number_is_ported_by_hand_and_that_is_a_point_of_no_return(world: InMemory) -> None:
    order = world.order(add("1", "voice-line", numberPorting=True, portingNumber="+31201234567"))
    port = world.named("voice-service/port-number")
    world.complete_all(but=lambda task: task == port)
    assert [event.group for event in world.events(ManualTaskRequested)] == ["number-porting"]
    assert [event.task for event in world.events(PointOfNoReturnPassed)] == [port]
    world.resolve(port, fallout.COMPLETE, portingDate="2026-12-01")
    world.complete_all()
    assert world.state(order).state == "completed"


def test_a_visit_per_site_and_both_are_waited_for(world: InMemory) -> None:
    item = add("1", "business-ethernet", bandwidth=500)
    item["product"]["place"] = [{"id": "site-a", "role": "aEnd"}, {"id": "site-z", "role": "zEnd"}]
    order = world.order(item)
    assert {world.state(visit).visit.place.id for visit in world.state(order).work_orders} == {"site-a", "site-z"}
    world.complete_all(but=lambda task: task == "wo-1-2")
    assert world.state(order).state == "inProgress"
    assert world.named("evc/configure") not in [task for _, task in world.outstanding()]
    world.complete_all()
    assert world.state(order).state == "completed"


def test_an_order_for_later_waits_for_its_start(world: InMemory) -> None:
    order = world.order(add("1", "mobile-line"), start=NOW + timedelta(hours=2))
    assert world.state(order).state == "acknowledged"
    assert requested(world) == []
    world.let_time_pass(3600)
    assert requested(world) == []
    world.let_time_pass(3601)
    assert requested(world) == ["hlr-subscription/activate"]


def test_what_needs_no_work_waits_for_the_start_too(world: InMemory) -> None:
    world.order(add("1", "tv"))
    world.complete_all()
    order = world.order(change("1", "modify", "pr-1-1"), start=NOW + timedelta(hours=2))
    assert world.state(order).state == "acknowledged"
    world.let_time_pass(7201)
    assert world.state(order).state == "completed"


# Fallout --------------------------------------------------------------------------------------------------------------------------------
def refused(world: InMemory) -> tuple[str, str]:
    order = world.order(add("1", "mobile-line"))
    task = world.named("hlr-subscription/activate")
    world.answer(task, "rejected")
    assert world.state(order).state == "held"
    assert world.state("so-1-1").state == "held"
    return order, task


def test_a_refused_activation_is_repaired_by_a_retry(world: InMemory) -> None:
    order, task = refused(world)
    world.resolve(task, fallout.RETRY)
    assert world.state(order).state == "inProgress"
    world.complete_all()
    assert (world.state(order).state, world.status(order, "1")) == ("completed", "active")


@pytest.mark.parametrize(
    ("action", "order_state", "product", "service"),
    [
        ("complete", "completed", "active", "active"),
        ("skip", "completed", "active", "inactive"),
        ("abort", "failed", "aborted", "terminated"),
    ],
)
def test_an_operator_ends_a_fallout(world: InMemory, action: str, order_state: str, product: str, service: str) -> None:
    order, task = refused(world)
    world.resolve(task, action)
    assert (world.state(order).state, world.status(order, "1")) == (order_state, product)
    (found,) = world.services("hlr-subscription").values()
    assert found.state == service


def test_an_inactive_service_is_put_right_by_the_next_change(world: InMemory) -> None:
    order, task = refused(world)
    world.resolve(task, fallout.SKIP)
    world.order(change("1", "modify", world.product(order, "1")))
    world.complete_all()
    assert {service.state for service in world.services().values()} == {"active"}


def test_silence_is_asked_three_times_then_falls_out_and_a_late_answer_repairs_it(world: InMemory) -> None:
    order = world.order(add("1", "mobile-line"))
    task = world.named("hlr-subscription/activate")
    for _ in range(3):
        world.let_time_pass()
    assert [event.attempt for event in world.events(ActivationRequested)] == [1, 2, 3]
    assert len({event.key for event in world.events(ActivationRequested)}) == 1
    assert world.state(order).state == "held"
    world.answer(task)
    assert world.state(order).state == "completed"


def test_an_abort_undoes_what_was_built_and_only_that_item_fails(world: InMemory) -> None:
    order = world.order(add("1", "fibre-broadband"), add("2", "tv"))
    session = world.named("ip-session/configure")
    world.complete_all(but=lambda task: task == session)
    world.answer(session, "rejected")
    world.resolve(session, fallout.ABORT)
    assert requested(world)[-1] == "ip-session/reserve"
    assert world.events(ActivationRequested)[-1].undo
    world.complete_all()
    assert world.state(order).state == "partial"
    assert (world.status(order, "1"), world.status(order, "2")) == ("aborted", "active")
    (line,) = world.services("access-line").values()
    assert list(line.holders) == [world.product(order, "2")]


def test_an_abort_of_what_all_share_fails_all(world: InMemory) -> None:
    order = world.order(add("1", "triple-play"))
    world.answer(world.named("gpon-port/reserve"), "rejected")
    assert world.state(order).state == "held"
    world.resolve(world.named("gpon-port/reserve"), fallout.ABORT)
    assert world.state(order).state == "failed"
    assert {world.status(order, part) for part in world.state(order).parts} == {"aborted"}
    assert world.state("wo-1-1").state == "cancelled"


def test_what_relies_on_an_aborted_item_is_withdrawn_with_it(world: InMemory) -> None:
    order = world.order(add("1", "mobile-line"), add("2", "mobile-line", relies_on="1"))
    task = world.named("hlr-subscription/activate")
    world.answer(task, "rejected")
    world.resolve(task, fallout.ABORT)
    assert world.state(order).own == {"1": "failed", "2": "failed"}


def test_what_relies_on_a_bundle_goes_on_with_it_or_ends_with_it(world: InMemory) -> None:
    order = world.order(add("1", "triple-play"), add("2", "mobile-line", relies_on="1"))
    port = world.named("gpon-port/reserve")
    world.answer(port, "rejected")
    world.resolve(port, fallout.ABORT)
    assert world.state(order).own["2"] == "failed"
    assert world.state(order).state == "failed"
    order = world.order(add("1", "triple-play"), add("2", "mobile-line", relies_on="1"))
    world.complete_all()
    assert world.state(order).state == "completed"


def test_an_aborted_step_for_people_ends_its_item(world: InMemory) -> None:
    order = world.order(add("1", "voice-line", numberPorting=True, portingNumber="1"))
    port = world.named("voice-service/port-number")
    world.complete_all(but=lambda task: task == port)
    world.resolve(port, fallout.ABORT)
    world.complete_all()
    assert (world.state(order).state, world.status(order, "1")) == ("failed", "aborted")


def test_a_bundle_lives_while_one_of_its_parts_does(world: InMemory) -> None:
    order = world.order(add("1", "triple-play"))
    session = world.named("ip-session/reserve")
    world.complete_all(but=lambda task: task == session)
    world.answer(session, "rejected")
    world.resolve(session, fallout.ABORT)
    world.complete_all()
    assert world.state(order).state == "partial"
    assert world.state(order).shown == {"1": "failed", "1.1": "failed", "1.2": "completed", "1.3": "completed"}
    assert (world.status(order, "1"), world.status(order, "1.1")) == ("active", "aborted")


# Visits -----------------------------------------------------------------------------------------------------------------------------------
def test_a_visit_that_fails_holds_its_items_until_an_operator_acts(world: InMemory) -> None:
    order = world.order(add("1", "tv"))
    world.complete_all(but=lambda task: task == "wo-1-1")
    world.answer("wo-1-1", "failed")
    assert world.state(order).state == "held"
    world.resolve("wo-1-1", fallout.RETRY)
    world.complete_all()
    assert world.state(order).state == "completed"


def test_an_aborted_visit_fails_the_items_that_needed_it(world: InMemory) -> None:
    order = world.order(add("1", "tv"), add("2", "mobile-line"))
    world.complete_all(but=lambda task: task == "wo-1-1")
    world.answer("wo-1-1", "cancelled")
    world.resolve("wo-1-1", fallout.ABORT)
    world.complete_all()
    assert world.state(order).state == "partial"
    assert (world.status(order, "1"), world.status(order, "2")) == ("aborted", "active")
    assert {service.state for service in world.services("gpon-port").values()} == {"terminated"}


# Missing information ----------------------------------------------------------------------------------------------------------------------
def waiting(world: InMemory) -> str:
    order = world.order(add("1", "voice-line", numberPorting=True), add("2", "tv"))
    (required,) = world.events(ProductOrderInformationRequired)
    assert required.item == "1"
    return order


def voice(**values: Any) -> dict[str, Any]:
    return add("1", "voice-line", numberPorting=True, **values)


def test_other_items_start_while_one_waits_for_information(world: InMemory) -> None:
    order = waiting(world)
    assert world.state(order).own == {"1": "pending", "2": "inProgress"}
    world.complete_all()
    assert world.state(order).state == "pending"
    assert world.status(order, "2") == "active"


@pytest.mark.parametrize("early", [True, False])
def test_an_item_goes_on_when_its_information_comes_and_joins_the_line_of_its_order(world: InMemory, early: bool) -> None:
    order = waiting(world)
    if not early:
        world.complete_all()
    world.supply(order, voice(portingNumber="+31201234567"), add("2", "tv"))
    (supplied,) = world.events(ProductOrderInformationSupplied)
    assert list(supplied.items) == ["1"]
    world.complete_all()
    assert world.state(order).state == "completed"
    (line,) = world.services("access-line").values()
    assert set(line.holders) == {world.product(order, "1"), world.product(order, "2")}
    assert len(world.events(WorkOrderRequested)) == 1


def test_a_line_that_was_ended_meanwhile_is_built_again_for_the_item_that_waited(world: InMemory) -> None:
    order = waiting(world)
    world.complete_all()
    world.order(change("1", "delete", world.product(order, "2")))
    world.complete_all()
    world.supply(order, voice(portingNumber="+31201234567"), add("2", "tv"))
    world.complete_all()
    assert world.state(order).state == "completed"
    (line,) = world.services("access-line").values()
    assert (line.state, list(line.holders)) == ("active", [world.product(order, "1")])
    assert len(world.events(WorkOrderRequested)) == 2


def test_the_same_document_again_changes_nothing(world: InMemory) -> None:
    order = waiting(world)
    assert world.supply(order, voice(), add("2", "tv")) == []


@pytest.mark.parametrize(
    ("items", "sentence"),
    [
        ([voice(portingNumber="1"), add("2", "tv", setTopBoxes=4)], "Item 2 has been decided on"),
        ([voice(portingNumber="1"), add("2", "mobile-line")], "Item 2 has been decided on"),
        ([voice(portingNumber="1")], "Item 2 is part of the order"),
        ([voice(portingNumber="1"), add("2", "tv"), add("3", "mobile-line")], "Item 3 is not part of the order"),
    ],
)
def test_only_items_that_wait_may_change(world: InMemory, items: list[dict[str, Any]], sentence: str) -> None:
    order = waiting(world)
    with pytest.raises(Rejected, match=sentence) as refusal:
        world.supply(order, *items)
    assert refusal.value.code == "conflict"


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        (voice(portingNumber="1") | {"action": "noChange"}, "Item 1: action is add in the order"),
        (add("1", "tv"), "Item 1: productOffering.id is voice-line in the order"),
        (add("1", "voice-line", numberPorting=False), r"Item 1: product.productCharacteristic\[numberPorting\] is true in the order"),
        (add("1", "voice-line", portingNumber="1"), r"Item 1: product.productCharacteristic\[numberPorting\] is true in the order"),
    ],
)
def test_what_a_waiting_item_said_already_stands(world: InMemory, item: dict[str, Any], sentence: str) -> None:
    order = waiting(world)
    with pytest.raises(Rejected, match=sentence) as refusal:
        world.supply(order, item, add("2", "tv"))
    assert refusal.value.code == "conflict"


def test_what_a_waiting_item_did_not_say_may_come_with_what_it_lacks(world: InMemory) -> None:
    order = world.order(add("1", "business-ethernet") | {"product": {"place": [{"id": "a", "role": "aEnd"}, {"id": "z", "role": "zEnd"}]}})
    item = add("1", "business-ethernet", bandwidth=500, sla="gold")
    item["product"]["place"] = [{"id": "a", "role": "aEnd"}, {"id": "z", "role": "zEnd"}]
    world.supply(order, item)
    (planned,) = world.events(ProductOrderDecomposed)[-1].plan.items
    assert planned.values == {"bandwidth": 500, "sla": "gold"}


def test_what_no_item_waits_for_is_refused_though_nothing_is_planned_by_it(world: InMemory) -> None:
    order = waiting(world)
    document = {"productOrderItem": [voice() | {"billingAccount": {"id": "acc-2"}}, add("2", "tv")]}
    with pytest.raises(Rejected, match="Nothing of this is what item 1 waits for"):
        world.send(SupplyInformation(order, document, frozenset({"1"})))
    with pytest.raises(Rejected, match="Item 2 has been decided on"):
        world.send(SupplyInformation(order, document, frozenset({"2"})))


def test_an_order_that_waits_for_nothing_takes_no_information(world: InMemory) -> None:
    order = world.order(add("1", "tv"))
    with pytest.raises(Rejected, match="waits for no information"):
        world.supply(order, add("1", "tv"))


def test_an_item_can_be_told_what_it_is_later(world: InMemory) -> None:
    order = world.order({"id": "1", "action": "add"})
    world.supply(
        order,
        {
            "id": "1",
            "action": "add",
            "productOffering": {"id": "voice-line"},
            "product": {"productCharacteristic": [{"name": "numberPorting", "value": True}]},
        },
    )
    assert world.events(ProductOrderInformationRequired)[-1].paths == ("productOrderItem[0].product.productCharacteristic[portingNumber]",)
    world.supply(order, voice(portingNumber="1"))
    world.complete_all()
    assert world.state(order).state == "completed"


def test_a_waiting_item_can_become_a_bundle(world: InMemory) -> None:
    order = world.order({"id": "1", "action": "add"})
    world.supply(order, add("1", "triple-play"))
    world.complete_all()
    assert world.state(order).shown == dict.fromkeys(("1", "1.1", "1.2", "1.3"), "completed")
