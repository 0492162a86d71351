"""Dead letters: the messages that could not be taken in, and what operators do about them: send them again, or give them up."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from threading import Lock
from typing import Any, NamedTuple

from fastapi import APIRouter
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from adapters.dead_letters import kept, publish_again
from adapters.engine.port import Request
from adapters.read_models.port import Sort
from adapters.topics.port import MessageTooLarge, Producer, TopicsUnavailable
from api.http import caller, openapi
from api.http.context import Context, context_of
from api.http.errors import HttpError, not_found
from api.http.examples import DEAD_LETTER_ACTION
from api.http.messages import json_response, read_json_body, require_json_accepted
from api.http.own import ROOT, TITLE
from api.http.own.queues import MOST_AT_ONCE, filters_of
from api.http.own.shapes.dead_letters import DEAD_LETTER, LETTER_ACTION_BODY, LETTER_DECISIONS, READ_LETTER_ACTION
from api.http.resource import Resource, add_resource
from api.http.sources import Rows
from api.wiring import System
from domain.intake import DropDeadLetter, RedriveDeadLetter
from domain.values import Rejected, Who
from projections.dead_letters import DEAD_LETTERS, OPEN
from projections.view import Document
from schemas.reading import digest, read

REDRIVE = "redrive"

DEAD_LETTER_QUEUE = Resource("deadLetter", f"{ROOT}/deadLetters", TITLE, DEAD_LETTER, Rows(DEAD_LETTERS))


class Action(NamedTuple):
    """`document` is the body; `key` and `digest` are by what the request is known again."""

    name: str
    document: dict[str, Any]
    who: Who
    key: str
    digest: bytes


def add_dead_letters(router: APIRouter) -> None:
    """The queue and what is done about it."""
    router.add_api_route(f"{DEAD_LETTER_QUEUE.path}/actions", Decisions().act, methods=["POST"], **_acting())
    add_resource(router, DEAD_LETTER_QUEUE)


def _acting() -> dict[str, Any]:
    return openapi.operation(
        TITLE,
        f"Send dead letters again, or give them up, {MOST_AT_ONCE} at a time and the oldest first",
        "dead_letter_action",
        {
            200: openapi.answer("What was done, or would be.", LETTER_DECISIONS.reference),
            **openapi.errors(400, 403, 404, 406, 409, 413, 415, 422),
        },
        (openapi.IDEMPOTENCY, openapi.OPERATOR, openapi.ROLES),
        openapi.content(LETTER_ACTION_BODY.reference, example=DEAD_LETTER_ACTION),
    )


class Decisions:
    """One request at a time: two at once would both publish the letters that both see open."""

    def __init__(self) -> None:
        self._at_work = Lock()

    async def act(self, request: HttpRequest) -> Response:
        """POST deadLetters/actions."""
        require_json_accepted(request)
        action = _action(read(READ_LETTER_ACTION, await read_json_body(request)), request)
        context = context_of(request)
        return json_response(await context.run(self._carry_out, context, action))

    def _carry_out(self, context: Context, action: Action) -> Document:
        with self._alone():
            rows = _meant(context, action.document)
            if action.document.get("dryRun"):
                return _answer(True, [_told(row, action, "planned") for row in rows])
            with _producer(context.system, action) as producer:
                return _answer(False, [_decided(context.system, producer, row, action, alone=len(rows) == 1) for row in rows])

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._at_work.acquire(blocking=False):
            raise HttpError(409, "Dead letters are being worked on by somebody else: try again when that is done.", "conflict")
        try:
            yield
        finally:
            self._at_work.release()


def _action(document: dict[str, Any], request: HttpRequest) -> Action:
    if ("ids" in document) == ("filter" in document):
        raise HttpError(400, "Say which dead letters are meant: ids or filter, one of the two.", "invalidBody")
    if len(document.get("ids", ())) > MOST_AT_ONCE:
        raise HttpError(400, f"At most {MOST_AT_ONCE} dead letters are decided at a time.", "invalidBody")
    who = caller.operator(request, document.get("reason", ""))
    return Action(document["action"], document, who, caller.idempotency_key(request), digest(document))


def _meant(context: Context, document: dict[str, Any]) -> list[Document]:
    """The rows of the letters, the oldest first. Raises HttpError (400, 404)."""
    context.fresh()
    views = context.system.read_models
    if "filter" in document:
        filters = filters_of(DEAD_LETTER_QUEUE, document["filter"], OPEN)
        return views.select(DEAD_LETTERS, filters, (Sort("position", False),), limit=MOST_AT_ONCE, count=False).documents
    found = views.load(DEAD_LETTERS, list(dict.fromkeys(document["ids"])))
    for id in document["ids"]:
        if id not in found:
            raise not_found(DEAD_LETTER_QUEUE.noun, id[:200])
    return sorted(found.values(), key=lambda row: row["position"])


def _producer(system: System, action: Action) -> AbstractContextManager[Producer | None]:
    """Only who sends needs one: letters can be given up while the broker is away."""
    if action.name != REDRIVE:
        return nullcontext()
    try:
        return closing(system.topics.producer())
    except TopicsUnavailable as error:
        raise _unavailable(error) from error


def _decided(system: System, producer: Producer | None, row: Document, action: Action, alone: bool) -> Document:
    """Decide about one letter and tell it. A refusal ends the request only when it is about one letter."""
    try:
        if producer is not None and row["state"] == OPEN:
            _publish(system, producer, row)
        system.engine.submit(_request(system, row, action)).result()
    except Rejected as refused:
        if alone:
            raise
        return {**_told(row, action, "refused"), "message": refused.sentence}
    return _told(row, action, "accepted")


def _publish(system: System, producer: Producer, row: Document) -> None:
    letter = kept(system.log, system.codec, row)
    try:
        publish_again(producer, letter.event, int(system.clock().timestamp() * 1000))
    except MessageTooLarge as error:
        raise Rejected("invalid", str(error)) from error
    except TopicsUnavailable as error:
        raise _unavailable(error) from error


def _request(system: System, row: Document, action: Action) -> Request:
    stream, _, number = row["id"].rpartition(":")
    kind = RedriveDeadLetter if action.name == REDRIVE else DropDeadLetter
    key = f"{action.key}/{row['id']}" if action.key else ""
    return Request(kind(stream, int(number), action.who), row["key"], action.key or system.new_id(), caller.sent_before(key, action.digest))


def _unavailable(error: TopicsUnavailable) -> HttpError:
    return HttpError(
        503, f"{str(error).rstrip('.')}. What was done stands; send the request again.", "unavailable", headers={"Retry-After": "1"}
    )


def _told(row: Document, action: Action, outcome: str) -> Document:
    return {"id": row["id"], "topic": row["topic"], "action": action.name, "outcome": outcome}


def _answer(dry_run: bool, letters: list[Document]) -> Document:
    return {"@type": "DeadLetterDecisions", "dryRun": dry_run, "deadLetters": letters}
