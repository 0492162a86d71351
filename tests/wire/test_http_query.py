"""Query strings of lists, as TMF630 writes them (part 1, 4.3 to 4.7)."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.read_models.port import Filter, Sort
from api.http.errors import HttpError
from api.http.query import DEFAULT_LIMIT, LARGEST_LIMIT, read_fields, read_query
from tests.examples import examples

FILTERS = [
    ("state=held", Filter("state", "eq", ("held",))),
    ("state=held,pending", Filter("state", "eq", ("held", "pending"))),
    ("state=held;state=pending", Filter("state", "eq", ("held", "pending"))),
    ("state=held;pending", Filter("state", "eq", ("held", "pending"))),
    ("state=held&state=pending", Filter("state", "eq", ("held", "pending"))),
    ("description=a%2Cb", Filter("description", "eq", ("a,b",))),
    ("description=a%3Bb", Filter("description", "eq", ("a;b",))),
    ('description="a,b"', Filter("description", "eq", ("a,b",))),
    ("description=%22a,b%22", Filter("description", "eq", ("a,b",))),
    ("description=a+b", Filter("description", "eq", ("a b",))),
    ("relatedParty.id=cust-1", Filter("relatedParty.id", "eq", ("cust-1",))),
    ("%40type=Product", Filter("@type", "eq", ("Product",))),
    ("state.ne=held", Filter("state", "ne", ("held",))),
    ("orderDate.gt=2013-04-20", Filter("orderDate", "gt", ("2013-04-20",))),
    ("orderDate.gte=2013-04-20", Filter("orderDate", "gte", ("2013-04-20",))),
    ("orderDate.lt=2013-04-20", Filter("orderDate", "lt", ("2013-04-20",))),
    ("orderDate.lte=2013-04-20", Filter("orderDate", "lte", ("2013-04-20",))),
    ("orderDate.eq=2013-04-20", Filter("orderDate", "eq", ("2013-04-20",))),
    ("orderDate%3E2013-04-20", Filter("orderDate", "gt", ("2013-04-20",))),
    ("orderDate%3e2013-04-20", Filter("orderDate", "gt", ("2013-04-20",))),
    ("orderDate%3E%3D2013-04-20", Filter("orderDate", "gte", ("2013-04-20",))),
    ("orderDate%3E=2013-04-20", Filter("orderDate", "gte", ("2013-04-20",))),
    ("orderDate>=2013-04-20", Filter("orderDate", "gte", ("2013-04-20",))),
    ("orderDate%3C2013-04-20", Filter("orderDate", "lt", ("2013-04-20",))),
    ("orderDate%3C%3D2013-04-20", Filter("orderDate", "lte", ("2013-04-20",))),
    ("orderDate%3D%3D2013-04-20", Filter("orderDate", "eq", ("2013-04-20",))),
    ("orderDate=%222013-04-20%22", Filter("orderDate", "eq", ("2013-04-20",))),
    ("orderDate.gt=2013-04-20T00:00:00+02:00", Filter("orderDate", "gt", ("2013-04-20T00:00:00+02:00",))),
    ("externalId.regex=^web-[0-9]{1,3},?$", Filter("externalId", "regex", ("^web-[0-9]{1,3},?$",))),
    ("externalId*=web", Filter("externalId", "regex", ("web",))),
    ("externalId=~web", Filter("externalId", "regex", ("web",))),
    ("externalId%3D~web", Filter("externalId", "regex", ("web",))),
    ("externalId%2A%3Dweb", Filter("externalId", "regex", ("web",))),
]


@pytest.mark.parametrize(("query", "expected"), FILTERS)
def test_a_filter_is_read_in_every_spelling(query: str, expected: Filter) -> None:
    assert read_query(query).filters == (expected,)


def test_different_attributes_and_operators_must_all_hold() -> None:
    assert read_query("state=held&orderDate.gt=2013&orderDate.lt=2014").filters == (
        Filter("state", "eq", ("held",)),
        Filter("orderDate", "gt", ("2013",)),
        Filter("orderDate", "lt", ("2014",)),
    )


def test_a_sort_takes_several_attributes_and_an_unencoded_plus() -> None:
    expected = (Sort("orderDate", True), Sort("priority", False), Sort("productOrderItem.id", False))
    assert read_query("sort=-orderDate,+priority,productOrderItem.id").sort == expected
    assert read_query("sort=-orderDate,%2Bpriority&sort=productOrderItem.id").sort == expected


def test_a_page_begins_at_nothing_and_has_a_limit_of_its_own() -> None:
    assert read_query("")[2:] == ((), 0, DEFAULT_LIMIT)
    assert read_query("offset=20&limit=10")[3:] == (20, 10)
    assert read_query("limit=999999").limit == LARGEST_LIMIT


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", None),
        ("fields=", None),
        ("fields=none", frozenset()),
        ("fields=state,productOrderItem.id", frozenset({"state", "productOrderItem.id"})),
        ("fields=state&fields=id", frozenset({"state", "id"})),
        ("fields=state%2Cid", frozenset({"state", "id"})),
    ],
)
def test_fields_name_attributes(query: str, expected: frozenset[str] | None) -> None:
    assert read_query(query).fields == expected
    assert read_fields(query) == expected


@pytest.mark.parametrize(
    ("query", "status", "word"),
    [
        ("limit=ten", 400, "limit"),
        ("offset=-1", 400, "offset"),
        ("limit=%D9%A1", 400, "limit"),
        ("state", 400, "state"),
        ("=held", 400, "attribute"),
        ("a..b=1", 400, "attribute"),
        ("state*held", 400, "state"),
        ("sort=a b", 400, "sort"),
        ("state=held;id=1", 400, "alternatives"),
        ("filter=$[?(@.a=='x')]", 501, "filter"),
        ("depth=1", 501, "depth"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(query: str, status: int, word: str) -> None:
    with pytest.raises(HttpError) as refused:
        read_query(query)
    assert refused.value.status == status
    assert word in refused.value.message


def test_a_read_by_id_knows_fields_only() -> None:
    with pytest.raises(HttpError, match="state"):
        read_fields("state=held")


@examples(100)
@given(st.text(max_size=80))
def test_any_query_string_is_read_or_refused(query: str) -> None:
    with suppress(HttpError):
        read_query(query)


@examples(100)
@given(st.text(alphabet='abc=<>*~;,%"&.+-3DEC2F ', max_size=40))
def test_any_heap_of_grammar_is_read_or_refused(query: str) -> None:
    with suppress(HttpError):
        read_query(query)
