"""What changed between two catalogs, part by part: what an operator reads before publishing the second."""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any, Literal

from domain.catalog import Bundled, Catalog, CharacteristicSpecification, Child, Dependency, Distribution, Mapping, TaskSpecification
from domain.record import record

# By what the parts of a list are told apart.
_KEYS: dict[type[Any], Callable[[Any], str]] = {
    CharacteristicSpecification: lambda part: part.name,
    TaskSpecification: lambda part: part.name,
    Child: lambda part: part.id,
    Bundled: lambda part: part.offering,
    Mapping: lambda part: part.target,
    Distribution: lambda part: part.id,
    Dependency: lambda part: f"{part.before or 'date'} → {part.after}",
}


@record
class Change:
    """`path` names parts by their key (`services[gpon-port].tasks[configure].attempts`); `before` is None for what was added, `after` for what was
    removed. `reordered` is a list that has the same parts in another order: the two orders of their keys."""

    path: str
    kind: Literal["added", "removed", "changed", "reordered"]
    before: Any
    after: Any


def difference(old: Catalog, new: Catalog) -> tuple[Change, ...]:
    """All changes from `old` to `new`, section by section; none for catalogs that decide alike under the same version."""
    return tuple(_of_records("", old, new))


def _of_records(path: str, old: Any, new: Any) -> Iterator[Change]:
    for each in fields(old):
        if each.compare:
            below = f"{path}.{camel(each.name)}" if path else camel(each.name)
            yield from _of_values(below, getattr(old, each.name), getattr(new, each.name))


def _of_values(path: str, old: Any, new: Any) -> Iterator[Change]:
    if old == new:
        return
    if is_dataclass(old) and type(old) is type(new):
        yield from _of_records(path, old, new)
    elif _holds_parts(old) or _holds_parts(new):
        yield from _of_parts(path, _parts(old), _parts(new))
    else:
        yield Change(path, "changed", old, new)


def _of_parts(path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    """In the order of their keys, so that a change of a part stands where it is looked for."""
    for key in sorted(old.keys() | new.keys()):
        below = f"{path}[{key}]"
        if key not in new:
            yield Change(below, "removed", old[key], None)
        elif key not in old:
            yield Change(below, "added", None, new[key])
        else:
            yield from _of_values(below, old[key], new[key])
    before_order, after_order = tuple(key for key in old if key in new), tuple(key for key in new if key in old)
    if before_order != after_order:
        yield Change(path, "reordered", before_order, after_order)


def _holds_parts(value: Any) -> bool:
    """Whether a value is a section of the catalog or a list of parts; rules are data and change as a whole."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else ()
    return any(is_dataclass(part) for part in parts)


def _parts(value: Any) -> dict[str, Any]:
    """The parts by key. The order of a section by id says nothing, that of a list does."""
    if not _holds_parts(value):
        return {}
    return dict(sorted(value.items())) if isinstance(value, dict) else {_KEYS[type(part)](part): part for part in value}


def camel(name: str) -> str:
    """A field as files and messages call it."""
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))
