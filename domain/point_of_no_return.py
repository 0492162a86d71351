"""What the points of no return that an order has passed close to changes (domain-rules 4.4)."""

from collections.abc import Iterable, Iterator, Mapping

from domain.plan import BUNDLE, CLOSURE, ITEM, Plan, PlannedItem, item_node, service_node

Chain = tuple[str, ...]


class Closed:
    """`passed` maps each task that is a point of no return and has been dispatched to the item that it is for."""

    def __init__(self, plan: Plan, passed: Mapping[str, str]) -> None:
        self._plan = plan
        self._why: dict[str, Chain] = {}
        if not passed:
            return
        self._items = {item.id: item for item in plan.items}
        self._names = dict(_names(plan))
        for task, id in passed.items():
            if id in self._items:
                self._close(task, self._items[id])

    def why(self, node: str) -> Chain:
        """Why a node of the plan is closed, as a chain of sentences that ends with the point of no return; empty when it is open."""
        return self._why.get(node, ())

    def _close(self, task: str, item: PlannedItem) -> None:
        said = f"{self._names.get(task, task)} of item {item.id} has passed its point of no return"
        if item.closes == CLOSURE:
            self._why.setdefault(item_node(item.id), (said,))
            self._close_what_came_before(task, said)
            return
        what = f", which closes the {item.closes}" if item.closes != ITEM else ""
        closed = {each.id for each in self._around(item)}
        for id in closed:
            self._why.setdefault(item_node(id), (said + what,))
        for service in self._plan.services:
            if service.number and any(service.id in self._items[id].services for id in closed):
                self._why.setdefault(service_node(service), (said + what,))
        for visit in self._plan.visits:
            if not closed.isdisjoint(visit.items):
                self._why.setdefault(visit.id, (said + what,))

    def _around(self, item: PlannedItem) -> Iterable[PlannedItem]:
        if item.closes == ITEM:
            return [item]
        if item.closes != BUNDLE:
            return self._plan.items
        top = self._top(item)
        return [each for each in self._plan.items if self._top(each) is top]

    def _top(self, item: PlannedItem) -> PlannedItem:
        while item.parent in self._items:
            item = self._items[item.parent]
        return item

    def _close_what_came_before(self, task: str, said: str) -> None:
        """Everything that had to be done before the task, from near to far, so that each chain is the shortest."""
        before = _before(self._plan)
        chains: dict[str, Chain] = {task: (said,)}
        todo = [task]
        for node in todo:  # grows while it is walked
            self._why.setdefault(_part(node), chains[node])
            for earlier in before.get(node, ()):
                if earlier not in chains:
                    step = f"{self._names.get(earlier, earlier)} had to be done before {self._names.get(node, node)}"
                    chains[earlier] = (step, *chains[node])
                    todo.append(earlier)


def _part(node: str) -> str:
    """The service order item that a task belongs to; visits and items are nodes themselves."""
    return node if node.startswith(("wo-", "item:")) else node.rpartition(".")[0]


def _before(plan: Plan) -> dict[str, list[str]]:
    before: dict[str, list[str]] = {}
    for first, second in plan.edges:
        before.setdefault(second, []).append(first)
    last = {service.id: service.tasks[-1].id for service in plan.services if service.tasks}
    for item in plan.items:
        before.setdefault(item_node(item.id), []).extend(last[id] for id in item.services if id in last)
    return before


def _names(plan: Plan) -> Iterator[tuple[str, str]]:
    for service in plan.services:
        yield from ((task.id, f"{service.specification}/{task.name}") for task in service.tasks)
    yield from ((visit.id, visit.template) for visit in plan.visits)
    yield from ((item_node(item.id), f"item {item.id}") for item in plan.items)
