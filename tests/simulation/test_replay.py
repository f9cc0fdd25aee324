"""A backtest promises what paper does: agents replay recordings, and every trade and the equity at the end agree."""

from dataclasses import replace
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command

from markets.candles.files import read_file
from markets.candles.importing import steps_of
from moniqo.simulation.replay import Cast, Paper, Recording, Trade, backtest, differences, replay, without_holes
from quant import strategies
from quant.backtest.kernel import STOP, TARGET
from quant.candles import Candles
from tests.quant.market import random_candles
from tests.shared_data import MADE, recording

SLUGS = [strategy.slug for strategy in strategies.catalog()]
# Rules that act often, so that a few bars hold stops, targets, trails and exits of each strategy.
EAGER: dict[str, dict[str, Any]] = {
    "trend_following": {"fast": 3, "slow": 8, "adx_min": 0, "atr_period": 5, "stop_atr": 1.0, "trail_atr": 1.2},
    "breakout": {"period": 5, "volume_min": 0, "atr_period": 5, "stop_atr": 1.0, "target_atr": 1.5, "trail_atr": 1.0},
    "price_action": {"swing": 2, "level_bars": 20, "zone_atr": 1.0, "atr_period": 5, "reward": 1.2},
    "mean_reversion": {"period": 5, "entry": 1.0, "atr_period": 5, "stop_atr": 1.0},
    "mixed": {
        "members": [
            {
                "strategy": "trend_following",
                "weight": 1.0,
                "params": {"direction": "both", "fast": 3, "slow": 8, "adx_min": 0, "atr_period": 5},
            },
            {
                "strategy": "breakout",
                "weight": 1.0,
                "params": {"direction": "both", "period": 5, "volume_min": 0, "atr_period": 5},
            },
        ],
        "agreement": 0.4,
        "vote_bars": 5,
        "atr_period": 5,
        "stop_atr": 1.0,
        "trail_atr": 1.0,
    },
    "custom": {
        "entry": {"all": [{"left": {"indicator": "rsi", "period": 4}, "op": ">", "right": 50}]},
        "exit": {"any": [{"left": {"indicator": "rsi", "period": 4}, "op": "<", "right": 50}]},
        "stop": {"atr": 1.0, "period": 5},
        "target": {"atr": 1.0, "period": 5},
        "trail": {"atr": 0.8, "period": 5},
    },
}


def candles_of(name: str, bars: int) -> Candles:
    if name == MADE:
        made = random_candles(np.random.default_rng(11), bars)
        made = Candles(
            1_600_000_000_000 // 14_400_000 * 14_400_000 + np.arange(bars) * 14_400_000,
            *(np.round(column, 2) for column in (made.open, made.high, made.low, made.close, made.volume)),
        )
        return made.checked()
    return read_file(recording(f"candles/{name}.csv.gz")).candles[:bars]


def replayed(name: str, timeframe: str, bars: int, casts: list[Cast]) -> list[int]:
    """How many trades each agent made; each of them as in its backtest."""
    candles = without_holes(candles_of(name, bars), timeframe)
    tick, lot = steps_of(candles, "USDT")
    recorded = Recording(candles, timeframe, lot=lot, tick=tick)
    found = replay(recorded, casts)
    wrong = {
        f"{cast.strategy} {number}": told
        for number, (cast, paper) in enumerate(zip(casts, found, strict=True))
        if (told := differences(paper, backtest(cast, recorded)))
    }
    assert not wrong, wrong
    return [len(paper.trades) for paper in found]


CASTS = [
    *(Cast(slug, EAGER[slug]) for slug in SLUGS),
    Cast("trend_following", EAGER["trend_following"], "risk", Decimal("0.02")),
    Cast("breakout", EAGER["breakout"], "cash", Decimal("0.4")),
]


RECORDED = [pytest.param(name, 60, marks=pytest.mark.slow) for name in ("binance_ETHUSDT_4h", "binance_BTCUSDT_4h")]


@pytest.mark.parametrize(("name", "bars"), [(MADE, 30), *RECORDED])
def test_paper_trades_as_the_backtest_of_every_strategy(live_db: str, name: str, bars: int) -> None:
    trades = replayed(name, "4h", bars, CASTS[: len(SLUGS)])
    assert min(trades) >= 1
    assert sum(trades) >= bars / 3


def test_some_of_them_end_at_a_stop_and_at_a_target_inside_a_bar() -> None:
    """Otherwise the agreement above would say nothing of them. A level between the bar's open and its extreme is one
    that only a look inside the bar finds."""
    candles = without_holes(candles_of(MADE, 30), "4h")
    tick, lot = steps_of(candles, "USDT")
    inside = set()
    for cast in CASTS[: len(SLUGS)]:
        ended = backtest(cast, Recording(candles, "4h", lot=lot, tick=tick)).trades
        for bar, price, reason in zip(ended.exit_bar, ended.exit_price, ended.reason, strict=True):
            if candles.low[bar] <= price <= candles.high[bar] and price not in (candles.open[bar], candles.close[bar]):
                inside.add(int(reason))
    assert STOP in inside
    assert TARGET in inside


def test_a_hole_is_played_flat() -> None:
    ts = np.array([0, 60_000, 240_000])
    holed = Candles(ts, *(np.array([1.0, 2.0, 4.0]) + more for more in (0.5, 1.0, 0.0, 0.5)), np.array([7.0, 8.0, 9.0]))
    played = without_holes(holed, "1m")
    assert played.ts.tolist() == [0, 60_000, 120_000, 180_000, 240_000]
    assert played.open.tolist() == [1.5, 2.5, 2.5, 2.5, 4.5]
    assert played.high.tolist() == [2.0, 3.0, 2.5, 2.5, 5.0]
    assert played.volume.tolist() == [7.0, 8.0, 0.0, 0.0, 9.0]


def test_a_difference_is_told() -> None:
    candles = candles_of(MADE, 60)
    recorded = Recording(candles, "4h", lot=Decimal("0.001"), tick=Decimal("0.01"))
    kernel = backtest(CASTS[0], recorded)
    ended, quantity = kernel.trades, float(kernel.trades.quantity[0])
    rows = zip(ended.entry_bar, ended.exit_bar, ended.entry_price, ended.exit_price, ended.quantity, strict=True)
    trades = tuple(Trade(*row) for row in rows)
    held = tuple(
        Trade(int(np.searchsorted(candles.ts, one.entry_ts)), -1, one.entry_price, 0.0, one.quantity)
        for one in kernel.open_positions
    )
    assert differences(Paper((*trades, *held), kernel.final_equity), kernel) == []
    other = (replace(trades[0], quantity=quantity * (1 + 2e-9)), *trades[1:], *held)
    (told,) = differences(Paper(other, kernel.final_equity), kernel)
    assert told.startswith("Trade 0: quantity is")
    assert differences(Paper((*trades, *held), kernel.final_equity * (1 + 2e-9)), kernel)
    assert differences(Paper(trades[1:], kernel.final_equity), kernel)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "timeframe"),
    [
        *((f"binance_{asset}USDT_4h", "4h") for asset in ("BTC", "ETH", "SOL", "BNB")),
        ("binance_BTCUSDT_2020_1d", "1d"),
        ("bitstamp_BTCUSD_1h", "1h"),
        ("daru_rs_SOLUSDT_1h", "1h"),
        ("kraken_BTCUSDC_1m", "1m"),
    ],
)
def test_paper_trades_as_the_backtest_on_every_recording(live_db: str, name: str, timeframe: str) -> None:
    usual = [Cast(slug, {}) for slug in SLUGS]
    replayed(name, timeframe, 500, [*CASTS, *usual])


@pytest.mark.slow
def test_the_command_tells_of_every_strategy(tmp_path: Path) -> None:
    candles, file, out = candles_of(MADE, 60), tmp_path / "made.csv", StringIO()
    names = ("ts", "open", "high", "low", "close", "volume")
    rows = zip(*(getattr(candles, name).tolist() for name in names), strict=True)
    file.write_text("\n".join([",".join(names), *(",".join(map(repr, row)) for row in rows)]))
    call_command("replay", candles=file, timeframe="4h", stdout=out)
    lines = out.getvalue().splitlines()
    assert [line.partition(":")[0] for line in lines] == SLUGS
    assert all(line.endswith(": 0 differences") for line in lines)
