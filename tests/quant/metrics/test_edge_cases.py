"""Worked examples, and the decided answer wherever a figure cannot be known."""

from __future__ import annotations

import numpy as np
import pytest

from quant import metrics
from quant.candles import DAY_MS
from quant.errors import ParameterError

DAYS = 365
NOTHING = np.empty(0)
FIGURES = {
    "volatility": lambda returns: metrics.volatility(returns, periods_per_year=DAYS),
    "sharpe": lambda returns: metrics.sharpe(returns, periods_per_year=DAYS),
    "sortino": lambda returns: metrics.sortino(returns, periods_per_year=DAYS),
    "calmar": lambda returns: metrics.calmar(returns, periods_per_year=DAYS),
    "value_at_risk": metrics.value_at_risk,
    "expected_shortfall": metrics.expected_shortfall,
    "total_return": metrics.total_return,
    "annualised_return": lambda returns: metrics.annualised_return(returns, periods_per_year=DAYS),
}


@pytest.mark.parametrize("name", FIGURES)
def test_no_data_and_nan_give_none(name: str) -> None:
    assert FIGURES[name](NOTHING) is None
    broken = np.full(100, 0.01)
    broken[::2] = -0.02
    assert FIGURES[name](broken) is not None
    broken[50] = np.nan
    assert FIGURES[name](broken) is None


def test_one_return_has_a_total_and_nothing_else() -> None:
    one = np.array([0.1])
    assert metrics.total_return(one) == pytest.approx(0.1)
    assert [FIGURES[name](one) for name in ("volatility", "sharpe", "sortino", "calmar")] == [None] * 4


def test_zero_variance_has_no_ratio() -> None:
    constant = np.full(50, 0.01)
    assert metrics.sharpe(constant, periods_per_year=DAYS) is None
    assert metrics.sortino(constant, periods_per_year=DAYS) is None
    assert metrics.calmar(constant, periods_per_year=DAYS) is None
    assert metrics.volatility(constant, periods_per_year=DAYS) == pytest.approx(0, abs=1e-12)


def test_small_samples_are_blank_until_asked_for() -> None:
    few = np.array([0.01, -0.02, 0.03])
    assert metrics.sharpe(few, periods_per_year=DAYS) is None
    assert metrics.sharpe(few, periods_per_year=DAYS, minimum=2) is not None


def test_sharpe_and_its_error_by_hand() -> None:
    # Mean 0.01, deviation 0.02 (ddof 1), no skew, kurtosis 1: S = 0.5·... per period, error after Mertens.
    returns = np.array([0.03, -0.01] * 20)
    result = metrics.sharpe(returns, periods_per_year=1)
    assert result is not None
    deviation = 0.02 * (40 / 39) ** 0.5
    ratio = 0.01 / deviation
    assert result.value == pytest.approx(ratio)
    assert result.standard_error == pytest.approx(((1 + ratio**2 / 2 - 2 / 4 * ratio**2) / 39) ** 0.5)
    assert result.n == 40


def test_sharpe_and_its_error_do_not_depend_on_how_many_returns_are_summed_at_once() -> None:
    # Two blocks and a rest, against the moments written out.
    returns = np.random.default_rng(0).standard_t(5, 40_000) * 0.01 + 0.0005
    result = metrics.sharpe(returns, periods_per_year=1)
    centred = returns - returns.mean()
    skew, kurtosis = ((centred**power).mean() / (centred**2).mean() ** (power / 2) for power in (3, 4))
    ratio = returns.mean() / returns.std(ddof=1)
    assert result is not None
    assert result.value == pytest.approx(ratio, rel=1e-12)
    error = (1 + ratio**2 / 2 - skew * ratio + (kurtosis - 3) / 4 * ratio**2) / (returns.size - 1)
    assert result.standard_error == pytest.approx(error**0.5, rel=1e-12)


def test_all_losses() -> None:
    losing = np.linspace(-0.03, -0.01, 40)
    table = metrics.summary(metrics.growth(losing), periods_per_year=DAYS)
    assert table["sharpe"] < 0
    assert table["sortino"] < 0
    assert table["max_drawdown"] == pytest.approx(table["total_return"])
    assert table["max_drawdown_recovery"] is None
    trades = metrics.trade_summary(np.array([-1.0, -2.0]))
    assert (trades["win_rate"], trades["profit_factor"], trades["average_win"]) == (0, 0, None)
    assert trades["losing_streak"] == 2


def test_everything_lost_is_minus_one_and_stays_there() -> None:
    returns = metrics.twr_returns(np.array([100.0, 50.0, 0.0, 0.0]))
    np.testing.assert_array_equal(returns, [-0.5, -1.0, 0.0])
    assert metrics.annualised_return(returns, periods_per_year=DAYS) == -1


def test_negative_equity_has_no_return() -> None:
    table = metrics.summary(np.array([100.0, -10.0, 50.0] + [50.0] * 40), periods_per_year=DAYS)
    assert [table[name] for name in ("total_return", "sharpe", "max_drawdown", "value_at_risk")] == [None] * 4


def test_cash_flows_are_not_returns() -> None:
    # 100 grows to 110; 90 comes in and all of it grows to 220: two returns of 10 %.
    values, flows = np.array([100.0, 200.0, 220.0]), np.array([100.0, 90.0, 0.0])
    np.testing.assert_allclose(metrics.twr_returns(values, flows), [0.1, 0.1])
    np.testing.assert_allclose(metrics.twr_index(values, flows), [1, 1.1, 1.21])


def test_a_flow_on_day_one_is_the_starting_capital() -> None:
    values = np.array([100.0, 110.0])
    np.testing.assert_allclose(metrics.twr_returns(values, np.array([100.0, 0.0])), metrics.twr_returns(values))


def test_a_wallet_funded_late_has_no_return_before_and_one_emptied_none_after() -> None:
    values, flows = np.array([0.0, 0.0, 100.0, 110.0, 0.0, 0.0]), np.array([0.0, 0.0, 100.0, 0.0, -110.0, 0.0])
    np.testing.assert_allclose(metrics.twr_returns(values, flows), [0, 0, 0.1, 0, 0], atol=1e-15)


def test_gaining_from_nothing_has_no_return() -> None:
    assert np.isnan(metrics.twr_returns(np.array([0.0, 5.0]))).all()


def test_flows_and_values_must_match() -> None:
    with pytest.raises(ParameterError, match="one flow per valuation"):
        metrics.twr_returns(np.ones(3), np.ones(2))


def test_drawdown_with_dates_and_recovery() -> None:
    worst, current = metrics.drawdowns(np.array([100, 120, 90, 96, 120, 130, 117.0]))
    assert worst == metrics.Drawdown(depth=pytest.approx(-0.25), peak=1, trough=2, recovery=4)  # type: ignore[arg-type]
    assert current == pytest.approx(-0.1)


def test_a_fall_begins_where_the_index_last_stood_at_its_peak() -> None:
    worst, _ = metrics.drawdowns(np.array([1, 1, 1, 0.9, 1, 1, 0.8, 1.0]))
    assert worst == metrics.Drawdown(depth=pytest.approx(-0.2), peak=5, trough=6, recovery=7)  # type: ignore[arg-type]


def test_rolling_over_one_return_is_refused() -> None:
    with pytest.raises(ParameterError, match="at least two"):
        metrics.rolling_volatility(np.ones(5), 1, periods_per_year=DAYS)


def test_a_curve_that_never_falls_has_a_drawdown_of_zero() -> None:
    assert metrics.drawdowns(np.array([1.0, 2.0, 3.0])) == (metrics.Drawdown(0.0, 0, 0, 0), 0.0)
    assert metrics.drawdowns(NOTHING) == (None, None)


def test_xirr_of_the_spreadsheet_manuals_example() -> None:
    # The example in Microsoft's documentation of XIRR, whose answer is 37.34 %.
    days = np.array([0, 60, 303, 411, 456])
    amounts = np.array([-10_000, 2_750, 4_250, 3_250, 2_750.0])
    assert metrics.xirr(amounts, days * DAY_MS) == pytest.approx(0.373362535, abs=1e-6)


def test_xirr_without_a_change_of_sign_is_unknown() -> None:
    days = np.array([0, 100]) * DAY_MS
    assert metrics.xirr(np.array([-1.0, -2.0]), days) is None
    assert metrics.xirr(np.array([5.0]), days[:1]) is None
    assert metrics.xirr(np.array([-100.0, 110.0]), np.array([0, 365]) * DAY_MS) == pytest.approx(0.1)


def test_trade_figures_by_hand() -> None:
    table = metrics.trade_summary(np.array([10.0, -5.0, 0.0, 20.0, 5.0, -5.0]))
    assert table["win_rate"] == 0.5
    assert table["profit_factor"] == 3.5
    assert table["expectancy"] == pytest.approx(25 / 6)
    assert (table["average_win"], table["average_loss"]) == (pytest.approx(35 / 3), -5)
    assert (table["winning_streak"], table["losing_streak"]) == (2, 1)


def test_no_losses_have_no_profit_factor_and_no_trades_nothing() -> None:
    assert metrics.profit_factor(np.array([1.0, 2.0])) is None
    assert metrics.trade_summary(NOTHING)["win_rate"] is None


def test_exposure_counts_overlapping_trades_once() -> None:
    entries, exits = np.array([0, 5, 50]), np.array([10, 20, 70])
    assert metrics.exposure(entries, exits, start_ms=0, end_ms=100) == pytest.approx(0.4)
    assert metrics.exposure(entries, exits, start_ms=15, end_ms=60) == pytest.approx(15 / 45)
    assert metrics.exposure(NOTHING, NOTHING, start_ms=0, end_ms=100) == 0
    assert metrics.exposure(entries, exits, start_ms=5, end_ms=5) is None


def test_turnover_is_yearly_notional_over_mean_equity() -> None:
    equity = np.array([100.0] * 74)  # 73 days: a fifth of a year
    assert metrics.turnover(np.array([50.0, 150.0]), equity, periods_per_year=DAYS) == pytest.approx(10)
    assert metrics.turnover(np.array([50.0]), equity[:1], periods_per_year=DAYS) is None
