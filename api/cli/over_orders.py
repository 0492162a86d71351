"""`catalog diff CANDIDATE --over-orders`: which past orders would decompose otherwise under a candidate catalog."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from api.cli.failures import Failed
from api.settings import Settings

if TYPE_CHECKING:
    from datetime import datetime

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


def over_orders(settings: Settings, candidate: str, since: str, until: str, limit: int, as_json: bool) -> None:
    """Read the store's orders, decompose each again, and print the report."""
    from adapters.over_orders import Span
    from adapters.over_orders import over_orders as compared
    from api.cli.stores import opened
    from api.cli.terminal import print_json, progress
    from api.over_orders import as_document
    from schemas.catalog import load_catalog

    span = Span(_moment(since), _moment(until), limit or None)
    catalog = load_catalog(candidate)
    with opened(settings) as (log, codec, _), progress("Comparing orders", "events", not as_json) as moved:
        report = compared(log, codec, catalog, _published(log, codec), settings.answer_within, span, moved)
    document = as_document(report)
    if as_json:
        print_json(document)
    else:
        print("\n".join(_lines(candidate, document)))


def _moment(text: str) -> "datetime | None":
    from api.over_orders import moment

    try:
        return moment(text)
    except ValueError as error:
        raise Failed(str(error), 2) from None


def _published(log: Any, codec: Any) -> dict[str, Any]:
    from domain.catalog_publication import STREAM, CatalogPublished
    from schemas.catalog import catalog_from_document

    events = [codec.decode(row).event for row in log.read([STREAM])]
    return {each.version: catalog_from_document(each.document) for each in events if isinstance(each, CatalogPublished)}


def _lines(candidate: str, report: Mapping[str, Any]) -> Iterator[str]:
    counts = ", ".join(
        f"{report[name]} {word}" for name, word in (("same", "the same"), ("different", "different"), ("refused", "refused"))
    )
    yield f"{report['orders']} orders under {candidate} (version {report['catalog']}): {counts}."
    causes: dict[str, list[Any]] = {}
    for each in report["differences"]:
        causes.setdefault(each["cause"], []).append(each)
    for cause, groups in causes.items():
        yield cause
        for each in groups:
            yield f"  {_SIGNS[each['kind']]} {_what(each)}: {_orders(each['orders'], [one['productOrder']['id'] for one in each['examples']])}"
    for each in report["refusals"]:
        yield f"refused: {each['reason']} {_orders(each['orders'], each['examples'])}"


def _what(group: Mapping[str, Any]) -> str:
    if not group["attribute"]:
        return f"{group['node']} {group['what']}"
    first = group["examples"][0]
    return f"{group['node']} {group['what']} {group['attribute']}, {_shown(first['before'])} → {_shown(first['after'])}"


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _orders(count: int, examples: list[str]) -> str:
    more = ", …" if count > len(examples) else ""
    return f"{count} {'order' if count == 1 else 'orders'} ({', '.join(examples)}{more})"
