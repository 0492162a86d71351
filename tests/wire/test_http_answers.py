"""What answers look like: selected attributes, pages with their links, errors, and which attributes a resource has."""

from typing import Any

import pytest

from adapters.event_log.port import LogUnavailable
from adapters.read_models.port import Page
from api.http import paging
from api.http.errors import HttpError, as_http, error_body
from api.http.fields import pick
from api.http.in_memory import select
from api.http.information import changed_items, merge, merged
from api.http.query import Selection, read_query
from api.http.shapes import tmf_shape
from api.http.tmf import RESOURCES
from domain.values import Reason, Rejected
from schemas.reading import Unreadable

ORDER = {
    "id": "po-1",
    "href": "/order/po-1",
    "@type": "ProductOrder",
    "state": "held",
    "productOrderItem": [{"id": "1", "@type": "ProductOrderItem", "state": "held", "product": {"id": "pr-1", "name": "Line"}}],
}


def test_none_leaves_what_every_resource_has() -> None:
    assert pick(ORDER, frozenset()) == {"id": "po-1", "href": "/order/po-1", "@type": "ProductOrder"}


def test_the_first_level_is_selected() -> None:
    assert pick(ORDER, frozenset({"state"})) == {"id": "po-1", "href": "/order/po-1", "@type": "ProductOrder", "state": "held"}


def test_nested_attributes_are_selected_through_lists() -> None:
    assert pick(ORDER, frozenset({"productOrderItem.product.name"}))["productOrderItem"] == [
        {"id": "1", "@type": "ProductOrderItem", "product": {"id": "pr-1", "name": "Line"}}
    ]


def test_the_whole_wins_over_its_part() -> None:
    assert pick(ORDER, frozenset({"productOrderItem.state", "productOrderItem"})) == {k: v for k, v in ORDER.items() if k != "state"}


def test_an_attribute_that_is_not_there_selects_nothing() -> None:
    assert pick(ORDER, frozenset({"colour.x"})) == pick(ORDER, frozenset())


# Pages --------------------------------------------------------------------------------------------------------------------------------
ADDRESS = paging.Address("/orders", "state=held&offset=10&limit=10")


def links(offset: int, limit: int, total: int) -> dict[str, str]:
    header = paging.headers(ADDRESS, Selection(offset=offset, limit=limit), total, 0)["Link"]
    return {rel.split('"')[1]: address.strip("<>") for address, rel in (link.split("; ") for link in header.split(", "))}


def test_a_page_in_the_middle_points_everywhere() -> None:
    assert links(10, 10, 45) == {
        "self": "/orders?state=held&offset=10&limit=10",
        "first": "/orders?state=held&offset=0&limit=10",
        "next": "/orders?state=held&offset=20&limit=10",
        "prev": "/orders?state=held&offset=0&limit=10",
        "last": "/orders?state=held&offset=40&limit=10",
    }


@pytest.mark.parametrize(
    ("offset", "limit", "total", "expected"),
    [
        (0, 10, 10, {"self", "first", "last"}),
        (0, 10, 11, {"self", "first", "next", "last"}),
        (10, 10, 11, {"self", "first", "prev", "last"}),
        (90, 10, 11, {"self", "first", "prev", "last"}),
        (0, 10, 0, {"self", "first", "last"}),
        (0, 0, 5, {"self", "first"}),
    ],
)
def test_only_pages_that_exist_are_pointed_at(offset: int, limit: int, total: int, expected: set[str]) -> None:
    assert set(links(offset, limit, total)) == expected


def test_the_range_counts_from_one() -> None:
    headers = paging.headers(ADDRESS, Selection(offset=10, limit=10), 50, 10)
    assert headers["Content-Range"] == "items 11-20/50"
    assert headers["X-Total-Count"] == "50"
    assert headers["X-Result-Count"] == "10"
    assert paging.headers(ADDRESS, Selection(), 0, 0)["Content-Range"] == "items */0"


def test_a_part_is_answered_206_and_all_of_it_200() -> None:
    assert paging.status(Selection(), 3, 3) == 200
    assert paging.status(Selection(limit=2), 3, 2) == 206
    assert paging.status(Selection(offset=1), 3, 2) == 206


def test_a_link_cannot_be_broken_out_of() -> None:
    header = paging.headers(paging.Address("/orders", 'state=">;<x'), Selection(), 1, 1)["Link"]
    assert header.count("<") == header.count(">") == 3


# Errors -------------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("code", "status"), [("invalid", 422), ("unknown", 404), ("conflict", 409)])
def test_a_refusal_of_the_domain_has_its_status(code: str, status: int) -> None:
    error = as_http(Rejected(code, "No.", (Reason(code, "No.", "productOrderItem[0].action"),)))
    assert error is not None
    body = error_body(error.status, error.message, error.code, error.reasons)
    assert body["status"] == str(status)
    assert body["code"] == code
    assert body["errors"] == [{"code": code, "message": "No.", "path": "productOrderItem[0].action"}]


def test_a_store_out_of_reach_asks_to_come_again() -> None:
    error = as_http(LogUnavailable("The file is locked."))
    assert error is not None
    assert error.status == 503
    assert error.headers == {"Retry-After": "1"}


def test_a_fault_of_the_program_has_no_answer_of_its_own() -> None:
    assert as_http(ZeroDivisionError()) is None
    assert as_http(HttpError(418, "x")) is not None


# Attributes ---------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("state", True),
        ("productOrderItem.productOffering.id", True),
        ("productOrderItem.product.productCharacteristic.value", True),
        ("productOrderItem.product.productCharacteristic.value.any.thing", True),
        ("relatedParty.id", True),
        ("@type", True),
        ("colour", False),
        ("relatedParty.colour", False),
        ("state.colour", False),
    ],
)
def test_a_resource_knows_the_attributes_of_its_specification(path: str, known: bool) -> None:
    assert tmf_shape("TMF622", "ProductOrder").knows(path) is known


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
def test_every_resource_has_the_attributes_by_which_lists_find_it(resource: Any) -> None:
    columns = getattr(getattr(resource.source, "view", None), "columns", ())
    assert [column.path for column in columns if not resource.shape.knows(column.path)] == []


# Lists of documents at hand -------------------------------------------------------------------------------------------------------------
OFFERINGS = [
    {"id": "b", "name": "Two", "price": 10, "isBundle": True, "lastUpdate": "2026-01-02T00:00:00Z", "tags": [{"name": "x"}]},
    {"id": "a", "name": "One", "price": 9, "isBundle": False, "lastUpdate": "2026-01-01T00:00:00Z", "tags": [{"name": "y"}]},
    {"id": "c", "name": "Two", "isBundle": False, "tags": []},
]


def found(query: str) -> list[str]:
    page: Page = select(OFFERINGS, read_query(query))
    return [document["id"] for document in page.documents]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", ["a", "b", "c"]),
        ("name=Two", ["b", "c"]),
        ("name.ne=Two", ["a"]),
        ("price.gt=9", ["b"]),
        ("price.gte=9.0", ["a", "b"]),
        ("price=x", []),
        ("isBundle=true", ["b"]),
        ("lastUpdate.gt=2026-01-01T12:00:00Z", ["b"]),
        ("tags.name=x,y", ["a", "b"]),
        ("name.regex=^T", ["b", "c"]),
        ("sort=price", ["a", "b", "c"]),
        ("sort=-price", ["b", "a", "c"]),
        ("sort=-name,id", ["b", "c", "a"]),
        ("sort=-name,-id", ["c", "b", "a"]),
        ("offset=1&limit=1", ["b"]),
    ],
)
def test_documents_at_hand_are_found_like_rows(query: str, ids: list[str]) -> None:
    assert found(query) == ids


# Patches ------------------------------------------------------------------------------------------------------------------------------
def test_merge_patch_follows_its_rfc() -> None:
    target = {"a": {"b": 1, "c": 2}, "d": [1, 2], "e": 3}
    assert merge(target, {}, {"a": {"b": None, "x": {"y": None}}, "d": [3], "e": None}) == {"a": {"c": 2, "x": {}}, "d": [3]}


SENT = {"productOrderItem": [{"id": "1", "action": "add", "product": {"name": "x"}}, {"id": "2", "action": "add"}]}
SHOWN = {
    "id": "po-1",
    "productOrderItem": [
        {"id": "1", "action": "add", "state": "inProgress", "@type": "ProductOrderItem", "product": {"name": "x", "id": "pr-1"}},
        {"id": "2", "action": "add", "state": "pending", "@type": "ProductOrderItem", "productOrderItem": [{"id": "2.1", "action": "add"}]},
    ],
}


def test_an_order_that_is_sent_back_as_it_was_answered_changes_nothing() -> None:
    assert merged(SENT, SHOWN, {"productOrderItem": SHOWN["productOrderItem"]}) == SENT


def test_one_item_may_be_patched_alone() -> None:
    patched = merged(SENT, SHOWN, {"productOrderItem": [{"id": "2", "state": "pending", "product": {"name": "y"}}]})
    assert patched["productOrderItem"] == [SENT["productOrderItem"][0], {"id": "2", "action": "add", "product": {"name": "y"}}]


def test_characteristics_are_merged_by_name_at_any_depth() -> None:
    def order(*values: tuple[str, Any]) -> dict[str, Any]:
        inner = {
            "id": "1.1",
            "action": "add",
            "product": {"productCharacteristic": [{"name": name, "value": value} for name, value in values]},
        }
        return {"productOrderItem": [{"id": "1", "action": "add", "productOrderItem": [inner]}]}

    sent, patch = order(("seats", 3), ("colour", "red")), order(("floor", 2), ("seats", 3))
    patched = merged(sent, sent, patch)
    assert patched == order(("seats", 3), ("colour", "red"), ("floor", 2))
    assert changed_items(sent, patched) == {"1.1"}


def test_what_is_no_information_that_items_wait_for_is_refused_by_its_name() -> None:
    with pytest.raises(Rejected, match=r"^externalId cannot be changed"):
        merged(SENT, SHOWN, {"externalId": "x"})


@pytest.mark.parametrize(
    ("patch", "sentence"),
    [
        ({"@type": "BigOrder"}, "@type cannot be changed"),
        ({"productOrderItem": [{"id": "1", "state": "completed"}]}, "Item 1: state cannot be changed"),
        ({"productOrderItem": [{"id": "1"}, {"id": "1"}]}, "id 1 stands there more than once"),
    ],
)
def test_what_nobody_may_say_is_refused_by_its_name(patch: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Unreadable, match=f"^{sentence}"):
        merged(SENT, SHOWN, patch)


def test_an_item_that_is_sent_back_with_the_state_that_it_had_is_taken_for_what_else_it_says() -> None:
    patch = {"productOrderItem": [{"id": "1", "state": "completed", "quantity": 1}]}
    assert changed_items(SENT, merged(SENT, SHOWN, patch)) == {"1"}


def test_an_item_that_is_new_or_no_item_is_left_for_others_to_judge() -> None:
    assert merged(SENT, SHOWN, {"productOrderItem": [{"id": "9", "action": "add"}, 5]})["productOrderItem"][2:] == [
        {"id": "9", "action": "add"},
        5,
    ]
