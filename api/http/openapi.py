"""How operations are documented: one place that says in OpenAPI what the resource layer does, so that the document is true for every resource."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from api.http.messages import JSON, MERGE_PATCH
from api.http.query import DEFAULT_LIMIT, LARGEST_LIMIT
from api.http.shapes import COMPONENTS, Shape

if TYPE_CHECKING:
    from api.http.resource import Change, Resource

Schema = Mapping[str, Any]

ERROR: Schema = {
    "type": "object",
    "description": "What went wrong (TMF630).",
    "required": ["code", "reason"],
    "properties": {
        "@type": {"type": "string"},
        "code": {"type": "string", "description": "Stable, for programs."},
        "reason": {"type": "string", "description": "The HTTP status in words."},
        "message": {"type": "string", "description": "One sentence for people; names the item and the field."},
        "status": {"type": "string", "description": "The HTTP status."},
        "referenceError": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "Every single fault, where there is more than one or a place in the body to name.",
            "items": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {"code": {"type": "string"}, "message": {"type": "string"}, "path": {"type": "string"}},
            },
        },
    },
}

_WHOLE: Schema = {"type": "integer", "minimum": 0}
_HEADERS: Mapping[str, Schema] = {
    "X-Total-Count": {"description": "How many match.", "schema": _WHOLE},
    "X-Result-Count": {"description": "How many are in this answer.", "schema": _WHOLE},
    "Content-Range": {"description": "Which of them: items 11-20/50.", "schema": {"type": "string"}},
    "Link": {"description": "Where the other pages are (self, first, prev, next, last).", "schema": {"type": "string"}},
}
_ETAG: Mapping[str, Schema] = {"ETag": {"description": "The version of the resource.", "schema": {"type": "string"}}}
_LOCATION: Mapping[str, Schema] = {"Location": {"description": "Where it can be read.", "schema": {"type": "string"}}}


def parameter(name: str, where: str, description: str, schema: Schema | None = None, **more: Any) -> dict[str, Any]:
    """One parameter of an operation."""
    return {"name": name, "in": where, "description": description, "schema": schema or {"type": "string"}, **more}


ID = parameter("id", "path", "The id.", {"type": "string", "maxLength": 200}, required=True)
FIELDS = parameter("fields", "query", "Attributes to answer, with commas and dots; `none` for id and href only.")
FILTERS = parameter(
    "attribute",
    "query",
    "Any attributes, dotted, with `.eq .ne .gt .gte .lt .lte .regex` behind them or an encoded operator: `state=held,pending`.",
    {"type": "object", "additionalProperties": {"type": "string"}},
    style="form",
    explode=True,
)
SORT = parameter("sort", "query", "Attributes to sort by, `-` in front for descending.")
OFFSET = parameter("offset", "query", "How many to leave out.", {**_WHOLE, "default": 0})
LIMIT = parameter(
    "limit",
    "query",
    f"How many to answer at most; more than {LARGEST_LIMIT} are not answered at once.",
    {**_WHOLE, "default": DEFAULT_LIMIT},
)
IDEMPOTENCY = parameter(
    "Idempotency-Key",
    "header",
    "Names this request: sent again with the same body it gets the same answer.",
    {"type": "string", "maxLength": 200, "pattern": "^[\\x21-\\x7e]+$"},
)
OPERATOR = parameter("X-Operator", "header", "Who acts.")
ROLES = parameter("X-Operator-Roles", "header", "The roles of who acts, with commas; `operator` is needed where they are given.")
LIST_PARAMETERS = (FIELDS, FILTERS, SORT, OFFSET, LIMIT)


def content(schema: Schema, media_type: str = JSON, example: Any = None) -> dict[str, Any]:
    """A body in one media type."""
    return {media_type: {"schema": schema, **({"example": example} if example is not None else {})}}


def answer(description: str, schema: Schema | None = None, headers: Mapping[str, Schema] | None = None, **more: Any) -> dict[str, Any]:
    """One possible answer."""
    body = {"content": content(schema, **more)} if schema is not None else {}
    return {"description": description, **({"headers": dict(headers)} if headers else {}), **body}


def errors(*statuses: int) -> dict[int, dict[str, Any]]:
    """The ways an operation can fail; every operation can fail with 421, 500 and 503."""
    return {status: answer(HTTPStatus(status).phrase, {"$ref": COMPONENTS + "Error"}) for status in sorted({*statuses, 421, 500, 503})}


def operation(
    title: str,
    summary: str,
    operation_id: str,
    answers: Mapping[int, Any],
    parameters: Iterable[Schema] = (),
    body: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What `add_api_route` needs to know about an operation."""
    request_body = {"requestBody": {"required": True, "content": body}} if body is not None else {}
    return {
        "tags": [title],
        "summary": summary,
        "operation_id": operation_id,
        "status_code": min(answers),
        "responses": dict(answers),
        "response_class": Response,
        "openapi_extra": {"parameters": list(parameters), **request_body},
    }


# The operations of a TMF resource -----------------------------------------------------------------------------------------------------
def listing(resource: "Resource") -> dict[str, Any]:
    """GET of the collection."""
    many = {"type": "array", "items": resource.shape.reference}
    answers = {
        200: answer("All that match.", many, _HEADERS),
        206: answer("A page of what matches.", many, _HEADERS),
        **errors(400, 406, 501),
    }
    return operation(resource.title, f"List or find {resource.noun}s", f"list_{resource.name}", answers, LIST_PARAMETERS)


def reading(resource: "Resource") -> dict[str, Any]:
    """GET by id."""
    answers = {
        200: answer(f"The {resource.noun}.", resource.shape.reference, _ETAG),
        304: answer("It has not changed."),
        **errors(400, 404, 406),
    }
    return operation(resource.title, f"Read a {resource.noun}", f"retrieve_{resource.name}", answers, (ID, FIELDS))


def creating(resource: "Resource") -> dict[str, Any]:
    """POST to the collection."""
    assert resource.create is not None, "only resources that can be created are asked"
    headers = {**_LOCATION, **_ETAG}
    answers = {
        200: answer("It exists already (the same externalId and content).", resource.shape.reference, headers),
        201: answer("It has been accepted.", resource.shape.reference, headers),
        **errors(400, 404, 406, 409, 413, 415, 422),
    }
    described = operation(
        resource.title, f"Create a {resource.noun}", f"create_{resource.name}", answers, (FIELDS, IDEMPOTENCY), _body(resource.create, JSON)
    )
    return {**described, "status_code": 201}


def patching(resource: "Resource") -> dict[str, Any]:
    """PATCH by id."""
    assert resource.patch is not None, "only resources that can be patched are asked"
    answers = {
        200: answer(f"The {resource.noun} as it is now.", resource.shape.reference, _ETAG),
        **errors(400, 404, 406, 409, 412, 413, 415, 422),
    }
    if_match = parameter("If-Match", "header", "The version that is meant to be changed.")
    return operation(
        resource.title,
        f"Change a {resource.noun}",
        f"patch_{resource.name}",
        answers,
        (ID, FIELDS, IDEMPOTENCY, if_match),
        _body(resource.patch, MERGE_PATCH, JSON),
    )


def _body(change: "Change", *media_types: str) -> dict[str, Any]:
    return {name: body for media_type in media_types for name, body in content(change.shape.reference, media_type, change.example).items()}


def components(shapes: Iterable[Shape]) -> dict[str, Any]:
    """Every schema that the operations point at."""
    found: dict[str, Any] = {"Error": ERROR}
    for shape in shapes:
        found.update(_reachable(shape))
    return dict(sorted(found.items()))


def _reachable(shape: Shape) -> dict[str, Any]:
    found: dict[str, Any] = {}
    todo = [shape.name]
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = shape.components[name]
            todo.extend(_references(found[name]))
    return found


def _references(schema: Any) -> Iterable[str]:
    if isinstance(schema, Mapping):
        for name, value in schema.items():
            if name == "$ref":
                yield str(value).removeprefix(COMPONENTS)
            else:
                yield from _references(value)
    elif isinstance(schema, list):
        for each in schema:
            yield from _references(each)
