"""`manage.py download_candles ccxt:kraken BTC/USD 1h --since 2024-01-01`."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from kit.errors import InvalidInputError
from markets.candles.downloading import PREFIX, Found, found, open_market, pages, past_of
from markets.models import Timeframe


class Command(BaseCommand):
    help = "Store a market's past as its exchange tells it. Run again, it goes on where candles are missing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("exchange", help="ccxt:<exchange>, such as ccxt:kraken; any public one that ccxt knows.")
        parser.add_argument("symbol", help="As the exchange writes it in ccxt, such as BTC/USD.")
        parser.add_argument("timeframe", choices=Timeframe.values)
        parser.add_argument("--since", required=True, type=_moment, help="The first day or moment, UTC: 2024-01-01.")
        parser.add_argument("--until", type=_moment, help="Before which day or moment; by default now.")

    def handle(self, *args: Any, **options: Any) -> None:
        """One line for each answer of the exchange, and a report of gaps at the end."""
        name: str = options["exchange"]
        if not name.startswith(PREFIX):
            raise InvalidInputError(f"Write the exchange like {PREFIX}kraken: {name!r} is not.")
        past = past_of(
            exchange=name.removeprefix(PREFIX),
            symbol=options["symbol"],
            timeframe=options["timeframe"],
            since=options["since"],
            until=options["until"],
        )
        exchange, instrument = open_market(past)
        written = bad = 0
        for page in pages(past, exchange, instrument):
            written, bad = written + page.written, bad + page.bad
            self.stdout.write(f"{page.progress:4.0%}  to {page.until:%Y-%m-%d %H:%M} UTC, {written} new or corrected")
        self.stdout.write("\n".join(_lines(found(past, instrument), str(instrument), past.timeframe, bad)))


def _lines(report: Found, name: str, timeframe: str, bad: int) -> list[str]:
    lines = [f"{name} {timeframe}: {report.bars} bars"]
    if report.first and report.last:
        lines.append(f"from {report.first:%Y-%m-%d %H:%M} to {report.last:%Y-%m-%d %H:%M} UTC")
    lines.append(f"gaps: {report.gaps} with {report.missing} missing bars" if report.gaps else "gaps: none")
    lines += [f"  {gap.since:%Y-%m-%d %H:%M}: {gap.bars} bars" for gap in report.first_gaps]
    if report.gaps > len(report.first_gaps):
        lines.append(f"  and {report.gaps - len(report.first_gaps)} more")
    if bad:
        lines.append(f"left out: {bad} bars that cannot be true")
    return lines


def _moment(text: str) -> datetime:
    """A day or a moment; UTC where no zone is said."""
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
