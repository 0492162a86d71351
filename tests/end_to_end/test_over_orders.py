"""`catalog diff CANDIDATE --over-orders` and its HTTP twin: which past orders a candidate catalog would decompose otherwise."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.event_log import open_log
from adapters.event_log.codec import Codec
from adapters.event_log.port import NewRow
from adapters.event_log.upcasters import UPCASTERS
from domain.catalog_publication import STREAM, CatalogPublished
from domain.events import EVENTS
from domain.recorded import Meta
from schemas.catalog import catalog_document
from tests.decisions.given import NOW
from tests.decisions.test_over_orders import a_household
from tests.end_to_end.command_line import crossconnect
from tests.end_to_end.http_system import ORDERS, OURS, app, at_site, client, order, system

__all__ = ["app", "client", "system"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store with the published sample catalog and the orders of a household."""
    address, codec = f"sqlite:///{tmp_path_factory.mktemp('store')}/s.db", Codec(EVENTS, UPCASTERS)
    published = catalog_document("sample")
    event = CatalogPublished(published.version, published.digest, published.document)
    with closing(open_log(address)) as log:
        log.append([NewRow(STREAM, 1, codec.topic(event), codec.encode(event, codec.encode_meta(Meta(NOW, "", "", "c", "c"))))])
        for fact in a_household().log:
            state = codec.encode(fact.event, codec.encode_meta(fact.meta))
            log.append([NewRow(fact.stream, fact.version, codec.topic(fact.event), state)])
    return address


@pytest.fixture(scope="module")
def candidate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with a faster default, and without voice lines."""
    file = tmp_path_factory.mktemp("candidate") / "candidate.json"
    document = json.loads(json.dumps(catalog_document("sample").document))
    document["version"] = "2"
    document["products"][0]["characteristics"][0]["default"] = 1000
    next(each for each in document["offerings"] if each["id"] == "voice-line")["lifecycleStatus"] = "Retired"
    file.write_text(json.dumps(document))
    return file


def test_the_report_counts_orders_and_names_causes(store: str, candidate: Path) -> None:
    ended = crossconnect("catalog", "diff", str(candidate), "--over-orders", "--store", store)
    assert ended.code == 0, ended.err
    lines = ended.out.splitlines()
    assert lines[0] == f"5 orders under {candidate} (version 2): 3 the same, 0 different, 2 refused."
    assert "refused: Item 1: productOffering 'voice-line' cannot be ordered: it is Retired. 1 order (po-3)" in lines


@pytest.mark.servers
def test_the_report_of_what_a_script_asks_for(store: str, candidate: Path) -> None:
    asked = ("catalog", "diff", str(candidate), "--over-orders", "--store", store, "--json")
    report = crossconnect(*asked).json()
    assert {name: report[name] for name in ("orders", "same", "different", "refused")} == {
        "orders": 5,
        "same": 3,
        "different": 0,
        "refused": 2,
    }
    assert crossconnect(*asked, "--limit", "2").json()["orders"] == 2
    assert crossconnect(*asked, "--until", NOW.isoformat()).json()["orders"] == 0
    crossconnect(*asked, "--since", "yesterday").fails_with(2, "'yesterday' is not a time")


@pytest.mark.servers
def test_the_sample_over_the_orders_that_it_made_is_told_to_be_the_same(store: str) -> None:
    assert crossconnect("catalog", "diff", "sample", "--over-orders", "--store", store).out == (
        "5 orders under sample (version 1.0): 5 the same, 0 different, 0 refused.\n"
    )


def test_one_catalog_alone_has_nothing_to_be_compared_with() -> None:
    crossconnect("catalog", "diff", "sample").fails_with(2, "Name two catalogs, or one and --over-orders.")
    crossconnect("catalog", "diff", "sample", "sample", "--over-orders").fails_with(2, "Name two catalogs, or one and --over-orders.")


# ---- over HTTP


async def test_a_catalog_over_the_orders_of_a_running_system(client: httpx.AsyncClient) -> None:
    document: dict[str, Any] = json.loads(json.dumps(catalog_document("sample").document))
    made = await client.post(ORDERS, json=order("over-1", "fibre-broadband", item=at_site("over-1")))
    assert made.status_code == 201
    path = f"{OURS}/catalogs/overOrders"
    same = (await client.post(path, json=document)).json()
    assert same["orders"] == same["same"] >= 1
    document["products"][0]["characteristics"][0]["default"] = 1000
    other = (await client.post(path, json=document)).json()
    causes = {(each["cause"], each["kind"], each["what"]) for each in other["differences"]}
    assert ("fibre-broadband: downstream", "changed", "fibre-broadband") in causes
    assert (await client.post(f"{path}?until=2020-01-01", json=document)).json()["orders"] == 0


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=10001", "since=soon"])
async def test_a_span_that_cannot_be_is_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.post(f"{OURS}/catalogs/overOrders?{query}", json={})).status_code == 400


async def test_a_wrong_candidate_is_refused_with_its_findings(client: httpx.AsyncClient) -> None:
    response = await client.post(f"{OURS}/catalogs/overOrders", json={"offerings": [{"id": "a", "name": "A", "specification": "b"}]})
    assert response.status_code == 422
    assert "names 'b'" in response.json()["message"]
