"""What verify says of amendments: steps are done again, and taken back, only where an impact plan names them."""

from dataclasses import replace

from domain.product_order import ProductOrderAmended
from domain.recorded import Recorded
from domain.verification import Invariant, Verification
from tests.wire.histories import amendments

NAME = "amendments do what their impact plans said"


def verified(log: tuple[Recorded, ...]) -> Invariant:
    verification = Verification()
    for recorded in log:
        verification.learn(recorded)
    return next(each for each in verification.report() if each.name == NAME)


def silenced(recorded: Recorded) -> Recorded:
    """The amendment without a word of what it does to steps that were taken."""
    if not isinstance(recorded.event, ProductOrderAmended):
        return recorded
    impact = tuple(replace(each, tasks=()) for each in recorded.event.impact)
    return replace(recorded, event=replace(recorded.event, impact=impact))


def test_amendments_of_every_kind_are_kept() -> None:
    found = verified(tuple(amendments().log))
    assert found.offenders == ()
    assert found.checked > 10


def test_a_step_that_is_taken_again_though_nobody_said_so_is_told() -> None:
    found = verified(tuple(map(silenced, amendments().log)))
    assert any("1.2.activate was done, and is done again" in each for each in found.offenders)
    assert any("is undone though no impact plan names it" in each for each in found.offenders)


def test_a_log_with_amendments_keeps_all_that_must_hold() -> None:
    verification = Verification()
    for recorded in amendments().log:
        verification.learn(recorded)
    assert [(each.name, each.offenders) for each in verification.report() if each.offenders] == []
