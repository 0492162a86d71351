"""Whether the schema of a message may take the place of an earlier one under the same major version: nobody who reads or writes it may notice.

A message that leads in may be sent as before; one that leads out has nothing that its readers have not seen before. An attribute that was ever told stays.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

Schema = Mapping[str, Any]

LEAST = ("minLength", "minItems", "minimum")
MOST = ("maxLength", "maxItems", "maximum")
ANYTHING = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})


def breaks(before: Schema, now: Schema, leads: Literal["in", "out"]) -> list[str]:
    """What a reader or writer of the earlier schema would notice, a sentence each."""
    return list(dict.fromkeys(_Comparison(before, now, leads == "in").of("", before, now)))


class _Comparison:
    def __init__(self, before: Schema, now: Schema, inward: bool) -> None:
        self._before = before
        self._now = now
        self._inward = inward
        self._seen: set[tuple[int, int]] = set()

    def of(self, path: str, before: Schema, now: Schema) -> Iterator[str]:
        """Two schemas of the same thing, and all that is within."""
        before, now = _resolved(self._before, before), _resolved(self._now, now)
        if (id(before), id(now)) in self._seen:
            return
        self._seen.add((id(before), id(now)))
        earlier, later = list(_variants(self._before, before)), list(_variants(self._now, now))
        yield from self._kinds(path, earlier, later)
        for one in earlier:
            for other in later:
                if one.get("type") == other.get("type"):
                    yield from self._variant(path, one, other)

    def _kinds(self, path: str, earlier: list[Schema], later: list[Schema]) -> Iterator[str]:
        was, is_now = (frozenset().union(*map(_kinds_of, each)) for each in (earlier, later))
        wide, narrow = (is_now, was) if self._inward else (was, is_now)
        if not narrow <= wide:
            yield f"{path or 'the message'} is {_words(is_now)}, it was {_words(was)}"

    def _variant(self, path: str, before: Schema, now: Schema) -> Iterator[str]:
        yield from self._values(path, before, now)
        yield from self._bounds(path, before, now)
        yield from self._mandatory(path, before, now)
        for name, schema in before.get("properties", {}).items():
            place = f"{path}.{name}" if path else name
            if name not in now.get("properties", {}):
                yield f"{place} is gone"
            else:
                yield from self.of(place, schema, now["properties"][name])
        if "items" in before and "items" in now:
            yield from self.of(f"{path}[]", before["items"], now["items"])

    def _values(self, path: str, before: Schema, now: Schema) -> Iterator[str]:
        wide, narrow = (_values_of(each) for each in self._wide_and_narrow(before, now))
        if wide is not None and (narrow is None or not narrow <= wide):
            yield f"{path} has other values: {_listed(now)}; they were {_listed(before)}"

    def _bounds(self, path: str, before: Schema, now: Schema) -> Iterator[str]:
        wide, narrow = self._wide_and_narrow(before, now)
        for name in (*LEAST, *MOST):
            if name in wide and (name not in narrow or (narrow[name] < wide[name] if name in LEAST else narrow[name] > wide[name])):
                yield f"{path} has another {name}: {now.get(name, 'none')}, it was {before.get(name, 'none')}"
        if before.get("pattern") != now.get("pattern"):
            yield f"{path} has another pattern"

    def _mandatory(self, path: str, before: Schema, now: Schema) -> Iterator[str]:
        wide, narrow = (set(each.get("required", ())) for each in self._wide_and_narrow(before, now))
        for name in sorted(wide - narrow):
            yield f"{path}{'.' if path else ''}{name} {'is mandatory now' if self._inward else 'may be missing now'}"

    def _wide_and_narrow(self, before: Schema, now: Schema) -> tuple[Schema, Schema]:
        """Whatever the second allows, the first must allow."""
        return (now, before) if self._inward else (before, now)


def _resolved(root: Schema, schema: Schema) -> Schema:
    while "$ref" in schema:
        found: Schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        schema = found
    return schema


def _variants(root: Schema, schema: Schema) -> Iterator[Schema]:
    """The alternatives that a schema allows, itself when it has none."""
    schema = _resolved(root, schema)
    for each in schema.get("anyOf", ()):
        yield from _variants(root, each)
    if "anyOf" not in schema:
        yield schema


def _kinds_of(schema: Schema) -> frozenset[str]:
    if "type" not in schema:
        return ANYTHING
    return frozenset({"number", "integer"} if schema["type"] == "number" else {schema["type"]})


def _values_of(schema: Schema) -> set[Any] | None:
    """The only values that are allowed; None when there are no such."""
    return {schema["const"]} if "const" in schema else set(schema["enum"]) if "enum" in schema else None


def _listed(schema: Schema) -> str:
    values = _values_of(schema)
    return "any" if values is None else ", ".join(sorted(map(str, values)))


def _words(kinds: frozenset[str]) -> str:
    return "anything" if kinds == ANYTHING else " or ".join(sorted(kinds - ({"integer"} if "number" in kinds else set())))
