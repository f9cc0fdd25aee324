"""The honesty panel is fooled by none of the strategies that are made at random, and finds the edge that is planted."""

import pytest

from moniqo.benches.honesty import honesty


@pytest.mark.slow
def test_the_panel_is_measured_beside_what_is_not_deflated() -> None:
    figures = honesty(strategies=2, planted=12)
    assert figures["called_significant"] == 0
    assert figures["reference_expected_undeflated"] == pytest.approx(0.1)
    assert figures["planted_edge_called_significant"]
    assert figures["planted_edge_deflated_sharpe"] > 0.95


@pytest.mark.slow
def test_of_many_random_strategies_none_is_called_significant_though_some_look_so_alone() -> None:
    figures = honesty(strategies=150)
    assert figures["called_significant"] == 0
    assert 0 < figures["reference_above_zero_undeflated"] < 30
    assert figures["planted_edge_called_significant"]
