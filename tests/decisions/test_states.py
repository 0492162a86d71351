"""Roll-up and transitions, as tables."""

import pytest

from domain.states import ROLL_UP_TRANSITIONS, TERMINAL, TRANSITIONS, may_become, roll_up


@pytest.mark.parametrize(
    ("items", "cancelling", "order"),
    [
        ("", "", "completed"),
        ("acknowledged acknowledged", "", "acknowledged"),
        ("acknowledged rejected", "", "rejected"),
        ("acknowledged inProgress", "", "inProgress"),
        ("held inProgress", "", "inProgress"),
        ("held acknowledged", "", "inProgress"),
        ("completed acknowledged", "", "inProgress"),
        ("pending held", "", "pending"),
        ("held completed", "", "held"),
        ("pending completed", "", "pending"),
        ("completed completed", "", "completed"),
        ("cancelled cancelled", "", "cancelled"),
        ("failed failed", "", "failed"),
        ("completed failed", "", "partial"),
        ("completed cancelled", "", "partial"),
        ("completed cancelled failed", "", "partial"),
        ("failed cancelled", "", "failed"),
        ("inProgress completed", "pendingCancellation", "pendingCancellation"),
        ("held", "assessingCancellation", "assessingCancellation"),
        ("cancelled cancelled", "pendingCancellation", "cancelled"),
        ("completed cancelled", "pendingCancellation", "partial"),
    ],
)
def test_an_order_is_what_its_items_are(items: str, cancelling: str, order: str) -> None:
    assert roll_up(items.split(), cancelling) == order


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "acknowledged"),
        ("acknowledged", "inProgress"),
        ("inProgress", "held"),
        ("held", "inProgress"),
        ("pending", "acknowledged"),
        ("inProgress", "completed"),
        ("inProgress", "pendingCancellation"),
        ("pendingCancellation", "partial"),
        ("completed", "pendingCancellation"),
    ],
)
def test_steps_that_happen(before: str, after: str) -> None:
    assert may_become(before, after)


@pytest.mark.parametrize(
    ("before", "after"), [("", "completed"), ("cancelled", "inProgress"), ("rejected", "acknowledged"), ("failed", "held")]
)
def test_steps_that_never_happen(before: str, after: str) -> None:
    assert not may_become(before, after)


def test_every_state_has_its_arrows() -> None:
    states = set(TRANSITIONS) - {""}
    assert states >= TERMINAL
    assert {after for arrows in (TRANSITIONS, ROLL_UP_TRANSITIONS) for each in arrows.values() for after in each} <= states
