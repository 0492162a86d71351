"""Dead letters go back to where they came from: first published as they were, then recorded as redriven. One header says how often they were tried.

Between the two the process may die: then the letter is still open and is sent again. Whoever gave the message an identity is spared the repeat by the inbox.
"""

from base64 import b64decode
from collections.abc import Sequence

from adapters.event_log.codec import Codec
from adapters.event_log.port import EventLog
from adapters.topics.port import Outgoing, Producer
from domain.intake import DeadLettered
from domain.recorded import Recorded
from projections.view import Document

ATTEMPTS = "deadletter_attempts"


def attempts_before(headers: Sequence[tuple[str, bytes]]) -> int:
    """How often a message was tried before it was sent again; 0 for one that comes for the first time, or says something else than a number."""
    told = dict(headers).get(ATTEMPTS, b"")
    return int(told) if told.isdigit() and len(told) < 10 else 0


def kept(log: EventLog, codec: Codec, row: Document) -> Recorded:
    """The letter that a row of the view is about, with all its bytes: read alone, because its stream holds the bytes of all the others."""
    (found,) = log.since(row["position"] - 1, 1)
    letter = codec.decode(found)
    assert letter.id == row["id"], f"position {row['position']} holds {letter.id}, not {row['id']}"
    return letter


def publish_again(producer: Producer, letter: DeadLettered, timestamp: int) -> None:
    """The original bytes, key and headers to the original topic; `timestamp` is now, in milliseconds. Raises what a producer raises."""
    headers = tuple((name, b64decode(value)) for name, value in letter.headers.items())
    attempts = (ATTEMPTS, b"%d" % letter.attempts)
    producer.publish([Outgoing(letter.topic, letter.key, (*headers, attempts), b64decode(letter.value), timestamp, 0)])
