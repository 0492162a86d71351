"""Real histories for views: orders told to the domain's own unit of work, whose target systems, field service and operators the tests play."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from domain.catalog import Catalog
from domain.decider import World
from domain.fallout import ResolveTask
from domain.product_order import (
    AmendProductOrder,
    CancelProductOrder,
    PointOfNoReturnPassed,
    RefuseChange,
    SubmitProductOrder,
    SubmitServiceOrder,
    SupplyInformation,
)
from domain.recorded import Recorded
from domain.service import ServiceActivated
from domain.service_order import (
    ActivationRequested,
    AnswerActivation,
    ManualTaskRequested,
    PassDeadline,
    ReleaseTask,
    TaskCompletedByHand,
    TaskParked,
)
from domain.target_system import (
    STREAM,
    BringTargetSystemOnline,
    TakeTargetSystemOffline,
    TargetSystemBroughtOnline,
    TargetSystemTakenOffline,
)
from domain.unit_of_work import Memory, UnitOfWork
from domain.values import Reason, Who
from domain.work_order import AnswerWorkOrder, WorkOrderParked, WorkOrderRequested
from projections.view import Document, View
from schemas.catalog import load_catalog
from schemas.product_ordering import check_create, requested_dates

BEGINNING = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NOBODY = Reason("", "")
OLGA = Who("olga", "checked on site")


_published = cache(load_catalog)


class Story:
    """What has happened so far is `log`. The clock moves only by `later`, so that a history is the same every time."""

    def __init__(self, catalog: str | Catalog = "sample") -> None:
        self.log: list[Recorded] = []
        self.now = BEGINNING
        self._catalog = _published(catalog) if isinstance(catalog, str) else catalog
        self._memory = Memory(self._read)
        self._told = 0

    def _read(self, streams: Sequence[str]) -> Iterable[Recorded]:
        return [recorded for recorded in self.log if recorded.stream in streams]

    def tell(self, command: Any, customer: str = "cust-1") -> "Story":
        """One message, and all that follows from it."""
        self._told += 1
        world = World(self.now, {"1": self._catalog}, "1", self._memory.states, 900.0, self._offline())
        work = UnitOfWork(self._memory, world, command, customer, f"message-{self._told}")
        work.run()
        for fact in work.facts:
            self.log.append(Recorded(len(self.log) + 1, fact.stream, fact.version, fact.event, fact.meta))
        return self

    def _offline(self) -> frozenset[str]:
        told = [each.event for each in self.log if isinstance(each.event, TargetSystemTakenOffline | TargetSystemBroughtOnline)]
        return frozenset({name for name, last in {each.name: each for each in told}.items() if isinstance(last, TargetSystemTakenOffline)})

    def later(self, seconds: float) -> "Story":
        self.now += timedelta(seconds=seconds)
        return self

    # Those who order ----------------------------------------------------------------------------------------------------------------
    def submit(self, id: str, document: Document, keep_refusal: bool = False) -> "Story":
        checked = check_create(document)
        return self.tell(SubmitProductOrder(id, checked, "cust-1", "cust-1", *requested_dates(checked), keep_refusal=keep_refusal))

    def submit_services(self, id: str, document: Document, keep_refusal: bool = False) -> "Story":
        """A service order that comes from outside."""
        return self.tell(SubmitServiceOrder(id, document, "cust-1", "cust-1", *requested_dates(document), keep_refusal=keep_refusal))

    def cancel(self, order: str, id: str = "cancel-1", include_completed: bool = False) -> "Story":
        request = {"serviceOrder" if order.startswith("sr-") else "productOrder": {"id": order}, "cancellationReason": "moved away"}
        return self.tell(CancelProductOrder(order, id, include_completed, request))

    def amend(self, order: str, *items: Document, id: str = "", mode: str = "delta", override: Who | None = None) -> "Story":
        return self.tell(AmendProductOrder(order, id or f"amendment-{self._told}", items, mode, 0, "", override))

    def refuse_cancel(self, order: str, sentence: str, id: str = "cancel-1") -> "Story":
        """A cancel that came by topic and that the domain refused."""
        return self.tell(RefuseChange(order, id, "cancel", (Reason("conflict", sentence),)))

    def amend_refused(self, order: str, sentence: str, id: str = "amendment-x") -> "Story":
        """An amendment that came by topic and that the domain refused."""
        return self.tell(RefuseChange(order, id, "amend", (Reason("invalid", sentence),)))

    def is_built(self, order: str, specification: str) -> bool:
        """Whether a service of the order is there."""
        return any(
            isinstance(each.event, ServiceActivated) and each.meta.order == order and specification in each.stream for each in self.log
        )

    def supply(self, order: str, document: Document) -> "Story":
        return self.tell(SupplyInformation(order, check_create(document)))

    # Those who answer ---------------------------------------------------------------------------------------------------------------
    def answer(self, task: str, outcome: str = "completed", values: Document | None = None, reason: Reason = NOBODY) -> "Story":
        """The target system answers the last request for `task`."""
        asked = self._last(ActivationRequested, task)
        command = AnswerActivation(asked.stream, task, asked.event.key, outcome, values or {}, reason, asked.event.attempt, self.now)
        return self.tell(command)

    def visit(self, work_order: str, outcome: str, appointment: tuple[datetime, datetime] | None = None) -> "Story":
        """Field service answers the last request for a work order."""
        asked = next(each for each in reversed(self.log) if each.stream == work_order and isinstance(each.event, WorkOrderRequested))
        return self.tell(AnswerWorkOrder(work_order, asked.event.key, outcome, appointment, NOBODY, self.now))

    def resolve(self, stream: str, task: str, action: str, values: Document | None = None) -> "Story":
        """An operator decides."""
        return self.tell(ResolveTask(stream, task, action, values or {}, OLGA, self.now))

    def offline(self, name: str) -> "Story":
        return self.tell(TakeTargetSystemOffline(STREAM, name, OLGA))

    def online(self, name: str) -> "Story":
        """It is back, and what is parked goes on, what waits longest first."""
        self.tell(BringTargetSystemOnline(STREAM, name, OLGA))
        for parked in [each for each in self.log if isinstance(each.event, TaskParked | WorkOrderParked)]:
            self.tell(ReleaseTask(parked.stream, getattr(parked.event, "task", parked.stream)))
        return self

    def time_out(self, task: str) -> "Story":
        asked = self._last(ActivationRequested, task)
        self.now = max(self.now, asked.event.due)
        return self.tell(PassDeadline(asked.stream, task, asked.event.key, asked.event.attempt))

    def finish_until_point_of_no_return(self) -> "Story":
        """Everybody answers until there is no way back."""
        return self.finish(lambda: any(isinstance(each.event, PointOfNoReturnPassed) for each in self.log))

    def finish(self, enough: Callable[[], bool] = lambda: False) -> "Story":
        """Everybody answers everything, in the order in which it was asked, until nobody is asked any more."""
        seen = 0
        while seen < len(self.log) and not enough():
            recorded = self.log[seen]
            seen += 1
            answer = _ANSWERS.get(type(recorded.event))
            if answer is not None:
                self.later(1)
                answer(self, recorded)
        return self

    def finish_with(self, values: Mapping[str, Document]) -> "Story":
        """As `finish`; activations of these specifications assign these values."""
        seen = 0
        while seen < len(self.log):
            recorded = self.log[seen]
            seen += 1
            if isinstance(recorded.event, ActivationRequested):
                self.answer(recorded.event.task, values=values.get(recorded.event.request["service"]["serviceSpecification"]["id"]))
            elif answer := _ANSWERS.get(type(recorded.event)):
                answer(self, recorded)
        return self

    def _last(self, event: type[Any], task: str) -> Recorded:
        return next(each for each in reversed(self.log) if isinstance(each.event, event) and each.event.task == task)

    # What views make of it ----------------------------------------------------------------------------------------------------------
    def rows(self, view: View) -> dict[str, Document]:
        """Every row of a view, folded from the beginning."""
        rows: dict[str, Document] = {}
        for recorded in self.log:
            if isinstance(recorded.event, view.events):
                for key in view.keys(recorded):
                    document = view.evolve(rows.pop(key, None), recorded, key)
                    if document is not None:
                        rows[key] = document
        return rows

    def then_rows(self, view: View, expected: Mapping[str, Document]) -> "Story":
        """The view has these rows and no others; of each, what is written here is so (lists in full)."""
        rows = self.rows(view)
        assert set(rows) == set(expected), f"{view.name} has {sorted(rows)}"
        for id, document in expected.items():
            differences = list(differing(document, rows[id], id))
            assert not differences, "\n".join(differences)
        return self


def _activate(story: Story, recorded: Recorded) -> None:
    event: ActivationRequested = recorded.event
    story.tell(AnswerActivation(recorded.stream, event.task, event.key, "completed", {}, NOBODY, event.attempt, story.now))


def _by_hand(story: Story, recorded: Recorded) -> None:
    if not any(
        isinstance(each.event, TaskCompletedByHand) and each.event.task == recorded.event.task for each in story.log[recorded.position :]
    ):
        story.resolve(recorded.stream, recorded.event.task, "complete", {name: f"a {name}" for name in recorded.event.form})


def _visit(story: Story, recorded: Recorded) -> None:
    outcome = "cancelled" if recorded.event.request["action"] == "cancel" else "completed"
    story.tell(AnswerWorkOrder(recorded.stream, recorded.event.key, outcome, None, NOBODY, story.now))


_ANSWERS = {ActivationRequested: _activate, ManualTaskRequested: _by_hand, WorkOrderRequested: _visit}


def differing(expected: Any, found: Any, path: str) -> Iterator[str]:
    """Where `found` is not as `expected`; attributes that are not expected may be anything, `ABSENT` ones must not be there."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name, value in expected.items():
            if value is ABSENT:
                if name in found:
                    yield f"{path}.{name} is there: {found[name]!r}"
            elif name not in found:
                yield f"{path}.{name} is missing, not {value!r}"
            else:
                yield from differing(value, found[name], f"{path}.{name}")
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for number, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from differing(one, other, f"{path}[{number}]")
    elif expected != found:
        yield f"{path} is {found!r}, not {expected!r}"


ABSENT = object()


# Orders -------------------------------------------------------------------------------------------------------------------------------
def order(*items: Document, **attributes: Any) -> Document:
    """An order of customer cust-1."""
    party = {"id": "cust-1", "role": "customer", "name": "Ada Lovelace", "@referredType": "Customer"}
    note = {"text": "Call before noon", "author": "Ada"}
    return {"relatedParty": [party], "note": [note], **attributes, "productOrderItem": list(items)}


def says(id: str, **values: Any) -> Document:
    """An item of a delta that says other values of its product."""
    return {"id": id, "product": {"productCharacteristic": [{"name": name, "value": value} for name, value in values.items()]}}


def service_order(*items: Document, **attributes: Any) -> Document:
    """A service order for customer cust-1."""
    return {**{name: value for name, value in order().items() if name != "productOrderItem"}, **attributes, "serviceOrderItem": list(items)}


def item(id: str, offering: str = "", action: str = "add", product: str = "", site: str = "site-1", **values: Any) -> Document:
    """An item for one site."""
    made: Document = {"id": id, "action": action}
    about: Document = {"productCharacteristic": [{"name": name, "value": value} for name, value in values.items()]}
    if offering:
        made["productOffering"] = {"id": offering}
    if product:
        about["id"] = product
    if site:
        about["place"] = [{"id": site, "role": "installation"}]
    return {**made, "product": about}
