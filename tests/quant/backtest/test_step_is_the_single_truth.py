"""The loops skip bars on which nothing can happen; calling `step` on every bar must end bit for bit where they do."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from quant.backtest import run_backtest
from quant.backtest.engine import acted_on, entry_details, rules_of
from tests.quant.backtest.test_kernel_agrees_with_reference import random_config, random_market
from tests.quant.market import random_candles, random_intents


@cache
def stepping() -> tuple[Any, Any]:
    """The kernel and its step, compiled by itself: here, so that not each worker that collects compiles."""
    from numba import njit

    from quant.backtest import kernel

    @njit(nogil=True, error_model="numpy")
    def step_once(position: Any, cash: float, bar: Any, intent: Any, rules: Any, index: int) -> Any:
        return kernel.step(position, cash, bar, intent, rules, index)

    return kernel, step_once


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_stepping_bar_by_bar_is_the_backtest(seed: int) -> None:
    kernel, step_once = stepping()
    generator = np.random.default_rng([5, seed])
    candles = random_candles(generator, 300)
    intents, config = random_intents(generator, candles), random_config(generator)
    if seed % 2:
        config = replace(config, market=random_market(generator))
        intents = acted_on(candles, intents, config)
    rules, wanted = rules_of(config), np.arange(len(candles))
    details = entry_details(candles, intents, config, wanted)
    position, cash, trades, equity = kernel.FLAT, config.cash, [], []
    for bar in range(len(candles)):
        source = bar if rules.fill_at_close else bar - 1
        intent = kernel.NOTHING
        if source >= 0:
            intent = kernel.Intent(int(intents.enter[source]), bool(intents.exit[source]), *details[source].tolist())
        now = kernel.Bar(
            *(float(getattr(candles, name)[bar]) for name in ("open", "high", "low", "close", "volume")), 0.0
        )
        position, cash, first, second, _ = step_once(position, cash, now, intent, rules, bar)
        trades += [trade for trade in (first, second) if trade.side]
        equity.append(cash + position.quantity * now.close)
    result = run_backtest(candles, intents, config)
    np.testing.assert_array_equal(result.equity, equity)
    assert [trade.opened for trade in trades] == result.trades.entry_bar.tolist()
    assert [trade.exit_value / trade.exit_quantity for trade in trades] == result.trades.exit_price.tolist()
    held = result.open_positions[0].quantity if result.open_positions else 0.0
    assert position.quantity == held
    assert math.isfinite(cash)
