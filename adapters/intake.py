"""Intake: messages of the inward topics, each read once into what it asks of the engine, or set aside with the reason (contract, "Upstream").

What cannot be read becomes a dead letter; what the domain refuses becomes an event with the reasons. Nothing is dropped.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any

import structlog

from adapters import telemetry
from adapters.dead_letters import ATTEMPTS, attempts_before
from adapters.engine.port import Clock, Delivery, Identity, Intake, Request
from adapters.topics.port import Batch, Message
from domain.intake import DeadLettered, KeepDeadLetter
from domain.order_document import customer_of
from domain.product_order import (
    AmendProductOrder,
    CancelProductOrder,
    RefuseChange,
    RejectProductOrder,
    SubmitProductOrder,
    SubmitServiceOrder,
)
from domain.service_order import AnswerActivation, task_of_key
from domain.values import Reason, Rejected
from domain.work_order import AnswerWorkOrder
from schemas import product_ordering, results, service_ordering
from schemas.cloud_events import Received, received
from schemas.reading import Unreadable, digest

PRODUCT_ORDER_COMMANDS = "crossconnect.product-order.commands.v1"
SERVICE_ORDER_COMMANDS = "crossconnect.service-order.commands.v1"
ACTIVATION_RESULTS = "crossconnect.activation.results.v1"
WORK_ORDER_RESULTS = "crossconnect.work-order.results.v1"

SUBMIT, AMEND, CANCEL = (f"crossconnect.product-order.{verb}.v1" for verb in ("submit", "amend", "cancel"))
SUBMIT_SERVICES, CANCEL_SERVICES = (f"crossconnect.service-order.{verb}.v1" for verb in ("submit", "cancel"))


# So many messages in a row that cannot be taken in mean that something else is wrong: a bad deploy must not empty a topic into the dead letters.
MOST_DEAD_LETTERS = 100

log = structlog.get_logger()


class IntakeStopped(Exception):
    """Nothing more is taken in from a topic, until somebody has looked and started Crossconnect again."""


class Feed:
    """Hands batches of messages to the engine: what a source calls as `deliver`. `stopped` has a sentence for every topic that is not read any more."""

    def __init__(self, engine: Intake, clock: Clock, new_id: Callable[[], str]) -> None:
        self._engine = engine
        self._clock = clock
        self._new_id = new_id
        self._in_a_row: dict[str, int] = {}
        self.stopped: dict[str, str] = {}

    def deliver(self, batch: Batch) -> "Future[None]":
        """One request a message; the offset commits with their effects."""
        if batch.topic in self.stopped:
            return _refused_batch(IntakeStopped(self.stopped[batch.topic]))
        origin: dict[int, Message] = {}
        aside: dict[int, str] = {}  # why, by offset
        requests = []
        for message in batch.messages:
            request = self._request(message, aside)
            origin[id(request)] = message
            requests.append(request)

        def refused(request: Request, error: Exception) -> Request | None:
            return self._refused(origin[id(request)], request, error, aside)

        name = f"{batch.topic}:{batch.partition}"
        committed: Future[None] = Future()
        committed.set_running_or_notify_cancel()
        delivery = Delivery(requests, name, batch.expected, [message.offset + 1 for message in batch.messages], refused)
        self._engine.deliver(delivery).add_done_callback(partial(self._delivered, batch, aside, committed))
        return committed

    def _delivered(self, batch: Batch, aside: dict[int, str], committed: "Future[None]", future: "Future[None]") -> None:
        """Count the bad messages of what was committed, then tell the source."""
        if (error := future.exception()) is not None:
            committed.set_exception(error)
            return
        for message in batch.messages:
            self._count(message, aside.get(message.offset))
        if aside:
            telemetry.DEAD_LETTERS.labels(batch.topic).inc(len(aside))
        committed.set_result(None)

    def _count(self, message: Message, why: str | None) -> None:
        """One that an operator has sent again and that is still bad says nothing about what comes in."""
        if why is not None and attempts_before(message.headers):
            return
        count = self._in_a_row.get(message.topic, 0) + 1 if why is not None else 0
        self._in_a_row[message.topic] = count
        if count >= MOST_DEAD_LETTERS:
            told = f"{count} messages of {message.topic} in a row could not be taken in, the last because: {why}"
            self.stopped.setdefault(message.topic, told)

    def _request(self, message: Message, aside: dict[int, str]) -> Request:
        try:
            return _READERS[message.topic](self, message)
        except Unreadable as unreadable:
            return self._dead_letter(message, unreadable, aside)

    # What cannot be taken in --------------------------------------------------------------------------------------------------------
    def _dead_letter(self, message: Message, error: Exception, aside: dict[int, str]) -> Request:
        if message.offset not in aside:  # a batch that lost a race is decided again
            place = {"topic": message.topic, "partition": message.partition, "offset": message.offset}
            log.warning("a message was set aside", **place, reason=str(error), exception=type(error).__name__)
        aside[message.offset] = str(error)
        letter = DeadLettered(
            topic=message.topic,
            partition=message.partition,
            offset=message.offset,
            key=message.key,
            headers={name: b64encode(value).decode() for name, value in message.headers if name != ATTEMPTS},
            value=b64encode(message.value).decode(),
            reason=str(error),
            exception=type(error).__name__,
            attempts=attempts_before(message.headers) + 1,
            first_seen=self._clock(),
        )
        stream = f"dead-{message.topic}-{message.partition}"
        return Request(KeepDeadLetter(stream, letter), message.key, _place(message))

    def _refused(self, message: Message, request: Request, error: Exception, aside: dict[int, str]) -> Request:
        """A refused change of an order that exists is told by an event, and an order that is not the one of its externalId is kept as rejected;
        everything else that was refused is set aside."""
        command = request.command
        if isinstance(error, Rejected) and error.code == "conflict" and isinstance(command, SubmitProductOrder | SubmitServiceOrder):
            rejected = RejectProductOrder(command.stream, command.document, command.customer, command.requester, error.reasons)
            return request._replace(command=rejected, identities=request.identities[:1])  # the message's own, by which a repeat is known
        if isinstance(error, Rejected) and error.code != "unknown" and isinstance(command, CancelProductOrder):
            return Request(RefuseChange(command.stream, command.cancel, "cancel", error.reasons), request.customer, request.causation)
        if isinstance(error, Rejected) and error.code != "unknown" and isinstance(command, AmendProductOrder):
            return Request(RefuseChange(command.stream, command.amendment, "amend", error.reasons), request.customer, request.causation)
        return self._dead_letter(message, error, aside)

    # One reader a topic -------------------------------------------------------------------------------------------------------------
    def _product_order_command(self, message: Message) -> Request:
        event = received(message.headers, message.value)
        kind = event.type or SUBMIT
        if kind == SUBMIT:
            return self._submit(message, event)
        if kind == CANCEL:
            return self._cancel(message, event)
        if kind == AMEND:
            return self._amend(message, event)
        raise Unreadable(f"ce_type must be {SUBMIT}, {AMEND} or {CANCEL}, not {kind!r}.")

    def _service_order_command(self, message: Message) -> Request:
        event = received(message.headers, message.value)
        kind = event.type or SUBMIT_SERVICES
        if kind == SUBMIT_SERVICES:
            return self._submit_services(message, event)
        if kind == CANCEL_SERVICES:
            return self._cancel_services(message, event)
        raise Unreadable(f"ce_type must be {SUBMIT_SERVICES} or {CANCEL_SERVICES}, not {kind!r}.")

    def _submit_services(self, message: Message, event: Received) -> Request:
        document = service_ordering.read_create(event.data)
        stream = f"sr-{self._new_id()}"
        customer = customer_of(document, message.key) or stream
        requester = event.source or customer
        return Request(
            SubmitServiceOrder(stream, document, customer, requester, *product_ordering.requested_dates(document), keep_refusal=True),
            customer,
            event.id or str(document.get("externalId") or _place(message)),
            identities_of(document, requester, (event.source, event.id) if event.id else ("", _place(message)), SERVICES),
            201,
        )

    def _cancel_services(self, message: Message, event: Received) -> Request:
        document = service_ordering.read_cancel(event.data)
        id, order = event.id or _place(message), str(document["serviceOrder"]["id"])
        if not order.startswith("sr-"):
            raise Unreadable(f"There is no service order {order} that came from outside.")
        command = CancelProductOrder(order, id, bool(document.get("includeCompleted")), document)
        return Request(command, message.key, id, (Identity(event.source, id, digest(document)),), 201)

    def _submit(self, message: Message, event: Received) -> Request:
        document = product_ordering.read_create(event.data)
        stream = f"po-{self._new_id()}"
        customer = customer_of(document, message.key) or stream
        requester = event.source or customer
        return Request(
            SubmitProductOrder(stream, document, customer, requester, *product_ordering.requested_dates(document), keep_refusal=True),
            customer,
            event.id or str(document.get("externalId") or _place(message)),
            identities_of(document, requester, (event.source, event.id) if event.id else ("", _place(message))),
            201,
        )

    def _cancel(self, message: Message, event: Received) -> Request:
        document = product_ordering.read_cancel(event.data)
        id = event.id or _place(message)
        identity = Identity(event.source, id, digest(document))
        command = CancelProductOrder(_order(document), id, bool(document.get("includeCompleted")), document)
        return Request(command, message.key, id, (identity,), 201)

    def _amend(self, message: Message, event: Received) -> Request:
        document = product_ordering.read_amend(event.data)
        _order(document)
        id = event.id or _place(message)
        return Request(product_ordering.amend_command(document, id), message.key, id, (Identity(event.source, id, digest(document)),), 201)

    def _activation_result(self, message: Message) -> Request:
        result = results.read_activation(message.value)
        place = task_of_key(result["activationKey"])
        if place is None:
            raise Unreadable(f"Nobody has asked for activation key {result['activationKey']!r}.")
        stream, task = place
        command = AnswerActivation(
            stream,
            task,
            result["activationKey"],
            result["outcome"],
            {each["name"]: each.get("value") for each in result.get("serviceCharacteristic") or ()},
            _reason(result),
            result.get("attempt") or 0,
            results.occurred_at(result) or self._clock(),
        )
        return Request(command, message.key, event_id(message))

    def _work_order_result(self, message: Message) -> Request:
        result = results.read_work_order(message.value)
        key = result["workOrderKey"]
        stream = key.rpartition(".")[0]
        if not stream.startswith("wo-"):
            raise Unreadable(f"Nobody has asked for work order key {key!r}.")
        at = results.occurred_at(result) or self._clock()
        command = AnswerWorkOrder(stream, key, result["outcome"], results.appointment(result), _reason(result), at)
        return Request(command, message.key, event_id(message))


def _refused_batch(error: Exception) -> "Future[None]":
    future: Future[None] = Future()
    future.set_exception(error)
    return future


# What is ordered, where that is no product: products and services are numbered apart.
SERVICES = " for services"


def identities_of(document: Mapping[str, Any], requester: str, message: tuple[str, str] | None, of: str = "") -> tuple[Identity, ...]:
    """By which a submitted order is known again: its message's (source, id), and its externalId within its requester."""
    content = digest(document)
    known = [Identity(*message, content)] if message is not None else []
    external = document.get("externalId")
    if external:
        known.append(Identity(f"externalId{of} of {requester}", str(external), content, "conflict", 200))
    return tuple(known)


def event_id(message: Message) -> str:
    """The CloudEvents id of a message, else where it stands."""
    for name, value in message.headers:
        if name == "ce_id":
            return value.decode(errors="replace")
    return _place(message)


def _order(document: Mapping[str, Any]) -> str:
    """The stream of the product order that a change is for."""
    id = str(document["productOrder"]["id"])
    if not id.startswith("po-"):
        raise Unreadable(f"There is no product order {id}.")
    return id


def _place(message: Message) -> str:
    return f"{message.topic}-{message.partition}-{message.offset}"


def _reason(result: Mapping[str, Any]) -> Reason:
    reason = result.get("reason") or {}
    return Reason(str(reason.get("code") or ""), str(reason.get("message") or ""))


_READERS: dict[str, Callable[[Feed, Message], Request]] = {
    PRODUCT_ORDER_COMMANDS: Feed._product_order_command,
    SERVICE_ORDER_COMMANDS: Feed._service_order_command,
    ACTIVATION_RESULTS: Feed._activation_result,
    WORK_ORDER_RESULTS: Feed._work_order_result,
}
INWARD = tuple(_READERS)
