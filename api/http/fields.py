"""Attribute selection (TMF630, part 1, 4.3): the first level and nested attributes; id, href and @type are always there."""

from collections.abc import Iterable
from typing import Any

ALWAYS = frozenset({"id", "href", "@type"})

# Attribute names with what is asked of each: None for all of it.
Tree = dict[str, "Tree | None"]


def pick(document: dict[str, Any], fields: frozenset[str] | None) -> dict[str, Any]:
    """The document with only these attributes; the whole one for None."""
    if fields is None:
        return document
    picked: dict[str, Any] = _picked(document, _tree(fields | ALWAYS))
    return picked


def _tree(fields: Iterable[str]) -> Tree:
    root: Tree = {}
    for field in sorted(fields):  # `a` stands before `a.b`, so the whole wins over its part
        _plant(root, field.split("."))
    return root


def _plant(root: Tree, steps: list[str]) -> None:
    *inner, last = steps
    node = root
    for step in inner:
        below = node.setdefault(step, {})
        if below is None:
            return
        node = below
    node[last] = None


def _picked(value: Any, tree: Tree) -> Any:
    """Nested objects keep their id and @type, so that what is left can be told apart."""
    if isinstance(value, list):
        return [_picked(each, tree) for each in value]
    if not isinstance(value, dict):
        return value
    picked = {}
    for name, inner in value.items():
        if name in tree:
            below = tree[name]
            picked[name] = inner if below is None else _picked(inner, below)
        elif name in ("id", "@type"):
            picked[name] = inner
    return picked
