"""Every event that was ever stored still reads, and none changes its shape unnoticed."""

from typing import Any, ClassVar

import pytest

from adapters.event_log.codec import Codec, Upcaster
from adapters.event_log.upcasters import UPCASTERS
from domain.events import DECIDERS, EVENTS
from domain.record import record
from domain.recorded import Meta, Recorded
from domain.unit_of_work import decider_of
from domain.values import Place
from tests.decisions.given import NOW
from tests.golden import Golden, golden_of, problems, read_all, shape_of

GOLDENS = read_all()
CODEC = Codec(EVENTS, UPCASTERS)
META = Meta(NOW, "cust-1", "", "message-1", "message-1")


def test_every_event_is_stored_as_its_golden_file_says() -> None:
    assert list(problems(CODEC, EVENTS, GOLDENS)) == []


@pytest.mark.parametrize("golden", GOLDENS, ids=[golden.topic for golden in GOLDENS])
def test_a_golden_file_reads_as_an_event_of_today(golden: Golden) -> None:
    recorded = CODEC.decode(golden.row)
    assert isinstance(recorded.event, EVENTS)
    assert decider_of(recorded.stream) in DECIDERS.values()


def test_the_envelope_of_all_events_has_its_first_shape() -> None:
    """Every event in every log carries it: a new field needs a default, and nothing may go or be renamed."""
    assert shape_of(Meta) == {"Meta": {"time": "datetime", "customer": "str", "order": "str", "correlation": "str", "causation": "str"}}


# The check itself, on an event that changes in every way ------------------------------------------------------------------------------
def first() -> type[Any]:
    @record
    class Placed:
        where: Place
        count: int

    return Placed


def reshaped() -> type[Any]:
    @record
    class Placed:
        where: Place
        count: int
        note: str = ""

    return Placed


def retyped() -> type[Any]:
    @record
    class Placed:
        where: Place
        count: int | None

    return Placed


def renamed() -> type[Any]:
    @record
    class Placed:
        where: Place
        number: int

    return Placed


def reshaped_with_version() -> type[Any]:
    @record
    class Placed:
        VERSION: ClassVar[int] = 2
        where: Place
        number: int

    return Placed


def golden_before() -> Golden:
    kind = first()
    return golden_of(Codec([kind]), Recorded(1, "x-1", 1, kind(Place("s-1", "aEnd"), 1), META))


def test_an_event_that_stays_the_same_is_no_problem() -> None:
    kind = first()
    assert list(problems(Codec([kind]), [kind], [golden_before()])) == []


def test_a_new_event_without_a_golden_file_is_found() -> None:
    kind = first()
    assert list(problems(Codec([kind]), [kind], [])) == ["Placed/1 has no golden file: run python -X dev -m tests.golden."]


@pytest.mark.parametrize("change", [reshaped, retyped, renamed])
def test_a_changed_shape_is_found(change: Any) -> None:
    kind = change()
    assert "Placed/1 has another shape than its golden file" in "".join(problems(Codec([kind]), [kind], [golden_before()]))


def test_a_raised_version_without_an_upcaster_is_found() -> None:
    kind = reshaped_with_version()
    found = "".join(problems(Codec([kind]), [kind], [golden_before()]))
    assert "Placed/2 has no golden file" in found
    assert "Placed/1 of long ago cannot be read any more" in found


def test_a_raised_version_with_an_upcaster_and_a_new_file_is_no_problem() -> None:
    kind = reshaped_with_version()
    codec = Codec([kind], [Upcaster("Placed/1", "Placed/2", lambda data: {"where": data["where"], "number": data["count"]})])
    after = golden_of(codec, Recorded(1, "x-1", 1, kind(Place("s-1", "aEnd"), 1), META))
    assert list(problems(codec, [kind], [golden_before(), after])) == []
    assert codec.decode(golden_before().row).event == kind(Place("s-1", "aEnd"), 1)


def test_an_upcaster_that_makes_the_wrong_thing_is_found() -> None:
    kind = reshaped_with_version()
    codec = Codec([kind], [Upcaster("Placed/1", "Placed/2", lambda data: {"where": data["where"], "number": "one"})])
    assert "Placed/1 of long ago cannot be read any more" in "".join(problems(codec, [kind], [golden_before()]))


def test_a_changed_record_within_an_event_is_found() -> None:
    golden = golden_before()
    changed = golden._replace(shape={**golden.shape, "Place": {"id": "str"}})
    kind = first()
    assert "another shape" in "".join(problems(Codec([kind]), [kind], [changed]))
