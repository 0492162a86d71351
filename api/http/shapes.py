"""The shape of a resource as JSON Schema: what OpenAPI publishes, and which attributes a request may name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter

from api.http.specifications import definitions

COMPONENTS = "#/components/schemas/"


@dataclass(frozen=True)
class Shape:
    """`name` is the component's name in OpenAPI, `components` every schema it needs, itself included. `more` are attributes that we add to those
    of the specification."""

    name: str
    components: Mapping[str, Any]
    more: frozenset[str] = field(default=frozenset())

    @property
    def reference(self) -> dict[str, Any]:
        """How OpenAPI points at it."""
        return {"$ref": COMPONENTS + self.name}

    def knows(self, path: str) -> bool:
        """Whether an attribute with this dotted path may exist."""
        first, _, _rest = path.partition(".")
        return first in self.more or self._knows(self._root, path.split("."))

    def many(self, name: str) -> "Shape":
        """A list of it."""
        return Shape(name, {**self.components, name: {"type": "array", "items": self.reference}})

    def partial(self, name: str) -> "Shape":
        """The same with nothing mandatory: a merge patch."""
        root = {key: value for key, value in self._root.items() if key != "required"}
        return Shape(name, {**self.components, name: {**root, "title": name}}, self.more)

    @cached_property
    def _root(self) -> Any:
        return self.components[self.name]

    def _knows(self, schema: Mapping[str, Any], steps: list[str]) -> bool:
        if not steps:
            return True
        resolved = self._resolved(schema)
        if choices := resolved.get("anyOf") or resolved.get("oneOf"):
            return any(self._knows(choice, steps) for choice in choices)
        if "items" in resolved:
            return self._knows(resolved["items"], steps)
        properties = resolved.get("properties")
        if not properties:
            return resolved.get("type") in (None, "object")  # an open value: anything may be inside
        return steps[0] in properties and self._knows(properties[steps[0]], steps[1:])

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = self.components[schema["$ref"].removeprefix(COMPONENTS)]
        return schema


def tmf_shape(number: str, name: str, more: frozenset[str] = frozenset()) -> Shape:
    """A resource of a TMF specification (`TMF622`, `ProductOrder`)."""
    return Shape(f"{number}_{name}", definitions(number), more)


def own_shape(type: Any) -> Shape:
    """A TypedDict of ours, by its own name."""
    schema = TypeAdapter(type).json_schema(ref_template=COMPONENTS + "{model}")
    components = schema.pop("$defs", {})
    return Shape(type.__name__, {**components, type.__name__: schema})
