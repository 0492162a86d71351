"""Published catalogs: every version that orders were decided by, and publishing the next one."""

from typing import Any

from starlette.requests import Request as HttpRequest

from adapters.engine.port import Request
from adapters.read_models.port import Page
from api.http import caller
from api.http.context import Context
from api.http.in_memory import select
from api.http.own import ROOT, TITLE
from api.http.own.shapes.catalogs import CATALOG
from api.http.query import Selection
from api.http.resource import Change, Made, Resource
from api.http.shapes import Shape
from api.http.sources import Found
from api.wiring import System
from domain.catalog_publication import STREAM, CatalogPublished, PublishCatalog
from domain.recorded import Recorded
from schemas.catalog import catalog_in_body
from schemas.reading import digest

PATH = f"{ROOT}/catalogs"


class Publications:
    """What stands in the catalog's stream."""

    from_views = False

    def find(self, system: System, id: str) -> Found | None:
        """See Source."""
        for recorded in _published(system):
            if recorded.event.version == id:
                return Found({**_summary(system, recorded), "document": recorded.event.document}, recorded.version)
        return None

    def select(self, system: System, selection: Selection) -> Page:
        """See Source."""
        return select([_summary(system, recorded) for recorded in _published(system)], selection)


def _published(system: System) -> list[Recorded]:
    """The last publication of each version: the same one may become current again."""
    history = [system.codec.decode(row) for row in system.log.read([STREAM])]
    return list({each.event.version: each for each in history if isinstance(each.event, CatalogPublished)}.values())


def _summary(system: System, recorded: Recorded) -> dict[str, Any]:
    event: CatalogPublished = recorded.event
    return {
        "id": event.version,
        "href": f"{PATH}/{event.version}",
        "@type": "PublishedCatalog",
        "version": event.version,
        "digest": event.digest,
        "current": system.current_catalog() == event.version,
        "publishedAt": recorded.meta.time,
        "effective": event.effective or recorded.meta.time,
    }


async def publish(context: Context, http: HttpRequest, body: bytes, _: str) -> Made:
    """Check the catalog in the body and make it the current one, from its key `effective` on where it has one. What is the current one
    already is answered 200."""
    key = caller.idempotency_key(http)
    caller.operator(http)
    catalog = await context.run(catalog_in_body, body)
    command = PublishCatalog(STREAM, catalog.version, catalog.digest, catalog.document, catalog.effective)
    date = {"effective": catalog.effective.isoformat()} if catalog.effective is not None else {}
    identities = caller.sent_before(key, digest({"catalog": catalog.digest, **date}))
    outcome = await context.submit(Request(command, "", key or context.system.new_id(), identities, 201))
    found = await context.run(PUBLICATIONS.find, context.system, catalog.version)
    assert found is not None, "a catalog that was published can be read"
    return Made(200 if outcome.position == 0 and not outcome.repeated else outcome.status, found)


PUBLICATIONS = Publications()
CATALOG_FILE = Shape(
    "CatalogFile", {"CatalogFile": {"type": "object", "description": "A catalog file as JSON.", "additionalProperties": True}}
)
EXAMPLE: dict[str, Any] = {
    "version": "2026-11",
    "offerings": [{"id": "line", "name": "Line", "specification": "line"}],
    "products": [{"id": "line", "name": "Line", "children": [{"specification": "port"}]}],
    "services": [{"id": "port", "name": "Port", "targetSystem": "net"}],
}
CATALOGS = Resource("catalogVersion", PATH, TITLE, CATALOG, PUBLICATIONS, create=Change(publish, CATALOG_FILE, EXAMPLE))
