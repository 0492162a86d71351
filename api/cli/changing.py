"""`orders impact|amend|cancel ID`: what a change of an order under way would do, and doing it."""

from collections.abc import Mapping
from typing import Any

from api.cli.client import Api, order_path
from api.cli.failures import Failed
from api.cli.terminal import escaped, moment, print_json, print_table

Change = dict[str, Any]


def impact(api: Api, id: str, change: Change, as_json: bool) -> None:
    """Print the impact plan. Raises Failed (1) with the reasons when the change is blocked."""
    plan = api.post(order_path(id, "impact"), change)
    if as_json:
        print_json(plan)
    else:
        _print(plan)
    if not plan["accepted"]:
        raise Failed("The change is blocked." if not as_json else "; ".join(each["message"] for each in plan["reasons"]))


def amend(api: Api, id: str, change: Change, as_json: bool) -> None:
    """Make the change; a server that refuses it says what stands in its way."""
    done = api.post(order_path(id, "amendments"), change)
    if as_json:
        print_json(done)
    elif "impactPlan" in done:
        print(f"{id} version {done['version']}")
        _print(done["impactPlan"])
    else:
        print(f"{id} is as it was." if done.get("changed") is False else f"{id} is being cancelled by {done['id']}.")


def _print(plan: Mapping[str, Any]) -> None:
    rows = [[escaped(each["item"]), escaped(each["name"]), each["kind"], escaped(each["node"])] for each in plan["items"]]
    print_table(("item", "what", "kind", "node"), rows, "Nothing is otherwise.")
    for each in plan["items"]:
        if each["reasons"]:
            standing = "is blocked" if each["kind"] == "blocked" else f"goes back behind a point of no return ({each['kind']})"
            print(f"{each['name']} of item {each['item']} {standing}:")
            print("\n".join(f"  {why}" for why in each["reasons"]))
    dates = plan.get("expectedCompletionDate") or {}
    if dates.get("before") and dates.get("after"):
        print(f"expected {moment(dates['after'])}, without the change {moment(dates['before'])}")
    if plan["planHash"]:
        print(f"plan {plan['planHash']}")
