"""Catalogs that are published before their time: until then orders are decided by the one before."""

import copy
from typing import Any

import httpx

from schemas.catalog import catalog_document
from tests.end_to_end.http_system import ORDERS, OURS, app, client, order, system

__all__ = ["app", "client", "system"]
CATALOGS = f"{OURS}/catalogs"
OFFERINGS = "/tmf-api/productCatalogManagement/v4/productOffering"


def another(version: str, **more: Any) -> dict[str, Any]:
    """The sample with one offering more."""
    document = copy.deepcopy(catalog_document("sample").document)
    document["offerings"].append({"id": f"mobile-{version}", "name": "Mobile", "specification": "mobile-line"})
    return {**document, "version": version, **more}


async def test_a_catalog_with_a_date_is_not_in_force_before_it(client: httpx.AsyncClient) -> None:
    published = await client.post(CATALOGS, json=another("far", effective="2999-01-01"))
    assert published.status_code == 201
    assert (published.json()["current"], published.json()["effective"]) == (False, "2999-01-01T00:00:00Z")
    assert (await client.post(ORDERS, json=order("date-1", "mobile-far"))).status_code == 422
    assert (await client.get(f"{OFFERINGS}/mobile-far")).status_code == 404
    listed = {each["id"]: each["current"] for each in (await client.get(CATALOGS)).json()}
    assert listed == {"1.0": True, "far": False}


async def test_a_date_that_is_none_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post(CATALOGS, json=another("never", effective="soon"))
    assert response.status_code == 422
    assert "effective is not a time: 'soon'" in response.json()["message"]


async def test_a_catalog_that_was_published_for_later_can_be_taken_into_use_now(client: httpx.AsyncClient) -> None:
    later = another("now")
    assert not (await client.post(CATALOGS, json={**later, "effective": "2999-01-01"})).json()["current"]
    moved = (await client.post(CATALOGS, json={**later, "effective": "2999-02-01"})).json()
    assert moved["effective"] == "2999-02-01T00:00:00Z"
    assert (await client.post(CATALOGS, json=later)).json()["current"]
    assert (await client.post(ORDERS, json=order("date-2", "mobile-now"))).status_code == 201


async def test_offerings_show_when_they_are_valid(client: httpx.AsyncClient) -> None:
    document = another("dated")
    document["offerings"][-1]["validFor"] = {"startDateTime": "2999-01-01"}
    assert (await client.post(CATALOGS, json=document)).json()["current"]
    shown = (await client.get(f"{OFFERINGS}/mobile-dated")).json()
    assert shown["validFor"] == {"startDateTime": "2999-01-01T00:00:00Z"}
    refused = await client.post(ORDERS, json=order("date-3", "mobile-dated"))
    assert refused.status_code == 422
    assert "'mobile-dated' cannot be ordered: it is valid from 2999-01-01 on" in refused.json()["message"]
