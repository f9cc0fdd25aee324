"""What pages and programs are shown of backtests."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from farms.laboratory.packing import unpack
from farms.laboratory.words import QUESTIONS
from farms.models import Backtest, BacktestResult, Sweep, Verdict
from kit import statuses
from kit.errors import NotFoundError
from kit.sentences import Sentence
from markets.candles.reading import moment
from markets.models import Instrument
from markets.prices import to_price
from quant import strategies
from quant.backtest import Trade
from quant.backtest.result import Trades

# Of a result, what lists and headings tell; the rest is read where one result is looked at.
TOLD: Final = (
    "total_return",
    "statistics",
    "final_equity",
    "trade_count",
    "bars",
    "missing_bars",
    "outcome",
    "candles",
)


@dataclass(frozen=True, slots=True)
class BacktestRow:
    """A backtest with its headline; figures are None until there is a result. Returns are fractions.

    `version` names the saved rules that it is of, where it is of some.
    """

    id: UUID
    status: str
    status_label: str
    colour: str
    progress: int
    step: str
    error: Sentence
    is_open: bool
    strategy: str
    strategy_name: str
    parameters: dict[str, Any]
    instrument_ids: list[int]
    symbols: tuple[str, ...]
    quote: str
    timeframe: str
    since: datetime
    until: datetime
    cash: Decimal
    assumptions: dict[str, Any]
    agent_id: UUID | None
    version_id: UUID | None
    version: str
    saved_id: UUID | None
    created_at: datetime
    finished_at: datetime | None
    final_equity: Decimal | None
    total_return: float | None
    sharpe: float | None
    max_drawdown: float | None
    trades: int | None
    bars: int | None
    missing_bars: int | None
    candles_hash: str
    outcome_hash: str

    @property
    def markets(self) -> str:
        """`BTC/USDT`, `BTC/USDT and ETH/USDT`, `BTC/USDT and 3 more`."""
        first, *others = self.symbols
        if not others:
            return first
        return f"{first} and {others[0] if len(others) == 1 else f'{len(others)} more'}"

    @property
    def done(self) -> float:
        """How far it is, as a fraction."""
        return self.progress / 100

    @property
    def name(self) -> str:
        return f"{self.strategy_name} on {self.markets}, {self.timeframe}"


@dataclass(frozen=True, slots=True)
class TradeRow:
    """A round trip of a backtest: prices in quote, `pnl` net of fees, `pnl_return` a fraction of what entering cost."""

    number: int
    symbol: str
    side: str
    quantity: Decimal
    entry_at: datetime
    entry_price: Decimal
    exit_at: datetime
    exit_price: Decimal
    fee: Decimal
    funding: Decimal
    pnl: Decimal
    pnl_return: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Told:
    """An answer of the honesty panel: whether it speaks for the result (None: neither), and why."""

    question: str
    title: str
    passes: bool | None
    words: Sentence
    figures: dict[str, float | None]

    @property
    def colour(self) -> str:
        return {True: "ok", False: "bad", None: ""}[self.passes]

    @property
    def label(self) -> str:
        return {True: "Speaks for it", False: "Speaks against it", None: "For your judgement"}[self.passes]


class Found:
    """One backtest whole. Run it as the tenant; raises NotFoundError where it is not the owner's."""

    def __init__(self, *, owner_id: UUID, backtest_id: UUID) -> None:
        found = backtests(owner_id=owner_id).filter(pk=backtest_id).first()
        if found is None:
            raise NotFoundError("There is no such backtest.")
        self.backtest = found
        self.instruments = _named(found.instruments)

    @cached_property
    def result(self) -> BacktestResult | None:
        """None until the worker has come to it."""
        return BacktestResult.objects.filter(backtest=self.backtest).first()

    @cached_property
    def verdict(self) -> Verdict | None:
        """The newest; None until it is judged."""
        return Verdict.objects.filter(backtest=self.backtest).first()

    @cached_property
    def answers(self) -> list[Told]:
        """What the verdict says, question by question."""
        return answers_of(self.verdict.answers if self.verdict else [])

    @cached_property
    def row(self) -> BacktestRow:
        return _row(self.backtest, self.result, self.instruments)

    @cached_property
    def trades(self) -> Trades | None:
        return None if self.result is None else unpack(bytes(self.result.trades))

    def trade_rows(self, numbers: Iterable[int]) -> list[TradeRow]:
        """The trades of these numbers, counted from 1 in the order in which they ended."""
        trades = self.trades
        if trades is None:
            return []
        return [_trade(number, trades[number - 1], self.instruments) for number in numbers]


def answers_of(stored: Sequence[dict[str, Any]]) -> list[Told]:
    """The answers of a verdict as they are told."""
    return [
        Told(one["question"], QUESTIONS[one["question"]], one["passes"], Sentence.of(one["words"]), one["figures"])
        for one in stored
    ]


def backtests(*, owner_id: UUID) -> QuerySet[Backtest]:
    """The owner's backtests, newest first."""
    return Backtest.objects.filter(owner_id=owner_id).select_related("version__saved")


def backtest_rows(found: Sequence[Backtest]) -> list[BacktestRow]:
    """The backtests with their headlines; two queries for all of them."""
    results = BacktestResult.objects.only("backtest_id", *TOLD).in_bulk([one.pk for one in found])
    named = Instrument.objects.in_bulk({pk for one in found for pk in one.instruments})
    return [_row(one, results.get(one.pk), [named[pk] for pk in one.instruments]) for one in found]


def in_numbers(trade: Trade) -> dict[str, Decimal]:
    """Prices, amounts and profit of a trade, as exact as the kernel's floats are."""
    names = ("quantity", "entry_price", "exit_price", "fee", "funding", "pnl")
    return {name: to_price(getattr(trade, name)) for name in names}


def _named(ids: Sequence[int]) -> list[Instrument]:
    found = Instrument.objects.in_bulk(ids)
    return [found[pk] for pk in ids]


def said_of(job: Backtest | Sweep) -> dict[str, Any]:
    """What the rows of backtests and of sweeps say alike: how far it is, and what it was asked."""
    names = {strategy.slug: strategy.name for strategy in strategies.catalog()}
    same = (
        "status", "progress", "step", "error", "is_open", "strategy", "parameters", "timeframe", "since", "until",
        "cash", "assumptions", "agent_id", "created_at", "finished_at",
    )  # fmt: skip
    return {name: getattr(job, name) for name in same} | {
        "id": job.pk,
        "status_label": job.get_status_display(),
        "colour": statuses.colour("job", job.status),
        "strategy_name": names.get(job.strategy, job.strategy),
    }


def _row(backtest: Backtest, result: BacktestResult | None, instruments: Sequence[Instrument]) -> BacktestRow:
    statistics = result.statistics if result else {}
    return BacktestRow(
        **said_of(backtest),
        version_id=backtest.version_id,
        version=str(backtest.version or ""),
        saved_id=backtest.version.saved_id if backtest.version else None,
        instrument_ids=list(backtest.instruments),
        symbols=tuple(instrument.symbol for instrument in instruments),
        quote=instruments[0].quote,
        final_equity=result.final_equity if result else None,
        total_return=result.total_return if result else None,
        sharpe=statistics.get("sharpe"),
        max_drawdown=statistics.get("max_drawdown"),
        trades=result.trade_count if result else None,
        bars=result.bars if result else None,
        missing_bars=result.missing_bars if result else None,
        candles_hash=result.candles if result else "",
        outcome_hash=result.outcome if result else "",
    )


def _trade(number: int, trade: Trade, instruments: Sequence[Instrument]) -> TradeRow:
    worth = trade.quantity * trade.entry_price
    return TradeRow(
        number=number,
        symbol=instruments[trade.instrument].symbol,
        side=trade.side,
        entry_at=moment(trade.entry_ts),
        exit_at=moment(trade.exit_ts),
        pnl_return=trade.pnl / worth if worth > 0 else None,
        reason=trade.reason,
        **in_numbers(trade),
    )
