"""The install base in two times: what a customer or a site had at one moment, as known at another."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapters.read_models.port import Filter, Page
from adapters.read_models.rows import as_time
from api.http import openapi
from api.http.context import Context, context_of
from api.http.errors import HttpError
from api.http.messages import json_response, require_json_accepted
from api.http.own import ROOT, TITLE
from api.http.own.shapes.install_base import INSTALL_BASE, INSTALL_BASE_ITEM, SOLD_PRODUCT
from api.http.query import Selection
from api.http.resource import Resource
from api.http.sources import Folded, Found
from api.wiring import System
from domain.recorded import Recorded
from projections.install_base import is_at, products_at, realised_by, services_at
from projections.products import PRODUCTS
from projections.references import ADDRESSES
from projections.sold import install_base_item, sold_product
from projections.view import Document

PATH = f"{ROOT}/installBase"
MOST = 5000  # products of one answer
_TIME = {"type": "string", "format": "date-time"}
PARAMETERS = (
    openapi.parameter("customer", "query", "Whose products; this or `site` is needed, both narrow it down."),
    openapi.parameter("site", "query", "The id of the place where the products were."),
    openapi.parameter("at", "query", "The moment that is asked about (valid time); now, when absent.", _TIME),
    openapi.parameter("knownAt", "query", "As known at this moment (record time); now, when absent.", _TIME),
)


class Rendered(Folded):
    """Products, shown in part: as what was sold, or as what was configured. What is asked about is an attribute of the product."""

    def __init__(self, render: Callable[[Document], Document | None], *filters: Filter) -> None:
        super().__init__(PRODUCTS, "pr")
        self._render, self._filters = render, filters

    def find(self, system: System, id: str) -> Found | None:
        """See Source."""
        found = super().find(system, id)
        shown = self._render(found.document) if found is not None else None
        return Found(shown, found.version) if found is not None and shown is not None else None

    def select(self, system: System, selection: Selection) -> Page:
        """See Source."""
        asked = tuple(each._replace(path=ITSELF.get(each.path, each.path)) for each in selection.filters)
        page = super().select(system, selection._replace(filters=(*asked, *self._filters)))
        return page._replace(documents=[shown for each in page.documents if (shown := self._render(each)) is not None])


ITSELF = {"product.id": "id", "soldProduct.id": "id", "installBaseItem.id": "id"}
SOLD = Resource("soldProduct", ADDRESSES["SoldProduct"], TITLE, SOLD_PRODUCT, Rendered(sold_product))
ITEMS = Resource(
    "installBaseItem",
    ADDRESSES["InstallBaseItem"],
    TITLE,
    INSTALL_BASE_ITEM,
    Rendered(install_base_item, Filter("productSpecification.id", "gt", ("",))),
)


class Question(NamedTuple):
    """Whose install base, at which moment, and as known when."""

    customer: str
    site: str
    at: datetime
    known_at: datetime


def add_install_base(router: APIRouter) -> None:
    """The route."""
    answers = {
        200: openapi.answer("Products and the services that realised them.", INSTALL_BASE.reference),
        **openapi.errors(400, 406, 422),
    }
    described = openapi.operation(TITLE, "What a customer or a site had, as known at a time", "install_base", answers, PARAMETERS)
    router.add_api_route(PATH, install_base, methods=["GET"], **described)


async def install_base(request: Request) -> Response:
    """GET installBase."""
    require_json_accepted(request)
    context = context_of(request)
    return json_response(await context.run(_answer, context, _question(request, context.system.clock())))


def _question(request: Request, now: datetime) -> Question:
    given = request.query_params
    unknown = [name for name in given if name not in ("customer", "site", "at", "knownAt")]
    if unknown:
        raise HttpError(400, f"Query parameter {unknown[0][:60]} is not known here: customer, site, at and knownAt are.", "invalidQuery")
    customer, site = given.get("customer", ""), given.get("site", "")
    if not (customer or site):
        raise HttpError(400, "Name a customer or a site.", "invalidQuery")
    return Question(customer, site, _time(given.get("at", ""), "at", now), _time(given.get("knownAt", ""), "knownAt", now))


def _time(text: str, name: str, now: datetime) -> datetime:
    if not text:
        return now
    found = as_time(text.replace(" ", "+"))  # a plus sign that was not encoded has become a space
    if found is None:
        raise HttpError(400, f"Query parameter {name} must be a time such as 2026-03-03T12:00:00Z.", "invalidQuery")
    return datetime.fromisoformat(found).astimezone(UTC)


def _answer(context: Context, question: Question) -> dict[str, Any]:
    context.fresh()
    products = products_at(_history(context, _ever_held(context, question)), question.at, question.known_at)
    if question.site:
        products = [product for product in products if is_at(product, question.site)]
    services = services_at(_history(context, realised_by(products)), question.at, question.known_at)
    asked = {name: value for name, value in (("customer", question.customer), ("site", question.site)) if value}
    return {"@type": "InstallBase", **asked, "at": question.at, "knownAt": question.known_at, "product": products, "service": services}


def _ever_held(context: Context, question: Question) -> list[str]:
    """Also what has left the site since."""
    whose = (Filter("relatedParty.id", "eq", (question.customer,)),) if question.customer else ()
    where = [(Filter(path, "eq", (question.site,)),) for path in ("place.id", "formerPlace.id")] if question.site else [()]
    found: dict[str, None] = {}
    for here in where:
        page = context.system.read_models.select(PRODUCTS, (*whose, *here), limit=MOST)
        if page.total > MOST:
            raise HttpError(422, f"These are {page.total} products, and at most {MOST} are told at once: name a site too.", "invalid")
        found.update(dict.fromkeys(row["id"] for row in page.documents))
    return list(found)


def _history(context: Context, streams: list[str]) -> list[Recorded]:
    system = context.system
    return [system.codec.decode(row) for row in system.log.read(streams)] if streams else []
