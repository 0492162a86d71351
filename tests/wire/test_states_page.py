"""The page about states says what the tables say."""

from domain.life_cycles import ALL
from schemas.states import PAGE, page


def test_the_page_is_written_from_the_tables() -> None:
    assert PAGE.read_text(encoding="utf-8") == page().rstrip("\n") + "\n", "run python -m schemas.states"


def test_every_choice_is_on_the_page_with_its_reason() -> None:
    text = PAGE.read_text(encoding="utf-8")
    choices = [arrow for cycle in ALL for arrow in cycle.arrows if arrow.choice]
    assert choices
    for arrow in choices:
        assert f"| `{arrow.after}` | {arrow.choice} |" in text
