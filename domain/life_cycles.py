"""The life cycle of everything that has a state, as data: the arrows, what takes each, and where Crossconnect decides what TMF leaves open.

The tables are published as docs/states.md (`python -m schemas.states`) and checked: no decision, no load and no correction takes an arrow that is not here.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from domain.record import record
from domain.states import CHOICES, TRANSITIONS


@record
class Arrow:
    """`choice` says why an arrow is there that TMF does not draw, empty for one of TMF's. An arrow from the empty state is a beginning."""

    before: str
    after: str
    choice: str = ""


@record
class LifeCycle:
    """`standard` names where the states come from: a TMF specification, or Crossconnect itself, which has nothing to choose against."""

    name: str
    standard: str
    arrows: tuple[Arrow, ...]

    @property
    def states(self) -> tuple[str, ...]:
        """In the order in which the arrows name them."""
        return tuple(dict.fromkeys(state for arrow in self.arrows for state in (arrow.before, arrow.after) if state))

    def may_become(self, before: str, after: str) -> bool:
        """Whether there is an arrow; the empty state is before the beginning."""
        return any((arrow.before, arrow.after) == (before, after) for arrow in self.arrows)

    def final(self) -> frozenset[str]:
        """The states that no arrow of the standard leaves."""
        return frozenset(self.states) - {arrow.before for arrow in self.arrows if not arrow.choice}


Table = Mapping[str, tuple[str, ...]]
Choices = Mapping[tuple[str, str], str]


def _arrows(table: Table, choices: Choices) -> Iterator[Arrow]:
    for before, afters in table.items():
        yield from [Arrow(before, after) for after in afters]
    for (before, after), why in choices.items():
        yield Arrow(before, after, why)


def _cycle(name: str, standard: str, table: Table, choices: Choices | None = None) -> LifeCycle:
    return LifeCycle(name, standard, tuple(_arrows(table, choices or {})))


# Product orders -----------------------------------------------------------------------------------------------------------------------
_AT_ONCE: Final = "a cancel is assessed as it comes, so that the assessment is not seen"
_UNDONE: Final = "a cancel with includeCompleted, or an amendment, takes back what is completed"
_AGAIN: Final = "an amendment wants it otherwise, so it is done again"
_OFFLINE: Final = "the first step is parked, because its target system is offline"
_OPERATOR: Final = "an operator completed or skipped the step that had stopped"
_GIVEN_UP: Final = "an operator gave up what had stopped"
_BACK: Final = "what was begun has been taken back, and its turn has not come again"

PRODUCT_ORDER: Final = _cycle("Product order", "TMF622", {before: tuple(sorted(afters)) for before, afters in TRANSITIONS.items()}, CHOICES)

# An item is cancelled by itself, without the two states of its order's cancellation; TMF622 v4 items know no partial.
PRODUCT_ORDER_ITEM: Final = _cycle(
    "Product order item",
    "TMF622",
    {
        "": ("acknowledged", "rejected"),
        "acknowledged": ("inProgress", "pending", "rejected"),
        "inProgress": ("pending", "held", "completed", "failed"),
        "pending": ("inProgress", "cancelled"),
        "held": ("inProgress", "cancelled"),
    },
    {
        ("acknowledged", "held"): _OFFLINE,
        ("acknowledged", "completed"): "nothing is to be done for it",
        ("acknowledged", "failed"): "its order gave up what it relies on, or all of it was given up before its start",
        ("acknowledged", "cancelled"): "nothing has been begun, so nothing is to be taken back",
        ("inProgress", "acknowledged"): _BACK,
        ("inProgress", "cancelled"): "what was built for it has been taken back",
        ("pending", "acknowledged"): "what was missing has come, and its turn has not",
        ("pending", "held"): "what was missing has come, and a nested item has stopped",
        ("pending", "completed"): "what it waited for is not needed any more, and the rest of it is done",
        ("pending", "failed"): "what it waited for was refused",
        ("held", "acknowledged"): "the step that had stopped is not wanted any more, and nothing else has been begun",
        ("held", "pending"): "a nested item still waits for information",
        ("held", "completed"): _OPERATOR,
        ("held", "failed"): _GIVEN_UP,
        ("completed", "inProgress"): _AGAIN,
        ("completed", "acknowledged"): _AGAIN,
        ("completed", "held"): "an amendment wants it otherwise, and its target system is offline",
        ("completed", "pending"): "an amendment nests an item in it that waits for information",
        ("completed", "cancelled"): _UNDONE,
        ("completed", "failed"): "a nested item that an amendment added to it was given up",
        ("failed", "inProgress"): "an amendment nests an item in it that is done",
        ("failed", "acknowledged"): "an amendment nests an item in it",
        ("failed", "held"): "an amendment nests an item in it that has stopped",
        ("failed", "pending"): "an amendment nests an item in it that waits for information",
        ("failed", "cancelled"): _UNDONE,
    },
)

CANCEL_TASK: Final = _cycle(
    "Cancel of a product order or service order",
    "TMF622, TMF641",
    {"": ("acknowledged",), "acknowledged": ("inProgress",), "inProgress": ("done", "terminatedWithError")},
    {
        ("", "done"): "it is assessed as it comes; done says nothing of acceptance: the order's state does",
        ("", "terminatedWithError"): "it could not be assessed as it came, and the order is where it was",
    },
)

# Service orders and work orders -------------------------------------------------------------------------------------------------------
_SERVICE_ORDER_ARROWS: Final[Table] = {
    "": ("acknowledged",),
    "acknowledged": ("rejected", "inProgress", "assessingCancellation", "cancelled"),
    "inProgress": ("pending", "held", "assessingCancellation", "completed", "failed", "partial", "cancelled"),
    "pending": ("inProgress", "assessingCancellation", "cancelled"),
    "held": ("inProgress", "assessingCancellation", "cancelled"),
    "assessingCancellation": ("pendingCancellation", "acknowledged", "inProgress", "pending", "held"),
    "pendingCancellation": ("cancelled",),
}
_SERVICE_ORDER_CHOICES: Final[Choices] = {
    ("acknowledged", "held"): _OFFLINE,
    ("acknowledged", "completed"): "nothing is left to be done in it",
    ("acknowledged", "failed"): "its product order gave it up before its start",
    ("inProgress", "acknowledged"): _BACK,
    ("held", "acknowledged"): "the step that had stopped is not wanted any more, and nothing else has been begun",
    ("held", "completed"): _OPERATOR,
    ("held", "failed"): _GIVEN_UP,
    ("completed", "inProgress"): _AGAIN,
    ("completed", "held"): "an amendment wants it otherwise, or takes it back, and its target system is offline",
    ("completed", "acknowledged"): _AGAIN,
    ("completed", "cancelled"): _UNDONE,
    (
        "completed",
        "failed",
    ): "its product order was given up, and what it had built was there for others or needed nothing to be taken back",
}
SERVICE_ORDER: Final = _cycle(
    "Service order of a product order",
    "TMF641",
    _SERVICE_ORDER_ARROWS,
    {
        **_SERVICE_ORDER_CHOICES,
        ("completed", "partial"): "some of its items are taken back, the others stay",
        ("held", "partial"): "an operator completed or gave up the step that had stopped, and items differ",
        ("partial", "inProgress"): "what some items have built is taken back, or done again",
        ("partial", "held"): "what some items have built is taken back, and its target system is offline",
        ("partial", "acknowledged"): _AGAIN,
        ("partial", "completed"): "an amendment took the items that are not completed out of it",
        ("partial", "cancelled"): _UNDONE,
        ("partial", "failed"): "what had been built in it was taken back after an operator gave the rest up",
        ("cancelled", "acknowledged"): "an amendment adds to it",
        ("cancelled", "inProgress"): "an amendment adds to it",
        ("cancelled", "held"): "an amendment adds to it, and a target system is offline",
        ("cancelled", "completed"): "an amendment took the items that were cancelled out of it",
    },
)
SERVICE_ORDER_ITEM: Final = _cycle("Service order item", "TMF641", _SERVICE_ORDER_ARROWS, _SERVICE_ORDER_CHOICES)

WORK_ORDER: Final = _cycle(
    "Work order",
    "TMF697",
    _SERVICE_ORDER_ARROWS,
    {
        ("acknowledged", "held"): "field service is offline when the visit is due",
        ("held", "completed"): "an operator says that the visit was made, or is not needed",
    },
)

# What Crossconnect has by itself ------------------------------------------------------------------------------------------------------
TASK: Final = _cycle(
    "Task of a service order",
    "Crossconnect",
    {
        "": ("waiting",),
        "waiting": ("running", "parked", "gone"),
        "running": ("done", "undone", "skipped", "waiting", "retrying", "parked", "fallout", "gone"),
        "retrying": ("running", "parked", "done", "undone", "waiting", "fallout", "skipped", "gone"),
        "parked": ("running", "done", "undone", "skipped", "waiting", "fallout", "gone"),
        "fallout": ("running", "parked", "done", "undone", "skipped", "waiting", "gone"),
        "done": ("running", "parked", "waiting"),
        "skipped": ("running", "parked", "waiting"),
        "gone": ("done", "undone", "running", "parked", "waiting"),
        "undone": ("running", "parked", "waiting"),
    },
)
FALLOUT: Final = _cycle("Fallout", "Crossconnect", {"": ("open",), "open": ("closed",)})
TARGET_SYSTEM: Final = _cycle("Target system", "Crossconnect", {"": ("online",), "online": ("offline",), "offline": ("online",)})

# The install base ---------------------------------------------------------------------------------------------------------------------
PRODUCT: Final = _cycle(
    "Product",
    "TMF637",
    {
        "": ("created", "pendingActive", "active", "suspended", "pendingTerminate", "terminated", "cancelled", "aborted"),
        "created": ("pendingActive", "active"),
        "pendingActive": ("active", "aborted", "cancelled"),
        "active": ("suspended", "pendingTerminate", "terminated"),
        "suspended": ("active",),
        "pendingTerminate": ("terminated",),
    },
    {
        ("created", "cancelled"): "a correction of a product that was loaded and never came to be",
        ("created", "aborted"): "a correction of a product that was loaded and never came to be",
        ("suspended", "pendingTerminate"): "what is suspended can be ended",
        ("suspended", "terminated"): "the product was changed by the order that adds it, which is taken back; or a correction",
        ("pendingTerminate", "active"): "its end was given up",
        ("pendingTerminate", "suspended"): "its end was given up, and it was suspended before",
        ("terminated", "active"): "its end is undone: a compensating fact, the end stays in the history",
        ("terminated", "suspended"): "its end is undone, and it was suspended before",
    },
)
SERVICE: Final = _cycle(
    "Service",
    "TMF638",
    {
        "": ("feasibilityChecked", "designed", "reserved", "inactive", "active", "terminated"),
        "feasibilityChecked": ("designed", "reserved", "inactive", "active", "terminated"),
        "designed": ("reserved", "inactive", "active", "terminated"),
        "reserved": ("designed", "inactive", "active", "terminated"),
        "inactive": ("active",),
        "active": ("inactive", "terminated"),
        "terminated": ("active",),
    },
    {
        ("inactive", "terminated"): "what does not run can be ended",
        ("terminated", "inactive"): "its end is undone, and it did not run before",
        (
            "terminated",
            "designed",
        ): "it is ordered again: its identity is what and where it is, so it is the same service (domain-rules 2.4)",
    },
)

ALL: Final = (
    PRODUCT_ORDER,
    PRODUCT_ORDER_ITEM,
    CANCEL_TASK,
    SERVICE_ORDER,
    SERVICE_ORDER_ITEM,
    TASK,
    WORK_ORDER,
    FALLOUT,
    TARGET_SYSTEM,
    PRODUCT,
    SERVICE,
)
