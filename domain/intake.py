"""What could not be taken in: dead letters with everything needed to look at them and send them again, and what operators did about them.

The letters of one partition of a topic are one stream; a letter's number is the version of its event there.
"""

from datetime import datetime
from typing import assert_never

from domain.decider import Decider, Events, World
from domain.record import record
from domain.values import Rejected, Who


# Commands -----------------------------------------------------------------------------------------------------------------------------
@record
class KeepDeadLetter:
    """Set aside a message that cannot be read, or that nobody knows what to do with. Bytes are base64."""

    stream: str
    letter: "DeadLettered"


@record
class RedriveDeadLetter:
    """The letter has been published to its topic again: from now on it is an ordinary message there."""

    stream: str
    number: int
    who: Who


@record
class DropDeadLetter:
    """Give the letter up. It stays in the log, but nobody needs to look at it any more."""

    stream: str
    number: int
    who: Who


Command = KeepDeadLetter | RedriveDeadLetter | DropDeadLetter


# Events -------------------------------------------------------------------------------------------------------------------------------
@record
class DeadLettered:
    """The message as received (`value` and header values base64), why it is here, and how often it was tried."""

    topic: str
    partition: int
    offset: int
    key: str
    headers: dict[str, str]
    value: str
    reason: str
    exception: str
    attempts: int
    first_seen: datetime


@record
class DeadLetterRedriven:
    """`number` is the letter's."""

    number: int
    who: Who


@record
class DeadLetterDropped:
    """`number` is the letter's."""

    number: int
    who: Who


Event = DeadLettered | DeadLetterRedriven | DeadLetterDropped


# State --------------------------------------------------------------------------------------------------------------------------------
@record
class Letters:
    """How many events the stream has, and the open letters among them: bit n of `open` for letter n. A set would be copied letter by letter with
    every change; as bits, a hundred thousand open letters are 12 kB."""

    version: int
    open: int

    def is_open(self, number: int) -> bool:
        """Whether the letter waits for somebody to decide."""
        return number > 0 and bool(self.open >> number & 1)


NONE = Letters(0, 0)


def decide(command: Command, state: Letters | None, world: World) -> Events:
    match command:
        case KeepDeadLetter():
            return (command.letter,)
        case RedriveDeadLetter(number=number, who=who):
            _require_open(command.stream, number, state or NONE)
            return (DeadLetterRedriven(number, who),)
        case DropDeadLetter(number=number, who=who):
            _require_open(command.stream, number, state or NONE)
            return (DeadLetterDropped(number, who),)
        case _:
            assert_never(command)


def _require_open(stream: str, number: int, state: Letters) -> None:
    """Events that resolve letters have numbers too: asking for one of them is told as if it were a letter that is resolved."""
    if not 0 < number <= state.version:
        raise Rejected("unknown", f"There is no dead letter {stream}:{number}.")
    if not state.is_open(number):
        raise Rejected("conflict", f"The dead letter {stream}:{number} has been redriven or dropped already.")


def evolve(state: Letters | None, event: Event) -> Letters:
    before = state or NONE
    version = before.version + 1
    if isinstance(event, DeadLettered):
        return Letters(version, before.open | 1 << version)
    return Letters(version, before.open & ~(1 << event.number))


decider = Decider("dead", decide, evolve, lambda state: True)
