"""The HTTP application behind its real server: bodies that are too large, connections that end early, and the example of the guide."""

import json
import select
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.server import GRACE
from tests.end_to_end.http_system import ORDERS
from tests.servers.crossconnect import ROOT, Crossconnect

pytestmark = pytest.mark.servers
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crossconnect]:
    folder = tmp_path_factory.mktemp("served")
    with Crossconnect(folder, f"sqlite:///{folder}/store.db", simulators="all") as running:
        yield running


@pytest.fixture
def client(server: Crossconnect) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as each:
        yield each


def test_a_body_of_20_mb_is_refused_and_the_connection_goes_on(client: httpx.Client) -> None:
    for content in (b" " * 20_000_000, (b" " * 1_000_000 for _ in range(20))):
        response = client.post(ORDERS, content=content, headers=JSON)
        assert response.status_code == 413
        assert response.json()["message"] == "A body has at most 4 MiB."
        assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "path", [ORDERS, "/", "/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/console", f"{ORDERS}/po-none"]
)
def test_head_answers_with_the_length_of_what_get_would_and_is_no_fault(server: Crossconnect, client: httpx.Client, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["content-type"] == get.headers["content-type"]
    assert path == "/metrics" or head.headers["content-length"] == str(len(get.content))
    assert client.get("/healthz").status_code == 200
    assert "request failed" not in server.last_words()
    assert "Traceback" not in server.last_words()


def test_a_client_that_leaves_in_mid_body_harms_nobody(server: Crossconnect, client: httpx.Client) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(
            f"POST {ORDERS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{".encode()
        )
    assert client.get("/healthz").status_code == 200
    assert "ClientDisconnect" not in server.last_words()


def test_what_is_no_http_is_400(server: Crossconnect) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"hello\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 400")


def test_a_stream_reaches_a_client_while_it_is_open(client: httpx.Client) -> None:
    with client.stream("GET", "/crossconnect/v1/events/stream?after=0") as stream:
        lines = stream.iter_lines()
        assert next(line for line in lines if line.startswith("event:")) == "event: CatalogPublished"
        assert json.loads(next(line for line in lines if line.startswith("data:")).removeprefix("data: "))["position"] == 1


def test_the_order_of_the_guide_works_as_it_stands(client: httpx.Client) -> None:
    guide = (ROOT / "docs" / "api.md").read_text()
    body = guide.split("-d '", 1)[1].split("'\n```", 1)[0]
    for status in (201, 201):
        response = client.post(ORDERS, content=body, headers={**JSON, "Idempotency-Key": "order-1"})
        assert response.status_code == status, response.text
    assert Path(response.headers["location"]).name == response.json()["id"]


# Stopping -----------------------------------------------------------------------------------------------------------------------------
STREAM = b"GET /crossconnect/v1/events/stream?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF = f"POST {ORDERS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{".encode()
MANY = 200  # orders, whose events are more than what the kernel keeps for a client that does not read


def opened(server: Crossconnect, sent: bytes) -> socket.socket:
    """A client that sends this and reads nothing."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    client.connect(("127.0.0.1", server.port))
    client.sendall(sent)
    return client


def test_clients_that_do_nothing_do_not_hold_up_the_end_and_no_accepted_order_is_lost(tmp_path: Path) -> None:
    """A reader of the stream that has stopped reading, one that waits for news, and a sender that has stopped sending."""
    with Crossconnect(tmp_path, f"sqlite:///{tmp_path}/store.db", simulators="all") as server:
        body = {"productOrderItem": [{"id": "1", "action": "add", "productOffering": {"id": "mobile-line"}}]}
        for number in range(MANY):
            assert server.post(ORDERS, {**body, "externalId": str(number)})[0] == 201
        with opened(server, HALF), opened(server, STREAM), opened(server, STREAM.replace(b"?after=0", b"")) as last:
            assert select.select([last], [], [], 10)[0], "the last one was answered, so the others have arrived"
            began = time.monotonic()
            assert server.stop() == 0
            took = time.monotonic() - began
        assert took < GRACE / 2
        assert "ClientDisconnect" not in server.last_words()
        server.start()
        server.wait_until_ready()
        assert len(json.loads(server.get(f"{ORDERS}?limit=5000&fields=id")[1])) == MANY
