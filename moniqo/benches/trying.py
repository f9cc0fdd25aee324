"""The process of the benchmark of backtests: stores candles, asks, carries out, and looks at the page.

python -m moniqo.benches.trying 1000000
"""

import json
import sys
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import uuid4

import django
import numpy as np
from django.conf import settings

django.setup()

from django.test import Client  # noqa: E402 - Django must be set up before models are imported
from django.urls import reverse  # noqa: E402

from farms.laboratory import running  # noqa: E402
from farms.laboratory.asking import Wish, request_backtest  # noqa: E402
from farms.models import Backtest  # noqa: E402
from kit import clock, tenancy  # noqa: E402
from kit.users.models import User  # noqa: E402
from markets.candles.reading import milliseconds  # noqa: E402
from markets.services import ensure_instrument, store_candles  # noqa: E402
from moniqo.benches.references import seconds  # noqa: E402

PARAMETERS: Final = {"fast": 30, "slow": 120, "trail_atr": 0}
MINUTE: Final = timedelta(minutes=1)
SMALL: Final = 20_000


def measure(candles: int) -> dict[str, float]:
    owner = User.objects.create_user(f"{uuid4()}@bench.invalid", None, name="Bench")
    _try(owner, _market("SMALL", SMALL))  # what has to be compiled is
    asked = _try(owner, _market("LARGE", candles))
    client = Client(SERVER_NAME="localhost")
    client.force_login(owner)
    address = reverse("laboratory:backtest", args=[asked.pk])
    assert client.get(address).status_code == 200  # noqa: S101 - a benchmark of a page that fails measures nothing
    with tenancy.tenant(owner.pk):
        verdict, result = asked.verdicts.get(), asked.result
    return {
        "candles": float(candles),
        "trades": float(result.trade_count),
        "the run alone": result.seconds,
        "until there is a result": (result.created_at - asked.created_at).total_seconds(),
        "until it is judged": (verdict.created_at - asked.created_at).total_seconds(),
        "its page": seconds(lambda: client.get(address)),
    }


def _try(owner: User, instrument_id: int) -> Backtest:
    with tenancy.tenant(owner.pk):
        wish = Wish(strategy="trend_following", parameters=PARAMETERS, instrument_ids=[instrument_id], timeframe="1m")
        asked = request_backtest(owner_id=owner.pk, wish=wish)
    running.take_part()
    with tenancy.tenant(owner.pk):
        return Backtest.objects.get(pk=asked.pk)


def _market(base: str, candles: int) -> int:
    instrument, _ = ensure_instrument(
        venue="simulated",
        symbol=f"{base}/USDT",
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.001"),
        minimum_notional=Decimal(5),
        is_simulated=True,
    )
    generator = np.random.default_rng(1)
    closes = 100 * np.exp(np.cumsum(generator.normal(0, 0.0005, candles)))
    opens = np.concatenate(([100.0], closes[:-1]))
    start = milliseconds(clock.now().replace(second=0, microsecond=0) - (candles + 1) * MINUTE)
    store_candles(
        instrument=instrument,
        timeframe="1m",
        ts=start + np.arange(candles, dtype=np.int64) * 60_000,
        open=opens,
        high=np.maximum(opens, closes) * 1.0002,
        low=np.minimum(opens, closes) * 0.9998,
        close=closes,
        volume=np.full(candles, 10.0),
    )
    return int(instrument.pk)


if __name__ == "__main__":
    settings.ALLOWED_HOSTS = ["localhost"]
    print(json.dumps(measure(int(sys.argv[1]))))
