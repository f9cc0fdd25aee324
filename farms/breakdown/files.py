"""Breakdowns and histories as files: a line each, exact."""

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any, Final

from django.http import HttpResponse

from farms.selectors.breakdown import Breakdown, Dimension
from kit.decimals import plain
from portfolio.selectors.histories import History

TRADES: Final = ("trades", "won_trades", "lost_trades", "win_rate", "profit_factor", "expectancy", "quote")
LINE: Final = ("opening", "flows", "profit", "realized", "fees", "closing", "twr")
ASSET: Final = (
    "asset", "quote", "opening", "flow", "profit", "realized", "open", "derivatives", "funding", "derivative_fees",
    "open_derivatives", "fees", "closing", "twr", "xirr", "positions",
)  # fmt: skip
STRETCH: Final = (
    "begins", "ends", "opening", "flow", "profit", "realized", "fees", "other", "closing", "twr", "xirr",
)  # fmt: skip
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def breakdown(found: Breakdown) -> HttpResponse:
    if found.by is Dimension.ASSET:
        head = [*ASSET, *(name for name in TRADES if name != "quote")]
        rows = [[*_of(one, ASSET), *_of(one.trades, head[len(ASSET) :])] for one in found.assets]
        return _file("assets.csv", head, rows)
    head = ["kind", "name", "base", *LINE, *TRADES]
    lines = [
        [one.account.kind, _text(one.account.name), one.account.base, *_of(one, LINE), *_of(one.trades, TRADES)]
        for one in found.lines
    ]
    return _file(f"{found.by.value}.csv", head, lines)


def history(found: History) -> HttpResponse:
    rows = [[*_of(one, STRETCH), *_of(one.trades, TRADES)] for one in found.rows]
    return _file("history.csv", [*STRETCH, *TRADES], rows)


def _file(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in rows)
    response = HttpResponse(file.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _of(row: object, names: Sequence[str]) -> list[Any]:
    return [getattr(row, name) for name in names]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _text(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
