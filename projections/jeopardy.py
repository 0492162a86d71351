"""Jeopardy as TMF shows it: when an order is expected to be done, and an alert while that is later than was asked for."""

from domain.jeopardy import NORMAL
from domain.product_order import ProductOrderJeopardyAssessed
from projections.view import Document

# What TMF calls the list of alerts: TMF622 has it since v5, TMF641 since v4.
ALERTS = {"ProductOrder": "productOrderJeopardyAlert", "ServiceOrder": "jeopardyAlert"}


def with_jeopardy(document: Document, event: ProductOrderJeopardyAssessed, resource: str) -> Document:
    """The document of an order after it was assessed."""
    rest = {name: value for name, value in document.items() if name != ALERTS[resource]}
    return {**rest, "expectedCompletionDate": event.expected, **alerts(event, resource, str(document["id"]))}


def alerts(event: ProductOrderJeopardyAssessed, resource: str, order: str) -> Document:
    """The list of alerts: one, or none when nothing is at risk."""
    if event.level == NORMAL:
        return {}
    alert = {
        "id": f"{order}.jeopardy",
        "@type": f"{resource}JeopardyAlert",
        "name": "completionDate",
        "jeopardyType": event.level,
        "alertDate": event.at,
        "message": f"Expected {late_by(event)} later than requested.",
    }
    return {ALERTS[resource]: [alert]}


def late_by(event: ProductOrderJeopardyAssessed) -> str:
    """The delay in the largest unit that fits: `3 days`, `2 hours`, `1 minute`."""
    seconds = max(int((event.expected - event.requested).total_seconds()), 0)
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}{'s' if seconds >= 2 * length else ''}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
