"""A whole Crossconnect in this process, on SQLite and with simulated target systems, and a client that calls its HTTP application."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.settings import Settings
from api.wiring import System, build

ORDERS = "/tmf-api/productOrderingManagement/v4/productOrder"
CANCELS = "/tmf-api/productOrderingManagement/v4/cancelProductOrder"
OURS = "/crossconnect/v1"
PATIENCE = 10.0  # seconds

# How often the mobile network refuses each customer's orders; GPON never answers by itself.
REFUSED = {
    "1": 1,
    "skip": 1,
    "complete": 1,
    "abort": 1,
    "key": 1,
    "roles": 1,
    "bulk": 3,
    "shape": 1,
    "tree": 1,
    "set": 1,
    "known": 1,
    "partly": 2,
}
RULE = """
- match: {{targetSystem: hlr, customer: refused-{customer}}}
  do: {{outcome: rejected, times: {times}, reason: {{code: no-number, message: No free number}}}}
"""
# Customers whose Ethernet connection is being configured for ever: behind the point of no return.
PAST_RETURN = ("ponr", "cancelled", "patch-ponr", "cli-ponr")
NO_END = """
- match: {{targetSystem: metro, customer: {customer}, task: configure}}
  do: {{silent: true}}
"""
SCRIPT = (
    """
- match: {targetSystem: gpon}
  do: {silent: true}
"""
    + "".join(RULE.format(customer=customer, times=times) for customer, times in REFUSED.items())
    + "".join(NO_END.format(customer=customer) for customer in PAST_RETURN)
)


@contextmanager
def running_system(folder: Path) -> Iterator[System]:
    """A system with a store of its own."""
    script = folder / "script.yaml"
    script.write_text(SCRIPT)
    settings = Settings(store=f"sqlite:///{folder}/store.db", simulators=frozenset({"all"}), simulator_script=str(script))
    system = build(settings)
    try:
        system.start()
        yield system
    finally:
        system.close()


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One system for the tests of a module: their orders have customers of their own."""
    with running_system(tmp_path_factory.mktemp("system")) as running:
        yield running


@pytest.fixture(scope="module")
def app(system: System) -> Any:
    """Its HTTP application."""
    return create_app(system)


@pytest.fixture
async def client(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Calls the application without a network."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as each:
        yield each


def order(customer: str, offering: str = "mobile-line", **more: Any) -> dict[str, Any]:
    """An order of one item."""
    item = {"id": "1", "action": "add", "productOffering": {"id": offering}, **more.pop("item", {})}
    party = {"id": customer, "role": "customer", "@referredType": "Customer"}
    return {"relatedParty": [party], "productOrderItem": [item], **more}


def at_site(site: str, **characteristics: Any) -> dict[str, Any]:
    """What an item needs that is delivered somewhere."""
    values = [{"name": name, "value": value} for name, value in characteristics.items()]
    return {"product": {"place": [{"id": site, "role": "installation"}], "productCharacteristic": values}}


async def until(ask: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool]) -> Any:
    """What is answered once it is as it should be."""
    give_up = time.monotonic() + PATIENCE
    while not holds(answer := await ask()):
        assert time.monotonic() < give_up, f"still {answer}"
        await asyncio.sleep(0.02)
    return answer


async def in_state(client: httpx.AsyncClient, id: str, *states: str) -> dict[str, Any]:
    """The order once it is in one of these states."""

    async def read() -> dict[str, Any]:
        document: dict[str, Any] = (await client.get(f"{ORDERS}/{id}")).json()
        return document

    found: dict[str, Any] = await until(read, lambda document: document["state"] in states)
    return found
