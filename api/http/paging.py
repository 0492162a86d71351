"""The headers of a page (TMF630, part 1, 4.5): how many there are, which these are, and where the others are."""

from typing import NamedTuple
from urllib.parse import quote

from api.http.query import Selection


class Address(NamedTuple):
    """Where a list was asked for: its path and its query string as sent."""

    path: str
    query: str


def status(selection: Selection, total: int, returned: int) -> int:
    """206 when the page is not all there is."""
    return 200 if returned == total and selection.offset == 0 else 206


def headers(address: Address, selection: Selection, total: int, returned: int) -> dict[str, str]:
    """Count, range and links of one page."""
    first = selection.offset + 1
    shown = f"{first}-{selection.offset + returned}" if returned else "*"
    return {
        "X-Total-Count": str(total),
        "X-Result-Count": str(returned),
        "Content-Range": f"items {shown}/{total}",
        "Link": ", ".join(f'<{_at(address, offset, limit)}>; rel="{rel}"' for rel, offset, limit in _links(selection, total)),
    }


def _links(selection: Selection, total: int) -> list[tuple[str, int, int]]:
    offset, limit = selection.offset, selection.limit
    links = [("self", offset, limit), ("first", 0, limit)]
    if limit and offset + limit < total:
        links.append(("next", offset + limit, limit))
    if limit and offset > 0:
        before = min(offset, max(total, 0))  # past the end, the page before is the last one
        links.append(("prev", max(0, before - limit), min(limit, before) or limit))
    if limit:
        links.append(("last", max(0, (total - 1) // limit * limit), limit))
    return links


def _at(address: Address, offset: int, limit: int) -> str:
    kept = [part for part in address.query.split("&") if part and not part.startswith(("offset=", "limit="))]
    query = "&".join([*kept, f"offset={offset}", f"limit={limit}"])
    return f"{quote(address.path, safe='/%')}?{quote(query, safe=_UNTOUCHED)}"


_UNTOUCHED = "%&=;,:@+*~!$'()/?.-_"
