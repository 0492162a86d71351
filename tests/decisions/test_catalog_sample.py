"""The sample catalog is the table of the contract: outsiders order from it, so its ids, values and prices never change."""

from typing import Any

import pytest

from domain.catalog import Catalog, ServiceSpecification
from domain.catalog.expression import compile_condition, compile_expression
from domain.decider import World
from domain.decomposition import Order, decompose
from domain.order_document import read_lines
from domain.plan import Plan
from domain.values import Rejected
from schemas.catalog import load_catalog
from tests.decisions.given import NOW
from tests.decisions.world import add

SAMPLE = load_catalog("sample")
W1 = load_catalog("benchmark-w1")


def plan(*items: dict[str, Any], catalog: Catalog = SAMPLE) -> Plan:
    world = World(NOW, {catalog.version: catalog}, catalog.version, _Nothing(), 900.0)
    planned = decompose(Order("po-1", "cust-1"), read_lines({"productOrderItem": list(items)}), catalog.version, world)
    assert isinstance(planned, Plan)
    return planned


class _Nothing(dict[str, Any]):
    """An install base in which every stream is loaded and empty."""

    def __contains__(self, stream: object) -> bool:
        return True

    def __missing__(self, stream: str) -> None:
        return None


def services_of(planned: Plan) -> list[tuple[str, str, tuple[str, ...]]]:
    return [
        (each.category, each.specification, tuple(f"{task.name}@{task.target_system or task.group}" for task in each.tasks))
        for each in planned.services
    ]


def test_a_triple_play_with_porting_has_the_27_nodes_of_the_domain_rules() -> None:
    parts = (
        add("1.1", "fibre-broadband"),
        add("1.2", "voice-line", numberPorting=True, portingNumber="+4930123456"),
        add("1.3", "tv"),
    )
    planned = plan(add("1", "triple-play", nested=parts))
    assert [item.specification for item in planned.items] == ["", "fibre-broadband", "voice-line", "tv"]  # a bundle is no node of the plan
    assert sorted(services_of(planned)) == [
        ("CFS", "access-line", ("test@assurance",)),
        ("CFS", "home-gateway", ("provision@acs",)),
        ("CFS", "internet-access", ("test@assurance",)),
        ("CFS", "tv-service", ("test@assurance",)),
        ("CFS", "voice-service", ("port-number@number-porting", "test@assurance")),
        ("RFS", "gpon-port", ("reserve@gpon", "configure@gpon")),
        ("RFS", "ip-session", ("reserve@bng", "configure@bng")),
        ("RFS", "iptv-stream", ("reserve@iptv", "configure@iptv")),
        ("RFS", "sip-account", ("reserve@ims", "configure@ims")),
    ]
    assert [visit.template for visit in planned.visits] == ["site-visit"]
    tasks = [task for service in planned.services for task in service.tasks]
    assert [task.name for task in tasks if task.kind == "manual"] == ["port-number"]
    products = [item for item in planned.items if item.specification]
    assert len(products) + len(planned.services) + len(planned.visits) + len(tasks) == 27


def test_a_triple_play_without_porting_has_no_manual_task() -> None:
    tasks = [task for service in plan(add("1", "triple-play")).services for task in service.tasks]
    assert len(tasks) == 13
    assert all(task.kind == "automatic" for task in tasks)


@pytest.mark.parametrize(
    ("item", "services", "visits"),
    [
        (add("1", "mobile-line"), {"mobile-service": (), "hlr-subscription": ("activate@hlr",)}, []),
        (
            add("1", "fibre-broadband", nested=[add("2", "wifi-mesh")]),
            {
                "access-line": ("test@assurance",),
                "gpon-port": ("reserve@gpon", "configure@gpon"),
                "internet-access": ("test@assurance",),
                "ip-session": ("reserve@bng", "configure@bng"),
                "home-gateway": ("provision@acs",),
                "mesh-point": ("activate@acs",),
            },
            ["site-visit"],
        ),
        (add("1", "hosted-pbx", seats=10), {"pbx-service": (), "pbx-tenant": ("activate@pbx",)}, []),
    ],
    ids=["mobile-line", "fibre-broadband", "hosted-pbx"],
)
def test_each_offering_makes_the_services_of_the_table(
    item: dict[str, Any], services: dict[str, tuple[str, ...]], visits: list[str]
) -> None:
    planned = plan(item)
    assert {specification: tasks for _, specification, tasks in services_of(planned)} == services
    assert [visit.template for visit in planned.visits] == visits


def test_business_ethernet_has_a_visit_at_each_of_its_two_sites() -> None:
    item = add("1", "business-ethernet", bandwidth=200)
    item["product"]["place"] = [{"id": "site-a", "role": "aEnd"}, {"id": "site-z", "role": "zEnd"}]
    planned = plan(item)
    assert {specification: tasks for _, specification, tasks in services_of(planned)} == {
        "ethernet-line": (),
        "evc": ("reserve@metro", "configure@metro"),
        "nid-a": ("activate@metro",),
        "nid-z": ("activate@metro",),
    }
    assert [(visit.template, visit.place.id) for visit in planned.visits] == [("site-visit-a", "site-a"), ("site-visit-z", "site-z")]


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        (add("1", "legacy-dsl"), "cannot be ordered: it is Retired"),
        (add("1", "wifi-mesh"), "can only be ordered inside fibre-broadband"),
        (add("1", "fibre-broadband", nested=[add(f"1.{n}", "wifi-mesh") for n in range(5)]), "needs 0 to 4 wifi-mesh, not 5"),
        (add("1", "fibre-broadband", downstream=200), "must be one of 100, 500, 1000, not 200"),
        (add("1", "tv", setTopBoxes=5), "must be between 1 and 4, not 5"),
        (add("1", "business-ethernet", bandwidth=50), "must be between 100 and 10000, not 50"),
        (add("1", "hosted-pbx", seats=501), "must be between 1 and 500, not 501"),
    ],
)
def test_what_the_table_does_not_allow_is_refused(item: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Rejected, match=sentence):
        plan(item)


@pytest.mark.parametrize(
    ("item", "values"),
    [
        (add("1", "fibre-broadband"), {"downstream": 500, "upstream": 250, "staticIp": False}),
        (add("1", "fibre-broadband", downstream=1000), {"downstream": 1000, "upstream": 500, "staticIp": False}),
        (add("1", "voice-line"), {"numberPorting": False}),
        (add("1", "tv"), {"package": "basic", "setTopBoxes": 1}),
        (add("1", "mobile-line"), {"simType": "esim"}),
        (add("1", "business-ethernet", bandwidth=100), {"bandwidth": 100, "sla": "silver"}),
    ],
)
def test_defaults_are_those_of_the_table(item: dict[str, Any], values: dict[str, Any]) -> None:
    assert plan(item).items[0].values == values


@pytest.mark.parametrize(
    ("item", "missing"),
    [
        (add("1", "voice-line", numberPorting=True), "portingNumber"),
        (add("1", "business-ethernet"), "bandwidth"),
        (add("1", "hosted-pbx"), "seats"),
    ],
)
def test_what_is_mandatory_is_asked_for(item: dict[str, Any], missing: str) -> None:
    assert plan(item).items[0].missing == (f"productOrderItem[0].product.productCharacteristic[{missing}]",)


def test_gpon_port_and_ip_session_carry_both_speeds() -> None:
    values = {service.specification: service.values for service in plan(add("1", "fibre-broadband", downstream=100)).services}
    assert values["gpon-port"] == {"downstream": 100, "upstream": 50}
    assert values["ip-session"] == {"downstream": 100, "upstream": 50, "staticIp": False}


def test_points_of_no_return_are_porting_and_configuring_the_ethernet_connection() -> None:
    def points(service: ServiceSpecification) -> list[str]:
        return [f"{service.id}/{task.name}" for task in service.tasks if task.point_of_no_return]

    assert [point for service in SAMPLE.services.values() for point in points(service)] == ["voice-service/port-number", "evc/configure"]


def test_the_access_line_is_shared_per_site_and_the_pbx_relies_on_ethernet() -> None:
    assert SAMPLE.services["access-line"].scope == "site"
    assert SAMPLE.offerings["hosted-pbx"].relies_on == ("business-ethernet",)
    assert SAMPLE.offerings["business-ethernet"].feasibility


# ---- list prices


def charged(offering: str, type: str, **values: Any) -> float:
    """The list price in cents of one offering with these characteristics: once, or a month."""
    total: float = 0
    for price in SAMPLE.offerings[offering].prices:
        if price["type"] != type or not compile_condition(price.get("condition", True))(values):
            continue
        quantity = compile_expression(price.get("per", 1))(values)
        amount = compile_expression(price.get("amount"))(values)
        for tier in price.get("tiers", ()):
            amount = tier["amount"] if quantity >= tier["from"] else amount
        total += amount * quantity
    return total


@pytest.mark.parametrize(
    ("offering", "values", "monthly", "once"),
    [
        ("fibre-broadband", {"downstream": 100, "staticIp": False}, 30, 50),
        ("fibre-broadband", {"downstream": 500, "staticIp": False}, 40, 50),
        ("fibre-broadband", {"downstream": 1000, "staticIp": True}, 65, 50),
        ("wifi-mesh", {}, 4, 0),
        ("voice-line", {"numberPorting": False}, 10, 0),
        ("voice-line", {"numberPorting": True}, 10, 15),
        ("tv", {"package": "basic", "setTopBoxes": 1}, 16, 0),
        ("tv", {"package": "family", "setTopBoxes": 2}, 28, 0),
        ("tv", {"package": "sport", "setTopBoxes": 4}, 51, 0),
        ("mobile-line", {}, 15, 0),
        ("business-ethernet", {"bandwidth": 300}, 1200, 1500),
        ("hosted-pbx", {"seats": 49}, 49 * 8, 0),
        ("hosted-pbx", {"seats": 50}, 50 * 7, 0),
        ("hosted-pbx", {"seats": 200}, 200 * 6, 0),
    ],
)
def test_list_prices_are_those_of_the_contract(offering: str, values: dict[str, Any], monthly: float, once: float) -> None:
    assert (charged(offering, "recurring", **values), charged(offering, "oneTime", **values)) == (monthly * 100, once * 100)


def test_a_triple_play_takes_ten_percent_off_the_recurring_prices_and_ethernet_runs_for_two_years() -> None:
    [discount] = SAMPLE.offerings["triple-play"].prices
    assert (discount["type"], discount["percentage"]) == ("recurring", -10)
    assert SAMPLE.offerings["business-ethernet"].term == {"months": 24}


# ---- the benchmark's catalog


def test_a_benchmark_order_makes_three_services_with_a_task_each_and_one_visit() -> None:
    planned = plan(add("1", "w1-access"), add("2", "w1-voice"), add("3", "w1-tv"), catalog=W1)
    assert services_of(planned) == [
        ("RFS", "w1-access-port", ("activate@gpon",)),
        ("RFS", "w1-voice-account", ("activate@ims",)),
        ("RFS", "w1-tv-stream", ("activate@iptv",)),
    ]
    assert [visit.template for visit in planned.visits] == ["w1-visit"]
    assert {service.number for service in planned.services} == {1, 2, 3}
    access, voice, tv = (service.tasks[0].id for service in planned.services)
    assert set(planned.edges) == {(access, voice), (access, tv), (access, planned.visits[0].id)}
