"""The closed grammar of catalog rules: expressions and three-valued conditions, kept as plain data and compiled once.

An expression is a constant, or one of (as lists and mappings that any YAML or JSON file can hold)::

    {characteristic: downstream}                         the value of a characteristic
    {multiply: [expression, expression]}                 also add, subtract, divide
    {lookup: expression, table: {basic: 1, …}, else: 0}  a table
    {input: action}                                      action, site, segment: what the order says besides characteristics

A condition is one of::

    true | false
    {eq: [expression, expression]}                       also ne, lt, le, gt, ge
    {in: [expression, [constant, …]]}
    {exists: characteristic}
    {and: [condition, …]}  {or: [condition, …]}  {not: condition}

An absent input makes an expression `None`, and a condition over it `None` (unknown); `and`, `or`, `not` are Kleene's.
Source: domain-rules 2.1 and 2.2; S. C. Kleene, Introduction to Metamathematics (1952), §64.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

Inputs = Mapping[str, Any]
Expression = Callable[[Inputs], Any]
Condition = Callable[[Inputs], bool | None]

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
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
    if isinstance(data, Mapping):
        own = {data[word] for word in ("characteristic", "exists") if isinstance(data.get(word), str)}
        return frozenset(own).union(*(characteristics_of(part) for part in data.values()))
    if isinstance(data, list | tuple):
        return frozenset().union(*(characteristics_of(part) for part in data))
    return frozenset()


def compile_expression(data: Any) -> Expression:
    """Turn data into a function of the inputs. Raises NotInGrammar."""
    if not isinstance(data, Mapping):
        return lambda inputs: data
    if "characteristic" in data or "input" in data:
        name = data.get("characteristic", data.get("input"))
        return lambda inputs: inputs.get(name)
    if "lookup" in data:
        return _lookup(data)
    for word, arithmetic in _ARITHMETIC.items():
        if word in data:
            return _both(arithmetic, data[word], word)
    raise NotInGrammar(f"{dict(data)!r} is not an expression")


def _lookup(data: Mapping[str, Any]) -> Expression:
    key, table, otherwise = compile_expression(data["lookup"]), data.get("table"), data.get("else")
    if not isinstance(table, Mapping):
        raise NotInGrammar("a lookup needs a table")

    def look_up(inputs: Inputs) -> Any:
        value = key(inputs)
        return None if value is None else table.get(value, otherwise)

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
            result = operation(a, b)
        except TypeError:  # a number compared with a word: neither true nor false
            return None
        return int(result) if isinstance(result, float) and result.is_integer() else result

    return apply


def compile_condition(data: Any) -> Condition:
    """Turn data into a function of the inputs that answers True, False or None (unknown). Raises NotInGrammar."""
    if isinstance(data, bool):
        return lambda inputs: data
    if not isinstance(data, Mapping) or len(data) != 1:
        raise NotInGrammar(f"{data!r} is not a condition")
    ((word, operands),) = data.items()
    if word in _COMPARISON:
        return _both(_COMPARISON[word], operands, word)
    if word in _CONNECTIVES:
        return _CONNECTIVES[word](operands)
    raise NotInGrammar(f"unknown condition {word!r}")


def _exists(name: Any) -> Condition:
    return lambda inputs: inputs.get(name) is not None


def _in(operands: Any) -> Condition:
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


def _all_or_any(decisive: bool) -> Callable[[Any], Condition]:
    def build(operands: Any) -> Condition:
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
    "and": _all_or_any(decisive=False),
    "or": _all_or_any(decisive=True),
}
