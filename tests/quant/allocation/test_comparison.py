from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from moniqo.benches.walking import panel, walk_forward, walked
from quant.allocation import METHODS, Constraints, allocate, compare
from quant.errors import ParameterError
from tests.markets.candle_files import HOUR_MS, lines, text, walk
from tests.shared_data import MADE, RECORDED, recording


def test_on_noise_nothing_beats_equal_weight() -> None:
    returns = np.random.default_rng(0).normal(0.0005, 0.02, (500, 5))
    found = compare(returns, lookback=90, rebalance_every=20, cost=0.001)
    assert {track.method for track in found.tracks} == set(METHODS)
    assert "othing beats equal weight" in found.verdict


def test_a_real_edge_is_said_to_beat_it() -> None:
    generator = np.random.default_rng(1)
    returns = generator.normal(0, 0.01, (900, 5))
    returns[:, 0] += 0.002
    returns[:, 1:] -= 0.001
    found = compare(returns, lookback=120, rebalance_every=30, cost=0.001, methods=["maximum_sharpe", "momentum"])
    assert "beat equal weight" in found.verdict
    assert found.tracks[0].method != "equal"


def test_equal_weight_by_hand_with_drift_and_costs() -> None:
    returns = np.random.default_rng(0).normal(0, 0.02, (12, 2))
    track = compare(returns, lookback=10, rebalance_every=2, cost=0.01, methods=["equal"]).tracks[0]
    first = returns[10].mean()
    held = 0.5 * (1 + returns[10]) / (1 + first)
    np.testing.assert_allclose(track.returns, [(1 - 0.01) * (1 + first) - 1, held @ returns[11]])


def test_only_the_past_is_seen() -> None:
    returns = np.random.default_rng(0).normal(0, 0.02, (300, 3))
    whole = compare(returns, lookback=100, rebalance_every=50, cost=0.0, methods=["minimum_variance"])
    part = compare(returns[:200], lookback=100, rebalance_every=50, cost=0.0, methods=["minimum_variance"])
    ours, theirs = ({track.method: track.returns for track in found.tracks} for found in (whole, part))
    np.testing.assert_array_equal(ours["minimum_variance"][:100], theirs["minimum_variance"])


def test_turnover_is_limited_against_what_is_held_by_then() -> None:
    returns = np.random.default_rng(3).normal(0.001, 0.02, (300, 3))
    limits = Constraints(current=np.array([1.0, 0.0, 0.0]), turnover=0.2)
    track = compare(returns, lookback=100, rebalance_every=20, cost=0.0, constraints=limits, methods=["equal"]).tracks[
        0
    ]
    # From one asset to a third each are 1.33 in steps of 0.2 each; later only the drift is traded back.
    assert 0.05 < track.turnover < 0.2
    tied = Constraints(current=np.array([1.0, 0.0, 0.0]), turnover=0.0)
    still = compare(returns, lookback=100, rebalance_every=20, cost=0.0, constraints=tied, methods=["equal"]).tracks[0]
    np.testing.assert_allclose(still.returns, returns[100:, 0], atol=1e-6)


def test_holes_in_the_panel_are_refused() -> None:
    returns = np.random.default_rng(3).normal(0.001, 0.02, (300, 3))
    returns[250, 1] = np.nan
    with pytest.raises(ParameterError, match="without NaN"):
        compare(returns, lookback=100, rebalance_every=20, cost=0.0)


@pytest.mark.parametrize("source", [MADE, RECORDED])
def test_it_runs_on_a_panel_of_real_length(source: str, tmp_path: Path) -> None:
    folder = tmp_path
    if source == RECORDED:
        folder = recording("candles")
    else:
        for number in range(4):
            bars = walk(500, step_ms=4 * HOUR_MS, seed=number)
            (tmp_path / f"binance_{number}USDT_4h.csv.gz").write_bytes(gzip.compress(text(lines(bars)).encode()))
    returns = panel(folder)
    assert returns.shape == (499, 4)
    found = walked(returns)
    assert len(found.tracks) == len(METHODS)
    assert found.verdict
    table = walk_forward(folder)
    for track in found.tracks:
        assert table[f"{track.method}, sharpe"] == track.sharpe
        assert table[f"{track.method}, return"] == pytest.approx(float(np.prod(1 + track.returns)) - 1)
        assert len(track.returns) == table["walked"] == 499 - 180
    assert allocate(returns, "risk_parity").risk_contributions.max() == pytest.approx(0.25, abs=1e-9)
