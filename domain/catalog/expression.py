"""The closed grammar of catalog rules: expressions and three-valued conditions, kept as plain data and compiled once.

An expression is a constant, or one of (as lists and mappings that any YAML or JSON file can hold)::

    {characteristic: downstream}                         the value of a characteristic
    {multiply: [expression, expression]}                 also add, subtract, divide
    {lookup: expression, table: {basic: 1, …}, else: 0}  a table; its keys are texts, `500` and `true` being those of the number and the truth
    {input: action}                                      action, site, customer, segment: what the order says besides characteristics

A condition is one of::

    true | false
    {eq: [expression, expression]}                       also ne, lt, le, gt, ge
    {in: [expression, [constant, …]]}
    {exists: characteristic}
    {and: [condition, …]}  {or: [condition, …]}  {not: condition}

Arithmetic is over numbers; over anything else, or without a finite result, it has none (`None`).
An absent input makes an expression `None`, and a condition over it `None` (unknown); `and`, `or`, `not` are Kleene's.
Source: domain-rules 2.1 and 2.2; S. C. Kleene, Introduction to Metamathematics (1952), §64.
"""

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Inputs = Mapping[str, Any]
Expression = Callable[[Inputs], Any]
Condition = Callable[[Inputs], bool | None]

INPUTS = ("action", "site", "customer", "segment")


def _of_numbers(operation: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Arithmetic that answers whole numbers as such: Python's own would also repeat texts and count truths."""

    def calculate(a: Any, b: Any) -> Any:
        if isinstance(a, bool) or isinstance(b, bool) or not isinstance(a, int | float) or not isinstance(b, int | float):
            return None
        result = operation(a, b)
        if not isinstance(result, float):
            return result
        return int(result) if result.is_integer() else result if math.isfinite(result) else None

    return calculate


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "add": _of_numbers(operator.add),
    "subtract": _of_numbers(operator.sub),
    "multiply": _of_numbers(operator.mul),
    "divide": _of_numbers(operator.truediv),
}
_COMPARISON: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


class NotInGrammar(Exception):
    """The data is not an expression or condition; the message says which part."""


def characteristics_of(data: Any) -> frozenset[str]:
    """The names of all characteristics that an expression or condition reads."""
    return frozenset(each["characteristic" if "characteristic" in each else "exists"] for each in _readers(data))


def read_by(data: Any) -> frozenset[str]:
    """The names of all that an expression or condition reads: characteristics and inputs."""
    return characteristics_of(data) | frozenset(_inputs_of(data))


def _inputs_of(data: Any) -> Iterator[str]:
    if isinstance(data, Mapping):
        if isinstance(data.get("input"), str):
            yield data["input"]
        for word, part in data.items():
            if word not in ("table", "else"):
                yield from _inputs_of(part)
    elif isinstance(data, list | tuple):
        for part in data:
            yield from _inputs_of(part)


def _readers(data: Any) -> Iterator[Mapping[str, Any]]:
    """Every part that reads a characteristic. Tables and constants hold data, not rules, and are passed by."""
    if isinstance(data, Mapping):
        if any(isinstance(data.get(word), str) for word in ("characteristic", "exists")):
            yield data
        for word, part in data.items():
            if word not in ("table", "else"):
                yield from _readers(part)
    elif isinstance(data, list | tuple):
        for part in data:
            yield from _readers(part)


def table_key(value: Any) -> str:
    """How a value is written as the key of a lookup's table: JSON has texts only, so 500, 500.0 and "500" are one key."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def compile_expression(data: Any) -> Expression:
    """Turn data into a function of the inputs. Raises NotInGrammar."""
    if not isinstance(data, Mapping):
        return lambda inputs: data
    if "lookup" in data:
        return _lookup(data)
    if len(data) == 1:
        ((word, operand),) = data.items()
        if word in ("characteristic", "input"):
            return _read(word, operand)
        if word in _ARITHMETIC:
            return _both(_ARITHMETIC[word], operand, word)
    raise NotInGrammar(f"{_shown(data)} is not an expression")


def _read(word: str, name: Any) -> Expression:
    if not isinstance(name, str):
        raise NotInGrammar(f"{word} takes a name, not {_shown(name)}")
    if word == "input" and name not in INPUTS:
        raise NotInGrammar(f"input is one of {', '.join(INPUTS)}, not {name!r}")
    return lambda inputs: inputs.get(name)


def _lookup(data: Mapping[str, Any]) -> Expression:
    key, table, otherwise = compile_expression(data["lookup"]), data.get("table"), data.get("else")
    if not isinstance(table, Mapping) or not table:
        raise NotInGrammar("a lookup needs a table")
    if unknown := [word for word in data if word not in ("lookup", "table", "else")]:
        raise NotInGrammar(f"{unknown[0]!r} is not a part of a lookup")
    results = {table_key(each): result for each, result in table.items()}

    def look_up(inputs: Inputs) -> Any:
        value = key(inputs)
        return None if value is None else results.get(table_key(value), otherwise)

    return look_up


def _both(operation: Callable[[Any, Any], Any], operands: Any, word: str) -> Callable[[Inputs], Any]:
    if not isinstance(operands, list | tuple) or len(operands) != 2:
        raise NotInGrammar(f"{word} takes two operands")
    left, right = compile_expression(operands[0]), compile_expression(operands[1])

    def apply(inputs: Inputs) -> Any:
        a, b = left(inputs), right(inputs)
        if a is None or b is None:
            return None
        try:
            return operation(a, b)
        except (TypeError, ArithmeticError):  # a number compared with a word: neither true nor false; nothing can be divided by 0
            return None

    return apply


def compile_condition(data: Any) -> Condition:
    """Turn data into a function of the inputs that answers True, False or None (unknown). Raises NotInGrammar."""
    if isinstance(data, bool):
        return lambda inputs: data
    if not isinstance(data, Mapping) or len(data) != 1:
        raise NotInGrammar(f"{_shown(data)} is not a condition")
    ((word, operands),) = data.items()
    if word in _COMPARISON:
        return _both(_COMPARISON[word], operands, word)
    if word in _CONNECTIVES:
        return _CONNECTIVES[word](operands)
    raise NotInGrammar(f"unknown condition {word!r}")


def _exists(name: Any) -> Condition:
    if not isinstance(name, str):
        raise NotInGrammar(f"exists takes the name of a characteristic, not {_shown(name)}")
    return lambda inputs: inputs.get(name) is not None


def _in(operands: Any) -> Condition:
    if not isinstance(operands, list | tuple) or len(operands) != 2 or not isinstance(operands[1], list | tuple):
        raise NotInGrammar("in takes an expression and a list of constants")
    value, allowed = compile_expression(operands[0]), tuple(operands[1])

    def member(inputs: Inputs) -> bool | None:
        found = value(inputs)
        return None if found is None else found in allowed

    return member


def _not(operand: Any) -> Condition:
    inner = compile_condition(operand)

    def negate(inputs: Inputs) -> bool | None:
        answer = inner(inputs)
        return None if answer is None else not answer

    return negate


def _all_or_any(word: str, decisive: bool) -> Callable[[Any], Condition]:
    def build(operands: Any) -> Condition:
        if not isinstance(operands, list | tuple) or not operands:
            raise NotInGrammar(f"{word} takes a list of conditions")
        parts = tuple(compile_condition(part) for part in operands)

        def evaluate(inputs: Inputs) -> bool | None:
            answers = [part(inputs) for part in parts]
            if decisive in answers:
                return decisive
            return None if None in answers else not decisive

        return evaluate

    return build


_CONNECTIVES: dict[str, Callable[[Any], Condition]] = {
    "exists": _exists,
    "in": _in,
    "not": _not,
    "and": _all_or_any("and", decisive=False),
    "or": _all_or_any("or", decisive=True),
}


def _shown(data: Any) -> str:
    text = repr(dict(data) if isinstance(data, Mapping) else data)
    return text if len(text) <= 60 else f"{text[:57]}..."
