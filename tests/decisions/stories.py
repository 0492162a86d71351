"""Random stories: orders, answers, failures, operators, holds, offline systems, amendments, cancels and queues, as numbers say."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from domain import fallout
from domain.fallout import FalloutResolved, RaiseFallout
from domain.plan import service_order_id
from domain.product import ACTIVE, SUSPENDED, Product
from domain.product_order import ProductOrder, ProductOrderAmended, ProductOrderCancellationAssessed, rolled_up
from domain.service import INACTIVE, Service
from domain.service_order import (
    FALLOUT,
    GONE,
    PARKED,
    RETRYING,
    RUNNING,
    ActivationAnswered,
    ActivationRequested,
    TaskCompletedByHand,
)
from domain.states import TERMINAL
from domain.values import Reason, Rejected
from domain.verification import Verification
from domain.work_order import WorkOrderClosed
from tests.decisions.arrows import illegal
from tests.decisions.world import OPERATOR, InMemory, add, ask, change, merging, queueing, sample

ENDED = {"terminated", "cancelled", "aborted"}


scripts = st.lists(st.integers(0, 2**20), min_size=8, max_size=70)


@contextmanager
def refusals(*codes: str) -> Iterator[None]:
    """The order may be refused, for one of these reasons."""
    try:
        yield
    except Rejected as rejected:
        if rejected.code not in codes:
            raise


class Chance:
    """The numbers of a script, one after the other; it ends where they end."""

    def __init__(self, numbers: list[int]) -> None:
        self._numbers = iter(numbers)
        self.over = False

    def of(self, choices: list[Any]) -> Any:
        """One of these; the first when the script is over."""
        number = next(self._numbers, None)
        self.over |= number is None
        return choices[(number or 0) % len(choices)]


# Everybody waits who may.
WAITING = queueing(*sample().offerings)
# Everybody joins who may.
MERGING = merging(*sample().offerings)
# Every dependency takes half an hour longer.
LAGGING = replace(sample(), dependencies=tuple(replace(each, lag=1800.0) for each in sample().dependencies))


class Story:
    """One run: orders, answers, operators and cancels as the script says, with every rule checked on the way."""

    def __init__(self, numbers: list[int], rebuild_each: bool = False) -> None:
        self.chance = Chance(numbers)
        self.world = InMemory(self.chance.of([sample(), WAITING, LAGGING, MERGING]), rebuild_each)

    def run(self) -> None:
        self.submit()
        while not self.chance.over:
            self.step()
            self.check_open_orders()
        self.finish()
        self.check_end()

    # The steps ------------------------------------------------------------------------------------------------------------------------
    def step(self) -> None:
        steps: list[Callable[[], None]] = [
            *[self.answer] * 8,
            self.answer_all,
            *[self.answer_badly] * 2,
            self.answer_again,
            self.keep_silent,
            *[self.repair] * 3,
            *[self.submit] * 4,
            *[self.submit_services] * 2,
            self.supply,
            *[self.amend] * 3,
            self.cancel,
            self.hold_or_release,
            self.switch,
            self.stop,
        ]
        self.chance.of(steps)()

    def submit(self) -> None:
        if len(self.world.orders) < 6:
            items = self.chance.of(ORDERS)(self)
            start = self.chance.of([None, None, None, self.world.now + timedelta(seconds=1200)])
            completion = self.chance.of([None, None, self.world.now + timedelta(seconds=3600), self.world.now])
            with refusals("conflict", "invalid"):
                self.world.order(*items, start=start, completion=completion)

    def submit_services(self) -> None:
        """Somebody else sends a service order."""
        if len(self.world.orders) < 6:
            items = self.chance.of(SERVICE_ORDERS)(self)
            start = self.chance.of([None, None, None, self.world.now + timedelta(seconds=1200)])
            with refusals("conflict", "invalid"):
                self.world.order_services(*items, start=start)

    def answer(self) -> None:
        if out := self.world.outstanding():
            order, task = self.chance.of(out)
            if self.is_manual(order, task):
                self.decide(task, self.chance.of([fallout.COMPLETE, fallout.COMPLETE, fallout.SKIP, fallout.ABORT]), order)
            else:
                self.world.answer(task, order=order, port="7")

    def answer_all(self) -> None:
        """Everything goes well for a while."""
        self.world.complete_all(but=lambda task: task.endswith("reserve") and self.chance.of([False, False, False, True]))

    def answer_badly(self) -> None:
        if out := [each for each in self.world.outstanding() if not self.is_manual(*each)]:
            order, task = self.chance.of(out)
            bad = ["cancelled", "failed", "scheduled"] if task.startswith("wo-") else ["rejected", "failed", "inProgress"]
            self.world.answer(task, self.chance.of(bad), order)

    def answer_again(self) -> None:
        """A key that has been answered is answered once more: a repeat, or another answer that comes too late."""
        asked = [
            (order, id)
            for order in self.world.orders
            for id, task in self.world.tasks(order).items()
            if task.key and task.state not in (RUNNING, RETRYING, FALLOUT, PARKED)
        ]
        if asked:
            order, task = self.chance.of(asked)
            outcome = self.chance.of(["completed", "rejected", "failed"])
            if self.world.task(task, order).state == GONE and outcome == "completed":
                self.world.answer(task, outcome, order)  # then it is taken down again
                return
            before = [self.world.state(stream) for stream in self.streams()]
            self.world.answer(task, outcome, order)
            assert before == [self.world.state(stream) for stream in self.streams()]

    def keep_silent(self) -> None:
        self.world.let_time_pass()

    def repair(self) -> None:
        if stopped := self.world.fallouts():
            order, task = self.chance.of(stopped)
            self.decide(task, self.chance.of(list(fallout.OPERATOR_ACTIONS)), order)

    def decide(self, task: str, action: str, order: str) -> None:
        """What is done by hand is completed with what its form asks for."""
        form = self.world.form_of(task, order) if action == fallout.COMPLETE and self.is_manual(order, task) else {}
        self.world.resolve(task, action, order, **form)

    def supply(self) -> None:
        """The number that a voice line waits for comes, or still does not."""
        for order in self.world.orders:
            if self.world.state(order).waits_for_information:
                number = self.chance.of([{}, {"portingNumber": "+31201234567"}])
                with refusals("conflict"):
                    self.world.supply(order, add("1", "voice-line", numberPorting=True, **number), add("2", "tv"))

    def cancel(self) -> None:
        order = self.chance.of(self.world.orders or [""])
        if order:
            with refusals("conflict"):
                self.world.cancel(order, include_completed=self.chance.of([False, True]))

    def hold_or_release(self) -> None:
        order = self.chance.of(self.world.orders or [""])
        if order:
            act = self.chance.of([self.world.hold, self.world.hold, self.world.release])
            with refusals("conflict"):
                act(*self.chance.of([[], list(self.world.state(order).parts)[:1]]), order=order)

    def switch(self) -> None:
        """A target system goes offline, or comes back."""
        name = self.chance.of(["gpon", "hlr", "assurance", "field-service"])
        if name in self.world.offline:
            self.world.bring_online(name)
        else:
            self.world.take_offline(name)

    def stop(self) -> None:
        """A person sees that a step comes to nothing."""
        if out := [*self.world.outstanding(), *self.world.parked()]:
            order, task = self.chance.of(out)
            reason = Reason("odd", "Something is wrong")
            self.world.send(RaiseFallout(self.world.stream_of(task, order), task, fallout.BY_HAND, reason, "major", "", OPERATOR))

    def amend(self) -> None:
        """What was previewed is what is applied: the plan hash is that of the preview, and nothing but what it names is undone or asked again."""
        order = self.chance.of(self.world.orders or [""])
        if not order or not order.startswith("po-"):
            return
        items = list(self.chance.of(AMENDMENTS)(self, order))
        with refusals("conflict", "invalid"):
            seen = self.world.assess(order, *items)
            if seen is not None:
                self.world.amend(order, *items, hash=seen.plan_hash)
                assert self.world.events(ProductOrderAmended)[-1].impact == seen.impact

    def finish(self) -> None:
        """From now on everybody does what is asked."""
        for name in sorted(self.world.offline):
            self.world.bring_online(name)
        for order in self.world.orders:
            with refusals("conflict"):
                self.world.release(order=order)
        self.world.release_parked()
        self.world.let_time_pass(1201)
        for _ in range(400):
            self.world.complete_all()
            stopped = self.world.fallouts()
            if not stopped and not any(self.world.state(order).steps for order in self.world.orders):
                break
            if not stopped:
                self.world.let_time_pass(1800)
                continue
            order, task = stopped[0]
            self.world.resolve(task, fallout.RETRY, order)
        waiting = [order for order in self.world.orders if self.world.state(order).waits_for_information]
        for order in waiting:
            if self.world.state(order).state not in TERMINAL and not self.world.state(order).cancelling:
                self.world.cancel(order)
                self.world.complete_all()

    def is_manual(self, order: str, task: str) -> bool:
        return not task.startswith("wo-") and self.world.task(task, order).planned.kind == "manual"

    def streams(self) -> list[str]:
        return sorted({recorded.stream for recorded in self.world.log})

    def products(self) -> list[str]:
        """Products that can be changed, or at least once could."""
        return [stream for stream in self.streams() if stream.startswith("pr-")]

    # What must hold -------------------------------------------------------------------------------------------------------------------
    def check_open_orders(self) -> None:
        for order in self.world.orders:
            state: ProductOrder = self.world.state(order)
            assert state.state == rolled_up(state)
            if state.state not in TERMINAL:
                assert any(self.obligations(order, state)), f"{order} is {state.state} and waits for nobody"

    def obligations(self, order: str, state: ProductOrder) -> Iterator[bool]:
        yield state.scheduled is not None
        yield state.waits_for_information
        yield bool(state.behind)
        yield bool(state.held)
        yield bool(state.steps)
        for number in state.service_orders:
            for task in self.world.state(service_order_id(order, number)).tasks.values():
                yield task.state in (FALLOUT, PARKED) or (
                    task.state in (RUNNING, RETRYING) and (task.due is not None or task.planned.kind == "manual")
                )
        for visit in state.work_orders:
            yield self.world.state(visit).state == "held" or self.world.is_out(self.world.state(visit))

    def check_end(self) -> None:
        for order in self.world.orders:
            assert self.world.state(order).state in TERMINAL, f"{order} is {self.world.state(order).state}"
            for number in self.world.state(order).service_orders:
                stream = service_order_id(order, number)
                assert self.world.state(stream).state in TERMINAL, f"{stream} is {self.world.state(stream).state}"
        self.check_install_base()
        self.check_suspended()
        self.check_network()
        verification = Verification()
        for recorded in self.world.log:
            verification.learn(recorded)
        offenders = [offender for invariant in verification.report() for offender in invariant.offenders]
        assert offenders == []
        assert illegal(self.world.log) == []

    def check_install_base(self) -> None:
        """Everything that a customer has works, and nothing works that nobody has."""
        products: dict[str, Product] = {stream: self.world.state(stream) for stream in self.products()}
        services: dict[str, Service] = self.world.services()
        for id, product in products.items():
            assert not product.pending, f"{id} is still being changed by {product.pending}"
            assert product.status in (ACTIVE, SUSPENDED) or product.status in ENDED, f"{id} is {product.status}"
            if product.status not in ENDED:
                for service in product.services:
                    assert services[service].is_live, f"{id} is active, its {service} is {services[service].state}"
                    assert id in services[service].holders, f"{id} does not hold its {service}"
        for id, held in services.items():
            assert not held.pending, f"{id} is still being changed by {held.pending}"
            if held.is_live:
                holding = [each for each in held.holders if (products.get(each) or services[each]).status not in ENDED]
                assert holding == list(held.holders), f"{id} is held by products or services that are gone"
                assert holding, f"{id} is {held.state}, and nobody holds it"

    def check_suspended(self) -> None:
        """What nobody uses but suspended products does not run, and what another product uses does. (What was undone, or left out by an operator, may be
        otherwise.)"""
        if any(event.accepted for event in self.world.events(ProductOrderCancellationAssessed)) or self.world.events(FalloutResolved):
            return
        if any(event.skipped for event in self.world.events(TaskCompletedByHand)) or self.world.events(WorkOrderClosed):
            return
        for id, service in self.world.services().items():
            if service.is_live:
                suspended = {self.world.state(holder).status for holder in service.holders} == {SUSPENDED}
                assert service.state == (INACTIVE if suspended else "active"), f"{id} is {service.state}"

    def check_network(self) -> None:
        """What target systems have built is what the inventory says (but for what people did by hand, and tests that leave nothing behind)."""
        built: dict[tuple[str, str], bool] = {}
        service_of: dict[tuple[str, str], str] = {}
        by_hand = set()
        for recorded in self.world.log:
            event, task = recorded.event, (recorded.stream, getattr(recorded.event, "task", ""))
            if isinstance(event, ActivationRequested):
                service_of[task] = event.request["service"]["id"]
            elif isinstance(event, ActivationAnswered) and event.outcome == "completed":
                action = event.key.rsplit(".", 2)[1]
                built[service_of[task], task[1].rpartition(".")[2]] = action != "delete"
            elif isinstance(event, TaskCompletedByHand | FalloutResolved) and task in service_of:
                by_hand.add(service_of[task])
        services = self.world.services()
        for (id, name), there in built.items():
            if id not in by_hand and name != "test":
                assert there == services[id].is_live, f"{id} is {services[id].state}, and {name} of it is {'' if there else 'not '}there"


def _active(story: Story) -> list[str]:
    return [stream for stream in story.products() if story.world.state(stream).status == ACTIVE]


def _delete(story: Story) -> list[dict[str, Any]]:
    products = story.chance.of([story.products(), _active(story)])
    return [change("1", "delete", story.chance.of(products))] if products else [add("1", "mobile-line")]


def _delete_two(story: Story) -> list[dict[str, Any]]:
    return [change(str(n), "delete", product) for n, product in enumerate(_active(story)[-2:], 1)] or [add("1", "tv")]


def _modify(story: Story) -> list[dict[str, Any]]:
    products = _active(story)
    if not products:
        return [add("1", "fibre-broadband")]
    product = story.chance.of(products)
    match story.world.state(product).offering:
        case "fibre-broadband":
            mesh = story.chance.of([[], [], [add("2", "wifi-mesh")]])
            return [change("1", "modify", product, downstream=story.chance.of([100, 500, 1000]), nested=mesh)]
        case "tv":
            return [change("1", "modify", product, setTopBoxes=story.chance.of([1, 2, 3, 4]))]
        case _:
            return [change("1", "modify", product), add("2", "tv")]


def _suspend_or_resume(story: Story) -> list[dict[str, Any]]:
    products = [stream for stream in story.products() if story.world.state(stream).status in (ACTIVE, SUSPENDED)]
    if not products:
        return [add("1", "tv"), add("2", "voice-line")]
    product = story.chance.of(products)
    item = change("1", "modify", product)
    item["product"]["status"] = SUSPENDED if story.world.state(product).status == ACTIVE else ACTIVE
    return [item]


def _move_or_renew(story: Story) -> list[dict[str, Any]]:
    products = _active(story)
    if not products:
        return [add("1", "tv", site="site-2")]
    item = change("1", "modify", story.chance.of(products))
    changes = {"place": [{"id": story.chance.of(["site-1", "site-2"]), "role": "installation"}]}
    item["product"] |= story.chance.of([changes, changes, {"productTerm": [{"name": "a year"}]}])
    return [item]


ORDERS: list[Callable[[Story], list[dict[str, Any]]]] = [
    lambda story: [add("1", "triple-play")],
    lambda story: [add("1", "mobile-line", site="")],
    lambda story: [add("1", "triple-play"), add("2", "mobile-line", relies_on="1"), add("3", "tv", site="site-2", relies_on="2")],
    lambda story: [
        add("1", "fibre-broadband", downstream=1000),
        add("2", "voice-line", relies_on="1", numberPorting=True, portingNumber="1"),
    ],
    lambda story: [add("1", "tv", setTopBoxes=2)],
    lambda story: [add("1", "fibre-broadband", nested=[add("1.1", "wifi-mesh"), add("1.2", "wifi-mesh")]), add("2", "tv")],
    lambda story: [add("1", "voice-line", numberPorting=True), add("2", "tv")],
    lambda story: [add("1", "business-ethernet", bandwidth=500), add("2", "hosted-pbx", seats=20)],
    _delete,
    _delete,
    _delete_two,
    _modify,
    _modify,
    _modify,
    _suspend_or_resume,
    _suspend_or_resume,
    _move_or_renew,
    _move_or_renew,
]


def _live_services(story: Story) -> list[str]:
    return [id for id, service in story.world.services().items() if service.is_live]


def _change_service(story: Story) -> list[dict[str, Any]]:
    services = _live_services(story)
    if not services:
        return [ask("1", "access-line", downstream=500)]
    service, action = story.chance.of(services), story.chance.of(["modify", "modify", "delete", "delete", "noChange"])
    named = story.chance.of([{}, {}, {"downstream": 100}]) if action == "modify" else {}
    return [ask("1", action=action, service=service, **named), ask("2", "home-gateway")][: story.chance.of([1, 1, 2])]


SERVICE_ORDERS: list[Callable[[Story], list[dict[str, Any]]]] = [
    lambda story: [ask("1", "internet-access", downstream=500), ask("2", "mobile-service", after="1")],
    lambda story: [ask("1", "access-line", downstream=500)],
    lambda story: [ask("1", "access-line"), ask("2", "gpon-port", downstream=100)],
    lambda story: [ask("1", "internet-access", nested=[ask("2", "ip-session", site="")])],
    lambda story: [ask("1", "ethernet-line", bandwidth=100), ask("2", "voice-service", numberPorting=True)],
    lambda story: [ask("1", action="delete", service=each) for each in _live_services(story)[-1:]] or [ask("1", "home-gateway")],
    _change_service,
    _change_service,
    _change_service,
]


def _said(id: str, **values: Any) -> dict[str, Any]:
    return {"id": id, "product": {"productCharacteristic": [{"name": name, "value": value} for name, value in values.items()]}}


def _changed(story: Story, order: str) -> list[dict[str, Any]]:
    """Another value of one of the items."""
    plan = story.world.state(order).plan
    items = [item for item in plan.items if item.action in ("add", "modify")] if plan is not None else []
    if not items:
        return [add("9", "mobile-line")]
    item = story.chance.of(items)
    match item.offering:
        case "fibre-broadband":
            return [_said(item.id, downstream=story.chance.of([100, 500, 1000]))]
        case "tv":
            return [_said(item.id, setTopBoxes=story.chance.of([1, 2, 3, 4]))]
        case "mobile-line":
            return [_said(item.id, simType=story.chance.of(["esim", "physical"]))]
        case "voice-line":
            return [_said(item.id, numberPorting=True, portingNumber="7")]
        case _:
            return [{"id": item.id, "product": {"place": [{"id": story.chance.of(["site-1", "site-3"]), "role": "installation"}]}}]


def _moved(story: Story, order: str) -> list[dict[str, Any]]:
    """One of the items goes to another site."""
    plan = story.world.state(order).plan
    items = [item.id for item in plan.items if item.action == "add"] if plan is not None else []
    if not items:
        return [add("9", "mobile-line")]
    site = story.chance.of(["site-1", "site-2", "site-3"])
    return [{"id": story.chance.of(items), "product": {"place": [{"id": site, "role": "installation"}]}}]


def _taken_out(story: Story, order: str) -> list[dict[str, Any]]:
    plan = story.world.state(order).plan
    items = plan.items if plan is not None else ()
    if not items:
        return [add("9", "tv")]
    item = story.chance.of(list(items))
    return [{"id": item.id, "action": "delete" if item.action == "add" else "noChange"}]


AMENDMENTS: list[Callable[[Story, str], list[dict[str, Any]]]] = [
    _changed,
    _changed,
    _changed,
    _moved,
    _taken_out,
    _taken_out,
    lambda story, order: [add(f"{order[3:]}9", "tv", site=story.chance.of(["site-1", "site-2"]))],
    lambda story, order: [add(f"{order[3:]}8", "voice-line", relies_on=story.chance.of(["1", ""]))],
    lambda story, order: [*_changed(story, order), add(f"{order[3:]}7", "fibre-broadband")],
]
