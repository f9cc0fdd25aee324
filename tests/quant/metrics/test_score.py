"""One number for how risky something has been: its parts, its ends, and what it does not know."""

import pytest

from quant.metrics.score import WEIGHTS, risk_score


@pytest.mark.parametrize(
    ("measured", "parts"),
    [
        # Half of the worst of each, by hand: 17.5 + 12.5 + 12.5 + 7.5.
        ((-0.25, 0.5, 0.05, 0.5), {"drawdown": 17.5, "volatility": 12.5, "tail": 12.5, "losing": 7.5}),
        # Nothing was closed: the other three are all of it, 35, 25 and 25 of 85.
        ((-0.5, 1.0, 0.0, None), {"drawdown": 3500 / 85, "volatility": 2500 / 85, "tail": 0.0}),
        # Worse than the worst is no more than that, and days that gain are no tail.
        ((-0.9, 4.0, 0.5, 0.0), {"drawdown": 35.0, "volatility": 25.0, "tail": 25.0, "losing": 15.0}),
        ((0.0, 0.0, -0.01, 1.0), {"drawdown": 0.0, "volatility": 0.0, "tail": 0.0, "losing": 0.0}),
    ],
)
def test_each_part_is_what_was_measured_of_the_worst(
    measured: tuple[float, float, float, float | None], parts: dict[str, float]
) -> None:
    drawdown, volatility, shortfall, win_rate = measured
    found = risk_score(drawdown=drawdown, volatility=volatility, shortfall=shortfall, win_rate=win_rate)
    assert found is not None
    assert found.parts == pytest.approx(parts)
    assert found.value == pytest.approx(sum(parts.values()))


def test_without_a_history_there_is_no_score() -> None:
    assert sum(WEIGHTS.values()) == 1
    for unknown in range(3):
        measured: list[float | None] = [-0.1, 0.2, 0.01]
        measured[unknown] = None
        assert risk_score(drawdown=measured[0], volatility=measured[1], shortfall=measured[2], win_rate=0.5) is None
