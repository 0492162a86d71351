"""A resource, declared: where it lives, what it looks like, where its documents come from, and what a POST or PATCH of it means.

One more resource is one more entry in `api.http.tmf`; the rules of TMF630 are kept here, once.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.http import openapi, paging
from api.http.context import Context, context_of
from api.http.errors import HttpError, not_found
from api.http.fields import pick
from api.http.messages import JSON, MERGE_PATCH, json_response, path_id, read_json_body, require_json_accepted
from api.http.query import Selection, paths_of, read_fields, read_query
from api.http.shapes import Shape
from api.http.sources import Found, Source

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Made:
    """What a POST or PATCH came to: the document to answer and its status."""

    status: int
    found: Found


@dataclass(frozen=True)
class Change:
    """How a body changes something. `apply(context, request, body, id)` does it; `id` is empty for a POST. `example` is a body that works on the
    sample catalog."""

    apply: Callable[[Context, Request, bytes, str], Awaitable[Made]]
    shape: Shape
    example: Any


@dataclass(frozen=True)
class Resource:
    """`path` is the address of the collection, `name` the last part of it, `title` the group it is documented in."""

    name: str
    path: str
    title: str
    shape: Shape
    source: Source
    create: Change | None = None
    patch: Change | None = None

    @property
    def noun(self) -> str:
        """The name in a sentence: `product order`."""
        return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in self.name)


def add_resource(router: APIRouter, resource: Resource) -> None:
    """Everything that can be done with a resource."""
    router.add_api_route(resource.path, _list(resource), methods=["GET"], **openapi.listing(resource))
    router.add_api_route(f"{resource.path}/{{id}}", _read(resource), methods=["GET"], **openapi.reading(resource))
    if resource.create is not None:
        router.add_api_route(resource.path, _create(resource, resource.create), methods=["POST"], **openapi.creating(resource))
    if resource.patch is not None:
        router.add_api_route(f"{resource.path}/{{id}}", _patch(resource, resource.patch), methods=["PATCH"], **openapi.patching(resource))


def _list(resource: Resource) -> Handler:
    async def list_documents(request: Request) -> Response:
        require_json_accepted(request)
        query = request.scope["query_string"].decode("latin-1")
        selection = read_query(query)
        _check_attributes(resource, selection)
        page = await _page(context_of(request), resource, selection)
        total, documents = page.total, [pick(document, selection.fields) for document in page.documents]
        address = paging.Address(request.url.path, query)
        headers = paging.headers(address, selection, total, len(documents))
        return json_response(documents, paging.status(selection, total, len(documents)), headers)

    return list_documents


async def _page(context: Context, resource: Resource, selection: Selection) -> Any:
    def select() -> Any:
        context.fresh()
        return resource.source.select(context.system, selection)

    return await context.run(select)


def _check_attributes(resource: Resource, selection: Selection) -> None:
    for path in paths_of(selection):
        if not resource.shape.knows(path):
            raise HttpError(400, f"A {resource.noun} has no attribute {path}.", "invalidQuery")


def _read(resource: Resource) -> Handler:
    async def read_document(request: Request) -> Response:
        require_json_accepted(request)
        fields = read_fields(request.scope["query_string"].decode("latin-1"))
        found = await find(context_of(request), resource, path_id(request))
        if found is None:
            raise not_found(resource.noun, str(request.path_params["id"])[:200])
        headers = tagged(found)
        if headers and headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return json_response(pick(found.document, fields), 200, headers)

    return read_document


async def find(context: Context, resource: Resource, id: str) -> Found | None:
    """The document with this id."""
    if not id:
        return None

    def look_up() -> Found | None:
        if resource.source.from_views:
            context.fresh()
        return resource.source.find(context.system, id)

    return await context.run(look_up)


def tagged(found: Found) -> dict[str, str]:
    """The header that names the version of a document."""
    return {"ETag": f'"{found.version}"'} if found.version else {}


def _create(resource: Resource, change: Change) -> Handler:
    async def create_document(request: Request) -> Response:
        require_json_accepted(request)
        fields = read_fields(request.scope["query_string"].decode("latin-1"))
        body = await read_json_body(request)
        made = await change.apply(context_of(request), request, body, "")
        headers = {"Location": made.found.document["href"], **tagged(made.found)}
        return json_response(pick(made.found.document, fields), made.status, headers)

    return create_document


def _patch(resource: Resource, change: Change) -> Handler:
    async def patch_document(request: Request) -> Response:
        require_json_accepted(request)
        fields = read_fields(request.scope["query_string"].decode("latin-1"))
        body = await read_json_body(request, MERGE_PATCH, JSON)
        context, id = context_of(request), path_id(request)
        found = await find(context, resource, id)
        if found is None:
            raise not_found(resource.noun, str(request.path_params["id"])[:200])
        wanted = request.headers.get("if-match", "*")
        if wanted != "*" and tagged(found).get("ETag", "") not in wanted:
            raise HttpError(412, f"The {resource.noun} {id} has changed since it was read.", "preconditionFailed")
        made = await change.apply(context, request, body, id)
        return json_response(pick(made.found.document, fields), made.status, tagged(made.found))

    return patch_document
