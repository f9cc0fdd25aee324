"""What a preview says that entries would have held is what a backtest holds, bar by bar."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from farms.composing.holding import Held, held
from quant.backtest import Config, Market, run_backtest
from quant.candles import Candles
from quant.strategies import Intents
from tests.quant.market import random_candles, random_intents

pytestmark = pytest.mark.offline
FINE = Market(lot=Decimal("1e-8"), tick=Decimal("1e-9"), minimum=Decimal(0), cushion=Decimal(0))
FREE = Config(cash=1e6, taker_fee=0, maker_fee=0, market=FINE)


def longs(seed: int) -> tuple[Candles, Intents]:
    generator = np.random.default_rng([8, seed])
    candles = random_candles(generator, 300)
    intents = random_intents(generator, candles, every=float(generator.choice([0.05, 0.3])))
    return candles, replace(intents, size=np.full(300, np.nan))


def test_it_holds_what_a_backtest_of_an_agent_holds() -> None:
    ended = set()
    for seed in range(40):
        candles, intents = longs(seed)
        long = replace(intents, enter=np.where(intents.enter > 0, 1, 0).astype(np.int8))
        found = held(candles, long, 0)
        result = run_backtest(candles, long, FREE)
        over = [one for one in found if one.ended]
        assert [(one.first, one.last, one.ended) for one in over] == [
            (int(np.searchsorted(candles.ts, one.entry_ts)), int(np.searchsorted(candles.ts, one.exit_ts)), one.reason)
            for one in result.trades
        ], seed
        np.testing.assert_allclose([one.left for one in over], result.trades.exit_price, rtol=1e-6)
        np.testing.assert_allclose([one.entry for one in over], result.trades.entry_price, rtol=1e-9)
        still = [one for one in found if not one.ended]
        assert [candles.ts[one.first] for one in still] == [one.entry_ts for one in result.open_positions]
        assert [one.stops[-1] > 0 for one in still] == [one.stop is not None for one in result.open_positions]
        ended |= {one.ended for one in over}
    assert ended == {"stop", "trail", "target", "exit"}


def mirrored(candles: Candles, intents: Intents) -> tuple[Candles, Intents]:
    """The same upside down: what was long is short."""
    top = 2 * float(candles.high.max())
    turned = Candles(
        candles.ts, top - candles.open, top - candles.low, top - candles.high, top - candles.close, candles.volume
    )
    return turned, replace(
        intents, enter=-intents.enter, stop=top - intents.stop, target=top - intents.target, trail=intents.trail
    )


def test_short_is_long_upside_down() -> None:
    def told(found: list[Held]) -> list[tuple[int, int, int, str]]:
        return [(abs(one.side), one.first, one.last, one.ended) for one in found]

    reversed_ = 0
    for seed in range(20):
        candles, intents = longs(seed)
        ours, theirs = held(candles, intents, 0), held(*mirrored(candles, intents), 0)
        assert told(ours) == told(theirs)
        assert [one.side for one in ours] == [-one.side for one in theirs]
        np.testing.assert_allclose([one.gain > 0 for one in ours], [one.gain > 0 for one in theirs])
        reversed_ += sum(one.ended == "reverse" for one in ours)
    assert reversed_


def test_each_bar_of_a_position_has_its_stop_and_signals_before_the_first_bar_count_not() -> None:
    for seed in range(10):
        candles, intents = longs(seed)
        for one in held(candles, intents, 0):
            inside = one.last - one.first + (one.ended not in {"exit", "reverse"})
            assert len(one.stops) == inside
        assert all(one.first > 150 for one in held(candles, intents, 150))
