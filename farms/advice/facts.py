"""What a model is told: our own numbers of a few markets, and nothing that anybody else has written.

Candles, indicators, the regime, the position, the last decisions with their reasons, which are words of ours, and the
last trades as returns. No name that somebody chose, no note, no reason of an order by hand, and no amount of money:
sizes are fractions. A market is called by its symbol, which a venue has written: one that is more than capitals,
digits and a few signs is told of to nobody.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import numpy as np

from farms.engine.quiet import positions_of
from farms.models import Agent, AgentRun, Farm
from kit import clock
from kit.decimals import plain
from kit.errors import InvalidInputError, NotFoundError
from markets.candles.reading import load_candles, moment
from markets.models import Instrument, Timeframe
from markets.prices import to_price
from quant import indicators
from quant.candles import Candles, Floats
from quant.regimes import regime, volatility
from trading.models import Position
from trading.risk.fees import DEFAULT_TAKER, taker_fee
from trading.risk.sizing import in_ticks

SYMBOL: Final = re.compile(r"[A-Z0-9]{1,20}(?:[/:._-][A-Z0-9]{1,20}){0,4}")
BARS: Final = 200
SHOWN_BARS: Final = 30
SHOWN_OF_MANY: Final = 10
MOST_MARKETS: Final = 12
DECISIONS: Final = 8
TRADES: Final = 8
REASON_LENGTH: Final = 240
PORTFOLIO: Final = "portfolio"


@dataclass(frozen=True, slots=True)
class About:
    """What advice is asked about: an agent's market, a market by itself, a farm, or with none of them the portfolio."""

    agent: Agent | None = None
    farm: Farm | None = None
    instrument: Instrument | None = None
    timeframe: str = ""

    @property
    def key(self) -> str:
        """What names it: about each there is one question at a time."""
        if self.agent is not None:
            return f"agent:{self.agent.pk}"
        if self.farm is not None:
            return f"farm:{self.farm.pk}"
        if self.instrument is not None:
            return f"market:{self.instrument.pk}:{self.timeframe}"
        return PORTFOLIO


@dataclass(frozen=True, slots=True)
class Facts:
    """What is told, and the markets that an answer may name: by symbol, what a proposal needs to know of each."""

    told: Mapping[str, Any]
    markets: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Seat:
    """A market as somebody looks at it."""

    instrument: Instrument
    timeframe: str
    agent: Agent | None = None


def find(
    *,
    owner_id: UUID,
    agent_id: UUID | None = None,
    farm_id: UUID | None = None,
    instrument_id: int | None = None,
    timeframe: str = "",
) -> About:
    """What somebody asks about; with nothing named the portfolio. Raises NotFoundError and InvalidInputError."""
    if sum(one is not None for one in (agent_id, farm_id, instrument_id)) > 1:
        raise InvalidInputError("Name an agent, a farm or a market: one of them.", fields={"agent_id": "Or another."})
    if (instrument_id is not None) != bool(timeframe):
        told = "Name a market with its timeframe, and a timeframe with its market."
        raise InvalidInputError(told, fields={"timeframe": "With `instrument_id`."})
    if agent_id is not None:
        agents = Agent.objects.select_related("instrument", "farm", "wallet__connection__platform")
        return About(agent=_one(agents.filter(owner_id=owner_id, pk=agent_id).first(), "agent"))
    if farm_id is not None:
        return About(farm=_one(Farm.objects.filter(owner_id=owner_id, pk=farm_id).first(), "farm"))
    if instrument_id is not None:
        if timeframe not in Timeframe.values:
            told = f"Choose a timeframe of {', '.join(Timeframe.values)}."
            raise InvalidInputError(told, fields={"timeframe": told})
        found = _one(Instrument.objects.filter(pk=instrument_id).first(), "market")
        return About(instrument=found, timeframe=timeframe)
    return About()


def look(*, owner_id: UUID, about: About) -> Facts:
    """What is known of it now. Runs as the tenant; raises InvalidInputError where there is nothing to tell."""
    seats = list(_seats(owner_id, about))
    if not seats:
        raise InvalidInputError("There is no market to ask about: hire an agent first.")
    bars = SHOWN_BARS if len(seats) == 1 else SHOWN_OF_MANY
    held = positions_of(seat.agent for seat in seats if seat.agent is not None)
    told, markets = [], {}
    for seat in seats:
        candles = load_candles(instrument_id=seat.instrument.pk, timeframe=seat.timeframe, limit=BARS)
        if not len(candles):
            continue
        told.append(_told(seat, candles, held, bars))
        markets[seat.instrument.symbol] = _known(seat, candles)
    if not markets:
        raise InvalidInputError("There are no candles of its market yet: nothing could be told to a model.")
    return Facts({"now": _iso(clock.now()), "about": about.key.partition(":")[0], "markets": told}, markets)


def _seats(owner_id: UUID, about: About) -> Iterable[_Seat]:
    """The markets in question, each symbol once, of running agents before others."""
    if about.instrument is not None:
        require_clean(about.instrument)
        yield _Seat(about.instrument, about.timeframe)
        return
    if about.agent is not None:
        require_clean(about.agent.instrument)
        yield _Seat(about.agent.instrument, about.agent.timeframe, about.agent)
        return
    agents = Agent.objects.filter(owner_id=owner_id).exclude(status=Agent.Status.ARCHIVED)
    if about.farm is not None:
        agents = agents.filter(farm=about.farm)
    known: set[str] = set()
    # "running" comes after "paused" by name.
    ordered = agents.select_related("instrument", "farm", "wallet__connection__platform")
    for agent in ordered.order_by("-status", "created_at")[: 5 * MOST_MARKETS]:
        symbol = agent.instrument.symbol
        if symbol not in known and SYMBOL.fullmatch(symbol) and len(known) < MOST_MARKETS:
            known.add(symbol)
            yield _Seat(agent.instrument, agent.timeframe, agent)


def require_clean(instrument: Instrument) -> None:
    if not SYMBOL.fullmatch(instrument.symbol):
        raise InvalidInputError("This market's name is no plain symbol: a model is not told of it.")


def _told(seat: _Seat, candles: Candles, held: Mapping[Any, Any], bars: int) -> dict[str, Any]:
    tick = seat.instrument.tick_size
    shown = candles[-bars:]
    told: dict[str, Any] = {
        "instrument": seat.instrument.symbol,
        "timeframe": seat.timeframe,
        "can_be_sold_short": seat.instrument.is_perpetual,
        "price": _price(candles.close[-1], tick),
        "candles": {
            "columns": ["open", "high", "low", "close", "volume"],
            "last_closed_at": _iso(moment(int(candles.ts[-1])) + Timeframe(seat.timeframe).length),
            "rows": [
                [*(_price(column[bar], tick) for column in (shown.open, shown.high, shown.low, shown.close)),
                 round(float(shown.volume[bar]), 4)]
                for bar in range(len(shown))
            ],
        },
        "indicators": _indicators(candles, tick),
        "regime": {"trend": regime(candles.close), "volatility": volatility(candles.close)},
    }  # fmt: skip
    if seat.agent is not None:
        told |= _of_agent(seat.agent, held.get((seat.agent.wallet_id, seat.agent.instrument_id)), candles)
    return told


def _of_agent(agent: Agent, held: Any, candles: Candles) -> dict[str, Any]:
    tick = agent.instrument.tick_size
    runs = AgentRun.objects.filter(agent=agent).exclude(decision=AgentRun.Decision.HOLD).order_by("-bar")[:DECISIONS]
    trades = Position.objects.filter(
        owner_id=agent.owner_id, wallet_id=agent.wallet_id, instrument_id=agent.instrument_id, closed_at__isnull=False
    ).order_by("-closed_at")[:TRADES]
    position = None
    if held is not None:
        position = {
            "side": "long" if held.is_long else "short",
            "stop": None if held.stop is None else float(in_ticks(held.stop, tick)),
            "target": None if held.target is None else float(in_ticks(held.target, tick)),
        }
    return {
        "strategy": agent.strategy,
        "position": position,
        "last_decisions": [
            {
                "at": _iso(moment(run.bar) + Timeframe(agent.timeframe).length),
                "decision": run.decision,
                "price": float(run.close),
                "reason": run.explanation.exact[:REASON_LENGTH],
            }
            for run in runs
        ],
        "last_trades": [_trade(one) for one in trades],
    }


def _trade(trade: Position) -> dict[str, Any]:
    spent = trade.entry_quantity * trade.entry_price
    return {
        "side": trade.direction,
        "opened_at": _iso(trade.opened_at),
        "closed_at": _iso(trade.closed_at) if trade.closed_at else None,
        "entry": float(trade.entry_price),
        "exit": None if trade.exit_price is None else float(trade.exit_price),
        "return_after_fees": round(float(trade.realized_pnl / spent), 6) if spent else 0.0,
    }


def _known(seat: _Seat, candles: Candles) -> dict[str, Any]:
    """What a proposal about this market needs, as JSON."""
    fee = DEFAULT_TAKER if seat.agent is None else taker_fee(seat.agent.wallet)
    return {
        "instrument_id": seat.instrument.pk,
        "timeframe": seat.timeframe,
        "price": plain(in_ticks(to_price(float(candles.close[-1])), seat.instrument.tick_size)),
        "bar": int(candles.ts[-1]),
        "fee": plain(fee),
    }


def _indicators(candles: Candles, tick: Decimal) -> dict[str, float]:
    close = candles.close
    prices = {
        "sma_20": indicators.sma(close, 20),
        "sma_50": indicators.sma(close, 50),
        "ema_20": indicators.ema(close, 20),
        "highest_20": indicators.highest(candles.high, 20),
        "lowest_20": indicators.lowest(candles.low, 20),
        "atr_14": indicators.atr(candles, 14),
    }
    numbers = {
        "rsi_14": indicators.rsi(close, 14),
        "adx_14": indicators.adx(candles, 14),
        "roc_10": indicators.roc(close, 10),
    }
    found = {name: _price(values[-1], tick) for name, values in prices.items() if _is_known(values)}
    return found | {name: round(float(values[-1]), 4) for name, values in numbers.items() if _is_known(values)}


def _is_known(values: Floats) -> bool:
    return bool(values.size and np.isfinite(values[-1]))


def _price(value: float, tick: Decimal) -> float:
    return float(in_ticks(to_price(float(value)), tick))


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _one(found: Any, what: str) -> Any:
    if found is None:
        raise NotFoundError(f"There is no such {what}.")
    return found
