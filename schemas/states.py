"""Writes docs/states.md from the tables of `domain.life_cycles`: `python -m schemas.states`. A test compares the page with the tables."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from domain.life_cycles import ALL, PRODUCT_ORDER_ITEM, LifeCycle
from domain.states import REJECTED, roll_up

PAGE: Final = Path(__file__).parents[1] / "docs" / "states.md"

INTRODUCTION: Final = """\
# States

Every resource that has a state, the arrows between its states, and how an order's state follows from its items. States are spelled as TMF
spells them. This page is written from the tables that the code is checked against (`domain/life_cycles.py`): no decision takes an arrow
that is not here.

An arrow marked ✱ is a **[choice]**: TMF draws none, or leaves it open, and the table below the diagram says why Crossconnect has it. State
is computed: a PATCH that writes the `state` of an order is refused.

## Roll-up

An order is what its items are; items that change nothing (`noChange`) are left out, and nested items roll up to their parent first. While a
cancel is under way and an item is not at its end, the order is `pendingCancellation`; while an amendment is applied it is `pending`. Of two
items in the states of row and column, the order is:

"""

MORE_ITEMS: Final = """\
More items count like two: what is not at its end outranks what is, and of that `inProgress` (or something that may start beside something
else) outranks `pending`, which outranks `held`. At the end, `completed` together with `failed` or `cancelled` is `partial`, `failed` with
`cancelled` is `failed` **[choice]**."""


def page() -> str:
    """The whole page."""
    return INTRODUCTION + "\n".join([*_roll_up(), *(line for cycle in ALL for line in _section(cycle))]) + "\n"


def _roll_up() -> Iterator[str]:
    """An order is refused as a whole, so that no item of an accepted one is rejected."""
    states = [state for state in PRODUCT_ORDER_ITEM.states if state != REJECTED]
    yield from _table(("", *states), [(f"**{row}**", *[roll_up([row, column]) for column in states]) for row in states])
    yield ""
    yield MORE_ITEMS
    yield ""


def _section(cycle: LifeCycle) -> Iterator[str]:
    yield f"## {cycle.name}"
    yield ""
    yield f"States of {cycle.standard}; at an end: {', '.join(f'`{state}`' for state in cycle.states if state in cycle.final()) or 'never'}."
    yield ""
    yield "```mermaid"
    yield "stateDiagram-v2"
    for arrow in cycle.arrows:
        yield f"    {arrow.before or '[*]'} --> {arrow.after}{' : ✱' if arrow.choice else ''}"
    yield "```"
    yield ""
    choices = [
        (f"`{arrow.before}`" if arrow.before else "(new)", f"`{arrow.after}`", arrow.choice) for arrow in cycle.arrows if arrow.choice
    ]
    if choices:
        yield from _table(("from", "to", "[choice]"), choices)
        yield ""


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    columns = list(head)
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


if __name__ == "__main__":
    PAGE.write_text(page().rstrip("\n") + "\n", encoding="utf-8")
