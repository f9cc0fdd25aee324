"""Who plays in the demo: farms of each kind with agents on three instruments, and the money they get.

The parameters are ordinary ones of each strategy's field of use: plain crossovers with a wide stop, so that an agent is
in the market whenever its trend is, the usual channel of twenty bars, the usual oscillator. They were not searched for
on these candles; the agents win and lose as such agents do, and one trades so often that its fees weigh.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from farms.models import Agent, Farm
from portfolio.allocation.asking import Asked, Limits
from portfolio.rebalancing.rules import Wish
from trading.risk.path import Caps

# In dollars: a fund that counts in something dearer gets as much less of it.
FUNDING: Final = Decimal(100_000)
LATER_DEPOSIT: Final = Decimal(20_000)
LATER_DEPOSIT_AFTER_DAYS: Final = 30
COLLECT_EVERY_DAYS: Final = 21
MAXIMUM_NOTIONAL: Final = Decimal(25_000)
MAXIMUM_DAILY_LOSS: Final = Decimal("0.05")
# Once the farms have a history, every Monday at midnight a little of the capital goes where its risk is the lower one.
REBALANCES_AFTER_DAYS: Final = 30
REBALANCING: Final = Wish(
    Asked("inverse_volatility", limits=Limits(cash_reserve=Decimal("0.05"), turnover=Decimal("0.04"))),
    on_day=1,
    hour=0,
    band=Decimal("0.03"),
    automatic_up_to=Decimal("0.05"),
)
# Late in the history the trader has seen enough of those who are `distrusted`: who of them has last trades that do not
# win twice what they lose buys nothing for two weeks, and whose stop has ended one, for so many of its candles.
DISTRUSTED_BEFORE_DAYS: Final = 10
DISTRUST: Final = Caps(minimum_profit_factor=Decimal(2), lookback_trades=4, lock_hours=14 * 24, cooldown_bars=14 * 24)

# What the trader's own rules look at.
STRENGTH: Final = {"indicator": "rsi", "period": 14}
FAST: Final = {"indicator": "ema", "period": 10}
SLOW: Final = {"indicator": "ema", "period": 30}


@dataclass(frozen=True)
class AgentRole:
    """An agent: which of the instruments it trades by which rules, on which timeframe if it exists.

    With a `leverage` it trades the perpetual beside the instrument, which can be sold short. `share` is the fraction of
    its farm's money; `joins_before_end` the days before the end of the history at which an
    agent joins that is too quick to run over all of it.
    """

    name: str
    instrument: int
    timeframe: str
    parameters: dict[str, Any]
    share: Decimal
    strategy: str = "trend_following"
    distrusted: bool = False
    sizing: str = Agent.Sizing.CASH
    size: Decimal = Decimal("0.9")
    joins_before_end: int | None = None
    leverage: Decimal | None = None


@dataclass(frozen=True)
class FarmRole:
    """A farm: its fraction of the master's money, and its agents."""

    name: str
    share: Decimal
    maximum_share: Decimal
    agents: tuple[AgentRole, ...] = field(default_factory=tuple)
    kind: str = Farm.Kind.TREND_FOLLOWING


FARMS: Final = (
    FarmRole(
        "Swing",
        share=Decimal("0.35"),
        maximum_share=Decimal("0.55"),
        agents=(
            AgentRole(
                "Bitcoin swing",
                instrument=0,
                timeframe="4h",
                parameters={"fast": 8, "slow": 21, "adx_min": 0, "stop_atr": 4.0, "trail_atr": 0},
                share=Decimal("0.55"),
            ),
            AgentRole(
                "Ether swing",
                instrument=1,
                timeframe="4h",
                parameters={"fast": 10, "slow": 30, "adx_min": 0, "stop_atr": 4.0, "trail_atr": 0},
                share=Decimal("0.45"),
            ),
        ),
    ),
    FarmRole(
        "Quick trend",
        share=Decimal("0.20"),
        maximum_share=Decimal("0.70"),
        agents=(
            AgentRole(
                "Solana hourly",
                instrument=2,
                timeframe="1h",
                parameters={"fast": 20, "slow": 60, "adx_min": 0, "stop_atr": 4.0, "trail_atr": 0},
                share=Decimal("0.60"),
                sizing=Agent.Sizing.RISK,
                size=Decimal("0.02"),
            ),
            AgentRole(
                "Bitcoin scout",
                instrument=0,
                timeframe="5m",
                parameters={"fast": 9, "slow": 27, "adx_min": 0, "stop_atr": 4.0, "trail_atr": 0},
                share=Decimal("0.40"),
                size=Decimal("0.5"),
                joins_before_end=3,
            ),
        ),
    ),
    FarmRole(
        "Short side",
        share=Decimal("0.10"),
        maximum_share=Decimal(1),
        agents=(
            AgentRole(
                "Bitcoin both ways",
                instrument=0,
                timeframe="4h",
                parameters={
                    "fast": 8, "slow": 21, "adx_min": 0, "stop_atr": 4.0, "trail_atr": 0, "direction": "both",
                },
                share=Decimal("0.80"),
                size=Decimal("0.4"),
                leverage=Decimal(2),
            ),
        ),
    ),
    FarmRole(
        "Breakouts",
        share=Decimal("0.12"),
        maximum_share=Decimal(1),
        kind=Farm.Kind.BREAKOUT,
        agents=(
            AgentRole(
                "Ether channel",
                instrument=1,
                timeframe="4h",
                parameters={"period": 20, "volume_min": 0, "stop_atr": 2.0, "trail_atr": 3.0},
                share=Decimal("0.60"),
                strategy="breakout",
            ),
            AgentRole(
                "Bitcoin bursts",
                instrument=0,
                timeframe="1h",
                parameters={"period": 6, "volume_min": 0, "stop_atr": 1.0, "trail_atr": 1.5},
                share=Decimal("0.30"),
                strategy="breakout",
                distrusted=True,
            ),
        ),
    ),
    FarmRole(
        "Levels",
        share=Decimal("0.08"),
        maximum_share=Decimal(1),
        kind=Farm.Kind.PRICE_ACTION,
        agents=(
            AgentRole(
                "Solana levels",
                instrument=2,
                timeframe="4h",
                parameters={"zone_atr": 1.0, "reward": 2.0},
                share=Decimal("0.90"),
                strategy="price_action",
            ),
        ),
    ),
    FarmRole(
        "Back to the middle",
        share=Decimal("0.03"),
        maximum_share=Decimal(1),
        kind=Farm.Kind.MEAN_REVERSION,
        agents=(
            AgentRole(
                "Ether dips",
                instrument=1,
                timeframe="1h",
                parameters={"entry": 2.0, "leave": 0.0, "stop_atr": 3.0},
                share=Decimal("0.90"),
                strategy="mean_reversion",
                distrusted=True,
            ),
        ),
    ),
    FarmRole(
        "Second opinions",
        share=Decimal("0.06"),
        maximum_share=Decimal(1),
        kind=Farm.Kind.MIXED,
        agents=(
            AgentRole(
                "Ether by two votes",
                instrument=1,
                timeframe="4h",
                parameters={
                    "members": [
                        {"strategy": "trend_following", "weight": 1.0, "params": {"adx_min": 0}},
                        {"strategy": "mean_reversion", "weight": 1.0, "params": {"entry": 1.0}},
                    ],
                    "agreement": 0.5,
                },
                share=Decimal("0.90"),
                strategy="mixed",
            ),
        ),
    ),
    FarmRole(
        "Own rules",
        share=Decimal("0.05"),
        maximum_share=Decimal(1),
        kind=Farm.Kind.CUSTOM,
        agents=(
            AgentRole(
                "Bitcoin strength",
                instrument=0,
                timeframe="4h",
                parameters={
                    "entry": {
                        "all": [
                            {"left": STRENGTH, "op": "crosses_above", "right": 50},
                            {"left": FAST, "op": ">", "right": SLOW},
                        ],
                    },
                    "exit": {"any": [{"left": STRENGTH, "op": "<", "right": 45}]},
                    "stop": {"atr": 3.0, "period": 14},
                },
                share=Decimal("0.90"),
                strategy="custom",
            ),
        ),
    ),
)  # fmt: skip
