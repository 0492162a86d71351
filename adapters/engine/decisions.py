"""Deciding in memory: each message of a batch against the states that are known, with everything that follows from it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from time import monotonic
from typing import Any

import structlog

from adapters import telemetry
from adapters.engine.batch import Batch, Work
from adapters.engine.port import Outcome, RefusalHandler, Request
from adapters.event_log.codec import Codec
from adapters.event_log.port import Conflict, EventLog, InboxEntry, LogUnavailable, PositionConflict, VersionConflict
from domain.catalog import Catalog
from domain.catalog_publication import STREAM as CATALOG_STREAM
from domain.catalog_publication import CatalogPublished, Publications, evolve
from domain.decider import Need, World
from domain.product_order import ProductOrder
from domain.product_order.change import Assessment, Change, assess
from domain.recorded import Recorded
from domain.target_system import STREAM as TARGETS_STREAM
from domain.target_system import TargetSystemBroughtOnline, TargetSystemTakenOffline
from domain.unit_of_work import Broken, Memory, UnitOfWork, order_of
from domain.values import Rejected

LOOK_SECONDS = 1.0  # between looks for catalogs that other processes have published, and target systems that they took offline
MOST_NEWS = 1000
LASTING = ("pr-", "svc-")  # streams that outlive orders
MOST_STREAMS = 2_000_000  # in memory; then everything that is committed is forgotten

# What every process has to know of the others' doings before it decides.
NEWS = (CatalogPublished, TargetSystemTakenOffline, TargetSystemBroughtOnline)

log = structlog.get_logger()

# Messages that were accepted before, by (source, id).
Accepted = dict[tuple[str, str], InboxEntry]


class Decisions:
    """What the engine's thread knows: the memory of streams, the published catalogs, and the target systems that are offline. Everything here can be
    forgotten and read again."""

    def __init__(
        self, event_log: EventLog, codec: Codec, compile_catalog: Callable[[dict[str, Any]], Catalog], answer_within: float
    ) -> None:
        self._log = event_log
        self._codec = codec
        self._compile = compile_catalog
        self._answer_within = answer_within
        self._memory = Memory(self._read)
        self.catalogs: dict[str, Catalog] = {}
        self._published: Publications | None = None
        self.offline: frozenset[str] = frozenset()
        self._compiled: dict[str, Catalog] = {}
        self._stale = False  # whether something that was not stored may be among these
        self._looked = 0.0  # when others' were looked for, and up to where in the log
        self._looked_to = 0

    def accepted(self, works: Sequence[Work], in_flight: Batch | None) -> Accepted:
        """Which identities of these works are known, in the log or in the batch that is being committed. Raises LogUnavailable."""
        if self._stale:
            self.reload()
        elif monotonic() - self._looked > LOOK_SECONDS:
            self._learn_from_others()
        keys = [(identity.source, identity.id) for work in works for request in work.requests for identity in request.identities]
        if not keys:
            return {}
        known = self._log.inbox(keys)
        if in_flight is not None:
            known.update(in_flight.inbox)
        return known

    def decide(self, work: Work, batch: Batch, known: Accepted) -> None:
        """Every message of a work, into the batch. Raises Broken, Conflict, LogUnavailable: then nothing decided in this batch may be kept."""
        if not batch.joins(work):
            batch.finish(work, PositionConflict("Messages of this position are being decided on already."), 0)
            return
        outcome: Outcome | Exception = Outcome(200, "", 0, False)
        taken = 0
        for request in work.requests:
            outcome = self._outcome(work, request, batch, known)
            if isinstance(outcome, Exception) and work.refused is not None:
                break  # it can neither be taken in nor set aside: the source has to stop here
            taken += 1
        batch.finish(work, outcome, taken)

    def _outcome(self, work: Work, request: Request, batch: Batch, known: Accepted) -> Outcome | Exception:
        try:
            return self._decide_request(request, batch, known)
        except (Broken, Conflict, LogUnavailable):
            raise
        except Exception as error:
            telemetry.REFUSED.inc()
            if not isinstance(error, Rejected):
                log.error("a message failed", command=type(request.command).__name__, stream=request.command.stream, exc_info=error)
            return error if work.refused is None else self.set_aside(work.refused, request, error, batch)

    def set_aside(self, refused: RefusalHandler, request: Request, error: Exception, batch: Batch) -> Outcome | Exception:
        """A message of a topic has no caller: what becomes of it is the source's to say."""
        try:
            instead = refused(request, error)
            if instead is not None:
                self._decide_request(instead, batch, {})
        except (Broken, Conflict, LogUnavailable):
            raise
        except Exception as fault:
            log.error("a refused message could not be set aside", reason=str(fault), exc_info=fault)
            return fault
        return Outcome(200, request.command.stream, 0, False)

    def _decide_request(self, request: Request, batch: Batch, known: Accepted) -> Outcome:
        for identity in request.identities:
            key = (identity.source, identity.id)
            entry = batch.inbox.get(key) or known.get(key)
            if entry is None:
                continue
            if entry.digest != identity.digest:
                told = f"{identity.source} {identity.id!r} was used before for {entry.resource}, which was something else."
                raise Rejected(identity.mismatch, told)
            return Outcome(identity.status or entry.status, entry.resource, 0, True)
        resource = request.command.stream
        unit = UnitOfWork(self._memory, self._world(batch.now, self._memory), request.command, request.customer, request.causation)
        try:
            unit.run()
        except Rejected:
            self._memory.forget_absent((resource, order_of(resource)))
            self._confirm_refusal(request, batch)
            raise
        except Broken as broken:
            if isinstance(broken.__cause__, LogUnavailable):  # no fault of the message
                raise broken.__cause__ from None
            raise
        batch.accept(request, resource)
        batch.facts.extend(unit.facts)
        self._notice(unit.facts, resource, batch)
        return Outcome(request.status, resource, 0, False)

    def _confirm_refusal(self, request: Request, batch: Batch) -> None:
        """What is decided upon memory is checked by the log when it is written; what is refused writes nothing, so it is decided upon the log once more.
        Raises VersionConflict when that does not refuse it: another process has changed things, or it is about what this batch has yet to write."""
        try:
            self.what_if(request, batch.now)
        except Rejected:
            return
        except Broken as broken:
            log.info("a refusal could not be confirmed", reason=str(broken))
        raise VersionConflict(f"{request.command.stream} is not what it was believed to be.")

    def what_if(self, request: Request, now: datetime) -> list[Recorded]:
        """The facts that a message would lead to upon what the log says; nobody stores them. Raises Rejected, Broken, LogUnavailable."""
        fresh = Memory(self._read)
        unit = UnitOfWork(fresh, self._world(now, fresh), request.command, request.customer, request.causation)
        unit.run()
        return unit.facts

    def assess(self, command: Change, now: datetime) -> tuple[ProductOrder, Assessment | None]:
        """What a change of an order would do upon what the log says. Raises Rejected, LogUnavailable."""
        fresh = Memory(self._read)
        fresh.require([command.stream])
        order: ProductOrder | None = fresh.states[command.stream]
        if order is None:
            raise Rejected("unknown", f"There is no product order {command.stream}.")
        world = self._world(now, fresh)
        while isinstance(found := assess(command, order, world), Need):
            fresh.require(found.streams)
        return order, found

    def _world(self, now: datetime, memory: Memory) -> World:
        return World(now, self.catalogs, self.current_catalog(now), memory.states, self._answer_within, self.offline)

    def _notice(self, facts: list[Recorded], stream: str, batch: Batch) -> None:
        order = order_of(stream)
        if order and self._memory.is_over(order):
            batch.over.append(order)
        elif not order and stream.startswith(LASTING):
            batch.over.extend({fact.stream for fact in facts})  # what is loaded comes once: it need not be kept at hand
        if stream in (CATALOG_STREAM, TARGETS_STREAM):
            for fact in facts:
                self._learn(fact.event)

    def forget_finished(self, batch: Batch, following: Batch | None) -> None:
        """Orders that are over leave memory once that is committed, but for what the batch decided meanwhile has touched."""
        if batch.over:
            kept = {fact.stream for fact in following.facts} if following is not None else set()
            for order in batch.over:
                if order not in kept:
                    self._memory.forget([stream for stream in self._memory.streams_of(order) if stream not in kept])
        if following is None and len(self._memory.states) > MOST_STREAMS:
            self._memory.clear()
        telemetry.ORDERS_IN_MEMORY.set(self.orders_in_memory())

    def orders_in_memory(self) -> int:
        """How many orders are kept at hand: those under way that this process has dealt with."""
        return len(self._memory.families)

    def forget_everything(self) -> None:
        """Of a batch that was not committed nothing may be believed."""
        self._memory.clear()
        try:
            self.reload()
        except LogUnavailable as error:
            self._stale = True
            log.error("the catalogs could not be read again", reason=str(error))

    # Reading ------------------------------------------------------------------------------------------------------------------------
    def _read(self, streams: Sequence[str]) -> list[Recorded]:
        return [self._codec.decode(row) for row in self._log.read(streams)]

    def reload(self) -> None:
        """Read what was published, and which target systems are offline. Raises LogUnavailable."""
        self._looked_to, self._looked = self._log.head(), monotonic()
        news = [recorded.event for recorded in self._read([CATALOG_STREAM, TARGETS_STREAM])]
        self.catalogs, self._published, self.offline = {}, None, frozenset()
        for each in news:
            self._learn(each)
        self._stale = False

    def _learn_from_others(self) -> None:
        """What another process has published, taken offline or brought back meanwhile."""
        head = self._log.head()
        topics = tuple(topic for kind in NEWS for topic in self._codec.topics_of(kind))
        for row in self._log.since(self._looked_to, MOST_NEWS, topics):
            self._learn(self._codec.decode(row).event)
        self._looked_to, self._looked = head, monotonic()

    def _learn(self, news: Any) -> None:
        match news:
            case TargetSystemTakenOffline():
                self.offline |= {news.name}
            case TargetSystemBroughtOnline():
                self.offline -= {news.name}
            case _:
                self._learn_catalog(news)

    def _learn_catalog(self, published: CatalogPublished) -> None:
        catalog = self._compiled.get(published.digest)
        if catalog is None:
            catalog = self._compiled[published.digest] = self._compile(published.document)
        self.catalogs = {**self.catalogs, published.version: catalog}
        self._published = evolve(self._published, published)

    def current_catalog(self, at: datetime) -> str:
        """The version that new orders are decided by at a time; empty when none is in force."""
        return self._published.current(at) if self._published is not None else ""
