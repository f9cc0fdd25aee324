"""What became of proposals once their horizon is over: what each would have made, what its agent's own rules made in
the same candles, and what such a proposal makes by chance. Worked out by a worker, once, and kept.

All three are of one unit of money after the same costs, whether or not anything was traded: a proposal that was only
shown is worth as much to know as one that was ordered.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import numpy as np

from farms.engine.runs import bars_wanted, may_short
from farms.models import AdviceProposal, Agent
from kit import clock, tenancy
from markets.candles.reading import load_candles
from markets.prices import to_price
from quant import strategies
from quant.backtest.config import Config, Market, Size
from quant.backtest.engine import run_backtest
from quant.candles import Candles
from quant.errors import QuantError
from quant.forecasts import Forecast, by_chance, outcome

# The candles that chance may fall into, the last of them those of the proposal.
PAST: Final = 600
# A question about it stands until its horizon is over, and may be answered in its last moment.
SPARE: Final = timedelta(minutes=2)
# Whose candles are not there by then is settled without.
LONGEST_WAIT: Final = timedelta(days=2)
AT_ONCE: Final = 200
DIGITS: Final = Decimal("1e-8")
# Enough that no lot is too large for it: what is measured is a fraction.
PLAY_MONEY: Final = 1e9


def owners_with_due_ones() -> list[UUID]:
    """Whose proposals are to be settled. As the system."""
    with tenancy.system():
        due = AdviceProposal.objects.filter(settled_at__isnull=True, due_at__lte=clock.now() - SPARE)
        return list(due.order_by().values_list("owner_id", flat=True).distinct())


def settle(*, owner_id: UUID) -> int:
    """Settle what is due, each once; how many. Run it as the tenant."""
    rows = AdviceProposal.objects.filter(
        owner_id=owner_id, settled_at__isnull=True, due_at__lte=clock.now() - SPARE
    ).order_by("due_at")
    related = rows.select_related("instrument", "agent__instrument")
    return sum(_settle(made) for made in related.select_for_update(skip_locked=True, of=("self",))[:AT_ONCE])


def _settle(made: AdviceProposal) -> bool:
    found = _found(made)
    if found is None:
        if clock.now() < made.due_at + LONGEST_WAIT:
            return False
        found = {}
    written = {"settled_at": clock.now(), **found}
    return bool(AdviceProposal.objects.filter(pk=made.pk, settled_at__isnull=True).update(**written))


def _found(made: AdviceProposal) -> dict[str, Any] | None:
    """The columns of what became of it; None while its candles are not there."""
    if made.action == AdviceProposal.Action.HOLD:
        return {}
    candles = _candles(made, PAST, made.due_at)
    after = candles[int(np.searchsorted(candles.ts, made.bar, side="right")) :]
    forecast = _forecast(made)
    ended = outcome(forecast, after)
    if ended is None:
        return None
    found = {"exit_price": to_price(ended.price), "gain": _digits(ended.gain)}
    if (chance := by_chance(forecast, candles)) is not None:
        found |= {"chance": _digits(chance[0]), "chance_spread": _digits(chance[1])}
    if made.agent is not None and (own := _own(made, made.agent)) is not None:
        found["own"] = _digits(own)
    return found


def _forecast(made: AdviceProposal) -> Forecast:
    return Forecast(
        direction=1 if made.action == AdviceProposal.Action.BUY else -1,
        price=float(made.price),
        stop=np.nan if made.stop is None else float(made.stop),
        target=np.nan if made.target is None else float(made.target),
        horizon=made.horizon,
        cost=float(made.fee),
    )


def _own(made: AdviceProposal, agent: Agent) -> float | None:
    """What the agent's rules, as they are now, made of one unit from the proposal's bar to the end of its horizon, by a
    backtest on the same candles at the same costs; None where they cannot be run."""
    try:
        bars = bars_wanted(agent.strategy, agent.parameters) + made.horizon + 1
        candles = _candles(made, max(bars, PAST), made.due_at)
        start = int(np.searchsorted(candles.ts, made.bar))
        if start >= len(candles) - 1 or candles.ts[start] != made.bar:
            return None
        intents = strategies.get(agent.strategy).intents(candles, agent.parameters)
        result = run_backtest(candles, intents, _config(made, agent))
    except QuantError:
        return None
    before = float(result.equity[start])
    return None if before <= 0 else float(result.equity[-1]) / before - 1


def _config(made: AdviceProposal, agent: Agent) -> Config:
    instrument = agent.instrument
    market = Market(instrument.lot_size, instrument.tick_size, Decimal(0), Decimal(0))
    fee = float(made.fee)
    return Config(
        cash=PLAY_MONEY, taker_fee=fee, maker_fee=fee, size=Size("fraction", 1.0),
        market=None if may_short(agent) else market,
    )  # fmt: skip


def _candles(made: AdviceProposal, bars: int, until: datetime) -> Candles:
    return load_candles(instrument_id=made.instrument_id, timeframe=made.timeframe, until=until, limit=bars)


def _digits(value: float) -> Decimal:
    """As the columns hold it; what is beyond them is cut, which one unit of money is not."""
    return Decimal(repr(max(min(value, 99_999.0), -99_999.0))).quantize(DIGITS)
