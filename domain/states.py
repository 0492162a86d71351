"""Order and item states (TMF622, TMF641, TMF697), the arrows between them, and the one roll-up from items to order.

Spelled as TMF spells them. `[choice]` marks what TMF leaves open and Crossconnect decides (domain-rules 5).
"""

from collections.abc import Collection
from typing import Final

ACKNOWLEDGED: Final = "acknowledged"
REJECTED: Final = "rejected"
PENDING: Final = "pending"
HELD: Final = "held"
IN_PROGRESS: Final = "inProgress"
CANCELLED: Final = "cancelled"
COMPLETED: Final = "completed"
FAILED: Final = "failed"
PARTIAL: Final = "partial"
ASSESSING_CANCELLATION: Final = "assessingCancellation"
PENDING_CANCELLATION: Final = "pendingCancellation"

TERMINAL: Final = frozenset({REJECTED, COMPLETED, FAILED, PARTIAL, CANCELLED})

# TMF622 v4 life cycle of a product order.
TRANSITIONS: Final[dict[str, frozenset[str]]] = {
    "": frozenset({ACKNOWLEDGED, REJECTED}),
    ACKNOWLEDGED: frozenset({IN_PROGRESS, PENDING, REJECTED}),
    IN_PROGRESS: frozenset({PENDING, HELD, ASSESSING_CANCELLATION, COMPLETED, FAILED, PARTIAL}),
    PENDING: frozenset({IN_PROGRESS, ASSESSING_CANCELLATION, CANCELLED}),
    HELD: frozenset({IN_PROGRESS, ASSESSING_CANCELLATION, CANCELLED}),
    ASSESSING_CANCELLATION: frozenset({PENDING_CANCELLATION, IN_PROGRESS, PENDING, HELD}),
    PENDING_CANCELLATION: frozenset({CANCELLED}),
    **{state: frozenset[str]() for state in sorted(TERMINAL)},
}
# Arrows that TMF does not draw, each with its reason [choice]. Where a roll-up lands on one, the roll-up wins (domain-rules 5.7).
CHOICES: Final[dict[tuple[str, str], str]] = {
    (ACKNOWLEDGED, HELD): "the first step is parked, because its target system is offline",
    (ACKNOWLEDGED, COMPLETED): "nothing is left to be done: items that change nothing complete at once",
    (ACKNOWLEDGED, FAILED): "all that was to be done is given up before its start",
    (ACKNOWLEDGED, PARTIAL): "some items change nothing and complete at once, the others are given up",
    (ACKNOWLEDGED, ASSESSING_CANCELLATION): "a cancel may come before the start; TMF641 draws it, TMF622 does not",
    (ACKNOWLEDGED, PENDING_CANCELLATION): "a cancel is assessed as it comes, so that the assessment is not seen",
    (ACKNOWLEDGED, CANCELLED): "nothing has been begun, so nothing is to be taken back; TMF641 draws it",
    (IN_PROGRESS, ACKNOWLEDGED): "what was begun has been taken back, and its turn has not come again",
    (IN_PROGRESS, PENDING_CANCELLATION): "a cancel is assessed as it comes, so that the assessment is not seen",
    (IN_PROGRESS, CANCELLED): "every item was cancelled without a cancel of the order; TMF641 draws it",
    (PENDING, ACKNOWLEDGED): "what was missing has come, and the start has not",
    (PENDING, HELD): "what was missing has come, and a step has stopped meanwhile; or an amendment is done that came to a held order",
    (PENDING, COMPLETED): "an amendment took away all that was left to be done",
    (PENDING, FAILED): "what an item waited for was refused, and no other item completed",
    (PENDING, PARTIAL): "what an item waited for was refused, and others completed",
    (PENDING, PENDING_CANCELLATION): "a cancel is assessed as it comes, so that the assessment is not seen",
    (HELD, ACKNOWLEDGED): "the step that had stopped is not wanted any more, and nothing else has been begun",
    (HELD, PENDING): "an amendment came, or the step that had stopped has ended and an item still waits for information",
    (HELD, COMPLETED): "an operator completed or skipped the step that had stopped, and it was the last",
    (HELD, FAILED): "an operator gave up the item that had stopped",
    (HELD, PARTIAL): "an operator gave up the item that had stopped, others are completed",
    (HELD, PENDING_CANCELLATION): "a cancel is assessed as it comes, so that the assessment is not seen",
    (ASSESSING_CANCELLATION, ACKNOWLEDGED): "a cancel that is refused leaves the order where it was; TMF641 draws it",
    (PENDING_CANCELLATION, COMPLETED): "all that was not completed is gone from the order: nothing is left that was cancelled",
    (PENDING_CANCELLATION, FAILED): "items had failed before the cancel, and none completed",
    (PENDING_CANCELLATION, PARTIAL): "items had completed before the cancel, which applies to the rest",
    (PENDING_CANCELLATION, HELD): "what was to be taken back has stopped",
    (COMPLETED, PENDING_CANCELLATION): "a cancel with includeCompleted undoes what is completed",
    (PARTIAL, PENDING_CANCELLATION): "a cancel with includeCompleted undoes what is completed",
}
ROLL_UP_TRANSITIONS: Final[dict[str, frozenset[str]]] = {
    before: frozenset([after for start, after in CHOICES if start == before]) for before, _ in CHOICES
}


def may_become(before: str, after: str) -> bool:
    """Whether an order may step from `before` to `after`."""
    return after in TRANSITIONS[before] or after in ROLL_UP_TRANSITIONS.get(before, ())


def roll_up(states: Collection[str], cancelling: str = "") -> str:
    """The state of an order whose items (without those that are noChange) are in `states`.

    `cancelling` is `assessingCancellation` or `pendingCancellation` while a cancel is under way. An order in which nothing changes is completed.
    Evaluated from the top (domain-rules 5, roll-up).
    """
    present = set(states)
    if cancelling and not present <= TERMINAL:
        return cancelling
    if not present:
        return COMPLETED
    if len(present) == 1:
        return next(iter(present))
    if REJECTED in present and ACKNOWLEDGED in present and len(present) == 2:
        return REJECTED
    if not present <= TERMINAL:
        return _open(present)
    if COMPLETED in present or PARTIAL in present:
        return PARTIAL  # [choice]
    return FAILED  # failed with cancelled and none completed [choice]


def _open(present: set[str]) -> str:
    for state in (IN_PROGRESS, ACKNOWLEDGED, PENDING, HELD):
        if state in present:
            return IN_PROGRESS if state == ACKNOWLEDGED else state  # one schedulable item counts as in progress [choice]
    return IN_PROGRESS
