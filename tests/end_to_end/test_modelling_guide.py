"""The guide to modelling is true: every file in it is a catalog without findings, what it says of the product holds, and its commands print what it shows."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest

from adapters.event_log import open_log
from adapters.event_log.codec import Codec
from adapters.event_log.port import NewRow
from adapters.event_log.upcasters import UPCASTERS
from domain.catalog import Catalog
from domain.catalog_publication import CatalogPublished, PublishCatalog
from domain.events import EVENTS
from domain.plan import Plan
from domain.product_order import ProductOrderDecomposed, ProductOrderJeopardyAssessed, SubmitProductOrder
from domain.service_order import ActivationRequested
from schemas.catalog import catalog_document, catalog_from_document, load_catalog
from tests.decisions.given import NOW
from tests.decisions.world import InMemory
from tests.end_to_end.modelling import GUIDE, blocks, filled, run

PAGE = GUIDE.read_text()
# What a shell needs to write the files of the page and do nothing else.
WRITING = "crossconnect() { :; }; curl() { :; }; python3() { cat > /dev/null; }\n"


class Step(NamedTuple):
    """The catalog after one block of commands, and the orders that have been written by then."""

    catalog: Catalog
    orders: dict[str, dict[str, Any]]


@cache
def steps() -> tuple[Step, ...]:
    with TemporaryDirectory() as folder:
        return tuple(_written(Path(folder)))


def _written(folder: Path) -> Iterator[Step]:
    for block in blocks(PAGE):
        script = WRITING + block.replace("wait_for ", ": ").replace("wait_for()", "unused()")
        subprocess.run(("bash", "-c", script), cwd=folder, check=False, capture_output=True, timeout=20)
        if any((folder / "security").iterdir()):
            orders = {file.stem: json.loads(file.read_text()) for file in folder.glob("*.json")}
            yield Step(load_catalog(folder / "security"), orders)


@pytest.mark.servers
def test_the_commands_print_what_the_guide_shows(tmp_path: Path) -> None:
    assert filled(PAGE, run(PAGE, tmp_path)) == PAGE


def test_every_step_of_the_guide_is_a_catalog_without_findings() -> None:
    assert len(steps()) > 8
    assert {"camera", "alarm", "site-security"} == steps()[-1].catalog.offerings.keys()


def world_with(service: str, orders: str) -> tuple[InMemory, Step]:
    """The first step that has this order, and in which the catalog has this service or visit."""
    step = next(each for each in steps() if orders in each.orders and service in {*each.catalog.services, *each.catalog.work_orders})
    return InMemory(step.catalog), step


def submit(world: InMemory, document: dict[str, Any], days: int = 0) -> Plan:
    stream, completion = f"po-{len(world.orders) + 1}", NOW + timedelta(days=days) if days else None
    customer = document["relatedParty"][0]["id"]
    world.send(SubmitProductOrder(stream, document, customer, "shop", None, completion, False), customer)
    world.orders.append(stream)
    plan: Plan = world.events(ProductOrderDecomposed)[-1].plan
    return plan


def test_recordings_are_kept_for_those_who_want_them_and_their_room_is_calculated() -> None:
    world, step = world_with("recording", "uhd")
    values = {service.specification: service.values for service in submit(world, step.orders["uhd"]).services}
    assert values == {"video-feed": {"resolution": "uhd", "bitrate": 16}, "recording": {"gigabytes": 1500}}
    assert [each.specification for each in submit(world, step.orders["camera"]).services] == ["video-feed"]


def test_all_cameras_of_a_site_hold_one_uplink() -> None:
    world, step = world_with("uplink", "bundle")
    plan = submit(world, step.orders["bundle"])
    (uplink,) = [service for service in plan.services if service.specification == "uplink"]
    assert [item.offering for item in plan.items] == ["site-security", "camera", "camera"]
    assert uplink.products == tuple(item.product for item in plan.items[1:])


def test_an_alarm_that_is_cancelled_in_time_is_taken_back_but_for_its_test() -> None:
    world, step = world_with("uplink", "alarm")
    submit(world, step.orders["alarm"])
    for task in ("uplink/activate", "alarm-line/provision"):
        world.answer(world.named(task))
    world.cancel("po-1")
    world.answer(world.named("alarm-line/test"))  # it runs, so its answer counts
    world.complete_all()
    assert world.state("po-1").state == "cancelled"
    assert {service.state for service in world.services().values()} == {"terminated"}
    undone = [event.task for event in world.events(ActivationRequested) if event.request["action"] == "delete"]
    assert undone == [world.named("alarm-line/provision"), world.named("uplink/activate")]


def test_a_library_that_wants_its_alarm_in_three_days_is_told_that_it_takes_longer() -> None:
    levels = {}
    for days in (3, 30):
        world, step = world_with("installation", "library")
        submit(world, step.orders["library"], days)
        (assessed,) = world.events(ProductOrderJeopardyAssessed)
        levels[days] = assessed.level
    assert levels == {3: "critical", 30: "normal"}
    assert assessed.expected == NOW + timedelta(days=5 + 1, hours=2)  # the uplink, the visit, and the glue


def test_the_catalog_of_the_guide_is_published_as_it_was_checked(tmp_path: Path) -> None:
    """From a folder into a store, and back."""
    with TemporaryDirectory() as folder:
        list(_written(Path(folder)))
        document = catalog_document(Path(folder) / "security")
    world = InMemory(steps()[-1].catalog)
    world.send(PublishCatalog("catalog", document.version, document.digest, document.document), "")
    codec = Codec(EVENTS, UPCASTERS)
    with closing(open_log(f"sqlite:///{tmp_path}/s.db")) as log:
        for fact in world.log:
            state = codec.encode(fact.event, codec.encode_meta(fact.meta))
            log.append([NewRow(fact.stream, fact.version, codec.topic(fact.event), state)])
        published = codec.decode(log.read(["catalog"])[0]).event
    assert isinstance(published, CatalogPublished)
    assert catalog_from_document(published.document) == steps()[-1].catalog
