"""A fund on the paper exchange, an instrument whose candles the test writes, and a farm with an agent that trades it.

Tests that follow an agent over bars run under the controlled clock, on the close of the bar they talk about, while the
farm rehearses; `execute` sends an agent's order to the real paper exchange.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from farms.models import Agent, AgentRun, Farm
from farms.services import create_agent, create_farm, rehearse_farm, run_agent, start_agent
from kit import clock
from kit.users.models import User
from markets.models import Instrument
from markets.services import ensure_instrument, store_candles
from trading.models import Order
from trading.services import execute_order, set_limits
from wallets.models import Wallet
from wallets.services import allocate, create_wallet, deposit
from wallets.venues.accounts import create_demo_connection, rehearse

T0 = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
CALM = [100.0] * 12
# Falls, then rises: a 2-bar average crosses a 4-bar one upwards on the bar that closes at 103.
CROSS_UP = [*CALM, 99.0, 98.0, 97.0, 103.0]
PARAMETERS = {"ma": "sma", "fast": 2, "slow": 4, "adx_min": 0, "atr_period": 3, "stop_atr": 2.0, "trail_atr": 0.0}


@dataclass
class Desk:
    """What a test works with: the owner's fund, and a farm whose agent trades `instrument` on hourly bars."""

    owner: User
    master: Wallet
    instrument: Instrument
    farm: Farm
    agent: Agent
    bars: int = 0

    def candles(self, closes: Sequence[float], *, spread: float = 0.5) -> datetime:
        """Append hourly bars with these closes, each `spread` wider than its body; returns the last one's close."""
        store_hours(self.instrument, T0 + self.bars * HOUR, closes, spread=spread)
        self.bars += len(closes)
        return self.now

    @property
    def now(self) -> datetime:
        return T0 + self.bars * HOUR

    def run(self) -> AgentRun | None:
        """Run the agent at the close of the last bar, its order executed."""
        with clock.at(self.now):
            run = run_agent(owner_id=self.owner.pk, agent_id=self.agent.pk)
            if run is not None and run.order_id is not None:
                self.execute(run.order_id)
        return run

    def execute(self, order_id: Any) -> Order:
        return execute_order(owner_id=self.owner.pk, order_id=order_id)

    def each(self, closes: Sequence[float], **options: Any) -> list[AgentRun]:
        """Append the bars one by one and run the agent at each close."""
        runs = []
        for close in closes:
            self.candles([close], **options)
            run = self.run()
            assert run is not None
            runs.append(run)
        return runs


def store_hours(
    instrument: Instrument, start: datetime, closes: Sequence[float], *, spread: float = 0.5, timeframe: str = "1h"
) -> None:
    close = np.asarray(closes, dtype=float)
    opens = np.concatenate((close[:1], close[:-1]))
    length = int(timeframe[:-1]) * (60_000 if timeframe[-1] == "m" else 3_600_000)
    store_candles(
        instrument=instrument,
        timeframe=timeframe,
        ts=int(start.timestamp() * 1000) + np.arange(close.size, dtype=np.int64) * length,
        open=opens,
        high=np.maximum(opens, close) + spread,
        low=np.minimum(opens, close) - spread,
        close=close,
        volume=np.full(close.size, 10.0),
    )


def make_instrument(symbol: str = "TST/USDT") -> Instrument:
    instrument, _ = ensure_instrument(
        venue="simulated",
        symbol=symbol,
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.001"),
        minimum_notional=Decimal(5),
        is_simulated=True,
    )
    return instrument


def make_master(owner: User, *, cash: Decimal = Decimal(20_000)) -> Wallet:
    connection = create_demo_connection(owner_id=owner.pk)
    master = create_wallet(owner_id=owner.pk, name="Master", role="master", connection=connection)
    set_limits(on=connection, allowed_symbols=["TST/USDT", "OTH/USDT"], maximum_notional=Decimal(1_000_000))
    deposit(owner_id=owner.pk, wallet_id=master.pk, amount=cash, asset="USDT", key="start")
    return master


def fund(owner: User, wallet: Wallet, amount: Decimal) -> None:
    """Allocate from the master down to an agent's wallet."""
    farm = wallet.parent
    assert farm is not None
    assert farm.parent is not None
    steps = ((farm.parent, farm), (farm, wallet))
    for source, target in steps:
        allocate(
            owner_id=owner.pk,
            source_id=source.pk,
            target_id=target.pk,
            asset="USDT",
            amount=amount,
            key=f"fund:{source.pk}:{wallet.pk}",
        )


@pytest.fixture
def desk(as_owner: User) -> Desk:
    with clock.at(T0):
        made = make_desk(as_owner)
        rehearse(connection=made.master.connection)
        return made


def make_desk(owner: User, **agent: Any) -> Desk:
    instrument = make_instrument()
    master = make_master(owner)
    farm = create_farm(owner_id=owner.pk, master_id=master.pk, name="Trend", kind="custom", maximum_share=Decimal(1))
    rehearse_farm(owner_id=owner.pk, farm_id=farm.pk)
    agent = hire(owner, farm, instrument, **agent)
    return Desk(owner, master, instrument, farm, agent)


def hire(owner: User, farm: Farm, instrument: Instrument, *, name: str = "One", **options: Any) -> Agent:
    """A running agent with 10,000 USDT."""
    settings = {
        "strategy": "trend_following", "timeframe": "1h", "parameters": PARAMETERS, "size": Decimal("0.5"), **options,
    }  # fmt: skip
    agent = create_agent(
        owner_id=owner.pk,
        farm_id=farm.pk,
        name=name,
        instrument_id=instrument.pk,
        **settings,
    )
    fund(owner, agent.wallet, Decimal(5_000))
    start_agent(owner_id=owner.pk, agent_id=agent.pk)
    at_work_since_long()
    agent.refresh_from_db()
    return agent


def at_work_since_long() -> None:
    """Let agents decide on the candle that closed last too, as if they had been started before it did."""
    Agent.objects.update(last_bar=None)


HireAgent = Callable[..., Agent]
