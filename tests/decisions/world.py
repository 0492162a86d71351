"""A world in memory: the log, the engine's unit of work without an engine, and a network that does what the test says."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from domain import fallout
from domain.catalog import Catalog
from domain.decider import Need, World
from domain.fallout import ResolveTask
from domain.plan import Plan, service_order_id
from domain.product_order import (
    AmendProductOrder,
    ApproveItem,
    CancelProductOrder,
    HoldItems,
    PlanQueuedItems,
    ProductOrder,
    ProductOrderDecomposed,
    RefuseItem,
    ReleaseItems,
    ReleaseStep,
    ReviewProductOrder,
    StartProductOrder,
    SubmitProductOrder,
    SubmitServiceOrder,
    SupplyInformation,
)
from domain.product_order.change import Assessment, assess_amendment
from domain.recorded import Recorded
from domain.service_order import (
    FALLOUT,
    PARKED,
    RETRYING,
    RUNNING,
    AnswerActivation,
    PassDeadline,
    ReleaseTask,
    ServiceOrder,
    SetValues,
    Task,
)
from domain.states import TERMINAL
from domain.target_system import STREAM as TARGETS
from domain.target_system import BringTargetSystemOnline, TakeTargetSystemOffline
from domain.unit_of_work import Memory, UnitOfWork
from domain.values import Reason, Who
from domain.verification import Verification
from domain.work_order import AnswerWorkOrder, WorkOrder
from schemas.catalog import load_catalog
from tests.decisions.given import ANSWER_WITHIN, NOW

OPERATOR = Who("op", "test")


@cache
def sample() -> Catalog:
    """The sample catalog, read once."""
    return load_catalog("sample")


@cache
def queueing(*offerings: str) -> Catalog:
    """The sample catalog, where orders for these offerings wait for another one that is at work on what they need."""
    return _when_pending("queue", offerings)


@cache
def merging(*offerings: str) -> Catalog:
    """The sample catalog, where orders for these offerings become part of another one that is at work on what they need."""
    return _when_pending("merge", offerings)


def _when_pending(policy: str, offerings: Iterable[str]) -> Catalog:
    catalog = sample()
    changed = {name: replace(catalog.offerings[name], when_pending=policy) for name in offerings}
    return replace(catalog, offerings={**catalog.offerings, **changed})


class InMemory:
    """`rebuild_each` decides every message a second time on states rebuilt from the log, and expects the same facts."""

    def __init__(self, catalog: Catalog, rebuild_each: bool = False) -> None:
        self.catalog = catalog
        self.now = NOW
        self.log: list[Recorded] = []
        self.orders: list[str] = []
        self.offline: set[str] = set()
        self._streams: dict[str, list[Recorded]] = {}
        self._memory = Memory(self._read)
        self._rebuild_each = rebuild_each
        self._messages = 0

    def _read(self, streams: Sequence[str]) -> list[Recorded]:
        found = [recorded for stream in dict.fromkeys(streams) for recorded in self._streams.get(stream, ())]
        return sorted(found, key=lambda recorded: recorded.position)

    # Messages -------------------------------------------------------------------------------------------------------------------------
    def send(self, command: Any, customer: str = "cust-1") -> list[Any]:
        """One message and all that follows; answers the events. Raises Rejected."""
        self._messages += 1
        cause = f"message-{self._messages}"
        unit = self._unit(self._memory, command, customer, cause)
        rebuilt = self._unit(Memory(self._read), command, customer, cause) if self._rebuild_each else None
        unit.run()
        if rebuilt is not None:
            rebuilt.run()
            live = [(fact.stream, fact.version, fact.event) for fact in unit.facts]
            assert [(fact.stream, fact.version, fact.event) for fact in rebuilt.facts] == live
        for fact in unit.facts:
            recorded = Recorded(len(self.log) + 1, fact.stream, fact.version, fact.event, fact.meta)
            self.log.append(recorded)
            self._streams.setdefault(fact.stream, []).append(recorded)
        return [fact.event for fact in unit.facts]

    def _unit(self, memory: Memory, command: Any, customer: str, cause: str) -> UnitOfWork:
        around = World(
            self.now, {self.catalog.version: self.catalog}, self.catalog.version, memory.states, ANSWER_WITHIN, frozenset(self.offline)
        )
        return UnitOfWork(memory, around, command, customer, cause)

    def order(
        self,
        *items: dict[str, Any],
        customer: str = "cust-1",
        start: datetime | None = None,
        completion: datetime | None = None,
        keep_refusal: bool = False,
        **also: Any,
    ) -> str:
        """Submit an order of these items, and what `also` is said of it; answers its id."""
        stream = f"po-{len(self.orders) + 1}"
        document = {"productOrderItem": list(items), "relatedParty": [{"id": customer, "role": "customer"}], **also}
        if start is not None:
            document["requestedStartDate"] = start.isoformat()
        self.send(SubmitProductOrder(stream, document, customer, "shop", start, completion, keep_refusal), customer)
        self.orders.append(stream)
        return stream

    def order_services(
        self, *items: dict[str, Any], customer: str = "cust-1", start: datetime | None = None, keep_refusal: bool = False
    ) -> str:
        """Submit a service order from outside of these items; answers its id."""
        stream = f"sr-{len(self.orders) + 1}"
        document = {"serviceOrderItem": list(items), "relatedParty": [{"id": customer, "role": "customer"}]}
        self.send(SubmitServiceOrder(stream, document, customer, "soms", start, None, keep_refusal), customer)
        self.orders.append(stream)
        return stream

    def cancel(self, order: str, include_completed: bool = False) -> list[Any]:
        return self.send(CancelProductOrder(order, f"cancel-{self._messages}", include_completed, {}))

    def amend(
        self, order: str, *items: dict[str, Any], mode: str = "delta", base: int = 0, hash: str = "", who: Who | None = None
    ) -> list[Any]:
        return self.send(AmendProductOrder(order, f"amendment-{self._messages}", items, mode, base, hash, who))

    def assess(self, order: str, *items: dict[str, Any], mode: str = "delta", base: int = 0, who: Who | None = None) -> Assessment | None:
        """What an amendment would do; None when it says nothing new."""
        command = AmendProductOrder(order, "", items, mode, base, "", who)
        self._memory.family(order)
        around = World(self.now, {self.catalog.version: self.catalog}, self.catalog.version, self._memory.states, ANSWER_WITHIN)
        while isinstance(found := assess_amendment(command, self.state(order), around), Need):
            self._memory.require(found.streams)
        return found

    def supply(self, order: str, *items: dict[str, Any]) -> list[Any]:
        return self.send(SupplyInformation(order, {"productOrderItem": list(items)}))

    def approve(self, item: str, order: str = "") -> list[Any]:
        return self.send(ApproveItem(order or self.orders[-1], item, OPERATOR))

    def refuse(self, item: str, order: str = "") -> list[Any]:
        return self.send(RefuseItem(order or self.orders[-1], item, OPERATOR))

    def resolve(self, task: str, action: str, order: str = "", **values: Any) -> list[Any]:
        """What an operator decides about a task (of the last order) or a work order."""
        return self.send(ResolveTask(self.stream_of(task, order), task, action, values, OPERATOR, self.now))

    def set_values(self, item: str, order: str = "", number: int = 1, **values: Any) -> list[Any]:
        """An operator overrides values of an item of the service order with this number."""
        return self.send(SetValues(service_order_id(order or self.orders[-1], number), item, values, OPERATOR))

    def hold(self, *items: str, order: str = "") -> list[Any]:
        return self.send(HoldItems(order or self.orders[-1], items, OPERATOR))

    def release(self, *items: str, order: str = "") -> list[Any]:
        return self.send(ReleaseItems(order or self.orders[-1], items, OPERATOR))

    # Target systems -------------------------------------------------------------------------------------------------------------------
    def take_offline(self, name: str) -> None:
        self.send(TakeTargetSystemOffline(TARGETS, name, OPERATOR), "")
        self.offline.add(name)

    def bring_online(self, name: str) -> None:
        """It is back, and what is parked goes on."""
        self.send(BringTargetSystemOnline(TARGETS, name, OPERATOR), "")
        self.offline.discard(name)
        self.release_parked()

    def release_parked(self) -> None:
        """What the look-out for parked tasks does again and again."""
        for order, task in self.parked():
            self.send(ReleaseTask(self.stream_of(task, order), task))

    def parked(self) -> list[tuple[str, str]]:
        """(order, task or visit) of everything that waits for a target system to be online."""
        found = []
        for order in self.orders:
            found += [(order, id) for id, task in self.tasks(order).items() if task.state == PARKED]
            found += [(order, id) for id in self.state(order).work_orders if self.state(id).parked and not self.state(id).open_fallouts]
        return found

    # The network ----------------------------------------------------------------------------------------------------------------------
    def answer(self, task: str, outcome: str = "completed", order: str = "", key: str = "", attempt: int = 0, **values: Any) -> list[Any]:
        """A target system, or field service, answers the request that is out for this task or visit."""
        stream = self.stream_of(task, order)
        reason = Reason("" if outcome == "completed" else "test", "")
        if stream.startswith("wo-"):
            visit: WorkOrder = self.state(stream)
            return self.send(AnswerWorkOrder(stream, key or visit.key, outcome, None, reason, self.now))
        return self.send(AnswerActivation(stream, task, key or self.task(task, order).key, outcome, values, reason, attempt, self.now))

    def appoint(self, visit: str, start: datetime, hours: float = 2) -> list[Any]:
        """Field service makes an appointment for a visit, or moves it."""
        period = (start, start + timedelta(hours=hours))
        return self.send(AnswerWorkOrder(visit, self.state(visit).key, "scheduled", period, Reason("", ""), self.now))

    def complete_all(self, but: Callable[[str], bool] = lambda task: False) -> None:
        """Everything that is out is answered with completed, and done by hand, until nothing is (but what the test keeps to itself)."""
        while pending := self._pending(but):
            order, task = pending[0]
            if task.startswith("wo-") or self.task(task, order).planned.kind == "automatic":
                self.answer(task, order=order)
            else:
                self.resolve(task, fallout.COMPLETE, order, **self.form_of(task, order))

    def _pending(self, but: Callable[[str], bool]) -> list[tuple[str, str]]:
        """What is out; when nothing is, orders that waited for another one go on."""
        out = [each for each in self.outstanding() if not but(each[1])]
        return out if out or not self.plan_queued() else [each for each in self.outstanding() if not but(each[1])]

    def plan_queued(self) -> list[Any]:
        """Orders whose predecessors are over are told so, as the poller would; answers what comes of it."""
        events: list[Any] = []
        for order in self.orders:
            state: ProductOrder = self.state(order)
            if state.merged or any(self.state(other).state in TERMINAL for other in state.behind):
                events += self.send(PlanQueuedItems(order))
        return events

    def form_of(self, task: str, order: str = "") -> dict[str, str]:
        """What a person writes into the form of a task that is not taken back."""
        found = self.task(task, order)
        return {} if found.undo else {name: f"a {name}" for name in found.planned.form}

    def let_time_pass(self, seconds: float = ANSWER_WITHIN + 1) -> None:
        """The clock moves on, and every deadline that has passed by then fires."""
        self.now += timedelta(seconds=seconds)
        for order in self.orders:
            state: ProductOrder = self.state(order)
            if state.scheduled is not None and state.scheduled <= self.now:
                self.send(StartProductOrder(order))
            for node in [node for node, due in state.steps.items() if due <= self.now]:
                self.send(ReleaseStep(order, node))
            if state.review is not None and state.review <= self.now:
                self.send(ReviewProductOrder(order))
            for task in self.tasks(order).values():
                if task.due is not None and task.due <= self.now:
                    self.send(
                        PassDeadline(
                            service_order_id(order, int(task.planned.id.partition(".")[0])), task.planned.id, task.key, task.attempt
                        )
                    )
            for stream in self.state(order).work_orders:
                visit: WorkOrder = self.state(stream)
                if visit.due is not None and visit.due <= self.now:
                    self.send(PassDeadline(stream, stream, visit.key, visit.attempt))

    # What there is --------------------------------------------------------------------------------------------------------------------
    def state(self, stream: str) -> Any:
        self._memory.require([stream])
        return self._memory.states[stream]

    def stream_of(self, task: str, order: str = "") -> str:
        if task.startswith("wo-"):
            return task
        return service_order_id(order or self.orders[-1], int(task.partition(".")[0]))

    def task(self, task: str, order: str = "") -> Task:
        service_order: ServiceOrder = self.state(self.stream_of(task, order))
        return service_order.tasks[task]

    def tasks(self, order: str) -> dict[str, Task]:
        streams = [service_order_id(order, number) for number in self.state(order).service_orders]
        return {id: task for stream in streams for id, task in self.state(stream).tasks.items()}

    def outstanding(self) -> list[tuple[str, str]]:
        """(order, task or visit) of everything that waits for an answer."""
        found = []
        for order in self.orders:
            found += [(order, id) for id, task in self.tasks(order).items() if task.state in (RUNNING, RETRYING)]
            found += [(order, id) for id in self.state(order).work_orders if self.is_out(self.state(id))]
        return found

    def fallouts(self) -> list[tuple[str, str]]:
        found = []
        for order in self.orders:
            found += [(order, id) for id, task in self.tasks(order).items() if task.state == FALLOUT]
            found += [(order, id) for id in self.state(order).work_orders if self.state(id).open_fallouts]
        return found

    @staticmethod
    def is_out(visit: WorkOrder) -> bool:
        return bool(visit.decision) and not visit.final and visit.state not in (*TERMINAL, "held")

    def named(self, name: str, order: str = "") -> str:
        """The id of a task by specification and name (`gpon-port/configure`) in the (last) order."""
        specification, _, task = name.partition("/")
        order = order or self.orders[-1]
        orders: list[ServiceOrder] = [self.state(service_order_id(order, number)) for number in self.state(order).service_orders]
        found = [id for each in orders for item in each.items.values() if item.service.specification == specification for id in item.tasks]
        return next(id for id in found if id.endswith(f".{task}"))

    def product(self, order: str, item: str) -> str:
        return str(self.state(order).parts[item].product)

    def status(self, order: str, item: str) -> str:
        """The status of the product of an order item."""
        return str(self.state(self.product(order, item)).status)

    def services(self, specification: str = "") -> dict[str, Any]:
        """Every service in the inventory, or those of one specification."""
        streams = [stream for stream in self._streams if stream.startswith("svc-")]
        states = {stream: self.state(stream) for stream in streams}
        return {id: service for id, service in states.items() if specification in ("", service.specification)}

    def having(self, *items: dict[str, Any]) -> str:
        """An order of these items, completed."""
        order = self.order(*items)
        self.complete_all()
        return order

    def planned(self) -> Plan:
        """What was decomposed last."""
        found: Plan = self.events(ProductOrderDecomposed)[-1].plan
        return found

    def item_states(self, order: str) -> tuple[str, dict[str, str]]:
        """The states of an order and of its items."""
        return self.state(order).state, self.state(order).own

    def offenders(self) -> list[str]:
        """What `verify` finds wrong."""
        verification = Verification()
        for recorded in self.log:
            verification.learn(recorded)
        return [offender for invariant in verification.report() for offender in invariant.offenders]

    def events(self, kind: type[Any]) -> list[Any]:
        return [recorded.event for recorded in self.log if isinstance(recorded.event, kind)]


def add(
    id: str, offering: str, site: str = "site-1", nested: Iterable[dict[str, Any]] = (), relies_on: str = "", **values: Any
) -> dict[str, Any]:
    """A TMF622 order item that adds."""
    characteristics = [{"name": name, "value": value} for name, value in values.items()]
    item: dict[str, Any] = {
        "id": id,
        "action": "add",
        "productOffering": {"id": offering},
        "product": {"productCharacteristic": characteristics, "place": [{"id": site, "role": "installation"}]},
    }
    if nested:
        item["productOrderItem"] = list(nested)
    if relies_on:
        item["productOrderItemRelationship"] = [{"id": relies_on, "relationshipType": "reliesOn"}]
    return item


def change(id: str, action: str, product: str, nested: Iterable[dict[str, Any]] = (), **values: Any) -> dict[str, Any]:
    """A TMF622 order item about a product that the customer has."""
    characteristics = [{"name": name, "value": value} for name, value in values.items()]
    item: dict[str, Any] = {"id": id, "action": action, "product": {"id": product, "productCharacteristic": characteristics}}
    if nested:
        item["productOrderItem"] = list(nested)
    return item


def ask(
    id: str,
    specification: str = "",
    action: str = "add",
    service: str = "",
    site: str = "site-1",
    nested: Iterable[dict[str, Any]] = (),
    after: str = "",
    **values: Any,
) -> dict[str, Any]:
    """A TMF641 order item: a service by its specification, or one that is there by its id."""
    asked: dict[str, Any] = {"serviceCharacteristic": [{"name": name, "value": value} for name, value in values.items()]}
    if specification:
        asked |= {"serviceSpecification": {"id": specification}, "place": [{"id": site, "role": "installation"}] if site else []}
    if service:
        asked["id"] = service
    item: dict[str, Any] = {"id": id, "action": action, "service": asked}
    if nested:
        item["serviceOrderItem"] = list(nested)
    if after:
        item["serviceOrderItemRelationship"] = [{"relationshipType": "dependency", "orderItem": {"id": after, "itemId": after}}]
    return item
