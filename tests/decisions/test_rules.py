"""The rules of a catalog one by one, each over a catalog as small as it needs: conditions, cardinality, scopes and merging."""

from typing import Any

import pytest

from domain.catalog import Bundled, Child, Mapping
from domain.plan import Plan
from domain.product_order import ProductOrderDecomposed, ProductOrderInformationRequired
from domain.values import Rejected
from tests.decisions.catalogs import number, service, word, world_of
from tests.decisions.world import InMemory, add, change

PATH = "productOrderItem[0].product.productCharacteristic"


def plan(world: InMemory) -> Plan:
    found: Plan = world.events(ProductOrderDecomposed)[-1].plan
    return found


def made(world: InMemory) -> dict[str, str]:
    return {each.specification: each.action for each in plan(world).services}


# Conditions (domain-rules 2.1) ------------------------------------------------------------------------------------------------------------
BIG = {"gt": [{"characteristic": "size"}, 10]}
CONDITIONS: list[tuple[Any, dict[str, Any], bool | None]] = [
    (True, {}, True),
    (False, {}, False),
    (BIG, {"size": 11}, True),
    (BIG, {"size": 10}, False),
    (BIG, {}, None),
    ({"not": BIG}, {}, None),
    ({"exists": "size"}, {}, False),
    ({"not": {"exists": "size"}}, {}, True),
    ({"and": [BIG, {"eq": [{"characteristic": "colour"}, "red"]}]}, {"colour": "blue"}, False),  # whatever the size
    ({"and": [BIG, {"eq": [{"characteristic": "colour"}, "red"]}]}, {"colour": "red"}, None),
    ({"or": [BIG, {"eq": [{"characteristic": "colour"}, "red"]}]}, {"colour": "red"}, True),  # whatever the size
    ({"or": [BIG, {"eq": [{"characteristic": "colour"}, "red"]}]}, {"colour": "blue"}, None),
    ({"in": [{"characteristic": "colour"}, ["red", "blue"]]}, {}, None),
    ({"eq": [{"input": "action"}, "add"]}, {}, True),
    ({"eq": [{"input": "site"}, "site-9"]}, {}, False),
]


@pytest.mark.parametrize("mandatory", [True, False], ids=["mandatory", "optional"])
@pytest.mark.parametrize(("condition", "values", "holds"), CONDITIONS)
def test_what_becomes_of_a_rule(condition: Any, values: dict[str, Any], holds: bool | None, mandatory: bool) -> None:
    rule = Child("rule", "port", condition=condition, mandatory=mandatory)
    world = world_of([service("port"), service("always")], [Child("always", "always"), rule], [number("size"), word("colour")])
    world.order(add("1", "thing", **values))
    if holds is None and mandatory:
        assert (plan(world).services, world.state("po-1").state) == ((), "pending")
    else:
        assert made(world) == {"always": "add"} | ({"port": "add"} if holds else {})


def test_an_item_whose_rules_cannot_be_evaluated_waits_for_what_they_read_and_the_others_go_on() -> None:
    world = world_of([service("port")], [Child("rule", "port", condition=BIG)], [number("size"), word("colour")])
    world.order(add("1", "thing", colour="red"), add("2", "thing", size=20))
    assert [(event.item, event.paths) for event in world.events(ProductOrderInformationRequired)] == [("1", (f"{PATH}[size]",))]
    assert {service.owner for service in plan(world).services} == {"2"}
    world.complete_all()
    assert (world.state("po-1").own, world.status("po-1", "2")) == ({"1": "pending", "2": "completed"}, "active")
    world.supply("po-1", add("1", "thing", colour="red", size=20), add("2", "thing", size=20))
    world.complete_all()
    assert world.state("po-1").state == "completed"


def test_a_modify_that_waits_need_not_name_its_offering_again() -> None:
    red = {"and": [{"exists": "colour"}, BIG]}
    world = world_of([service("port")], [Child("rule", "port", condition=red)], [number("size"), word("colour")])
    world.order(add("1", "thing"))
    world.complete_all()
    world.order(change("1", "modify", "pr-1-1", colour="red"))
    assert plan(world).items[0].missing == (f"{PATH}[size]",)
    world.supply("po-2", change("1", "modify", "pr-1-1", colour="red", size=20))
    assert made(world) == {"port": "add"}


def test_all_that_an_item_lacks_is_asked_for_at_once() -> None:
    red = {"eq": [{"characteristic": "colour"}, "red"]}
    rules = [
        Child("a", "port", condition=BIG),
        Child("b", "port", condition=red),
        Child("c", "port", cardinality={"characteristic": "count"}),
    ]
    world = world_of([service("port")], rules, [number("size"), word("colour"), number("count")])
    world.order(add("1", "thing"))
    assert plan(world).items[0].missing == (f"{PATH}[size]", f"{PATH}[colour]", f"{PATH}[count]")


def test_a_supplied_value_may_raise_the_next_question() -> None:
    below = service("frame", word("colour"), children=(Child("below", "port", condition={"eq": [{"characteristic": "colour"}, "red"]}),))
    world = world_of([service("port"), below], [Child("rule", "frame", condition=BIG)], [number("size"), word("colour")])
    world.order(add("1", "thing"))
    assert plan(world).items[0].missing == (f"{PATH}[size]",)
    world.supply("po-1", add("1", "thing", size=20))
    assert plan(world).items[0].missing == (f"{PATH}[colour]",)
    world.supply("po-1", add("1", "thing", size=20, colour="blue"))
    assert made(world) == {"frame": "add"}


def test_a_rule_that_reads_what_nobody_can_say_does_not_hold() -> None:
    frame = service("frame", number("depth"), children=(Child("below", "port", condition={"gt": [{"characteristic": "depth"}, 1]}),))
    world = world_of([service("port"), frame], [Child("rule", "frame")])
    world.order(add("1", "thing"))
    assert made(world) == {"frame": "add"}


# Modify: rules that hold now, or not any more -------------------------------------------------------------------------------------------
def test_what_a_modify_needs_now_is_added_and_what_it_needs_no_more_is_ended() -> None:
    world = world_of([service("port")], [Child("rule", "port", condition=BIG)], [number("size", default=1)])
    world.order(add("1", "thing"))
    world.order(change("1", "modify", "pr-1-1", size=20))
    assert made(world) == {"port": "add"}
    world.complete_all()
    world.order(change("1", "modify", "pr-1-1", size=2))
    assert made(world) == {"port": "delete"}
    world.complete_all()
    assert world.state("pr-1-1").services == ()


def test_what_a_modify_needs_no_more_is_let_go_of_while_another_product_holds_it() -> None:
    shared = service("line", scope="site")
    world = world_of([shared], [Child("rule", "line", condition=BIG)], [number("size")])
    world.order(add("1", "thing", size=20), add("2", "thing", size=20))
    world.complete_all()
    world.order(change("1", "modify", "pr-1-1", size=2))
    assert (made(world), len(plan(world).items[0].detached)) == ({}, 1)
    world.complete_all()
    world.order(change("1", "modify", "pr-1-2", size=2))
    assert made(world) == {"line": "delete"}


def test_two_products_of_one_order_that_let_go_of_a_service_end_it_together() -> None:
    world = world_of([service("line", scope="site")], [Child("rule", "line", condition=BIG)], [number("size")])
    world.order(add("1", "thing", size=20), add("2", "thing", size=20))
    world.complete_all()
    world.order(change("1", "modify", "pr-1-1", size=2), change("2", "modify", "pr-1-2", size=2))
    assert made(world) == {"line": "delete"}
    world.complete_all()
    assert {each.state for each in world.services().values()} == {"terminated"}


SNAPSHOTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("delta", {}, {"size": 5, "colour": "red", "label": "mine"}),
    ("delta", {"colour": "blue"}, {"size": 5, "colour": "blue", "label": "mine"}),
    ("full", {}, {"size": 1}),  # what has no default is removed
    ("full", {"colour": "blue"}, {"size": 1, "colour": "blue"}),
]


@pytest.mark.parametrize(("mode", "named", "expected"), SNAPSHOTS)
def test_what_a_modify_does_not_name(mode: str, named: dict[str, Any], expected: dict[str, Any]) -> None:
    world = world_of([service("port")], [Child("rule", "port")], [number("size", default=1), word("colour"), word("label")])
    world.order(add("1", "thing", size=5, colour="red", label="mine"))
    world.complete_all()
    world.order({**change("1", "modify", "pr-1-1", **named), "modifyMode": mode})
    world.complete_all()
    assert world.state("pr-1-1").values == expected


# Cardinality (domain-rules 2.3) ---------------------------------------------------------------------------------------------------------
CARDINALITIES: list[tuple[Any, int, int, dict[str, Any], int | str]] = [
    (1, 0, 1000, {}, 1),
    (3, 0, 1000, {}, 3),
    ({"characteristic": "count"}, 0, 4, {"count": 4}, 4),
    ({"characteristic": "count"}, 0, 4, {"count": 0}, 0),
    ({"characteristic": "count"}, 0, 4, {"count": 5}, "rule allows 0 to 4, not 5"),
    ({"characteristic": "count"}, 2, 4, {"count": 1}, "rule allows 2 to 4, not 1"),
    ({"characteristic": "count"}, 0, 4, {"count": 1.5}, "rule allows 0 to 4, not 1.5"),
    ({"multiply": [{"characteristic": "count"}, 2]}, 0, 1000, {"count": 3}, 6),
    ({"lookup": {"characteristic": "colour"}, "table": {"red": 2}, "else": 1}, 0, 1000, {"colour": "red"}, 2),
    ({"lookup": {"characteristic": "colour"}, "table": {"red": 2}, "else": 1}, 0, 1000, {"colour": "blue"}, 1),
]


@pytest.mark.parametrize(("cardinality", "minimum", "maximum", "values", "expected"), CARDINALITIES)
def test_how_many_services_a_rule_makes(cardinality: Any, minimum: int, maximum: int, values: dict[str, Any], expected: int | str) -> None:
    rule = Child("rule", "port", cardinality=cardinality, minimum=minimum, maximum=maximum)
    world = world_of([service("port")], [rule], [number("count"), word("colour")])
    if isinstance(expected, str):
        with pytest.raises(Rejected, match=expected):
            world.order(add("1", "thing", **values))
        assert world.log == []
        return
    world.order(add("1", "thing", **values))
    assert len(plan(world).services) == expected
    assert len({each.id for each in plan(world).services}) == expected


def test_a_number_that_changes_adds_the_new_ones_and_ends_the_last_ones() -> None:
    world = world_of([service("port")], [Child("rule", "port", cardinality={"characteristic": "count"})], [number("count")])
    world.order(add("1", "thing", count=2))
    world.complete_all()
    world.order(change("1", "modify", "pr-1-1", count=3))
    assert sorted(each.action for each in plan(world).services) == ["add", "noChange", "noChange"]
    world.complete_all()
    world.order(change("1", "modify", "pr-1-1", count=1))
    assert sorted(each.action for each in plan(world).services) == ["delete", "delete", "noChange"]
    world.complete_all()
    assert len(world.state("pr-1-1").services) == 1


# Scopes (domain-rules 2.4) --------------------------------------------------------------------------------------------------------------
def billed(item: dict[str, Any], account: str) -> dict[str, Any]:
    return {**item, "billingAccount": {"id": account}}


def pack(id: str, site: str = "site-1") -> dict[str, Any]:
    return add(id, "pack", site=site)


# How many services there are for: two parts of a bundle; two items of an order; two orders; two sites; two accounts; two customers.
SHARED = {
    #            parts  items  orders  sites  accounts  customers
    "item": (2, 2, 2, 2, 2, 2),
    "topItem": (1, 2, 2, 2, 2, 2),
    "order": (1, 1, 2, 1, 1, 2),
    "account": (1, 1, 1, 1, 2, 2),
    "site": (1, 1, 1, 2, 1, 2),
    "reliesOn": (1, 1, 1, 1, 1, 2),  # what relies on nothing relies on the same
}


@pytest.mark.parametrize("scope", SHARED)
def test_what_one_instance_is_shared_by(scope: str) -> None:
    one, other = add("1", "thing"), add("2", "thing")
    orders: list[list[tuple[str, list[dict[str, Any]]]]] = [
        [("cust-1", [pack("1")])],
        [("cust-1", [one, other])],
        [("cust-1", [one]), ("cust-1", [one])],
        [("cust-1", [one, add("2", "thing", site="site-2")])],
        [("cust-1", [billed(one, "acc-1"), billed(other, "acc-2")])],
        [("cust-1", [one]), ("cust-2", [one])],
    ]
    found = []
    for case in orders:
        world = world_of([service("line", scope=scope)], [Child("rule", "line")])
        for customer, items in case:
            world.order(*items, customer=customer)
            world.complete_all()
        found.append(len(world.services()))
    assert tuple(found) == SHARED[scope]


def relying(id: str, offering: str, *others: str) -> dict[str, Any]:
    relations = [{"id": other, "relationshipType": "reliesOn"} for other in others]
    return {**add(id, offering), "productOrderItemRelationship": relations}


def test_what_relies_on_the_same_items_shares_what_has_that_scope() -> None:
    world = world_of([service("line", scope="reliesOn")], [Child("rule", "line")])
    world.order(add("1", "thing"), add("2", "thing"), relying("3", "thing", "1"), relying("4", "thing", "1"), relying("5", "thing", "2"))
    holders = sorted(sorted(each.holders) for each in world.services().values())
    assert holders == [["pr-1-1", "pr-1-2"], ["pr-1-3", "pr-1-4"], ["pr-1-5"]]


@pytest.mark.parametrize("account", ["of the order", "of the product"])
def test_the_account_is_that_of_the_item_else_of_its_product_else_of_the_order(account: str) -> None:
    world = world_of([service("line", scope="account")], [Child("rule", "line")])
    plain = add("2", "thing")
    if account == "of the product":
        plain["product"]["billingAccount"] = {"id": "acc-1"}
    world.order(billed(add("1", "thing"), "acc-1"), plain, billingAccount={"id": "acc-1" if account == "of the order" else "acc-2"})
    assert len(world.services()) == 1


@pytest.mark.parametrize("scope", SHARED)
@pytest.mark.parametrize("places", [[{"id": "site-1", "role": "installation"}], []], ids=["with a place", "without a place"])
def test_a_modify_finds_what_was_built_whatever_it_names_again(scope: str, places: list[dict[str, Any]]) -> None:
    """The order, the account, what it relies on, the bundle around it: none of these need be said again."""
    part = service("port", number("size"))
    line = service("line", number("size"), scope=scope, children=(Child("below", "port"),))
    world = world_of([line, part], [Child("rule", "line")], [number("size", default=1)])
    first, second = billed(relying("1", "thing", "2"), "acc-1"), add("2", "thing")
    for item in (first, second):
        item["product"]["place"] = places
    world.order(first, second)
    world.complete_all()
    world.order(change("1", "modify", "pr-1-1", size=1))
    assert made(world) == {"line": "noChange", "port": "noChange"}
    world.complete_all()
    world.order(change("1", "delete", "pr-1-1"), change("2", "delete", "pr-1-2"))
    world.complete_all()
    assert {each.state for each in world.services().values()} == {"terminated"}


def test_a_part_that_is_changed_alone_keeps_what_its_bundle_shares() -> None:
    line = service("line", number("size", merge="max"), scope="topItem")
    world = world_of([line], [Child("rule", "line")], [number("size", default=1)])
    world.order(pack("1"))
    world.complete_all()
    world.order(change("1", "modify", "pr-1-1.1", size=5))
    assert made(world) == {"line": "modify"}
    world.complete_all()
    assert len(world.services()) == 1


def test_a_part_that_is_added_later_joins_what_its_bundle_shares() -> None:
    line = service("line", scope="topItem", children=(Child("below", "port"),))
    world = world_of([line, service("port")], [Child("rule", "line")], bundled=(Bundled("thing", 0, 4, 0),))
    world.order(add("1", "thing"))
    world.complete_all()
    world.order(change("1", "modify", "pr-1-1", nested=[add("2", "thing")]))
    assert made(world) == {"line": "noChange", "port": "noChange"}
    world.complete_all()
    assert {tuple(each.holders) for each in world.services().values()} == {("pr-1-1", "pr-2-2")}


# Merging (domain-rules 2.4) -------------------------------------------------------------------------------------------------------------
MERGES: list[tuple[str, Any, Any, Any]] = [
    ("equal", 5, 5, 5),
    ("equal", 5, 7, "want different values of size for the shared line: 5 and 7"),
    ("max", 5, 7, 7),
    ("max", 7, 5, 7),
    ("union", 5, 7, [5, 7]),
    ("union", 5, 5, 5),
    ("equal", None, 7, 7),
    ("equal", 5, None, 5),
]


@pytest.mark.parametrize(("merge", "first", "second", "expected"), MERGES)
def test_what_two_parents_want_of_a_shared_service(merge: str, first: Any, second: Any, expected: Any) -> None:
    line = service("line", number("size", merge=merge), scope="site")
    world = world_of([line], [Child("rule", "line")], [number("size")])
    items = [add(str(n), "thing", **({} if size is None else {"size": size})) for n, size in enumerate((first, second), 1)]
    if isinstance(expected, str):
        with pytest.raises(Rejected, match=expected):
            world.order(*items)
        return
    world.order(*items)
    assert plan(world).services[0].values == {"size": expected}


@pytest.mark.parametrize(
    ("merge", "first", "second", "expected"),
    [("max", 7, 5, 7), ("max", 5, 7, 7), ("union", 5, 7, [5, 7]), ("equal", 7, 5, 5)],
)
def test_what_a_later_order_wants_of_a_service_that_another_product_holds(merge: str, first: int, second: int, expected: Any) -> None:
    """Of `equal` values the last one stands; of the others nothing is taken from who holds it already."""
    world = world_of([service("line", number("size", merge=merge), scope="site")], [Child("rule", "line")], [number("size")])
    world.order(add("1", "thing", size=first))
    world.complete_all()
    world.order(add("1", "thing", size=second))
    world.complete_all()
    assert [each.values for each in world.services().values()] == [{"size": expected}]


def test_the_only_product_that_holds_a_service_may_lower_it() -> None:
    world = world_of([service("line", number("size", merge="max"), scope="site")], [Child("rule", "line")], [number("size")])
    world.order(add("1", "thing", size=7))
    world.complete_all()
    world.order(change("1", "modify", "pr-1-1", size=5))
    world.complete_all()
    assert [each.values for each in world.services().values()] == [{"size": 5}]


def test_a_value_is_mapped_copied_looked_up_calculated_or_taken_from_the_parent() -> None:
    mappings = (
        Mapping("constant", 7),
        Mapping("copied", {"characteristic": "size"}),
        Mapping("found", {"lookup": {"characteristic": "size"}, "table": {5: "five"}, "else": "many"}),
        Mapping("calculated", {"multiply": [{"characteristic": "size"}, 2]}),
    )
    port = service(
        "port", number("constant"), number("copied"), word("found"), number("calculated"), number("size"), number("kept", default=1)
    )
    world = world_of([port], [Child("rule", "port", mappings=mappings)], [number("size")])
    world.order(add("1", "thing", size=5))
    assert plan(world).services[0].values == {"constant": 7, "copied": 5, "found": "five", "calculated": 10, "size": 5, "kept": 1}
