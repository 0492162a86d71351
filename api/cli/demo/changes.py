"""Acts in which something changes on the way: an amendment, a point of no return, a shared access line, a date that cannot be kept."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from api.cli.client import PRODUCT_ORDERS, PRODUCTS, SERVICES, order_path
from api.cli.demo.cast import Cast, ended, expect, has_appointment
from api.cli.failures import Failed
from api.cli.terminal import escaped

# Who has the access line that is shared, and where it is.
FAMILY, HOME = "demo-changed", "demo-site-5"


def order(customer: str, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A TMF622 order."""
    party = {"id": customer, "role": "customer", "@type": "RelatedParty", "@referredType": "Customer"}
    return {"@type": "ProductOrder", "relatedParty": [party], "productOrderItem": list(items), **more}


def add(id: str, offering: str, site: str, **values: Any) -> dict[str, Any]:
    """An item that adds a product at a site."""
    product = {"place": _place(site), **_characteristics(values)}
    return {"id": id, "action": "add", "productOffering": {"id": offering}, "product": product}


def _place(site: str) -> list[dict[str, Any]]:
    return [{"id": site, "role": "installation", "@type": "RelatedPlaceRefOrValue", "@referredType": "GeographicSite"}]


def _characteristics(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"productCharacteristic": [{"name": name, "value": value} for name, value in values.items()]} if values else {}


# Amendments ---------------------------------------------------------------------------------------------------------------------------
def amended(cast: Cast) -> None:
    """A customer who changes an order while it is under way: faster, and with television"""
    id = cast.api.post(PRODUCT_ORDERS, order(FAMILY, add("1", "fibre-broadband", HOME, downstream=100)))["id"]
    orders = {"fibre-changed": id}
    cast.stage.follow(cast.api, orders, has_appointment, "The appointment")
    faster = {"id": "1", "product": _characteristics({"downstream": 1000})}
    change = {"productOrderItem": [faster, add("2", "tv", HOME, package="family")]}
    plan = cast.api.post(order_path(id, "impact"), change)
    cast.stage.say("The customer wants 1,000 instead of 100 Mbit/s, and television. What that would do, before it is done:")
    show_impact(cast, plan)
    made = cast.api.post(order_path(id, "amendments"), {**change, "planHash": plan["planHash"]})
    cast.stage.say(f"Accepted: version {made['version']} of the order, applied as it was previewed.")
    expect(cast.stage.follow(cast.api, orders, ended, "The end of the order"), "completed")
    speed = _value(_products(cast)["fibre-broadband"], "downstream")
    if speed != 1000:
        raise Failed(f"The customer should have 1,000 Mbit/s, and has {speed}.")


def show_impact(cast: Cast, plan: Mapping[str, Any]) -> None:
    """An impact plan, a line a node that does not just stay; the rest is counted."""
    for row in plan["items"]:
        if row["kind"] != "keep":
            cast.stage.say(f"  {row['kind']:<18} {escaped(row['name'])} [dim]({escaped(row['node'])})[/]")
    kept = Counter(row["kind"] for row in plan["items"])["keep"]
    cast.stage.say(f"  {'keep':<18} {kept} more; plan {plan['planHash'][:12]}")


def refused_amendment(cast: Cast, id: str) -> None:
    """The number is on its way from the other operator: what the voice line rests on cannot go elsewhere any more."""
    parts = cast.api.get(f"{PRODUCT_ORDERS}/{id}")["productOrderItem"][0]["productOrderItem"]
    change = {"productOrderItem": [{"id": part["id"], "product": {"place": _place("demo-site-7")}} for part in parts]}
    plan = cast.api.post(order_path(id, "impact"), change)
    blocked = [row for row in plan["items"] if row["kind"] == "blocked"]
    if plan["accepted"] or not blocked:
        raise Failed("An amendment behind a point of no return should be blocked.")
    cast.stage.say("The customer would rather have all of it at another address. That is refused:")
    cast.stage.say(f"  [red]{escaped(plan['reasons'][0]['message'])}[/]")
    farthest = max(blocked, key=lambda row: len(row["reasons"]))
    cast.stage.say(f"  {escaped(farthest['name'])} stays where it is, because:")
    for step in farthest["reasons"]:
        cast.stage.say(f"    {escaped(step)}")
    try:
        cast.api.post(order_path(id, "amendments"), change)
    except Failed:
        cast.stage.say("The order is as it was.")
    else:
        raise Failed("An amendment that is blocked should be refused.")


# What is shared -----------------------------------------------------------------------------------------------------------------------
def shared_access(cast: Cast) -> None:
    """The same customer ends broadband: the access line that television uses too stays"""
    broadband = _products(cast)["fibre-broadband"]
    item = {"id": "1", "action": "delete", "product": {"id": broadband["id"]}}
    orders = {"end-broadband": cast.api.post(PRODUCT_ORDERS, order(FAMILY, item))["id"]}
    expect(cast.stage.follow(cast.api, orders, ended, "The end of the order"), "completed")
    states = {service["name"]: service["state"] for service in cast.api.pages(SERVICES, 100, **{"relatedParty.id": FAMILY})}
    for name, state in states.items():
        cast.stage.say(f"  {state:<12} {escaped(name)}")
    access = [state for name, state in states.items() if "ccess" in name and "nternet" not in name]
    if "active" not in access or "terminated" not in states.values():
        raise Failed(f"The access line should be there for television, and internet be gone: {states}.")
    cast.stage.say("Ended is what broadband alone had; the access line is held by television.")


def _products(cast: Cast) -> dict[str, Any]:
    """The active products of the customer, by offering."""
    found = cast.api.pages(PRODUCTS, 100, status="active", **{"relatedParty.id": FAMILY})
    return {product["productOffering"]["id"]: product for product in found}


def _value(product: Mapping[str, Any], name: str) -> Any:
    return next((each["value"] for each in product.get("productCharacteristic", ()) if each["name"] == name), None)


# Dates --------------------------------------------------------------------------------------------------------------------------------
def late(cast: Cast) -> None:
    """An order that is wanted sooner than it can be done"""
    wanted = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    item = add("1", "fibre-broadband", "demo-site-6", downstream=500)
    orders = {"fibre-late": cast.api.post(PRODUCT_ORDERS, order("demo-late", item, requestedCompletionDate=wanted))["id"]}
    trees = cast.stage.follow(cast.api, orders, lambda tree: _level(tree) not in ("", "normal"), "The jeopardy")
    document = cast.api.get(f"{PRODUCT_ORDERS}/{orders['fibre-late']}")
    (alert,) = document["productOrderJeopardyAlert"]
    cast.stage.say(f"Jeopardy [bold]{_level(trees['fibre-late'])}[/]: {escaped(alert['message'])}")
    expected = datetime.fromisoformat(document["expectedCompletionDate"]).strftime("%Y-%m-%dT%H:%M:%SZ")
    cast.stage.say(f"Wanted by {wanted}, expected at {expected}. It was told at once, and the work goes on.")
    expect(cast.stage.follow(cast.api, orders, ended, "The end of the order"), "completed")


def _level(tree: Mapping[str, Any]) -> str:
    return str((tree.get("jeopardy") or {}).get("level") or "")
