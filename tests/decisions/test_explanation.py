"""Explanations: each service and task of a plan is accounted for, and so is what was not chosen."""

from dataclasses import replace
from typing import Any

from domain.catalog import Catalog, Child, Distribution, ProductSpecification, ServiceSpecification, TaskSpecification
from domain.decomposition import Order
from domain.decomposition.explanation import explained_rules, explained_tasks, explained_visits
from domain.plan import Plan
from domain.product_order import ProductOrderDecomposed
from tests.decisions.made import item, service, task
from tests.decisions.world import InMemory, add, change, sample


def triple_play(world: InMemory, **voice: Any) -> ProductOrderDecomposed:
    world.order(
        add(
            "1", "triple-play", nested=[add("1.1", "fibre-broadband", downstream=1000), add("1.2", "voice-line", **voice), add("1.3", "tv")]
        )
    )
    found: ProductOrderDecomposed = world.events(ProductOrderDecomposed)[-1]
    return found


def test_every_service_of_a_plan_is_made_by_a_rule_that_held() -> None:
    plan = triple_play(InMemory(sample())).plan
    rules = explained_rules(plan, sample(), Order("po-1", "cust-1"))
    assert {id for rule in rules if rule.holds for id in rule.services} == {service.id for service in plan.services}
    assert {rule.rule for rule in rules if rule.services} >= {service.rule for service in plan.services}


def test_a_rule_tells_what_it_read_and_what_it_set() -> None:
    plan = triple_play(InMemory(sample())).plan
    rules = [rule for rule in explained_rules(plan, sample(), Order("po-1", "cust-1")) if rule.values]
    assert rules, "the sample maps values"
    services = {service.id: service for service in plan.services}
    for rule in rules:
        for id in rule.services:
            taken = {name: services[id].values.get(name) for name in rule.values}
            assert taken == {name: value for name, value in rule.values.items() if value is not None or name in taken}


def test_every_automatic_task_says_who_chose_its_target_system() -> None:
    plan = triple_play(InMemory(sample()), numberPorting=True, portingNumber="+31201234567").plan
    tasks = explained_tasks(plan, sample(), Order("po-1", "cust-1"))
    assert {each.task for each in tasks} == {each.id for service in plan.services for each in service.tasks}
    assert {each.chosen_by for each in tasks} <= {"task", "specification"}, "the sample has no distribution rules"


def test_what_was_not_chosen_is_explained_too() -> None:
    """By hand: a product that has a backup line only where it is asked for, and a rule that sends its tasks elsewhere when it is fast."""
    wanted = {"eq": [{"characteristic": "backup"}, True]}
    fast = {"gt": [{"characteristic": "downstream"}, 500]}
    line = ServiceSpecification("line", "Line", target_system="gpon", tasks=(TaskSpecification("activate"),))
    children = (Child("the-line", "line"), Child("the-backup", "line", condition=wanted))
    product = ProductSpecification("fibre", "Fibre", children=children)
    catalog = Catalog("1", {}, {"fibre": product}, {"line": line}, {}, (Distribution("fast-lane", "line", "xgspon", condition=fast),))
    planned = service("1", task("1.1.activate", target_system="xgspon"), specification="line", rule="the-line", values={"downstream": 1000})
    values = {"backup": False, "downstream": 1000}
    plan = Plan((item(specification="fibre", values=values, services=(planned.id,)),), (planned,), (), ())
    made, left_out = explained_rules(plan, catalog, Order("po-1", "cust-1"))
    assert (made.rule, made.holds, made.services) == ("the-line", True, (planned.id,))
    assert (left_out.rule, left_out.holds, left_out.reads, left_out.services) == ("the-backup", False, {"backup": False}, ())
    assert [each.chosen_by for each in explained_tasks(plan, catalog, Order("po-1", "cust-1"))] == ["fast-lane"]


def test_every_visit_says_by_which_template_and_why() -> None:
    plan = triple_play(InMemory(sample())).plan
    (visit,) = explained_visits(plan, sample(), Order("po-1", "cust-1"))
    assert (visit.template, visit.when_new, visit.condition, visit.items) == ("site-visit", "access-line", True, ("1.1", "1.2", "1.3"))


def test_what_a_rule_reads_of_the_order_is_told_with_the_characteristics() -> None:
    where = {"and": [{"eq": [{"input": "site"}, "site-1"]}, {"eq": [{"input": "customer"}, "cust-1"]}, {"exists": "package"}]}
    catalog = replace(sample(), work_orders={"site-visit": replace(sample().work_orders["site-visit"], condition=where)})
    world = InMemory(catalog)
    world.order(add("1", "tv"))
    (visit,) = explained_visits(world.events(ProductOrderDecomposed)[-1].plan, catalog, Order("po-1", "cust-1"))
    assert visit.reads == {"customer": "cust-1", "package": "basic", "site": "site-1"}


def test_what_is_ended_after_it_left_the_catalog_is_explained() -> None:
    world = InMemory(sample())
    order = world.order(add("1", "mobile-line"))
    world.complete_all()
    services = {id: each for id, each in sample().services.items() if id not in ("mobile-service", "hlr-subscription")}
    after = replace(
        sample(), services=services, products={**sample().products, "mobile-line": ProductSpecification("mobile-line", "Mobile")}
    )
    world.catalog = after
    world.order(change("1", "delete", world.product(order, "1")))
    plan = world.events(ProductOrderDecomposed)[-1].plan
    assert {each.chosen_by for each in explained_tasks(plan, after, Order("po-2", "cust-1"))} == {"specification"}
