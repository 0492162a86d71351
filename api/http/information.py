"""Merging a PATCH into an order: its sender may send single items, or the whole order as it was answered, with what only the server says in it."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from domain.order_document import with_items, with_personal
from domain.product_order import ProductOrderAcknowledged, ProductOrderInformationSupplied
from domain.recorded import Recorded
from domain.values import Reason, Rejected

ITEMS = "productOrderItem"
KEYS = {ITEMS: "id", "productCharacteristic": "name"}
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
            document = with_personal(with_items(document, event.items), event.personal)
    return document


def merged(sent: Json, shown: Json, patch: Json) -> Json:
    """RFC 7396 for the order, but for its lists of items and of characteristics, which are merged by id and by name: what is not named stays. What
    says only what is shown anyway changes nothing. Raises Rejected for changes that are none of information that is missing."""
    as_shown: Json = msgspec.json.decode(msgspec.json.encode(shown))
    document: Json = merge(sent, as_shown, patch)
    for name in sorted(document.keys() | sent.keys()):
        if name != ITEMS and document.get(name) != sent.get(name):
            what = f"{name} can only be changed by an amendment: a PATCH supplies what items wait for."
            raise Rejected("conflict", what, (Reason("conflict", what, name),))
    return document


def changed_items(sent: Json, document: Json) -> frozenset[str]:
    """The items that read otherwise than their sender wrote them, nested ones for themselves."""
    before = dict(_own(sent))
    return frozenset(id for id, item in _own(document) if before.get(id) != item)


def _own(document: Json) -> Iterator[tuple[str, Json]]:
    for item in document.get(ITEMS) or ():
        yield str(item["id"]), {name: value for name, value in item.items() if name != ITEMS}
        yield from _own(item)


# Merging ------------------------------------------------------------------------------------------------------------------------------
def merge(sent: Any, shown: Any, patch: Any) -> Any:
    """Objects are merged, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    seen = shown if isinstance(shown, dict) else {}
    document = dict(sent) if isinstance(sent, dict) else {}
    for name, value in patch.items():
        if name in seen and _says(value, seen[name]):
            continue
        if value is None:
            document.pop(name, None)
        elif name in KEYS and isinstance(value, list):
            document[name] = list(_merge_list(document.get(name), seen.get(name), value, KEYS[name]))
        else:
            document[name] = merge(document.get(name), seen.get(name), value)
    return document


def _merge_list(sent: Any, shown: Any, patches: list[Any], key: str) -> Iterator[Any]:
    """Entries by their key, those that are new at the end; what cannot be understood is left for the check of the whole to refuse."""
    known = {str(entry.get(key)): entry for entry in shown or ()}
    wanted = {str(patch[key]): patch for patch in patches if isinstance(patch, dict) and key in patch}
    for entry in sent or ():
        id = str(entry.get(key))
        yield merge(entry, known.get(id), _without_shown(wanted.pop(id, {})) if key == "id" else wanted.pop(id, {}))
    for id, patch in wanted.items():
        if id not in known or not _says(patch, known[id]):
            yield patch
    yield from (patch for patch in patches if not (isinstance(patch, dict) and key in patch))


def _without_shown(patch: Json) -> Json:
    return {name: value for name, value in patch.items() if name not in ONLY_SHOWN}


def _says(patch: Any, shown: Any) -> bool:
    """Whether everything in the patch is shown already."""
    if isinstance(patch, dict) and isinstance(shown, dict):
        return all(name in shown and _says(value, shown[name]) for name, value in patch.items())
    if isinstance(patch, list) and isinstance(shown, list):
        return len(patch) == len(shown) and all(_says(one, other) for one, other in zip(patch, shown, strict=True))
    return bool(patch == shown)
