"""Merging a PATCH into an order: its sender may send single items, or the whole order as it was answered, with what only the server says in it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from domain.order_document import DESCRIPTIVE, amended_items, by_id, described, with_items, with_personal
from domain.product_order import (
    ProductOrderAcknowledged,
    ProductOrderAmended,
    ProductOrderDecomposed,
    ProductOrderDescribed,
    ProductOrderInformationSupplied,
)
from domain.product_order.amendment import Statements, items_of, statements
from domain.recorded import Recorded
from domain.values import Reason, Rejected
from schemas.reading import Unreadable

ITEMS = "productOrderItem"
KEYS = {ITEMS: "id", "productCharacteristic": "name"}
ONLY_SHOWN = frozenset({"state", "@type"})

Json = dict[str, Any]


def as_sent(history: Iterable[Recorded]) -> Json:
    """The order as its sender wrote it, with what was supplied and amended since."""
    document: Json = {}
    for recorded in history:
        event = recorded.event
        if isinstance(event, ProductOrderAcknowledged):
            document = with_personal(event.order, event.personal)
        elif isinstance(event, ProductOrderInformationSupplied):
            document = with_personal(with_items(document, event.items), event.personal)
        elif isinstance(event, ProductOrderDescribed):
            document = described(document, event.order, event.personal, event.unsaid)
        elif isinstance(event, ProductOrderAmended):
            document = {**document, ITEMS: amended_items(event.items, event.personal, by_id(document[ITEMS]))}
    return document


def waiting(history: Iterable[Recorded]) -> frozenset[str]:
    """The items that lack something before they can be planned."""
    lacking: dict[str, bool] = {}
    for recorded in history:
        event = recorded.event
        if isinstance(event, ProductOrderAmended):
            lacking.clear()
        if isinstance(event, ProductOrderDecomposed | ProductOrderAmended):
            lacking.update((item.id, bool(item.missing)) for item in event.plan.items)
    return frozenset(id for id, lacks in lacking.items() if lacks)


def merged(sent: Json, shown: Json, patch: Json) -> Json:
    """RFC 7396 for the order, but for its lists of items and of characteristics, which are merged by id and by name: what is not named stays. What
    says only what is shown anyway changes nothing. Raises Unreadable for what nobody may change, Rejected for what cannot be changed any more."""
    as_shown: Json = msgspec.json.decode(msgspec.json.encode(shown))
    document: Json = merge(sent, as_shown, patch)
    for name in _differing(sent, document):
        if name.startswith("@"):
            _refuse(f"{name} cannot be changed.", name)
        if name != ITEMS and name not in DESCRIPTIVE:
            what = f"{name} cannot be changed: an order under way is amended in its items."
            raise Rejected("conflict", what, (Reason("conflict", what, name),))
    return document


def descriptive_changes(sent: Json, document: Json) -> Json:
    """What is said of the order beside its items and is another thing now; None for what is no longer said."""
    return {name: document.get(name) for name in _differing(sent, document) if name != ITEMS}


def _differing(sent: Json, document: Json) -> list[str]:
    return [name for name in sorted(document.keys() | sent.keys()) if document.get(name) != sent.get(name)]


def changed_items(sent: Json, document: Json) -> frozenset[str]:
    """The items that read otherwise than their sender wrote them, nested ones for themselves."""
    before = dict(_own(sent))
    return frozenset(id for id, item in _own(document) if before.get(id) != item)


def takes_out(sent: Json, document: Json) -> bool:
    """Whether an item is to be something else than it was: that is no information that was missing."""
    before = by_id(sent[ITEMS])
    return any(id in before and item.get("action") != before[id].get("action") for id, item in by_id(document[ITEMS]).items())


def difference(sent: Json, document: Json) -> list[Json]:
    """The items of a delta that makes the one of the other. Raises Rejected where it would have to unsay more than characteristics."""
    before, after = statements(sent[ITEMS]), statements(document[ITEMS])
    said: Statements = {}
    for path, value in after.items():
        if path not in before or before[path] != value:
            _name(path[0], after, said)
            said[path] = value
    for path in before.keys() - after.keys():
        if len(path) < 4:
            raise Rejected("invalid", f"Item {path[0]}: {'.'.join(path[1:])} cannot be unsaid, only said otherwise.")
        _name(path[0], after, said)
        said[path] = {"name": path[3], "value": None}
    return items_of(said)


def _name(id: str, after: Statements, said: Statements) -> None:
    """An item stands within those that it is nested in."""
    while id and (id,) not in said:
        said[id,] = after[id,]
        id = after[id,]


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
    wanted = _by_key(patches, key, known)
    for entry in sent or ():
        id = str(entry.get(key))
        patch = wanted.pop(id, {})
        if key == "id":
            patch = _without_shown(patch)
        elif "value" in patch and patch["value"] is None:
            continue
        yield merge(entry, known.get(id), patch)
    for id, patch in wanted.items():
        if id not in known or not _says(patch, known[id]):
            yield _without_shown(patch) if key == "id" else patch
    yield from (patch for patch in patches if not (isinstance(patch, dict) and key in patch))


def _by_key(patches: list[Any], key: str, known: Mapping[str, Any]) -> dict[str, Json]:
    wanted: dict[str, Json] = {}
    for patch in patches:
        if isinstance(patch, dict) and key in patch:
            id = str(patch[key])
            if id in wanted:
                _refuse(f"{key} {id} stands there more than once.", key)
            if key == "id":
                _check_state(id, patch, known.get(id, {}))
            wanted[id] = patch
    return wanted


def _check_state(id: str, patch: Json, shown: Json) -> None:
    """States follow from what is done. An item that was read, changed and sent back may carry the one that it had then."""
    if patch.keys() <= {"id", *ONLY_SHOWN} and patch.get("state", shown.get("state")) != shown.get("state"):
        _refuse(f"Item {id}: state cannot be changed.", f"{ITEMS}[{id}].state")


def _refuse(what: str, path: str) -> None:
    raise Unreadable(what, (Reason("invalid", what, path),))


def _without_shown(patch: Json) -> Json:
    return {name: value for name, value in patch.items() if name not in ONLY_SHOWN}


def _says(patch: Any, shown: Any) -> bool:
    """Whether everything in the patch is shown already."""
    if isinstance(patch, dict) and isinstance(shown, dict):
        return all(name in shown and _says(value, shown[name]) for name, value in patch.items())
    if isinstance(patch, list) and isinstance(shown, list):
        return len(patch) == len(shown) and all(_says(one, other) for one, other in zip(patch, shown, strict=True))
    return bool(patch == shown)
