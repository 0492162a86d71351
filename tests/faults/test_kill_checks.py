"""The checks of the kill test see what they are there for: a key with two meanings, a request too few or too many, a customer served twice."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.faults.killing import check_journal, check_products


def activation(key: str, downstream: int = 500, attempt: int = 1) -> dict[str, Any]:
    return {"activationKey": key, "attempt": attempt, "service": {"serviceCharacteristic": [{"name": "downstream", "value": downstream}]}}


ONE_ORDER = [
    *(activation(f"so-1-{number}.{number}.activate.add.1") for number in (1, 2, 3)),
    {"workOrderKey": "wo-1-1.1", "action": "create"},
]


def journal(folder: Path, requests: list[dict[str, Any]]) -> Path:
    file = folder / "journal"
    file.write_text("".join(json.dumps(request) + "\n" for request in requests))
    return file


def test_the_requests_of_an_order_are_counted_and_copies_are_no_second_meaning(tmp_path: Path) -> None:
    assert check_journal(journal(tmp_path, [*ONE_ORDER, ONE_ORDER[0]]), 1) == (4, 5)


@pytest.mark.parametrize(
    ("requests", "complaint"),
    [
        ([*ONE_ORDER, activation("so-1-1.1.activate.add.1", 1000)], "two meanings"),
        ([*ONE_ORDER, activation("so-1-1.1.activate.add.2")], "4 activations"),
        (ONE_ORDER[1:], "2 activations"),
        (ONE_ORDER[:3], "0 visits"),
        ([*ONE_ORDER, {"workOrderKey": "wo-1-2.1", "action": "create"}], "2 visits"),
    ],
)
def test_a_journal_that_is_wrong_is_seen(tmp_path: Path, requests: list[dict[str, Any]], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_journal(journal(tmp_path, requests), 1)


def product(customer: str, offering: str) -> dict[str, Any]:
    return {"id": f"pr-{customer}-{offering}", "relatedParty": [{"id": customer, "role": "customer"}], "productOffering": {"id": offering}}


BASE = [product("cust-1", offering) for offering in ("w1-access", "w1-voice", "w1-tv")]


def test_three_products_of_one_order_are_all() -> None:
    assert check_products(BASE, 1) == 3


@pytest.mark.parametrize(("products", "complaint"), [(BASE[:2], "2 products of 1"), ([*BASE, BASE[0]], "not there exactly once")])
def test_a_product_lost_or_doubled_is_seen(products: list[dict[str, Any]], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_products(products, 1)
