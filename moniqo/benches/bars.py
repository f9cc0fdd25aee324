"""The process of the benchmark of runs: hires so many agents on so many markets and lets them close bars.

    python -m moniqo.benches.bars 1000 50

The bars on which all hold are run over history. The one on which all enter is the present, where the orders are handed
on to other workers, of which there is none here.
"""

import json
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

import django
import numpy as np
from django.db import connections

django.setup()

from farms.models import AgentRun, Farm  # noqa: E402 - Django must be set up before models are imported
from farms.services import run_agent, start_farm  # noqa: E402
from farms.tasks import run_agents_of  # noqa: E402
from kit import clock, garbage, tenancy  # noqa: E402
from kit.users.models import User  # noqa: E402
from markets.models import Instrument  # noqa: E402
from markets.services import NewQuote, ensure_instrument, record_quotes, store_candles  # noqa: E402
from moniqo.benches.hired import hire  # noqa: E402
from moniqo.benches.references import round_trips, seconds, single_inserts  # noqa: E402
from quant.candles import Candles  # noqa: E402
from trading.models import Order  # noqa: E402

BARS: Final = 400
PRICE: Final = 130.0
PARAMETERS: Final = {"fast": 8, "slow": 21, "adx_min": 0, "trail_atr": 0}
HOUR: Final = timedelta(hours=1)


def measure(agents: int, markets: int) -> dict[str, float]:
    """Seconds for one bar: when all hold, alone and together, and when all enter; and two references."""
    garbage.settle()  # as workers do
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    start = hour - BARS * HOUR
    owner = User.objects.create_user(f"{uuid4()}@bench.invalid", None, name="Bench").pk
    with clock.at(hour - 3 * HOUR), tenancy.tenant(owner):  # no bar passes between their start and their first one
        instruments = [_market(start, number) for number in range(markets)]
        ids = hire(owner, agents, instruments, strategy="trend_following", parameters=PARAMETERS, timeframe="1h")
    with clock.at(hour - 2 * HOUR):
        alone = seconds(lambda: _one_by_one(owner, ids))
    with clock.at(hour - HOUR):
        holding, together = _counted(lambda: run_agents_of(str(owner), [str(pk) for pk in ids]))
    with clock.at(hour - HOUR), tenancy.tenant(owner):  # before the last candle closes, on which they enter
        for farm in Farm.objects.all():
            start_farm(owner_id=owner, farm_id=farm.pk)
    price = Decimal(str(PRICE))
    record_quotes([NewQuote(one.pk, price, price, price, "simulated", clock.now()) for one in instruments])
    entering, entered = _counted(lambda: run_agents_of(str(owner), [str(pk) for pk in ids]))
    with tenancy.tenant(owner):
        decided = list(AgentRun.objects.order_by("bar").values_list("decision", flat=True))
        orders = Order.objects.unfinished().count()
    if decided != ["hold"] * 2 * agents + ["enter"] * agents or orders != agents:
        raise RuntimeError("Not every agent decided as it should have: repair the runs before measuring them.")
    return {
        "agents": agents,
        "all_hold_together_seconds": together,
        "all_hold_together_statements": holding,
        "all_hold_one_by_one_seconds": alone,
        "all_enter_seconds": entered,
        "all_enter_statements": entering,
        "reference_1000_round_trips_seconds": seconds(round_trips),
        "reference_200_single_inserts_seconds": seconds(single_inserts),
    }


def _market(start: datetime, number: int) -> Instrument:
    """Hours that fall slowly, and a last one on which the fast average crosses upwards."""
    instrument, _ = ensure_instrument(
        venue="simulated",
        symbol=f"BENCH{number}/USDT",
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.0001"),
        minimum_notional=Decimal(5),
        is_simulated=True,
    )
    close = np.append(np.linspace(120, 100, BARS - 1), PRICE)
    opened = np.append(close[:1], close[:-1])
    high, low = np.maximum(opened, close) + 0.5, np.minimum(opened, close) - 0.5
    ts = int(start.timestamp() * 1000) + np.arange(BARS, dtype=np.int64) * 3_600_000
    bars = Candles(ts, opened, high, low, close, np.full(BARS, 10.0))
    columns: dict[str, Any] = {name: getattr(bars, name) for name in Candles.__dataclass_fields__}
    store_candles(instrument=instrument, timeframe="1h", **columns)
    return instrument


def _one_by_one(owner: UUID, agent_ids: list[UUID]) -> None:
    for agent_id in agent_ids:
        with tenancy.tenant(owner):
            run_agent(owner_id=owner, agent_id=agent_id)


def _counted(work: Callable[[], object]) -> tuple[int, float]:
    """How many statements Django sent for it, and the seconds it took."""
    number = 0

    def count(execute: Callable[..., Any], *call: Any) -> Any:
        nonlocal number
        number += 1
        return execute(*call)

    with connections["default"].execute_wrapper(count):
        took = seconds(work)
    return number, took


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))) + "\n")
