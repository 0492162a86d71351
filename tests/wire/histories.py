"""Histories that between them have every kind of fact, for whatever must hold of each."""

from datetime import timedelta
from functools import cache

from domain.external_id import loaded_id
from domain.fallout import AssignFallout, NoteFallout, RaiseFallout, RateFallout
from domain.intake import DeadLettered, DropDeadLetter, KeepDeadLetter, RedriveDeadLetter
from domain.product_loading import CorrectProduct, LoadProduct
from domain.product_order import ApproveItem, DescribeProductOrder, HoldItems, RefuseChange, RefuseItem, ReleaseItems
from domain.recorded import Recorded
from domain.service import CorrectService, LoadService
from domain.service_order import ManualTaskRequested, PassDeadline, SetValues
from domain.values import Reason, Who
from tests.decisions.made import loaded, loaded_service
from tests.decisions.test_clearance import APPROVED, ENRICHED, policies
from tests.decisions.world import ask
from tests.views.story import BEGINNING, OLGA, Story, item, order, says, service_order

NO_SIM = Reason("no-sim", "No SIM card left")


def triple_play() -> Story:
    """Bundle, visit with an appointment, every step done."""
    story = Story().submit("po-1", order(item("1", "triple-play"), externalId="x-1", requestedStartDate="2026-11-22T10:00:00+02:00"))
    story.finish(lambda: any(each.stream == "wo-1-1" and each.version == 2 for each in story.log))
    return story.visit("wo-1-1", "scheduled", (story.now, story.now + timedelta(hours=2))).finish()


def troubles() -> Story:
    """Refusals, time-outs, retries, a step done by hand, an abort, a failed visit, cancels of every kind."""
    story = Story().submit("po-1", order(item("1", "mobile-line"))).answer("1.2.activate", "rejected", reason=NO_SIM)
    story.resolve("so-1-1", "1.2.activate", "retry").time_out("1.2.activate").answer("1.2.activate", values={"imsi": "90170"})
    story.submit("po-2", order(item("1", "mobile-line"))).answer("1.2.activate", "failed").answer("1.2.activate", "rejected", reason=NO_SIM)
    story.resolve("so-2-1", "1.2.activate", "abort")
    story.submit("po-3", order(item("1", "fibre-broadband"), item("2", "voice-line", numberPorting=True)))
    story.finish(lambda: any(each.stream == "wo-3-1" and each.version == 2 for each in story.log)).visit("wo-3-1", "failed")
    story.cancel("po-3").finish()
    story.submit("po-4", order(item("1", "mobile-line", simType="paper")), keep_refusal=True)
    story.submit("po-5", order(item("1", "business-ethernet", bandwidth=100))).finish_until_point_of_no_return().cancel("po-5", "cancel-5")
    reasons = (Reason("conflict", "The base is too old.", "baseVersion"),)
    return story.refuse_cancel("po-5", "It has passed.").tell(RefuseChange("po-5", "amend-1", "amend", reasons)).finish()


def changes() -> Story:
    """A product that is changed, moved to another state of mind, and ended; a shared service; information that came later; an order for later."""
    story = Story().submit("po-1", order(item("1", "fibre-broadband", downstream=100), item("2", "mobile-line"))).finish()
    story.submit("po-2", order(item("1", "tv"))).finish()
    story.submit("po-3", order(item("1", product="pr-1-1", action="modify", site="", downstream=1000))).finish()
    story.submit("po-4", order(item("1", product="pr-1-1", action="delete", site=""))).cancel("po-4").finish()
    story.submit("po-5", order(item("1", product="pr-1-1", action="delete", site=""))).finish()
    missing, known = (order(item("1", "voice-line", numberPorting=True, **each)) for each in ({}, {"portingNumber": "555"}))
    story.submit("po-6", missing).supply("po-6", known).finish()
    later = (BEGINNING + timedelta(days=9)).isoformat()
    return story.submit("po-7", order(item("1", "mobile-line"), requestedStartDate=later)).cancel("po-7").finish()


def operators() -> Story:
    """Target systems offline and back, items held and released, values set, fallouts raised, described and ended by hand, a manual task that is late."""
    story = Story().offline("hlr").offline("field-service").submit("po-1", order(item("1", "mobile-line")))
    story.submit("po-2", order(item("1", "fibre-broadband"))).finish().later(60).online("hlr").online("field-service")
    story.tell(RaiseFallout("so-1-1", "1.2.activate", "wrongCard", NO_SIM, "minor", "sim-desk", OLGA))
    story.tell(NoteFallout("so-1-1", "1.2.activate", "The card is on its way", OLGA))
    story.tell(AssignFallout("so-1-1", "1.2.activate", "kim", "sim-desk", OLGA))
    story.tell(RateFallout("so-1-1", "1.2.activate", "critical", OLGA))
    story.tell(SetValues("so-1-1", "2", {"simType": "physical"}, OLGA)).resolve("so-1-1", "1.2.activate", "retry")
    story.tell(HoldItems("po-2", ("1",), OLGA)).finish().tell(ReleaseItems("po-2", ("1",), OLGA)).finish()
    story.submit("po-3", order(item("1", "voice-line", numberPorting=True, portingNumber="555")))
    story.finish(lambda: any(isinstance(each.event, ManualTaskRequested) for each in story.log))
    asked = next(each for each in reversed(story.log) if isinstance(each.event, ManualTaskRequested))
    story.later(864001).tell(PassDeadline(asked.stream, asked.event.task, asked.event.key, 1)).finish()
    return story.submit("po-4", order(item("1", "tv"))).tell(HoldItems("po-4", (), OLGA)).cancel("po-4").finish()


def nowhere() -> Story:
    """Orders that name no place, or one without an id."""
    story = (
        Story()
        .submit("po-1", order(item("1", "fibre-broadband", site=""), item("2", "business-ethernet", site="", bandwidth=100)))
        .finish()
    )
    unnamed = item("1", "tv", site="")
    unnamed["product"]["place"] = [{"role": "installation", "name": "The barn"}]
    return story.submit("po-2", order(unnamed)).finish()


def from_outside() -> Story:
    """Service orders that others send: split, listed, changed, shared with a product, refused, stopped, cancelled."""
    story = (
        Story()
        .submit_services("sr-1", service_order(ask("a", "internet-access", downstream=100), externalId="x-1", category="home"))
        .finish()
    )
    service = "svc-sr-1-a-internet-access"
    story.submit_services("sr-2", service_order(ask("1", action="modify", service=service, downstream=500))).finish()
    story.submit_services(
        "sr-3", service_order(ask("1", "access-line", nested=[ask("2", "gpon-port")]), ask("3", action="noChange", service=service))
    )
    story.finish().submit("po-1", order(item("1", "tv"))).finish()
    story.submit_services("sr-4", service_order(ask("1", "mobile-service"))).answer("1.2.activate", "rejected", reason=NO_SIM)
    story.cancel("sr-4").finish()
    story.submit_services("sr-5", service_order(ask("1", "warp-drive")), keep_refusal=True)
    story.submit_services("sr-6", service_order(ask("1", "ethernet-line", bandwidth=100))).finish_until_point_of_no_return()
    story.cancel("sr-6", "cancel-6").refuse_cancel("sr-6", "It has passed.", "cancel-7").finish()
    later = (BEGINNING + timedelta(days=9)).isoformat()
    story.submit_services("sr-7", service_order(ask("1", "home-gateway"), requestedStartDate=later)).cancel("sr-7", "cancel-8")
    return story.submit_services("sr-8", service_order(ask("1", action="delete", service=service))).finish()


def clearances() -> Story:
    """Items that our own people have to clear: values are added, one is approved, one is not, one is cancelled before."""
    story = Story(policies(mobile_line=(ENRICHED, APPROVED), tv=(None, APPROVED)))
    story.submit("po-1", order(item("1", "mobile-line"), item("2", "tv"))).tell(ApproveItem("po-1", "1", OLGA))
    story.supply("po-1", order(item("1", "mobile-line", profile="gold"), item("2", "tv"))).tell(RefuseItem("po-1", "2", OLGA)).finish()
    return story.submit("po-2", order(item("1", "mobile-line"))).cancel("po-2")


def dead_letters() -> Story:
    """Messages that nobody can read: two wait, one is sent again, one is given up."""
    stream, story = "dead-crossconnect.product-order.commands.v1-0", Story()
    for offset in range(4):
        letter = DeadLettered(
            "crossconnect.product-order.commands.v1", 0, offset, "c1", {"ce_id": "MQ=="}, "eyI=", "Not JSON.", "Unreadable", 1, story.now
        )
        story.tell(KeepDeadLetter(stream, letter)).later(1)
    story.tell(RedriveDeadLetter(stream, 2, Who("olga", "The reader is repaired.")))
    return story.tell(DropDeadLetter(stream, 3, Who("olga")))


def elsewhere() -> Story:
    """Products and services that were built elsewhere: loaded, corrected, changed and ended here; one had ended before, one is of an unknown kind."""
    story, person = Story(), {"relatedParty": [{"id": "cust-1", "role": "customer", "name": "Ada Lovelace", "@referredType": "Customer"}]}
    ids = {name: loaded_id("svc", "cust-1", name) for name in ("mobile-service", "hlr-subscription")}
    story.tell(LoadService(ids["hlr-subscription"], loaded_service(personal=person), None))
    below = (ids["hlr-subscription"],)
    story.tell(LoadService(ids["mobile-service"], loaded_service("mobile-service", category="CFS", supporting=below), None))
    products = {name: loaded_id("pr", "cust-1", name) for name in ("linked", "assumed", "unknown", "ended")}
    story.tell(LoadProduct(products["linked"], loaded("linked", services=(ids["mobile-service"],), said={"description": "The old one"})))
    story.tell(LoadProduct(products["assumed"], loaded("assumed", catalog="1", personal=person)))
    story.tell(LoadProduct(products["unknown"], loaded("unknown", offering="", specification="", places=())))
    story.tell(LoadProduct(products["ended"], loaded("ended", status="terminated"), story.now))
    story.tell(LoadProduct(loaded_id("pr", "cust-1", "both"), loaded("both", bundles=(products["linked"], products["assumed"]))))
    values = {"simType": "physical"}
    story.tell(CorrectProduct(products["linked"], values, None, None, None, "suspended", {"description": "Older"}, {}, story.now))
    story.tell(CorrectProduct(products["linked"], {}, (), None, None, "active", {"description": None}, {}, story.now))
    story.tell(CorrectService(ids["hlr-subscription"], {"msisdn": "555"}, (), None, "inactive", {"description": "SIM"}, {}, story.now))
    story.submit("po-1", order(item("1", product="assumed", action="modify", site="", simType="physical"))).finish()
    ending = [
        item(str(number), product=id, action="delete", site="") for number, id in enumerate(products.values(), 1) if id != products["ended"]
    ]
    return story.submit("po-2", order(*ending)).finish()


def amendments() -> Story:
    """Orders that are changed under way: before anything began, with steps done again, items added, taken out, moved, behind a point of no return."""
    story = Story().submit("po-1", order(item("1", "fibre-broadband", downstream=100), item("2", "tv")))
    story.amend("po-1", says("1", downstream=500)).amend_refused("po-1", "It says nothing of what it is for.")
    story.finish(lambda: any(each.stream == "wo-1-1" and each.version == 2 for each in story.log))
    story.finish(lambda: story.is_built("po-1", "gpon-port")).amend(
        "po-1", says("1", downstream=1000), {"id": "2", "action": "delete"}, item("3", "voice-line")
    )
    story.finish()
    story.submit("po-2", order(item("1", "mobile-line"), item("2", "triple-play"))).answer("1.2.activate")
    story.amend("po-2", says("1", simType="physical"), says("2.3", setTopBoxes=3)).finish()
    story.submit("po-3", order(item("1", "mobile-line"), item("2", "tv", site="site-2"))).answer("1.2.activate")
    story.amend("po-3", {"id": "1", "product": {"place": [{"id": "site-9", "role": "installation"}]}}).finish()
    story.submit(
        "po-4",
        order(item("1", "fibre-broadband", site="site-4"), item("2", "voice-line", site="site-4", numberPorting=True, portingNumber="555")),
    )
    story.finish_until_point_of_no_return().amend("po-4", says("1", downstream=1000), override=OLGA).finish()
    story.submit("po-5", order(item("1", "mobile-line"), item("2", "business-ethernet"))).amend("po-5", says("2", bandwidth=100))
    story.amend("po-5", item("1", "mobile-line"), item("3", "business-ethernet"), mode="full").cancel("po-5", "cancel-5").finish()
    story.submit("po-6", order(item("1", "mobile-line"))).answer("1.2.activate", "rejected", reason=NO_SIM)
    story.amend("po-6", says("1", simType="physical")).finish()
    return story.tell(DescribeProductOrder("po-6", {"description": "A new card", "note": [{"text": "Ring twice"}], "priority": None}))


@cache
def everything() -> tuple[Recorded, ...]:
    """All events of all histories."""
    stories = (triple_play, troubles, changes, operators, from_outside, clearances, dead_letters, elsewhere, amendments)
    return tuple(recorded for story in stories for recorded in story().log)
