"""What became of proposals once their horizon is over: what each would have made, what its agent's own rules made in
the same candles, and what such a proposal makes by chance. Worked out by a worker, once, and kept.

All three are of one unit of money after the same costs, whether or not anything was traded: a proposal that was only
shown is worth as much to know as one that was ordered.

Judged is from the first price after the answer, which is the first that anybody could have had: the open of the next
minute, where minutes of the market are kept, else of its next candle. What the rest of a candle did is part of its
horizon, what it had done before is nobody's. Its agent's rules are played from that price as well.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.db import transaction

from farms.engine.runs import bars_wanted, may_short
from farms.models import AdviceProposal, Agent
from kit import clock, tenancy
from kit.alerts.failures import in_words, note_failure, note_success, resting
from kit.alerts.models import TaskFailure
from markets.candles.reading import TIMEFRAME_MS, load_candles, milliseconds, moment
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
WORK: Final = "settling "

logger = logging.getLogger(__name__)


def owners_with_due_ones() -> list[UUID]:
    """Whose proposals are to be settled. As the system."""
    with tenancy.system():
        due = AdviceProposal.objects.filter(settled_at__isnull=True, due_at__lte=clock.now() - SPARE)
        return list(due.order_by().values_list("owner_id", flat=True).distinct())


def settle(*, owner_id: UUID) -> int:
    """Settle what is due, each once; how many. Run it outside of transactions: failures are counted in their own.

    One that breaks keeps no other waiting. It is left alone for a while, longer each time, and then tried again.
    """
    done, broken, failed, well = 0, dict[str, str](), set[str](), set[str]()
    try:
        with tenancy.tenant(owner_id):
            failed = set(TaskFailure.objects.filter(work__startswith=WORK).values_list("work", flat=True))
            for made in _due(owner_id):
                try:
                    with transaction.atomic():
                        done += _settle(made)
                except Exception as error:  # whatever it is, the next one may do better
                    broken[f"{WORK}{made.pk}"] = in_words(error)
                    logger.exception("Proposal %s could not be settled", made.pk)
                    if transaction.get_connection().needs_rollback:  # it is the transaction that is lost
                        raise
                else:
                    well.add(f"{WORK}{made.pk}")
    except BaseException:
        well.clear()  # what was settled is lost
        raise
    finally:  # what broke is left alone for a while in any case
        for work in failed & well:
            note_success(owner_id=owner_id, work=work, among=WORK)
        for work, said in broken.items():
            note_failure(owner_id=owner_id, work=work, title="Settling proposals", said=said, among=WORK)
    return done


def _due(owner_id: UUID) -> list[AdviceProposal]:
    rest = [work.removeprefix(WORK) for work in resting(WORK)]
    rows = AdviceProposal.objects.filter(
        owner_id=owner_id, settled_at__isnull=True, due_at__lte=clock.now() - SPARE
    ).exclude(pk__in=rest)
    related = rows.order_by("due_at").select_related("instrument", "agent__instrument")
    return list(related.select_for_update(skip_locked=True, of=("self",))[:AT_ONCE])


def _settle(made: AdviceProposal) -> bool:
    found = _found(made)
    if found is None:
        if clock.now() < made.due_at + LONGEST_WAIT:
            return False
        found = {}
    written = {"settled_at": clock.now(), **found}
    return bool(AdviceProposal.objects.filter(pk=made.pk, settled_at__isnull=True).update(**written))


@dataclass(frozen=True, slots=True)
class _Market:
    """Its candles as they were, and as they could be had after the answer: `first` opens with the price of then."""

    whole: Candles
    seen: Candles
    first: int


def _found(made: AdviceProposal) -> dict[str, Any] | None:
    """The columns of what became of it; None while its candles are not there."""
    if made.action == AdviceProposal.Action.HOLD:
        return {}
    market = _market(made)
    after = market.seen[market.first :]
    if not len(after):
        return None
    ended = outcome(_forecast(made, float(after.open[0])), after)
    if ended is None:
        return None
    found = {
        "entry": to_price(float(after.open[0])), "exit_price": to_price(ended.price), "gain": _digits(ended.gain)
    }  # fmt: skip
    if (chance := by_chance(_forecast(made, float(made.price)), market.whole)) is not None:
        found |= {"chance": _digits(chance[0]), "chance_spread": _digits(chance[1])}
    if made.agent is not None and (own := _own(made, made.agent, market)) is not None:
        found["own"] = _digits(own)
    return found


def _market(made: AdviceProposal) -> _Market:
    """Of the candle that the answer came in there are only the minutes after it; where none are kept, it begins with
    the next whole one."""
    step = TIMEFRAME_MS[made.timeframe]
    answered = milliseconds(made.created_at - timedelta(microseconds=1)) + 1
    whole = _candles(made, made.timeframe, _bars(made), made.due_at + timedelta(milliseconds=step))
    first = int(np.searchsorted(whole.ts, answered))
    begun = answered // step * step
    if begun < answered and first and whole.ts[first - 1] == begun:
        minutes = (begun + step - answered) // TIMEFRAME_MS["1m"]
        rest = _candles(made, "1m", minutes, moment(begun + step)).between(answered, None) if minutes else whole[:0]
        if len(rest):
            return _Market(whole, _replaced(whole, first - 1, rest), first - 1)
    return _Market(whole, whole, first)


def _bars(made: AdviceProposal) -> int:
    """How many its horizon, chance and its agent's rules want."""
    if made.agent is None:
        return max(PAST, made.horizon + 2)
    try:
        return max(PAST, bars_wanted(made.agent.strategy, made.agent.parameters) + made.horizon + 2)
    except QuantError:  # rules of a strategy that there is no more
        return max(PAST, made.horizon + 2)


def _replaced(candles: Candles, bar: int, rest: Candles) -> Candles:
    """The same candles, but of one of them only the `rest`."""
    opens, high, low = (column.copy() for column in (candles.open, candles.high, candles.low))
    opens[bar], high[bar], low[bar] = rest.open[0], rest.high.max(), rest.low.min()
    return replace(candles, open=opens, high=high, low=low)


def _forecast(made: AdviceProposal, price: float) -> Forecast:
    return Forecast(
        direction=1 if made.action == AdviceProposal.Action.BUY else -1,
        price=price,
        stop=np.nan if made.stop is None else float(made.stop),
        target=np.nan if made.target is None else float(made.target),
        horizon=made.horizon,
        cost=float(made.fee),
    )


def _own(made: AdviceProposal, agent: Agent, market: _Market) -> float | None:
    """What the agent's rules, as they are now, made of one unit from the first price after the answer to the end of the
    horizon, by a backtest on the same candles at the same costs; None where they cannot be run."""
    first, end = market.first, market.first + made.horizon
    if first == 0 or end > len(market.whole):
        return None
    try:
        intents = strategies.get(agent.strategy).intents(market.whole[:end], agent.parameters)
        result = run_backtest(_valued(market.seen[:end], first), intents, _config(made, agent))
    except QuantError:
        return None
    before = float(result.equity[first - 1])
    return None if before <= 0 else float(result.equity[-1]) / before - 1


def _valued(seen: Candles, first: int) -> Candles:
    """The same candles, the one before `first` closed at the open of it: what was held by then is worth that."""
    entry, before = seen.open[first], first - 1
    close, high, low = (column.copy() for column in (seen.close, seen.high, seen.low))
    close[before], high[before], low[before] = entry, max(high[before], entry), min(low[before], entry)
    return replace(seen, close=close, high=high, low=low)


def _config(made: AdviceProposal, agent: Agent) -> Config:
    instrument = agent.instrument
    market = Market(instrument.lot_size, instrument.tick_size, Decimal(0), Decimal(0))
    fee = float(made.fee)
    return Config(
        cash=PLAY_MONEY, taker_fee=fee, maker_fee=fee, size=Size("fraction", 1.0),
        market=None if may_short(agent) else market,
    )  # fmt: skip


def _candles(made: AdviceProposal, timeframe: str, bars: int, until: datetime) -> Candles:
    return load_candles(instrument_id=made.instrument_id, timeframe=timeframe, until=until, limit=bars)


def _digits(value: float) -> Decimal:
    """As the columns hold it; what is beyond them is cut, which one unit of money is not."""
    return Decimal(repr(max(min(value, 99_999.0), -99_999.0))).quantize(DIGITS)
