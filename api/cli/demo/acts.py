"""The acts of the demonstration, each of them something that operators of telecom networks meet every day."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from api.cli.client import CANCELS, OURS, PRODUCT_ORDERS, PRODUCTS, SERVICE_ORDERS, WORK_ORDERS, Api
from api.cli.demo.cast import Cast, document, ended, expect, has_appointment, manual_tasks, open_fallouts, submitted
from api.cli.demo.changes import amended, late, refused_amendment, shared_access
from api.cli.failures import Failed
from api.cli.fallouts import act

# How the target systems of the demonstration behave: slowly enough to be seen.
SCRIPT = """\
- match: {customer: demo-refused, specification: gpon-port, task: reserve}
  do: {outcome: rejected, reason: {code: no-port, message: No free port at the distributor}, times: 1, delay: 0.2}
- match: {customer: demo-cancelled, specification: site-visit, action: create}
  do: {delay: 3600}
- match: {customer: demo-changed, specification: site-visit, action: create}
  do: {delay: 1.5}
- match: {customer: "demo-crash-*"}
  do: {delay: 0.4}
- match: {}
  do: {delay: 0.1}
"""

CRASH_ORDERS = 24


# The acts -----------------------------------------------------------------------------------------------------------------------------
def triple_play(cast: Cast) -> None:
    """Internet, voice and television for a new customer, whose telephone number comes along; and a mobile line"""
    orders = submitted(cast, "triple-play", "mobile-line")
    waiting = {"triple-play": orders["triple-play"]}
    trees = cast.stage.follow(cast.api, waiting, lambda tree: bool(manual_tasks(tree)), "The manual task of the porting")
    task = manual_tasks(trees["triple-play"])[0]
    refused_amendment(cast, orders["triple-play"])
    cast.stage.say(f"Porting is done by people. The operator completes {task['task']}.")
    values = [{"name": name, "value": True if name.startswith("is") else "ported"} for name in task.get("form") or ()]
    act(cast.api, orders["triple-play"], task["task"], "complete", values, "The other operator has released the number")
    expect(cast.stage.follow(cast.api, orders, ended, "The end of both orders"), "completed")


def refused_activation(cast: Cast) -> None:
    """An activation that the network refuses, repaired and retried by an operator"""
    orders = submitted(cast, "fibre-refused")
    trees = cast.stage.follow(cast.api, orders, lambda tree: bool(open_fallouts(tree)), "The fallout")
    (fallout,) = open_fallouts(trees["fibre-refused"])
    reason = fallout["reason"]
    cast.stage.say(f"Fallout: {reason['message']} ({reason['code']}). A port is freed, the operator retries.")
    act(cast.api, orders["fibre-refused"], fallout["task"], "retry", [], "A port has been freed")
    expect(cast.stage.follow(cast.api, orders, ended, "The end of the order"), "completed")


def cancelled(cast: Cast) -> None:
    """An order that the customer cancels while it waits for the technician: what has been built is undone"""
    orders = submitted(cast, "fibre-cancelled")
    cast.stage.follow(cast.api, orders, has_appointment, "The appointment")
    cast.stage.say("The customer cancels.")
    cast.api.post(CANCELS, {"cancellationReason": "Moving elsewhere", "productOrder": {"id": orders["fibre-cancelled"]}})
    trees = cast.stage.follow(cast.api, orders, ended, "The end of the order")
    expect(trees, "cancelled")
    states = Counter(task["state"] for task in trees["fibre-cancelled"]["tasks"].values())
    cast.stage.say(f"{states['undone']} steps that the network had done are undone, {states['gone']} were never begun.")
    if not states["undone"] or set(states) != {"undone", "gone"}:
        raise Failed(f"Everything that was done should be undone: {dict(states)}.")


def crash(cast: Cast) -> None:
    """The engine is killed in the middle of its work, and started again"""
    orders = [cast.api.post(PRODUCT_ORDERS, _numbered(number))["id"] for number in range(CRASH_ORDERS)]
    cast.stage.say(f"{CRASH_ORDERS} orders are under way.")
    cast.stage.follow(cast.api, {"the first": orders[0]}, _has_done_something, "A first step")
    cast.engine.kill()
    cast.stage.say("[bold red]SIGKILL.[/] The process is gone, with everything it had in memory.")
    seconds = cast.engine.start()
    cast.stage.say(f"Started again and ready after {seconds:.1f} s.")
    counts = cast.stage.follow_many(cast.api, orders, len(orders), "The end of all orders")
    if counts != {"completed": len(orders)}:
        raise Failed(f"Not every order that was accepted before the crash completed: {counts}.")
    _expect_once(cast.api)


def _numbered(number: int) -> dict[str, Any]:
    """The same order for many customers, each at a site of their own."""
    text = json.dumps(document("fibre-and-mobile")).replace("demo-crash", f"demo-crash-{number}")
    return dict(
        json.loads(text.replace("demo-site-4", f"demo-crash-site-{number}").replace("demo-fibre-and-mobile", f"demo-crash-order-{number}"))
    )


def _has_done_something(tree: Mapping[str, Any]) -> bool:
    return any(task["state"] == "done" for task in tree["tasks"].values()) or ended(tree)


def _expect_once(api: Api) -> None:
    """Two products for each of those customers, no more and no fewer."""
    products = api.pages(PRODUCTS, 100_000, status="active")
    owned = Counter(
        party["id"] for product in products for party in product.get("relatedParty") or () if party["id"].startswith("demo-crash-")
    )
    wrong = {customer: count for customer, count in owned.items() if count != 2}
    if wrong or len(owned) != CRASH_ORDERS:
        raise Failed(f"Something was lost or doubled: {len(owned)} customers have products, of these {wrong} not two.")


ACTS: tuple[Callable[[Cast], None], ...] = (triple_play, amended, shared_access, refused_activation, cancelled, late, crash)


# The end ------------------------------------------------------------------------------------------------------------------------------
def summary(api: Api) -> dict[str, int]:
    """What the demonstration has made, as the engine counts it."""
    return {
        "product orders": api.count(PRODUCT_ORDERS),
        "service orders": api.count(SERVICE_ORDERS),
        "work orders": api.count(WORK_ORDERS),
        "activation requests": _requests(api),
        "install-base items": api.count(PRODUCTS, status="active"),
    }


def _requests(api: Api) -> int:
    """Distinct activation keys among all events."""
    keys: set[str] = set()
    after = 0
    while page := api.get(f"{OURS}/events", after=after, limit=1000):
        keys.update(event["data"]["activationKey"] for event in page if event["type"] == "ActivationRequested")
        after = page[-1]["position"]
    return len(keys)
