"""The compiled kernel and the plain reference must tell the same story, trade by trade, whatever the options."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from quant.backtest import BacktestResult, Config, Market, Size, run_backtest, run_portfolio
from tests.quant.backtest.reference import ReferenceResult, run_reference
from tests.quant.market import HOUR_MS, random_candles, random_intents

SIZES = (Size("units", 3.0), Size("fraction", 0.7), Size("fraction", 2.0), Size("risk", 0.01), Size("volatility", 0.3))
EXACT = ("entry_ts", "exit_ts", "side", "reason", "instrument")
CLOSE = ("entry_price", "exit_price", "quantity", "fee", "funding", "pnl")


def random_config(generator: np.random.Generator) -> Config:
    return Config(
        cash=float(generator.choice([1_000.0, 10_000.0, 1e6])),
        taker_fee=float(generator.choice([0.0, 0.0005, 0.002])),
        maker_fee=float(generator.choice([-0.0001, 0.0, 0.001])),
        slippage=float(generator.choice([0.0, 0.0007])),
        size=SIZES[generator.integers(len(SIZES))],
        fill=str(generator.choice(["next_open", "signal_close"])),  # type: ignore[arg-type]
        gap=str(generator.choice(["open", "stop"])),  # type: ignore[arg-type]
        volume_cap=[None, 0.05, 0.5][generator.integers(3)],
        leverage=float(generator.choice([1.0, 3.0])),
        max_entries=int(generator.choice([1, 3])),
        volatility_window=10,
    )


def assert_same(result: BacktestResult, reference: ReferenceResult, case: str) -> int:
    assert len(result.trades) == len(reference.trades), case
    for ours, theirs in zip(result.trades, reference.trades, strict=True):
        for name in EXACT:
            assert getattr(ours, name) == getattr(theirs, name), (case, name, ours, theirs)
        for name in CLOSE:
            assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=1e-9, abs=1e-9), (
                case, name, ours, theirs,
            )  # fmt: skip
    np.testing.assert_allclose(result.equity, reference.equity, rtol=1e-9, atol=1e-7, err_msg=case)
    assert result.refused_entries == reference.refused_entries, case
    return len(reference.trades)


def random_market(generator: np.random.Generator) -> Market:
    return Market(
        lot=Decimal(str(generator.choice(["0.001", "0.5", "3"]))),
        tick=Decimal(str(generator.choice(["0.01", "0.25", "0.3", "2"]))),
        minimum=Decimal(str(generator.choice(["0", "40"]))),
        cushion=Decimal("0.01"),
    )


def one_instrument(seed: int, bars: int, *, is_agent: bool = False) -> int:
    generator = np.random.default_rng([1, seed])
    candles = random_candles(generator, bars)
    intents = random_intents(generator, candles, every=float(generator.choice([0.05, 0.3])))
    config = random_config(generator)
    if is_agent:
        config = replace(config, market=random_market(generator))
        candles.ts[bars // 2 :] += HOUR_MS  # a bar is missing there
    funding = np.where(np.arange(bars) % 8 == 0, generator.normal(0, 1e-4, bars), 0.0) if seed % 2 else None
    result = run_backtest(candles, intents, config, funding=funding)
    reference = run_reference([candles], [intents], config, funding=None if funding is None else [funding])
    return assert_same(result, reference, f"seed {seed}, {config}")


def several_instruments(seed: int, bars: int) -> int:
    generator = np.random.default_rng([2, seed])
    candles = []
    for _ in range(int(generator.integers(1, 5))):
        whole = random_candles(generator, bars)
        kept = np.flatnonzero(generator.random(bars) < generator.choice([0.8, 1.0]))
        candles.append(
            type(whole)(*(getattr(whole, name)[kept] for name in ("ts", "open", "high", "low", "close", "volume")))
        )
    intents = [random_intents(generator, one) for one in candles]
    config = random_config(generator)
    funding = [generator.normal(0, 1e-5, len(one)) for one in candles] if seed % 2 else None
    result = run_portfolio(candles, intents, config, funding=funding)
    return assert_same(result, run_reference(candles, intents, config, funding=funding), f"seed {seed}, {config}")


def test_one_instrument_agrees_over_random_options() -> None:
    assert sum(one_instrument(seed, 250) for seed in range(60)) > 1_000


def test_an_agents_market_agrees_over_random_options() -> None:
    assert sum(one_instrument(seed, 250, is_agent=True) for seed in range(60)) > 300


def test_several_instruments_agree_over_random_options() -> None:
    assert sum(several_instruments(seed, 120) for seed in range(30)) > 1_000


def test_a_portfolio_of_one_is_a_backtest() -> None:
    for seed in range(20):
        generator = np.random.default_rng([3, seed])
        candles = random_candles(generator, 300)
        intents = random_intents(generator, candles)
        config = random_config(generator)
        alone, portfolio = run_backtest(candles, intents, config), run_portfolio([candles], [intents], config)
        np.testing.assert_array_equal(alone.equity, portfolio.equity)
        assert list(alone.trades) == list(portfolio.trades)
        assert alone.exposed_bars == portfolio.exposed_bars
        assert alone.open_positions == portfolio.open_positions


@pytest.mark.slow
def test_a_hundred_thousand_trades_agree() -> None:
    trades, seed = 0, 0
    while trades < 100_000:
        trades += one_instrument(1_000 + seed, 1_500) + several_instruments(1_000 + seed, 400)
        seed += 1
    print(f"{trades} trades agree over {2 * seed} random configurations")
