"""Regular expressions from outside: the answers of Python's own engine, in linear time."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.read_models.pattern import Pattern
from adapters.read_models.port import FilterRefused
from tests.examples import examples

ATOMS = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", "[a-c]", "\\d", "\\W", "^", "$", "\\.", ""])


def _larger(smaller: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    times = st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?"])
    return (
        st.tuples(smaller, smaller).map("".join)
        | st.tuples(smaller, smaller).map(lambda pair: f"({pair[0]}|{pair[1]})")
        | st.tuples(smaller, times).map(lambda pair: f"(?:{pair[0]}){pair[1]}")
    )


@examples(300)
@given(st.recursive(ATOMS, _larger, max_leaves=6), st.text("abc1.", max_size=8))
def test_it_finds_what_pythons_own_engine_finds(expression: str, text: str) -> None:
    assert Pattern(expression).finds(text) is (re.search(expression, text) is not None)


@pytest.mark.parametrize("expression", ["(a+)+$", "(a|aa)*b", "(a|a)*b", "a*a*a*a*a*b", "(.*)*x", "((a{9}){9}){9}b"])
def test_no_expression_makes_it_slow(expression: str) -> None:
    started = time.process_time()
    assert not Pattern(expression).finds("a" * 5_000 + "!")
    assert time.process_time() - started < 2.0


REFUSED = ["(", ")", "[a", "a**", "*", "{2}", "a{", "a{x}", "a{3,2}", "a{1000}", "(?=a)", "(?i)a", "\\1", "\\b", "[z-a]", "\\"]
TOO_LARGE = ["(" * 30, "a" * 201, "(((a{99}){99}){99})", "((){999}){999}"]


@pytest.mark.parametrize("expression", REFUSED + TOO_LARGE)
def test_what_it_does_not_know_is_refused(expression: str) -> None:
    with pytest.raises(FilterRefused):
        Pattern(expression)
