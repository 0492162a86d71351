"""When the parts of an order's tree are expected to be done, and when they must be."""

from domain.product_order import ProductOrderJeopardyAssessed
from domain.recorded import Recorded
from domain.schedule import Expected, Forecast, moment
from projections.view import Document


def jeopardy_assessed(tree: Document, recorded: Recorded) -> None:
    """What is told of the order's jeopardy."""
    event: ProductOrderJeopardyAssessed = recorded.event
    tree["jeopardy"] = {"level": event.level, "assessedAt": event.at, "reviewAt": event.review}


def add_expected(tree: Document, found: Forecast) -> None:
    """Times of every step that is not done, of the items that they are for, and of the order. Durations are seconds; a negative slack is a delay."""
    critical = set(found.critical)
    for id, each in found.nodes.items():
        node = tree["tasks"].get(id) or tree["workOrders"].get(id)
        if node is not None:
            node.update(_times(each), **({"critical": True} if id in critical else {}))
            for item in [node["item"]] if "item" in node else node["items"]:
                _put_off(tree["items"][item], each)
    tree["expectedCompletionDate"] = moment(found.finish)
    tree["leadTime"] = round(found.lead_time)
    tree["criticalPath"] = list(found.critical)
    if "jeopardy" in tree:
        tree["jeopardy"]["risk"] = round(found.risk)


def _times(each: Expected) -> Document:
    return {
        "expectedStart": moment(each.start),
        "expectedFinish": moment(each.finish),
        "latestStart": moment(each.latest_start),
        "slack": round(each.slack),
    }


def _put_off(item: Document, each: Expected) -> None:
    finish = moment(each.finish)
    item["expectedFinish"] = max(item.get("expectedFinish", finish), finish)
