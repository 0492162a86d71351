"""How many random examples a property meets: few in `make check`, its own number in `make test`, many times that in `make test-long`."""

import os
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, settings

# Multiplies the number of examples of every property. Above one they are other ones in each run; up to one they are the same ones.
MULTIPLIER: Final = float(os.environ.get("CROSSCONNECT_EXAMPLES") or 1)

_SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


def examples(count: int) -> Callable[[Callable[..., Any]], Any]:
    """Over a property, above `@given`: `count` examples in an ordinary run. A failure is shrunk and shown, and kept nowhere."""
    asked = settings(
        max_examples=max(round(count * MULTIPLIER), 5),
        derandomize=MULTIPLIER <= 1,
        database=None,
        deadline=None,
        suppress_health_check=_SLOW,
        phases=[Phase.generate, Phase.shrink],
    )
    return lambda test: pytest.mark.random(asked(test))
