"""How far an agent's fills are from those of its backtest: on paper and live, fill by fill, in basis points.

The backtest is the newest of the agent that is done, with the rules and the market it has now. What both did is matched
by the bar and the side; one bar later is still the same doing, because a stop that is looked at once in a while is
carried out after the bar that reached it. What a fill cost against the backtest is told apart: what the market moved
until the order was decided (`waited`), and what the order got beside the price it was decided at (`slipped`). A cost is
positive, whether bought dearer or sold cheaper; it is counted on what was really traded.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import F, Max, Min, QuerySet, Sum

from farms.laboratory.packing import unpack
from farms.models import Agent, Backtest, BacktestResult, FarmEvent
from kit.errors import NotFoundError
from markets.candles.reading import TIMEFRAME_MS, milliseconds, moment
from markets.models import Instrument
from markets.prices import to_price
from trading.models import Fill, Side

BASIS_POINTS: Final = 10_000
DIGITS: Final = Decimal("0.0001")
# The newest orders that are compared.
MOST: Final = 5_000
ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Expected:
    """A fill of the backtest: `bar` is the opening (ms) of the bar it was filled in, `price` in quote."""

    bar: int
    side: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class Real:
    """What an order came to: average price and the price it was decided at in quote, `quantity` in base."""

    order_id: UUID
    bar: int
    at: datetime
    side: str
    price: Decimal
    quantity: Decimal
    decided_at: Decimal
    is_paper: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """A fill of the backtest and what there really was; one of them may be missing. Basis points and money are costs.

    `later` is how long after the opening of the backtest's bar it was filled; None where nothing is compared.
    """

    bar: int
    side: str
    expected: Expected | None
    real: Real | None

    @property
    def opened_at(self) -> datetime:
        return moment(self.bar)

    @property
    def kind(self) -> str:
        """`matched`, `missing` (only the backtest did it) or `extra` (only the agent did)."""
        if self.real is None:
            return "missing"
        return "extra" if self.expected is None else "matched"

    @property
    def account(self) -> str:
        """Where it was really filled: `paper` or `live`, nothing where it was not."""
        return "" if self.real is None else ("paper" if self.real.is_paper else "live")

    @property
    def later(self) -> timedelta | None:
        return None if self.real is None or self.expected is None else self.real.at - moment(self.expected.bar)

    @property
    def waited(self) -> Decimal | None:
        """What the market moved against us until the order was decided, in basis points of the backtest's price."""
        return None if self.real is None else self._points(self.real.decided_at)

    @property
    def total(self) -> Decimal | None:
        """What it cost more than in the backtest, in basis points of the backtest's price."""
        return None if self.real is None else self._points(self.real.price)

    @property
    def slipped(self) -> Decimal | None:
        """What it was filled beside the price it was decided at, in basis points of the backtest's price."""
        return None if self.total is None or self.waited is None else self.total - self.waited

    @property
    def cost(self) -> Decimal | None:
        """The same in the quote asset, of what was really traded."""
        if self.real is None or self.expected is None:
            return None
        return self._sign * (self.real.price - self.expected.price) * self.real.quantity

    @property
    def _sign(self) -> int:
        return 1 if self.side == Side.BUY else -1

    def _points(self, price: Decimal) -> Decimal | None:
        if self.expected is None:
            return None
        points = self._sign * (price / self.expected.price - 1) * BASIS_POINTS
        return points.quantize(DIGITS) + 0  # no minus before nothing


@dataclass(frozen=True, slots=True)
class Together:
    """What the fills of one kind of account came to. Basis points are means over what was traded; None without any."""

    account: str
    matched: int
    extra: int
    notional: Decimal
    cost: Decimal
    total: Decimal | None
    waited: Decimal | None
    slipped: Decimal | None
    worst: Decimal | None


@dataclass(frozen=True, slots=True)
class Drift:
    """An agent's fills against a backtest's, the newest first. Without a `backtest` there is nothing to compare with.

    From `since` to before `until` both are complete: the agent had been hired, and its rules were what they are now.
    """

    agent: Agent
    instrument: Instrument
    backtest: Backtest | None
    waiting: Backtest | None
    since: datetime | None
    until: datetime | None
    pairs: tuple[Pair, ...]
    sums: tuple[Together, ...]
    missing: int
    is_cut: bool


def drift_of(*, owner_id: UUID, agent_id: UUID) -> Drift:
    """Run it as the tenant. Raises NotFoundError for an agent that the owner does not have."""
    agent = Agent.objects.select_related("instrument").filter(owner_id=owner_id, pk=agent_id).first()
    if agent is None:
        raise NotFoundError("There is no such agent.")
    asked = _asked(agent)
    waiting = asked.filter(finished_at=None).first()
    backtest = asked.filter(status=Backtest.Status.DONE).first()
    if backtest is None:
        return Drift(agent, agent.instrument, None, waiting, None, None, (), (), 0, is_cut=False)
    since, until = max(backtest.since, _same_since(agent)), backtest.until
    real, is_cut = _real(agent, since, until)
    if is_cut:
        since = max(since, moment(real[0].bar))
    length = TIMEFRAME_MS[agent.timeframe]
    expected = [one for one in _expected(backtest) if milliseconds(since) <= one.bar < milliseconds(until)]
    pairs = matched(expected, real, length)
    sums = tuple(_sum(account, pairs) for account in ("paper", "live"))
    return Drift(
        agent=agent,
        instrument=agent.instrument,
        backtest=backtest,
        waiting=waiting,
        since=since,
        until=until,
        pairs=tuple(reversed(pairs)),
        sums=tuple(one for one in sums if one.matched or one.extra),
        missing=sum(pair.kind == "missing" for pair in pairs),
        is_cut=is_cut,
    )


def matched(expected: Iterable[Expected], real: Iterable[Real], length: int) -> list[Pair]:
    """Each fill of one with that of the other that has its side and its bar, or else the next bar (`length`, in ms),
    in the order of the bars. Each is matched once."""
    left: dict[tuple[str, int], list[Expected]] = {}
    for one in expected:
        left.setdefault((one.side, one.bar), []).append(one)
    pairs, later = [], []
    for fill in sorted(real, key=lambda fill: fill.at):
        same = left.get((fill.side, fill.bar))
        if same:
            pairs.append(Pair(fill.bar, fill.side, same.pop(0), fill))
        else:
            later.append(fill)
    for fill in later:
        before = left.get((fill.side, fill.bar - length))
        pairs.append(Pair(fill.bar, fill.side, before.pop(0) if before else None, fill))
    pairs += [Pair(one.bar, one.side, one, None) for rest in left.values() for one in rest]
    return sorted(pairs, key=lambda pair: (pair.bar, pair.side != Side.SELL))


def _asked(agent: Agent) -> QuerySet[Backtest]:
    """Backtests of the agent with the rules and the market it has now, newest first."""
    return Backtest.objects.filter(
        owner_id=agent.owner_id,
        agent=agent,
        strategy=agent.strategy,
        parameters=agent.parameters,
        instruments=[agent.instrument_id],
        timeframe=agent.timeframe,
        assumptions__fill="next_open",
    )


def _same_since(agent: Agent) -> datetime:
    """Since when the agent has been there with the rules it has now."""
    changed = FarmEvent.objects.filter(agent=agent, kind=FarmEvent.Kind.CHANGED)
    latest: datetime | None = changed.aggregate(at=Max("created_at"))["at"]
    return agent.created_at if latest is None else max(latest, agent.created_at)


def _expected(backtest: Backtest) -> list[Expected]:
    """The backtest's fills: both ends of its trades, and the entry of what it holds at the end."""
    result = BacktestResult.objects.only("backtest_id", "trades", "breakdown").get(backtest=backtest)
    trades = unpack(bytes(result.trades))
    found = []
    for trade in trades:
        enters, leaves = (Side.BUY, Side.SELL) if trade.side == "long" else (Side.SELL, Side.BUY)
        found.append(Expected(trade.entry_ts, enters, traded_price(trade.entry_price)))
        found.append(Expected(trade.exit_ts, leaves, traded_price(trade.exit_price)))
    for held in result.breakdown["held"]:
        side = Side.BUY if held["side"] == "long" else Side.SELL
        found.append(Expected(held["since"], side, traded_price(held["entry_price"])))
    return found


def traded_price(value: float) -> Decimal:
    """A price that was computed: what a float says beyond twelve digits nobody traded at."""
    return to_price(float(f"{value:.12g}"))


def _real(agent: Agent, since: datetime, until: datetime) -> tuple[list[Real], bool]:
    """What the agent's orders came to in its market, oldest first; and whether there were more before."""
    length = TIMEFRAME_MS[agent.timeframe]
    rows = (
        Fill.objects.filter(
            owner_id=agent.owner_id, wallet=agent.wallet_id, instrument=agent.instrument_id,
            filled_at__gte=since, filled_at__lt=until,
        )
        .order_by()
        .values("order_id", "side", "connection__is_paper", "order__reference_price")
        .annotate(first=Min("filled_at"), bought=Sum("quantity"), paid=Sum(F("quantity") * F("price")))
        .order_by("-first")[: MOST + 1]
    )  # fmt: skip
    found = [
        Real(
            order_id=row["order_id"],
            bar=milliseconds(row["first"]) // length * length,
            at=row["first"],
            side=row["side"],
            price=row["paid"] / row["bought"],
            quantity=row["bought"],
            decided_at=row["order__reference_price"],
            is_paper=row["connection__is_paper"],
        )
        for row in rows
    ]
    return found[:MOST][::-1], len(found) > MOST


def _sum(account: str, pairs: Sequence[Pair]) -> Together:
    """The sum of what was filled at that kind of account."""
    here = [pair for pair in pairs if pair.account == account]
    both = [pair for pair in here if pair.kind == "matched"]
    notional = sum((_worth(pair) for pair in both), ZERO)

    def mean(name: str) -> Decimal | None:
        if not notional:
            return None
        return (sum((getattr(pair, name) * _worth(pair) for pair in both), ZERO) / notional).quantize(DIGITS)

    return Together(
        account=account,
        matched=len(both),
        extra=len(here) - len(both),
        notional=notional,
        cost=sum((pair.cost for pair in both if pair.cost is not None), ZERO),
        total=mean("total"),
        waited=mean("waited"),
        slipped=mean("slipped"),
        worst=max((pair.total for pair in both if pair.total is not None), default=None),
    )


def _worth(pair: Pair) -> Decimal:
    """What was traded, at the backtest's price: costs in basis points of it add up to the cost in money."""
    return ZERO if pair.real is None or pair.expected is None else pair.real.quantity * pair.expected.price
