"""The TMF resources, declared. One more is one more entry here: its shape, its source, and what a POST or PATCH of it means."""

from collections.abc import Sequence

from api.http import service_orders
from api.http.inventory import CORRECT_PRODUCT, CORRECT_SERVICE, LOAD_PRODUCT, LOAD_SERVICE, PRODUCTS, SERVICES
from api.http.product_orders import CANCEL, CANCELS, ORDERS, SUBMIT, SUPPLY
from api.http.resource import Change, Resource
from api.http.shapes import tmf_shape
from api.http.sources import Folded, Published, Source
from projections import catalogs
from projections.references import ADDRESSES
from projections.work_orders import WORK_ORDERS

# What a product or service that was built elsewhere says beyond the specification.
LOADED = ("externalId", "externalIdentifier", "@catalogVersion", "formerPlace", "assignedCharacteristic")

TITLES = {
    "TMF620": "TMF620 Product catalog",
    "TMF622": "TMF622 Product ordering",
    "TMF633": "TMF633 Service catalog",
    "TMF637": "TMF637 Product inventory",
    "TMF638": "TMF638 Service inventory",
    "TMF641": "TMF641 Service ordering",
    "TMF697": "TMF697 Work order",
}


def _resource(
    number: str, type: str, source: Source, create: Change | None = None, patch: Change | None = None, more: Sequence[str] = ()
) -> Resource:
    path = ADDRESSES[type]
    shape = tmf_shape(number, type, frozenset({"@type", *more}))
    return Resource(path.rpartition("/")[2], path, TITLES[number], shape, source, create, patch)


RESOURCES: tuple[Resource, ...] = (
    _resource("TMF622", "ProductOrder", ORDERS, SUBMIT, SUPPLY, ("version", "productOrderErrorMessage")),
    _resource("TMF622", "CancelProductOrder", CANCELS, CANCEL, more=("errorMessage",)),
    _resource("TMF641", "ServiceOrder", service_orders.ORDERS, service_orders.SUBMIT),
    _resource("TMF641", "CancelServiceOrder", service_orders.CANCELS, service_orders.CANCEL),
    _resource("TMF697", "WorkOrder", Folded(WORK_ORDERS, "wo")),
    _resource("TMF637", "Product", PRODUCTS, LOAD_PRODUCT, CORRECT_PRODUCT, LOADED),
    _resource("TMF638", "Service", SERVICES, LOAD_SERVICE, CORRECT_SERVICE, LOADED),
    _resource("TMF620", "Catalog", Published(catalogs.catalogs)),
    _resource("TMF620", "Category", Published(catalogs.categories)),
    _resource("TMF620", "ProductOffering", Published(catalogs.product_offerings)),
    _resource("TMF620", "ProductSpecification", Published(catalogs.product_specifications)),
    _resource("TMF633", "ServiceSpecification", Published(catalogs.service_specifications)),
)
