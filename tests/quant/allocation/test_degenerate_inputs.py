"""Every degenerate input has a decided answer that says what was decided, and never an ordinary-looking wrong one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.allocation import METHODS, Constraints, Group, Options, allocate, round_to_lots
from quant.errors import InfeasibleError, ParameterError

ESTIMATING = sorted(set(METHODS) - {"equal", "inverse_volatility"})


def returns_of(count: int, periods: int = 300, seed: int = 0, mean: float = 0.001) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.normal(mean, 0.02, (periods, count)) + generator.normal(0, 0.01, (periods, 1))


@pytest.mark.parametrize("method", METHODS)
def test_one_asset_gets_everything(method: str) -> None:
    answer = allocate(returns_of(1, mean=0.01), method)
    if method == "fractional_kelly":
        assert answer.weights[0] + answer.cash == pytest.approx(1)
    else:
        np.testing.assert_array_equal(answer.weights, [1.0])
    assert "Only one asset" in answer.notes[0]


@pytest.mark.parametrize("method", METHODS)
def test_nothing_usable_is_cash(method: str) -> None:
    answer = allocate(np.zeros((100, 3)), method)
    np.testing.assert_array_equal(answer.weights, 0)
    assert (answer.cash, answer.volatility) == (1.0, None)
    assert all("never change" in reason for reason in answer.reasons)


@pytest.mark.parametrize("method", METHODS)
def test_constant_and_unknown_columns_get_nothing_and_say_why(method: str) -> None:
    table = returns_of(5)
    table[:, 1] = 0.001
    table[:, 2] = np.nan
    table[:250, 3] = np.nan
    answer = allocate(table, method)
    np.testing.assert_array_equal(answer.weights[1:4], 0)
    assert "never change" in answer.reasons[1]
    assert "0 returns" in answer.reasons[2]
    assert "50 returns where others have 300" in answer.reasons[3]
    assert answer.weights.sum() + answer.cash == pytest.approx(1)


@pytest.mark.parametrize("method", ESTIMATING)
def test_a_short_history_is_not_estimated_from(method: str) -> None:
    short = allocate(returns_of(4, periods=59), method)
    assert short.method == "inverse_volatility"
    assert "60 are needed" in short.notes[0]
    wide = allocate(returns_of(40, periods=79), method)
    assert wide.method == "inverse_volatility"
    assert "80 are needed" in wide.notes[0]
    shortest = allocate(returns_of(4, periods=19), method)
    assert shortest.method == "equal"
    np.testing.assert_allclose(shortest.weights, 0.25)


@pytest.mark.parametrize("method", METHODS)
def test_histories_without_a_common_period_are_equal_and_unknown(method: str) -> None:
    table = returns_of(2)
    table[:150, 0] = np.nan
    table[150:, 1] = np.nan
    answer = allocate(table, method)
    np.testing.assert_allclose(answer.weights, 0.5)
    assert (answer.expected_return, answer.volatility) == (None, None)
    if method != "equal":
        assert "0 common periods are too few" in answer.notes[0]


@pytest.mark.parametrize("covariance", ["ledoit_wolf", "oas", "ewma", "sample"])
@pytest.mark.parametrize("method", METHODS)
def test_what_stands_still_where_all_have_returns_does_not_look_riskless(method: str, covariance: str) -> None:
    table = returns_of(3)
    table[:100, 0] = np.nan
    table[100:, 1] = 0.0
    answer = allocate(table, method, options=Options(covariance=covariance))  # type: ignore[arg-type]
    assert answer.weights[1] == 0
    assert "never change in the periods that all share" in answer.reasons[1]
    assert np.isfinite(answer.weights).all()


@pytest.mark.parametrize("method", METHODS)
def test_assets_that_move_as_one_have_an_answer_without_shrinkage(method: str) -> None:
    table = returns_of(4)
    table[:, 3] = table[:, 2]
    answer = allocate(table, method, options=Options(covariance="sample"))
    assert np.isfinite(answer.weights).all()
    assert answer.weights.sum() + answer.cash == pytest.approx(1)


def test_all_means_negative_become_minimum_variance_and_kelly_cash() -> None:
    falling = returns_of(4, mean=-0.02)
    least = allocate(falling, "minimum_variance").weights
    for method in ("mean_variance", "maximum_sharpe", "momentum", "performance_based", "risk_adjusted"):
        answer = allocate(falling, method)
        assert answer.method == "minimum_variance"
        assert "No asset has a positive mean" in answer.notes[0]
        np.testing.assert_allclose(answer.weights, least, atol=1e-6)
    kelly = allocate(falling, "fractional_kelly")
    assert kelly.cash == pytest.approx(1)
    assert "100.0% in cash" in kelly.notes[0]


def test_constraints_that_allow_no_positive_mean_make_minimum_variance() -> None:
    table = returns_of(4, mean=-0.02)
    table[:, 0] += 0.022
    answer = allocate(table, "maximum_sharpe", Constraints(maximum=0.3))
    assert answer.method == "minimum_variance"
    assert "allow no positive mean" in answer.notes[0]
    assert allocate(table, "maximum_sharpe").method == "maximum_sharpe"


def test_a_gap_costs_everybody_those_periods_only() -> None:
    table = returns_of(3)
    table[10:20, 0] = np.nan
    kept = np.delete(table, range(10, 20), axis=0)
    np.testing.assert_allclose(
        allocate(table, "minimum_variance").weights, allocate(kept, "minimum_variance").weights, atol=1e-9
    )


@settings(max_examples=60, deadline=None)
@given(
    method=st.sampled_from(sorted(METHODS)),
    count=st.integers(1, 8),
    periods=st.integers(2, 150),
    seed=st.integers(0, 10_000),
    reserve=st.floats(0, 0.9),
    most=st.floats(0.05, 1),
    mean=st.floats(-0.01, 0.01),
)
def test_whatever_comes_in_the_answer_keeps_the_constraints_or_names_them(
    method: str, count: int, periods: int, seed: int, reserve: float, most: float, mean: float
) -> None:
    table = returns_of(count, periods, seed, mean)
    table[np.random.default_rng(seed).random(table.shape) < 0.02] = np.nan
    constraints = Constraints(maximum=most, cash_reserve=reserve)
    try:
        answer = allocate(table, method, constraints)
    except InfeasibleError:
        assert most * count < 1 - reserve + 0.05 or np.isnan(table).any()
        return
    assert np.isfinite(answer.weights).all()
    assert (answer.weights >= 0).all()
    assert (answer.weights <= most + 1e-6).all()
    assert answer.weights.sum() + answer.cash == pytest.approx(1)
    assert answer.cash >= reserve - 1e-6
    assert len(answer.reasons) == count
    if answer.risk_contributions.any():
        assert answer.risk_contributions.sum() == pytest.approx(1)


NAMES = ("BTC", "ETH", "SOL")


@pytest.mark.parametrize(
    ("constraints", "sentence"),
    [
        (Constraints(maximum=np.array([0.2, 0.3, 0.4])), r"raise the maximum of \w+ from \d+.00% by 10.00%"),
        (Constraints(minimum=np.array([0.5, 0.4, 0.3])), r"lower the minimum of \w+ from \d+.00% by 20.00%"),
        (
            Constraints(groups=(Group("majors", (0, 1), 0.0, 0.4),), maximum=np.array([1, 1, 0.5])),
            r"raise the maximum of (SOL from 50.00%|group majors from 40.00%) by 10.00%",
        ),
        (
            Constraints(current=np.array([1.0, 0, 0]), turnover=0.1, maximum=np.array([0.9, 1, 1])),
            r"raise the (turnover limit from 10.00%|maximum of BTC from 90.00%) by",
        ),
        (
            Constraints(capital=1_000.0, capacity=np.array([100.0, 200.0, 300.0])),
            r"raise the maximum of \w+ from \d+.00% by 40.00%",
        ),
    ],
)
def test_infeasible_constraints_are_named_with_the_smallest_relaxation(constraints: Constraints, sentence: str) -> None:
    for method in ("equal", "minimum_variance", "maximum_sharpe"):
        with pytest.raises(InfeasibleError, match=sentence):
            allocate(returns_of(3), method, constraints, names=NAMES)


def test_the_named_relaxation_is_enough() -> None:
    tight = np.array([0.2, 0.3, 0.4])
    with pytest.raises(InfeasibleError, match=r"by 10\.00%") as caught:
        allocate(returns_of(3), "equal", Constraints(maximum=tight), names=NAMES)
    relaxed = tight + 0.1001 * np.array([name in str(caught.value) for name in NAMES])
    assert allocate(returns_of(3), "equal", Constraints(maximum=relaxed)).weights.sum() == pytest.approx(1)


def test_turnover_and_cost_hold_the_current_weights() -> None:
    current = np.array([0.7, 0.2, 0.1])
    table = returns_of(3)
    limited = allocate(table, "minimum_variance", Constraints(current=current, turnover=0.2)).weights
    assert np.abs(limited - current).sum() == pytest.approx(0.2, abs=1e-6)
    free = allocate(table, "mean_variance", Constraints(current=current)).weights
    dear = allocate(table, "mean_variance", Constraints(current=current, cost=1.0)).weights
    np.testing.assert_allclose(dear, current, atol=1e-6)
    assert np.abs(free - current).sum() > 0.1


def test_thresholds_and_history_exclude_with_a_reason() -> None:
    table = returns_of(3)
    table[:, 1] -= 0.01
    answer = allocate(table, "equal", Constraints(minimum_sharpe=-0.2))
    np.testing.assert_allclose(answer.weights, [0.5, 0, 0.5])
    assert "below the threshold" in answer.reasons[1]
    young = allocate(table, "equal", Constraints(minimum_history=500))
    assert young.cash == 1
    assert "500 are needed" in young.reasons[0]


def test_reasons_name_the_limit_that_binds() -> None:
    answer = allocate(returns_of(4), "inverse_volatility", Constraints(maximum=np.array([0.1, 1, 1, 1])), names="ABCD")
    assert answer.reasons[0].endswith("at its maximum of 10.0%")
    assert "The constraints moved" in answer.notes[-1]


def test_kelly_scales_with_its_fraction_and_keeps_the_cap() -> None:
    table = returns_of(3, periods=2_000, mean=0.0003)
    quarter = allocate(table, "fractional_kelly", options=Options(kelly_fraction=0.1)).weights
    half = allocate(table, "fractional_kelly", options=Options(kelly_fraction=0.2)).weights
    np.testing.assert_allclose(half, 2 * quarter, atol=1e-5)
    capped = allocate(table, "fractional_kelly", Constraints(maximum=0.05)).weights
    assert capped.max() <= 0.05 + 1e-7


def test_lots_are_rounded_by_largest_remainder() -> None:
    lots, left = round_to_lots(np.array([0.5, 0.3, 0.2]), capital=1_000, lot_values=np.array([300.0, 70.0, 45.0]))
    # Rounding down leaves 240: too little for the first asset's lot, enough for one of each of the others.
    assert (lots.tolist(), left) == ([1, 5, 5], pytest.approx(125))
    lots, left = round_to_lots(np.array([0.5, 0.3, 0.2]), capital=1_000, lot_values=np.array([100.0, 70.0, 45.0]))
    assert (lots.tolist(), left) == ([5, 4, 4], pytest.approx(40))
    with pytest.raises(ParameterError):
        round_to_lots(np.array([1.0]), capital=0, lot_values=np.array([1.0]))


@pytest.mark.parametrize(
    "call",
    [
        lambda: allocate(returns_of(2), "luck"),
        lambda: allocate(np.full((100, 2), np.inf), "equal"),
        lambda: allocate(returns_of(2), "equal", names=["a", "a"]),
        lambda: Constraints(turnover=0.1),
        lambda: Constraints(cash_reserve=1.0),
        lambda: allocate(returns_of(2), "equal", Constraints(minimum=-0.1)),
        lambda: allocate(returns_of(2), "equal", Constraints(current=np.ones(3), turnover=1.0)),
        lambda: allocate(returns_of(2), "equal", Constraints(groups=(Group("g", (5,)),))),
        lambda: allocate(returns_of(2), "equal", Constraints(maximum=np.ones(3))),
        lambda: allocate(returns_of(2), "equal", Constraints(capital=1.0, capacity=np.ones(3))),
        lambda: Options(kelly_fraction=2),
        lambda: Options(risk_tolerance=float("nan")),
        lambda: Options(half_life=0.01),
        lambda: Options(periods_per_year=0),
    ],
)
def test_what_makes_no_sense_is_refused(call: object) -> None:
    with pytest.raises((ParameterError, InfeasibleError)):
        call()  # type: ignore[operator]
