"""A server that is killed again and again under load, and what must hold afterwards."""

import json
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import msgspec

from adapters.event_log import open_log
from adapters.topics import open_topics
from tests.benchmarks.loads import W1
from tests.faults.customers import Customers
from tests.servers.crossconnect import ROOT, Crossconnect, program
from tests.servers.kafka import Kafka
from tests.servers.target_systems import target_systems

SHORTEST, LONGEST = 0.005, 0.4  # seconds from being ready, or from the start of the process, to SIGKILL
UNREADY = 0.2  # how many of the kills hit a process that is just starting
SOON = 2.0  # seconds from ready to the next completed order
PATIENCE = 120.0  # for everything to end after the last kill
INVENTORY = "/tmf-api/productInventory/v4/product"
SERVICE_ORDERS = 3  # of one W1 order; each asks for one activation


class Outcome(NamedTuple):
    """What a run of kills came to."""

    seed: int
    kills: int
    orders: int
    repeats: int  # HTTP posts that were sent again because nobody had answered
    keys: int
    asked: int  # requests as the target systems saw them, copies included
    products: int
    next_completed: list[float]  # seconds after ready, one for each restart that lived long enough to see
    verified: int  # what `crossconnect verify` has checked

    def __str__(self) -> str:
        soonest = (
            f"{median(self.next_completed):.2f} s median, {max(self.next_completed):.2f} s worst" if self.next_completed else "not seen"
        )
        return (
            f"seed {self.seed}: {self.kills} kills, {self.orders} orders accepted and completed, {self.repeats} posts repeated, "
            f"{self.keys} keys in {self.asked} requests, {self.products} products, {self.verified} facts verified, "
            f"next order completed {soonest} after ready"
        )


def kill_under_load(folder: Path, store: str, kafka: Kafka | None, kills: int, seed: int) -> Outcome:
    """Kill the server `kills` times, let everything end, and check what must hold. Raises AssertionError with the reason."""
    dice, journal = random.Random(seed), folder / "journal"
    with ExitStack() as stack:
        server = stack.enter_context(Crossconnect(folder, store, kafka, catalog=W1.catalog))
        log = stack.enter_context(closing(open_log(store)))
        topics = stack.enter_context(closing(open_topics(store, kafka.bootstrap, kafka.options) if kafka else open_topics(store)))
        producer = stack.enter_context(closing(topics.producer()))
        stack.enter_context(target_systems(store, kafka, journal=journal))
        customers = Customers(server, log, producer)
        customers.start()
        try:
            next_completed = _kill(server, customers, kills, dice)
        except BaseException:
            customers.abandon()
            raise
        customers.stop_ordering()
        finished = customers.wait_until_all_ended(PATIENCE)
        assert finished, (
            f"{len(customers.accepted) - len(customers.ended)} of {len(customers.accepted)} orders did not end: {server.last_words()}"
        )
        products = check_products(_active_products(server), len(customers.accepted))
        assert server.stop() == 0, server.last_words()
    keys, asked = check_journal(journal, len(customers.accepted))
    _check_orders(store, customers)
    return Outcome(seed, kills, len(customers.accepted), customers.repeats, keys, asked, products, next_completed, verify(store))


def _kill(server: Crossconnect, customers: Customers, kills: int, dice: random.Random) -> list[float]:
    """Kill and start again; answers how soon after being ready an order completed, where the server lived to see it. Ends with a server that runs."""
    next_completed = []
    customers.wait_for_end_after(time.monotonic(), PATIENCE)
    for number in range(kills):
        time.sleep(dice.uniform(SHORTEST, LONGEST))
        server.kill()
        server.start()
        if number + 1 < kills and dice.random() < UNREADY:
            continue
        server.wait_until_ready()
        seconds = customers.wait_for_end_after(time.monotonic(), SOON)
        assert seconds is not None, f"No order completed within {SOON} s of kill {number + 1}: {customers.problems} {server.last_words()}"
        next_completed.append(seconds)
    return next_completed


def _active_products(server: Crossconnect) -> Iterator[dict[str, Any]]:
    """The inventory as it is read over HTTP, page by page."""
    offset = 0
    while True:
        status, body = server.get(f"{INVENTORY}?status=active&fields=relatedParty,productOffering&limit=1000&offset={offset}")
        assert status in (200, 206), body[:500]
        page = json.loads(body)
        if not page:
            return
        yield from page
        offset += len(page)


def check_products(products: Iterable[dict[str, Any]], orders: int) -> int:
    """One of each offering for every customer, no more and no less; answers how many there are."""
    found = Counter(f"{party['id']} {product['productOffering']['id']}" for product in products for party in product["relatedParty"])
    wrong = {which: count for which, count in found.items() if count != 1}
    assert not wrong, f"Products that are not there exactly once: {wrong}"
    assert len(found) == orders * len(W1.offerings), f"{len(found)} products of {orders} orders"
    return len(found)


class _Asked(msgspec.Struct, rename="camel"):
    """A request of either kind, as far as its key goes."""

    activation_key: str = ""
    work_order_key: str = ""
    attempt: int = 1


def check_journal(journal: Path, orders: int) -> tuple[int, int]:
    """From the target systems' side: every copy of a request says the same as the first, and there are as many as the orders need."""
    read = msgspec.json.Decoder(_Asked).decode
    bodies: dict[tuple[str, int], bytes] = {}
    asked = 0
    for line in journal.read_bytes().splitlines():
        request = read(line)
        key = (request.activation_key or request.work_order_key, request.attempt)
        assert bodies.setdefault(key, line) == line, f"{key} was used with two meanings: {bodies[key].decode()} and {line.decode()}"
        asked += 1
    visits = sum(".activate" not in key for key, _ in bodies)
    assert len(bodies) - visits == orders * SERVICE_ORDERS, f"{len(bodies) - visits} activations of {orders} orders"
    assert visits == orders, f"{visits} visits of {orders} orders"
    return len(bodies), asked


def _check_orders(store: str, customers: Customers) -> None:
    """From the log: one order for every customer who was told that it is accepted, and none besides."""
    with closing(open_log(store)) as log:
        made: Counter[str] = Counter()
        position = 0
        while rows := log.since(position, 5_000, ("ProductOrderAcknowledged/1",)):
            made.update(msgspec.json.decode(row.state)["data"]["customer"] for row in rows)
            position = rows[-1].position
    assert made == Counter(customers.accepted), (made - Counter(customers.accepted), Counter(customers.accepted) - made)


def verify(store: str) -> int:
    """`crossconnect verify` is clean; answers how much it has checked."""
    done = subprocess.run(program("verify", "--json", "--store", store), capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, f"verify: {done.stdout[-3000:]} {done.stderr[-1000:]}"
    return sum(invariant["checked"] for invariant in json.loads(done.stdout))
