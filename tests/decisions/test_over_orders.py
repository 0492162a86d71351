"""A candidate catalog over the orders of the past: the catalog that they had makes the same of them, and each change is told with its cause."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from domain.catalog import Bundled, Catalog, Child, ProductOffering, ProductSpecification, ServiceSpecification
from domain.decomposition.over_orders import Candidate, OverOrders, PastOrder
from domain.order_document import with_items
from domain.plan import Plan
from domain.product_order import ProductOrderAcknowledged, ProductOrderDecomposed, ProductOrderInformationSupplied
from domain.recorded import Recorded
from domain.unit_of_work import decider_of
from schemas.catalog import catalog_document, catalog_from_document
from tests.decisions.given import ANSWER_WITHIN
from tests.decisions.stories import Story, scripts
from tests.decisions.world import InMemory, add, change, sample
from tests.examples import examples

Document = dict[str, Any]


class Known:
    """A recorded plan in memory."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def is_same(self, plan: Plan) -> bool:
        return plan == self._plan

    def read(self) -> Plan:
        return self._plan


class Base:
    """The install base before an event, from the log."""

    def __init__(self, log: list[Recorded], position: int) -> None:
        self._before = [recorded for recorded in log if recorded.position < position]

    def state(self, stream: str) -> Any:
        state = None
        for recorded in self._before:
            if recorded.stream == stream:
                state = decider_of(stream).evolve(state, recorded.event)
        return state


def over_orders(world: InMemory, candidate: Catalog) -> OverOrders:
    """All orders of a world, one after the other."""
    comparison = Candidate(candidate, {world.catalog.version: world.catalog}, ANSWER_WITHIN)
    for order in world.orders:
        history = [recorded for recorded in world.log if recorded.stream == order]
        if not isinstance(history[0].event, ProductOrderAcknowledged):
            continue
        past, position = past_order(order, history)
        loaded: dict[str, Any] = {}
        while (need := comparison.look(past, loaded)) is not None:
            loaded.update({stream: Base(world.log, position).state(stream) for stream in need.streams})
    return comparison.report()


def past_order(order: str, history: list[Recorded]) -> tuple[PastOrder, int]:
    made = history[0].event
    assert isinstance(made, ProductOrderAcknowledged)
    document, first = made.order, next(each for each in history if isinstance(each.event, ProductOrderDecomposed))
    supplied = [each.event for each in history if isinstance(each.event, ProductOrderInformationSupplied)]
    for event in supplied:
        document = with_items(document, event.items)
    plan = None if supplied else Known(first.event.plan)
    return PastOrder(order, made.customer, made.catalog, document, plan, first.meta.time), first.position


def edited(edit: Callable[[Document], None]) -> Catalog:
    """The sample catalog with a change. Raises CatalogError for a wrong one, as publishing does."""
    document = copy.deepcopy(catalog_document("sample").document)
    edit(document)
    return catalog_from_document({**document, "version": "2"})


def entry(document: Document, section: str, id: str) -> Document:
    found: Document = next(each for each in document[section] if each["id"] == id)
    return found


def a_household() -> InMemory:
    """Everything that orders do: added, shared, supplied, changed, ended."""
    world = InMemory(sample())
    first = world.order(add("1", "triple-play"))
    world.complete_all()
    world.order(add("1", "fibre-broadband", "site-2", downstream=100))
    world.complete_all()
    voice = world.order(add("1", "voice-line", "site-2", numberPorting=True))
    world.supply(voice, add("1", "voice-line", "site-2", numberPorting=True, portingNumber="+49 1"))
    world.complete_all()
    world.order(change("1", "modify", world.product(first, "1.1"), downstream=1000))
    world.complete_all()
    world.order(change("1", "delete", world.product(first, "1.2")))
    world.complete_all()
    return world


def test_the_catalog_that_the_orders_had_makes_the_same_of_all_of_them() -> None:
    """Each at its time: the second product of a site finds its line there, and a change finds what there is to change."""
    report = over_orders(a_household(), sample())
    assert (report.orders, report.same, report.different, report.refused) == (5, 5, 0, 0)
    assert not report.groups
    assert not report.refusals


def no_gateway(document: Document) -> None:
    entry(document, "products", "fibre-broadband")["children"].pop()


def faster(document: Document) -> None:
    entry(document, "products", "fibre-broadband")["characteristics"][0]["default"] = 1000


def another_gpon(document: Document) -> None:
    rule = {"id": "to-new-gpon", "specification": "gpon-port", "targetSystem": "gpon-2", "actions": ["add"]}
    document.setdefault("distributions", []).append(rule)


def more_attempts(document: Document) -> None:
    entry(document, "services", "iptv-stream")["tasks"] = [{"name": "reserve"}, {"name": "configure", "attempts": 9}]


def no_test(document: Document) -> None:
    entry(document, "services", "tv-service")["tasks"] = []


def with_ladder(document: Document) -> None:
    entry(document, "workOrders", "site-visit")["skills"] = ["fibre", "ladder"]


def no_visit(document: Document) -> None:
    entry(document, "workOrders", "site-visit")["products"] = ["tv"]
    entry(document, "workOrders", "site-visit")["whenNew"] = "tv-service"


def with_mobile(document: Document) -> None:
    entry(document, "offerings", "triple-play")["bundled"].append({"offering": "mobile-line", "default": 1})


def new_version(document: Document) -> None:
    entry(document, "services", "sip-account")["version"] = "2.0"


def no_order(document: Document) -> None:
    document["dependencies"] = []


def later(document: Document) -> None:
    next(each for each in document["dependencies"] if each["before"] == "site-visit")["lag"] = 3600.0


@pytest.mark.parametrize(
    ("edit", "node", "kind", "what", "attribute", "cause", "orders"),
    [
        (no_gateway, "service", "removed", "home-gateway", "", "fibre-broadband: home-gateway", 2),
        (no_gateway, "task", "removed", "home-gateway/provision", "", "home-gateway/provision", 2),
        (faster, "item", "changed", "fibre-broadband", "downstream", "fibre-broadband: downstream", 1),
        (faster, "service", "changed", "ip-session", "upstream", "internet-access: ip-session", 1),
        (another_gpon, "task", "changed", "gpon-port/reserve", "targetSystem", "distribution to-new-gpon", 2),
        (more_attempts, "task", "changed", "iptv-stream/configure", "attempts", "iptv-stream/configure", 1),
        (no_test, "task", "removed", "tv-service/test", "", "tv-service/test", 1),
        (with_ladder, "visit", "changed", "site-visit", "skills", "site-visit", 2),
        (no_visit, "visit", "removed", "site-visit", "", "site-visit", 1),
        (with_mobile, "item", "added", "mobile-line", "", "mobile-line: bundle", 1),
        (with_mobile, "service", "added", "hlr-subscription", "", "mobile-service: hlr-subscription", 1),
        (new_version, "service", "changed", "sip-account", "version", "voice-service: sip-account", 2),
        (no_order, "wait", "removed", "access-line/test after site-visit", "", "dependencies", 2),
        (later, "wait", "changed", "access-line/test after site-visit", "lag", "dependencies", 2),
    ],
)
def test_what_a_catalog_makes_otherwise_is_told_with_its_cause(
    edit: Callable[[Document], None], node: str, kind: str, what: str, attribute: str, cause: str, orders: int
) -> None:
    report = over_orders(a_household(), edited(edit))
    found = {(each.node, each.kind, each.what, each.attribute, each.cause): each.orders for each in report.groups}
    assert found.get((node, kind, what, attribute, cause)) == orders, found
    assert report.orders == report.same + report.different == 5


def test_examples_are_orders_with_what_they_have_and_would_have() -> None:
    report = over_orders(a_household(), edited(faster))
    (group,) = [each for each in report.groups if each.node == "item" and each.attribute == "downstream"]
    assert [(each.order, each.before, each.after) for each in group.examples] == [("po-1", 500, 1000)]


def test_orders_that_would_be_refused_are_told_with_the_reason() -> None:
    def retired(document: Document) -> None:
        entry(document, "offerings", "voice-line")["lifecycleStatus"] = "Retired"

    report = over_orders(a_household(), edited(retired))
    assert (report.same, report.different, report.refused) == (3, 0, 2)
    assert [(each.reason, each.examples) for each in report.refusals] == [
        ("Item 1.2: productOffering 'voice-line' cannot be ordered: it is Retired.", ("po-1",)),
        ("Item 1: productOffering 'voice-line' cannot be ordered: it is Retired.", ("po-3",)),
    ]


def test_the_time_for_an_answer_that_only_the_settings_know_is_no_difference() -> None:
    world = a_household()
    comparison = Candidate(world.catalog, {world.catalog.version: world.catalog}, ANSWER_WITHIN + 1)
    past, _ = past_order("po-1", [recorded for recorded in world.log if recorded.stream == "po-1"])
    loaded: dict[str, Any] = {}
    while (need := comparison.look(past, loaded)) is not None:
        loaded.update(dict.fromkeys(need.streams))
    assert comparison.report().same == 1


@examples(120)
@given(scripts)
def test_the_catalog_that_orders_had_makes_the_same_of_them_whatever_happened_then(numbers: list[int]) -> None:
    """Random stories: changes, moves, cancels, service orders from outside, refusals of the network."""
    story = Story(numbers)
    story.run()
    report = over_orders(story.world, story.world.catalog)
    assert (report.different, report.refused) == (0, 0), (report.groups, report.refusals)


def test_services_and_bundles_nest_without_limit() -> None:
    """Thousands deep, where Python's own stack would end."""
    depth = 3_000
    services = {
        f"s{n}": ServiceSpecification(f"s{n}", f"S{n}", children=(Child(f"s{n + 1}", f"s{n + 1}"),) if n < depth else ())
        for n in range(depth + 1)
    }
    offerings = {f"o{n}": ProductOffering(f"o{n}", f"O{n}", bundled=(Bundled(f"o{n + 1}"),)) for n in range(depth)}
    offerings[f"o{depth}"] = ProductOffering(f"o{depth}", "Leaf", specification="leaf")
    leaf = ProductSpecification("leaf", "Leaf", children=(Child("s0", "s0"),))
    catalog = Catalog("deep", offerings, {"leaf": leaf}, services, {})
    world = InMemory(catalog)
    world.order(add("1", "o0"))
    plan = world.events(ProductOrderDecomposed)[-1].plan
    assert (len(plan.items), len(plan.services)) == (depth + 1, depth + 1)
    assert over_orders(world, catalog).same == 1
