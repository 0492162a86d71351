"""What every address does: methods, unknown paths, health, metrics, and documents that say the truth about the API."""

import re
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from api.app import create_app
from api.http.resource import Resource
from api.http.tmf import RESOURCES
from api.wiring import System
from tests.end_to_end.http_system import CANCELS, ORDERS, OURS, app, client, in_state, order, system
from tests.wire.tmf import faults

__all__ = ["app", "client", "system"]

TMF_PATHS = [resource.path for resource in RESOURCES]


@pytest.mark.parametrize("path", ["/nothing", "/tmf-api", f"{ORDERS}/a/b", "/docs/../api/app.py", "/docs/api.py", "/%00"])
async def test_there_is_a_tmf_body_for_what_is_not_there(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)
    assert (response.status_code, response.json()["status"], response.json()["@type"]) == (404, "404", "Error")


async def test_a_method_that_is_not_known_is_405_with_those_that_are(client: httpx.AsyncClient) -> None:
    response = await client.put(ORDERS, json={})
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")
    response = await client.request("DELETE", f"{ORDERS}/po-1")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, PATCH, OPTIONS")
    assert response.json()["status"] == "405"


async def test_options_says_what_can_be_done_and_allows_no_other_site(client: httpx.AsyncClient) -> None:
    response = await client.options(ORDERS, headers={"Origin": "http://elsewhere.example", "Access-Control-Request-Method": "POST"})
    assert (response.status_code, response.headers["allow"]) == (204, "GET, HEAD, POST, OPTIONS")
    assert not [name for name in response.headers if name.startswith("access-control")]
    assert (await client.options("/nothing")).status_code == 404


async def test_head_is_get_without_a_body(client: httpx.AsyncClient) -> None:
    head, get = await client.head(ORDERS), await client.get(ORDERS)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["x-total-count"] == get.headers["x-total-count"]
    assert (await client.head("/nothing")).status_code == 404


async def test_the_head_of_a_stream_ends(client: httpx.AsyncClient) -> None:
    head = await client.head(f"{OURS}/events/stream")
    assert (head.status_code, head.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8080", 200),
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("[::1]:80", 200),
        ("elsewhere.example", 421),
        ("127.0.0.1.example", 421),
        ("", 421),
    ],
)
async def test_without_authentication_another_site_cannot_borrow_the_address(client: httpx.AsyncClient, host: str, status: int) -> None:
    response = await client.get("/healthz", headers={"Host": host})
    assert response.status_code == status


async def test_a_slash_at_the_end_changes_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"{ORDERS}/")).status_code == 200


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
async def test_every_resource_is_listed_read_and_valid(client: httpx.AsyncClient, resource: Resource) -> None:
    path, definition = resource.path, resource.shape.name.partition("_")[2]
    made = (await client.post(ORDERS, json=order("every-1", externalId="every-1"))).json()
    await in_state(client, made["id"], "completed")
    listed = await client.get(path)
    assert listed.status_code == 200
    assert listed.headers["x-total-count"] == str(len(listed.json()))
    for document in listed.json()[:5]:
        read = await client.get(document["href"])
        assert read.status_code == 200
        assert faults(definition, read.json()) == []
        assert set((await client.get(f"{document['href']}?fields=none")).json()) == {"id", "href", "@type"}
        assert (await client.get(path, params={"id": document["id"]})).json() == [read.json()]


# Operations ---------------------------------------------------------------------------------------------------------------------------
async def test_a_running_system_is_alive_and_ready(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "pass"}
    assert (await client.get("/readyz")).json() == {"status": "pass"}


async def test_what_is_wrong_is_told_and_means_not_ready(
    client: httpx.AsyncClient, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system.projector, "failures", {"products": "cannot fold an event"})
    response = await client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (503, "fail")
    assert "cannot fold an event" in str(response.json()["problems"])
    assert (await client.get("/healthz")).status_code == 200


async def test_metrics_have_the_names_of_the_contract(client: httpx.AsyncClient) -> None:
    await client.get(f"{ORDERS}/po-1")
    text = (await client.get("/metrics")).text
    for name in ("crossconnect_dead_letters_total", "crossconnect_open_obligations", "crossconnect_relay_lag_seconds"):
        assert f"# TYPE {name.removesuffix('_total')}" in text
    assert f'crossconnect_http_requests_total{{method="GET",route="{ORDERS}/{{id}}",status="404"}}' in text
    assert "_created" not in text


# Documents ----------------------------------------------------------------------------------------------------------------------------
@pytest.fixture
async def openapi(client: httpx.AsyncClient) -> dict[str, Any]:
    document: dict[str, Any] = (await client.get("/openapi.json")).json()
    return document


async def test_openapi_has_every_address_and_each_reference_leads_somewhere(app: Any, openapi: dict[str, Any]) -> None:
    assert openapi["openapi"].startswith("3.1")
    for path in (*TMF_PATHS, *(f"{path}/{{id}}" for path in TMF_PATHS), f"{OURS}/fallouts", f"{OURS}/events", "/readyz"):
        assert path in openapi["paths"], path
    known = openapi["components"]["schemas"]
    assert [name for name in references(openapi) if name not in known] == []
    for schema in known.values():
        Draft202012Validator.check_schema(schema)


async def test_openapi_names_no_host_and_every_operation_once(openapi: dict[str, Any]) -> None:
    assert "http://" not in str(openapi)
    assert "https://" not in str(openapi)
    ids = [operation["operationId"] for path in openapi["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))
    assert {"create_productOrder", "patch_productOrder", "create_cancelProductOrder", "order_action"} <= set(ids)


async def test_path_parameters_and_errors_are_documented(openapi: dict[str, Any]) -> None:
    for path, operations in openapi["paths"].items():
        for operation in operations.values():
            named = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
            assert named == ({"id"} if "{id}" in path else set()), path
            if path.startswith(("/tmf-api", OURS)):
                assert {"500", "503"} <= set(operation["responses"]), path


async def test_the_examples_of_the_document_work(client: httpx.AsyncClient, openapi: dict[str, Any]) -> None:
    body = openapi["paths"][ORDERS]["post"]["requestBody"]["content"]["application/json"]["example"]
    made = await client.post(ORDERS, json=body)
    assert made.status_code in (200, 201)
    assert openapi["paths"][CANCELS]["post"]["requestBody"]["content"]["application/json"]["example"]["productOrder"]


@pytest.mark.parametrize(
    ("path", "name"), [("fallouts", "Fallout"), ("obligations", "Obligation"), ("catalogs", "PublishedCatalog"), ("events", "Event")]
)
async def test_our_own_lists_look_as_documented(client: httpx.AsyncClient, openapi: dict[str, Any], path: str, name: str) -> None:
    await client.post(ORDERS, json=order("refused-shape"))
    await client.post(ORDERS, json=order("shape", "fibre-broadband"))
    validator = Draft202012Validator({**openapi, "$ref": f"#/components/schemas/{name}"})
    for row in (await client.get(f"{OURS}/{path}")).json():
        assert [error.message for error in validator.iter_errors(row)] == []


async def test_a_tree_looks_as_documented(client: httpx.AsyncClient, openapi: dict[str, Any]) -> None:
    id = (await client.post(ORDERS, json=order("refused-tree"))).json()["id"]
    await in_state(client, id, "held")
    tree = (await client.get(f"{OURS}/orders/{id}/tree")).json()
    validator = Draft202012Validator({**openapi, "$ref": "#/components/schemas/ProductOrderTree"})
    assert [error.message for error in validator.iter_errors(tree)] == []
    assert tree["fallouts"]


async def test_the_bare_address_leads_to_all_that_can_be_seen(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    led_to = re.findall('href="([^"]*)"', page.text)
    assert {"/console", "/docs", "/readyz"} <= set(led_to)
    assert [(await client.get(path)).status_code for path in led_to] == [200] * len(led_to)


async def test_docs_need_no_other_host(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert "http" not in page.text.replace("httpx", "")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js"):
        assert f"/docs/{name}" in page.text
        assert (await client.get(f"/docs/{name}")).status_code == 200


async def test_asyncapi_describes_every_topic_and_schemas_can_be_fetched(client: httpx.AsyncClient) -> None:
    document = (await client.get("/asyncapi")).json()
    assert document["asyncapi"].startswith("3.")
    assert "crossconnect.activation.requests.v1" in document["channels"]
    for name in document["components"]["schemas"]:
        schema = (await client.get(f"/schemas/{name}.json")).json()
        Draft202012Validator.check_schema(schema)
        assert schema["$id"] == f"/schemas/{name}.json"
    for name in ("nothing.json", "notification.v1", "..%2Fcatalog.py"):
        assert (await client.get(f"/schemas/{name}")).status_code == 404


async def test_the_console_is_files_of_ours_and_says_so(client: httpx.AsyncClient) -> None:
    page = await client.get("/console")
    assert page.headers["content-type"].startswith("text/html")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    for name in ("console.js", "console.css"):
        assert f"/console/{name}" in page.text
        assert "://" not in (await client.get(f"/console/{name}")).text
    assert "innerHTML" not in (await client.get("/console/console.js")).text
    assert (await client.get("/console/__init__.py")).status_code == 404


def references(value: Any) -> list[str]:
    """Every component that a document points at."""
    if isinstance(value, dict):
        own = [str(value["$ref"]).rpartition("/")[2]] if "$ref" in value else []
        return own + [name for each in value.values() for name in references(each)]
    return [name for each in value for name in references(each)] if isinstance(value, list) else []


def test_an_application_can_be_made_before_its_system_starts(system: System) -> None:
    assert create_app(system).openapi_url is None
