"""The report of a catalog over past orders as JSON, for the command line and HTTP alike."""

from datetime import datetime
from typing import Any

from msgspec import to_builtins

from domain.decomposition.over_orders import Group, OverOrders
from domain.values import moment_of


def as_document(report: OverOrders) -> dict[str, Any]:
    """See the shape `CatalogOverOrders`."""
    return {
        "@type": "CatalogOverOrders",
        "catalog": report.candidate,
        "orders": report.orders,
        "same": report.same,
        "different": report.different,
        "refused": report.refused,
        "differences": [_group(each) for each in report.groups],
        "refusals": [{"reason": each.reason, "orders": each.orders, "examples": list(each.examples)} for each in report.refusals],
    }


def moment(text: str) -> datetime | None:
    """A time as a caller says it; without a zone it is UTC, without text none. Raises ValueError with a sentence."""
    if not text:
        return None
    read = moment_of(text)
    if read is None:
        raise ValueError(f"{text!r} is not a time: write 2026-11-25 or 2026-11-25T09:00:00Z.")
    return read


def _group(group: Group) -> dict[str, Any]:
    return {
        "cause": group.cause,
        "node": group.node,
        "kind": group.kind,
        "what": group.what,
        "attribute": group.attribute,
        "orders": group.orders,
        "examples": [
            {"productOrder": {"id": each.order}, "before": to_builtins(each.before), "after": to_builtins(each.after)}
            for each in group.examples
        ],
    }
