"""The trades of a backtest as a file: a line each, exact."""

import csv
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from io import StringIO
from typing import Any, Final

from django.http import HttpResponse

from farms.laboratory.readings import Found, TradeRow
from kit.decimals import plain

# A cell that starts like this is a formula to a spreadsheet, and a market's name is the venue's.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
COLUMNS: Final = tuple(field.name for field in fields(TradeRow))


def trades(found: Found) -> HttpResponse:
    """Every trade in the order in which they ended."""
    rows = found.trade_rows(range(1, (found.result.trade_count if found.result else 0) + 1))
    response = HttpResponse(_text(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="trades-{found.backtest.pk}.csv"'
    return response


def _text(rows: Sequence[TradeRow]) -> str:
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(getattr(row, name)) for name in COLUMNS] for row in rows)
    return file.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.isoformat()
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else text
