"""A market with a past of random hourly candles, and ways to ask the laboratory about it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from farms.laboratory import running
from farms.laboratory.asking import Wish, request_backtest
from farms.laboratory.sweep_asking import SweepWish, request_sweep
from farms.models import Backtest, Sweep
from kit import tenancy
from kit.users.models import User
from markets.models import Instrument
from markets.services import store_candles
from quant.candles import Candles
from tests.farms.conftest import make_instrument
from tests.quant.market import HOUR_MS, random_candles

BARS = 900
SINCE = datetime(2025, 3, 1, tzinfo=UTC)
UNTIL = SINCE + BARS * timedelta(hours=1)
RULES: dict[str, Any] = {"ma": "sma", "fast": 5, "slow": 20, "adx_min": 0, "trail_atr": 0}

Ask = Callable[..., Backtest]
AskSweep = Callable[..., Sweep]
SWEPT = ("axes", "method", "trials", "measure", "seed")


def hours(seed: int = 3, bars: int = BARS) -> Candles:
    """Random hourly candles that begin at `SINCE`."""
    found = random_candles(np.random.default_rng(seed), bars)
    start = int(SINCE.timestamp() * 1000)
    return Candles(start + np.arange(bars) * HOUR_MS, found.open, found.high, found.low, found.close, found.volume)


def store(instrument: Instrument, candles: Candles, timeframe: str = "1h") -> None:
    columns = {name: getattr(candles, name) for name in Candles.__dataclass_fields__}
    store_candles(instrument=instrument, timeframe=timeframe, **columns)


@pytest.fixture
def market(owner: User) -> Instrument:
    instrument = make_instrument()
    store(instrument, hours())
    return instrument


@pytest.fixture
def ask(owner: User, market: Instrument) -> Ask:
    """Ask for a backtest of an average that crosses another on `market`, or what is said instead."""

    def asked(by: User = owner, **wish: Any) -> Backtest:
        usual = {
            "strategy": "trend_following", "parameters": RULES, "instrument_ids": [market.pk], "timeframe": "1h",
        }  # fmt: skip
        with tenancy.tenant(by.pk):
            return request_backtest(owner_id=by.pk, wish=Wish(**(usual | wish)))

    return asked


def carry_out(backtest: Backtest) -> Backtest:
    """Let a worker take part, and read the row as its owner sees it then."""
    running.take_part()
    return read(backtest)


def read(backtest: Backtest) -> Backtest:
    with tenancy.tenant(backtest.owner_id):
        return Backtest.objects.select_related("result").get(pk=backtest.pk)


@pytest.fixture
def ask_sweep(owner: User, market: Instrument) -> AskSweep:
    """Ask for a sweep around the same average on `market`, or what is said instead."""

    def asked(by: User = owner, **wish: Any) -> Sweep:
        swept = {name: wish.pop(name) for name in SWEPT if name in wish}
        usual = {
            "strategy": "trend_following", "parameters": RULES, "instrument_ids": [market.pk], "timeframe": "1h",
        }  # fmt: skip
        with tenancy.tenant(by.pk):
            return request_sweep(owner_id=by.pk, asked=SweepWish(wish=Wish(**(usual | wish)), **swept))

    return asked


def sweep_out(sweep: Sweep) -> Sweep:
    """Let one worker after the other take part until nothing is left to do, and read the row as its owner sees it."""
    while running.take_part():
        pass
    return read_sweep(sweep)


def read_sweep(sweep: Sweep) -> Sweep:
    with tenancy.tenant(sweep.owner_id):
        return Sweep.objects.select_related("result").get(pk=sweep.pk)
