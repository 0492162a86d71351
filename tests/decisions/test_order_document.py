"""What an order says about people is kept apart, wherever in the document it stands, and put back for those who may read it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.order_document import document_items, read_lines, split_personal, with_personal
from tests.examples import examples

ADA = {"id": "user-7", "role": "user", "name": "Ada Lovelace", "@referredType": "Individual"}
HOME = {"id": "site-1", "role": "installation", "name": "12 St James's Square", "postcode": "SW1Y", "@type": "GeographicAddress"}
NOTE = {"author": "Ada", "text": "After noon"}
PRIVATE = ("Ada", "Lovelace", "St James", "SW1Y", "noon")


def item(id: str = "1", **more: Any) -> dict[str, Any]:
    return {"id": id, "action": "add", "productOffering": {"id": "mobile-line"}, **more}


def document(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"externalId": "x-1", "productOrderItem": list(items), **more}


WHOLE = document(
    item("1", product={"productCharacteristic": [{"name": "simType", "value": "esim"}]}),
    item("2", note=[NOTE], product={"relatedParty": [ADA, {"id": "x", "role": "owner"}], "place": [HOME]}),
    item("3", productOrderItem=[item("3.1"), item("3.2", product={"place": [HOME]})]),
    item("4", product={"productRelationship": [{"relationshipType": "bundles", "product": {"relatedParty": [ADA]}}]}),
    item("5", product={"product": [{"id": "pr-1", "place": [HOME]}]}),
    relatedParty=[ADA],
    note=[NOTE],
    notificationContact="ada@lovelace",
)


def test_nobody_is_named_in_what_is_kept() -> None:
    order, personal = split_personal(WHOLE)
    for word in PRIVATE:
        assert word not in json.dumps(order)
        assert word in json.dumps(personal)


def test_what_is_kept_refers_to_who_and_where_it_was() -> None:
    order, _ = split_personal(WHOLE)
    product = order["productOrderItem"][1]["product"]
    assert product["relatedParty"] == [{"id": "user-7", "role": "user", "@referredType": "Individual"}, {"id": "x", "role": "owner"}]
    assert product["place"] == [{"id": "site-1", "role": "installation", "@type": "GeographicAddress"}]


def test_the_parts_are_put_together_again() -> None:
    assert with_personal(*split_personal(WHOLE)) == WHOLE


def test_splitting_changes_nothing_of_the_document_itself() -> None:
    before = json.dumps(WHOLE)
    split_personal(WHOLE)
    assert json.dumps(WHOLE) == before


def test_an_order_that_names_nobody_has_no_personal_part() -> None:
    plain = document(item(product={"place": [{"id": "site-1", "role": "installation"}]}))
    assert split_personal(plain) == (plain, {})


def test_what_is_decided_reads_the_same_without_people() -> None:
    assert read_lines(split_personal(WHOLE)[0]) == read_lines(WHOLE)


def test_items_by_id_name_nobody_either() -> None:
    items = document_items(WHOLE)
    assert sorted(items) == ["1", "2", "3", "3.1", "3.2", "4", "5"]
    assert not any(word in json.dumps(items) for word in PRIVATE)


def test_items_that_were_added_since_stay_as_they_are() -> None:
    order, personal = split_personal(WHOLE)
    order["productOrderItem"][2]["productOrderItem"].append(item("3.3"))
    joined = with_personal(order, personal)
    assert joined["productOrderItem"][2]["productOrderItem"] == [*WHOLE["productOrderItem"][2]["productOrderItem"], item("3.3")]


def test_a_person_who_was_erased_leaves_an_order_that_can_be_read() -> None:
    order, _ = split_personal(WHOLE)
    assert with_personal(order, {}) == order


words = st.text(max_size=5)
parties = st.lists(st.dictionaries(st.sampled_from(["id", "role", "name", "email", "@type"]), words), max_size=3)
products = st.fixed_dictionaries({}, optional={"relatedParty": parties, "place": parties, "id": words, "note": st.lists(st.just(NOTE))})
items = st.recursive(
    st.fixed_dictionaries({"id": words}, optional={"note": st.lists(st.just(NOTE)), "relatedParty": parties, "product": products}),
    lambda nested: st.fixed_dictionaries({"id": words}, optional={"productOrderItem": st.lists(nested, max_size=3), "product": products}),
    max_leaves=6,
)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda nested: (
        st.lists(nested, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "note", "place", "product", "productRelationship", "relatedParty"]), nested, max_size=3)
    ),
    max_leaves=12,
)


@examples(100)
@given(st.lists(anything, min_size=1, max_size=3))
def test_what_nobody_has_checked_is_put_together_again_too(items: list[Any]) -> None:
    """Attributes that TMF does not list are taken in as they come."""
    whole = {"productOrderItem": items}
    assert with_personal(*split_personal(whole)) == whole


@pytest.mark.parametrize("people", [{}, {"relatedParty": []}, {"relatedParty": [ADA], "note": [NOTE]}])
@examples(40)
@given(st.lists(items, min_size=1, max_size=4))
def test_any_document_is_put_together_again(people: dict[str, Any], items: list[dict[str, Any]]) -> None:
    whole = {**people, "productOrderItem": items}
    order, personal = split_personal(whole)
    assert with_personal(order, personal) == whole
    assert '"name":' not in json.dumps(order)
    assert '"text":' not in json.dumps(order)
