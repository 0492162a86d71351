"""Every document, at every moment of its life, is what TM Forum's specification says."""

from collections.abc import Callable

import pytest

from projections import CANCELLATIONS, PRODUCT_ORDERS, PRODUCTS, SERVICE_CANCELLATIONS, SERVICE_ORDERS, SERVICES, WORK_ORDERS
from projections.view import Document, View
from tests.views.story import Story
from tests.wire.histories import amendments, changes, clearances, elsewhere, from_outside, nowhere, triple_play, troubles
from tests.wire.tmf import faults

RESOURCES = {
    PRODUCT_ORDERS: "ProductOrder",
    CANCELLATIONS: "CancelProductOrder",
    SERVICE_ORDERS: "ServiceOrder",
    SERVICE_CANCELLATIONS: "CancelServiceOrder",
    WORK_ORDERS: "WorkOrder",
    PRODUCTS: "Product",
    SERVICES: "Service",
}


@pytest.mark.parametrize("history", [triple_play, troubles, changes, from_outside, clearances, nowhere, elsewhere, amendments])
@pytest.mark.parametrize("view", RESOURCES, ids=lambda view: view.name)
def test_documents_are_valid_at_every_step(history: Callable[[], Story], view: View) -> None:
    rows: dict[str, Document] = {}
    checked: set[tuple[str, str]] = set()
    for recorded in history().log:
        for key in view.keys(recorded) if isinstance(recorded.event, view.events) else ():
            document = view.evolve(rows.get(key), recorded, key)
            assert document is not None
            rows[key] = document
            step = (type(recorded.event).__name__, str(document.get("state", document.get("status"))))
            if step not in checked:
                checked.add(step)
                assert faults(RESOURCES[view], document) == [], f"{key} after {step}"


def test_documents_of_what_is_nowhere_name_no_place() -> None:
    rows: dict[tuple[str, str], Document] = {}
    for recorded in nowhere().log:
        for view in (SERVICE_ORDERS, WORK_ORDERS, SERVICES):
            for key in view.keys(recorded) if isinstance(recorded.event, view.events) else ():
                rows[view.name, key] = view.evolve(rows.get((view.name, key)), recorded, key) or {}
    assert rows
    assert [row for row in rows.values() if "place" in row] == []


def test_the_check_finds_what_is_wrong() -> None:
    document = {"id": "po-1", "href": "/po-1", "@type": "ProductOrder", "state": "sold", "productOrderItem": [{"id": "1"}]}
    found = "\n".join(faults("ProductOrder", document))
    assert "'sold' is not one of" in found
    assert "'action' is a required property" in found
