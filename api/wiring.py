"""The composition root: every part of a running Crossconnect, made from the settings and handed to whoever needs it."""

import gc
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol

import structlog

from adapters.claims import Claim, claim_store
from adapters.engine import Engine
from adapters.engine.port import Request
from adapters.event_log import open_log
from adapters.event_log.codec import Codec
from adapters.event_log.port import EventLog, LogUnavailable
from adapters.event_log.tail import Tail
from adapters.event_log.upcasters import UPCASTERS
from adapters.generations import Generations
from adapters.housekeeping import Housekeeping
from adapters.intake import INWARD, Feed
from adapters.parked import ParkedTasks
from adapters.projector import Projector
from adapters.queued_orders import QUEUED_ORDERS, QueuedOrders
from adapters.read_models import open_read_models
from adapters.read_models.port import ReadModelStore
from adapters.simulators.cast import PARTS, cast, check_played
from adapters.timers import TIMERS, Timers
from adapters.topics import open_topics
from adapters.topics.port import Source, Topics
from api.settings import Settings
from domain.catalog import Catalog
from domain.catalog_publication import STREAM as CATALOG_STREAM
from domain.catalog_publication import PublishCatalog
from domain.events import EVENTS
from projections import VIEWS
from schemas.catalog import catalog_document, catalog_from_document

ANSWERS_ARE_KEPT = timedelta(days=30)
BEHIND = 60.0  # seconds after which a consumer or lane that does not move is a problem
# Python lets a thread compute for 5 ms before another one that waits gets its turn; a commit takes less than one.
SWITCH_SECONDS = 0.0005

log = structlog.get_logger()


class StartRefused(Exception):
    """Crossconnect does not start; the sentence says why and what to do."""


class Part(Protocol):
    """Something that runs in the background."""

    def start(self) -> None: ...

    def close(self) -> None: ...


class Lane(Part, Protocol):
    """A relay, as far as health is concerned: `problem` says what keeps it from publishing."""

    problem: str

    def lag_seconds(self) -> float: ...


def utc_now() -> datetime:
    """The system's clock."""
    return datetime.now(UTC)


def new_id() -> str:
    """22 hexadecimal digits: milliseconds since 1970 first, so that later ids sort later, then 40 random bits."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(5)}"


@dataclass
class System:
    """A running Crossconnect. `parts` run in the background, started in this order and closed in the other."""

    settings: Settings
    log: EventLog
    codec: Codec
    engine: Engine
    read_models: ReadModelStore
    projector: Projector
    topics: Topics
    source: Source
    feed: Feed
    timers: Timers
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    claim: Claim | None = None
    _running: bool = False

    @property
    def catalogs(self) -> Mapping[str, Catalog]:
        """Every published version."""
        return self.engine.catalogs

    def current_catalog(self) -> str:
        """The version that new orders are decided by."""
        return self.engine.current_catalog

    def start(self) -> None:
        """Begin to work. Raises StartRefused, UnknownSystem, LogUnavailable, CatalogError, HistoryForked."""
        favour_throughput()
        self.engine.start()
        publish_at_start(self)
        check_played(self.settings.simulators, self.catalogs.values())
        self.projector.start()
        self.source.start(self.feed.deliver)
        for part in self.parts:
            part.start()
        log.info(
            "started",
            store=_place(self.settings.store),
            topics=self.settings.kafka or "embedded",
            catalog=self.current_catalog(),
            simulators=",".join(sorted(self.settings.simulators)) or "none",
        )
        self._running = True

    def close(self) -> None:
        """Stop intake, finish what is under way, release everything. May be called after a failed start."""
        tell = log.info if self._running else log.debug
        tell("stopping", waiting=self.engine.waiting())
        self.source.close()
        for part in reversed(self.parts):
            part.close()
        self.engine.close()
        self.projector.close()
        self.topics.close()
        self.read_models.close()
        self.log.close()
        if self.claim is not None:
            self.claim.close()
        tell("stopped")

    def health(self) -> dict[str, str]:
        """What is wrong, by part; empty when orders can be taken. Blocks."""
        problems = {
            "engine": self.engine.fault,
            **self.feed.stopped,
            **{f"view {name}": why for name, why in self.projector.failures.items()},
        }
        try:
            self.log.head()
        except LogUnavailable as error:
            problems["event log"] = str(error)
        problems |= {f"relay {name}": lane.problem for name, lane in self.lanes.items()} | {"inbox": getattr(self.source, "problem", "")}
        behind = {"inbox": self.source.behind(), "views": self.projector.lag_seconds()}
        behind |= {f"relay {name}": lane.lag_seconds() for name, lane in self.lanes.items()}
        problems |= {name: f"is {seconds:.0f} s behind" for name, seconds in behind.items() if seconds > BEHIND}
        return {name: why for name, why in problems.items() if why}


def favour_throughput() -> None:
    """What lives as long as the process is not looked at by the garbage collector again, and orders, which have next to no cycles, seldom."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()
    gc.set_threshold(300_000, 50, 100)


def build(settings: Settings, accept_history_fork: bool = False) -> System:
    """Everything, connected but not started. `accept_history_fork`: go on although topics hold events that a restored log does not.

    Raises Claimed, LogUnavailable, ReadModelsUnavailable, TopicsUnavailable, ScriptError."""
    opened: list[Any] = []
    try:
        return _build(settings, opened, accept_history_fork)
    except BaseException:
        for each in reversed(opened):
            each.close()
        raise


def _build(settings: Settings, opened: list[Any], accept_history_fork: bool) -> System:
    # Before the store is opened: opening may change its tables under the feet of whoever works with it.
    if (claim := claim_store(settings.store)) is not None:
        opened.append(claim)
    codec = Codec(EVENTS, UPCASTERS)
    event_log = open_log(settings.store)
    opened.append(event_log)
    read_models = open_read_models(settings.store)
    opened.append(read_models)
    topics = open_topics(settings.store, settings.kafka, settings.kafka_options, event_log, codec)
    opened.append(topics)
    tail = Tail()
    engine = Engine(event_log, codec, utc_now, catalog_from_document, settings.answer_within, tail)
    views = (*VIEWS, TIMERS, QUEUED_ORDERS)
    projector = Projector(event_log, codec, read_models, views, tail=tail)
    housekeeping = Housekeeping(event_log, Generations(read_models, views), utc_now, ANSWERS_ARE_KEPT)
    source = topics.source(INWARD, event_log.positions)
    opened.append(source)
    timers = Timers(read_models, engine, utc_now, source.caught_up)
    queued_orders = QueuedOrders(read_models, engine, utc_now)
    relay = partial(_relay, event_log, codec, topics, tail, accept_history_fork)
    lanes = _lanes(settings, relay)
    simulators = _simulators(settings, topics)
    return System(
        settings=settings,
        log=event_log,
        codec=codec,
        engine=engine,
        read_models=read_models,
        projector=projector,
        topics=topics,
        source=source,
        feed=Feed(engine, utc_now, new_id),
        timers=timers,
        clock=utc_now,
        new_id=new_id,
        lanes=lanes,
        claim=claim,
        parts=[timers, queued_orders, ParkedTasks(read_models, engine, utc_now), housekeeping, *lanes.values(), *simulators],
    )


def _lanes(settings: Settings, relay: Callable[[str], Lane]) -> dict[str, Lane]:
    """Embedded topics that lead out are a view over the log: nothing has to be carried there."""
    if not settings.kafka:
        return {}
    from adapters.relay import LANES

    return {lane: relay(lane) for lane in LANES}


def _relay(event_log: EventLog, codec: Codec, topics: Topics, tail: Tail, accept_history_fork: bool, lane: str) -> Lane:
    from adapters.relay import Relay

    return Relay(event_log, codec, topics.producer(), lane, accept_history_fork=accept_history_fork, tail=tail)


def _simulators(settings: Settings, topics: Topics) -> list[Part]:
    if not settings.simulators:
        return []
    consumer = lambda topic, group: topics.consumer(group, [topic])  # noqa: E731
    return list(cast(PARTS, settings.simulators, settings.simulator_script, consumer, topics.producer))


def publish_at_start(system: System) -> None:
    """The catalog of the settings is published when the store has none; a store that has never seen it keeps the operator from starting with another.

    Raises CatalogError, StartRefused."""
    wanted = catalog_document(system.settings.catalog)
    published = {row.digest for row in _publications(system)}
    if wanted.digest in published:
        return
    if published:
        raise StartRefused(
            f"The catalog {system.settings.catalog} is not the one that the store works with (version {system.current_catalog()}). "
            f"To change over: start with --catalog of the published one, then run `crossconnect catalog publish {system.settings.catalog}`."
        )
    command = PublishCatalog(CATALOG_STREAM, wanted.version, wanted.digest, wanted.document, wanted.effective)
    system.engine.submit(Request(command, "", f"catalog {wanted.version}")).result()


def _publications(system: System) -> list[Any]:
    return [system.codec.decode(row).event for row in system.log.read([CATALOG_STREAM])]


def _place(store: str) -> str:
    return store.rpartition("@")[2] or store
