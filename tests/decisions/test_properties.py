"""Random orders met by a random network, random operators and random cancels: what must hold, always holds."""

from hypothesis import given

from tests.decisions.stories import Story, scripts
from tests.examples import examples


@examples(800)
@given(scripts)
def test_every_story_ends_well(numbers: list[int]) -> None:
    Story(numbers).run()


@examples(200)
@given(scripts)
def test_a_fulfilment_rebuilt_from_the_log_goes_on_like_the_live_one(numbers: list[int]) -> None:
    Story(numbers, rebuild_each=True).run()
