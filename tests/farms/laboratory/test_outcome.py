"""What is kept of a run says the same as the run: nothing that stands out is lost on the way to the screen."""

import numpy as np
import pytest

from farms.laboratory.charts import EXTREMES, MARKED, marked
from farms.laboratory.grid import month_rows
from farms.laboratory.outcome import buy_and_hold, distribution, drawable, months, outcome_of, reasons
from farms.laboratory.packing import pack, unpack
from quant import strategies
from quant.backtest import Config, run_backtest
from quant.candles import DAY_MS, Candles
from tests.farms.laboratory.conftest import RULES, hours

pytestmark = pytest.mark.offline
TREND = strategies.get("trend_following")


def test_trades_come_back_as_they_were() -> None:
    candles = hours()
    trades = run_backtest(candles, TREND.intents(candles, RULES)).trades
    assert list(unpack(pack(trades))) == list(trades)


def test_the_deepest_fall_and_the_highest_peak_are_drawn_of_a_long_run() -> None:
    candles = hours(bars=40_000)
    outcome = outcome_of(TREND, RULES, [candles], Config())
    curve, equity = outcome.columns["curve"], outcome.result.equity
    assert len(curve["at"]) < 2_000
    assert max(curve["equity"]) == pytest.approx(equity.max(), rel=1e-7)
    assert min(curve["equity"]) == pytest.approx(equity.min(), rel=1e-7)
    assert min(curve["drawdown"]) == pytest.approx(outcome.result.metrics["max_drawdown"], rel=1e-7)
    assert (curve["at"][0], curve["at"][-1]) == (candles.ts[0], candles.ts[-1])


def test_candles_put_together_keep_their_extremes_their_first_open_and_their_last_close() -> None:
    candles = hours(bars=1_003)
    drawn = drawable(candles, most=100)
    assert len(drawn["ts"]) <= 100
    assert max(drawn["high"]) == pytest.approx(candles.high.max(), rel=1e-7)
    assert min(drawn["low"]) == pytest.approx(candles.low.min(), rel=1e-7)
    assert drawn["open"][0] == pytest.approx(candles.open[0], rel=1e-7)
    assert drawn["close"][-1] == pytest.approx(candles.close[-1], rel=1e-7)
    assert drawable(candles[:50], most=100)["together"] == [1]


def test_buying_and_holding_costs_what_an_entry_costs() -> None:
    candles = hours(bars=50)
    held = buy_and_hold([candles], candles.ts, Config(cash=1_000, taker_fee=0.001, slippage=0.01))
    units = 1_000 / (candles.open[0] * 1.01 * 1.001)
    assert held[-1] == pytest.approx(units * candles.close[-1])


def test_the_part_of_a_market_that_is_not_there_yet_waits_as_cash() -> None:
    early, late = hours(bars=50), hours(seed=4, bars=50)[30:]
    held = buy_and_hold([early, late], early.ts, Config(cash=1_000, taker_fee=0.0))
    assert held[29] == pytest.approx(500 / early.open[0] * early.close[29] + 500)
    assert held[-1] == pytest.approx(500 / early.open[0] * early.close[-1] + 500 / late.open[0] * late.close[-1])


def test_months_compound_to_the_whole() -> None:
    days = np.arange(400)
    ts = np.datetime64("2024-12-20", "ms").astype(np.int64) + days * DAY_MS
    equity = 1_000 * 1.001 ** (days + 1)
    found = months(ts, equity, 1_000)
    assert [one["month"] for one in found][:3] == ["2024-12", "2025-01", "2025-02"]
    assert found[0]["return"] == pytest.approx(1.001**12 - 1)
    assert np.prod([1 + one["return"] for one in found]) == pytest.approx(equity[-1] / 1_000)
    years = month_rows(found)
    assert [year.year for year in years] == [2024, 2025, 2026]
    assert years[1].whole == pytest.approx(1.001**365 - 1)
    assert years[0].cells[0].value is None
    assert max(cell.heat for year in years for cell in year.cells) == 3


def test_every_trade_is_in_one_bin_and_ended_by_one_reason() -> None:
    candles = hours()
    trades = run_backtest(candles, TREND.intents(candles, RULES)).trades
    by_reason = reasons(trades)
    assert sum(one["trades"] for one in by_reason) == len(trades)
    assert sum(one["pnl"] for one in by_reason) == pytest.approx(trades.pnl.sum())
    returns = trades.pnl / (trades.quantity * trades.entry_price)
    found = distribution(returns)
    assert sum(found["counts"]) == len(trades)
    assert (found["edges"][0], found["edges"][-1]) == (returns.min(), returns.max())
    assert distribution(np.empty(0)) == {"edges": [], "counts": []}


def test_of_many_trades_the_best_and_the_worst_are_marked() -> None:
    candles = hours(bars=20_000)
    trades = run_backtest(candles, TREND.intents(candles, RULES)).trades
    assert len(trades) > MARKED
    shown = set(marked(trades, np.arange(len(trades))).tolist())
    assert len(shown) <= MARKED
    order = np.argsort(trades.pnl)
    assert set(order[:EXTREMES]) | set(order[-EXTREMES:]) <= shown


@pytest.mark.parametrize("bars", [600, 5_000])
def test_a_flat_run_is_no_mistake(bars: int) -> None:
    """Prices that never move: no trade, no deviation, and every column a number or nothing."""
    flat = np.full(bars, 100.0)
    candles = Candles(hours(bars=bars).ts, flat, flat, flat, flat, np.ones(bars))
    columns = outcome_of(TREND, RULES, [candles], Config()).columns
    assert (columns["trade_count"], columns["total_return"], columns["sharpe_per_bar"]) == (0, 0.0, 0.0)
    assert columns["breakdown"]["distribution"] == {"edges": [], "counts": []}
