"""The honesty panel: noise is not taken for skill, an edge that lasts is, and rules that peek are caught."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from farms.laboratory import honesty
from farms.laboratory.honesty import Judged, judge, neighbours
from farms.laboratory.outcome import outcome_of
from quant import strategies
from quant.backtest import Config, Size
from quant.candles import Candles
from quant.strategies import Strategy
from tests.farms.laboratory.conftest import RULES, hours

pytestmark = pytest.mark.offline
TREND = strategies.get("trend_following")


def judged(
    candles: Candles, *, strategy: Strategy = TREND, rules: dict[str, Any] = RULES, others: list[float] | None = None
) -> Judged:
    params = strategy.validate(rules)
    found = outcome_of(strategy, params, [candles], Config(size=Size("fraction", 0.5)))
    columns = found.columns
    moments = (columns["sharpe_per_bar"], columns["skew"], columns["kurtosis"])
    trials = [*(others or []), moments[0]]
    return judge(strategy, params, [candles], found.result, moments=moments, trials=trials)


def said(verdict: Judged) -> dict[str, bool | None]:
    return {answer.question: answer.passes for answer in verdict.answers}


def rising(bars: int = 16_000) -> Candles:
    """Prices whose drift lasts for about a hundred bars: an edge for whoever follows trends."""
    generator = np.random.default_rng(5)
    drift = np.repeat(generator.choice([-1, 1], bars // 100), 100) * 0.004
    closes = 100 * np.exp(np.cumsum(drift + generator.normal(0, 0.004, bars)))
    opens = np.concatenate(([100.0], closes[:-1]))
    high, low = np.maximum(opens, closes) * 1.001, np.minimum(opens, closes) * 0.999
    return Candles(hours(bars=bars).ts, opens, high, low, closes, np.full(bars, 10.0))


def test_an_edge_that_lasts_is_significant_and_every_question_has_an_answer() -> None:
    verdict = judged(rising(), rules=RULES | {"slow": 40})
    answers = said(verdict)
    assert verdict.is_significant, {one.question: str(one.words) for one in verdict.answers if one.passes is False}
    assert (answers["look_ahead"], answers["warm_up"], answers["unseen"], answers["luck"]) == (True,) * 4
    assert answers["overfitting"] is None, "there was no sweep"
    assert all(str(answer.words) and "{" not in str(answer.words) for answer in verdict.answers)


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_noise_is_not_significant(seed: int) -> None:
    assert not judged(hours(seed=seed, bars=2_000)).is_significant


def test_the_more_was_tried_the_less_the_same_result_is_worth() -> None:
    candles = hours(seed=8)
    alone = judged(candles).deflated_sharpe
    others = np.random.default_rng(1).normal(0, 0.02, 500).tolist()
    among = judged(candles, others=others)
    assert among.trials == 501
    assert alone is not None
    assert among.deflated_sharpe is not None
    assert among.deflated_sharpe < alone
    (words,) = (str(answer.words) for answer in among.answers if answer.question == "luck")
    assert "one of 501 trials" in words


def test_rules_that_look_ahead_are_caught() -> None:
    def peeking(candles: Candles, params: Any) -> Any:
        intents = TREND.compute(candles, params)
        tomorrow = np.roll(candles.close, -1)
        return replace(intents, enter=(tomorrow > candles.close * 1.02).astype(np.int8))

    verdict = judged(hours(), strategy=replace(TREND, compute=peeking))
    assert said(verdict)["look_ahead"] is False
    assert not verdict.is_significant


def test_rules_whose_warm_up_is_too_short_are_caught() -> None:
    """An exponential average that remembers everything, and says that it needs ten bars."""
    ema = {"ma": "ema", "fast": 40, "slow": 90, "adx_min": 0, "trail_atr": 0}
    verdict = judged(hours(bars=1_200), strategy=replace(TREND, settle=lambda params: 10), rules=ema)
    assert (said(verdict)["look_ahead"], said(verdict)["warm_up"]) == (True, False)


def test_few_trades_and_candles_that_are_missing_speak_against() -> None:
    candles = hours(bars=700)
    whole = np.ones(700, dtype=bool)
    whole[300:330] = False
    columns = (getattr(candles, name)[whole] for name in Candles.__dataclass_fields__)
    answers = said(judged(Candles(*columns)))
    assert (answers["trades"], answers["gaps"]) == (False, False)


@pytest.mark.parametrize(("count", "words"), [(0, "0 trades are"), (1, "1 trade is"), (2, "2 trades are")])
def test_one_trade_is_one(count: int, words: str) -> None:
    run: Any = SimpleNamespace(trades=[None] * count)
    assert str(honesty._trades(run).words).startswith(f"{words} too few: wait for ")


def test_a_run_without_a_trade_is_judged_too() -> None:
    flat = np.full(800, 100.0)
    verdict = judged(Candles(hours(bars=800).ts, flat, flat, flat, flat, np.ones(800)))
    answers = said(verdict)
    assert (answers["luck"], answers["order"], answers["costs"]) == (None, None, None)
    assert answers["habits"] is False, "its rules never fire"
    assert not verdict.is_significant


def test_neighbours_stand_around_what_was_chosen_and_within_its_bounds() -> None:
    params = TREND.validate({"fast": 4, "slow": 900})
    assert neighbours(TREND, params) == {"fast": (2, 3, 4, 6, 8), "slow": (450, 675, 900, 1000)}
    custom = strategies.get("custom")
    assert neighbours(custom, custom.validate({})) == {}
