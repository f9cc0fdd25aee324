"""The trades of a backtest and the trials of a sweep as files: a line each, exact."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from io import StringIO
from typing import Any, Final

from django.http import HttpResponse

from farms.laboratory.readings import Found, TradeRow
from farms.laboratory.sweep_readings import FoundSweep, TrialRow
from kit.decimals import plain

# A cell that starts like this is a formula to a spreadsheet, and a market's name is the venue's.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
COLUMNS: Final = tuple(field.name for field in fields(TradeRow))
FIGURES: Final = tuple(field.name for field in fields(TrialRow) if field.name not in ("number", "parameters"))


def trades(found: Found) -> HttpResponse:
    """Every trade in the order in which they ended."""
    rows = found.trade_rows(range(1, (found.result.trade_count if found.result else 0) + 1))
    lines = ([getattr(row, name) for name in COLUMNS] for row in rows)
    return _file(f"trades-{found.backtest.pk}.csv", COLUMNS, lines)


def trials(found: FoundSweep) -> HttpResponse:
    """Every trial in the order in which it was tried: its parameters, and what came of it."""
    names = list(found.row.axes)
    lines = (
        [row.number, *row.parameters.values(), *(getattr(row, name) for name in FIGURES)]
        for row in found.trial_rows(range(1, found.count + 1))
    )
    return _file(f"trials-{found.sweep.pk}.csv", ["number", *names, *FIGURES], lines)


def _file(name: str, columns: Sequence[str], lines: Iterable[Sequence[Any]]) -> HttpResponse:
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in line] for line in lines)
    response = HttpResponse(file.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _cell(value: Any) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.isoformat()
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else text
