"""Services while they are being planned: each one instance, however many parents want it."""

from typing import Any

from domain.catalog import ServiceSpecification
from domain.decomposition.item import Item
from domain.plan import PlannedService, PlannedTask
from domain.service import INACTIVE, Service
from domain.values import Place, Rejected


class ServiceDraft:
    """One service instance that the order touches, while parents add what they want of it. `under_way`: the order is at work on it already; `wanted`:
    rules have been evaluated for it; `state`: active or inactive where the order decides that."""

    def __init__(self, id: str, specification: ServiceSpecification, owner: Item, rule: str, places: tuple[Place, ...]) -> None:
        self.id = id
        self.specification = specification
        self.owner = owner
        self.rule = rule
        self.places = places
        self.values: dict[str, Any] = {}
        self.products: list[str] = []
        self.items: list[str] = []
        self.users: list[Item] = []
        self.children: list[str] = []
        self.held: Service | None = None
        self.action = ""
        self.number = 0
        self.item = ""
        self.tasks: tuple[PlannedTask, ...] = ()
        self.under_way: PlannedService | None = None
        self.external = ""
        self.wanted = False
        self.state = ""

    @property
    def only_state(self) -> bool:
        """Whether nothing is done to the service but to stop or to run it."""
        return bool(self.state) and self.held is not None and self.values == self.held.values

    def recall(self, planned: PlannedService) -> None:
        """What the order does with it has been planned before: others can only join."""
        self.under_way, self.action, self.values = planned, planned.action, dict(planned.values)
        self.number, self.item, self.tasks = planned.number, planned.item, planned.tasks

    def join(self, item: Item) -> None:
        """The service is one that this item works on."""
        if item.line.id in self.items:
            return
        self.items.append(item.line.id)
        if item.holds:
            self.products.append(item.product)
        self.users.append(item)

    def want(self, values: dict[str, Any], item: Item) -> None:
        """Another parent wants these values: agree, or merge as each characteristic declares."""
        self.join(item)
        self.wanted = True
        if not self.values:
            self.values = dict(values)
            return
        for name, value in values.items():
            mine = self.values.get(name)
            if mine is None:
                self.values[name] = value
            elif mine != value:
                self.values[name] = _merged(self, name, mine, value)

    def keep_what_others_want(self, values: dict[str, Any]) -> None:
        """Products of other orders hold the service too: what they may want as a maximum or in a union is not taken from them."""
        for each in self.specification.characteristics:
            mine, other = self.values.get(each.name), values.get(each.name)
            if each.merge != "equal" and None not in (mine, other) and mine != other:
                self.values[each.name] = _merged(self, each.name, other, mine)

    def planned(self) -> PlannedService:
        joins = self.under_way is not None
        return PlannedService(
            self.id,
            self.specification.id,
            self.specification.version,
            self.specification.name,
            self.specification.category,
            "noChange" if joins else self.action,
            self.values,
            self.held.values if self.held else {},
            self.places,
            tuple(self.products),
            tuple(self.children),
            0 if joins else self.number,
            "" if joins else self.item,
            self.owner.line.id,
            self.rule,
            () if joins else self.tasks,
            "" if joins else self.state,
            self.held.state if self.held is not None and self.held.state == INACTIVE else "",
            self.external,
        )


def _merged(draft: ServiceDraft, name: str, mine: Any, other: Any) -> Any:
    policy = next((each.merge for each in draft.specification.characteristics if each.name == name), "equal")
    if policy == "max":
        return max(mine, other)
    if policy == "union":
        both = [*(mine if isinstance(mine, list) else [mine]), *(other if isinstance(other, list) else [other])]
        return list(dict.fromkeys(both))
    message = f"Two items want different values of {name} for the shared {draft.specification.id}: {mine!r} and {other!r}."
    raise Rejected("invalid", message)


class ServiceDrafts(dict[str, ServiceDraft]):
    """All services the order touches, by id, in the order in which they were found."""

    def planned(self) -> tuple[PlannedService, ...]:
        return tuple([draft.planned() for draft in self.values()])
