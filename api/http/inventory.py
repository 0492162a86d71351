"""What POST and PATCH of products and services ask of the engine: an install base that was built elsewhere is loaded, and corrected (domain-rules 6.0)."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request as HttpRequest

from adapters.engine.port import Request
from api.http import caller
from api.http.context import Context
from api.http.errors import not_found
from api.http.examples import PRODUCT, PRODUCT_CORRECTION, SERVICE, SERVICE_CORRECTION
from api.http.resource import Change, Made
from api.http.shapes import own_shape
from api.http.sources import Folded, Found
from api.wiring import System
from domain.decomposition.as_built import service_id
from domain.external_id import PRODUCT as PRODUCT_PREFIX
from domain.external_id import SERVICE as SERVICE_PREFIX
from domain.external_id import addressed, loaded_id
from domain.order_document import customer_of
from domain.product_loading import CorrectProduct, LoadProduct, ProductLoaded, wrong
from domain.service import CorrectService, LoadService, ServiceLoaded
from projections.products import PRODUCTS as PRODUCT_VIEW
from projections.services import SERVICES as SERVICE_VIEW
from schemas import inventory
from schemas.inventory import CATALOG_VERSION, ids_of, parts_of, personal_of, places_of, since, values_of
from schemas.reading import Json, digest

PRODUCTS = Folded(PRODUCT_VIEW, PRODUCT_PREFIX)
SERVICES = Folded(SERVICE_VIEW, SERVICE_PREFIX)

Load = Callable[[System, Json], LoadProduct | LoadService]
# The ids of services by customer and the id that they have elsewhere, where ours is not made of that.
Names = Mapping[tuple[str, str], str]
NONE: Names = {}


# POST ---------------------------------------------------------------------------------------------------------------------------------
async def load_product(context: Context, http: HttpRequest, body: bytes, _: str) -> Made:
    """Take in a product; the same one again is answered 200 with the product as it is."""
    return await _load(context, http, inventory.read_product(body), product_load, PRODUCTS)


async def load_service(context: Context, http: HttpRequest, body: bytes, _: str) -> Made:
    """Take in a service; the same one again is answered 200 with the service as it is."""
    return await _load(context, http, inventory.read_service(body), service_load, SERVICES)


async def _load(context: Context, http: HttpRequest, document: Json, load: Load, source: Folded) -> Made:
    key = caller.idempotency_key(http)
    command = load(context.system, document)
    causation = key or context.system.new_id()
    identities = caller.sent_before(key, digest(document))
    outcome = await context.submit(Request(command, command.loaded.customer, causation, identities, 201))
    history = await context.run(source.history, context.system, outcome.resource)
    found = source.folded(history, outcome.resource)
    assert found is not None, "what was loaded can be read"
    return Made(201 if history[0].meta.causation == causation else 200, found)


def product_load(system: System, document: Json, names: Names = NONE) -> LoadProduct:
    """What a TMF637 create asks of the engine. Raises Unreadable, Rejected."""
    customer, now = _customer(document), system.clock()
    external, owner = inventory.external_id(document)
    if document["status"].strip() in ("pendingActive", "pendingTerminate"):
        raise wrong("status", "a product that an order elsewhere is changing cannot be loaded")
    services = tuple(_service(id, customer, names) for id in ids_of(document.get("realizingService")))
    loaded = ProductLoaded(
        owner,
        external,
        customer,
        (document.get("productOffering") or {}).get("id", ""),
        _specification(system, document),
        document.get(CATALOG_VERSION, ""),
        values_of(document.get("productCharacteristic")),
        places_of(document),
        services,
        tuple(addressed(id, customer) for id in parts_of(document.get("productRelationship"))),
        document["status"].strip(),
        inventory.said_of_product(document),
        personal_of(document),
        digest({**document, "realizingService": services}).hex(),
        since(document, now, "startDate", "terminationDate"),
    )
    ended = since(document, now, "terminationDate") if loaded.status == "terminated" else None
    stream = loaded_id(PRODUCT_PREFIX, customer, external, owner) if external else f"{PRODUCT_PREFIX}-{system.new_id()}"
    return LoadProduct(stream, loaded, ended)


def _specification(system: System, document: Json) -> str:
    """As it was said, else as the offering has it in the catalog that the product was built by, else in the current one."""
    said = (document.get("productSpecification") or {}).get("id", "")
    catalog = system.catalogs.get(document.get(CATALOG_VERSION) or system.current_catalog())
    offering = catalog.offerings.get((document.get("productOffering") or {}).get("id", "")) if catalog is not None else None
    return said or (offering.specification if offering is not None else "")


def service_load(system: System, document: Json, names: Names = NONE) -> LoadService:
    """What a TMF638 create asks of the engine. Raises Unreadable, Rejected."""
    customer, now, places = _customer(document), system.clock(), places_of(document)
    external, owner = inventory.external_id(document)
    catalog = system.catalogs[system.current_catalog()]
    specification = document["serviceSpecification"]
    known = catalog.services.get(specification["id"])
    supporting = tuple(_service(id, customer, names) for id in ids_of(document.get("supportingService")))
    loaded = ServiceLoaded(
        owner,
        external,
        customer,
        specification["id"],
        specification.get("version") or (known.version if known else ""),
        document.get("name") or (known.name if known else specification["id"]),
        document.get("category") or (known.category if known else "RFS"),
        values_of(document.get("serviceCharacteristic")),
        places,
        (),
        supporting,
        document["state"],
        inventory.said_of_service(document),
        personal_of(document),
        digest({**document, "supportingService": supporting}).hex(),
        since(document, now, "startDate", "endDate"),
    )
    ended = since(document, now, "endDate") if loaded.state == "terminated" else None
    stream = service_id(loaded.specification, customer, places, external, owner, catalog)
    return LoadService(stream or f"{SERVICE_PREFIX}-{system.new_id()}", loaded, ended)


def _service(id: str, customer: str, names: Names = NONE) -> str:
    """A service by our id, or by the one that the customer's source gave it."""
    if id.startswith(f"{SERVICE_PREFIX}-"):
        return id
    return names.get((customer, id)) or loaded_id(SERVICE_PREFIX, customer, id)


def _customer(document: Json) -> str:
    customer = customer_of(document)
    if not customer:
        raise wrong("relatedParty", "whose it is must be said, by the id of a party with the role customer")
    return customer


# PATCH --------------------------------------------------------------------------------------------------------------------------------
async def correct_product(context: Context, http: HttpRequest, body: bytes, id: str) -> Made:
    """Say how a product really is. Characteristics are merged by name."""
    found = await _present(context, PRODUCTS, id, "product")
    patch = inventory.read_product_patch(body, found.document)
    customer = customer_of(found.document)
    services, parts = patch.get("realizingService"), patch.get("productRelationship")
    command = CorrectProduct(
        id,
        values_of(patch.get("productCharacteristic")),
        places_of(patch) if "place" in patch else None,
        tuple(_service(each, customer) for each in ids_of(services)) if "realizingService" in patch else None,
        tuple(addressed(each, customer) for each in parts_of(parts)) if "productRelationship" in patch else None,
        (patch.get("status") or "").strip(),
        {**inventory.said_of_product(patch), **_dates(patch, "startDate")},
        personal_of(patch),
        since(patch, context.system.clock(), "terminationDate", "startDate"),
    )
    return await _correct(context, http, command, PRODUCTS, customer, patch)


async def correct_service(context: Context, http: HttpRequest, body: bytes, id: str) -> Made:
    """Say how a service really is. Characteristics are merged by name."""
    found = await _present(context, SERVICES, id, "service")
    patch = inventory.read_service_patch(body, found.document)
    customer = customer_of(found.document)
    command = CorrectService(
        id,
        values_of(patch.get("serviceCharacteristic")),
        places_of(patch) if "place" in patch else None,
        tuple(_service(each, customer) for each in ids_of(patch.get("supportingService"))) if "supportingService" in patch else None,
        patch.get("state") or "",
        {**inventory.said_of_service(patch), **_dates(patch, "startDate", "name")},
        personal_of(patch),
        since(patch, context.system.clock(), "endDate", "startDate"),
    )
    return await _correct(context, http, command, SERVICES, customer, patch)


def _dates(patch: Json, *names: str) -> Json:
    return {name: patch[name] for name in names if name in patch}


async def _present(context: Context, source: Folded, id: str, noun: str) -> Found:
    found = await context.run(source.find, context.system, id)
    if found is None:
        raise not_found(noun, id)
    return found


async def _correct(context: Context, http: HttpRequest, command: Any, source: Folded, customer: str, patch: Json) -> Made:
    key = caller.idempotency_key(http)
    identities = caller.sent_before(key, digest({"patch": patch, "id": command.stream}))
    await context.submit(Request(command, customer, key or context.system.new_id(), identities, 200))
    return Made(200, await _present(context, source, command.stream, "resource"))


LOAD_PRODUCT = Change(load_product, own_shape(inventory.ProductCreate), PRODUCT)
LOAD_SERVICE = Change(load_service, own_shape(inventory.ServiceCreate), SERVICE)
CORRECT_PRODUCT = Change(correct_product, own_shape(inventory.ProductCreate).partial("ProductUpdate"), PRODUCT_CORRECTION)
CORRECT_SERVICE = Change(correct_service, own_shape(inventory.ServiceCreate).partial("ServiceUpdate"), SERVICE_CORRECTION)
