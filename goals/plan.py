"""The straight plan from a goal's start to its deadline, the pace so far, and where it leads. Pure: no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np

from goals.targets import Target

# What grows with time; of a rate or a ratio nobody can say how much of it there should be by today.
GROWS: Final = frozenset({"trades", "fills", "volume", "profit", "equity"})
TOLERANCE: Final = Decimal("0.05")  # of the whole way: less behind than this is on plan
ONE_DAY: Final = timedelta(days=1)
PLACES: Final = Decimal("1e-8")
SAMPLES: Final = 2_000
LEAST_DAYS: Final = 7
LOW, HIGH = 10, 90
Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a goal should be now on the straight way, and what a day brings and would have to bring.

    Amounts in the unit of the metric; `ahead` is the value less what is planned, `to_go` what is still missing. `pace`
    is None in the first hour, and `needed` in the last day: a rate that nobody can keep up so long says nothing then.
    """

    begins: Decimal
    target: Decimal
    planned: Decimal
    ahead: Decimal
    time_gone: float
    pace: Decimal | None
    needed: Decimal | None
    to_go: Decimal
    time_left: timedelta

    @property
    def is_behind(self) -> bool:
        return self.ahead < -TOLERANCE * (self.target - self.begins)

    @property
    def is_ahead(self) -> bool:
        return self.ahead > TOLERANCE * (self.target - self.begins)


def has_plan(target: Target, ends_at: datetime | None) -> bool:
    """Whether a straight plan means something: one thing that grows, with a deadline."""
    main = target.main
    return ends_at is not None and len(target.conditions) == 1 and main.wants_more and main.metric.name in GROWS


def planned(
    target: Target,
    *,
    value: Decimal | None,
    began_with: Decimal | None,
    starts_at: datetime,
    ends_at: datetime | None,
    now: datetime,
) -> Plan | None:
    """The plan at `now`; None where there is none (`has_plan`), or nothing is known."""
    if value is None or ends_at is None or not has_plan(target, ends_at) or now <= starts_at:
        return None
    begins = began_with or Decimal(0)
    wanted = target.main.value
    if wanted <= begins:
        return None
    gone = min((now - starts_at) / (ends_at - starts_at), 1.0)
    on_the_way = (begins + (wanted - begins) * Decimal(repr(gone))).quantize(PLACES)
    days_gone, days_left = (now - starts_at) / ONE_DAY, (ends_at - now) / ONE_DAY
    to_go = max(wanted - value, Decimal(0))
    return Plan(
        begins=begins,
        target=wanted,
        planned=on_the_way,
        ahead=value - on_the_way,
        time_gone=gone,
        pace=((value - begins) / Decimal(repr(days_gone))).quantize(PLACES) if days_gone * 24 >= 1 else None,
        needed=(to_go / Decimal(repr(days_left))).quantize(PLACES) if days_left >= 1 else None,
        to_go=to_go,
        time_left=max(ends_at - now, timedelta(0)),
    )


@dataclass(frozen=True, slots=True)
class Projection:
    """Where the value will be at the deadline if the days to come are like those so far: the middle, and the range
    that eight of ten futures fall into. `chance` is the part of them that reaches the target, a fraction."""

    middle: float
    low: float
    high: float
    chance: float


def project(daily: Sequence[float], *, value: float, wanted: float, days_left: float, seed: int) -> Projection | None:
    """A bootstrap of the daily changes so far: futures of days drawn from them with replacement (Efron 1979).

    None with less than `LEAST_DAYS` days, or without time left. The same seed gives the same range.
    """
    past: Floats = np.asarray(daily, dtype=np.float64)
    if past.size < LEAST_DAYS or days_left <= 0:
        return None
    random = np.random.default_rng(seed)
    whole = int(days_left)
    sums = np.zeros(SAMPLES)
    for _ in range(whole):  # a day of all futures at once: memory does not grow with the deadline
        sums += random.choice(past, size=SAMPLES)
    sums += random.choice(past, size=SAMPLES) * (days_left - whole)
    ends = value + sums
    low, middle, high = (float(found) for found in np.percentile(ends, [LOW, 50, HIGH]))
    return Projection(middle=middle, low=low, high=high, chance=float(np.mean(ends >= wanted)))
