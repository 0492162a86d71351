"""What both read-model stores promise: rows and positions in one transaction, and the same answer to the same question."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from threading import Thread

import psycopg
import pytest

from adapters.read_models import open_read_models
from adapters.read_models.port import (
    Changes,
    Filter,
    FilterRefused,
    Operator,
    PositionMoved,
    ReadModelStore,
    ReadModelsUnavailable,
    Sort,
)
from projections.view import Column, Document, View

ORDERS = View(
    "orders",
    1,
    (),
    keys=lambda recorded: (),
    evolve=lambda document, recorded, key: document,
    columns=(
        Column("state", "state"),
        Column("count", "count", "number"),
        Column("date", "orderDate", "time"),
        Column("urgent", "urgent", "boolean"),
        Column("party", "relatedParty.id"),
        Column("amount", "price.amount", "number"),
    ),
)
OTHERS = View("others", 1, (), keys=lambda recorded: (), evolve=lambda document, recorded, key: document)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def url(new_store: Callable[[], str]) -> str:
    return new_store()


@pytest.fixture
def store(url: str) -> Iterator[ReadModelStore]:
    opened = open_read_models(url)
    opened.prepare([ORDERS, OTHERS])
    yield opened
    opened.close()


def write(store: ReadModelStore, rows: Mapping[str, Document | None], view: View = ORDERS) -> None:
    at = store.positions()[view.table]
    store.write([Changes(view, at, at + 1, rows)])


def found(store: ReadModelStore, *filters: tuple[str, Operator, Sequence[str]], sort: Sequence[Sort] = ()) -> list[str]:
    page = store.select(ORDERS, [Filter(path, operator, tuple(values)) for path, operator, values in filters], sort)
    assert page.total == len(page.documents)
    return [document["id"] for document in page.documents]


# Rows and positions -----------------------------------------------------------------------------------------------------------------
def test_a_view_begins_without_rows_at_position_zero(store: ReadModelStore) -> None:
    assert store.positions() == {"orders_1": 0, "others_1": 0}
    assert (store.load(ORDERS, ["a"]), store.select(ORDERS)) == ({}, (0, []))


def test_rows_are_read_as_they_were_written(store: ReadModelStore) -> None:
    document = {"id": "a", "z": 1, "a": [1, 2.5, True, None, "é☃\n'\"\\"], "nested": {"y": {}, "x": []}}
    write(store, {"a": document, "b": {"id": "b"}})
    assert store.load(ORDERS, ["a", "missing"]) == {"a": document}
    assert list(store.load(ORDERS, ["a"])["a"]) == ["id", "z", "a", "nested"]
    assert store.select(ORDERS).documents == [document, {"id": "b"}]


def test_times_become_text(store: ReadModelStore) -> None:
    write(store, {"a": {"id": "a", "orderDate": datetime(2026, 1, 1, 9, 0, 0, 5, tzinfo=UTC)}})
    assert store.load(ORDERS, ["a"])["a"]["orderDate"] == "2026-01-01T09:00:00.000005Z"


def test_a_row_is_replaced_and_ends(store: ReadModelStore) -> None:
    write(store, {"a": {"id": "a", "state": "held"}, "b": {"id": "b", "state": "held"}})
    write(store, {"a": {"id": "a", "state": "completed"}, "b": None, "never": None})
    assert store.select(ORDERS).documents == [{"id": "a", "state": "completed"}]
    assert (found(store, ("state", "eq", ["held"])), found(store, ("state", "eq", ["completed"]))) == ([], ["a"])


def test_all_views_of_a_page_are_written_or_none(store: ReadModelStore) -> None:
    store.write([Changes(ORDERS, 0, 5, {"a": {"id": "a"}}), Changes(OTHERS, 0, 5, {"x": {"id": "x"}})])
    with pytest.raises(PositionMoved):
        store.write([Changes(ORDERS, 5, 9, {"b": {"id": "b"}}), Changes(OTHERS, 4, 9, {"y": {"id": "y"}})])
    assert store.positions() == {"orders_1": 5, "others_1": 5}
    assert (list(store.load(ORDERS, ["a", "b"])), list(store.load(OTHERS, ["x", "y"]))) == (["a"], ["x"])


def test_a_document_that_cannot_be_stored_leaves_nothing(store: ReadModelStore) -> None:
    with pytest.raises(TypeError):
        store.write([Changes(ORDERS, 0, 5, {"a": {"id": "a"}, "b": {"id": object()}})])
    assert (store.positions()["orders_1"], store.load(ORDERS, ["a"])) == (0, {})


def test_a_page_may_change_nothing_but_the_position(store: ReadModelStore) -> None:
    store.write([Changes(ORDERS, 0, 7, {})])
    assert store.positions()["orders_1"] == 7


def test_a_thousand_rows_go_in_by_one_call(store: ReadModelStore) -> None:
    rows = {f"row-{number:04}": {"id": f"row-{number:04}", "relatedParty": [{"id": "p"}, {"id": f"p{number}"}]} for number in range(1_000)}
    write(store, rows)
    page = store.select(ORDERS, limit=3, offset=500)
    assert (page.total, [document["id"] for document in page.documents]) == (1_000, ["row-0500", "row-0501", "row-0502"])
    assert len(store.load(ORDERS, list(rows))) == 1_000


def test_what_one_process_writes_another_reads(url: str, store: ReadModelStore) -> None:
    other = open_read_models(url)
    other.prepare([ORDERS])
    write(store, {"a": {"id": "a"}})
    assert other.load(ORDERS, ["a"]) == {"a": {"id": "a"}}
    write(other, {"b": {"id": "b"}})
    with pytest.raises(PositionMoved):
        store.write([Changes(ORDERS, 1, 2, {"c": {"id": "c"}})])
    other.close()
    assert [document["id"] for document in store.select(ORDERS).documents] == ["a", "b"]


def test_a_store_may_be_prepared_by_several_at_once(url: str) -> None:
    broken: list[BaseException] = []

    def prepare() -> None:
        try:
            one = open_read_models(url)
            one.prepare([ORDERS, OTHERS])
            one.close()
        except BaseException as error:
            broken.append(error)

    threads = [Thread(target=prepare) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []


@pytest.mark.servers
def test_preparing_again_waits_for_no_writer(postgres: Callable[[], str]) -> None:
    url = postgres()
    store = open_read_models(url)
    store.prepare([ORDERS])
    with psycopg.connect(url) as writer:
        writer.execute("INSERT INTO orders_1 VALUES ('a', '{}')")  # and not committed yet
        writer.execute("INSERT INTO orders_1_more VALUES ('a', 'party', 'p', NULL)")
        again = Thread(target=store.prepare, args=([ORDERS],), daemon=True)
        again.start()
        again.join(10.0)
        assert not again.is_alive()
    store.close()


# Rebuilding -------------------------------------------------------------------------------------------------------------------------
BUILT = replace(ORDERS, name="orders_built")


def test_an_emptied_view_begins_anew(store: ReadModelStore) -> None:
    write(store, {"a": {"id": "a", "relatedParty": [{"id": "p"}, {"id": "q"}]}})
    store.empty(ORDERS)
    assert (store.positions()["orders_1"], store.select(ORDERS).total, found(store, ("relatedParty.id", "eq", ["q"]))) == (0, 0, [])


def test_a_built_view_takes_the_place_of_the_live_one(store: ReadModelStore) -> None:
    write(store, {"a": {"id": "a", "state": "wrong"}, "b": {"id": "b"}})
    store.prepare([BUILT])
    store.write([Changes(BUILT, 0, 9, {"a": {"id": "a", "state": "right", "relatedParty": [{"id": "p"}, {"id": "q"}]}})])
    store.replace(ORDERS, BUILT)
    assert store.positions() == {"orders_1": 9, "others_1": 0}
    assert (found(store), found(store, ("relatedParty.id", "eq", ["q"]))) == (["a"], ["a"])
    store.prepare([BUILT])  # and it can be built once more
    assert store.select(BUILT).total == 0


def test_rows_that_differ_are_named(store: ReadModelStore) -> None:
    same: Document = {"id": "same", "n": 1}
    store.write([Changes(ORDERS, 0, 5, {"same": same, "other": {"id": "other", "n": 1}, "only-live": {"id": "only-live"}})])
    store.prepare([BUILT])
    store.write([Changes(BUILT, 0, 5, {"same": same, "other": {"id": "other", "n": 2}, "only-built": {"id": "only-built"}})])
    assert sorted(store.differing(ORDERS, BUILT, 5)) == ["only-built", "only-live", "other"]


@pytest.mark.parametrize(("live", "built"), [(5, 6), (6, 5)])
def test_views_are_only_compared_at_one_position(store: ReadModelStore, live: int, built: int) -> None:
    store.prepare([BUILT])
    store.write([Changes(ORDERS, 0, live, {}), Changes(BUILT, 0, built, {})])
    with pytest.raises(PositionMoved):
        store.differing(ORDERS, BUILT, 5)


def test_dropping_what_is_not_there_is_no_error(store: ReadModelStore) -> None:
    store.drop(BUILT)
    store.prepare([BUILT])
    store.drop(BUILT)
    assert BUILT.table not in store.positions()


def test_a_table_of_an_older_declaration_is_found(store: ReadModelStore) -> None:
    with pytest.raises(ReadModelsUnavailable, match="raise its generation"):
        store.prepare([replace(ORDERS, columns=ORDERS.columns[1:])])
    store.prepare([replace(ORDERS, columns=ORDERS.columns[1:], generation=2)])


@pytest.mark.parametrize("name", ['x" (drop', "document", "row_id", "Upper", ""])
def test_names_that_are_no_plain_ones_are_refused(store: ReadModelStore, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        store.prepare([replace(ORDERS, name="odd", columns=(Column(name, "state"),))])


# Finding ----------------------------------------------------------------------------------------------------------------------------
def an_order(number: int) -> Document:
    return {
        "id": f"o{number}",
        "state": ("held", "completed")[number % 2],
        "count": number,
        "orderDate": NEW_YEAR + timedelta(days=number, microseconds=number),
        "urgent": number % 3 == 0,
        "relatedParty": [{"id": f"p{number}", "role": "customer"}, {"id": f"p{number + 1}", "role": "payer"}],
        "price": {"amount": number + 0.5},
        "note": [{"text": f"number {number}", "rating": number}, {"text": f"again {number + 1}"}],
        "requested": (NEW_YEAR + timedelta(days=number)).astimezone(timezone(timedelta(hours=2))).isoformat(),
        "open": number % 3 == 0,
    }


@pytest.fixture
def orders(store: ReadModelStore) -> ReadModelStore:
    write(store, {f"o{number}": an_order(number) for number in range(6)} | {"bare": {"id": "bare"}})
    return store


FINDS: list[tuple[str, Operator, list[str], str]] = [
    # columns
    ("state", "eq", ["completed"], "o1 o3 o5"),
    ("state", "eq", ["completed", "nothing", "held"], "o0 o1 o2 o3 o4 o5"),
    ("state", "ne", ["completed"], "bare o0 o2 o4"),
    ("state", "ne", ["completed", "held"], "bare"),
    ("state", "gt", ["d"], "o0 o2 o4"),
    ("state", "regex", ["^comp.*d$"], "o1 o3 o5"),
    ("state", "regex", ["^x", "l"], "o0 o1 o2 o3 o4 o5"),
    ("count", "eq", ["3"], "o3"),
    ("count", "eq", ["3.0", "4"], "o3 o4"),
    ("count", "gte", ["4"], "o4 o5"),
    ("count", "lt", ["1e0"], "o0"),
    ("count", "ne", ["3"], "bare o0 o1 o2 o4 o5"),
    ("price.amount", "gt", ["4"], "o4 o5"),
    ("urgent", "eq", ["true"], "o0 o3"),
    ("orderDate", "gte", ["2026-01-05"], "o4 o5"),
    ("orderDate", "gt", ["2026-01-05T00:00:00.000003Z"], "o4 o5"),
    ("orderDate", "gt", ["2026-01-05T00:00:00.000004Z"], "o5"),
    ("orderDate", "lt", ["2026-01-02T02:00:00+02:00"], "o0"),
    ("orderDate", "lte", ["2026-01-02T02:00:00.000001+02:00"], "o0 o1"),
    ("relatedParty.id", "eq", ["p3"], "o2 o3"),
    ("relatedParty.id", "ne", ["p3"], "bare o0 o1 o4 o5"),
    ("relatedParty.id", "gt", ["p5"], "o5"),
    ("relatedParty.id", "regex", ["[56]"], "o4 o5"),
    # anything else in the document
    ("id", "eq", ["o3"], "o3"),
    ("note.rating", "eq", ["3"], "o3"),
    ("note.rating", "gte", ["4"], "o4 o5"),
    ("note.rating", "ne", ["4"], "bare o0 o1 o2 o3 o5"),
    ("note.text", "eq", ["again 3", "number 5"], "o2 o5"),
    ("note.text", "regex", ["^again [12]$"], "o0 o1"),
    ("relatedParty.role", "eq", ["payer"], "o0 o1 o2 o3 o4 o5"),
    ("requested", "gt", ["2026-01-05T00:00:00Z"], "o5"),
    ("requested", "eq", ["2026-01-05T00:00:00Z"], "o4"),
    ("requested", "lt", ["2026-01-02"], "o0"),
    ("open", "eq", ["true"], "o0 o3"),
    ("open", "ne", ["true"], "bare o1 o2 o4 o5"),
    ("missing.path", "eq", ["x"], ""),
    ("state.deeper", "eq", ["held"], ""),
    ("note", "eq", ["x"], ""),
    ("odd\"'\\); DROP TABLE orders_1; --", "eq", ["x"], ""),
    ("state", "eq", ["' OR 1=1 --"], ""),
    ("note.text", "eq", ["%' OR '1'='1"], ""),
]


@pytest.mark.parametrize(("path", "operator", "values", "expected"), FINDS, ids=[f"{p} {o} {v}"[:60] for p, o, v, _ in FINDS])
def test_rows_are_found(orders: ReadModelStore, path: str, operator: Operator, values: list[str], expected: str) -> None:
    assert found(orders, (path, operator, values)) == expected.split()


def test_all_filters_must_hold(orders: ReadModelStore) -> None:
    assert found(orders, ("note.rating", "gt", ["1"]), ("state", "eq", ["held"]), ("relatedParty.id", "regex", ["5"])) == ["o4"]


REFUSED: list[tuple[str, Operator, list[str], str]] = [
    ("count", "gt", ["many"], "count is a number, and 'many' is none"),
    ("orderDate", "lt", ["yesterday"], "orderDate is a time, and 'yesterday' is none"),
    ("orderDate", "lt", ["2026-13-01"], "orderDate is a time"),
    ("urgent", "eq", ["maybe"], "urgent is a boolean, and 'maybe' is none"),
    ("a..b", "eq", ["1"], "is not a path"),
    ("", "eq", ["1"], "is not a path"),
    ("state", "eq", [], "has 0 values"),
    ("state", "eq", ["a\0b"], "has a value that is no text"),
    ("state", "regex", ["("], "cannot be used"),
    ("state", "regex", ["a" * 1_000], "may have 200 characters"),
]


@pytest.mark.parametrize(("path", "operator", "values", "sentence"), REFUSED)
def test_a_filter_that_makes_no_sense_is_refused(
    orders: ReadModelStore, path: str, operator: Operator, values: list[str], sentence: str
) -> None:
    with pytest.raises(FilterRefused, match=sentence):
        found(orders, (path, operator, values))


def test_a_nul_character_in_a_document_harms_no_list(store: ReadModelStore) -> None:
    write(store, {"a": {"id": "a", "note": "x\0y", "state": "s\0", "path": "\\u0000"}, "b": {"id": "b", "note": "z"}})
    assert found(store, ("note", "eq", ["z"])) == ["b"]
    assert found(store, ("note", "regex", ["^x"])) == ["a"]
    assert store.load(ORDERS, ["a"])["a"]["path"] == "\\u0000"


def test_a_text_too_long_for_an_index_is_still_found(store: ReadModelStore) -> None:
    text = "☃" * 5_000
    write(store, {"a": {"id": "a", "state": text}})
    assert found(store, ("state", "eq", [text])) == ["a"]


def test_a_value_of_another_kind_than_its_column_is_not_in_it(store: ReadModelStore) -> None:
    write(store, {"a": {"id": "a", "count": "many", "orderDate": "soon", "urgent": 1, "state": {"of": "affairs"}}})
    assert found(store, ("count", "gte", ["0"]), ("orderDate", "gte", ["0001-01-01"])) == []
    assert found(store, ("count", "ne", ["0"])) == ["a"]


# Order and pages ----------------------------------------------------------------------------------------------------------------------
def ids(store: ReadModelStore, *sort: Sort) -> str:
    return " ".join(document["id"] for document in store.select(ORDERS, sort=sort).documents)


def test_rows_are_sorted_by_column_and_those_without_it_come_last(orders: ReadModelStore) -> None:
    assert ids(orders, Sort("count", False)) == "o0 o1 o2 o3 o4 o5 bare"
    assert ids(orders, Sort("count", True)) == "o5 o4 o3 o2 o1 o0 bare"
    assert ids(orders, Sort("orderDate", True)) == "o5 o4 o3 o2 o1 o0 bare"


def test_rows_that_tie_are_sorted_by_id(orders: ReadModelStore) -> None:
    assert ids(orders, Sort("state", True)) == "o0 o2 o4 o1 o3 o5 bare"
    assert ids(orders, Sort("state", False), Sort("count", True)) == "o5 o3 o1 o4 o2 o0 bare"


def test_rows_are_sorted_by_anything_in_the_document(orders: ReadModelStore) -> None:
    assert ids(orders, Sort("note.rating", True)) == "o5 o4 o3 o2 o1 o0 bare"
    assert ids(orders, Sort("requested", False)) == "o0 o1 o2 o3 o4 o5 bare"
    assert ids(orders, Sort("note.text", True)) == "o5 o4 o3 o2 o1 o0 bare"


def test_pages_are_counted_and_do_not_overlap(orders: ReadModelStore) -> None:
    pages = [orders.select(ORDERS, sort=[Sort("state", False)], offset=offset, limit=3) for offset in (0, 3, 6, 9)]
    assert [page.total for page in pages] == [7, 7, 7, 7]
    assert [[document["id"] for document in page.documents] for page in pages] == [["o1", "o3", "o5"], ["o0", "o2", "o4"], ["bare"], []]


def test_a_page_need_not_be_counted(orders: ReadModelStore) -> None:
    assert orders.select(ORDERS, limit=1, count=False) == (0, [{"id": "bare"}])
