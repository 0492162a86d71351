"""The install base as it would be without an order that is under way: what a change of that order is decomposed against."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from domain.decider import Facts
from domain.plan import Plan, PlannedService
from domain.product import ACTIVE as ACTIVE_PRODUCT
from domain.product import PENDING_TERMINATE, TERMINATED, Product
from domain.service import ACTIVE, Service
from domain.service import TERMINATED as ENDED


class BaseWithout(Facts):
    """The streams as they were before `order` did to them what `plan` says."""

    def __init__(self, loaded: Mapping[str, Any], order: str, plan: Plan) -> None:
        super().__init__(loaded)
        self._order = order
        self._services = {service.id: service for service in plan.services}
        self._products = {item.product: item.action for item in plan.items if item.product and not item.waits}

    def get(self, stream: str) -> Any:
        """A stream's state, None when only the order made it."""
        planned = self._services.get(stream)
        if planned is not None and planned.action == "add":
            return None
        if self._products.get(stream) == "add":
            return None
        state = super().get(stream)
        if state is None:
            return None
        if planned is not None:
            return self._service(state, planned)
        return self._product(state) if stream in self._products else state

    def _service(self, service: Service, planned: PlannedService) -> Service:
        holders = {product: by for product, by in service.holders.items() if by != self._order}
        if planned.action == "noChange":
            return replace(service, holders=holders)
        ours = self._order in (service.pending, service.last_order)
        if not ours:
            return service
        decided = service.state == ENDED or bool(planned.state)
        state = planned.previous_state or (ACTIVE if decided else service.state)
        return replace(service, state=state, values=planned.previous, holders=holders, pending="")

    def _product(self, product: Product) -> Product:
        if product.last_order == self._order and product.before is not None:
            return replace(product.before, pending="")
        if self._order not in (product.pending, product.last_order):
            return product
        ending = product.status in (PENDING_TERMINATE, TERMINATED)
        before = product.before.status if product.before is not None else ACTIVE_PRODUCT
        return replace(product, status=before if ending else product.status, pending="")
