"""One order line while it is being planned."""

from collections.abc import Iterator
from typing import Any

from domain.catalog import Catalog, ProductOffering, ServiceSpecification
from domain.order_document import OrderLine
from domain.plan import APPROVAL, CLOSURE, Clearance, PlannedItem, product_id
from domain.product import Product
from domain.values import Place, Rejected


class Item:
    """One line while it is being planned. `product` is the product to be, `held` the one in the install base (None for an add), `settled` whether an
    earlier plan of the order has the item already. `status` is what a suspend or resume makes of the product; `moved` says that `places` are new;
    `behind` are the orders that have to be over before anything of it can be planned, `joins` why a line becomes part of one of them, `merged` which
    item of that order it becomes. Where the order is one for services, `ordered` is the
    specification of the service that is asked for, `under` the item whose service it is a part of, and `splits` whether the catalog is to say what its
    parts are. `holds`: its product, or the service itself, holds the services that it selects."""

    def __init__(self, line: OrderLine, parent: "Item | None", order: str) -> None:
        self.line = line
        self.parent = parent
        self.children: list[Item] = []
        self.held: Product | None = None
        self.product = line.product if line.product and line.action != "add" else product_id(order, line.id)
        self.offering: ProductOffering | None = None
        self.specification = line.specification
        self.values: dict[str, Any] = {}
        self.places: tuple[Place, ...] = line.places or (parent.places if parent else ())
        self.missing: list[str] = []
        self.services: list[str] = []
        self.detached: list[str] = []
        self.settled = False
        self.ordered: ServiceSpecification | None = None
        self.under: Item | None = None
        self.splits = False
        self.holds = True
        self.status = ""
        self.moved = False
        self.closes = CLOSURE
        self.clearance: Clearance | None = None
        self.behind: list[str] = []
        self.joins: Rejected | None = None
        self.merged = ""

    @property
    def top(self) -> "Item":
        item = self
        while item.parent is not None:
            item = item.parent
        return item

    def with_nested(self) -> "Iterator[Item]":
        """The item and all that is nested in it."""
        todo = [self]
        while todo:
            item = todo.pop()
            yield item
            todo.extend(item.children)

    @property
    def is_open(self) -> bool:
        """Whether it is to be planned now."""
        return not (self.settled or self.missing or self.behind)

    def wait_behind(self, order: str) -> None:
        """Nothing of it, or of what is nested in it, is planned before that order is over."""
        todo = [self]
        while todo:
            item = todo.pop()
            if order not in item.behind:
                item.behind.append(order)
            item.services.clear()
            item.detached.clear()
            todo.extend(child for child in item.children if not child.settled)

    @property
    def renews(self) -> bool:
        """Whether the item agrees on another term, and changes nothing else: no service is touched (domain-rules 2.12)."""
        held = self.held
        other_term = held is not None and self.line.action == "modify" and self.line.term not in ((), held.term)
        return other_term and held is not None and not (self.status or self.moved) and self.values == held.values

    @property
    def keeps_services(self) -> bool:
        """Whether the product keeps the services that it has, so that no rule is evaluated."""
        return bool(self.status) or self.renews

    def settle(self, planned: PlannedItem, catalog: Catalog) -> None:
        """Take over everything that was planned for it before."""
        self.settled = True
        self.product, self.offering = planned.product, catalog.offerings.get(planned.offering)
        self.specification, self.values, self.places = planned.specification, planned.values, planned.places
        self.services, self.detached = list(planned.services), list(planned.detached)

    def planned(self) -> PlannedItem:
        return PlannedItem(
            self.line.id,
            self.parent.line.id if self.parent else "",
            self.line.action,
            self.product,
            self.offering.id if self.offering else self.line.offering,
            self.specification,
            self.values,
            self.places,
            tuple(self.services),
            tuple(self.detached),
            self._parts() if self.ordered is None and (self.children or self.held is not None) else (),
            tuple(self.missing),
            self.status,
            self.line.term,
            self.moved,
            self.parent.product if self.parent is not None and self.line.action == "add" else "",
            self.closes,
            self.clearance,
            self.line.bought,
            tuple(self.behind),
            self.line.external if self.ordered is None and self.line.action == "add" else "",
            self.merged,
        )

    def merge(self, other: str, item: str) -> None:
        """It becomes this item of another order: that one asks for what is missing, and plans it."""
        self.merged, self.behind, self.clearance = item, [other], None
        self.missing.clear()
        self.services.clear()
        self.detached.clear()

    def clear(self, clearance: Clearance) -> None:
        """What our own people have to say before it is planned, and what they have said."""
        if clearance == Clearance():
            return
        self.clearance = clearance
        self.missing.extend(path for path in clearance.paths if path not in self.missing)
        if clearance.role:
            self.missing.append(f"{self.line.path}.{APPROVAL}")

    def _parts(self) -> tuple[str, ...]:
        """The products that are parts of this one: deleting it deletes them."""
        kept = self.held.bundles if self.held is not None else ()
        added = [child.product for child in self.children if child.line.action == "add" and child.product not in kept]
        return (*kept, *added)
