"""Jeopardy: how much later an order is expected than was asked for, as a level, and when that must be looked at again (domain-rules 3.9)."""

from bisect import bisect_left
from datetime import datetime

from domain.schedule import Forecast, moment

NORMAL, LOW, MEDIUM, HIGH, CRITICAL = LEVELS = ("normal", "low", "medium", "high", "critical")
# How late an order may be, in seconds, before it is more than normal, low, medium, high [choice].
THRESHOLDS = (0.0, 3600.0, 86400.0, 259200.0)
DAY = 86400.0
PAST = 1.0  # seconds after the moment at which the level changes


def level_of(risk: float) -> str:
    """The level of an order that is expected so many seconds after its date (before it: negative)."""
    return LEVELS[bisect_left(THRESHOLDS, risk)]


def review_of(forecast: Forecast) -> datetime:
    """When the level will be another one if nothing happens until then; an order that can hardly be later is looked at every day, as long as it is open:
    what is overdue is never forgotten."""
    level = bisect_left(THRESHOLDS, forecast.risk)
    if level == len(THRESHOLDS):
        return moment(forecast.now + DAY)
    return moment(max(forecast.turns_late + THRESHOLDS[level], forecast.now) + PAST)
