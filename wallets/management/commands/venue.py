"""`manage.py venue WHERE WHAT [--json]`: print what the adapter understood of a venue, so that anyone can compare.

WHERE is an exchange (a platform's key, or any id of ccxt's) with `--credentials FILE`, a JSON file with the keys as we
name them or as ccxt does, or a connection: its id, or its name unless an exchange is called the same. Public questions
need no credentials. Every amount is printed as the exchange wrote it. What goes wrong is one sentence on standard error
and exit code 1, and nothing printed tells a secret.
"""

import json
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.core.management.base import BaseCommand

from kit import clock, tenancy
from kit.decimals import plain
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.sentences import Sentence
from wallets.models import Connection, Platform
from wallets.venues.base import Venue
from wallets.venues.ccxt.opening import open_platform
from wallets.venues.registry import open_venue

Options = dict[str, Any]


def _candles(venue: Venue, options: Options) -> Sequence[Any]:
    if not options["symbol"]:
        raise InvalidInputError("Say which market with --symbol, such as BTC/USDT.")
    return venue.candles(options["symbol"][0], options["timeframe"], _since(options), options["limit"])


def _trades(venue: Venue, options: Options) -> Sequence[Any]:
    return venue.trades_since(_since(options), options["symbol"][0] if options["symbol"] else None)


QUESTIONS: Final[dict[str, Callable[[Venue, Options], Sequence[Any]]]] = {
    "balances": lambda venue, options: venue.balances(),
    "positions": lambda venue, options: venue.positions(),
    "markets": lambda venue, options: venue.markets(),
    "orders": lambda venue, options: venue.open_orders(),
    "tickers": lambda venue, options: venue.tickers(options["symbol"]),
    "ohlcv": _candles,
    "trades": _trades,
    "permissions": lambda venue, options: [venue.check_credentials()],
}


class Command(BaseCommand):
    help = "Print what a venue says of an account, as Moniqo understands it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("where", help="A connection's id or name, or an exchange such as binance.")
        parser.add_argument("what", choices=sorted(QUESTIONS))
        parser.add_argument("--json", action="store_true", help="Print one JSON list; every amount is text.")
        parser.add_argument("--credentials", type=Path, metavar="FILE", help="Keys to an exchange, as a JSON object.")
        parser.add_argument("--symbol", action="append", help="Only this market; may be given several times.")
        parser.add_argument("--timeframe", default="1h", help="Of ohlcv: 1m, 5m, 15m, 1h, 4h, 1d.")
        parser.add_argument("--since", help="Of ohlcv and trades: an ISO moment; a day ago if not given.")
        parser.add_argument("--limit", type=int, default=100, help="Of ohlcv: how many candles at most.")

    def handle(self, *args: Any, **options: Any) -> None:
        venue = _opened(options["where"], options["credentials"])
        rows = [_row(report) for report in QUESTIONS[options["what"]](venue, options)]
        if options["symbol"]:
            rows = [row for row in rows if row.get("symbol", options["symbol"][0]) in options["symbol"]]
        self.stdout.write(json.dumps(rows, indent=2) if options["json"] else _table(rows))


def _opened(where: str, file: Path | None) -> Venue:
    """The venue that is meant. Raises NotFoundError, ConflictError, InvalidInputError."""
    platform = Platform.objects.filter(slug=where).first()
    if platform is None and file is None and (connection := _connection(where)):
        with tenancy.tenant(connection.owner_id):
            return open_venue(connection)
    platform = platform or Platform(slug=where, adapter="ccxt")
    if platform.adapter != "ccxt":
        raise NotFoundError(f"Name a connection: {where} is asked about one account at a time.")
    return open_platform(platform, _credentials(file) if file else {})


def _connection(where: str) -> Connection | None:
    """The only connection of this id or name. Raises ConflictError when several people have one of this name."""
    try:
        wanted: dict[str, Any] = {"pk": UUID(where)}
    except ValueError:
        wanted = {"name": where}
    with tenancy.system():
        found = list(Connection.objects.filter(**wanted).select_related("platform", "owner")[:2])
    if len(found) > 1:
        raise ConflictError(f"Give the connection's id: several people have one that is called {where}.")
    return found[0] if found else None


def _credentials(file: Path) -> dict[str, str]:
    """The file's fields. What is in it is never part of an error."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInputError(f"Give a file that can be read: {file}: {error.strerror}.") from None
    except ValueError:
        told = None
    if not isinstance(told, dict) or not all(isinstance(value, str) for value in told.values()):
        raise InvalidInputError(f"Write one JSON object into {file}, with texts only: api_key, secret, password.")
    return told


def _since(options: Options) -> datetime:
    if not options["since"]:
        return clock.now() - timedelta(days=1)
    try:
        moment = datetime.fromisoformat(options["since"])
    except ValueError:
        raise InvalidInputError("Give --since as a moment such as 2026-11-26T12:00:00Z.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _row(report: Any) -> dict[str, Any]:
    return {field.name: _value(getattr(report, field.name)) for field in fields(report)}


def _value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Sentence):
        return value.exact
    if isinstance(value, tuple):
        return [_row(one) for one in value]
    return value


def _table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows in columns."""
    if not rows:
        return "Nothing."
    names = list(rows[0])
    cells = [names, *([_cell(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
                     for line in cells)  # fmt: skip


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return str(len(value))
    return "—" if value in (None, "") else str(value)
