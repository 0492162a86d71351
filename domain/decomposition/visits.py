"""Third step of decomposition: the visits to a site that the items need, each shared by all who need it (contract, "Grouping")."""

from collections.abc import Sequence

from domain.catalog import Catalog, WorkOrderTemplate
from domain.decomposition.drafts import ServiceDraft, ServiceDrafts
from domain.decomposition.item import Item
from domain.decomposition.order import Order
from domain.plan import Plan, PlannedVisit, work_order_id
from domain.values import Place


class _Visit:
    def __init__(self, id: str, template: WorkOrderTemplate, place: Place) -> None:
        self.id, self.template, self.place = id, template, place
        self.items: list[str] = []
        self.numbers: dict[int, None] = {}


def plan_visits(
    order: Order, items: Sequence[Item], services: ServiceDrafts, catalog: Catalog, answer_within: float, amended: Plan | None = None
) -> tuple[PlannedVisit, ...]:
    """One visit per template and site, numbered after the work orders that exist already; those of an amended plan stay the visits that they are."""
    visits: dict[tuple[str, str], _Visit] = {}
    numbered = order.work_orders
    known = {(visit.template, visit.place.id): visit.id for visit in amended.visits} if amended is not None else {}
    if not catalog.work_orders:
        return ()
    numbers: dict[str, dict[int, None]] = {}
    for draft in services.values():
        if draft.number and draft.under_way is None:
            numbers.setdefault(draft.owner.line.id, {})[draft.number] = None
    for item in items:
        if item.settled or not item.services:
            continue
        for template in catalog.compiled.visits.get(item.specification, ()):
            new = _new_service(item, template, services)
            if new is None:
                continue
            place = new.places[0] if new.places else Place("", template.place_role)
            if not _is_wanted(item, template, place, catalog, order):
                continue
            key = (template.id, place.id)
            if key not in visits:
                if key not in known:
                    numbered += 1
                visits[key] = _Visit(known.get(key) or work_order_id(order.id, numbered), template, place)
            visits[key].items.append(item.line.id)
            visits[key].numbers.update(numbers.get(item.line.id, {}))
    return tuple(_planned(visit, answer_within) for visit in visits.values())


def _is_wanted(item: Item, template: WorkOrderTemplate, place: Place, catalog: Catalog, order: Order) -> bool:
    if template.condition is True:
        return True
    return bool(catalog.compiled.condition(template.condition)({**item.values, **order.inputs(item.line.action, place.id)}))


def _new_service(item: Item, template: WorkOrderTemplate, services: ServiceDrafts) -> ServiceDraft | None:
    for id in item.services:
        draft = services[id]
        if draft.specification.id == template.when_new and draft.action == "add" and draft.under_way is None:
            return draft
    return None


def _planned(visit: _Visit, answer_within: float) -> PlannedVisit:
    template = visit.template
    return PlannedVisit(
        id=visit.id,
        template=template.id,
        name=template.name,
        target_system=template.target_system,
        place=visit.place,
        items=tuple(visit.items),
        numbers=tuple(visit.numbers),
        tasks=template.tasks,
        skills=template.skills,
        duration=template.duration,
        answer_within=answer_within if template.answer_within is None else template.answer_within,
        attempts=template.attempts,
    )
