"""`manage.py backtest`: one strategy over one file of candles, without a database.

The answer in JSON is a contract: trades with their bars and prices, final equity, metrics, and the speed of this run
(signals and simulation, after compilation).
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from farms.laboratory.compiled import keep_compiled
from farms.laboratory.report import report
from kit.errors import MoniqoError
from markets.candles.files import CandleFile, read_file
from markets.candles.files.options import add_skip_bad
from quant import strategies
from quant.backtest import BacktestResult, Config, Market, Size, run_backtest
from quant.candles import MINUTE_MS, Candles, aggregate, timeframe_to_ms
from quant.errors import CandleError, ParameterError, QuantError
from quant.strategies import Strategy
from trading.risk.sizing import SLIPPAGE_CUSHION

SHOWN_TRADES = 20


class Command(BaseCommand):
    help = "Backtest a strategy over a file of candles (CSV, plain, .gz or .zip, in any usual dialect)."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--strategy", required=True, help="Slug, such as trend_following.")
        parser.add_argument("--candles", required=True, type=Path, metavar="FILE")
        parser.add_argument("--timeframe", required=True, help="Such as 4h; finer candles are put together.")
        parser.add_argument("--params", default="{}", metavar="JSON", help="Parameters that differ from the defaults.")
        parser.add_argument("--cash", type=float, default=10_000.0)
        parser.add_argument("--fee", type=float, default=0.001, help="Taker fee as a fraction of notional.")
        parser.add_argument("--maker-fee", type=float, help="Fee of profit targets; as --fee when left out.")
        parser.add_argument("--slippage", type=float, default=0.0, help="Fraction lost on every market fill and stop.")
        parser.add_argument("--size", default="fraction:1", help="units:N, fraction:F, risk:R or volatility:V.")
        parser.add_argument("--fill", default="next_open", help="next_open or signal_close.")
        parser.add_argument("--gap", default="open", help="What a gap through a level fills at: open or stop.")
        parser.add_argument("--volume-cap", type=float, help="Most of a bar's volume that may be filled, 0 … 1.")
        parser.add_argument("--leverage", type=float, default=1.0)
        parser.add_argument("--max-entries", type=int, default=1, help="Above 1 allows pyramiding.")
        parser.add_argument(
            "--lot", type=Decimal, help="The market's lot: with it and the tick, trade as an agent does on paper."
        )
        parser.add_argument("--tick", type=Decimal, help="The market's tick.")
        parser.add_argument("--minimum", type=Decimal, default=Decimal(0), help="The market's smallest order in quote.")
        parser.add_argument("--from", dest="start", help="First day or moment, ISO 8601, UTC.")
        parser.add_argument("--to", dest="end", help="End, not included, ISO 8601, UTC.")
        add_skip_bad(parser)
        parser.add_argument("--json", action="store_true", dest="as_json")
        parser.add_argument(
            "--report", type=Path, metavar="FILE.html", help="Also write a page that needs nothing else."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # Before numba is imported for the first time, which happens inside the first backtest.
        keep_compiled()
        try:
            candles, file = _candles(options)
            strategy, params = _strategy(options)
            result, seconds = _run(candles, strategy, params, options)
            if options["report"] is not None:
                source = f"{options['candles'].name}, {options['timeframe']}"
                page = report(strategy=strategy, params=params, candles=candles, result=result, source=source)
                _write_report(options["report"], page)
        except (QuantError, MoniqoError) as error:
            raise CommandError(str(error)) from error
        speed = len(candles) / seconds if seconds else None
        if options["as_json"]:
            self.stdout.write(json.dumps(_report(file, result, speed)))
        else:
            self._describe(candles, file, result, speed)

    def _describe(self, candles: Candles, file: CandleFile, result: BacktestResult, speed: float | None) -> None:
        for sentence in _said(file):
            self.stdout.write(sentence)
        gaps = candles.gaps()
        missing = f", {int(gaps[:, 1].sum())} missing in {len(gaps)} gaps" if len(gaps) else ""
        self.stdout.write(f"{len(candles)} candles from {_moment(candles.ts[0])} to {_moment(candles.ts[-1])}{missing}")
        self.stdout.write(f"final equity {result.final_equity:,.2f} from {result.config.cash:,.2f}\n")
        for name, value in result.metrics.items():
            shown = "-" if value is None else f"{value:,.4f}" if isinstance(value, float) else str(value)
            self.stdout.write(f"  {name.replace('_', ' '):24}{shown:>16}")
        trades = list(result.trades)
        if trades:
            self.stdout.write(f"\nlast {min(len(trades), SHOWN_TRADES)} of {len(trades)} trades")
        for trade in trades[-SHOWN_TRADES:]:
            self.stdout.write(
                f"  {trade.side:5} {_moment(trade.entry_ts)} {trade.entry_price:>14,.6g}"
                f"  → {_moment(trade.exit_ts)} {trade.exit_price:>14,.6g}  {trade.pnl:>+14,.2f}  {trade.reason}"
            )
        for position in result.open_positions:
            side = "long" if position.quantity > 0 else "short"
            self.stdout.write(f"  still {side} since {_moment(position.entry_ts)}: {position.unrealized_pnl:+,.2f}")
        if speed:
            self.stdout.write(f"\n{speed:,.0f} candles/s, signals included")


def _strategy(options: dict[str, Any]) -> tuple[Strategy, dict[str, Any]]:
    strategy = strategies.get(options["strategy"])
    try:
        return strategy, strategy.validate(json.loads(options["params"]))
    except (json.JSONDecodeError, TypeError, AttributeError) as error:
        raise ParameterError("Write --params as a JSON object, such as '{\"fast\": 20}'.") from error


def _run(
    candles: Candles, strategy: Strategy, params: dict[str, Any], options: dict[str, Any]
) -> tuple[BacktestResult, float]:
    """The result, and the seconds a second run took: the first may have to compile."""
    config = Config(
        cash=options["cash"],
        taker_fee=options["fee"],
        maker_fee=options["fee"] if options["maker_fee"] is None else options["maker_fee"],
        slippage=options["slippage"],
        size=Size.parse(options["size"]),
        fill=options["fill"],
        gap=options["gap"],
        volume_cap=options["volume_cap"],
        leverage=options["leverage"],
        max_entries=options["max_entries"],
        market=_market(options),
    )
    run_backtest(candles, strategy.intents(candles, params), config)
    started = time.perf_counter()
    result = run_backtest(candles, strategy.intents(candles, params), config)
    return result, time.perf_counter() - started


def _market(options: dict[str, Any]) -> Market | None:
    lot, tick = options["lot"], options["tick"]
    if lot is None and tick is None:
        return None
    if lot is None or tick is None:
        raise ParameterError("Give both --lot and --tick, or neither.")
    return Market(lot=lot, tick=tick, minimum=options["minimum"], cushion=SLIPPAGE_CUSHION)


def _write_report(file: Path, page: str) -> None:
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ParameterError(f"Name a file that can be written: {file} cannot ({error.strerror or error}).") from error


def _candles(options: dict[str, Any]) -> tuple[Candles, CandleFile]:
    """The candles that are traded, and the file that they come from."""
    read = read_file(options["candles"])
    if refusal := read.refusal(options["skip_bad"]):
        raise CandleError(refusal)
    candles = read.candles
    width = timeframe_to_ms(options["timeframe"])
    if len(candles) > 1 and candles.timeframe_ms != width:
        candles = aggregate(candles, width // MINUTE_MS)
    candles = candles.between(_milliseconds(options["start"]), _milliseconds(options["end"]))
    if len(candles) == 0:
        raise CandleError("Choose another file or span: there is no candle in this one.")
    return candles, read


def _milliseconds(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ParameterError(f"Write dates as 2024-01-31 or 2024-01-31T12:00: {text!r} is neither.") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _moment(ts: int) -> str:
    return f"{datetime.fromtimestamp(int(ts) / 1000, tz=UTC):%Y-%m-%d %H:%M}"


def _said(file: CandleFile) -> list[str]:
    """What was repaired in the file or left out of it."""
    left_out = [f"Left out line {row.line}: {row.reason}." for row in file.bad[:SHOWN_TRADES]]
    if more := len(file.bad) - len(left_out):
        left_out.append(f"Left out {more} lines more.")
    return [*file.notes, *left_out]


def _report(file: CandleFile, result: BacktestResult, speed: float | None) -> dict[str, Any]:
    return {
        "notes": _said(file),
        "trades": [
            {
                "entry_ts": trade.entry_ts,
                "exit_ts": trade.exit_ts,
                "side": trade.side,
                "entry_price": trade.entry_price,
                "exit_price": trade.exit_price,
                "quantity": trade.quantity,
                "fee": trade.fee,
                "pnl": trade.pnl,
                "reason": trade.reason,
            }
            for trade in result.trades
        ],
        "open_positions": [
            {
                "entry_ts": position.entry_ts,
                "side": "long" if position.quantity > 0 else "short",
                "entry_price": position.entry_price,
                "quantity": abs(position.quantity),
                "unrealized_pnl": position.unrealized_pnl,
            }
            for position in result.open_positions
        ],
        "final_equity": result.final_equity,
        "metrics": result.metrics,
        "candles_per_second": speed,
    }
