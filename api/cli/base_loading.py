"""`install-base load`: a file of products and services handed to the server, many at a time, and what was refused kept with the reasons."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TextIO

from api.cli.client import OURS, Api
from api.cli.failures import Failed
from domain.order_document import customer_of
from schemas.inventory import external_id

AT_ONCE = 200  # lines of one request
LARGEST = 2 * 1024 * 1024  # bytes of one request, half of what the server takes

Document = dict[str, Any]
NO_OBJECT = {"outcome": "refused", "message": "The line is no JSON object."}
REFERRING = ("realizingService", "supportingService")


class Loading:
    """One run. `loaded`, `known` and `refused` count lines."""

    def __init__(self, api: Api, refused_file: str) -> None:
        self.loaded = self.known = self.refused = 0
        self.refused_file = refused_file
        self._api = api
        self._names: dict[tuple[str, str], str] = {}
        self._out: TextIO | None = None

    def run(self, file: str, moved: Callable[[int, int], None]) -> None:
        """Load every line, in order. Raises Failed, with how far it came, when the server cannot be reached any more."""
        total = 0 if file == "-" else sum(1 for _ in _lines(file))
        done = 0
        try:
            for chunk in _chunks(_lines(file)):
                self._load(chunk)
                done = chunk[-1][0]
                moved(done, max(total, done))
        except Failed as failed:
            raise Failed(f"{failed} {done} lines have been dealt with; run it again to go on.", failed.code) from None
        finally:
            if self._out is not None:
                self._out.close()

    def counts(self) -> dict[str, int]:
        return {"loaded": self.loaded, "known": self.known, "refused": self.refused}

    def summary(self) -> str:
        return f"Loaded {self.loaded}, known already {self.known}, refused {self.refused}."

    def _load(self, chunk: list[tuple[int, str]]) -> None:
        parsed = {number: _parsed(line) for number, line in chunk}
        sent = {number: self._referring(document) for number, document in parsed.items() if document is not None}
        answers: dict[int, Document] = {}
        if sent:
            told = self._api.post(f"{OURS}/installBase", {"items": list(sent.values())})["items"]
            answers = dict(zip(sent, told, strict=True))
        for number, line in chunk:
            self._note(number, line, sent.get(number), answers.get(number, NO_OBJECT))

    def _note(self, number: int, line: str, document: Document | None, answer: Mapping[str, Any]) -> None:
        if answer["outcome"] == "refused" or document is None:
            self._refuse(number, line, answer["message"])
            return
        self.loaded += answer["outcome"] == "loaded"
        self.known += answer["outcome"] == "known"
        external, _ = external_id(document)
        if answer["id"].startswith("svc-") and external:
            self._names[customer_of(document), external] = answer["id"]

    def _referring(self, document: Document) -> Document:
        """With our ids for services of earlier requests, whose ids here may be made of their sites."""
        customer = customer_of(document) if self._names and isinstance(document.get("relatedParty"), list) else ""
        for name in REFERRING:
            for each in document.get(name) or () if customer else ():
                if isinstance(each, dict) and isinstance(each.get("id"), str):
                    each["id"] = self._names.get((customer, each["id"]), each["id"])
        return document

    def _refuse(self, number: int, line: str, why: str) -> None:
        self.refused += 1
        if self._out is None:
            self._out = open(self.refused_file, "w", encoding="utf-8")  # noqa: SIM115  # closed at the end of the run
        document = _parsed(line)
        told = {"line": number, "reason": why, "document": line if document is None else document}
        self._out.write(json.dumps(told, ensure_ascii=False) + "\n")


def refused_beside(file: str) -> str:
    """Where refused lines go when nobody says."""
    return "install-base.refused.jsonl" if file == "-" else f"{file}.refused.jsonl"


def _lines(file: str) -> Iterator[tuple[int, str]]:
    """Lines that say something, with their numbers. Raises Failed."""
    try:
        with open(0 if file == "-" else file, encoding="utf-8", closefd=file != "-") as opened:
            for number, line in enumerate(opened, 1):
                if line.strip():
                    yield number, line
    except OSError as error:
        raise Failed(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Failed(f"{'standard input' if file == '-' else file} is not UTF-8 text.") from None


def _chunks(lines: Iterator[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    chunk: list[tuple[int, str]] = []
    size = 0
    for number, line in lines:
        if chunk and (len(chunk) == AT_ONCE or size + len(line) > LARGEST):
            yield chunk
            chunk, size = [], 0
        chunk.append((number, line))
        size += len(line)
    if chunk:
        yield chunk


def _parsed(line: str) -> Document | None:
    try:
        document = json.loads(line)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
