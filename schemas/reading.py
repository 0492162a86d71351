"""Reading what others send: parsed once, straight to plain dicts, with everything that is wrong said in the words of the specification.

Unknown attributes are kept. A string where a number belongs is refused, and so is what our stores could not hold or give back unchanged.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, from_json

from domain.values import Reason

# How every shape that comes from outside is read.
OPEN = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)
DEEPEST = 200  # levels of nesting; what from_json below refuses
LARGEST_BODY = 4 * 1024 * 1024
MOST_REASONS = 20

Json = dict[str, Any]


class Unreadable(Exception):
    """What was sent is not what it should be. `reasons` has one entry for each fault, with its path."""

    def __init__(self, sentence: str, reasons: tuple[Reason, ...] = ()) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.reasons = reasons or (Reason("unreadable", sentence),)


def read(shape: TypeAdapter[Any], body: bytes) -> Json:
    """The body as a dict, if it has the shape. Raises Unreadable."""
    return check(shape, parse(body))


def parse(body: bytes) -> Any:
    """The body as JSON that every store can keep and give back: no NaN, no numbers without bounds, no NUL in strings. Raises Unreadable."""
    if len(body) > LARGEST_BODY:
        raise Unreadable(f"The body has {len(body)} bytes; at most {LARGEST_BODY} are taken.")
    try:
        document = _decode(body)
        if body.count(b"[") + body.count(b"{") > DEEPEST:
            from_json(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"The body is not JSON: {_where(body, error)}.") from None
    if b"\\u0000" in body:
        _refuse_nul(document)
    return document


_decode = msgspec.json.Decoder().decode


def _where(body: bytes, error: Exception) -> str:
    """The fault with its line and column, if the other parser finds it too: it says that better."""
    try:
        from_json(body, allow_inf_nan=False)
    except ValueError as found:
        return str(found)
    return str(error).rstrip(".")


def check(shape: TypeAdapter[Any], document: Json) -> Json:
    """The same for what has been parsed already: a patched document. Raises Unreadable."""
    try:
        checked: Json = shape.validate_python(document)
    except ValidationError as error:
        raise _unreadable(error) from None
    return checked


def digest(document: Mapping[str, Any]) -> bytes:
    """Tells whether two documents say the same, whatever the order of their keys and their white space. Raises Unreadable for what cannot be stored."""
    try:
        return hashlib.blake2b(_canonical(document), digest_size=16).digest()
    except (OverflowError, UnicodeEncodeError, msgspec.MsgspecError, RecursionError) as error:
        raise Unreadable(f"The body has a value that cannot be kept: {error}.") from None


_canonical = msgspec.json.Encoder(order="sorted").encode


def time_at(document: Mapping[str, Any], path: str) -> datetime | None:
    """The moment that an attribute names, in UTC; None when it is absent. A time without an offset is refused: nobody could say which moment it is."""
    text = document.get(path)
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise _wrong_time(path, text) from None
    if time.tzinfo is None or "T" not in text.upper():
        raise _wrong_time(path, text)
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise _wrong_time(path, text) from None


def _wrong_time(path: str, value: Any) -> Unreadable:
    sentence = f"{path} must be a date-time with an offset, like 2026-11-22T09:00:00Z, not {_shown(value)}."
    return Unreadable(sentence, (Reason("invalid", sentence, path),))


def _refuse_nul(value: Any) -> None:
    """PostgreSQL keeps no NUL character in text."""
    todo = [value]
    while todo:
        each = todo.pop()
        if isinstance(each, str):
            if "\0" in each:
                raise Unreadable("The body has a string with the character NUL, which cannot be kept.")
        elif isinstance(each, dict):
            todo.extend(each)
            todo.extend(each.values())
        elif isinstance(each, list):
            todo.extend(each)


# Faults as sentences ------------------------------------------------------------------------------------------------------------------
def _unreadable(error: ValidationError) -> Unreadable:
    faults = error.errors(include_url=False, include_context=True)
    reasons = tuple(_reason(fault) for fault in faults[:MOST_REASONS])
    more = f" There are {len(faults) - 1} more faults." if len(faults) > 2 else " There is one more fault." if len(faults) == 2 else ""
    return Unreadable(f"{reasons[0].message}{more}", reasons)


def _reason(fault: ErrorDetails) -> Reason:
    path = path_of(fault["loc"])
    code = "missing" if fault["type"] == "missing" else "invalid"
    return Reason(code, _sentence(fault, path or "The body"), path)


def path_of(places: tuple[int | str, ...]) -> str:
    """`productOrderItem[0].product.productCharacteristic[1].value`."""
    path = ""
    for place in places:
        path += f"[{place}]" if isinstance(place, int) else f".{place}" if path else place
    return path


def _sentence(fault: ErrorDetails, path: str) -> str:
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "missing":
        return f"{path} is mandatory."
    if kind in ("too_short", "string_too_short"):
        return f"{path} must not be empty."
    wanted = f"one of {context['expected'].replace(' or ', ', ')}" if kind == "literal_error" else _WANTED.get(kind)
    return f"{path} must be {wanted}, not {_shown(fault['input'])}." if wanted else f"{path}: {fault['msg']}."


_WANTED = {
    "string_type": "a string",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "an object",
}


def _shown(value: Any) -> str:
    """The offending value, short enough for a sentence."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = msgspec.json.encode(value).decode() if isinstance(value, str | int | float | bool | None) else str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
