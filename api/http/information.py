"""Merging a PATCH into an order: its sender may send single items, or the whole order as it was answered, with what only the server says in it."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from domain.order_document import with_personal
from domain.product_order import ProductOrderAcknowledged, ProductOrderInformationSupplied
from domain.recorded import Recorded

ITEMS = "productOrderItem"
ONLY_SHOWN = frozenset({"state", "@type"})

Json = dict[str, Any]


def as_sent(history: Iterable[Recorded]) -> Json:
    """The order as its sender wrote it, with what was supplied since."""
    document: Json = {}
    for recorded in history:
        event = recorded.event
        if isinstance(event, ProductOrderAcknowledged):
            document = with_personal(event.order, event.personal)
        elif isinstance(event, ProductOrderInformationSupplied):
            items = [_supplied(item, event.items) for item in document[ITEMS]]
            document = with_personal({**document, ITEMS: items}, event.personal)
    return document


def _supplied(item: Json, documents: dict[str, Json]) -> Json:
    item = documents.get(str(item["id"]), item)
    return {**item, ITEMS: [_supplied(each, documents) for each in item[ITEMS]]} if ITEMS in item else item


def merged(sent: Json, shown: Json, patch: Json) -> Json:
    """RFC 7396 for the order; items are merged by id, and an item that says what is shown of it anyway changes nothing."""
    as_shown: Json = msgspec.json.decode(msgspec.json.encode(shown))
    items = patch.get(ITEMS)
    document: Json = merge_patch(sent, {name: value for name, value in patch.items() if name != ITEMS})
    if isinstance(items, list):
        document[ITEMS] = list(_items(sent[ITEMS], as_shown[ITEMS], items))
    elif ITEMS in patch:
        document[ITEMS] = items  # for the check of the whole to refuse
    return document


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7396: objects are merged, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def _items(sent: list[Json], shown: list[Json], patches: list[Any]) -> Iterator[Any]:
    known = {str(item["id"]): item for item in shown}
    wanted = {str(patch.get("id")): patch for patch in patches if isinstance(patch, dict)}
    for item in sent:
        id = str(item["id"])
        yield _item(item, known[id], wanted.pop(id, {}))
    for id, patch in wanted.items():
        if id not in known or not _says(patch, known[id]):
            yield patch  # an item that was not ordered: for the domain to judge
    yield from (patch for patch in patches if not isinstance(patch, dict))


def _item(sent: Json, shown: Json, patch: Json) -> Json:
    if _says(patch, shown):
        return sent
    changes = {name: value for name, value in patch.items() if name not in ONLY_SHOWN and value != shown.get(name)}
    nested = changes.pop(ITEMS, None)
    item: Json = merge_patch(sent, changes)
    if isinstance(nested, list):
        item[ITEMS] = list(_items(sent.get(ITEMS, []), shown.get(ITEMS, []), nested))
    return item


def _says(patch: Any, shown: Any) -> bool:
    """Whether everything in the patch is shown already."""
    if isinstance(patch, dict) and isinstance(shown, dict):
        return all(name in shown and _says(value, shown[name]) for name, value in patch.items())
    if isinstance(patch, list) and isinstance(shown, list):
        return len(patch) == len(shown) and all(_says(one, other) for one, other in zip(patch, shown, strict=True))
    return bool(patch == shown)
