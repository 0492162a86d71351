"""The grammar of catalog rules: what each word answers, and what is not in it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog import CharacteristicSpecification
from domain.catalog.expression import NotInGrammar, characteristics_of, compile_condition, compile_expression
from tests.examples import examples

INPUTS = {"speed": 500, "package": "sport", "fast": True, "zero": 0, "options": ["a", "b"]}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (5, 5),
        (None, None),
        (["a"], ["a"]),
        ({"characteristic": "speed"}, 500),
        ({"characteristic": "other"}, None),
        ({"add": [{"characteristic": "speed"}, 1]}, 501),
        ({"subtract": [1, 0.5]}, 0.5),
        ({"multiply": [{"characteristic": "speed"}, 0.5]}, 250),
        ({"divide": [{"characteristic": "speed"}, 3]}, 500 / 3),
        ({"divide": [1, {"characteristic": "zero"}]}, None),
        ({"multiply": [1e308, 10]}, None),
        ({"add": [{"characteristic": "speed"}, {"characteristic": "other"}]}, None),
        ({"multiply": [{"characteristic": "package"}, 3]}, None),
        ({"add": [{"characteristic": "fast"}, 1]}, None),
        ({"lookup": {"characteristic": "speed"}, "table": {100: 1, 500: 2}}, 2),
        ({"lookup": {"characteristic": "speed"}, "table": {"100": 1, "500": 2}}, 2),
        ({"lookup": {"characteristic": "fast"}, "table": {"true": "yes"}}, "yes"),
        ({"lookup": {"characteristic": "package"}, "table": {"basic": 1}}, None),
        ({"lookup": {"characteristic": "package"}, "table": {"basic": 1}, "else": 9}, 9),
        ({"lookup": {"characteristic": "other"}, "table": {"basic": 1}, "else": 9}, None),
        ({"lookup": {"characteristic": "options"}, "table": {"a": 1}, "else": 9}, 9),
    ],
)
def test_an_expression_has_a_value_or_none(expression: Any, value: Any) -> None:
    found = compile_expression(expression)(INPUTS)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("order", [{"action": "add", "site": "site-1"}, {}])
def test_an_input_is_what_the_order_says_besides_characteristics(order: dict[str, str]) -> None:
    assert compile_expression({"input": "site"})(order) == order.get("site")


TRUE, FALSE, UNKNOWN = {"exists": "speed"}, {"exists": "other"}, {"eq": [{"characteristic": "other"}, 1]}


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        (True, True),
        (False, False),
        (TRUE, True),
        (FALSE, False),
        (UNKNOWN, None),
        ({"eq": [{"characteristic": "speed"}, 500]}, True),
        ({"ne": [{"characteristic": "speed"}, 500]}, False),
        ({"lt": [{"characteristic": "speed"}, 500]}, False),
        ({"le": [{"characteristic": "speed"}, 500]}, True),
        ({"gt": [{"characteristic": "speed"}, 100]}, True),
        ({"ge": [{"characteristic": "speed"}, 501]}, False),
        ({"lt": [{"characteristic": "package"}, 500]}, None),
        ({"in": [{"characteristic": "package"}, ["basic", "sport"]]}, True),
        ({"in": [{"characteristic": "package"}, ["basic"]]}, False),
        ({"in": [{"characteristic": "other"}, ["basic"]]}, None),
        ({"not": TRUE}, False),
        ({"not": UNKNOWN}, None),
        ({"and": [TRUE, TRUE]}, True),
        ({"and": [TRUE, UNKNOWN]}, None),
        ({"and": [UNKNOWN, FALSE]}, False),
        ({"or": [FALSE, FALSE]}, False),
        ({"or": [FALSE, UNKNOWN]}, None),
        ({"or": [UNKNOWN, TRUE]}, True),
    ],
)
def test_a_condition_is_true_false_or_unknown(condition: Any, answer: bool | None) -> None:
    assert compile_condition(condition)(INPUTS) is answer


def test_the_characteristics_of_a_rule_are_those_that_it_reads() -> None:
    rule = {"and": [{"exists": "a"}, {"not": {"gt": [{"lookup": {"characteristic": "b"}, "table": {"characteristic": "no"}}, 1]}}]}
    assert characteristics_of(rule) == {"a", "b"}


WORDS = st.sampled_from(
    ["characteristic", "input", "add", "divide", "lookup", "table", "else", "eq", "lt", "in", "exists", "and", "or", "not", "x", "action"]
)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=10,
)


@examples(300)
@given(data=DATA, inputs=st.dictionaries(WORDS, st.integers() | st.booleans() | st.text(max_size=2) | st.lists(st.integers(), max_size=2)))
def test_whatever_is_not_in_the_grammar_is_said_to_be_so_and_the_rest_always_answers(data: Any, inputs: dict[str, Any]) -> None:
    for compiler in (compile_expression, compile_condition):
        try:
            compiled = compiler(data)
        except NotInGrammar:
            continue
        compiled(inputs)


@pytest.mark.parametrize(
    ("specification", "value", "problem"),
    [
        (CharacteristicSpecification("a", "number", minimum=1), 0, "must be at least 1, not 0"),
        (CharacteristicSpecification("a", "number", maximum=1), 1.5, "must be at most 1, not 1.5"),
        (CharacteristicSpecification("a", "number", minimum=1, maximum=4), 5, "must be between 1 and 4, not 5"),
        (CharacteristicSpecification("a", "number", minimum=1, maximum=4), 4, None),
        (CharacteristicSpecification("a", "number"), True, "must be a number, not True"),
        (CharacteristicSpecification("a", "boolean"), 1, "must be a boolean, not 1"),
        (CharacteristicSpecification("a", values=("x", "y")), "z", "must be one of x, y, not z"),
        (CharacteristicSpecification("a"), 7, "must be a string, not 7"),
    ],
)
def test_a_value_out_of_range_is_told_what_it_must_be(specification: CharacteristicSpecification, value: Any, problem: str | None) -> None:
    assert specification.problem(value) == problem
