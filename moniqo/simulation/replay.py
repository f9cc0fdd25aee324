"""A replay: agents trade recorded candles on paper, by everything that trades live, and a backtest of them agrees.

The present is simulated and goes from bar to bar. Runs, the gate, the ledger, the paper exchange and the monitor are
those of every day; only prices come from the recording, and the paper exchange has no latency and no slippage. Of a bar
the market shows what a candle can tell, in the order that a backtest assumes: the open, to which the agents decide on
the bar before it; on the way down each stop that the bar reaches, the nearest first; on the way up each target. Agents
act before the monitor looks.

What comes of it must equal `quant.backtest` with the market's rules (`Config.market`): the same trades, each by bar,
price and quantity, and the same equity at the end. `differences` says where it does not.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

import numpy as np
from celery import current_app

from farms.models import Agent, Farm
from farms.services import Tape, bars_wanted, create_agent, create_farm, run_members, start_agent, start_farm
from kit import clock, tenancy
from kit.users.models import User
from markets.candles import copying
from markets.candles.reading import TIMEFRAME_MS, moment
from markets.models import Instrument
from markets.prices import to_price
from markets.services import NewQuote, ensure_instrument, record_quotes
from quant import strategies
from quant.backtest import BacktestResult, Config, Market, Size, run_backtest
from quant.candles import Candles
from trading.models import Order, Position
from trading.risk.sizing import SLIPPAGE_CUSHION
from trading.services import execute_order, keep_protection, set_limits
from wallets.models import Account, Connection, Platform, Wallet
from wallets.services import allocate, create_wallet, deposit

VENUE: Final = "replay"
BASE, QUOTE = "BASE", "USDT"
TOLERANCE: Final = 1e-9
SIZINGS: Final[Mapping[str, Any]] = {"cash": "fraction", "risk": "risk"}
Z: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Cast:
    """An agent as it is asked for; `size` is the share of its cash that an entry spends (cash) or risks (risk)."""

    strategy: str
    parameters: Mapping[str, Any]
    sizing: str = "cash"
    size: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Recording:
    """The candles of one market and what trading there is: cash per agent in quote, fee as a fraction of notional."""

    candles: Candles
    timeframe: str
    lot: Decimal
    tick: Decimal
    minimum: Decimal = Decimal(5)
    cash: Decimal = Decimal(10_000)
    fee: Decimal = Decimal("0.001")

    def config(self, cast: Cast) -> Config:
        """What `manage.py backtest` assumes of the same agent."""
        return Config(
            cash=float(self.cash),
            taker_fee=float(self.fee),
            size=Size(SIZINGS[cast.sizing], float(cast.size)),
            market=Market(lot=self.lot, tick=self.tick, minimum=self.minimum, cushion=SLIPPAGE_CUSHION),
        )


@dataclass(frozen=True, slots=True)
class Trade:
    """A round trip. `entry_bar` and `exit_bar` are the bars' numbers, an exit of -1 is still to come."""

    entry_bar: int
    exit_bar: int
    entry_price: float
    exit_price: float
    quantity: float


@dataclass(frozen=True, slots=True)
class Paper:
    """What an agent did: its trades in the order of their entries, the last one perhaps open, and its final equity."""

    trades: tuple[Trade, ...]
    equity: float


def without_holes(candles: Candles, timeframe: str) -> Candles:
    """The candles, and where some are missing flat ones at the close before, without volume.

    An agent acts on the candle that has just closed and on no older one, a backtest goes on with the next there is:
    over a hole they cannot agree.
    """
    step = TIMEFRAME_MS[timeframe]
    ts = np.arange(candles.ts[0], candles.ts[-1] + step, step)
    last = np.searchsorted(candles.ts, ts, side="right") - 1
    there, close = candles.ts[last] == ts, candles.close[last]
    open_, high, low = (np.where(there, column[last], close) for column in (candles.open, candles.high, candles.low))
    return Candles(ts, open_, high, low, close, np.where(there, candles.volume[last], 0.0)).checked()


def backtest(cast: Cast, recording: Recording) -> BacktestResult:
    """What the kernel says of the agent."""
    strategy = strategies.get(cast.strategy)
    return run_backtest(recording.candles, strategy.intents(recording.candles, cast.parameters), recording.config(cast))


def differences(paper: Paper, kernel: BacktestResult) -> list[str]:
    """Where the two disagree by more than `TOLERANCE`, relative to the figure; empty where they are equal."""
    ended = kernel.trades
    columns = (ended.entry_bar, ended.exit_bar, ended.entry_price, ended.exit_price, ended.quantity)
    rows = [Trade(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    rows += [
        Trade(int(np.searchsorted(kernel.ts, one.entry_ts)), -1, one.entry_price, 0.0, one.quantity)
        for one in kernel.open_positions
    ]
    found = []
    if len(rows) != len(paper.trades):
        found.append(f"{len(paper.trades)} trades on paper, {len(rows)} in the backtest.")
    for number, (ours, theirs) in enumerate(zip(paper.trades, rows, strict=False)):
        for name in Trade.__slots__:
            one, other = getattr(ours, name), getattr(theirs, name)
            if abs(one - other) > TOLERANCE * max(abs(other), 1 if name.endswith("_bar") else 0):
                found.append(f"Trade {number}: {name} is {one!r} on paper, {other!r} in the backtest.")
    if abs(paper.equity - kernel.final_equity) > TOLERANCE * abs(kernel.final_equity):
        found.append(f"Final equity is {paper.equity!r} on paper, {kernel.final_equity!r} in the backtest.")
    return found


def replay(recording: Recording, casts: Sequence[Cast]) -> list[Paper]:
    """Let the agents trade the recording, each with cash of its own, in the database that is there."""
    stage = _Stage(recording)
    with clock.simulated(lambda: stage.now), _nobody_works():
        stage.set_up(casts)
        for bar in range(len(recording.candles)):
            stage.play(bar)
        return [stage.outcome(agent) for agent in stage.agents]


class _Stage:
    """An owner with a paper account, and a farm with the agents."""

    def __init__(self, recording: Recording) -> None:
        self.recording, self.candles = recording, recording.candles
        self.now = moment(int(self.candles.ts[0]))
        self.agents: list[Agent] = []
        with tenancy.system():
            self.owner = User(email=f"{uuid4()}@replay.example")
            self.owner.set_unusable_password()
            self.owner.save()
            platform, _ = Platform.objects.update_or_create(
                slug=VENUE,
                defaults={
                    "name": "Replay",
                    "adapter": "demo",
                    "fees": {"maker": str(recording.fee), "taker": str(recording.fee)},
                    "options": {"latency_ms": 0, "slippage_bps": "0", "impact_bps": "0"},
                },
            )
        self.platform = platform

    @property
    def owner_id(self) -> UUID:
        owner_id: UUID = self.owner.pk
        return owner_id

    def set_up(self, casts: Sequence[Cast]) -> None:
        """The market with all its candles, of which nobody sees one before its close, the money, and the agents."""
        recording, symbol = self.recording, f"{uuid4().hex[:12].upper()}/{QUOTE}"
        self.instrument: Instrument = ensure_instrument(
            venue=VENUE, symbol=symbol, base=BASE, quote=QUOTE,
            tick_size=recording.tick, lot_size=recording.lot, minimum_notional=recording.minimum,
        )[0]  # fmt: skip
        copying.write(instrument_id=self.instrument.pk, timeframe=recording.timeframe, candles=self.candles)
        with tenancy.tenant(self.owner_id):
            account = Connection.objects.create(
                owner_id=self.owner_id, platform=self.platform, name="Replay", venue=VENUE, is_paper=True
            )
            master = create_wallet(owner_id=self.owner_id, name="Master", role=Wallet.Role.MASTER, connection=account)
            total = recording.cash * len(casts)
            set_limits(on=account, allowed_symbols=[symbol], maximum_notional=total * 1000)
            deposit(owner_id=self.owner_id, wallet_id=master.pk, amount=total, asset=QUOTE, key="cash")
            self.farm: Farm = create_farm(
                owner_id=self.owner_id,
                master_id=master.pk,
                name="Replay",
                kind=Farm.Kind.CUSTOM,
                maximum_share=Decimal(1),
            )
            self._move(master, self.farm.wallet, total)
            for number, cast in enumerate(casts):
                self._hire(number, cast)
            start_farm(owner_id=self.owner_id, farm_id=self.farm.pk)
        self.tape = Tape.of_past(
            instrument_ids=[self.instrument.pk],
            since=self.now,
            until=moment(int(self.candles.ts[-1]) + TIMEFRAME_MS[recording.timeframe]),
            bars=max(bars_wanted(cast.strategy, cast.parameters) for cast in casts),
        )

    def _hire(self, number: int, cast: Cast) -> None:
        agent = create_agent(
            owner_id=self.owner_id,
            farm_id=self.farm.pk,
            name=f"Agent {number}",
            strategy=cast.strategy,
            instrument_id=self.instrument.pk,
            timeframe=self.recording.timeframe,
            parameters=cast.parameters,
            sizing=cast.sizing,
            size=cast.size,
        )
        self._move(self.farm.wallet, agent.wallet, self.recording.cash)
        self.agents.append(start_agent(owner_id=self.owner_id, agent_id=agent.pk))

    def _move(self, source: Wallet, target: Wallet, amount: Decimal) -> None:
        key = f"cash:{target.pk}"
        allocate(owner_id=self.owner_id, source_id=source.pk, target_id=target.pk, asset=QUOTE, amount=amount, key=key)

    def play(self, bar: int) -> None:
        """What happens from a bar's open to before the next one's."""
        opened, open_ = moment(int(self.candles.ts[bar])), to_price(self.candles.open[bar])
        self._show(opened, open_)
        with tenancy.tenant(self.owner_id):
            ids = [agent.pk for agent in self.agents]
            alone = run_members(owner_id=self.owner_id, farm_id=self.farm.pk, agent_ids=ids, tape=self.tape)
        if alone:
            raise RuntimeError(f"{len(alone)} agents could not decide together: the log says why.")
        self._send(Order.objects.filter(wallet__parent=self.farm.wallet, status=Order.Status.SUBMITTING))
        self._protect()
        for number, level in enumerate(self._reached(bar, open_), start=1):
            self._show(opened + timedelta(milliseconds=number), level)
            self._protect()

    def _show(self, at: datetime, price: Decimal) -> None:
        """The market's price from now on."""
        self.now = at
        record_quotes([NewQuote(self.instrument.pk, price, price, price, VENUE, at)])

    def _reached(self, bar: int, open_: Decimal) -> Iterator[Decimal]:
        """The levels that the market passes inside the bar, in the order in which it does."""
        low, high = to_price(self.candles.low[bar]), to_price(self.candles.high[bar])
        yield from sorted({stop for stop, _ in self._levels() if stop and low <= stop < open_}, reverse=True)
        yield from sorted({target for _, target in self._levels() if target and open_ < target <= high})

    def _levels(self) -> list[tuple[Decimal | None, Decimal | None]]:
        with tenancy.tenant(self.owner_id):
            return list(Position.objects.filter(closed_at=None).values_list("exit_stop", "exit_target"))

    def _protect(self) -> None:
        """The monitor's look at the price of now."""
        with tenancy.tenant(self.owner_id):
            placed = keep_protection(owner_id=self.owner_id)
        for order in placed:
            execute_order(owner_id=self.owner_id, order_id=order.pk)

    def _send(self, orders: Any) -> None:
        with tenancy.tenant(self.owner_id):
            waiting = list(orders.order_by("created_at", "pk").values_list("pk", flat=True))
        for order_id in waiting:
            execute_order(owner_id=self.owner_id, order_id=order_id)

    def outcome(self, agent: Agent) -> Paper:
        """What the books say of an agent."""
        with tenancy.tenant(self.owner_id):
            positions = list(Position.objects.filter(wallet=agent.wallet_id).order_by("opened_at", "pk"))
            rows = Account.objects.filter(wallet=agent.wallet_id, kind=Account.Kind.WALLET)
            balances = dict(rows.values_list("asset", "balance"))
        last = to_price(self.candles.close[-1])
        return Paper(
            tuple(self._trade(position) for position in positions),
            float(balances.get(QUOTE, Z) + balances.get(BASE, Z) * last),
        )

    def _trade(self, position: Position) -> Trade:
        is_open = position.closed_at is None
        return Trade(
            entry_bar=self._bar(position.opened_at),
            exit_bar=-1 if position.closed_at is None else self._bar(position.closed_at),
            entry_price=float(position.entry_price),
            exit_price=0.0 if is_open else float(position.exit_price),
            quantity=float(position.entry_quantity),
        )

    def _bar(self, at: datetime) -> int:
        return int(np.searchsorted(self.candles.ts, at.timestamp() * 1000, side="right")) - 1


@contextmanager
def _nobody_works() -> Iterator[None]:
    """What workers would be told is told nobody: the replay does their work itself, in its own order."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    app.send_task = lambda *args, **kwargs: None
    try:
        yield
    finally:
        del app.send_task
