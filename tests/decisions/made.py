"""Plans by hand, as small as a test needs them."""

from datetime import UTC, datetime
from typing import Any

from domain.plan import PlannedItem, PlannedService, PlannedTask, PlannedVisit
from domain.product_loading import ProductLoaded
from domain.service import ServiceLoaded
from domain.values import Place

SITE = Place("site-1", "installation")
BEGAN = datetime(2021, 3, 1, tzinfo=UTC)  # when what was built elsewhere was


def task(id: str, action: str = "add", **changed: Any) -> PlannedTask:
    """An automatic task of the target system `gpon` with three attempts."""
    fields: dict[str, Any] = {
        "id": id,
        "name": id.rpartition(".")[2],
        "action": action,
        "kind": "automatic",
        "target_system": "gpon",
        "answer_within": 900.0,
        "attempts": 3,
        "retry_after": (),
        "point_of_no_return": False,
        "undo": True,
        "group": "",
        "form": (),
    }
    return PlannedTask(**{**fields, **changed})


def by_hand(id: str, **changed: Any) -> PlannedTask:
    return task(id, **{"kind": "manual", "target_system": "", "group": "porting", "form": ("date",), **changed})


def service(item: str, *tasks: PlannedTask, action: str = "add", number: int = 1, **changed: Any) -> PlannedService:
    fields: dict[str, Any] = {
        "id": f"svc-{item}",
        "specification": "gpon-port",
        "version": "1.0",
        "name": "GPON port",
        "category": "RFS",
        "action": action,
        "values": {"downstream": 500},
        "previous": {},
        "places": (SITE,),
        "products": ("pr-1-1",),
        "supporting": (),
        "number": number,
        "item": item,
        "owner": "1",
        "rule": "rule",
        "tasks": tasks,
    }
    return PlannedService(**{**fields, **changed})


def item(action: str = "add", product: str = "pr-1-1", **changed: Any) -> PlannedItem:
    fields: dict[str, Any] = {
        "id": "1",
        "parent": "",
        "action": action,
        "product": product,
        "offering": "fibre-broadband",
        "specification": "fibre-broadband",
        "values": {"downstream": 500},
        "places": (SITE,),
        "services": ("svc-1",),
    }
    return PlannedItem(**{**fields, **changed})


def visit(**changed: Any) -> PlannedVisit:
    fields: dict[str, Any] = {
        "id": "wo-1-1",
        "template": "site-visit",
        "name": "Site visit",
        "target_system": "field-service",
        "place": SITE,
        "items": ("1",),
        "numbers": (1,),
        "tasks": ("install",),
        "skills": ("fibre",),
        "duration": 7200.0,
        "answer_within": 900.0,
        "attempts": 2,
    }
    return PlannedVisit(**{**fields, **changed})


def loaded(external: str = "legacy-1", **changed: Any) -> ProductLoaded:
    """A mobile line that was built elsewhere."""
    fields: dict[str, Any] = {
        "source": "",
        "external": external,
        "customer": "cust-1",
        "offering": "mobile-line",
        "specification": "mobile-line",
        "catalog": "",
        "values": {"simType": "esim"},
        "places": (SITE,),
        "services": (),
        "bundles": (),
        "status": "active",
        "said": {},
        "personal": {},
        "digest": external,
        "at": BEGAN,
    }
    return ProductLoaded(**{**fields, **changed})


def loaded_service(specification: str = "hlr-subscription", **changed: Any) -> ServiceLoaded:
    """A service that was built elsewhere."""
    fields: dict[str, Any] = {
        "source": "",
        "external": specification,
        "customer": "cust-1",
        "specification": specification,
        "version": "1.0",
        "name": specification,
        "category": "RFS",
        "values": {},
        "places": (SITE,),
        "products": (),
        "supporting": (),
        "state": "active",
        "said": {},
        "personal": {},
        "digest": specification,
        "at": BEGAN,
    }
    return ServiceLoaded(**{**fields, **changed})
