"""Reading what others send: what is taken, what is refused, and in which words."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import product_ordering, results
from schemas.reading import LARGEST_BODY, Unreadable, digest, parse
from tests.examples import examples

ITEM = {"id": "1", "action": "add", "productOffering": {"id": "mobile-line"}}


def body(**attributes: Any) -> bytes:
    return json.dumps({"productOrderItem": [ITEM], **attributes}).encode()


def item(**attributes: Any) -> bytes:
    return json.dumps({"productOrderItem": [{**ITEM, **attributes}]}).encode()


def refused(sent: bytes) -> Unreadable:
    with pytest.raises(Unreadable) as found:
        product_ordering.read_create(sent)
    return found.value


# Orders -------------------------------------------------------------------------------------------------------------------------------
def test_an_order_is_kept_as_it_was_sent_unknown_attributes_included() -> None:
    sent = {"externalId": "x", "@type": "ProductOrder", "theirs": {"deep": [1, 2.5, None, True]}, "productOrderItem": [{**ITEM, "mine": 1}]}
    assert product_ordering.read_create(json.dumps(sent).encode()) == sent


@pytest.mark.parametrize("name", ["id", "href", "state", "orderDate", "completionDate", "expectedCompletionDate", "version"])
def test_what_only_the_server_says_is_ignored_in_an_order_and_refused_in_a_patch(name: str) -> None:
    assert name not in product_ordering.read_create(body(**{name: 5}))
    with pytest.raises(Unreadable, match=f"{name} cannot be changed"):
        product_ordering.read_update(json.dumps({name: "x"}).encode())


@pytest.mark.parametrize(
    ("sent", "sentence", "path", "code"),
    [
        (b"{}", "productOrderItem is mandatory.", "productOrderItem", "missing"),
        (b'{"productOrderItem": []}', "productOrderItem must not be empty.", "productOrderItem", "invalid"),
        (b'{"productOrderItem": {}}', "productOrderItem must be a list, not an object.", "productOrderItem", "invalid"),
        (b'{"productOrderItem": ["x"]}', 'productOrderItem[0] must be an object, not "x".', "productOrderItem[0]", "invalid"),
        (b'{"productOrderItem": [{"id": "1"}]}', "productOrderItem[0].action is mandatory.", "productOrderItem[0].action", "missing"),
        (b'{"productOrderItem": [{"action": "add"}]}', "productOrderItem[0].id is mandatory.", "productOrderItem[0].id", "missing"),
        (item(id=1), "productOrderItem[0].id must be a string, not 1.", "productOrderItem[0].id", "invalid"),
        (item(id=""), "productOrderItem[0].id must not be empty.", "productOrderItem[0].id", "invalid"),
        (
            item(action="buy"),
            "productOrderItem[0].action must be one of 'add', 'modify', 'delete', 'noChange', not \"buy\".",
            "productOrderItem[0].action",
            "invalid",
        ),
        (item(quantity="2"), 'productOrderItem[0].quantity must be a whole number, not "2".', "productOrderItem[0].quantity", "invalid"),
        (item(quantity=True), "productOrderItem[0].quantity must be a whole number, not true.", "productOrderItem[0].quantity", "invalid"),
        (
            item(product={"productCharacteristic": [{"name": "simType"}]}),
            "productOrderItem[0].product.productCharacteristic[0].value is mandatory.",
            "productOrderItem[0].product.productCharacteristic[0].value",
            "missing",
        ),
        (
            item(product={"place": [{"id": "s"}]}),
            "productOrderItem[0].product.place[0].role is mandatory.",
            "productOrderItem[0].product.place[0].role",
            "missing",
        ),
        (
            item(productOrderItem=[{"id": "2"}]),
            "productOrderItem[0].productOrderItem[0].action is mandatory.",
            "productOrderItem[0].productOrderItem[0].action",
            "missing",
        ),
        (body(relatedParty=[{"role": "customer"}]), "relatedParty[0].id is mandatory.", "relatedParty[0].id", "missing"),
        (body(note=[{}]), "note[0].text is mandatory.", "note[0].text", "missing"),
        (body(priority=1), "priority must be a string, not 1.", "priority", "invalid"),
    ],
)
def test_a_wrong_attribute_is_named_in_a_sentence(sent: bytes, sentence: str, path: str, code: str) -> None:
    fault = refused(sent)
    assert str(fault) == sentence
    assert [(reason.path, reason.code, reason.message) for reason in fault.reasons] == [(path, code, sentence)]


def test_every_fault_is_found_at_once() -> None:
    fault = refused(b'{"priority": 1, "productOrderItem": [{"id": 1}]}')
    assert [reason.path for reason in fault.reasons] == ["priority", "productOrderItem[0].id", "productOrderItem[0].action"]
    assert str(fault) == "priority must be a string, not 1. There are 2 more faults."


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (b"", "The body is not JSON: EOF while parsing a value at line 1 column 0."),
        (b'{"productOrderItem": [', "The body is not JSON: EOF while parsing a list at line 1 column 22."),
        (b"{'a': 1}", "The body is not JSON: key must be a string at line 1 column 2."),
        (b"[]", "The body must be an object, not a list."),
        (b"null", "The body must be an object, not null."),
        (b'"text"', 'The body must be an object, not "text".'),
        (b"\xff\xfe{", "The body is not JSON: expected value at line 1 column 1."),
        (b'{"a": NaN}', "The body is not JSON: expected value at line 1 column 7."),
    ],
)
def test_what_is_not_json_is_said_to_be_so(sent: bytes, sentence: str) -> None:
    assert str(refused(sent)) == sentence


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b'{"a": 1e999}', "out of range"),
        (b'{"a": 1' + b"0" * 5000 + b"}", "not JSON"),
        (b'{"a": "\\ud800"}', "not JSON"),
        (b'{"a": "x\\u0000y"}', "NUL"),
        (b'{"\\u0000": 1}', "NUL"),
        (b'{"a": ' + b"[" * 300 + b"]" * 300 + b"}", "recursion limit"),
        (b'{"a": ' + b"[" * 100_000, "not JSON"),
        (b" " * LARGEST_BODY + b"{}", "bytes; at most"),
    ],
)
def test_what_no_store_could_give_back_is_refused(sent: bytes, words: str) -> None:
    assert words in str(refused(sent))


def test_an_escaped_backslash_is_no_nul() -> None:
    assert product_ordering.read_create(body(description="\\u0000"))["description"] == "\\u0000"


@examples(200)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_nothing_but_a_sentence_comes_of_noise(sent: bytes) -> None:
    with pytest.raises(Unreadable):
        product_ordering.read_create(sent)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@examples(200)
@given(JSON, st.sampled_from(["product", "productOrderItem", "quantity", "productOffering", "itemPrice"]))
def test_whatever_stands_in_an_attribute_is_taken_or_refused_in_a_sentence(value: Any, name: str) -> None:
    with suppress(Unreadable):
        read = product_ordering.read_create(item(**{name: value}))
        assert read["productOrderItem"][0][name] == value
        assert digest(read)


# Dates --------------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("2026-11-22T09:00:00Z", datetime(2026, 11, 22, 9, tzinfo=UTC)),
        ("2026-11-22T09:00:00.250+02:00", datetime(2026, 11, 22, 7, 0, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_dates_are_read_as_moments_in_utc(sent: str, read: datetime) -> None:
    assert product_ordering.requested_dates({"requestedStartDate": sent}) == (read, None)


@pytest.mark.parametrize("sent", ["2026-11-22T09:00:00", "2026-11-22", "soon", "", "0001-01-01T00:00:00+10:00", "2026-02-30T00:00:00Z"])
def test_a_time_that_names_no_moment_is_refused(sent: str) -> None:
    with pytest.raises(Unreadable, match="requestedCompletionDate must be a date-time with an offset") as found:
        product_ordering.requested_dates({"requestedCompletionDate": sent})
    assert found.value.reasons[0].path == "requestedCompletionDate"


# Cancels, patches, results ------------------------------------------------------------------------------------------------------------
def test_a_cancel_names_its_order() -> None:
    sent = {"productOrder": {"id": "po-1"}, "cancellationReason": "moved", "includeCompleted": True}
    assert product_ordering.read_cancel(json.dumps(sent).encode()) == sent
    with pytest.raises(Unreadable, match=r"productOrder\.id is mandatory"):
        product_ordering.read_cancel(b'{"productOrder": {}}')
    with pytest.raises(Unreadable, match="includeCompleted must be true or false"):
        product_ordering.read_cancel(b'{"productOrder": {"id": "po-1"}, "includeCompleted": "yes"}')


def test_a_patch_may_hold_any_part_and_its_outcome_is_judged() -> None:
    assert product_ordering.read_update(b'{"description": null}') == {"description": None}
    with pytest.raises(Unreadable, match="must be an object"):
        product_ordering.read_update(b"[]")
    with pytest.raises(Unreadable, match=r"productOrderItem\[0\]\.action is mandatory"):
        product_ordering.check_create({"productOrderItem": [{"id": "1"}]})


@pytest.mark.parametrize("outcome", ["completed", "rejected", "failed", "inProgress"])
def test_an_activation_result_needs_its_key_and_outcome_only(outcome: str) -> None:
    read = results.read_activation(json.dumps({"activationKey": "k", "outcome": outcome}).encode())
    assert (read, results.occurred_at(read)) == ({"activationKey": "k", "outcome": outcome}, None)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b'{"outcome": "completed"}', "activationKey is mandatory"),
        (b'{"activationKey": "k"}', "outcome is mandatory"),
        (b'{"activationKey": "k", "outcome": "done"}', "outcome must be one of"),
        (b'{"activationKey": "k", "outcome": "completed", "attempt": "1"}', "attempt must be a whole number"),
        (
            b'{"activationKey": "k", "outcome": "completed", "serviceCharacteristic": [{"name": "x"}]}',
            r"serviceCharacteristic\[0\].value is mandatory",
        ),
    ],
)
def test_a_wrong_activation_result_is_refused(sent: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        results.read_activation(sent)


def test_an_appointment_is_a_period_in_utc() -> None:
    period = {"startDateTime": "2026-11-22T09:00:00+01:00", "endDateTime": "2026-11-22T11:00:00+01:00"}
    sent = {"workOrderKey": "wo-1-1.1", "outcome": "scheduled", "appointment": {"validFor": period}}
    read = results.read_work_order(json.dumps(sent).encode())
    assert results.appointment(read) == (datetime(2026, 11, 22, 8, tzinfo=UTC), datetime(2026, 11, 22, 10, tzinfo=UTC))
    assert results.appointment({}) is None
    turned = {"appointment": {"validFor": {"startDateTime": period["endDateTime"], "endDateTime": period["startDateTime"]}}}
    with pytest.raises(Unreadable, match="ends before it starts"):
        results.appointment(turned)


# Digests ------------------------------------------------------------------------------------------------------------------------------
def test_a_digest_depends_on_what_is_said_and_not_on_how() -> None:
    one, same = parse(b'{"a": 1, "b": {"c": [1, 2], "d": "\\u00e9"}}'), parse('{"b":{"d":"é","c":[1,2]},"a":1}'.encode())
    assert digest(one) == digest(same)
    assert len({digest(each) for each in (one, {**one, "a": 2}, {**one, "b": {"c": [2, 1], "d": "é"}}, {"a": 1})}) == 4
