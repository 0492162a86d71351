"""Product orders over HTTP: accepted, repeated, refused, read, found, cancelled, completed by what was missing (contract, "Over HTTP")."""

from typing import Any

import httpx
import pytest

from api.http.examples import MISSING_INFORMATION, MOBILE_LINE
from tests.end_to_end.http_system import CANCELS, ORDERS, OURS, app, at_site, client, in_state, order, system, until
from tests.wire.tmf import faults

__all__ = ["app", "client", "system"]


async def submitted(client: httpx.AsyncClient, document: dict[str, Any], **headers: str) -> dict[str, Any]:
    response = await client.post(ORDERS, json=document, headers=headers)
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


# Create -------------------------------------------------------------------------------------------------------------------------------
async def test_an_order_is_created_and_runs_to_its_end(client: httpx.AsyncClient) -> None:
    response = await client.post(ORDERS, json=MOBILE_LINE)
    assert response.status_code == 201
    document = response.json()
    assert response.headers["location"] == document["href"] == f"{ORDERS}/{document['id']}"
    assert response.headers["content-type"] == "application/json"
    assert document["state"] in ("acknowledged", "inProgress")
    assert document["version"] == 1
    completed = await in_state(client, document["id"], "completed")
    assert faults("ProductOrder", completed) == []
    product = (await client.get(completed["productOrderItem"][0]["product"]["href"])).json()
    assert product["status"] == "active"
    assert product["productOrderItem"][0]["productOrderId"] == document["id"]


async def test_what_only_the_server_says_is_ignored_and_what_is_unknown_is_kept(client: httpx.AsyncClient) -> None:
    sent = {
        **order("kept-1"),
        "id": "mine",
        "state": "completed",
        "orderDate": "1999-01-01T00:00:00Z",
        "x-colour": {"deep": [1, None, "ü"]},
    }
    document = await submitted(client, sent)
    assert document["id"] != "mine"
    assert document["state"] != "completed"
    assert not document["orderDate"].startswith("1999")
    assert (await client.get(document["href"])).json()["x-colour"] == {"deep": [1, None, "ü"]}


async def test_a_create_can_be_answered_in_part(client: httpx.AsyncClient) -> None:
    response = await client.post(f"{ORDERS}?fields=state", json=order("part-1"))
    assert set(response.json()) == {"id", "href", "@type", "state"}


# Repeats ------------------------------------------------------------------------------------------------------------------------------
async def test_the_same_key_and_body_gets_the_first_answer_again(client: httpx.AsyncClient) -> None:
    sent, headers = order("again-1"), {"Idempotency-Key": "again-1"}
    first = await client.post(ORDERS, json=sent, headers=headers)
    await in_state(client, first.json()["id"], "completed")
    second = await client.post(ORDERS, json=sent, headers=headers)
    assert (second.status_code, second.headers["location"], second.content) == (201, first.headers["location"], first.content)


async def test_the_same_key_with_another_body_is_refused(client: httpx.AsyncClient) -> None:
    await submitted(client, order("again-2"), **{"Idempotency-Key": "again-2"})
    response = await client.post(ORDERS, json=order("again-2", description="other"), headers={"Idempotency-Key": "again-2"})
    assert response.status_code == 422
    assert "again-2" in response.json()["message"]


async def test_an_order_that_was_refused_leaves_its_key_free(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "again-3"}
    assert (await client.post(ORDERS, json=order("again-3", "no-such"), headers=headers)).status_code == 422
    await submitted(client, order("again-3"), **headers)


async def test_the_same_external_id_with_the_same_content_is_the_existing_order(client: httpx.AsyncClient) -> None:
    first = await submitted(client, order("external-1", externalId="e-1"))
    second = await client.post(ORDERS, json=order("external-1", externalId="e-1"))
    assert (second.status_code, second.json()["id"]) == (200, first["id"])
    assert second.headers["location"] == first["href"]


async def test_the_same_external_id_with_other_content_is_a_conflict(client: httpx.AsyncClient) -> None:
    first = await submitted(client, order("external-2", externalId="e-1"))
    response = await client.post(ORDERS, json=order("external-2", externalId="e-1", description="other"))
    assert response.status_code == 409
    assert response.json()["message"] == f"externalId of external-2 'e-1' was used before for {first['id']}, which was something else."


async def test_an_external_id_belongs_to_its_requester(client: httpx.AsyncClient) -> None:
    first = await submitted(client, order("external-3", externalId="e-1"))
    second = await submitted(client, order("external-4", externalId="e-1"))
    assert first["id"] != second["id"]


@pytest.mark.parametrize("key", ["", " ", "ä", "x" * 201])
async def test_a_key_that_is_none_is_refused(client: httpx.AsyncClient, key: str) -> None:
    response = await client.post(ORDERS, json=order("key-1"), headers=[(b"Idempotency-Key", key.encode())])
    assert response.status_code == 400


# Refusals -----------------------------------------------------------------------------------------------------------------------------
REFUSED: list[tuple[dict[str, Any], int, tuple[str, ...]]] = [
    (order("no-1", "no-such-offering"), 422, ("1", "no-such-offering")),
    (order("no-1", "legacy-dsl"), 422, ("1", "legacy-dsl")),
    (order("no-1", "fibre-broadband", item=at_site("s", downstream=123)), 422, ("1", "downstream", "123")),
    ({"productOrderItem": []}, 400, ("productOrderItem",)),
    ({}, 400, ("productOrderItem", "mandatory")),
    ({"productOrderItem": [{"id": "1"}]}, 400, ("productOrderItem[0].action",)),
    ({"productOrderItem": [{"action": "add"}]}, 400, ("productOrderItem[0].id",)),
    ({"productOrderItem": [{"id": "1", "action": "fly"}]}, 400, ("action", "fly")),
    ({"productOrderItem": [{"id": "1", "action": "add", "quantity": "two"}]}, 400, ("quantity", "two")),
    (order("no-1", requestedStartDate="tomorrow"), 400, ("requestedStartDate", "tomorrow")),
]


@pytest.mark.parametrize(("document", "status", "words"), REFUSED)
async def test_a_wrong_order_is_refused_with_the_item_and_the_field(
    client: httpx.AsyncClient, document: dict[str, Any], status: int, words: tuple[str, ...]
) -> None:
    before = (await client.get(ORDERS)).headers["x-total-count"]
    response = await client.post(ORDERS, json=document)
    body = response.json()
    assert response.status_code == status, body
    assert body["status"] == str(status)
    assert body["@type"] == "Error"
    assert body["code"]
    assert body["reason"]
    assert all(word in body["message"] for word in words), body["message"]
    assert (await client.get(ORDERS)).headers["x-total-count"] == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'{"productOrderItem": NaN}', 400),
        (b"[" * 5000, 400),
        (b"\xff\xfe", 400),
        (b'"' + b"x" * 10, 400),
    ],
)
async def test_what_is_no_order_is_400(client: httpx.AsyncClient, body: bytes, status: int) -> None:
    response = await client.post(ORDERS, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == status
    assert response.json()["message"].endswith(".")


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
async def test_another_media_type_is_415(client: httpx.AsyncClient, media_type: str) -> None:
    response = await client.post(ORDERS, content=b"{}", headers={"Content-Type": media_type} if media_type else {})
    assert (response.status_code, response.json()["status"]) == (415, "415")


async def test_json_may_name_its_charset(client: httpx.AsyncClient) -> None:
    response = await client.post(ORDERS, content=b"{}", headers={"Content-Type": "Application/JSON; charset=utf-8"})
    assert response.status_code == 400


async def test_a_body_over_4_mib_is_413_whether_it_says_its_length_or_not(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    assert (await client.post(ORDERS, content=b" " * (4 * 1024 * 1024 + 1), headers=headers)).status_code == 413

    sent = 0

    async def endless() -> Any:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b" " * 1024 * 1024

    response = await client.post(ORDERS, content=endless(), headers=headers)
    assert (response.status_code, response.json()["code"]) == (413, "bodyTooLarge")
    assert sent < 10


async def test_a_client_that_takes_no_json_is_406(client: httpx.AsyncClient) -> None:
    assert (await client.get(ORDERS, headers={"Accept": "application/xml"})).status_code == 406
    assert (await client.get(ORDERS, headers={"Accept": "application/xml, */*;q=0.1"})).status_code == 200


async def test_a_date_in_a_far_year_is_no_fault_of_the_server(client: httpx.AsyncClient) -> None:
    response = await client.post(ORDERS, json=order("far-1", requestedStartDate="9999-12-31T23:59:59-14:00"))
    assert response.status_code == 400


# Read and find ------------------------------------------------------------------------------------------------------------------------
async def test_an_order_that_is_not_there_is_404_by_any_name(client: httpx.AsyncClient) -> None:
    for id in ("po-nobody", "so-1", "x", "%00", "%F0%9F%92%A9", "a" * 5000, "..%2F..%2Fetc"):
        response = await client.get(f"{ORDERS}/{id}")
        assert (response.status_code, response.json()["status"]) == (404, "404"), id


async def test_an_unchanged_order_is_304(client: httpx.AsyncClient) -> None:
    document = await submitted(client, order("tag-1"))
    await in_state(client, document["id"], "completed")
    tag = (await client.get(document["href"])).headers["etag"]
    assert (await client.get(document["href"], headers={"If-None-Match": tag})).status_code == 304
    assert (await client.get(document["href"], headers={"If-None-Match": '"0"'})).status_code == 200


async def test_a_list_shows_what_was_just_written(client: httpx.AsyncClient) -> None:
    for number in range(5):
        document = await submitted(client, order("fresh-1", externalId=f"fresh-{number}"))
        found = (await client.get(ORDERS, params={"relatedParty.id": "fresh-1", "externalId": f"fresh-{number}"})).json()
        assert [each["id"] for each in found] == [document["id"]]


async def test_pages_hold_together(client: httpx.AsyncClient) -> None:
    ids = {(await submitted(client, order("pages-1")))["id"] for _ in range(5)}
    seen, address, statuses = [], f"{ORDERS}?relatedParty.id=pages-1&limit=2&sort=-orderDate&fields=orderDate", []
    while address:
        page = await client.get(address)
        statuses.append(page.status_code)
        assert page.headers["x-total-count"] == "5"
        assert page.headers["x-result-count"] == str(len(page.json()))
        seen += page.json()
        address = page.links["next"]["url"] if "next" in page.links else ""
    assert statuses == [206, 206, 206]
    assert {each["id"] for each in seen} == ids
    assert sorted((each["orderDate"] for each in seen), reverse=True) == [each["orderDate"] for each in seen]
    assert page.headers["content-range"] == "items 5-5/5"


async def test_an_unknown_attribute_is_400(client: httpx.AsyncClient) -> None:
    for query in ("colour=red", "sort=colour", "relatedParty.colour=red"):
        response = await client.get(f"{ORDERS}?{query}")
        assert response.status_code == 400
        assert "colour" in response.json()["message"]


@pytest.mark.parametrize("path", [ORDERS, "/tmf-api/productCatalogManagement/v4/productOffering"])
@pytest.mark.parametrize("query", ["description.regex=(", "description.regex=(?=a)", "description.regex=" + "a" * 201])
async def test_a_pattern_that_cannot_be_searched_for_is_400(client: httpx.AsyncClient, path: str, query: str) -> None:
    response = await client.get(f"{path}?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "invalidQuery")


async def test_a_filter_of_the_wrong_kind_is_400(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"{ORDERS}?orderDate.gt=tomorrow")).status_code == 400


# Cancel -------------------------------------------------------------------------------------------------------------------------------
async def test_a_cancel_is_assessed_and_ends_the_order(client: httpx.AsyncClient) -> None:
    document = await submitted(client, order("cancel-1", "fibre-broadband", item=at_site("cancel-1", downstream=500)))
    request = {"productOrder": {"id": document["id"]}, "cancellationReason": "moved away"}
    response = await client.post(CANCELS, json=request, headers={"Idempotency-Key": "cancel-1"})
    cancel = response.json()
    assert (response.status_code, cancel["state"], cancel["id"]) == (201, "done", "cancel-1")
    assert response.headers["location"] == f"{CANCELS}/cancel-1"
    assert faults("CancelProductOrder", cancel) == []
    assert (await client.get(cancel["href"])).json() == cancel
    assert [each["id"] for each in (await client.get(CANCELS, params={"productOrder.id": document["id"]})).json()] == ["cancel-1"]
    again = await client.post(CANCELS, json=request, headers={"Idempotency-Key": "cancel-1"})
    assert (again.status_code, again.json()) == (201, cancel)
    await in_state(client, document["id"], "pendingCancellation", "cancelled")


async def test_a_cancel_of_nothing_is_404_and_of_what_is_over_409(client: httpx.AsyncClient) -> None:
    assert (await client.post(CANCELS, json={"productOrder": {"id": "po-nobody"}})).status_code == 404
    assert (await client.post(CANCELS, json={"productOrder": {"id": "svc-1"}})).status_code == 404
    assert (await client.post(CANCELS, json={})).status_code == 400
    document = await submitted(client, order("cancel-2"))
    await in_state(client, document["id"], "completed")
    assert (await client.post(CANCELS, json={"productOrder": {"id": document["id"]}})).status_code == 409


# Patch --------------------------------------------------------------------------------------------------------------------------------
async def pending(client: httpx.AsyncClient, customer: str) -> dict[str, Any]:
    """A voice line whose number is to be ported, without the number."""
    document = await submitted(client, order(customer, "voice-line", item=at_site(customer, numberPorting=True)))
    return await in_state(client, document["id"], "pending")


async def test_what_was_missing_is_supplied_by_a_patch(client: httpx.AsyncClient) -> None:
    document = await pending(client, "patch-1")
    response = await client.patch(
        document["href"], json=MISSING_INFORMATION, headers={"If-Match": (await client.get(document["href"])).headers["etag"]}
    )
    assert response.status_code == 200, response.text
    assert response.json()["productOrderItem"][0]["state"] != "pending"
    assert faults("ProductOrder", response.json()) == []


async def test_a_patch_may_say_only_what_was_missing(client: httpx.AsyncClient) -> None:
    item = at_site("patch-one", numberPorting=True)
    document = await submitted(client, order("patch-one", "voice-line", item=item))
    await in_state(client, document["id"], "pending")
    only = {"id": "1", "product": {"productCharacteristic": [{"name": "portingNumber", "value": "+44"}]}}
    for wrong, named in (
        ({"id": "1", "product": {"productCharacteristic": [{"name": "numberPorting", "value": False}]}}, "numberPorting"),
        ({**only, "productOffering": {"id": "tv"}}, "productOffering"),
    ):
        response = await client.patch(document["href"], json={"productOrderItem": [wrong]})
        assert response.status_code == 409, response.text
        assert named in response.json()["message"]
    response = await client.patch(document["href"], json={"productOrderItem": [only]})
    assert response.status_code == 200, response.text
    values = {each["name"]: each["value"] for each in response.json()["productOrderItem"][0]["product"]["productCharacteristic"]}
    assert values == {"numberPorting": True, "portingNumber": "+44"}


async def test_a_patch_keeps_the_people_and_addresses_within_items(client: httpx.AsyncClient) -> None:
    item = at_site("patch-people", numberPorting=True)
    item["product"]["place"][0]["postcode"] = "SW1Y"
    item["product"]["relatedParty"] = [{"id": "user-7", "role": "user", "name": "Grace Hopper"}]
    document = await submitted(client, order("patch-people", "voice-line", item=item))
    document = await in_state(client, document["id"], "pending")
    assert (await client.patch(document["href"], json=MISSING_INFORMATION)).status_code == 200
    product = (await client.get(document["href"])).json()["productOrderItem"][0]["product"]
    assert (product["relatedParty"][0]["name"], product["place"][0]["postcode"]) == ("Grace Hopper", "SW1Y")


async def test_a_patch_of_the_whole_document_as_it_was_answered_supplies_too(client: httpx.AsyncClient) -> None:
    document = await pending(client, "patch-2")
    item = document["productOrderItem"][0]
    item["product"]["productCharacteristic"].append({"name": "portingNumber", "value": "+44"})
    headers = {"Content-Type": "application/merge-patch+json"}
    response = await client.patch(
        document["href"], content=httpx.Request("PATCH", "http://x", json={"productOrderItem": [item]}).content, headers=headers
    )
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("name", ["id", "href", "state", "orderDate"])
async def test_what_only_the_server_says_cannot_be_patched(client: httpx.AsyncClient, name: str) -> None:
    document = await submitted(client, order("patch-3"))
    response = await client.patch(document["href"], json={name: "x"})
    assert response.status_code == 400
    assert name in response.json()["message"]


async def test_what_an_order_is_planned_by_cannot_be_patched_and_a_patch_that_says_nothing_changes_nothing(
    client: httpx.AsyncClient,
) -> None:
    document = await submitted(client, order("patch-4"))
    for name in ("requestedStartDate", "externalId"):
        assert (await client.patch(document["href"], json={name: "x"})).status_code == 409
    before = await client.get(document["href"])
    same = {"@type": "ProductOrder", "productOrderItem": [{"id": "1", "action": "add"}]}
    for patch in ({}, same):
        response = await client.patch(document["href"], json=patch)
        assert (response.status_code, response.json()["version"]) == (200, before.json()["version"]), response.text


async def test_what_describes_an_order_can_be_patched_at_any_time(client: httpx.AsyncClient) -> None:
    document = await submitted(client, order("patch-6", description="Old", category="B2C"))
    await in_state(client, document["id"], "completed")
    patch = {"description": "New", "note": [{"text": "Ring twice"}], "priority": "1", "category": None}
    response = await client.patch(document["href"], json=patch, headers={"Idempotency-Key": "patch-6"})
    shown = response.json()
    assert (response.status_code, shown["description"], shown["note"], shown["priority"]) == (200, "New", [{"text": "Ring twice"}], "1")
    assert "category" not in shown
    assert shown == (await client.get(document["href"])).json()
    (found,) = (await client.get(ORDERS, params={"description": "New", "relatedParty.id": "patch-6"})).json()
    assert found == shown
    assert (await client.patch(document["href"], json=patch, headers={"Idempotency-Key": "patch-6"})).json() == shown
    assert (await client.patch(document["href"], json={"note": "x"})).status_code == 400


async def test_a_patch_may_change_items_and_describe_at_once_or_neither(client: httpx.AsyncClient) -> None:
    document = await submitted(client, order("patch-7", "fibre-broadband", item=at_site("patch-7", downstream=100)))
    faster = {"id": "1", "product": {"productCharacteristic": [{"name": "downstream", "value": 1000}]}}
    wrong = {"id": "1", "product": {"productCharacteristic": [{"name": "downstream", "value": -1}]}}
    refused = await client.patch(document["href"], json={"description": "Slower", "productOrderItem": [wrong]})
    assert (refused.status_code, (await client.get(document["href"])).json().get("description")) == (422, None)
    response = await client.patch(document["href"], json={"description": "Faster", "productOrderItem": [faster]})
    assert (response.status_code, response.json()["version"], response.json()["description"]) == (200, 2, "Faster")


async def test_a_cancel_overrides_a_point_of_no_return_for_a_supervisor_alone(client: httpx.AsyncClient) -> None:
    document = await submitted(client, order("ponr", "business-ethernet", item=at_site("override", bandwidth=100)))

    async def tree() -> Any:
        return (await client.get(f"{OURS}/orders/{document['id']}/tree")).json()

    await until(tree, lambda found: bool(found["milestones"]))
    cancel = {"productOrder": {"id": document["id"]}, "override": {"reason": "Fraud"}}
    assert (await client.post(CANCELS, json=cancel)).status_code == 403
    assert (await client.post(CANCELS, json={**cancel, "override": {}})).status_code == 400
    response = await client.post(CANCELS, json=cancel, headers={"X-Operator": "boss", "X-Operator-Roles": "supervisor"})
    assert (response.status_code, response.json().get("errorMessage")) == (201, None)
    (change,) = (await tree())["changes"]
    assert change["override"] == {"name": "boss", "reason": "Fraud"}


async def test_a_cancel_names_a_moment_or_none(client: httpx.AsyncClient) -> None:
    document = await submitted(client, order("cancel-date", "fibre-broadband", item=at_site("cancel-date")))
    cancel = {"productOrder": {"id": document["id"]}, "requestedCancellationDate": "soon"}
    response = await client.post(CANCELS, json=cancel)
    assert (response.status_code, response.json()["errors"][0]["path"]) == (400, "requestedCancellationDate")


async def test_a_patch_of_another_version_is_412_and_in_another_form_415(client: httpx.AsyncClient) -> None:
    document = await submitted(client, order("patch-5"))
    assert (await client.patch(document["href"], json={}, headers={"If-Match": '"0"'})).status_code == 412
    response = await client.patch(document["href"], content=b"[]", headers={"Content-Type": "application/json-patch+json"})
    assert response.status_code == 415
    assert (await client.patch(f"{ORDERS}/po-nobody", json={})).status_code == 404
