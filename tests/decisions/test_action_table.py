"""The action table of domain-rules 2.5: one row a cell, from what is there and what is ordered to what is done to each service."""

from typing import Any

import pytest

from domain.plan import Plan
from domain.product import ProductChanged
from domain.product_order import ProductOrderDecomposed
from domain.service import ServiceDeactivated
from domain.service_order import ActivationRequested
from domain.values import Rejected
from tests.decisions.world import InMemory, add, change, sample

Order = list[dict[str, Any]]
TV = {"access-line", "gpon-port", "tv-service", "iptv-stream"}
VOICE = {"access-line", "gpon-port", "voice-service", "sip-account"}
LINE = {"access-line", "gpon-port"}


def suspended(id: str, product: str, status: str = "suspended") -> dict[str, Any]:
    item = change(id, "modify", product)
    item["product"]["status"] = status
    return item


def resumed(id: str, product: str) -> dict[str, Any]:
    return suspended(id, product, "active")


def moved(id: str, product: str, site: str = "site-2", action: str = "modify") -> dict[str, Any]:
    item = change(id, action, product)
    item["product"]["place"] = [{"id": site, "role": "installation"}]
    return item


def renewed(id: str, product: str, months: int = 24, **values: Any) -> dict[str, Any]:
    item = change(id, "modify", product, **values)
    item["product"]["productTerm"] = [{"name": "contract", "duration": {"amount": months, "units": "month"}}]
    return item


def full(id: str, product: str, **values: Any) -> dict[str, Any]:
    return {**change(id, "modify", product, **values), "modifyMode": "full"}


def each(specifications: set[str], action: str) -> dict[str, str]:
    return dict.fromkeys(specifications, action)


def decomposed(having: list[Order], order: Order) -> tuple[InMemory, Plan]:
    """The plan of an order in a world where some orders have been fulfilled."""
    world = InMemory(sample(), rebuild_each=True)
    for items in having:
        world.order(*items)
        world.complete_all()
    world.order(*order)
    plan: Plan = world.events(ProductOrderDecomposed)[-1].plan
    return world, plan


BROADBAND, TELEVISION, VOICE_LINE = add("1", "fibre-broadband"), add("1", "tv"), add("1", "voice-line")

CELLS: list[tuple[str, list[Order], Order, dict[str, str]]] = [
    ("add: not there", [], [TELEVISION], each(TV, "add")),
    ("add: shared and there, same values", [[TELEVISION]], [VOICE_LINE], each(LINE, "noChange") | each(VOICE - LINE, "add")),
    (
        "add: shared and there, other values",
        [[TELEVISION]],
        [BROADBAND],
        {"access-line": "noChange", "gpon-port": "modify", "internet-access": "add", "ip-session": "add", "home-gateway": "add"},
    ),
    ("modify: there, same values", [[TELEVISION]], [change("1", "modify", "pr-1-1", package="basic")], each(TV, "noChange")),
    (
        "modify: there, other values",
        [[TELEVISION]],
        [change("1", "modify", "pr-1-1", package="sport")],
        each(LINE, "noChange") | each(TV - LINE, "modify"),
    ),
    (
        "modify in full: what is not named goes back to its default",
        [[add("1", "tv", package="sport", setTopBoxes=2)]],
        [full("1", "pr-1-1", setTopBoxes=2)],
        each(LINE, "noChange") | each(TV - LINE, "modify"),
    ),
    ("delete: the only holder", [[TELEVISION]], [change("1", "delete", "pr-1-1")], each(TV, "delete")),
    (
        "delete: another product holds it too",
        [[add("1", "tv"), add("2", "voice-line")]],
        [change("1", "delete", "pr-1-1")],
        each(TV - LINE, "delete"),
    ),
    (
        "delete: the last reference, in one order",
        [[add("1", "tv"), add("2", "voice-line")]],
        [change("1", "delete", "pr-1-1"), change("2", "delete", "pr-1-2")],
        each(TV | VOICE, "delete"),
    ),
    ("suspend", [[TELEVISION]], [suspended("1", "pr-1-1")], each(TV, "modify")),
    (
        "suspend: another product goes on using it",
        [[add("1", "tv"), add("2", "voice-line")]],
        [suspended("1", "pr-1-1")],
        each(LINE, "noChange") | each(TV - LINE, "modify"),
    ),
    (
        "suspend: the other product is suspended already",
        [[add("1", "tv"), add("2", "voice-line")], [suspended("1", "pr-1-1")]],
        [suspended("1", "pr-1-2")],
        each(VOICE, "modify"),
    ),
    (
        "suspend: both products, in one order",
        [[add("1", "tv"), add("2", "voice-line")]],
        [suspended("1", "pr-1-1"), suspended("2", "pr-1-2")],
        each(TV | VOICE, "modify"),
    ),
    ("resume", [[TELEVISION], [suspended("1", "pr-1-1")]], [resumed("1", "pr-1-1")], each(TV, "modify")),
    (
        "resume: what the other product kept running",
        [[add("1", "tv"), add("2", "voice-line")], [suspended("1", "pr-1-1")]],
        [resumed("1", "pr-1-1")],
        each(LINE, "noChange") | each(TV - LINE, "modify"),
    ),
    (
        "add: shared with a suspended product, it runs again",
        [[TELEVISION], [suspended("1", "pr-1-1")]],
        [VOICE_LINE],
        each(LINE, "modify") | each(VOICE - LINE, "add"),
    ),
    (
        "delete: only a suspended product holds it from now on",
        [[add("1", "tv"), add("2", "voice-line")], [suspended("1", "pr-1-1")]],
        [change("1", "delete", "pr-1-2")],
        each(LINE, "modify") | each(VOICE - LINE, "delete"),
    ),
    ("noChange", [[TELEVISION]], [change("1", "noChange", "pr-1-1")], {}),
    ("renewal", [[TELEVISION]], [renewed("1", "pr-1-1")], each(TV, "noChange")),
    (
        "renewal with other values is a modify",
        [[TELEVISION]],
        [renewed("1", "pr-1-1", package="sport")],
        each(LINE, "noChange") | each(TV - LINE, "modify"),
    ),
]


@pytest.mark.parametrize(("having", "order", "expected"), [cell[1:] for cell in CELLS], ids=[cell[0] for cell in CELLS])
def test_the_action_on_each_service(having: list[Order], order: Order, expected: dict[str, str]) -> None:
    world, plan = decomposed(having, order)
    assert {service.specification: service.action for service in plan.services} == expected
    world.complete_all()
    assert world.state(world.orders[-1]).state == "completed"


WORKED = [cell for cell in CELLS if cell[3]]


@pytest.mark.parametrize(("having", "order"), [cell[1:3] for cell in WORKED], ids=[cell[0] for cell in WORKED])
def test_what_is_cancelled_afterwards_is_as_it_was_before(having: list[Order], order: Order) -> None:
    """Every cell can be undone: with `includeCompleted` the install base returns to what it was."""
    world, _ = decomposed(having, [])
    before = base(world)
    last = world.order(*order)
    world.complete_all()
    world.cancel(last, include_completed=True)
    world.complete_all()
    assert world.state(last).state == "cancelled"
    assert base(world) == before


def base(world: InMemory) -> dict[str, Any]:
    """What is there, and in which state."""
    products = {stream: world.state(stream) for stream in sorted({fact.stream for fact in world.log if fact.stream.startswith("pr-")})}
    found: dict[str, Any] = {
        id: (each.status, each.values, each.places, each.services, each.term)
        for id, each in products.items()
        if each.status not in ("terminated", "cancelled", "aborted")
    }
    live = {id: each for id, each in world.services().items() if each.state != "terminated"}
    return found | {id: (each.state, each.values, each.places, set(each.holders)) for id, each in live.items()}


def test_an_order_of_nothing_has_nothing_to_cancel() -> None:
    world, _ = decomposed([[TELEVISION]], [change("1", "noChange", "pr-1-1")])
    with pytest.raises(Rejected, match="Nothing of order po-2 can be cancelled"):
        world.cancel("po-2", include_completed=True)


# Suspend and resume -------------------------------------------------------------------------------------------------------------------
def states(world: InMemory) -> dict[str, str]:
    return {service.specification: service.state for service in world.services().values() if service.state != "terminated"}


def test_a_suspended_product_has_inactive_services_until_it_is_resumed() -> None:
    world, _ = decomposed([[TELEVISION]], [suspended("1", "pr-1-1")])
    assert world.state("pr-1-1").status == "active"  # until it is done
    world.complete_all()
    assert world.state("pr-1-1").status == "suspended"
    assert set(states(world).values()) == {"inactive"}
    world.order(resumed("1", "pr-1-1"))
    world.complete_all()
    assert world.state("pr-1-1").status == "active"
    assert set(states(world).values()) == {"active"}
    assert [event.status for event in world.events(ProductChanged)] == ["suspended", "active"]


def test_the_target_system_is_told_whether_the_service_is_to_run() -> None:
    world, _ = decomposed([[TELEVISION]], [suspended("1", "pr-1-1")])
    assert told(world)[-1] == ("modify", "inactive")
    world.complete_all()
    world.order(resumed("1", "pr-1-1"))
    assert told(world)[-1] == ("modify", "active")
    world.cancel(world.orders[-1])
    world.complete_all()
    assert world.state("pr-1-1").status == "suspended"
    assert told(world)[-1] == ("modify", "inactive")  # the undo
    assert set(states(world).values()) == {"inactive"}
    assert told(InMemory(sample())) == []


def told(world: InMemory) -> list[tuple[str, str]]:
    return [(each.request["action"], each.request["service"].get("state", "")) for each in world.events(ActivationRequested)]


def test_a_request_that_does_not_decide_it_says_no_state() -> None:
    world, _ = decomposed([], [TELEVISION])
    assert told(world)[-1] == ("add", "")


def test_what_people_do_and_what_nothing_takes_back_is_not_done_again_to_suspend() -> None:
    ported = add("1", "voice-line", numberPorting=True, portingNumber="+31201234567")
    _, plan = decomposed([[ported]], [suspended("1", "pr-1-1")])
    assert {task.name for service in plan.services for task in service.tasks} == {"reserve", "configure", "test"}


def test_a_suspended_product_can_be_changed_and_stays_suspended() -> None:
    world, _ = decomposed([[TELEVISION], [suspended("1", "pr-1-1")]], [change("1", "modify", "pr-1-1", package="sport")])
    world.complete_all()
    assert (world.state("pr-1-1").status, world.state("pr-1-1").values["package"]) == ("suspended", "sport")
    assert set(states(world).values()) == {"inactive"}
    assert world.events(ServiceDeactivated)


def test_a_suspended_product_that_is_not_ended_after_all_is_suspended() -> None:
    world, _ = decomposed([[TELEVISION], [suspended("1", "pr-1-1")]], [change("1", "delete", "pr-1-1")])
    world.cancel(world.orders[-1])
    world.complete_all()
    assert world.state("pr-1-1").status == "suspended"


def test_to_suspend_a_bundle_suspends_its_parts_and_outranks_what_they_ask_for() -> None:
    order = suspended("1", "pr-1-1")
    order["productOrderItem"] = [resumed("1.2", "pr-1-1.2")]
    world, _ = decomposed([[add("1", "triple-play")]], [order])
    world.complete_all()
    assert [world.state(f"pr-1-1{part}").status for part in ("", ".1", ".2", ".3")] == ["suspended"] * 4
    assert set(states(world).values()) == {"inactive"}
    world.order(resumed("1", "pr-1-1"))
    world.complete_all()
    assert [world.state(f"pr-1-1{part}").status for part in ("", ".1", ".2", ".3")] == ["active"] * 4


def test_to_suspend_what_is_suspended_has_no_work() -> None:
    world, _ = decomposed([[TELEVISION], [suspended("1", "pr-1-1")]], [suspended("1", "pr-1-1")])
    assert world.state(world.orders[-1]).state == "completed"
    assert world.state("pr-1-1").status == "suspended"


def test_nobody_knows_whether_a_shared_service_runs_while_the_other_product_is_being_resumed() -> None:
    world, _ = decomposed([[add("1", "tv"), add("2", "voice-line")], [suspended("1", "pr-1-1")]], [resumed("1", "pr-1-1")])
    with pytest.raises(Rejected, match="shared with a product that is being changed by order po-3"):
        world.order(suspended("1", "pr-1-2"))


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        (suspended("1", "pr-1-1", "terminated"), "cannot be changed from 'active' to 'terminated'"),
        ({**moved("1", "pr-1-1"), "product": {**moved("1", "pr-1-1")["product"], "status": "suspended"}}, "all that an item does"),
        (
            {
                **change("1", "modify", "pr-1-1"),
                "product": {**suspended("1", "pr-1-1")["product"], "productCharacteristic": [{"name": "package", "value": "sport"}]},
            },
            "all that an item does",
        ),
        (
            {**moved("1", "pr-1-1"), "product": {"id": "pr-1-1", "place": [{"role": "installation"}]}},
            "needs the id of the installation place",
        ),
        ({**change("1", "modify", "pr-1-1"), "productOffering": {"id": "voice-line"}}, "cannot be changed from 'tv' to 'voice-line'"),
    ],
)
def test_what_a_modify_cannot_ask(item: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Rejected, match=sentence):
        decomposed([[TELEVISION]], [item])


# Move ---------------------------------------------------------------------------------------------------------------------------------
def at(plan: Plan) -> dict[tuple[str, str], str]:
    return {(service.specification, service.places[0].id): service.action for service in plan.services}


def test_a_move_builds_at_the_new_place_and_ends_at_the_old() -> None:
    world, plan = decomposed([[TELEVISION]], [moved("1", "pr-1-1")])
    assert at(plan) == {(name, "site-2"): "add" for name in TV} | {(name, "site-1"): "delete" for name in TV}
    assert [(visit.template, visit.place.id) for visit in plan.visits] == [("site-visit", "site-2")]
    world.complete_all()
    assert world.state("pr-1-1").places[0].id == "site-2"
    assert {service.places[0].id for service in world.services().values() if service.state == "active"} == {"site-2"}
    assert {service.places[0].id for service in world.services().values() if service.state == "terminated"} == {"site-1"}
    assert set(world.state("pr-1-1").services) == {id for id, service in world.services().items() if service.state == "active"}


def test_the_old_stays_until_the_new_one_is() -> None:
    world, plan = decomposed([[TELEVISION]], [moved("1", "pr-1-1")])
    taken_down = {task.id for service in plan.services if service.action == "delete" for task in service.tasks}
    built = {task.id for service in plan.services if service.action == "add" for task in service.tasks}
    last = world.named("tv-service/test")
    world.complete_all(but=lambda task: task == last)
    assert not taken_down & {task for _, task in world.outstanding()}
    assert {world.task(task).state for task in built - {last}} == {"done"}
    old = [service for service in world.services().values() if service.places[0].id == "site-1"]
    assert {service.state for service in old} == {"active"}
    world.answer(last)
    assert taken_down & {task for _, task in world.outstanding()}


def test_shared_services_are_let_go_of_at_the_old_place_and_joined_at_the_new() -> None:
    there, here = add("1", "voice-line", site="site-2"), [add("1", "tv"), add("2", "voice-line")]
    world, plan = decomposed([here, [there]], [moved("1", "pr-1-1")])
    own = {(name, site): action for name in TV - LINE for site, action in (("site-2", "add"), ("site-1", "delete"))}
    assert at(plan) == own | {(name, "site-2"): "noChange" for name in LINE}
    world.complete_all()
    holders = {service.places[0].id: set(service.holders) for service in world.services("access-line").values()}
    assert holders == {"site-1": {"pr-1-2"}, "site-2": {"pr-1-1", "pr-2-1"}}


def test_a_product_that_has_moved_can_be_changed_moved_back_and_ended() -> None:
    world, _ = decomposed([[TELEVISION]], [moved("1", "pr-1-1")])
    world.complete_all()
    first = base(decomposed([[TELEVISION]], [])[0])
    world.order(change("1", "modify", "pr-1-1", package="sport"))
    plan: Plan = world.events(ProductOrderDecomposed)[-1].plan
    assert {service.specification: service.action for service in plan.services} == each(LINE, "noChange") | each(TV - LINE, "modify")
    world.complete_all()
    world.order(moved("1", "pr-1-1", "site-1"))
    world.complete_all()
    world.order(change("1", "modify", "pr-1-1", package="basic"))
    world.complete_all()
    assert base(world) == first
    world.order(moved("1", "pr-1-1", "site-3"))
    world.complete_all()
    world.order(change("1", "delete", "pr-1-1"))
    world.complete_all()
    assert base(world) == {}


def test_a_bundle_moves_with_all_its_parts_and_a_shared_line_is_ended_once() -> None:
    world, plan = decomposed([[add("1", "triple-play")]], [moved("1", "pr-1-1")])
    assert sum(service.specification == "access-line" and service.action == "delete" for service in plan.services) == 1
    world.complete_all()
    assert world.state(world.orders[-1]).state == "completed"
    assert {world.state(f"pr-1-1{part}").places[0].id for part in ("", ".1", ".2", ".3")} == {"site-2"}
    assert {service.places[0].id for service in world.services().values() if service.state == "active"} == {"site-2"}


def test_a_part_does_not_move_without_the_rest() -> None:
    with pytest.raises(Rejected, match="product pr-1-1 that it is a part of has to move with it"):
        decomposed([[add("1", "triple-play")]], [moved("1", "pr-1-1.3")])
    order = moved("1", "pr-1-1")
    order["productOrderItem"] = [moved("1.3", "pr-1-1.3", "site-3")]
    with pytest.raises(Rejected, match="a move takes all of a product to one place"):
        decomposed([[add("1", "triple-play")]], [order])


def test_a_move_that_is_cancelled_half_way_leaves_all_where_it_was() -> None:
    world, _ = decomposed([[TELEVISION]], [])
    before = base(world)
    order = world.order(moved("1", "pr-1-1"))
    last = world.named("tv-service/test")
    world.complete_all(but=lambda task: task == last)
    world.cancel(order)
    world.complete_all()
    assert world.state(order).state == "cancelled"
    assert base(world) == before


@pytest.mark.parametrize("given_up", [change("1", "modify", "pr-1-1", package="family"), change("1", "delete", "pr-1-1")])
def test_a_change_can_be_undone_also_when_a_later_one_has_been_given_up(given_up: dict[str, Any]) -> None:
    world, _ = decomposed([[TELEVISION]], [change("1", "modify", "pr-1-1", package="sport")])
    world.complete_all()
    world.order(given_up)
    world.cancel("po-3")
    world.complete_all()
    world.cancel("po-2", include_completed=True)
    world.complete_all()
    assert (world.state("po-2").state, world.state("pr-1-1").pending, world.state("pr-1-1").values["package"]) == ("cancelled", "", "basic")


# Renewal ------------------------------------------------------------------------------------------------------------------------------
def test_a_renewal_is_done_at_once_and_the_product_has_the_new_term() -> None:
    world, _ = decomposed([[renewed_add()]], [renewed("1", "pr-1-1", 36)])
    assert world.state(world.orders[-1]).state == "completed"
    assert world.state("pr-1-1").term[0]["duration"]["amount"] == 36
    world.order(change("1", "modify", "pr-1-1", package="sport"))
    world.complete_all()
    assert world.state("pr-1-1").term[0]["duration"]["amount"] == 36


def renewed_add() -> dict[str, Any]:
    item = add("1", "tv")
    item["product"]["productTerm"] = [{"name": "contract", "duration": {"amount": 12, "units": "month"}}]
    return item


def test_a_renewal_does_not_wait_for_what_others_do_to_a_shared_service() -> None:
    world, _ = decomposed([[add("1", "tv"), add("2", "fibre-broadband")]], [change("1", "modify", "pr-1-2", downstream=1000)])
    renewal = world.order(renewed("1", "pr-1-1"))
    assert world.state(renewal).state == "completed"
