"""How long many agents take that close the same bar, beside the same agents one by one, and the machine itself.

All of it is one transaction that is rolled back, so nothing is left and the few commits (one for a farm, one for each
order) are not counted.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

import numpy as np
from django.db import connections, transaction

from farms.models import AgentRun, Farm
from farms.services import create_agent, create_farm, rehearse_farm, run_agent, start_agent
from farms.tasks import run_agents_of
from kit import clock, tenancy
from kit.users.models import User
from markets.models import Instrument
from markets.services import ensure_instrument, store_candles
from quant.candles import Candles
from trading.services import set_limits
from wallets.models import Wallet
from wallets.services import allocate, create_wallet, deposit
from wallets.venues.accounts import create_demo_connection

AGENTS: Final = 200
FARMS: Final = 4
BARS: Final = 400
ROUND_TRIPS: Final = 1000
PARAMETERS: Final = {"fast": 8, "slow": 21, "adx_min": 0, "trail_atr": 0}
HOUR: Final = timedelta(hours=1)
START: Final = datetime(2024, 1, 1, tzinfo=UTC)
SYMBOL: Final = "BENCH/USDT"
EACH: Final = Decimal(1_000)


def runs(*, agents: int = AGENTS) -> dict[str, float]:
    """Seconds for one bar of `agents` agents on one worker: when all hold, together and alone, and when all enter."""
    with transaction.atomic():
        figures = _figures(agents)
        transaction.set_rollback(True)
    return figures


def _figures(agents: int) -> dict[str, float]:
    owner = User.objects.create_user(f"{uuid4()}@bench.invalid", None, name="Bench").pk
    with clock.at(START):
        with tenancy.tenant(owner):
            ids = _hire(owner, agents)
        calm = START + (BARS - 2) * HOUR
        alone = _seconds(calm, lambda: _one_by_one(owner, ids))
        counted = _Queries()
        with connections["default"].execute_wrapper(counted):
            together = _seconds(calm + HOUR, lambda: run_agents_of(str(owner), [str(pk) for pk in ids]))
        entering = _seconds(calm + 2 * HOUR, lambda: run_agents_of(str(owner), [str(pk) for pk in ids]))
        with tenancy.tenant(owner):
            decided = list(AgentRun.objects.order_by("bar").values_list("decision", flat=True))
    if decided != ["hold"] * 2 * agents + ["enter"] * agents:
        raise RuntimeError("Not every agent decided as it should have: repair the runs before measuring them.")
    return {
        "agents": agents,
        "all_hold_together_seconds": together,
        "all_hold_together_statements": counted.number,
        "all_hold_one_by_one_seconds": alone,
        "all_enter_seconds": entering,
        "reference_1000_round_trips_seconds": _round_trips(),
    }


def _hire(owner: UUID, agents: int) -> list[UUID]:
    instrument = _market()
    account = create_demo_connection(owner_id=owner)
    set_limits(on=account, allowed_symbols=[SYMBOL], maximum_notional=EACH)
    master = create_wallet(owner_id=owner, name="Master", role=Wallet.Role.MASTER, connection=account)
    deposit(owner_id=owner, wallet_id=master.pk, amount=EACH * agents, asset="USDT", key="bench")
    farms = [_farm(owner, master, number) for number in range(FARMS)]
    hired = []
    for number in range(agents):
        farm = farms[number % FARMS]
        agent = create_agent(
            owner_id=owner,
            farm_id=farm.pk,
            name=f"Agent {number}",
            strategy="trend_following",
            instrument_id=instrument.pk,
            timeframe="1h",
            parameters=PARAMETERS,
        )
        _give(owner, master, farm.wallet)
        _give(owner, farm.wallet, agent.wallet)
        hired.append(start_agent(owner_id=owner, agent_id=agent.pk).pk)
    return hired


def _farm(owner: UUID, master: Wallet, number: int) -> Farm:
    farm = create_farm(owner_id=owner, master_id=master.pk, name=f"Farm {number}", maximum_share=Decimal(1))
    return rehearse_farm(owner_id=owner, farm_id=farm.pk)


def _give(owner: UUID, source: Wallet, target: Wallet) -> None:
    allocate(owner_id=owner, source_id=source.pk, target_id=target.pk, asset="USDT", amount=EACH, key=str(uuid4()))


def _market() -> Instrument:
    """Hours that fall slowly, and a last one on which the fast average crosses upwards."""
    instrument, _ = ensure_instrument(
        venue="simulated",
        symbol=SYMBOL,
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.0001"),
        minimum_notional=Decimal(5),
        is_simulated=True,
    )
    close = np.append(np.linspace(120, 100, BARS - 1), 130.0)
    opened = np.append(close[:1], close[:-1])
    high, low = np.maximum(opened, close) + 0.5, np.minimum(opened, close) - 0.5
    ts = int(START.timestamp() * 1000) + np.arange(BARS, dtype=np.int64) * 3_600_000
    bars = Candles(ts, opened, high, low, close, np.full(BARS, 10.0))
    columns: dict[str, Any] = {name: getattr(bars, name) for name in Candles.__dataclass_fields__}
    store_candles(instrument=instrument, timeframe="1h", **columns)
    return instrument


def _one_by_one(owner: UUID, agent_ids: list[UUID]) -> None:
    for agent_id in agent_ids:
        with tenancy.tenant(owner):
            run_agent(owner_id=owner, agent_id=agent_id)


def _seconds(at: datetime, work: Callable[[], object]) -> float:
    with clock.at(at):
        began = time.perf_counter()
        work()
        return time.perf_counter() - began


def _round_trips() -> float:
    with connections["default"].cursor() as cursor:
        began = time.perf_counter()
        for _ in range(ROUND_TRIPS):
            cursor.execute("SELECT 1")
        return time.perf_counter() - began


class _Queries:
    """Counts what is sent to the database."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, execute: Callable[..., Any], *call: Any) -> Any:
        self.number += 1
        return execute(*call)
