"""`simulate`: target systems as processes of their own, and customers that order."""

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.failures import Failed
from api.cli.flags import AsJson, Url, url_or_default, with_settings
from api.cli.group import Group
from api.settings import Settings

if TYPE_CHECKING:
    from adapters.event_log.codec import Codec
    from adapters.event_log.port import EventLog
    from api.cli.client import Api
    from domain.catalog import Catalog

app = typer.Typer(cls=Group, help="Simulated target systems, and load.", no_args_is_help=True, rich_markup_mode=None)

Script = Annotated[str, typer.Option("--script", help="a YAML file of rules; default: CROSSCONNECT_SIMULATOR_SCRIPT")]


@app.command()
@with_settings("store", "kafka", "catalog", "kafka_options", "simulators", simulators="all")
def activation(settings: Settings, script: Script = "") -> None:
    """Play the network's target systems until stopped."""
    _play("activation", settings, script)


@app.command("field-service")
@with_settings("store", "kafka", "catalog", "kafka_options", "simulators", simulators="all")
def field_service(settings: Settings, script: Script = "") -> None:
    """Play field service until stopped."""
    _play("field-service", settings, script)


def _play(part: str, settings: Settings, script: str) -> None:
    from adapters.event_log import open_log
    from adapters.event_log.codec import Codec
    from adapters.event_log.upcasters import UPCASTERS
    from adapters.simulators.cast import cast, check_played
    from adapters.telemetry import configure_logging
    from adapters.topics import open_topics
    from domain.events import EVENTS

    configure_logging(settings.log_format)
    codec, log = Codec(EVENTS, UPCASTERS), None if settings.kafka else open_log(settings.store)
    try:
        check_played(settings.simulators, _catalogs(settings, log, codec))
        topics = open_topics(settings.store, settings.kafka, settings.kafka_options, log, codec)
        try:
            script = script or settings.simulator_script
            (simulator,) = cast((part,), settings.simulators, script, lambda topic, group: topics.consumer(group, [topic]), topics.producer)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda caught, frame: simulator.stop())
            simulator.run()
            simulator.close()
        finally:
            topics.close()
    finally:
        if log is not None:
            log.close()


def _catalogs(settings: Settings, log: "EventLog | None", codec: "Codec") -> "Iterator[Catalog]":
    """The catalog of the settings, and those that were published into the log where there is one to look into."""
    from domain.catalog_publication import STREAM
    from schemas.catalog import catalog_from_document, load_catalog

    yield load_catalog(settings.catalog)
    for row in log.read([STREAM]) if log is not None else ():
        yield catalog_from_document(codec.decode(row).event.document)


@app.command()
def load(
    file: Annotated[str, typer.Argument(metavar="FILE", help="TMF622 orders as JSON, submitted again and again for new customers")],
    orders: Annotated[int, typer.Option(min=1, help="how many in all")] = 1000,
    clients: Annotated[int, typer.Option(min=1, max=256, help="how many at a time; each waits until its order has ended")] = 16,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Order as many customers at once, and say how long it took. Each waits for the end of its order before the next."""
    from api.cli.ordering import read_orders

    documents = read_orders(file)
    from api.cli.client import Api
    from api.cli.terminal import print_json, progress

    with Api(url_or_default(url)) as api, progress("Ordering", "orders", not as_json) as moved:
        result = _measured(lambda number: _ordered(api, _renamed(documents[number % len(documents)], number)), orders, clients, moved)
    if as_json:
        print_json(result)
    else:
        states = ", ".join(f"{count} {state}" for state, count in result["states"].items())
        print(f"{orders} orders in {result['seconds']:.1f} s ({result['orders_per_second']:,.1f}/s): {states};", end=" ")
        print(f"accepted to ended p50 {result['p50_ms']:.0f} ms, p99 {result['p99_ms']:.0f} ms")
    if set(result["states"]) != {"completed"}:
        raise Failed("Not every order completed.")


def _measured(order: Callable[[int], tuple[str, float]], orders: int, clients: int, moved: Callable[[int, int], None]) -> dict[str, Any]:
    import time

    began = time.perf_counter()
    ended = []
    with ThreadPoolExecutor(clients) as pool:
        for outcome in _each(pool, order, orders, clients):
            ended.append(outcome)
            moved(len(ended), orders)
    seconds = time.perf_counter() - began
    times = sorted(duration * 1000 for _, duration in ended)
    return {
        "orders": orders,
        "clients": clients,
        "seconds": seconds,
        "orders_per_second": orders / seconds,
        "p50_ms": times[len(times) // 2],
        "p99_ms": times[len(times) * 99 // 100],
        "states": dict(Counter(state for state, _ in ended)),
    }


def _each(pool: ThreadPoolExecutor, order: Callable[[int], tuple[str, float]], orders: int, clients: int) -> Iterator[tuple[str, float]]:
    """The outcomes as they come; a failed call ends it, and nothing new is begun then."""
    begun = 0
    running: set[Future[tuple[str, float]]] = set()
    while begun < orders or running:
        while begun < orders and len(running) < clients:
            running.add(pool.submit(order, begun))
            begun += 1
        done, running = wait(running, return_when=FIRST_COMPLETED)
        yield from (each.result() for each in done)


def _renamed(document: dict[str, Any], number: int) -> dict[str, Any]:
    """The same order of another customer, at another site."""
    import json
    import secrets

    run = secrets.token_hex(4)
    copy: dict[str, Any] = json.loads(json.dumps(document))
    copy.pop("externalId", None)
    for party in copy.get("relatedParty") or ():
        party["id"] = f"load-{run}-{number}"
    for item in _items(copy.get("productOrderItem") or ()):
        for place in (item.get("product") or {}).get("place") or ():
            place["id"] = f"load-site-{run}-{number}-{place.get('role', '')}"
    return copy


def _items(items: Any) -> Iterator[dict[str, Any]]:
    for item in items:
        yield item
        yield from _items(item.get("productOrderItem") or ())


def _ordered(api: "Api", document: dict[str, Any]) -> tuple[str, float]:
    """Submit an order and look until it has ended: its state, and the seconds that took."""
    import time

    from api.cli.client import PRODUCT_ORDERS, resource_path
    from domain.states import TERMINAL

    began = time.perf_counter()
    order = api.post(PRODUCT_ORDERS, document)
    pause = 0.01
    while order["state"] not in TERMINAL:
        if time.perf_counter() - began > 300:
            raise Failed(f"Order {order['id']} has not ended after 300 seconds.")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)
        order = api.get(resource_path(PRODUCT_ORDERS, order["id"]))
    return order["state"], time.perf_counter() - began
