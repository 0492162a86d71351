"""What could not be taken in: dead letters with everything needed to look at them and send them again."""

from datetime import datetime

from domain.decider import Decider, Events, World
from domain.record import record


@record
class KeepDeadLetter:
    """Set aside a message that cannot be read, or that nobody knows what to do with. Bytes are base64."""

    stream: str
    letter: "DeadLettered"


Command = KeepDeadLetter


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


Event = DeadLettered


@record
class Letters:
    """How many messages of this key have been set aside."""

    count: int


def decide(command: Command, state: Letters | None, world: World) -> Events:
    return (command.letter,)


def evolve(state: Letters | None, event: Event) -> Letters:
    return Letters((state.count if state is not None else 0) + 1)


decider = Decider("dead", decide, evolve, lambda state: True)
