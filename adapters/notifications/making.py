"""What all notifications are made of: a whole resource, or its id, address and what changed."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.jeopardy import NORMAL
from domain.product_order import (
    ProductOrderCancellationAssessed,
    ProductOrderChangeRefused,
    ProductOrderJeopardyAssessed,
)
from domain.recorded import Recorded
from projections import cancellations
from projections.jeopardy import alerts
from projections.references import resource
from projections.view import View
from schemas.notification import Notification, by_reference

Told = Notification | None
CREATE, STATE, VALUES, INFORMATION = "Create", "StateChange", "AttributeValueChange", "InformationRequired"


def created(kind: str, view: View) -> Callable[[Recorded], Told]:
    """The whole resource, as its first event makes it."""

    def tell(recorded: Recorded) -> Told:
        document = view.evolve(None, recorded, recorded.stream)
        return Notification(kind, CREATE, recorded.stream, document) if document is not None else None

    return tell


def taken_in(kind: str, view: View) -> Callable[[Recorded], Told]:
    """The whole resource, as its sender said it, people by reference."""

    def tell(recorded: Recorded) -> Told:
        document = view.evolve(None, recorded, recorded.stream)
        return Notification(kind, CREATE, recorded.stream, by_reference(document)) if document is not None else None

    return tell


def changed(type: str, kind: str, recorded: Recorded, **attributes: Any) -> Notification:
    """Id, address and what changed; `path` lists it for those who only look there."""
    document = {**resource(type, recorded.stream), **attributes}
    return Notification(type, kind, recorded.stream, document, ",".join(attributes) if kind == VALUES else "")


def cancel_told(recorded: Recorded) -> Told:
    event: ProductOrderCancellationAssessed | ProductOrderChangeRefused = recorded.event
    cancel = event.change if isinstance(event, ProductOrderChangeRefused) else event.cancel
    document = cancellations.evolve(None, recorded, cancel)
    return Notification(document["@type"], STATE, cancel, by_reference(document)) if document is not None else None


def jeopardy(type: str, kind: str) -> Callable[[Recorded], Told]:
    """Another level is an alert; all else of an assessment is another date (of which only a change is told)."""

    def tell(recorded: Recorded) -> Told:
        event: ProductOrderJeopardyAssessed = recorded.event
        expected = {"expectedCompletionDate": event.expected}
        if event.level == (event.was or NORMAL):
            return changed(type, VALUES, recorded, **expected)
        found = alerts(event, type, recorded.stream)
        return changed(type, kind, recorded, **expected, **found)

    return tell


Table = Mapping[type[Any], Callable[[Recorded], Told]]
