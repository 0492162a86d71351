"""Dead letters: kept as they came, then sent again or given up, once."""

from domain.decider import fold
from domain.intake import (
    DeadLetterDropped,
    DeadLettered,
    DeadLetterRedriven,
    DropDeadLetter,
    KeepDeadLetter,
    Letters,
    RedriveDeadLetter,
    decider,
)
from domain.values import Who
from tests.decisions.given import NOW, given

STREAM = "dead-orders-0"
LETTER = DeadLettered("orders", 0, 7, "cust-1", {}, "e30=", "not JSON", "Unreadable", 1, NOW)
OLGA = Who("olga", "the catalog has it now")


def redrive(number: int) -> RedriveDeadLetter:
    return RedriveDeadLetter(STREAM, number, OLGA)


def drop(number: int) -> DropDeadLetter:
    return DropDeadLetter(STREAM, number, OLGA)


def test_an_open_letter_is_redriven_or_dropped() -> None:
    given(LETTER).when(redrive(1)).then(DeadLetterRedriven(1, OLGA))
    given(LETTER, LETTER).when(drop(2)).then(DeadLetterDropped(2, OLGA))


def test_each_letter_is_decided_by_itself() -> None:
    given(LETTER, LETTER, DeadLetterRedriven(2, OLGA)).when(drop(1)).then(DeadLetterDropped(1, OLGA))


def test_a_letter_that_is_resolved_stays_so() -> None:
    for resolved in (DeadLetterRedriven(1, OLGA), DeadLetterDropped(1, OLGA)):
        for command in (redrive(1), drop(1)):
            given(LETTER, resolved).when(command).then_rejected("conflict", "dead-orders-0:1 has been redriven or dropped already")


def test_numbers_go_on_after_a_resolution() -> None:
    history = (LETTER, DeadLetterRedriven(1, OLGA), LETTER)
    given(*history).when(redrive(3)).then(DeadLetterRedriven(3, OLGA))
    given(*history).when(redrive(2)).then_rejected("conflict")


def test_a_letter_that_never_was_is_unknown() -> None:
    given().when(redrive(1)).then_rejected("unknown", "no dead letter dead-orders-0:1")
    for number in (-1, 0, 2, 10**9):
        given(LETTER).when(drop(number)).then_rejected("unknown")


def test_a_redriven_message_that_is_bad_again_is_another_letter() -> None:
    decided = given(LETTER, DeadLetterRedriven(1, OLGA)).when(KeepDeadLetter(STREAM, LETTER))
    assert decided.events == (LETTER,)


def test_only_open_letters_take_room() -> None:
    history = [event for number in range(1, 2000, 2) for event in (LETTER, DeadLetterDropped(number, OLGA))]
    assert fold(decider, tuple(history)) == Letters(2000, 0)
