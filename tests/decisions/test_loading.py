"""An install base that was built elsewhere: loaded, corrected, and then changed and ended by orders (domain-rules 6.0)."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given as given_random
from hypothesis import strategies as some

from domain.decider import fold
from domain.decomposition.as_built import AS_FOUND, service_id
from domain.external_id import addressed, loaded_id
from domain.install_base import facts_at
from domain.product_loading import (
    TRANSITIONS,
    CorrectProduct,
    JoinProduct,
    LoadProduct,
    ProductCorrected,
    ProductJoined,
    ProductLoaded,
    ProductRealised,
    ProductStatusCorrected,
    RealiseProduct,
)
from domain.recorded import Recorded
from domain.service import (
    CorrectService,
    LoadService,
    ServiceAttached,
    ServiceCorrected,
    ServiceLoaded,
    ServiceStateCorrected,
    ServiceTerminated,
)
from domain.service import decider as service_decider
from domain.service.loading import TRANSITIONS as SERVICE_TRANSITIONS
from domain.service_order import ManualTaskRequested
from domain.unit_of_work import decider_of
from domain.values import Place, Rejected
from domain.verification import Verification
from tests.decisions.given import NOW, Like, given
from tests.decisions.made import BEGAN, SITE, loaded, loaded_service
from tests.decisions.world import InMemory, add, change, sample
from tests.examples import examples

PRODUCT = loaded_id("pr", "cust-1", "legacy-1")


def load(**changed: Any) -> LoadProduct:
    return LoadProduct(PRODUCT, loaded(**changed))


def correct(**changed: Any) -> CorrectProduct:
    fields: dict[str, Any] = {
        "stream": PRODUCT,
        "values": {},
        "places": None,
        "services": None,
        "bundles": None,
        "status": "",
        "said": {},
        "personal": {},
        "at": NOW,
    }
    return CorrectProduct(**{**fields, **changed})


def correct_service(**changed: Any) -> CorrectService:
    fields: dict[str, Any] = {
        "stream": "svc-1",
        "values": {},
        "places": None,
        "supporting": None,
        "state": "",
        "said": {},
        "personal": {},
        "at": NOW,
    }
    return CorrectService(**{**fields, **changed})


def corrected(**changed: Any) -> ProductCorrected:
    fields: dict[str, Any] = {"values": {"simType": "esim"}, "places": (SITE,), "services": (), "bundles": (), "detached": ()}
    return ProductCorrected(**{**fields, "said": {}, "personal": {}, "at": NOW, **changed})


# Products -----------------------------------------------------------------------------------------------------------------------------
def test_a_product_is_loaded_once_and_the_same_id_again_must_say_the_same() -> None:
    given().when(load()).then(loaded())
    given(loaded()).when(load()).then_nothing()
    given(loaded()).when(load(digest="other")).then_rejected("conflict", "externalId 'legacy-1'")


def test_one_that_had_ended_is_two_facts() -> None:
    ended = NOW - timedelta(days=30)
    given().when(LoadProduct(PRODUCT, loaded(status="terminated"), ended)).then(loaded(), ProductStatusCorrected("terminated", ended))


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"offering": "smoke-signals"}, "productOffering.id"),
        ({"offering": "", "specification": "smoke"}, "productSpecification.id"),
        ({"values": {"simType": "paper"}}, "productCharacteristic[simType]"),
    ],
)
def test_what_names_its_catalog_is_something_that_catalog_has(changed: dict[str, Any], path: str) -> None:
    given().knowing(sample()).when(load(catalog="1.0", **changed)).then_rejected("invalid", path)


def test_an_unknown_catalog_service_or_part_is_refused() -> None:
    given().knowing(sample()).when(load(catalog="0.1")).then_rejected("invalid", "0.1")
    given().knowing(svc_1=None).when(load(services=("svc-1",))).then_rejected("invalid", "realizingService[0].id")
    given().knowing(pr_2=None).when(load(bundles=("pr-2",))).then_rejected("invalid", "productRelationship")


def test_a_correction_says_what_is_different_and_nothing_when_all_is_as_known() -> None:
    given(loaded()).when(correct(values={"simType": "physical"})).then(corrected(values={"simType": "physical"}))
    given(loaded()).when(correct(values={"simType": None})).then(corrected(values={}))
    given(loaded()).when(correct(places=(Place("site-2", "installation"),))).then(corrected(places=(Place("site-2", "installation"),)))
    given(loaded()).when(correct(values={"simType": "esim"}, status="active")).then_nothing()
    given(loaded()).when(correct(status="suspended")).then(ProductStatusCorrected("suspended", NOW))


def test_what_is_not_there_cannot_be_corrected() -> None:
    given().when(correct()).then_rejected("unknown")
    given().when(correct_service()).then_rejected("unknown")


@pytest.mark.parametrize("before", TRANSITIONS)
@pytest.mark.parametrize("after", TRANSITIONS)
def test_a_product_may_only_be_said_to_take_a_step_that_tmf_draws(before: str, after: str) -> None:
    decided = given(loaded(status=before)).when(correct(status=after))
    if after in TRANSITIONS[before]:
        decided.then(ProductStatusCorrected(after, NOW))
    elif after == before:
        decided.then_nothing()
    else:
        decided.then_rejected("conflict", f"is {before} and cannot become {after}")


def test_a_loaded_product_is_realised_once() -> None:
    given(loaded()).when(RealiseProduct(PRODUCT, ("svc-1",), BEGAN)).then(ProductRealised(("svc-1",), BEGAN))
    given(loaded(), ProductRealised(("svc-1",), BEGAN)).when(RealiseProduct(PRODUCT, ("svc-2",), BEGAN)).then_nothing()


# Services -----------------------------------------------------------------------------------------------------------------------------
def test_a_service_is_loaded_once() -> None:
    given().when(LoadService("svc-1", loaded_service())).then(loaded_service())
    given(loaded_service()).when(LoadService("svc-1", loaded_service())).then_nothing()
    given(loaded_service()).when(LoadService("svc-1", loaded_service(digest="other"))).then_rejected("conflict")


def test_a_service_that_a_product_is_taken_to_need_is_only_held_when_it_is_there() -> None:
    assumed = loaded_service(products=("pr-2",))
    given(loaded_service()).when(LoadService("svc-1", assumed, product="pr-2")).then(ServiceAttached("", "pr-2"))
    given(loaded_service(), ServiceTerminated("po-1", "ordered", NOW)).when(LoadService("svc-1", assumed, product="pr-2")).then(assumed)


def test_a_service_that_had_ended_is_two_facts() -> None:
    given().when(LoadService("svc-1", loaded_service(), NOW)).then(loaded_service(), ServiceStateCorrected("terminated", NOW))


def test_a_service_is_corrected() -> None:
    after = ServiceCorrected({"downstream": 5}, (SITE,), (), {}, {}, NOW)
    given(loaded_service()).when(correct_service(values={"downstream": 5})).then(after)
    given(loaded_service()).when(correct_service(state="inactive")).then(ServiceStateCorrected("inactive", NOW))
    given(loaded_service()).knowing(svc_9=None).when(correct_service(supporting=("svc-9",))).then_rejected(
        "invalid", "supportingService[0].id"
    )
    given(loaded_service(products=("pr-1",))).when(correct_service(state="terminated")).then_rejected("conflict", "products rest on it")
    given(loaded_service(products=("pr-1",))).when(correct_service(supporting=("svc-2",))).then_rejected("conflict", "products rest on it")


def test_nothing_that_lives_rests_on_what_does_not() -> None:
    gone = fold(service_decider, (loaded_service(state="reserved"),))
    given().knowing(svc_1=gone).when(load(services=("svc-1",))).then_rejected("invalid", "is reserved, and nothing can rest on it")


@pytest.mark.parametrize("before", SERVICE_TRANSITIONS)
@pytest.mark.parametrize("after", SERVICE_TRANSITIONS)
def test_a_service_may_only_be_said_to_take_a_step_that_tmf_draws(before: str, after: str) -> None:
    decided = given(loaded_service(state=before)).when(correct_service(state=after))
    if after in SERVICE_TRANSITIONS[before]:
        decided.then(ServiceStateCorrected(after, NOW))
    elif after == before:
        decided.then_nothing()
    else:
        decided.then_rejected("conflict")


# What follows: the whole base -----------------------------------------------------------------------------------------------------------
class Base(InMemory):
    """A world into which products and services of elsewhere are loaded."""

    def __init__(self) -> None:
        super().__init__(sample(), rebuild_each=True)

    def product(self, external: str, **changed: Any) -> str:  # type: ignore[override]
        stream = loaded_id("pr", "cust-1", external)
        self.send(LoadProduct(stream, loaded(external, **changed)))
        return stream

    def broadband(self, external: str, **changed: Any) -> str:
        about = {"offering": "fibre-broadband", "specification": "fibre-broadband", "values": {"downstream": 500}}
        return self.product(external, **{**about, **changed})

    def tv(self, external: str) -> str:
        return self.product(external, offering="tv", specification="tv", values={}, catalog="1.0")

    def service(self, specification: str, **changed: Any) -> str:
        stream = service_id(specification, "cust-1", (SITE,), specification, "", self.catalog)
        self.send(LoadService(stream, loaded_service(specification, **changed)))
        return stream

    def specifications(self, product: str) -> set[str]:
        return {self.state(id).specification for id in self.state(product).services}


BROADBAND = {"access-line", "gpon-port", "internet-access", "ip-session", "home-gateway"}


def test_a_product_that_names_its_catalog_rests_on_what_that_would_have_built() -> None:
    base = Base()
    product = base.broadband("b-1", catalog="1.0")
    assert base.specifications(product) == BROADBAND
    assert {service.state for service in base.services().values()} == {"active"}
    assert all(service.holders == {product: ""} for service in base.services().values())


def test_products_that_were_built_elsewhere_share_what_they_would_share_here() -> None:
    base = Base()
    first, second = base.broadband("b-1", catalog="1.0"), base.tv("t-1")
    (line,) = base.services("access-line").values()
    assert set(line.holders) == {first, second}


def test_a_product_that_was_never_built_here_is_ended_as_its_catalog_says() -> None:
    base = Base()
    product, tv = base.broadband("b-1", catalog="1.0"), base.tv("t-1")
    base.order(change("1", "delete", product))
    base.complete_all()
    assert base.state(product).status == "terminated"
    kept = {service.specification for service in base.services().values() if service.state == "active"}
    assert kept == {"access-line", "gpon-port", "tv-service", "iptv-stream"}
    base.order(change("1", "delete", tv))
    base.complete_all()
    assert {service.state for service in base.services().values()} == {"terminated"}


def test_of_a_product_of_which_nobody_knows_how_it_was_built_a_person_takes_it_down() -> None:
    base = Base()
    product = base.broadband("b-1")
    assert base.specifications(product) == {AS_FOUND}
    base.order(change("1", "delete", product))
    (task,) = base.events(ManualTaskRequested)
    assert task.task.endswith(".remove")
    base.complete_all()
    assert base.state(product).status == "terminated"


def test_a_modify_of_a_loaded_product_changes_its_services_in_place() -> None:
    base = Base()
    product = base.broadband("b-1", catalog="1.0")
    before = set(base.services())
    base.order(change("1", "modify", product, downstream=1000))
    base.complete_all()
    assert (base.state(product).status, base.state(product).values["downstream"]) == ("active", 1000)
    assert set(base.services()) == before
    assert {service.values["downstream"] for service in base.services("ip-session").values()} == {1000}


def test_a_product_that_names_its_services_keeps_them_through_a_modify_and_ends_with_them() -> None:
    base = Base()
    port = base.service("gpon-port", values={"downstream": 500, "upstream": 250})
    line = base.service("access-line", category="CFS", supporting=(port,))
    session = base.service("ip-session", values={"downstream": 500, "upstream": 250})
    access = base.service("internet-access", category="CFS", supporting=(session,))
    gateway = base.service("home-gateway", category="CFS")
    product = base.broadband("b-1", services=(line, access, gateway))
    assert set(base.state(product).services) == {port, line, session, access, gateway}
    assert base.state(line).holders == {product: ""}
    base.order(change("1", "modify", product, downstream=1000))
    base.complete_all()
    assert set(base.services()) == {port, line, session, access, gateway}
    assert base.state(session).values["downstream"] == 1000
    base.order(change("1", "delete", product))
    base.complete_all()
    assert {service.state for service in base.services().values()} == {"terminated"}


def test_a_later_order_shares_what_was_loaded() -> None:
    base = Base()
    port = base.service("gpon-port", values={"downstream": 500, "upstream": 250})
    line = base.service("access-line", category="CFS", supporting=(port,))
    first = base.broadband("b-1", services=(line,))
    base.order(add("1", "tv"))
    base.complete_all()
    assert set(base.services("access-line")) == {line}
    assert len(base.state(line).holders) == 2
    assert first in base.state(line).holders


def test_an_order_may_name_the_product_by_the_id_that_it_had_elsewhere() -> None:
    base = Base()
    product = base.broadband("b-1", catalog="1.0")
    assert addressed("b-1", "cust-1") == product
    base.order(change("1", "delete", "b-1"))
    base.complete_all()
    assert base.state(product).status == "terminated"
    with pytest.raises(Rejected, match="'b-2' is not in the install base"):
        base.order(change("1", "delete", "b-2"))


def test_what_an_order_is_changing_is_left_alone() -> None:
    base = Base()
    product = base.broadband("b-1", catalog="1.0")
    base.order(change("1", "modify", product, downstream=1000))
    with pytest.raises(Rejected, match="is being changed by order po-1") as refused:
        base.send(correct(stream=product, values={"downstream": 100}))
    assert refused.value.code == "conflict"
    session = next(iter(base.services("ip-session")))
    with pytest.raises(Rejected, match="is being changed by order po-1"):
        base.send(correct_service(stream=session, values={"downstream": 100}))


def test_a_corrected_link_is_known_on_both_sides() -> None:
    base = Base()
    old, new = base.service("mobile-service"), base.service("hlr-subscription")
    product = base.product("m-1", services=(old,))
    base.send(correct(stream=product, services=(new,)))
    assert (base.state(old).holders, base.state(new).holders) == ({}, {product: ""})
    base.send(correct(stream=product, status="terminated"))
    assert base.state(new).holders == {}


def test_the_parts_of_a_bundle_are_ended_with_it() -> None:
    base = Base()
    parts = (base.broadband("b-1", catalog="1.0"), base.tv("t-1"))
    bundle = base.product("x-1", offering="triple-play", specification="", values={}, bundles=parts, catalog="1.0")
    assert base.state(bundle).services == ()
    base.order(change("1", "delete", bundle))
    base.complete_all()
    assert {base.state(each).status for each in (bundle, *parts)} == {"terminated"}


def test_the_parts_of_a_loaded_bundle_know_it_and_do_not_move_without_it() -> None:
    base = Base()
    first, second = base.tv("t-1"), base.product("m-1", catalog="1.0")
    bundle = base.product("x-1", offering="triple-play", specification="", values={}, bundles=(first, second), catalog="1.0")
    assert [base.state(each).part_of for each in (first, second)] == [bundle, bundle]
    alone = change("1", "modify", first)
    alone["product"]["place"] = [{"id": "site-9", "role": "installation"}]
    with pytest.raises(Rejected, match="has to move with it"):
        base.order(alone)
    base.send(correct(stream=bundle, bundles=(first,)))
    assert [base.state(each).part_of for each in (first, second)] == [bundle, ""]
    given(loaded(), ProductJoined("pr-9")).when(JoinProduct(PRODUCT, "pr-9")).then_nothing()


def test_a_load_is_one_unit_of_work() -> None:
    """All of it is there or nothing: services, links and product come with one message."""
    base = Base()
    base.broadband("b-1", catalog="1.0")
    kinds = [type(each.event) for each in base.log]
    assert kinds == [ProductLoaded, *[ServiceLoaded] * 5, ProductRealised]
    assert {each.meta.causation for each in base.log} == {"message-1"}
    assert base.log[0].event == Like(ProductLoaded, external="b-1")


# Random bases -------------------------------------------------------------------------------------------------------------------------
STEPS = some.sampled_from(
    ["load", "assume", "share", "correct", "relink", "end", "modify", "delete", "add", "cancel", "answer", "complete"]
)


@examples(100)
@given_random(some.lists(some.tuples(STEPS, some.integers(0, 3)), max_size=14))
def test_whatever_is_loaded_corrected_and_ordered_the_log_agrees_with_itself(script: list[tuple[str, int]]) -> None:
    base = Base()
    for number, (step, which) in enumerate(script):
        with suppress(Rejected):
            _take(base, step, which, number)
    base.complete_all()
    verification = Verification()
    for recorded in base.log:
        verification.learn(recorded)
    assert [each.offenders for each in verification.report() if each.offenders] == []
    for stream in {each.stream for each in base.log if each.stream.startswith(("pr-", "svc-"))}:
        history = [each for each in base.log if each.stream == stream]
        assert fold(decider_of(stream), tuple([each.event for each in facts_at(history, base.now, base.now)])) == base.state(stream)


def _take(base: Base, step: str, which: int, number: int) -> None:
    products = [*dict.fromkeys(each.stream for each in base.log if each.stream.startswith("pr-"))]
    product = products[which % len(products)] if products else "pr-0"
    match step:
        case "load":
            base.product(f"m-{which}", services=(base.service("mobile-service"),) if which else ())
        case "assume":
            base.broadband(f"b-{which}", catalog="1.0")
        case "share":
            base.tv(f"t-{which}")
        case "correct":
            base.send(correct(stream=product, values={"note": number}, status=("active", "suspended")[which % 2]))
        case "relink":
            base.send(correct(stream=product, services=(base.service("hlr-subscription"),) if which else ()))
        case "end":
            base.send(correct(stream=product, status="terminated"))
        case "modify" | "delete":
            base.order(change("1", step, product))
        case "add":
            base.order(add("1", ("tv", "voice-line", "mobile-line", "fibre-broadband")[which]))
        case "cancel" if base.orders:
            base.cancel(base.orders[which % len(base.orders)], include_completed=True)
        case "answer" if base.outstanding():
            order, task = base.outstanding()[0]
            base.answer(task, order=order)
        case "complete":
            base.complete_all()


def test_the_term_of_a_product_is_loaded_and_corrected_with_it() -> None:
    base, terms = Base(), ([{"name": "24 months"}], [{"name": "12 months"}])
    product = base.product("m-1", said={"productTerm": terms[0]})
    assert base.state(product).term == tuple(terms[0])
    base.send(correct(stream=product, said={"productTerm": terms[1]}))
    assert base.state(product).term == tuple(terms[1])


def test_links_that_only_one_side_knows_are_found() -> None:
    """The check that both sides say the same would not be worth much if it never failed."""
    base = Base()
    product = base.product("m-1", services=(base.service("mobile-service"),))
    forgotten = [each for each in base.log if not isinstance(each.event, ServiceAttached)]
    ended = Recorded(9, product, 2, ProductStatusCorrected("terminated", NOW), base.log[0].meta)
    for log, words in ((forgotten, "does not know"), ([*base.log, ended], "which has ended")):
        verification = Verification()
        for recorded in log:
            verification.learn(recorded)
        (links,) = (each for each in verification.report() if each.name.startswith("products and the services"))
        assert words in links.offenders[0]
