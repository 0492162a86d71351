"""The dead letters as operators see them."""

from base64 import b64encode

from domain.intake import DeadLettered, DropDeadLetter, KeepDeadLetter, RedriveDeadLetter
from domain.values import Who
from projections import DEAD_LETTERS
from tests.views.story import ABSENT, BEGINNING, Story

STREAM = "dead-orders-2"


def letter(value: bytes, offset: int = 7) -> KeepDeadLetter:
    event = DeadLettered(
        "orders", 2, offset, "cust-1", {"ce_id": "ZTE="}, b64encode(value).decode(), "not JSON", "Unreadable", 1, BEGINNING
    )
    return KeepDeadLetter(STREAM, event)


def test_a_letter_shows_where_it_came_from_and_why_it_is_here() -> None:
    Story().tell(letter(b"{half")).then_rows(
        DEAD_LETTERS,
        {
            f"{STREAM}:1": {
                "id": f"{STREAM}:1",
                "state": "open",
                "topic": "orders",
                "partition": 2,
                "offset": 7,
                "key": "cust-1",
                "reason": "not JSON",
                "exception": "Unreadable",
                "attempts": 1,
                "firstSeen": BEGINNING,
                "position": 1,
                "size": 5,
                "headers": ["ce_id"],
                "value": "{half",
                "resolvedAt": ABSENT,
            }
        },
    )


def test_a_long_value_is_shown_by_its_beginning_and_bytes_by_their_number() -> None:
    long, bytes_ = "ä" * 1500, b"\xff\xfe"
    story = Story().tell(letter(long.encode())).tell(letter(bytes_))
    story.then_rows(DEAD_LETTERS, {f"{STREAM}:1": {"value": "ä" * 1000, "size": 3000}, f"{STREAM}:2": {"value": ABSENT, "size": 2}})


def test_a_decision_is_shown_with_who_took_it_and_why() -> None:
    story = Story().tell(letter(b"1")).tell(letter(b"2")).later(60)
    story.tell(RedriveDeadLetter(STREAM, 2, Who("olga", "repaired"))).tell(DropDeadLetter(STREAM, 1, Who("olga")))
    story.then_rows(
        DEAD_LETTERS,
        {
            f"{STREAM}:1": {"state": "dropped", "resolvedAt": story.now, "resolution": {"who": "olga"}},
            f"{STREAM}:2": {"state": "redriven", "resolvedAt": story.now, "resolution": {"who": "olga", "reason": "repaired"}},
        },
    )


def test_a_message_that_is_bad_again_is_another_letter() -> None:
    story = Story().tell(letter(b"1")).tell(RedriveDeadLetter(STREAM, 1, Who("olga"))).tell(letter(b"1", 8))
    story.then_rows(DEAD_LETTERS, {f"{STREAM}:1": {"state": "redriven"}, f"{STREAM}:3": {"state": "open", "offset": 8}})
