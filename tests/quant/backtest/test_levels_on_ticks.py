"""Stops and targets stand on the tick that the order path would choose, to the last digit."""

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest

from quant.backtest.engine import on_ticks

pytestmark = pytest.mark.offline


def exactly(level: float, tick: Decimal) -> float:
    return float((Decimal(repr(level)) / tick).to_integral_value(ROUND_HALF_UP) * tick)


@pytest.mark.parametrize("tick", ["0.01", "0.00000001", "0.1", "1", "0.5", "0.25", "5", "0.03", "0.000000000000000001"])
def test_levels_are_those_of_decimals(tick: str) -> None:
    step, generator = Decimal(tick), np.random.default_rng(1)
    levels = np.concatenate(
        (
            10 ** generator.uniform(-6, 6, 400),
            # In the middle of two ticks, and beside it.
            [float((Decimal(number) + Decimal("0.5")) * step) for number in generator.integers(0, 10**7, 100).tolist()],
            [float((Decimal(number) + Decimal("0.4999999999")) * step) for number in range(1, 20)],
        )
    )
    found = on_ticks(levels, step)
    assert found.tolist() == [exactly(level, step) for level in levels.tolist()]


def test_no_level_is_none() -> None:
    assert np.isnan(on_ticks(np.array([np.nan, 1.0]), Decimal("0.01"))).tolist() == [True, False]
