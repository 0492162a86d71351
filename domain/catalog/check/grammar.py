"""One rule of a catalog and everything that can be wrong with it by itself: its grammar, what it reads, what it can come to."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice, product
from typing import Any

from domain.catalog import VALUE_TYPES, CharacteristicSpecification
from domain.catalog.check.problem import Problem, Problems
from domain.catalog.check.reach import Readable
from domain.catalog.expression import NotInGrammar, characteristics_of, compile_condition, compile_expression, read_by, table_key
from domain.record import record

MOST_TRIED = 1000  # combinations of listed values

Fits = Callable[[Any], str | None]


@record
class Rule:
    """A condition or expression: where it stands, what it can read, and whose that is (`product 'tv'`, for the sentence).

    `fits` says what is wrong with a result of an expression; `must_hold` is for conditions that guard something, for certain `actions`."""

    path: str
    data: Any
    readable: Readable
    whose: str
    is_condition: bool = False
    must_hold: bool = False
    fits: Fits | None = None
    actions: tuple[str, ...] = ("add", "modify", "delete")


def problems_of(rule: Rule) -> Problems:
    """What is wrong with one rule. When it is not in the grammar, nothing else is said of it."""
    try:
        _ = compile_condition(rule.data) if rule.is_condition else compile_expression(rule.data)
    except NotInGrammar as error:
        yield Problem(rule.path, f"is not understood: {error}")
        return
    if rule.must_hold and _never_holds(rule):
        read = ", ".join(sorted(read_by(rule.data)))
        yield Problem(rule.path, f"never holds{f', whatever {read} is,' if read else ','} so what it guards can go")
    for name in sorted(characteristics_of(rule.data) - rule.readable.keys()):
        yield Problem(rule.path, f"reads {name!r}, which is not a characteristic of {rule.whose}")
    for part in _parts(rule.data):
        yield from (Problem(rule.path, message) for message in _in_vain(part, rule.readable))
    if rule.fits is not None:
        for result in results(rule.data, rule.readable):
            if problem := rule.fits(result):
                yield Problem(rule.path, problem)


def fits(specification: CharacteristicSpecification) -> Fits:
    """Whether a characteristic can have a value. One whose own description is wrong takes any: that is a problem of its own."""
    return lambda value: None if value is None or specification.value_type not in VALUE_TYPES else specification.problem(value)


# ---- what an expression can come to


def results(data: Any, readable: Readable) -> Iterator[Any]:
    """Values that an expression has for certain: constants, what its tables hold, and its value for every combination of the listed values it
    reads (where these are few)."""
    seen: set[str] = set()
    for each in (*_constants(data), *_tried(data, readable)):
        if each is not None and repr(each) not in seen:
            seen.add(repr(each))
            yield each


def _constants(data: Any) -> Iterator[Any]:
    if not isinstance(data, Mapping):
        yield data
    elif "lookup" in data:
        yield from data["table"].values()
        yield data.get("else")


def _tried(data: Any, readable: Readable) -> Iterator[Any]:
    names = sorted(characteristics_of(data))
    listed = [_listed(readable.get(name, ())) for name in names]
    if names and all(listed):
        evaluate = compile_expression(data)
        for values in islice(product(*listed), MOST_TRIED):
            yield evaluate(dict(zip(names, values, strict=True)))


def _listed(specifications: tuple[CharacteristicSpecification, ...]) -> tuple[Any, ...]:
    """All values of a characteristic, when there is one of the name and it lists them."""
    if len(specifications) != 1:
        return ()
    return (True, False) if specifications[0].value_type == "boolean" else specifications[0].values


# ---- conditions that nothing can meet


def _never_holds(rule: Rule) -> bool:
    """Whether a condition holds for none of the values that there are. Where one of them is not listed, nobody can say; a comparison with what a
    characteristic never is, is told as such."""
    names = sorted(read_by(rule.data))
    known = [_may_be(name, rule) for name in names]
    if not all(known) or any(True for part in _parts(rule.data) for _ in _in_vain(part, rule.readable)):
        return False
    holds = compile_condition(rule.data)
    tried = list(islice(product(*known), MOST_TRIED + 1))
    return len(tried) <= MOST_TRIED and not any(holds(dict(zip(names, values, strict=True))) for values in tried)


def _may_be(name: str, rule: Rule) -> tuple[Any, ...]:
    """All that a rule can find under a name, nothing included; empty when that is not known."""
    if name == "action":
        return rule.actions
    listed = _listed(rule.readable.get(name, ()))
    return (*listed, None) if listed else ()


# ---- comparisons and tables that nothing can meet


def _parts(data: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(data, Mapping):
        yield data
        for word, part in data.items():
            if word not in ("table", "else"):
                yield from _parts(part)
    elif isinstance(data, list | tuple):
        for part in data:
            yield from _parts(part)


def _in_vain(part: Mapping[str, Any], readable: Readable) -> Iterator[str]:
    """Sentences about one part of a rule: constants that the characteristic it is compared with never is."""
    table = part.get("table")
    if "lookup" in part and isinstance(table, Mapping):
        name = _name(part["lookup"])
        if readable.get(name):
            never = [table_key(key) for key in table if not any(_may_be_key(each, table_key(key)) for each in readable[name])]
            yield from (f"looks up {name} in a table for {key!r}, which it never is" for key in never)
    for word in ("eq", "in"):
        if word in part:
            for name, constant in _compared(part[word]):
                if readable.get(name) and all(fits(each)(constant) for each in readable[name]):
                    yield f"compares {name} with {constant!r}, which it never is"


def _compared(operands: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(operands, list | tuple) or len(operands) != 2:
        return
    left, right = operands
    for one, other in ((left, right), (right, left)):
        name = _name(one)
        if name and not isinstance(other, Mapping):
            yield from ((name, each) for each in (other if isinstance(other, list | tuple) else (other,)))


def _name(data: Any) -> str:
    name = data.get("characteristic") if isinstance(data, Mapping) else None
    return name if isinstance(name, str) else ""


def _may_be_key(specification: CharacteristicSpecification, key: str) -> bool:
    if specification.values:
        return key in map(table_key, specification.values)
    if specification.value_type == "boolean":
        return key in ("true", "false")
    return specification.value_type != "number" or _is_number(key)


def _is_number(key: str) -> bool:
    try:
        float(key)
    except ValueError:
        return False
    return True
