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

# TMF622 v4 life cycle; the second table holds the arrows that only a roll-up can take: TMF draws none, and the roll-up wins [choice].
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
ROLL_UP_TRANSITIONS: Final[dict[str, frozenset[str]]] = {
    ACKNOWLEDGED: frozenset({HELD, COMPLETED, FAILED, PARTIAL, ASSESSING_CANCELLATION, PENDING_CANCELLATION, CANCELLED}),
    IN_PROGRESS: frozenset({PENDING_CANCELLATION, CANCELLED}),
    PENDING: frozenset({ACKNOWLEDGED, HELD, COMPLETED, FAILED, PARTIAL, PENDING_CANCELLATION}),
    HELD: frozenset({ACKNOWLEDGED, PENDING, COMPLETED, FAILED, PARTIAL, PENDING_CANCELLATION}),
    PENDING_CANCELLATION: frozenset({COMPLETED, FAILED, PARTIAL, HELD}),
    ASSESSING_CANCELLATION: frozenset({ACKNOWLEDGED}),
    COMPLETED: frozenset({PENDING_CANCELLATION}),  # with includeCompleted, what is completed is undone
    PARTIAL: frozenset({PENDING_CANCELLATION}),
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
