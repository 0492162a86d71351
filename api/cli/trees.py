"""An order as a tree on the screen: items, their services with tasks, visits, and what is open (shape: projections/order_trees.py)."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from rich.tree import Tree

from api.cli.terminal import escaped, moment, reason, state

Document = Mapping[str, Any]


def order_tree(document: Document) -> Tree:
    """The tree of one order."""
    tree = Tree(
        f"[bold]{escaped(document['id'])}[/] {state(document['state'])}{_version(document)}"
        f"{_aside(document.get('externalId'), document.get('customer'))}"
    )
    _add_expectation(tree, document)
    for problem in document.get("reasons") or ():
        tree.add(f"refused: {escaped(problem.get('message', ''))}")
    for item in document["items"].values():
        if not item.get("parent"):
            _add_item(tree, item, document)
    for visit in document["workOrders"].values():
        _add_visit(tree, visit)
    _add_open(tree, document["obligations"].values())
    for change in document.get("changes") or ():
        outcome = "accepted" if change["accepted"] else "refused: " + "; ".join(each["message"] for each in change["reasons"])
        version = f", version {change['version']}" if "version" in change else ""
        by = change.get("override")
        over = f", overridden by {by['name']}: {by['reason']}" if by else ""
        tree.add(f"{escaped(change['kind'])} {escaped(change['id'])} {escaped(outcome + version + over)}")
    return tree


def _version(document: Document) -> str:
    """Which version of the order it is, once it has been amended, and whether that is still being done."""
    under_way = f" {document['subState']}" if document.get("subState") else ""
    return f"{under_way} version {document['version']}" if document["version"] > 1 else ""


def _add_expectation(above: Tree, document: Document) -> None:
    expected = document.get("expectedCompletionDate")
    if not expected:
        return
    requested, jeopardy = document.get("requestedCompletionDate"), document.get("jeopardy")
    asked = f", requested {moment(requested)}" if requested else ""
    level = f", jeopardy {state(jeopardy['level'])}" if jeopardy else ""
    above.add(f"expected {moment(expected)}{asked}{level}")


def _when(node: Document) -> str:
    """When a step is expected to be done, and how much time there is left; what decides the end of the order is starred."""
    if "expectedFinish" not in node:
        return ""
    slack = timedelta(seconds=abs(node["slack"]))
    left = f"{slack} late" if node["slack"] < 0 else f"slack {slack}"
    return f" [dim]→ {moment(node['expectedFinish'])}, {left}[/]{' [bold]*[/]' if node.get('critical') else ''}"


def _aside(*texts: object) -> str:
    told = ", ".join(escaped(text) for text in texts if text)
    return f" [dim]({told})[/]" if told else ""


def _add_item(above: Tree, item: Document, document: Document) -> None:
    what = item.get("offering") or item.get("specification") or ""
    about = _aside(item.get("product") or item.get("service"))
    branch = above.add(f"item {escaped(item['id'])} {_asked(item)} [bold]{escaped(what)}[/] {state(item['state'])}{about}")
    if by := item.get("heldBy"):
        branch.add(f"held by {escaped(by['name'])}{_aside(by['reason'])}")
    for path in item.get("missing") or ():
        branch.add(f"[yellow]missing[/] {escaped(path)}")
    into = item.get("mergedInto")
    if into:
        branch.add(f"[yellow]part of[/] item {escaped(into['itemId'])} of {escaped(into['id'])}")
    for other in () if into else item.get("behind") or ():
        branch.add(f"[yellow]waits for[/] {escaped(other)}")
    for id in (*item["services"], *item.get("detached", ())):
        if (service := document["services"].get(id)) and service["item"] == item["id"]:
            _add_service(branch, service, document)
    for child in document["items"].values():
        if child.get("parent") == item["id"]:
            _add_item(branch, child, document)


def _asked(item: Document) -> str:
    """The action, and what a modify is if it is no change of values."""
    move = f"to {' and '.join(place['id'] for place in item['place'] if place['id'])}" if item.get("moves") else ""
    term = "renewal" if item.get("productTerm") and item["action"] == "modify" else ""
    return escaped(" ".join(filter(None, (item["action"], item.get("status"), move, term))))


def _add_service(above: Tree, service: Document, document: Document) -> None:
    order = service.get("serviceOrder") or {}
    action = " ".join(filter(None, (service["action"] if service["action"] != "noChange" else "", service.get("wantedState"))))
    title = f"{escaped(service['category'])} [bold]{escaped(service['name'])}[/] {action or 'as it is'} {state(service['state'])}"
    branch = above.add(title + _aside(service["id"], order.get("id")))
    for id in service["tasks"]:
        if task := document["tasks"].get(id):
            branch.add(_task(task))


def _task(task: Document) -> str:
    who = task.get("group") if task["kind"] == "manual" else task.get("targetSystem")
    attempt = f" attempt {task['attempt']}" if task.get("attempt", 1) > 1 else ""
    undo = " undo" if task.get("undo") else ""
    return f"{escaped(task['name'])}{undo} {state(task['state'])}{attempt}{_aside(who, task['id'])}{_when(task)} {reason(task)}".rstrip()


def _add_visit(above: Tree, visit: Document) -> None:
    period, place = visit.get("appointment") or {}, visit.get("place") or {}
    when = f" on {moment(period['startDateTime'])}" if period.get("startDateTime") else ""
    what = f"visit [bold]{escaped(visit['name'])}[/] {state(visit['state'])}{when}{_aside(visit['id'], place.get('id'))}"
    above.add(f"{what}{_when(visit)} {reason(visit)}".rstrip())


def _add_open(above: Tree, obligations: Iterable[Document]) -> None:
    rows = list(obligations)
    if not rows:
        return
    branch = above.add("[bold]waits for[/]")
    for row in rows:
        due = f", due {moment(row['dueAt'])}" if row.get("dueAt") else ""
        branch.add(f"{escaped(row['task'])}: {reason(row).removesuffix('.') if due else reason(row)}{due}")
